"""Bars made up for the tests of the store."""

from __future__ import annotations

import numpy as np

from ballast.core.bars import COLUMNS, Bars
from ballast.core.time import Timeframe, parse_ms

HOUR = Timeframe.parse("1h")


def some_bars(
    first: str = "2024-01-01",
    count: int = 100,
    *,
    seed: int = 1,
    venue: str = "BINANCE",
    symbol: str = "BTCUSDT",
    timeframe: Timeframe = HOUR,
) -> Bars:
    """Return consistent bars of a random walk, one each `timeframe` from `first`."""
    draw = np.random.default_rng(seed)
    close = 100 + np.cumsum(draw.normal(0, 0.1, count))
    opens = np.concatenate([[100.0], close[:-1]])
    high = np.maximum(opens, close) + draw.random(count)
    low = np.minimum(opens, close) - draw.random(count)
    columns = {"open": opens, "high": high, "low": low, "close": close}
    columns["volume"] = draw.random(count) * 10
    ts = parse_ms(first) + np.arange(count) * timeframe.ms
    return Bars.of(venue, symbol, timeframe, ts, columns)


def same(one: Bars, two: Bars) -> bool:
    """Say whether two series have equal columns."""
    return all(
        np.array_equal(getattr(one, name), getattr(two, name)) for name in (*COLUMNS, "flags")
    )
