"""Exposure: what is held, by symbol, sector and cluster, and what a day may cost. Pure.

Value at risk of the positions as they are now, over one day, from the recent past of their prices:
the profit that these notionals would have made over each past day is a sample,

    pnl(t) = sum over symbols of notional * (close(t) / close(t - day) - 1)

and of it (P. Jorion, Value at Risk, 3rd ed., chapters 5 and 10; tail a = 5 % or 1 %):

    historical   VaR = -quantile(pnl, a), CVaR = -mean of the worst floor((n - 1) a) + 1
    parametric   VaR = -(mean + z(a) std), CVaR = -(mean - std pdf(z(a)) / a), std with n - 1

They are losses: 120 means that 120 quote units are lost or more on one day of twenty; what would be
a gain is 0. Known limits: overlapping days are not independent, so 1 % of them says less than its
number; fewer than `DAYS_MIN` days of bars are taken bar by bar and scaled by the square root of
time, as if bars were independent; and the next day need not be like the last ones. Stops are
ignored: what they leave of it is `at_stop`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DAYS_MIN = 20
"""Days of bars from which whole days are taken; with fewer a tail of 5 % is one day."""
BARS_MIN = 100
"""Fewest returns of which a tail of 1 % is told: it is one of them."""
TAILS = (0.05, 0.01)


@dataclass(frozen=True, slots=True)
class Held:
    """One position, in quote units at the last mark."""

    symbol: str
    sector: str
    """Empty: of none."""
    notional: float
    """Negative: short."""
    at_stop: float
    """Lost from the entry if the stop is hit at its level; all of it without one."""


@dataclass(frozen=True, slots=True)
class Group:
    """Positions that are looked at together."""

    name: str
    symbols: tuple[str, ...]
    gross: float
    net: float
    at_stop: float


@dataclass(frozen=True, slots=True)
class ValueAtRisk:
    """Losses in quote units over one day, at 95 % and 99 %; `_normal`: if days were normal."""

    returns: int
    """How many there were."""
    is_scaled: bool
    """Whether they are of bars, scaled to a day."""
    var_95: float
    var_99: float
    cvar_95: float
    cvar_99: float
    var_95_normal: float
    var_99_normal: float
    cvar_95_normal: float
    cvar_99_normal: float


def group_of(name: str, held: Sequence[Held]) -> Group:
    """Add positions up."""
    return Group(
        name,
        tuple(one.symbol for one in held),
        math.fsum(abs(one.notional) for one in held),
        math.fsum(one.notional for one in held),
        math.fsum(one.at_stop for one in held),
    )


def sectors_of(held: Sequence[Held]) -> list[Group]:
    """Return the sectors that anything is held of, by name; what is of none is left out."""
    names = sorted({one.sector for one in held if one.sector})
    return [group_of(name, [one for one in held if one.sector == name]) for name in names]


def clusters_of(held: Sequence[Held], correlated: Callable[[str, str], bool]) -> list[Group]:
    """Return the positions that move together: of one side, and of one sector or correlated.

    Each position is in one cluster; two are in one if a chain of such pairs joins them.
    """
    left = list(held)
    found = []
    while left:
        members, rim = [], [left.pop(0)]
        while rim:
            one = rim.pop()
            members.append(one)
            near = [other for other in left if _together(one, other, correlated)]
            left = [other for other in left if other not in near]
            rim += near
        members.sort(key=lambda one: one.symbol)
        found.append(group_of(" ".join(one.symbol for one in members), members))
    return found


def _together(one: Held, other: Held, correlated: Callable[[str, str], bool]) -> bool:
    if (one.notional > 0.0) != (other.notional > 0.0):
        return False
    is_kin = bool(one.sector) and one.sector == other.sector
    return is_kin or correlated(one.symbol, other.symbol)


def correlation(one: Floats, other: Floats, bars: int) -> float:
    """Return the correlation of the log returns of common closes, the last `bars` of them.

    As the kernel's: fewer than half of them, or one without variance, count as correlated.
    """
    x, y = (np.diff(np.log(closes))[-bars:] for closes in (one, other))
    if len(x) < max(1.0, bars / 2) or not x.std() or not y.std():
        return 1.0
    return float(np.corrcoef(x, y)[0, 1])


def value_at_risk(notionals: Floats, closes: Floats, bars_day: float) -> ValueAtRisk | None:
    """Return it for `notionals[k]` from `closes[row, k]` of common bars; None: too few of them.

    `bars_day` is how many bars a day has.
    """
    assert closes.shape[1] == len(notionals), (closes.shape, len(notionals))
    day = max(round(bars_day), 1)
    is_scaled = len(closes) < DAYS_MIN * day + 1 or bars_day < 1.0
    step = 1 if is_scaled else day
    if len(closes) - step < BARS_MIN:
        return None
    pnl = (closes[step:] / closes[:-step] - 1.0) @ notionals
    if is_scaled:
        pnl = pnl * math.sqrt(bars_day)
    tails = [_tail(pnl, tail) for tail in TAILS]
    (var, cvar, normal, shortfall), (far, worse, far_normal, worse_normal) = tails
    return ValueAtRisk(
        len(pnl), is_scaled, var, far, cvar, worse, normal, far_normal, shortfall, worse_normal
    )


def _tail(pnl: Floats, tail: float) -> tuple[float, float, float, float]:
    """Return VaR and CVaR of a sample, historical and parametric, as losses."""
    count = int((len(pnl) - 1) * tail) + 1
    worst = float(np.mean(np.partition(pnl, count - 1)[:count]))
    unit = NormalDist()
    z = unit.inv_cdf(tail)
    mean, std = float(np.mean(pnl)), float(np.std(pnl, ddof=1))
    found = (float(np.quantile(pnl, tail)), worst, mean + z * std, mean - std * unit.pdf(z) / tail)
    a, b, c, d = (max(-one, 0.0) for one in found)
    return a, b, c, d
