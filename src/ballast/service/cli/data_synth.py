"""`ballast data synth`: a synthetic market into the store, to try things out without a download."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ballast.core.time import format_ms, parse_ms
from ballast.service.cli import options
from ballast.service.cli.output import JsonFlag, Table, emit
from ballast.service.cli.stores import candle_store, funding_store, instrument_book

if TYPE_CHECKING:
    from ballast.research.synthetic import SyntheticMarket


def register(app: typer.Typer) -> None:
    """Add `synth` to the data verbs."""
    app.command("synth")(synth)


def synth(
    symbols: Annotated[
        list[str] | None, typer.Argument(help="Default: BTCUSDT ETHUSDT SOLUSDT TRXUSDT.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Same seed, same bytes; default: engine.seed.")
    ] = None,
    timeframe: Annotated[str, typer.Option("--timeframe", "-t", help="1m, 1h, 1d.")] = "1h",
    bars: Annotated[int, typer.Option(help="Bars a symbol.")] = 43_800,
    start: Annotated[str, typer.Option("--from", help="First bar, UTC.")] = "2020-01-01",
    perpetual: Annotated[
        bool, typer.Option("--perpetual", help="Perpetuals, with mark prices and funding.")
    ] = False,
    correlation: Annotated[float, typer.Option(help="Of any two symbols.")] = 0.65,
    gaps: Annotated[int, typer.Option(help="Outages of the venue.")] = 3,
    wicks: Annotated[int, typer.Option(help="Flash wicks a symbol.")] = 2,
    json: JsonFlag = False,
) -> None:
    """Make a market of seeded random candles under the venue SYNTH and store it."""
    from ballast.research.synthetic import SYMBOLS, Style, synthetic_market

    chosen = options.config().settings.engine.seed if seed is None else seed
    style = Style(correlation=correlation, gaps=gaps, wicks=wicks, perpetual=perpetual)
    names = tuple(dict.fromkeys(symbols or SYMBOLS))
    market = synthetic_market(chosen, names, timeframe, bars, parse_ms(start), style)
    _store(market)
    rows = [
        {
            "series": one.name,
            "bars": len(one),
            "first": format_ms(int(one.ts[0])),
            "last": format_ms(int(one.ts[-1])),
            "low": float(one.low.min()),
            "high": float(one.high.max()),
            "fingerprint": one.fingerprint(),
        }
        for one in market.bars
    ]
    table = Table(tuple(rows[0]), [tuple(row.values()) for row in rows], f"seed {chosen}")
    emit({"seed": chosen, "series": rows}, json=json, tables=None if json else [table])


def _store(market: SyntheticMarket) -> None:
    """Write candles and marks as one act, then rules and funding."""
    store, rules, rates = candle_store(), instrument_book(), funding_store()
    with store.batch() as batch:
        for bars in (*market.bars, *market.marks):
            batch.add(store.key_of(bars), bars)
        batch.commit()
    for instrument in market.instruments:
        rules.put(instrument, instrument.listed_ms or 0)
    for instrument, rows in zip(market.instruments, market.funding, strict=False):
        rates.write(instrument.venue, instrument.symbol, rows)
