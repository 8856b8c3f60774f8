"""History: what a recorded loan has been through, and what that says of the ratio to keep.

A reading holds until the next, for a day at the most: of a longer silence nothing is known. Means
and shares are by time. `day_rise` is the largest rise within 24 hours, from the lowest reading of
the day before to each reading; a loan that starts the worst day on record at

    safe ratio = alarm - day_rise

ends it at the alarm. It is what was seen, not what can come: a short history has no bad day in it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ballast.risk.ltv.levels import LtvLimits

DAY_MS = 86_400_000
DAYS_MIN = 30
"""A worst day out of fewer is a poor guide."""


@dataclass(frozen=True, slots=True)
class LtvHistory:
    """Figures of one loan's readings; ratios and shares are fractions, NaN where there are none."""

    readings: int
    unknown: int
    first_ms: int
    last_ms: int
    last: float
    low: float
    mean: float
    high: float
    above_warning: float
    above_alarm: float
    longest_alarm_ms: int
    day_rise: float
    safe: float
    is_short: bool


def analyse(rows: NDArray[np.void], limits: LtvLimits) -> LtvHistory | None:
    """Return the figures of `core.loans.LOAN` rows in time order; None if none has a ratio."""
    known = rows[~np.isnan(rows["ltv"])]
    if not len(known):
        return None
    at, ltv = known["at_ms"], known["ltv"]
    held = np.minimum(np.diff(at, append=at[-1]), DAY_MS)
    total = int(held.sum())
    weights = held / total if total else np.full(len(at), 1.0 / len(at))
    rise = _day_rise(at, ltv)
    return LtvHistory(
        readings=len(rows),
        unknown=len(rows) - len(known),
        first_ms=int(at[0]),
        last_ms=int(at[-1]),
        last=float(ltv[-1]),
        low=float(ltv.min()),
        mean=float((ltv * weights).sum()),
        high=float(ltv.max()),
        above_warning=float(weights[ltv > limits.warning].sum()),
        above_alarm=float(weights[ltv > limits.alarm].sum()),
        longest_alarm_ms=_longest(held, ltv > limits.alarm),
        day_rise=rise,
        safe=max(0.0, limits.alarm - rise),
        is_short=int(at[-1] - at[0]) < DAYS_MIN * DAY_MS,
    )


def _day_rise(at: NDArray[np.int64], ltv: NDArray[np.float64]) -> float:
    """Return the largest rise within a day, by a queue of falling candidates for the lowest."""
    lowest: deque[int] = deque()
    rise = 0.0
    for i in range(len(at)):
        while lowest and ltv[lowest[-1]] >= ltv[i]:
            lowest.pop()
        lowest.append(i)
        while at[i] - at[lowest[0]] > DAY_MS:
            lowest.popleft()
        rise = max(rise, float(ltv[i] - ltv[lowest[0]]))
    return rise


def _longest(held: NDArray[np.int64], is_over: NDArray[np.bool_]) -> int:
    """Return the longest unbroken time above."""
    longest = run = 0
    for span, over in zip(held.tolist(), is_over.tolist(), strict=True):
        run = run + span if over else 0
        longest = max(longest, run)
    return int(longest)
