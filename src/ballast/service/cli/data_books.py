"""`ballast data books`: recorded order books: import, look, and ladders of slippage from them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.core.errors import DataError
from ballast.core.marketdata import Row, Side
from ballast.core.time import Timeframe, format_ms, parse_ms
from ballast.service.cli.output import JsonFlag, columns_of, emit, note
from ballast.service.cli.recordings import (
    MS,
    ExchangeOption,
    FramesArgument,
    LotOption,
    SymbolOption,
    TickOption,
    all_manifests,
    import_frames,
    payload_of,
    series_rows,
    tables_of,
    tell,
)
from ballast.service.cli.stores import depth_store, tick_store

if TYPE_CHECKING:
    from ballast.store.tickmanifest import TickManifest

LEVELS = 10
LADDER_LEVELS = 100

books = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Add the group `books` to the data verbs."""
    app.add_typer(books, name="books", help="Recorded order books: import, show, ladders.")


@books.command("import")
def import_(
    files: FramesArgument,
    venue: ExchangeOption,
    symbol: SymbolOption,
    tick: TickOption = None,
    lot: LotOption = None,
    json: JsonFlag = False,
) -> None:
    """Import recorded frames as books, trades and quotes; sequence and checksums are checked."""
    imported = import_frames(files, venue, symbol, tick, lot, tuple(Row))
    payload = payload_of(imported)
    emit(payload, json=json, tables=None if json else tables_of(payload))
    tell(payload)


@books.command("show")
def show(
    symbol: Annotated[
        str | None, typer.Argument(help="Symbol; without it all recordings are listed.")
    ] = None,
    venue: Annotated[str | None, typer.Option(help="Exchange.")] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="The book at this time of receipt (UTC).")
    ] = None,
    levels: Annotated[int, typer.Option(min=1, help="Best prices shown, a side.")] = LEVELS,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read every file and compare its checksum.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """List what is recorded, or show the book at a time."""
    if symbol is None:
        rows = series_rows(all_manifests(venue))
        emit(rows, json=json)
        if not rows:
            note("nothing is recorded; see `ballast data books import --help`")
        return
    store = tick_store()
    manifest = store.find(symbol, venue)
    if verify:
        count = store.verify(manifest.venue, manifest.symbol)
        note(f"{manifest.venue}-{manifest.symbol}: {count} files equal their checksums")
    if at is None:
        payload = [{"span": one.span, **one.numbers} for one in manifest.recordings]
        emit(payload, json=json)
        return
    payload_at = _book_at(manifest, parse_ms(at), levels)
    tables = [columns_of(payload_at["levels"], ("bid_qty", "bid", "ask", "ask_qty"))]
    emit(payload_at, json=json, tables=None if json else tables)


@books.command("ladders")
def ladders(
    symbol: Annotated[str, typer.Argument(help="Symbol with recorded books.")],
    venue: Annotated[str | None, typer.Option(help="Exchange.")] = None,
    every: Annotated[str, typer.Option(help="A ladder so often, such as 10m.")] = "10m",
    levels: Annotated[int, typer.Option(min=1, help="Best prices kept, a side.")] = LADDER_LEVELS,
    contract: Annotated[
        float | None, typer.Option(help="Base units of one contract (OKX swaps).")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Make ladders of slippage from recorded books, for `costs.slip_book`."""
    from ballast.store.books import ladders as make

    store = tick_store()
    manifest = store.find(symbol, venue)
    if manifest.venue.endswith("COINM"):
        raise DataError(
            "an inverse contract: its quantities are quote units",
            where=f"{manifest.venue}-{manifest.symbol}",
            expected="spot, or a contract that is settled in the quote",
        )
    if manifest.venue == "OKXSWAP" and contract is None:
        raise DataError(
            "the quantities are contracts",
            where=f"{manifest.venue}-{manifest.symbol}",
            fix="give --contract, the base units of one (ctVal, 0.01 of BTC-USDT-SWAP)",
        )
    every_ns = Timeframe.parse(every).ms * MS
    found = make(store, manifest.venue, manifest.symbol, every_ns, levels, contract or 1.0)
    report = depth_store().write(manifest.venue, manifest.symbol, found)
    payload = asdict(report) | {"first": format_ms(min(found)), "last": format_ms(max(found))}
    emit(payload, json=json)
    note("`ballast data depth show` shows what orders would pay")


def _book_at(manifest: TickManifest, at_ms: int, levels: int) -> dict[str, Any]:
    from ballast.store.books import book_at

    book = book_at(tick_store(), manifest.venue, manifest.symbol, at_ms * MS)
    name = f"{manifest.venue}-{manifest.symbol}"
    if not book.is_known:
        spans = ", ".join(one.span for one in manifest.recordings[:3])
        raise DataError(f"no book is known at {format_ms(at_ms)}", where=name, expected=spans)
    grid = manifest.grid
    bids, asks = (
        [
            [f"{grid.price_of(int(p)):f}", f"{grid.qty_of(int(q)):f}"]
            for p, q in book.side(side, levels)
        ]
        for side in (Side.BUY, Side.SELL)
    )
    empty = ["", ""]
    rows = []
    for row in range(max(len(bids), len(asks))):
        bid = bids[row] if row < len(bids) else empty
        ask = asks[row] if row < len(asks) else empty
        rows.append({"bid_qty": bid[1], "bid": bid[0], "ask": ask[0], "ask_qty": ask[1]})
    return {"series": name, "at": format_ms(at_ms), "update_id": book.last_id, "levels": rows}
