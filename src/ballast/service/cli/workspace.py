"""`ballast init`: a workspace, which is a folder with settings, strategies, data and results."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ballast.service.cli.output import JsonFlag, emit, note, to_json

app = typer.Typer(add_completion=False)

SCHEMA_NAME = "settings.schema.json"
FOLDERS = ("strategies", "data", "results")
SETTINGS = f"""\
#:schema ./{SCHEMA_NAME}
# Settings of this workspace. What is not named here keeps its safe default:
# `ballast show-config` lists every setting, its bounds and where its value came from.

[engine]
initial_cash = 10_000.0

[sizing]
risk_per_trade = 0.01 # of equity, lost when the stop is hit; never above 0.02

[costs]
taker = 0.0007 # where the store has no dated fee schedule
slip_fraction = 0.0005

# One symbol may differ:
# [symbols."BTC/USDT".costs]
# slip_fraction = 0.0002

# A profile is chosen with `--profile NAME`; dev, paper, live and cautious are built in.
# [profile.cautious.risk]
# positions = 2
"""
IGNORE = """\
data/
results/
journal/
# The head of the trial ledger is kept: it shows a ledger that was shortened.
ledger/*
!ledger/*.head
"""


@app.command("init")
def init(
    folder: Annotated[Path, typer.Argument(help="Where; made if it is missing.")] = Path(),
    json: JsonFlag = False,
) -> None:
    """Make a workspace in a folder. Files that exist already are never touched."""
    from ballast.core.errors import UserError
    from ballast.service.config import FILE_NAME, json_schema

    if (folder / FILE_NAME).exists():
        raise UserError(f"{folder.resolve()} is a workspace already", fix="take another folder")
    if folder.exists() and not folder.is_dir():
        raise UserError("not a folder", where=str(folder))
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    made = []
    for name, text in (
        (".gitignore", IGNORE),
        (SCHEMA_NAME, to_json(json_schema()) + "\n"),
        (FILE_NAME, SETTINGS),  # last: its presence means the workspace is whole
    ):
        if not (folder / name).exists():
            _write(folder / name, text)
            made.append(name)
    emit({"workspace": folder.resolve(), "files": made, "folders": list(FOLDERS)}, json=json)
    note("next: ballast new-strategy my_first; ballast data import FILE; ballast backtest my_first")


def _write(path: Path, text: str) -> None:
    """Write a new file so that it exists whole or not at all."""
    staged = path.with_name(f".{path.name}.new")
    with staged.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    staged.replace(path)
