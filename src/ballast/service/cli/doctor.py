"""`ballast doctor`: can this machine run Ballast, and if not, what is to be done."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

import typer

from ballast.service.cli import options
from ballast.service.cli.output import JsonFlag, Table, emit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ballast.service.config import Config

app = typer.Typer(add_completion=False)

PYTHON_MIN, PYTHON_MAX = (3, 11), (3, 13)
FREE_MB_MIN = 500
"""Five years of minutes of ten symbols take about this much; less than that is soon full."""
EXTRAS = {"research": "scipy", "exchanges": "ccxt"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: ok, warning or problem, with what to do."""

    check: str
    state: str
    found: str
    fix: str = ""


@app.command("doctor")
def doctor(json: JsonFlag = False) -> None:
    """Look at Python, packages, compiler cache, settings, store and disk; exit 1 on a problem."""
    findings = [finding for check in (_machine, _packages, _workspace) for finding in check()]
    columns = ("check", "state", "found", "fix")
    table = Table(columns, [[getattr(one, name) for name in columns] for one in findings])
    ok = all(one.state != "problem" for one in findings)
    emit({"ok": ok, "findings": findings}, json=json, tables=[table])
    if not ok:
        raise typer.Exit(1)


def _machine() -> Iterator[Finding]:
    version = sys.version_info[:2]
    good = PYTHON_MIN <= version <= PYTHON_MAX
    yield Finding(
        "python",
        "ok" if good else "problem",
        platform.python_version(),
        "" if good else f"use Python {_dotted(PYTHON_MIN)} to {_dotted(PYTHON_MAX)}",
    )
    yield Finding("machine", "ok", f"{platform.machine()}, {os.cpu_count()} cores")


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)


def _packages() -> Iterator[Finding]:
    for name in ("numpy", "numba", "pyarrow", "ta-lib"):
        try:
            yield Finding(name, "ok", metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Finding(name, "problem", "missing", "install Ballast again")
    for extra, name in EXTRAS.items():
        try:
            yield Finding(f"extra {extra}", "ok", f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            yield Finding(f"extra {extra}", "warning", "absent", f'install "ballast[{extra}]"')
    yield _tried("compiled code", _compiles, "set XDG_CACHE_HOME to a writable folder")


def _compiles() -> str:
    from ballast.core import jit

    @jit.jit
    def double(value: int) -> int:
        return value + value

    assert double(21) == 42  # noqa: S101 - the compiler itself is on trial
    if not jit.CACHE_DIR:
        raise OSError(0, "no writable cache folder; every process would compile anew")
    return f"works, cache in {jit.CACHE_DIR}"


def _workspace() -> Iterator[Finding]:
    from ballast.core.errors import UserError

    try:
        config = options.config()
    except UserError as error:
        yield Finding("settings", "problem", error.line(), "mend the line named")
        return
    files = ", ".join(path.name for path in config.files) or "no file, defaults"
    yield Finding("settings", "ok", f"{files}; hash {config.hash[:12]}")
    for danger in config.dangers:
        yield Finding("settings", "warning", danger, "take it back before paper or live")
    yield _tried("candle store", lambda: _store(config), "see `ballast data check`")
    yield _disk(config)


def _store(config: Config) -> str:
    from ballast.core.errors import DataError
    from ballast.store.candles import CandleStore

    if not config.data_root.is_dir():
        return f"no folder {config.data_root} yet; the first import makes it"
    series = CandleStore(config.data_root).series()
    damaged = [one for one in series if one.problem]
    if damaged:
        raise DataError(f"{damaged[0].symbol}: {damaged[0].problem}")
    if not os.access(config.data_root, os.W_OK):
        raise DataError(f"{config.data_root} is not writable")
    return f"{len(series)} series, {sum(one.rows for one in series):,} bars"


def _disk(config: Config) -> Finding:
    free_mb = shutil.disk_usage(config.workspace).free // 1_000_000
    found = f"{free_mb:,} MB free"
    if free_mb < FREE_MB_MIN:
        return Finding("disk", "warning", found, f"free at least {FREE_MB_MIN} MB")
    return Finding("disk", "ok", found)


def _tried(check: str, attempt: Callable[[], str], fix: str) -> Finding:
    """Return what an attempt says, or its failure as a problem: this verb must look at the rest."""
    from ballast.core.errors import BallastError

    try:
        return Finding(check, "ok", attempt())
    except (BallastError, OSError, ImportError) as error:
        return Finding(check, "problem", " ".join(str(error).split()), fix)
