"""`ballast indicators`: what there is, one of them in full, and whether they are right.

`check` asks of the user's own bars what the tests ask of chosen ones. Exit codes: 0 all agree; 1
something differs; 2 wrong input.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.service.cli import guard
from ballast.service.cli.output import JsonFlag, Table, columns_of, emit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.core.bars import Bars
    from ballast.features.indicators.registry import Indicator
    from ballast.features.indicators.twins import Agreement, Streamed

app = typer.Typer(
    add_completion=False,
    invoke_without_command=True,
    help="List, show and check indicators. Without a verb: list.",
)
TalibFlag = Annotated[bool, typer.Option("--talib", help="Those of TA-Lib instead of our own.")]
SEEDED_BARS = 5_000
SHOWN = ("indicator", "talib", "compared", "flat", "worst_error", "worst_at", "streamed", "verdict")


@app.callback()
def root(context: typer.Context, talib: TalibFlag = False, json: JsonFlag = False) -> None:
    """List, show and check indicators."""
    if context.invoked_subcommand is None:
        list_indicators(talib=talib, json=json)


@app.command("list")
def list_indicators(talib: TalibFlag = False, json: JsonFlag = False) -> None:
    """List our indicators, or with `--talib` those a strategy reaches as `ta("NAME", ...)`."""
    from ballast.features.indicators import registry

    if talib:
        rows = [_line(registry.talib_indicator(name)) for name in registry.talib_names()]
    else:
        rows = registry.describe()
    emit(rows, json=json)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="`rsi` is our own, `RSI` that of TA-Lib.")],
    json: JsonFlag = False,
) -> None:
    """Show one indicator: series, parameters with their bounds, outputs, warm-up, convention."""
    from ballast.features.indicators import registry
    from ballast.features.indicators.twins import TWINS

    is_talib = name == name.upper()
    found = registry.talib_indicator(name) if is_talib else registry.get(name)
    defaults = found.bind()
    params = [
        {
            "parameter": key,
            "default": spec.default,
            "low": spec.low,
            "high": spec.high,
            "whole": spec.integer,
        }
        for key, spec in found.params.items()
    ]
    same = [twin.function for twin in TWINS if twin.name == found.name and not is_talib]
    head = {
        "name": found.name,
        "library": "TA-Lib" if is_talib else "ballast",
        "inputs": list(found.inputs),
        "outputs": list(found.outputs),
        "warmup": found.warmup_text,
        "warmup_rows": found.warmup(defaults),
        "settled_after_rows": found.settle(defaults),
        "checked_against": f"TA-Lib {same[0]}" if same else None,
        "convention": found.convention,
    }
    tables = [Table((), list(head.items()))]
    if params:
        tables.append(columns_of(params, list(params[0])))
    emit({**head, "params": params}, json=json, tables=tables)


@app.command()
def check(
    series: Annotated[
        str | None,
        typer.Argument(help="Stored series, BINANCE-BTCUSDT-1h; default: a seeded market."),
    ] = None,
    venue: Annotated[str | None, typer.Option(help="Exchange.")] = None,
    timeframe: Annotated[str | None, typer.Option("--timeframe", "-t", help="Bars.")] = None,
    period: Annotated[str | None, typer.Option(help="FROM..TO, either side open.")] = None,
    rows: Annotated[int, typer.Option(min=1, help="Values to make one by one.")] = 1_000,
    json: JsonFlag = False,
) -> None:
    """Hold our indicators against TA-Lib, batch against one by one; compare StochRSI methods."""
    from ballast.core.time import parse_period
    from ballast.features.indicators import twins
    from ballast.features.indicators.comparison import compare_stochrsi

    span = parse_period(period) if period else (None, None)
    bars = _bars(series, venue, timeframe).period(*span)
    found = _verdicts(bars, twins.against_talib(bars), twins.batch_and_stream(bars, rows))
    methods = compare_stochrsi(bars)
    same = all(row["verdict"] == "same" for row in found)
    head = {
        "on": bars.name,
        "bars": len(bars),
        "fingerprint": bars.fingerprint(),
        "verdict": "same" if same else "different",
    }
    tables = [
        Table((), list(head.items())),
        columns_of(found, SHOWN),
        Table(
            ("method", "last", "mean difference", "most", "filter differs", "definition"),
            [
                (
                    each.name,
                    each.last,
                    each.mean_difference,
                    each.max_difference,
                    f"{each.filter_disagreement:.2%}",
                    each.definition,
                )
                for each in methods
            ],
            "StochRSI, by method of calculation",
        ),
    ]
    emit({**head, "indicators": found, "stochrsi": methods}, json=json, tables=tables)
    if not same:
        raise typer.Exit(guard.NO)


def _line(found: Indicator) -> dict[str, Any]:
    return {
        "name": found.name,
        "inputs": ", ".join(found.inputs),
        "params": ", ".join(f"{key}={spec.default:g}" for key, spec in found.params.items()),
        "outputs": ", ".join(found.outputs),
        "warmup": str(found.warmup(found.bind())),
        "convention": found.convention,
    }


def _bars(series: str | None, venue: str | None, timeframe: str | None) -> Bars:
    """Return a stored series as a backtest reads it, or a seeded market where none is named."""
    if series is None:
        from ballast.core.errors import DataError
        from ballast.research.synthetic import synthetic_market

        if venue or timeframe:
            raise DataError("--venue or --timeframe without a series", expected="a symbol")
        return synthetic_market(1, ["TEST/USDT"], "1h", SEEDED_BARS).bars[0]
    from ballast.service.cli.stores import candle_store, pick_series
    from ballast.store.eventbook import EventBook
    from ballast.store.history import read_history

    store = candle_store()
    info = pick_series(store, series, venue, timeframe)
    return read_history(store, EventBook(store.root), info.venue, info.symbol, info.timeframe)


def _verdicts(
    bars: Bars, agreements: Sequence[Agreement], streams: Sequence[Streamed]
) -> list[dict[str, Any]]:
    """Join both answers by indicator; one without a twin in TA-Lib is judged by the other alone."""
    from ballast.core.time import format_ms

    by_name = {one.name: one for one in agreements}
    rows = []
    for stream in streams:
        twin = by_name.get(stream.name)
        same = stream.agrees and (twin is None or twin.agrees)
        rows.append(
            {
                "indicator": stream.name,
                "talib": twin.function if twin else None,
                "compared": twin.compared if twin else None,
                "flat": twin.flat if twin else None,
                "unshared": twin.unshared if twin else None,
                "worst_error": twin.error if twin else None,
                "worst_at": format_ms(int(bars.ts[twin.worst_row])) if twin else None,
                "streamed": stream.rows,
                "first_row_unlike_stream": stream.first_row,
                "verdict": "same" if same else "different",
            }
        )
    return rows
