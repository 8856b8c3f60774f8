"""Impact: depth by the square-root law, for a source that knows prices and volumes but no book.

An order of Q lots that takes from the book pays on average, as a part of the price,

    Y x sigma x sqrt(Q / V)

with `sigma` the daily standard deviation of log returns and `V` the volume of a day, both from the
last 20 candles that are over (Almgren et al. 2005; Toth et al. 2011). It is the law of
`costs.slip_impact` in backtests, so both charge the same order the same. A book that charges it has
its lots further and further apart: together Q lots cost C(Q) = Q x price x Y x sigma x sqrt(Q / V)
more than at the price, so the lots between Q1 and Q2 stand (C(Q2) - C(Q1)) / (Q2 - Q1) away. At
those sizes, each twice the one before, the law is met but for whole ticks and lots; between them an
order pays up to a twentieth more, and one smaller than the first pays as much as that.

Known limits: the impact is gone at the next point of the path, a 24th of a candle later; the
nearest lots stand a tick away, which is half the spread; beyond a quarter of a day's volume there
is nothing, and the rest of an order finds no taker.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from ballast.core.time import DAY_MS

if TYPE_CHECKING:
    from collections.abc import Sequence

DAY_NS = DAY_MS * 1_000_000
BARS = 20
"""Candles that volatility and volume are taken from, as in backtests."""
BARS_MIN = 3
"""Fewer have no two returns, so no spread of them."""
LEVELS = 16
"""Levels a side: the first holds a 32,768th of the last and stands half a percent of sigma away."""
SHARE_MAX = 0.25
"""What all levels hold of a day's volume; larger orders are not filled at any price."""


@dataclass(frozen=True, slots=True)
class Law:
    """What an order pays: `Y`, the volatility of a day, and the lots of a day."""

    factor: float
    sigma: float
    day_lots: float

    def cost_ticks(self, lots: float, ticks: int) -> float:
        """Return how many ticks an order pays on average over a price, half the spread aside."""
        return ticks * self.factor * self.sigma * math.sqrt(lots / self.day_lots)


def law_of(factor: float, closes: Sequence[int], lots: Sequence[int], span_ns: int) -> Law | None:
    """Return the law after these candles (ticks and lots); None where they do not tell one."""
    if factor <= 0.0 or len(closes) < BARS_MIN:
        return None
    returns = [math.log(after / before) for before, after in pairwise(closes)]
    mean = sum(returns) / len(returns)
    spread = math.sqrt(sum((one - mean) ** 2 for one in returns) / (len(returns) - 1))
    bars_a_day = DAY_NS / span_ns
    law = Law(factor, spread * math.sqrt(bars_a_day), sum(lots) / len(lots) * bars_a_day)
    return law if law.sigma > 0.0 and law.day_lots > 0.0 else None


def depth_of(law: Law, ticks: int) -> list[tuple[int, int]]:
    """Return the levels of one side around a price: how many ticks away, and lots."""
    most = law.day_lots * SHARE_MAX
    sizes = [0, *(math.floor(most / 2**level) for level in reversed(range(LEVELS)))]
    found: dict[int, int] = {}
    for before, size in pairwise(sizes):
        if size > before:
            paid = size * law.cost_ticks(size, ticks) - before * law.cost_ticks(before, ticks)
            away = max(1, round(paid / (size - before)))
            found[away] = found.get(away, 0) + size - before
    return list(found.items())
