"""Recordings: what `data books import` and `data trades import` have in common.

Frames are read twice: once to find the steps that their prices and quantities are printed in, and
once to be stored. Nothing is stored unless all of it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.core.errors import UserError
from ballast.core.marketdata import Grid, Row
from ballast.core.time import format_ms
from ballast.service.cli.output import Table, columns_of, note, warn
from ballast.service.cli.stores import tick_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ballast.store.tickmanifest import TickManifest
    from ballast.store.ticks import TickReport
    from ballast.venues.books.capture import Capture
    from ballast.venues.books.quality import Quality

MS = 1_000_000
FramesArgument = Annotated[
    list[Path], typer.Argument(help="Recorded frames, in the order they were received.")
]
ExchangeOption = Annotated[
    str, typer.Option("--venue", help="Exchange: BINANCE, BINANCEUSDM, OKX ...")
]
SymbolOption = Annotated[str, typer.Option("--symbol", help="Symbol as the venue writes it.")]
TickOption = Annotated[
    str | None, typer.Option("--tick", help="Step of prices; found in the frames by default.")
]
LotOption = Annotated[
    str | None, typer.Option("--lot", help="Step of quantities; found in the frames by default.")
]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import wrote, in which grid, and what it saw."""

    report: TickReport
    grid: Grid
    quality: Quality


def import_frames(
    files: Sequence[Path], venue: str, symbol: str, tick: str | None, lot: str | None,
    kinds: Sequence[Row],
) -> Imported:  # fmt: skip
    """Import recorded frames of one symbol; keep the rows of `kinds`."""
    from ballast.venues.books.capture import Capture
    from ballast.venues.books.grids import find_grid
    from ballast.venues.books.recording import frames_of

    venue = venue.strip().upper()
    if tick is not None and lot is not None:
        grid = Grid(_step(tick, "--tick"), _step(lot, "--lot"))
    else:
        grid = find_grid(venue, lambda: frames_of(files), symbol)
        grid = _as_stored(venue, symbol, grid)
        given = (tick and _step(tick, "--tick")), (lot and _step(lot, "--lot"))
        grid = Grid(given[0] or grid.tick, given[1] or grid.lot)
    capture = Capture(venue, symbol, grid)
    rows = _kept(capture, files, kinds)
    report = tick_store().write(venue, symbol, grid, rows, capture.quality.numbers)
    return Imported(report, grid, capture.quality)


def _as_stored(venue: str, symbol: str, found: Grid) -> Grid:
    """Return the grid that is stored of the symbol, if what was found lies on it."""
    from ballast.store.symbols import same_market

    store = tick_store()
    known = same_market(symbol, store.symbols(venue))
    if known is None:
        return found
    stored = store.manifest(venue, known).grid
    return stored if not (found.tick % stored.tick or found.lot % stored.lot) else found


def _kept(
    capture: Capture, files: Sequence[Path], kinds: Sequence[Row]
) -> Iterator[NDArray[np.void]]:
    import numpy as np

    from ballast.venues.books.capture import batches
    from ballast.venues.books.recording import frames_of

    for rows in batches(capture, frames_of(files)):
        yield rows if len(kinds) == len(Row) else rows[np.isin(rows["kind"], kinds)]


def _step(text: str, option: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise UserError(f"'{text}' is not a step", where=option, expected="such as 0.01") from None


def payload_of(imported: Imported) -> dict[str, Any]:
    """Return the whole report of an import, as `--json` prints it."""
    report, quality, latency = imported.report, imported.quality, imported.quality.latency
    return {
        "venue": report.venue,
        "symbol": report.symbol,
        "tick": f"{imported.grid.tick:f}",
        "lot": f"{imported.grid.lot:f}",
        "rows": report.rows,
        "files": report.files,
        "replaced": report.replaced,
        "first": _time(quality.first_ns),
        "last": _time(quality.last_ns),
        "events": dict(sorted(quality.events.items())),
        "steps": dict(sorted(quality.steps.items())),
        **quality.numbers(),
        "quotes_equal_price": quality.quotes_equal_price,
        "aggregates_dropped": quality.aggregates_dropped,
        "backwards": quality.backwards,
        "latency_ms": {
            "least": None if latency.least_ns is None else latency.least_ns / MS,
            "median": latency.quantile_ms(0.5),
            "p99": latency.quantile_ms(0.99),
        },
        "first_faults": quality.first_faults,
        "first_gaps": quality.first_gaps,
    }


def tables_of(payload: dict[str, Any]) -> list[Table]:
    """Lay the report out for people: what was stored, and what was checked."""
    stored = {
        "series": f"{payload['venue']}-{payload['symbol']}",
        **payload["rows"],
        "tick": payload["tick"],
        "lot": payload["lot"],
        "first": payload["first"],
        "last": payload["last"],
    }
    compared = payload["quotes_compared"]
    checked = {
        "frames": payload["frames"],
        "faults": payload["faults"],
        "gaps": payload["gaps"],
        "checksums": payload["checksums"],
        "quotes equal": f"{payload['quotes_equal']} of {compared}" if compared else "",
        "trades missing": payload["trades_missing"],
        "trades repeated": payload["trades_repeated"],
        "median latency ms": payload["latency_ms"]["median"],
    }
    return [columns_of([row], list(row)) for row in (stored, checked)]


def tell(payload: dict[str, Any]) -> None:
    """Say what a person must know about what was imported."""
    for text in payload["first_faults"][:3]:
        warn(text)
    for gap in payload["first_gaps"][:3]:
        warn(f"{gap.source}: the book is lost, {gap.cause}: {gap.reason}")
    if payload["trades_missing"]:
        warn(f"{payload['trades_missing']} trades are missing by their numbers")
    if payload["backwards"]:
        warn(f"{payload['backwards']} frames were received before the one before them")
    offset = payload["clock_offset_ms"]
    if offset:
        note(f"the clock of the venue is at least {offset:,} ms ahead of the one that recorded")
    if payload["replaced"]:
        note(f"recordings replaced: {payload['replaced']}")


def series_rows(manifests: Sequence[TickManifest]) -> list[dict[str, Any]]:
    """Return one row a recorded symbol."""
    return [
        {
            "venue": each.venue,
            "symbol": each.symbol,
            "levels": each.rows(Row.LEVEL),
            "trades": each.rows(Row.TRADE),
            "quotes": each.rows(Row.QUOTE) // 2,
            "tick": each.tick,
            "lot": each.lot,
            "recordings": len(each.recordings),
            "gaps": sum(one.numbers.get("gaps", 0) for one in each.recordings),
            "first": _time(each.recordings[0].first_ns),
            "last": _time(each.recordings[-1].last_ns),
            "size_kb": sum(entry.bytes for entry in each.days.values()) // 1_000,
        }
        for each in manifests
    ]


def all_manifests(venue: str | None) -> list[TickManifest]:
    """Return what is recorded, of one venue or of all."""
    store = tick_store()
    return [
        store.manifest(name, symbol)
        for name in store.venues()
        if venue is None or name == venue.strip().upper()
        for symbol in store.symbols(name)
    ]


def _time(at_ns: int | None) -> str | None:
    return None if at_ns is None else format_ms(at_ns // MS)
