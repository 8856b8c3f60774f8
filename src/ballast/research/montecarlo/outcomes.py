"""Outcomes: how deep, how low and how far many paths went, the fan, and the odds of a fall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import InternalError
from ballast.research.metrics.ratios import EXPONENT_MAX
from ballast.research.metrics.significance import LEVEL, Interval, wilson_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ballast.research.montecarlo.paths import Paths

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

DRAWS = 1000
DRAWS_MAX = 20_000
"""Beyond this the Monte-Carlo error is far below the error of the data; the fan is 20 MB here."""
FAN_POINTS = 120
"""Days of the fan that are kept: more cannot be seen in a chart."""
FAN_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True)
class Fan:
    """Quantiles of the level (1 at the start): `values[q, k]` is `levels[q]` after `days[k]`."""

    days: Ints
    levels: tuple[float, ...]
    values: Floats


@dataclass(frozen=True, slots=True)
class Outcomes:
    """One value a draw, each sorted: `drawdowns` (negative), `lowest` and `finals` (start is 1)."""

    drawdowns: Floats
    lowest: Floats
    finals: Floats
    fan: Fan


def outcomes_of(paths: Paths, horizon: int) -> Outcomes:
    """Return the outcomes of walked paths."""
    values = _levels(np.quantile(paths.fan, FAN_LEVELS, axis=0))
    values = np.concatenate((np.ones((len(FAN_LEVELS), 1)), values), axis=1)
    fan = Fan(np.concatenate(([0], fan_days(horizon))), FAN_LEVELS, values)
    return Outcomes(
        drawdowns=np.sort(np.expm1(-paths.depth)),
        lowest=np.sort(_levels(paths.lowest)),
        finals=np.sort(_levels(paths.final)),
        fan=fan,
    )


def fan_days(horizon: int) -> Ints:
    """Return the days the fan keeps: evenly spread over 1 to `horizon`, both among them."""
    points = np.rint(np.linspace(1, horizon, min(horizon, FAN_POINTS)))
    return points.astype(np.int64)


def drawdown_odds(found: Outcomes, deeper_than: float, level: float = LEVEL) -> Interval:
    """Return the chance of a fall of `deeper_than` (0.3: 30 %) or more within the horizon.

    The interval is the Monte-Carlo error (Wilson), not the error of the data.
    """
    return _odds(int(np.count_nonzero(found.drawdowns <= -deeper_than)), found, level)


def ruin_odds(found: Outcomes, remaining: float, level: float = LEVEL) -> Interval:
    """Return the chance that at some point no more than `remaining` (0.5: half) is left."""
    return _odds(int(np.count_nonzero(found.lowest <= remaining)), found, level)


def drawdown_bound(found: Outcomes, confidence: float = LEVEL) -> float:
    """Return the drawdown (negative) that is not exceeded with `confidence` in the horizon."""
    return float(np.quantile(found.drawdowns, 1.0 - confidence))


def _odds(hits: int, found: Outcomes, level: float) -> Interval:
    interval = wilson_interval(hits, len(found.drawdowns), level)
    if interval is None:
        raise InternalError("outcomes without a draw")
    return interval


def _levels(logs: Floats) -> Floats:
    return np.exp(np.minimum(logs, EXPONENT_MAX))
