"""`ballast import-legacy`: the JSON documents of the former Binance bot into this workspace."""

from __future__ import annotations

import time
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.core.errors import DataError, UserError
from ballast.service.cli import options
from ballast.service.cli.output import JsonFlag, Table, emit, note, say, warn

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from ballast.service.legacy.documents import Target
    from ballast.service.legacy.model import Legacy
    from ballast.service.legacy.writing import Written

app = typer.Typer(add_completion=False)


@app.command("import-legacy")
def import_legacy(
    paths: Annotated[list[Path], typer.Argument(help="Documents of that bot, or their folder.")],
    venue: Annotated[str, typer.Option(help="Where its positions are.")] = "BINANCE",
    quote: Annotated[
        str, typer.Option(help="Currency that is meant where the files know several: USDT.")
    ] = "",
    timeframe: Annotated[
        str, typer.Option("--timeframe", "-t", help="Of parameters that state none.")
    ] = "",
    timezone: Annotated[
        str, typer.Option(help="Of times that state no zone: UTC, Europe/Paris.")
    ] = "UTC",
    ignore: Annotated[
        list[str] | None, typer.Option(help="A field to leave out, wherever it is; repeatable.")
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Go on without the records that have a problem.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Overwrite what another import left.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change.")] = False,
    json: JsonFlag = False,
) -> None:
    """Import positions, best parameters, trades and portfolio of the former bot's JSON documents.

    Every problem of every file is told at once, and then nothing is written. Positions become
    commands of `ballast adopt`, for only the venue knows what is held.
    """
    from ballast.core.hashing import digest_of
    from ballast.core.time import Timeframe
    from ballast.service.legacy.documents import Target
    from ballast.service.legacy.fields import Asked
    from ballast.service.legacy.importing import files_in, read_legacy
    from ballast.service.legacy.names import plain_name
    from ballast.service.legacy.writing import contents_of, standing_of, write_all
    from ballast.store.symbols import venue_name

    config = options.config()
    frame = str(Timeframe.parse(timeframe)) if timeframe else ""
    ignored = frozenset(plain_name(one) for one in ignore or ())
    asked = Asked(time.time_ns() // 1_000_000, _zone(timezone), frame, ignored)
    files = files_in(paths)
    legacy = read_legacy(files, asked, quote)
    _judge(legacy, skip_bad=skip_bad, where=str(paths[0]))
    sources = tuple(
        (str(file), digest_of(file.read_bytes()).hex()) for file in files if file.is_file()
    )
    target = Target(venue_name(venue), asked.now_ms, sources)
    contents = contents_of(legacy, target, config.workspace, config.strategies_root)
    written = standing_of(contents, replace=replace)
    if not dry_run:
        write_all(contents, written.made)
    _tell(legacy, target, written, json=json, dry_run=dry_run)


def _zone(name: str) -> ZoneInfo:
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        raise UserError(
            f"unknown time zone '{name}'", where="--timezone", expected="UTC or Europe/Paris"
        ) from None


def _judge(legacy: Legacy, *, skip_bad: bool, where: str) -> None:
    """Tell every problem; raise `DataError` unless what is left may be used."""
    for problem in legacy.problems:
        warn(f"left out: {problem.line()}" if skip_bad else problem.line())
    count = len(legacy.problems)
    if count and not skip_bad:
        raise DataError(
            f"{count} problem{'s' if count > 1 else ''}, nothing was written", where=where,
            expected="documents without any", fix="mend them, or --skip-bad for the rest",
        )  # fmt: skip
    if legacy.is_empty:
        raise DataError(
            "nothing to import", where=where,
            expected="positions, parameters, trades or a portfolio of the former bot",
            fix="give the folder in which that bot kept its state",
        )  # fmt: skip


def _tell(legacy: Legacy, target: Target, written: Written, *, json: bool, dry_run: bool) -> None:
    from ballast.service.legacy.documents import adopt_lines, counts_of, remarks_of

    lines = [
        line for one in legacy.positions if one.is_open for line in adopt_lines(one, legacy, target)
    ]
    counts = counts_of(legacy)
    told: dict[str, Any] = {
        "dry_run": dry_run,
        "counts": counts,
        "strategies": [one.strategy.name for one in legacy.parameters],
        "adopt": lines,
        "written": list(written.made),
        "unchanged": list(written.same),
        "left_out": [one.line() for one in legacy.problems],
        "ignored": dict(sorted(legacy.ignored.items())),
        "remarks": remarks_of(legacy),
    }
    emit(told, json=json, tables=None if json else [Table([], list(counts.items()))])
    if json:
        return
    for line in lines:
        say(line)
    for text in told["remarks"]:
        note(text)
    for path in written.made:
        note(f"{'would write' if dry_run else 'wrote'} {path}")
    if dry_run:
        note("dry run: nothing was written")
    for one in legacy.parameters[:1]:
        chosen = f"{one.strategy.name} -s {one.symbol} -t {one.timeframe}"
        note(f"next: ballast backtest {chosen}; `ballast certify` judges what nobody has proved")
