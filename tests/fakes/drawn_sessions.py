"""What a simulated session is drawn from: prices, strategies that trade, limits, slices."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.bars import Bars
from ballast.core.records import Level
from ballast.core.rng import stream
from ballast.core.time import Timeframe
from ballast.research.assignment import Assignment
from ballast.runtime.node.slices import SliceRules
from tests.fakes.drawn_strategies import drawn_strategy
from tests.fakes.parity import Parity, settings_for
from tests.fakes.venue import SECOND

if TYPE_CHECKING:
    from ballast.core.instrument import Kind
    from ballast.strategies.definition import Strategy

NAMES = ("AAAUSDT", "BBBUSDT", "CCCUSDT")
HOUR = Timeframe.parse("1h")
FIRST_MS = 1_700_006_400_000
TICK = Decimal("0.01")
OTHERS_FROM = 10**6
"""Seeds of second strategies begin there."""
WARM = 80
"""Bars the strategy knows before the first one it decides on."""
LIMITS_DRAWN: tuple[dict[str, int], ...] = ({}, {}, {"positions": 1}, {"entries_hour": 1})
"""Limits of the account; those of some seeds are so low that strategies come up against them."""


def drawn_bars(seed: int, count: int) -> list[Bars]:
    """Return two or three walks with jumps, an hour a bar."""
    draw = stream(seed, "prices")
    found = []
    stamps = FIRST_MS + np.arange(count) * HOUR.ms
    for name in NAMES[: int(draw.integers(2, 4))]:
        moves = draw.normal(0.0, 0.006, count)
        moves += (draw.random(count) < 0.02) * draw.normal(0.0, 0.05, count)
        close = 100.0 * np.exp(np.cumsum(moves))
        open_ = np.concatenate([[100.0], close[:-1]])
        wick = np.exp(np.abs(draw.normal(0.0, 0.003, (2, count))))
        columns = {
            "open": open_, "close": close, "volume": np.full(count, 50_000.0),
            "high": np.maximum(open_, close) * wick[0], "low": np.minimum(open_, close) / wick[1],
        }  # fmt: skip
        found.append(Bars.of("SIM", name, HOUR, stamps, columns))
    return found


def drawn_slices(seed: int) -> SliceRules:
    """Return rules under which the entries of some seeds are cut, and of every seventh never.

    Large orders on their way meet prices that small ones do not (a stop behind the price, B3).
    """
    if seed % 7 == 0:
        return SliceRules()
    draw = stream(seed, "slices")
    share = float(draw.choice((0.0, 0.0005, 0.002)))
    return SliceRules(share, int(draw.integers(5, 90)) * SECOND, int(draw.integers(2, 9)), 0.02)


def stopped_strategy(place: int, *, takes_all: bool = False) -> Strategy | None:
    """Return a drawn strategy; None for one whose stop is no order."""
    strategy = drawn_strategy(place, takes_all=takes_all)
    return strategy if strategy.construction.stop.kind in {Level.PERCENT, Level.ATR} else None


def is_mixed(seed: int) -> bool:
    """Whether the last symbol of a session has a strategy of its own: so it is for two in five."""
    return bool(stream(seed, "others").random() < 0.4)


def trading_strategy(seed: int, bars: list[Bars], kind: Kind, *, takes_all: bool = False) -> Parity:
    """Return the first drawn strategy from a seed on that has a stop and trades on these bars.

    In a mixed session it is the first pair of which both do.
    """
    draw, settings = stream(seed, "limits"), settings_for(bars, TICK)
    drawn = LIMITS_DRAWN[int(draw.integers(len(LIMITS_DRAWN)))]
    apart = seed % 5 == 3  # else what moves together shares a cap, and more is traded
    risk = replace(settings.risk, reward_risk=0.0, correlation_refuses=apart, **drawn)
    settings = replace(settings, risk=risk)
    hours, last = len(bars[0]) - WARM, bars[-1].symbol
    for place in range(seed * 1_000, seed * 1_000 + 1_000):
        first = stopped_strategy(place, takes_all=takes_all)
        second = stopped_strategy(place + OTHERS_FROM) if is_mixed(seed) else None
        if first is None or (second is None and is_mixed(seed)):
            continue
        others = [] if second is None else [Assignment(second, (last,))]
        parity = Parity(first, bars, kind=kind, settings=settings, others=others)
        traded = Counter(one.symbol for one in parity.loop()[0])
        if traded.total() < hours // 4 or (others and not 0 < traded[last] < traded.total()):
            continue
        return parity
    raise AssertionError(f"no strategy of seed {seed} trades")
