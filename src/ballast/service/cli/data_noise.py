"""`ballast data noise`: a market without an edge, or with a known one, into the store."""

from __future__ import annotations

from typing import Annotated

import typer

from ballast.core.time import Timeframe
from ballast.service.cli import options
from ballast.service.cli.output import JsonFlag, emit
from ballast.service.cli.stores import candle_store, pick_series


def register(app: typer.Typer) -> None:
    """Add `noise` to the data verbs."""
    app.command("noise")(noise)


def noise(
    kind: Annotated[str, typer.Argument(help="gbm, garch or bootstrap.")] = "garch",
    symbol: Annotated[str, typer.Option("--symbol", "-s", help="Its name.")] = "NOISEUSDT",
    seed: Annotated[
        int | None, typer.Option(help="Same seed, same bytes; default: engine.seed.")
    ] = None,
    timeframe: Annotated[str, typer.Option("--timeframe", "-t", help="1m, 1h, 1d.")] = "1h",
    bars: Annotated[int, typer.Option(help="Bars.")] = 43_800,
    volatility: Annotated[float, typer.Option(help="Of a year.")] = 0.6,
    edge: Annotated[
        float, typer.Option(help="Yearly Sharpe ratio of who knows the drift; 0: none.")
    ] = 0.0,
    half_life: Annotated[float, typer.Option(help="Days a drift lives.")] = 10.0,
    source: Annotated[
        str, typer.Option("--from", help="Stored series that bootstrap draws from.")
    ] = "",
    json: JsonFlag = False,
) -> None:
    """Store a market that nobody can earn from, to see what a strategy or a proof makes of it."""
    from ballast.research.synthetic.noise import Edge, noise_bars

    store = candle_store()
    real = None
    if source:
        found = pick_series(store, source, None, None)
        real = store.read(found.venue, found.symbol, found.timeframe)
    chosen = options.config().settings.engine.seed if seed is None else seed
    made = noise_bars(
        kind,
        chosen,
        bars,
        symbol=symbol,
        timeframe=Timeframe.parse(timeframe),
        yearly_volatility=volatility,
        source=real,
        edge=Edge(edge, half_life),
    )
    store.write(made)
    payload = {
        "series": made.name,
        "kind": kind,
        "seed": chosen,
        "bars": len(made),
        "edge": edge,
        "fingerprint": made.fingerprint(),
    }
    emit(payload, json=json)
