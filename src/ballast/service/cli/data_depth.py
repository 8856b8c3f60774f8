"""`ballast data depth`: order books become ladders of slippage, and what orders would pay."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path  # noqa: TC003 - typer reads the types when it runs
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.core.errors import DataError
from ballast.core.time import format_ms, parse_ms, parse_period
from ballast.service.cli.output import JsonFlag, columns_of, emit, note
from ballast.service.cli.stores import depth_store

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ballast.store.depth import DepthStore

LEVELS = 20
BPS = 10_000.0
DECADES_BELOW = 3
"""Sizes shown under the power of ten that the ladder reaches."""

depth = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Add the group `depth` to the data verbs."""
    app.add_typer(depth, name="depth", help="Order books, for `costs.slip_book`: import, show.")


@depth.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(help="Books as exchanges answer, or recorded.")],
    venue: Annotated[str, typer.Option(help="Exchange.")],
    symbol: Annotated[str, typer.Option(help="Symbol of the books.")],
    levels: Annotated[int, typer.Option(min=1, help="Best prices kept, a side.")] = LEVELS,
    at: Annotated[
        str | None, typer.Option("--at", help="When the book was taken, if it does not say.")
    ] = None,
    contract: Annotated[
        float | None, typer.Option(help="Base units of one contract (OKX swaps).")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Import order book snapshots; each is kept with its time."""
    from ballast.store.importers.books import read_ladders

    found: dict[int, NDArray[Any]] = {}
    for file in files:
        found |= read_ladders(
            file,
            venue=venue,
            symbol=symbol,
            levels=levels,
            at_ms=parse_ms(at) if at else None,
            contract=contract,
        )
    report = depth_store().write(venue, symbol, found)
    rows = _snapshots(found)
    payload = asdict(report) | {"snapshots": rows}
    names = ("venue", "symbol", "inserted", "unchanged", "revised")
    emit(payload, json=json, tables=None if json else [columns_of([payload], names)])
    note(
        f"reaches {min(row['reaches'] for row in rows):,.0f} quote units; an order beyond pays the "
        "last price for the rest; --levels takes more of the book"
    )


@depth.command("show")
def show(
    symbol: Annotated[
        str | None, typer.Argument(help="Symbol; without it all ladders are listed.")
    ] = None,
    venue: Annotated[str | None, typer.Option(help="Exchange.")] = None,
    period: Annotated[
        str | None, typer.Option(help="FROM..TO: the ladder of a run over this time.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Show the slippage of orders by their size, half the spread included."""
    from ballast.store.depth import chosen

    store = depth_store()
    if symbol is None:
        rows = [
            {"venue": name, "symbol": each, **_span(store.snapshots(name, each))}
            for name in store.venues()
            if venue is None or name == venue.upper()
            for each in store.symbols(name)
        ]
        emit(rows, json=json)
        if not rows:
            note("no order books are stored; see `ballast data depth import --help`")
        return
    name, symbol = _market(store, symbol, venue)
    snapshots = store.snapshots(name, symbol)
    rungs = chosen(snapshots, *(parse_period(period) if period else (None, None)))
    sizes = _slippage(rungs)
    payload = {
        "venue": name,
        "symbol": symbol,
        "snapshots": _snapshots(snapshots),
        "slippage": sizes,
        "ladder": [{"slip": float(slip), "notional": float(size)} for slip, size in rungs],
    }
    emit(payload, json=json, tables=None if json else [columns_of(sizes, list(sizes[0]))])
    said = _span(snapshots)
    note(f"{name}-{symbol}, snapshots: {said['snapshots']}, {said['first']} to {said['last']}")


def _market(store: DepthStore, symbol: str, venue: str | None) -> tuple[str, str]:
    """Return the stored venue and symbol that are meant."""
    from ballast.store.symbols import find_symbol, meant_symbol, venue_name

    if venue is None:
        found = [name for name in store.venues() if meant_symbol(symbol, store.symbols(name))]
        if len(found) > 1:
            raise DataError(f"'{symbol}' is stored of {', '.join(found)}", fix="give --venue")
        if not found:
            raise DataError(
                f"no order books of '{symbol}'", fix="`ballast data depth import` adds them"
            )
        venue = found[0]
    name = venue_name(venue)
    return name, find_symbol(symbol, store.symbols(name), where=f"order books of {name}")


def _slippage(rungs: NDArray[Any]) -> list[dict[str, Any]]:
    """Return the cost of sizes by powers of ten, up to one beyond the ladder, and of its reach."""
    from ballast.store.depth import reach_of, walk

    reach = reach_of(rungs)
    top = math.floor(math.log10(reach))
    sizes = [10.0**power for power in range(top - DECADES_BELOW, top + 2)]
    return [
        {
            "notional": round(size, 8),
            "slippage_bps": round(walk(rungs, size) * BPS, 4),
            "beyond": size > reach,
        }
        for size in sorted({*sizes, reach})
    ]


def _snapshots(ladders: dict[int, NDArray[Any]]) -> list[dict[str, Any]]:
    from ballast.store.depth import reach_of

    return [
        {"at": format_ms(at_ms), "rungs": len(rungs), "reaches": reach_of(rungs)}
        for at_ms, rungs in sorted(ladders.items())
    ]


def _span(ladders: dict[int, NDArray[Any]]) -> dict[str, Any]:
    return {
        "snapshots": len(ladders),
        "first": format_ms(min(ladders)),
        "last": format_ms(max(ladders)),
    }
