"""Bars and small markets made up for the tests of strategies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ballast.core.bars import Bars
from ballast.core.time import Timeframe

if TYPE_CHECKING:
    from numpy.typing import NDArray

HOUR = Timeframe.parse("1h")
START_MS = 1_704_067_200_000  # Monday 2024-01-01 00:00


def bars_of(
    close: NDArray[np.float64] | list[float],
    *,
    symbol: str = "A/USDT",
    timeframe: Timeframe = HOUR,
    spread: float = 0.0,
    volume: float = 10.0,
    start_ms: int = START_MS,
    flags: NDArray[np.uint8] | None = None,
) -> Bars:
    """Return bars with these closes; each opens at the last close, highs and lows `spread` away."""
    closes = np.asarray(close, np.float64)
    opens = np.concatenate([closes[:1], closes[:-1]])
    columns = {
        "open": opens,
        "high": np.maximum(opens, closes) + spread,
        "low": np.minimum(opens, closes) - spread,
        "close": closes,
        "volume": np.full(len(closes), volume),
    }
    ts = start_ms + np.arange(len(closes), dtype=np.int64) * timeframe.ms
    return Bars.of("TEST", symbol, timeframe, ts, columns, flags)


def walk(
    count: int,
    seed: int = 1,
    *,
    step: float = 0.01,
    symbol: str = "A/USDT",
    timeframe: Timeframe = HOUR,
    start_ms: int = START_MS,
) -> Bars:
    """Return a seeded random walk with wicks and changing volume."""
    draw = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(draw.normal(0.0, step, count)))
    opens = np.concatenate([[100.0], close[:-1]])
    columns = {
        "open": opens,
        "high": np.maximum(opens, close) * (1 + draw.random(count) * step),
        "low": np.minimum(opens, close) * (1 - draw.random(count) * step),
        "close": close,
        "volume": draw.lognormal(2.0, 0.5, count),
    }
    ts = start_ms + np.arange(count, dtype=np.int64) * timeframe.ms
    return Bars.of("TEST", symbol, timeframe, ts, columns)
