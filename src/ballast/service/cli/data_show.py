"""`ballast data list` and `data show`: what is stored, and one series at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.core.errors import DataError
from ballast.core.time import format_ms, parse_period
from ballast.service.cli import guard
from ballast.service.cli.output import JsonFlag, Table, columns_of, emit, note, progress, warn
from ballast.service.cli.stores import candle_store, funding_store, pick_series

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ballast.core.bars import Bars
    from ballast.store.candles import CandleStore, SeriesInfo

BLOCKS = "▁▂▃▄▅▆▇█"
SPARK_WIDTH = 60


def register(app: typer.Typer) -> None:
    """Add `list` and `show` to the data verbs."""
    app.command("list")(list_)
    app.command("show")(show)


def list_(
    venue: Annotated[str | None, typer.Option(help="Only this exchange.")] = None,
    symbol: Annotated[str | None, typer.Option(help="Only this symbol, in any spelling.")] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read every file and compare its checksum.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """List the stored candles and funding rates; exit code 1 if a file is damaged."""
    store = candle_store()
    found = [info for info in store.series() if _is_wanted(info.venue, info.symbol, venue, symbol)]
    rows = [_row(info) for info in found]
    if verify:
        _verify(store, rows, found)
    rates = [
        {
            "venue": info.venue,
            "symbol": info.symbol,
            "settlements": info.rows,
            "first": format_ms(info.first_ms) if info.rows else None,
            "last": format_ms(info.last_ms) if info.rows else None,
            "problem": info.problem,
        }
        for info in funding_store().infos()
        if _is_wanted(info.venue, info.symbol, venue, symbol)
    ]
    names = ("venue", "symbol", "timeframe", "bars", "missing", "first", "last", "size_kb")
    tables = [columns_of(rows, names)] if rows else []
    if rates:
        tables.append(columns_of(rates, ("venue", "symbol", "settlements", "first", "last")))
    payload = {"root": str(store.root), "candles": rows, "funding": rates}
    emit(payload, json=json, tables=None if json else tables)
    if not rows and not rates:
        note(f"nothing is stored in {store.root}; see `ballast data import --help`")
    problems = [row["problem"] for row in [*rows, *rates] if row["problem"]]
    for problem in problems:
        warn(problem)
    if problems:
        raise typer.Exit(guard.NO)


def show(
    series: Annotated[str, typer.Argument(help="BINANCE-BTCUSDT-1h, or a symbol.")],
    venue: Annotated[str | None, typer.Option(help="Exchange.")] = None,
    timeframe: Annotated[str | None, typer.Option("--timeframe", "-t", help="Bars.")] = None,
    period: Annotated[str | None, typer.Option(help="FROM..TO, either side open.")] = None,
    head: Annotated[int, typer.Option(min=0, help="First bars to print.")] = 3,
    tail: Annotated[int, typer.Option(min=0, help="Last bars to print.")] = 3,
    json: JsonFlag = False,
) -> None:
    """Show one series: its span, gaps, prices, first and last bars."""
    store = candle_store()
    info = pick_series(store, series, venue, timeframe)
    from_ms, to_ms = parse_period(period) if period else (None, None)
    bars = store.read(info.venue, info.symbol, info.timeframe, from_ms, to_ms)
    if not len(bars):
        raise DataError(
            "no bars in this period",
            where=bars.name,
            expected=f"{format_ms(info.first_ms)} to {format_ms(info.last_ms)}",
        )
    cut = min(head, len(bars))
    ends = [bars.slice(0, cut), bars.slice(max(len(bars) - tail, cut), len(bars))]
    rows = [row for part in ends for row in _bar_rows(part)]
    summary = summarise(bars)
    tables = [Table((), list(summary.items()), title=bars.name)]
    if rows:
        tables.append(columns_of(rows, ("time", "open", "high", "low", "close", "volume")))
    payload = {"series": bars.name, **summary, "bars_shown": rows}
    emit(payload, json=json, tables=None if json else tables)


def summarise(bars: Bars) -> dict[str, Any]:
    """Return the numbers that tell what a series is."""
    import numpy as np

    steps = np.diff(bars.ts)
    expected = int(bars.ts[-1] - bars.ts[0]) // bars.timeframe.ms + 1
    longest = int(np.argmax(steps)) if len(steps) else 0
    gap = int(steps[longest]) // bars.timeframe.ms - 1 if len(steps) else 0
    place = f" after {format_ms(int(bars.ts[longest]))}" if gap > 0 else ""
    return {
        "first": format_ms(int(bars.ts[0])),
        "last": format_ms(int(bars.ts[-1])),
        "bars": len(bars),
        "missing": max(expected - len(bars), 0),
        "complete": f"{len(bars) / max(expected, len(bars)):.4%}",
        "gaps": int((steps > bars.timeframe.ms).sum()),
        "largest gap": f"{gap} bars{place}",
        "no volume": int((bars.volume == 0).sum()),
        "low": float(bars.low.min()),
        "high": float(bars.high.max()),
        "close": float(bars.close[-1]),
        "change": f"{float(bars.close[-1] / bars.open[0]) - 1:+.2%}",
        "fingerprint": bars.fingerprint(),
        "closes": sparkline(bars.close),
    }


def sparkline(values: NDArray[Any], width: int = SPARK_WIDTH) -> str:
    """Return the values as one line of blocks, each the last value of its stretch."""
    import numpy as np

    count = min(width, len(values))
    picked = values[np.linspace(0, len(values) - 1, count).astype(int)]
    low, high = float(picked.min()), float(picked.max())
    if high == low:
        return BLOCKS[0] * count
    levels = ((picked - low) / (high - low) * (len(BLOCKS) - 1)).round().astype(int)
    return "".join(BLOCKS[level] for level in levels.tolist())


def _is_wanted(venue: str, symbol: str, only_venue: str | None, only_symbol: str | None) -> bool:
    from ballast.store.symbols import market_key, venue_name

    if only_venue is not None and venue != venue_name(only_venue):
        return False
    return only_symbol is None or market_key(symbol)[0] == market_key(only_symbol)[0]


def _row(info: SeriesInfo) -> dict[str, Any]:
    return {
        "venue": info.venue,
        "symbol": info.symbol,
        "timeframe": str(info.timeframe),
        "bars": info.rows,
        "missing": info.missing,
        "first": format_ms(info.first_ms) if info.rows else None,
        "last": format_ms(info.last_ms) if info.rows else None,
        "size_kb": info.bytes // 1_000,
        "months": info.months,
        "problem": info.problem,
    }


def _verify(store: CandleStore, rows: list[dict[str, Any]], found: list[SeriesInfo]) -> None:
    with progress("verify", len(found)) as bar:
        for row, info in zip(rows, found, strict=True):
            try:
                store.verify(info.venue, info.symbol, info.timeframe)
            except DataError as error:
                row["problem"] = error.line()
            bar.advance(text=info.symbol)


def _bar_rows(bars: Bars) -> list[dict[str, Any]]:
    return [
        {
            "time": format_ms(int(bars.ts[at])),
            "ts": int(bars.ts[at]),
            "open": float(bars.open[at]),
            "high": float(bars.high[at]),
            "low": float(bars.low[at]),
            "close": float(bars.close[at]),
            "volume": float(bars.volume[at]),
        }
        for at in range(len(bars))
    ]
