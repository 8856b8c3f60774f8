"""Do signals come together, and do they earn together? Across symbols, timeframes and strategies.

Two strategies that fire in the same hour on the same side are one bet of twice the size (R-SIG-05).
Each pair of streams is asked two things:

- *together*: the share of the signals of the rarer stream with one of the other on the same side
  no more than a bar of the longer timeframe away, beside what chance would give if the other's
  signals were scattered evenly over its bars (1 - exp(-signals * share of bars that are near));
- *correlation*: of what the signals of each day earned, each tried alone (Pearson; days without a
  signal earned nothing; UTC days that both streams cover).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.time import DAY_MS
from ballast.research.metrics.series import varies

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from ballast.core.bars import Bars
    from ballast.research.signals import JudgedSignal


@dataclass(frozen=True, slots=True)
class Stream:
    """The judged signals of one strategy on one series."""

    name: str
    signals: tuple[JudgedSignal, ...]
    timeframe_ms: int
    first_ms: int
    last_ms: int
    """Closes of the first and the last bar."""


@dataclass(frozen=True, slots=True)
class Pair:
    """How two streams stand to each other over their common time; None where not defined."""

    a: str
    b: str
    signals_a: int
    signals_b: int
    together: float | None
    by_chance: float | None
    lift: float | None
    """together over by_chance: 1 is chance."""
    against: float | None
    """Share of the rarer stream's signals with one of the other on the opposite side."""
    correlation: float | None
    days: int


def streams_of(
    strategy: str, bars: Iterable[Bars], judged: Sequence[JudgedSignal]
) -> tuple[Stream, ...]:
    """Return one stream a series of a run."""
    return tuple(
        Stream(
            name=f"{strategy} {one.symbol} {one.timeframe}",
            signals=tuple(signal for signal in judged if signal.symbol == one.symbol),
            timeframe_ms=one.timeframe.ms,
            first_ms=int(one.ts[0]) + one.timeframe.ms,
            last_ms=int(one.ts[-1]) + one.timeframe.ms,
        )
        for one in bars
    )


def pairs_of(streams: Sequence[Stream]) -> tuple[Pair, ...]:
    """Return every two streams, in order."""
    return tuple(pair(one, two) for one, two in combinations(streams, 2))


def pair(one: Stream, two: Stream) -> Pair:
    """Return how two streams stand to each other."""
    first, last = max(one.first_ms, two.first_ms), min(one.last_ms, two.last_ms)
    left, right = _within(one, first, last), _within(two, first, last)
    is_rare = len(left) <= len(right)
    rare, other = (left, right) if is_rare else (right, left)
    step = (two if is_rare else one).timeframe_ms
    window = max(one.timeframe_ms, two.timeframe_ms)
    together = _near(rare, other, window, same=True)
    near = min(1.0, (2 * window + step) / (last - first + step)) if last >= first else 0.0
    by_chance = _by_chance(rare, other, near)
    correlation, days = _correlation(left, right, first, last)
    return Pair(
        a=one.name,
        b=two.name,
        signals_a=len(left),
        signals_b=len(right),
        together=together,
        by_chance=by_chance,
        lift=together / by_chance if together is not None and by_chance else None,
        against=_near(rare, other, window, same=False),
        correlation=correlation,
        days=days,
    )


def _within(stream: Stream, first: int, last: int) -> tuple[JudgedSignal, ...]:
    return tuple(one for one in stream.signals if first <= one.at_ms <= last)


def _times(signals: Iterable[JudgedSignal], side: str) -> NDArray[np.int64]:
    return np.array([one.at_ms for one in signals if one.side == side], np.int64)


def _near(
    rare: Sequence[JudgedSignal], other: Sequence[JudgedSignal], window: int, *, same: bool
) -> float | None:
    """Return the share of `rare` with a signal of `other` at most `window` away."""
    if not rare:
        return None
    near = 0
    for side, opposite in (("long", "short"), ("short", "long")):
        at = _times(rare, side)
        times = np.sort(_times(other, side if same else opposite))
        found = np.searchsorted(times, at + window, "right") - np.searchsorted(times, at - window)
        near += int(np.count_nonzero(found))
    return near / len(rare)


def _by_chance(
    rare: Sequence[JudgedSignal], other: Sequence[JudgedSignal], near: float
) -> float | None:
    """Return what `_near` would be if the other's signals fell on any bar alike.

    `near` is the share of the bars that are at most a window away.
    """
    if not rare:
        return None
    total = 0.0
    for side in ("long", "short"):
        total += len(_times(rare, side)) * -math.expm1(-near * len(_times(other, side)))
    return total / len(rare)


def _correlation(
    left: Sequence[JudgedSignal], right: Sequence[JudgedSignal], first: int, last: int
) -> tuple[float | None, int]:
    days = max(0, (last - 1) // DAY_MS - (first - 1) // DAY_MS + 1)
    a, b = (_daily(signals, first, days) for signals in (left, right))
    if not varies(a) or not varies(b):
        return None, days
    return float(np.corrcoef(a, b)[0, 1]), days


def _daily(signals: Sequence[JudgedSignal], first: int, days: int) -> NDArray[np.float64]:
    """Return what the signals of each day earned alone; a close at midnight ends its day."""
    sums = np.zeros(days)
    for one in signals:
        if one.change is not None:
            sums[(one.at_ms - 1) // DAY_MS - (first - 1) // DAY_MS] += one.change
    return sums
