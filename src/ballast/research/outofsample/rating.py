"""Rating: what a training window says of each combination, in few numbers.

Curves are rated in blocks and let go, so that memory does not grow with the number of combinations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.jit import jit
from ballast.core.time import YEAR_DAYS
from ballast.research.evaluation import Prefix
from ballast.research.sweep_row import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ballast.kernel.market import Floats, Ints
    from ballast.research.evaluation import Evaluator, Span

BLOCK_BYTES = 64 * 1024 * 1024
"""Returns held at a time while training windows are rated."""
TRADES = METRICS.index("trades")
_YEAR_DAYS = YEAR_DAYS
NOISE = 1e-24
"""Below this a variance is rounding noise: a flat curve has no Sharpe ratio."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen of every combination in one training window; the input of an objective."""

    sharpe: Floats  # annual, of daily returns; NaN: never moved
    drawdown: Floats  # deepest fall of the daily curve, a fraction
    yearly: Floats  # mean daily return times 365
    trades: Floats  # closed trades
    longest_ms: Ints  # longest trade
    days: int
    neighbours: Ints  # [n, m] rows of the combinations one step away; -1: none


@jit
def rate(
    daily: Any,  # noqa: ANN401 - float64 [n, days]
    use: Any,  # noqa: ANN401 - bool [days]: the days that count
    sharpe: Any,  # noqa: ANN401 - float64 [n], written
    drawdown: Any,  # noqa: ANN401 - float64 [n], written
    yearly: Any,  # noqa: ANN401 - float64 [n], written
) -> None:
    """Write annual Sharpe ratio, deepest fall and yearly return of each row of daily returns.

    Days that do not count are cut out and their neighbours joined.
    """
    for k in range(len(daily)):
        n = 0
        total = 0.0
        squares = 0.0
        level = 1.0
        peak = 1.0
        worst = 0.0
        for d in range(len(use)):
            if use[d]:
                r = daily[k, d]
                n += 1
                total += r
                squares += r * r
                level *= 1.0 + r
                peak = max(peak, level)
                worst = max(worst, 1.0 - level / peak)
        mean = total / n if n > 0 else 0.0
        variance = (squares - n * mean * mean) / (n - 1) if n > 1 else 0.0
        sharpe[k] = math.nan
        if variance > NOISE:
            sharpe[k] = mean / math.sqrt(variance) * math.sqrt(_YEAR_DAYS)
        drawdown[k] = worst
        yearly[k] = mean * _YEAR_DAYS


def ratings(daily: Floats, use: Any = None) -> tuple[Floats, Floats, Floats]:  # noqa: ANN401
    """Return (Sharpe, drawdown, yearly return) of each row; `use` marks the days that count."""
    count, days = daily.shape
    found = np.zeros(count), np.zeros(count), np.zeros(count)
    rate(daily, np.ones(days, np.bool_) if use is None else use, *found)
    return found


def evidence_of(
    judge: Evaluator, combos: Sequence[Mapping[str, float]], spans: Sequence[Span], near: Ints
) -> tuple[Evidence, ...]:
    """Rate every combination in every training window, from one pass over blocks of them."""
    count = len(combos)
    days = [judge.days(span) for span in spans]
    found = tuple(
        Evidence(
            sharpe=np.zeros(count),
            drawdown=np.zeros(count),
            yearly=np.zeros(count),
            trades=np.zeros(count),
            longest_ms=np.zeros(count, np.int64),
            days=length,
            neighbours=near,
        )
        for length in days
    )
    block = max(1, BLOCK_BYTES // (8 * sum(days)))
    for first in range(0, count, block):
        rows = slice(first, min(first + block, count))
        for number, part in _looks(judge, combos[rows], spans):
            seen = found[number]
            seen.sharpe[rows], seen.drawdown[rows], seen.yearly[rows] = ratings(part.daily)
            seen.trades[rows] = part.closed
            seen.longest_ms[rows] = part.longest_ms
    return found


def _looks(
    judge: Evaluator, combos: Sequence[Mapping[str, float]], spans: Sequence[Span]
) -> Iterator[tuple[int, Prefix]]:
    """Yield (number of the window, what was done in it); windows of one start share their runs."""
    starts: dict[int, list[int]] = {}
    for number, span in enumerate(spans):
        starts.setdefault(span.from_ms, []).append(number)
    for from_ms, numbers in starts.items():
        ends = sorted({spans[number].to_ms for number in numbers if spans[number].ends_a_day})
        parts = dict(zip(ends, judge.prefixes(combos, from_ms, ends), strict=True)) if ends else {}
        for number in numbers:
            found = parts.get(spans[number].to_ms)
            if found is None:
                (whole,) = judge.passes(combos, [spans[number]])
                closed = whole.column("trades").astype(np.int64)
                found = Prefix(whole.daily, closed, whole.longest_ms)
            yield number, found
