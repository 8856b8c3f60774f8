"""Does 65 % mean 65 %? Stated confidence against what signals earned (R-BRAIN-11, R-SIG-03).

A confidence is *calibrated* if of the signals that stated 65 %, 65 % earn. Each signal is tried
alone (`signals.py`), so refused ones count as well: a gate that lets only the sure ones through
would hide how the others would have done.

- Brier score (Brier 1950): mean of (confidence - earned)^2, 0 is perfect. Beside it that of always
  stating the share that earned; a confidence that is not below it knows nothing.
- Calibration error: mean distance of stated and earned in the bins, weighted by their signals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.research.metrics.significance import wilson_interval
from ballast.research.signals import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.research.metrics.significance import Interval
    from ballast.research.signals import JudgedSignal

BINS = 10
"""Bins of stated confidence: tenths."""


@dataclass(frozen=True, slots=True)
class Bin:
    """The signals that stated `low` to `high` (the last bin includes 1)."""

    low: float
    high: float
    signals: int
    stated: float
    """Their mean confidence."""
    earned: Interval
    """The share of them that earned, and its 95 % interval (Wilson)."""

    @property
    def is_honest(self) -> bool:
        """Whether what was stated lies inside the interval of what came."""
        return self.earned.low <= self.stated <= self.earned.high


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far a strategy's confidence can be taken at its word."""

    signals: int
    bins: tuple[Bin, ...]
    """Those with a signal, rising."""
    brier: float
    brier_of_base_rate: float
    calibration_error: float


def reliability(judged: Sequence[JudgedSignal]) -> Reliability | None:
    """Return stated against earned; None where no decided signal states a confidence in 0 to 1."""
    rows = [
        (one.confidence, one.verdict in (Verdict.PROFITABLE, Verdict.MISSED))
        for one in judged
        if one.confidence is not None
        and 0.0 <= one.confidence <= 1.0
        and one.verdict not in (Verdict.OPEN, Verdict.UNFILLED)
    ]
    if not rows:
        return None
    stated = np.array([row[0] for row in rows])
    earned = np.array([row[1] for row in rows], np.float64)
    place = np.minimum((stated * BINS).astype(np.int64), BINS - 1)
    bins = []
    error = 0.0
    for k in np.unique(place).tolist():
        inside = place == k
        count = int(inside.sum())
        interval = wilson_interval(int(earned[inside].sum()), count)
        if interval is not None:
            mean = float(stated[inside].mean())
            bins.append(Bin(k / BINS, (k + 1) / BINS, count, mean, interval))
            error += count * abs(mean - interval.estimate)
    return Reliability(
        signals=len(rows),
        bins=tuple(bins),
        brier=float(np.mean((stated - earned) ** 2)),
        brier_of_base_rate=float(np.mean((earned.mean() - earned) ** 2)),
        calibration_error=error / len(rows),
    )
