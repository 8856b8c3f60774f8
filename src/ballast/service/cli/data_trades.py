"""`ballast data trades`: recorded trades: import, look, and candles from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.core.errors import DataError
from ballast.core.marketdata import OFF_BOOK, Row
from ballast.core.time import Timeframe, format_ms, parse_period
from ballast.service.cli.output import JsonFlag, columns_of, emit, note, warn
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
from ballast.service.cli.stores import candle_store, tick_store

if TYPE_CHECKING:
    from ballast.core.marketdata import Grid

SHOWN = 20

trades = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Add the group `trades` to the data verbs."""
    app.add_typer(trades, name="trades", help="Recorded trades: import, show, candles from them.")


@trades.command("import")
def import_(
    files: FramesArgument,
    venue: ExchangeOption,
    symbol: SymbolOption,
    tick: TickOption = None,
    lot: LotOption = None,
    json: JsonFlag = False,
) -> None:
    """Import the trades of recorded frames, without their books and quotes."""
    imported = import_frames(files, venue, symbol, tick, lot, (Row.TRADE,))
    payload = payload_of(imported)
    emit(payload, json=json, tables=None if json else tables_of(payload))
    tell(payload)


@trades.command("show")
def show(
    symbol: Annotated[
        str | None, typer.Argument(help="Symbol; without it all recordings are listed.")
    ] = None,
    venue: Annotated[str | None, typer.Option(help="Exchange.")] = None,
    period: Annotated[str | None, typer.Option(help="FROM..TO of receipt.")] = None,
    most: Annotated[int, typer.Option(min=1, help="Trades shown.")] = SHOWN,
    json: JsonFlag = False,
) -> None:
    """List what is recorded, or show the trades of a symbol."""
    if symbol is None:
        rows = series_rows(all_manifests(venue))
        emit(rows, json=json)
        if not rows:
            note("nothing is recorded; see `ballast data trades import --help`")
        return
    store = tick_store()
    manifest = store.find(symbol, venue)
    from_ms, to_ms = parse_period(period) if period else (None, None)
    span = (None if from_ms is None else from_ms * MS, None if to_ms is None else to_ms * MS)
    shown: list[dict[str, Any]] = []
    total = 0
    for part in store.rows(manifest.venue, manifest.symbol, Row.TRADE, *span):
        total += len(part)
        shown += [_row(row, manifest.grid) for row in part[: max(most - len(shown), 0)]]
    if not total:
        raise DataError("no trades in this time", where=f"{manifest.venue}-{manifest.symbol}")
    emit(shown, json=json)
    note(f"{manifest.venue}-{manifest.symbol}: {len(shown)} of {total:,} trades")


@trades.command("resample")
def resample(
    symbol: Annotated[str, typer.Argument(help="Symbol with recorded trades.")],
    to: Annotated[list[str], typer.Option("--to", help="Timeframe; repeat for several.")],
    venue: Annotated[str | None, typer.Option(help="Exchange.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Let the made bars replace different stored ones.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Make candles from recorded trades and store them: whole bars only."""
    from ballast.store.tradebars import bars_from_trades

    ticks, candles = tick_store(), candle_store()
    manifest = ticks.find(symbol, venue)
    rows: list[dict[str, Any]] = []
    with candles.batch() as batch:
        for text in to:
            bars = bars_from_trades(ticks, manifest.venue, manifest.symbol, Timeframe.parse(text))
            report = batch.add(candles.key_of(bars), bars, revise=force)
            rows.append(
                {
                    "series": bars.name,
                    "bars": len(bars),
                    "inserted": report.inserted,
                    "unchanged": report.unchanged,
                    "revised": report.revised,
                    "first": format_ms(int(bars.ts[0])),
                    "last": format_ms(int(bars.ts[-1])),
                }
            )
        batch.commit()
    emit(rows, json=json, tables=None if json else [columns_of(rows, list(rows[0]))])
    missing = sum(one.numbers.get("trades_missing", 0) for one in manifest.recordings)
    if missing:
        warn(f"{missing} trades are missing by their numbers: these bars lack them")


def _row(row: Any, grid: Grid) -> dict[str, Any]:  # noqa: ANN401 - a row of a numpy array
    return {
        "received": format_ms(int(row["received_ns"]) // MS),
        "at_ns": int(row["at_ns"]),
        "id": int(row["event_id"]),
        "side": "buy" if row["side"] > 0 else "sell",
        "price": f"{grid.price_of(int(row['price_ticks'])):f}",
        "qty": f"{grid.qty_of(int(row['qty_lots'])):f}",
        "off_book": bool(row["flags"] & OFF_BOOK),
    }
