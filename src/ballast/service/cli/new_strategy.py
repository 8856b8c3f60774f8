"""`ballast new-strategy`: write a strategy file to start from."""

from __future__ import annotations

from typing import Annotated

import typer

from ballast.service.cli import options
from ballast.service.cli.output import JsonFlag, emit, note

app = typer.Typer(add_completion=False)


@app.command("new-strategy")
def new_strategy(
    name: Annotated[str, typer.Argument(help="Small letters, digits and _.")],
    source: Annotated[
        str, typer.Option("--from", help="Copy this strategy; else ten lines to start from.")
    ] = "",
    form: Annotated[str, typer.Option("--form", help="python, toml or json.")] = "python",
    json: JsonFlag = False,
) -> None:
    """Write a new strategy into the workspace; an existing one is never touched."""
    from ballast.research.workspace import load, write_strategy
    from ballast.research.workspace import new_strategy as text_of

    folder = options.config().strategies_root
    template = load(source, folder) if source else None
    path = write_strategy(folder, name, text_of(name, template, form), form)
    emit({"strategy": name, "file": path}, json=json)
    note(f"next: ballast strategies check {name}; ballast backtest {name}")
