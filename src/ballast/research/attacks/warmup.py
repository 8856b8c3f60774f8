"""Warm-up: after the bars it asks for, a strategy must not care where its history began.

A live engine starts on whatever history it was given. Signals computed from a later first bar are
compared with those on all bars, after the declared warm-up. Averages with a memory (EMA, RSI, ATR)
forget their first bar only little by little, so a difference just after the warm-up is no fault;
the attack says how many bars it took until no decision differed any more: "declared 69, needed
154". A strategy that never stops to differ depends on its first bar for ever: it divides by a
mean of all bars, counts from the start, or keeps an all-time high.

The model is freqtrade's recursive analysis; here whole decisions are compared, not single columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.rng import stream
from ballast.research.attacks.lives import Lives, between
from ballast.research.spread import require_some

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from ballast.core.bars import Bars
    from ballast.research.attacks.lives import Fresh
    from ballast.strategies.plan import AnyStrategy
    from ballast.strategies.program import Columns

STARTS = 16
"""Later first bars that are tried."""
HORIZON_BARS = 2_000
"""Bars looked at after a start, at least: three hundred half-lives of an RSI of 14."""
HORIZON_WARMUPS = 20
"""And at least so many declared warm-ups."""
LEVEL_GAP = 1e-3
"""Relative difference of ATR or stop below which a level counts as the same: a stop at 3 ATR moves
by less than a thousandth of its distance."""
LEVELS = ("atr", "stop", "confidence", "volatility")


@dataclass(frozen=True, slots=True)
class LateStart:
    """One symbol, started later. Bars count from the late start; 0 needed: never any difference."""

    symbol: str
    row: int  # of the late start in all bars
    compared: int  # decisions compared, after the declared warm-up
    differing: int  # of these, how many differed
    needed_bars: int  # bars until no decision differed any more, the declared warm-up included
    level_gap: float  # largest relative difference of a level just after the declared warm-up
    level_bars: int  # bars until no level differed by more than LEVEL_GAP
    settled: bool  # no decision differed in the second half of what was compared


@dataclass(frozen=True, slots=True)
class WarmupAttack:
    """What all late starts showed together."""

    declared_bars: int
    needed_bars: int  # the most of any start; the declared number where that was enough
    differing_share: float  # of decisions, after the declared warm-up
    level_gap: float
    level_bars: int
    settled: bool  # in every start
    starts: tuple[LateStart, ...]

    def line(self) -> str:
        """Say it in one line."""
        text = f"declared {self.declared_bars}, needed {self.needed_bars}"
        if not self.settled:
            return f"{text} and still differing: it depends on where the data begin"
        return text


def warmup_attack(
    strategy: AnyStrategy,
    market: Mapping[str, Bars],
    params: Mapping[str, float] | None = None,
    *,
    starts: int = STARTS,
    seed: int = 0,
    fresh: Fresh | None = None,
) -> WarmupAttack:
    """Compare signals from later first bars; raise `DataError` where bars are too few."""
    require_some(starts, "starts")
    lives = Lives(strategy, market, params, fresh)
    whole = lives.begin().columns(market)
    warmup = lives.plan.warmup
    horizon = max(HORIZON_BARS, HORIZON_WARMUPS * warmup)
    found = []
    for from_ms, to_ms in _spans(market, lives.plan.bars_needed, horizon, starts, seed):
        late = between(market, from_ms, to_ms)
        for symbol, columns in lives.begin().columns(late).items():
            row = int(np.searchsorted(market[symbol].ts, from_ms))
            found.append(_compare(symbol, row, whole[symbol], columns, warmup))
    return _together(warmup, found)


def _spans(
    market: Mapping[str, Bars], least: int, horizon: int, starts: int, seed: int
) -> list[tuple[int, int]]:
    """Return (open time of a late first bar, close time of the last bar looked at)."""
    bars = max(market.values(), key=len)
    room = len(bars) - least  # a late start leaves at least the bars of one decision
    draw = stream(seed, "attacks/warmup")
    rows = np.unique(draw.integers(1, max(room - horizon, room // 2, 1), starts, endpoint=True))
    lasts = np.minimum(rows + horizon, len(bars)) - 1
    return [
        (int(bars.ts[row]), int(bars.ts[last]) + bars.timeframe.ms)
        for row, last in zip(rows, lasts, strict=True)
    ]


def _compare(symbol: str, row: int, whole: Columns, late: Columns, warmup: int) -> LateStart:
    count = len(late.signals)
    differs = whole.signals[row : row + count] != late.signals
    differs[:warmup] = False
    gaps = np.zeros(count)
    for name in LEVELS:
        gaps = np.maximum(gaps, _gap(getattr(whole, name)[row : row + count], getattr(late, name)))
    gaps[:warmup] = 0.0
    needed = _last(differs)
    return LateStart(
        symbol=symbol,
        row=row,
        compared=max(count - warmup, 0),
        differing=int(differs.sum()),
        needed_bars=needed,
        level_gap=float(gaps[warmup]) if count > warmup else 0.0,
        level_bars=_last(gaps > LEVEL_GAP),
        settled=needed <= warmup + (count - warmup) // 2,
    )


def _gap(one: NDArray[np.float64], two: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return |a - b| / max(|a|, |b|): 0 where both are unknown, 1 where one is."""
    if not len(two):
        return np.zeros(1)
    size = np.maximum(np.abs(one), np.abs(two))
    gap = np.divide(np.abs(one - two), size, out=np.zeros(len(two)), where=size > 0.0)
    gap[np.isnan(one) != np.isnan(two)] = 1.0
    return gap


def _last(rows: NDArray[np.bool_]) -> int:
    """Count the rows up to the last that is true; 0 where none is."""
    found = np.flatnonzero(rows)
    return int(found[-1]) + 1 if len(found) else 0


def _together(warmup: int, starts: list[LateStart]) -> WarmupAttack:
    compared = sum(one.compared for one in starts)
    return WarmupAttack(
        declared_bars=warmup,
        needed_bars=max([warmup, *(one.needed_bars for one in starts)]),
        differing_share=sum(one.differing for one in starts) / compared if compared else 0.0,
        level_gap=max((one.level_gap for one in starts), default=0.0),
        level_bars=max([warmup, *(one.level_bars for one in starts)]),
        settled=all(one.settled for one in starts),
        starts=tuple(starts),
    )
