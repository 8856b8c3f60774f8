"""Series to run on: a seeded synthetic market with its rules, funding and marks, made once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.bars import Bars
from ballast.core.time import Timeframe
from ballast.research.series import Series
from ballast.research.synthetic import Style, synthetic_market
from ballast.strategies import Signals, SignalStrategy, trade
from ballast.strategies.custom import ClassStrategy

if TYPE_CHECKING:
    from collections.abc import Sequence

START_MS = 1_609_459_200_000  # 2021-01-01 00:00


@cache
def series_of(
    count: int = 1_500,
    *,
    seed: int = 7,
    symbols: tuple[str, ...] = ("BTCUSDT",),
    timeframe: str = "1h",
    perpetual: bool = False,
) -> tuple[Series, ...]:
    """Return `count` bars a symbol (less three gaps) of a market with trends and clusters."""
    style = Style(perpetual=perpetual)
    market = synthetic_market(seed, symbols, timeframe, count, START_MS, style)
    if not perpetual:
        pairs = zip(market.bars, market.instruments, strict=True)
        return tuple(Series(bars, rules) for bars, rules in pairs)
    rows = zip(market.bars, market.instruments, market.funding, market.marks, strict=True)
    return tuple(Series(*one) for one in rows)


def flat_bars(
    closes: Sequence[float],
    *,
    symbol: str = "BTCUSDT",
    venue: str = "TEST",
    timeframe: str = "1h",
    start_ms: int = START_MS,
    missing: tuple[int, ...] = (),
) -> Bars:
    """Return bars that open at the close before and reach one tick of 0.5 beyond both."""
    frame = Timeframe.parse(timeframe)
    close = np.array(closes, np.float64)
    opened = np.concatenate((close[:1], close[:-1]))
    columns = {
        "open": opened,
        "high": np.maximum(opened, close) + 0.5,
        "low": np.minimum(opened, close) - 0.5,
        "close": close,
        "volume": np.full(len(close), 1_000_000.0),
    }
    places = np.array([k for k in range(len(close) + len(missing)) if k not in missing], np.int64)
    return Bars.of(venue, symbol, frame, start_ms + places * frame.ms, columns)


LETTERS = {"L": "enter_long", "l": "exit_long", "S": "enter_short", "s": "exit_short"}


def scripted(
    orders: dict[str, dict[int, str]], *, sure: float | None = None, **rules: object
) -> ClassStrategy:
    """Return a strategy that does what is written: `{"AUSDT": {60: "L", 63: "l"}}`."""

    class Scripted(SignalStrategy):
        """Signals at given bars."""

        name = "scripted"
        trade = trade(**rules | ({} if sure is None else {"confidence": 1.0}))

        def signals(self, bars: Bars) -> Signals:
            columns = {name: np.zeros(len(bars), np.bool_) for name in LETTERS.values()}
            for bar, letters in orders.get(bars.symbol, {}).items():
                for letter in letters:
                    columns[LETTERS[letter]][bar] = True
            confidence = None if sure is None else np.full(len(bars), sure)
            return Signals(**columns, confidence=confidence)

    return ClassStrategy(Scripted, repr((sorted(orders.items()), sure)))
