"""The command line in this process, a small market as a CSV file, and the tree of a folder."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from typer.testing import CliRunner

from ballast.service.cli.main import app
from tests.fakes import canary
from tests.fakes.results import walk

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ballast.core.bars import Bars

HEAD = "timestamp,open,high,low,close,volume"


class Done(NamedTuple):
    """How a command line ended and what it said."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """The document a verb printed under `--json`."""
        assert self.code == 0, self
        return json.loads(self.out)

    def mistake(self) -> str:
        """The one line of wrong input: exit code 2, nothing on stdout, no traceback."""
        assert self.code == 2, self
        assert self.out == ""
        (line,) = self.err.splitlines()
        assert line.startswith("error: "), line
        assert "Traceback" not in line
        return line


def ballast(cwd: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Done:
    """Run a command line in this process: the same code as `ballast`, without its start-up.

    It sees no variable of ours but those of `environment`; keys lie beside `cwd`'s own files.
    Canaries are planted around it, and whatever the verb says must not hold one (S1).
    """
    clean: dict[str, str | None] = {name: None for name in os.environ if name.startswith("BALLAST")}
    planted = canary.PLANTED if environment is None else environment
    given = {"BALLAST_KEYS": str(cwd / ".keys"), **planted}
    with contextlib.chdir(cwd):
        done = CliRunner().invoke(app, list(arguments), env=clean | given)
    said = done.stdout + done.stderr
    assert not [one for one in canary.whole() if one in said], f"{arguments} give a secret away"
    return Done(done.exit_code, done.stdout, done.stderr)


def csv_rows(count: int, *, seed: int = 3, volume: float = 1000.0) -> list[str]:
    """Lines of hourly candles: milliseconds, prices to the cent."""
    bars = walk(count, seed=seed)
    columns = (bars.ts, bars.open, bars.high, bars.low, bars.close)
    return [
        ",".join([str(ts), *(f"{price:.2f}" for price in prices), f"{volume:g}"])
        for ts, *prices in zip(*(column.tolist() for column in columns), strict=True)
    ]


def write_csv(path: Path, rows: list[str], head: str = HEAD) -> Path:
    """Write lines under a head."""
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def tree(folder: Path) -> dict[str, bytes]:
    """Every file under a folder with its bytes, and every folder.

    Locks are nobody's content, and the cache of candles can be made again.
    """
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"folder"
        for path in sorted(folder.rglob("*"))
        if path.name != ".lock" and "cache" not in path.relative_to(folder).parts
    }


def bars_csv(path: Path, bars: Bars) -> Path:
    """Write bars as a CSV file."""
    rows = [
        ",".join(repr(value) for value in row)
        for row in zip(
            *(
                column.tolist()
                for column in (bars.ts, bars.open, bars.high, bars.low, bars.close, bars.volume)
            ),
            strict=True,
        )
    ]
    return write_csv(path, rows)
