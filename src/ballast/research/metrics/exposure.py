"""How much of the time, and how much of the equity, was at work; what was turned over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.time import DAY_MS, YEAR_DAYS

if TYPE_CHECKING:
    from ballast.research.metrics.series import Floats, Ints


@dataclass(frozen=True, slots=True)
class ExposureStats:
    """`time` is the share of closes with a position; gross figures are notional over equity."""

    time: float | None
    mean_gross: float | None
    mean_gross_held: float | None
    max_gross: float | None
    turnover: float
    turnover_yearly: float | None


def exposure_stats(
    clock_ms: Ints, equity: Floats, exposure: Floats, turnover: float
) -> ExposureStats:
    """Return exposure over the global clock; `turnover` is the traded notional, both ways.

    Yearly turnover is traded notional / mean equity / years: 12 means that the account was
    bought or sold twelve times a year.
    """
    held = exposure[exposure > 0]
    return ExposureStats(
        time=len(held) / len(exposure) if len(exposure) else None,
        mean_gross=float(np.mean(exposure)) if len(exposure) else None,
        mean_gross_held=float(np.mean(held)) if len(held) else None,
        max_gross=float(np.max(exposure)) if len(exposure) else None,
        turnover=turnover,
        turnover_yearly=_yearly(clock_ms, equity, turnover),
    )


def _yearly(clock_ms: Ints, equity: Floats, turnover: float) -> float | None:
    span_ms = int(clock_ms[-1] - clock_ms[0]) if len(clock_ms) else 0
    level = float(np.mean(equity)) if len(equity) else 0.0
    if span_ms <= 0 or level <= 0:
        return None
    return turnover / level / (span_ms / (YEAR_DAYS * DAY_MS))
