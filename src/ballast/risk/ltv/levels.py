"""Levels: how near loans are to the alarm, and what would bring them back.

Loan to value is LTV = D / (C p): debt over collateral at its price in units of the debt. With it

    fall to a bound b      the collateral may lose 1 - LTV / b of its price until LTV = b
    repay to a goal g      D (1 - g / LTV) brings LTV to g
    add to a goal g        C (LTV / g - 1) of collateral brings LTV to g

    CRITICAL       above the alarm (R-RISK-21: 55 %), at the venue's margin call, or not known:
                   entries are paused
    IMPORTANT      above the warning
    OPPORTUNITY    an asset that earns at least so much a year: information (R-ALERT-05)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.core.loans import EarnRate, Loan
    from ballast.core.settings import GateSettings

MEASURES_APART = 0.02
"""Two measures of one loan that part by more than this share are of two moments."""


class Level(IntEnum):
    """How urgent it is; the larger is the worse."""

    FINE = 0
    OPPORTUNITY = 1
    IMPORTANT = 2
    CRITICAL = 3


@dataclass(frozen=True, slots=True)
class LtvLimits:
    """From where on a loan is critical and important; ratios, and a yearly rate."""

    alarm: float
    warning: float
    earn_apr: float

    @classmethod
    def of(cls, gate: GateSettings) -> LtvLimits:
        """Return the limits of the settings."""
        return cls(gate.ltv_alarm, gate.ltv_warning, gate.earn_apr)


@dataclass(frozen=True, slots=True)
class LoanState:
    """One loan, judged. `ltv` is None where nobody knows it; amounts are in the asset's units.

    `fall_to_*` are the share of its price that the collateral may lose until then, 0 when it has;
    `to_repay` or `to_add` brings the loan back to the warning, 0 where it is there.
    """

    loan: Loan
    level: Level
    reason: str
    ltv: float | None
    fall_to_alarm: float
    fall_to_liquidation: float | None
    to_repay: float
    to_add: float
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """An asset that earns much, beside what borrowing it costs, where that is known."""

    asset: str
    apr: float
    product: str
    loan_apr: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """All loans of an account. `ltv` is the worst; None: of one of them it is not known."""

    loans: tuple[LoanState, ...]
    offers: tuple[Offer, ...]
    level: Level
    ltv: float | None


def judge(loans: Sequence[Loan], rates: Sequence[EarnRate], limits: LtvLimits) -> Judgement:
    """Return the state of each loan, what could be earned, and the worst level of all."""
    states = tuple(_state(one, limits) for one in loans)
    offers = tuple(_offers(loans, rates, limits))
    levels = [one.level for one in states] + [Level.OPPORTUNITY for _ in offers]
    known = [one.ltv for one in states]
    worst = None if None in known else max((one for one in known if one is not None), default=0.0)
    return Judgement(states, offers, max(levels, default=Level.FINE), worst)


def ltv_of(loan: Loan) -> float | None:
    """Return the worse of what the venue says and what the price gives; None: neither is there.

    A debt without collateral is infinite, no debt is 0.
    """
    if loan.debt == 0:
        return 0.0
    found = [_finite(loan.ltv), _by_price(loan)]
    return max((one for one in found if one is not None), default=None)


def _by_price(loan: Loan) -> float | None:
    if loan.price is None:
        return None
    value = loan.collateral * loan.price
    return float(loan.debt / value) if value > 0 else math.inf


def _finite(ratio: float | None) -> float | None:
    return None if ratio is None or math.isnan(ratio) or ratio < 0.0 else ratio


def _state(loan: Loan, limits: LtvLimits) -> LoanState:
    ltv = ltv_of(loan)
    level, reason = _level(loan, ltv, limits)
    if ltv is None:
        return LoanState(loan, level, reason, None, 0.0, None, 0.0, 0.0)
    over = ltv > limits.warning
    share = limits.warning / ltv if over else 1.0
    return LoanState(
        loan,
        level,
        reason,
        ltv,
        fall_to_alarm=_fall(ltv, limits.alarm),
        fall_to_liquidation=_fall(ltv, loan.liquidation) if loan.liquidation else None,
        to_repay=float(loan.debt) * (1.0 - share),
        to_add=float(loan.collateral) * (1.0 / share - 1.0) if share > 0.0 else math.inf,
        remark=_remark(loan),
    )


def _level(loan: Loan, ltv: float | None, limits: LtvLimits) -> tuple[Level, str]:
    if ltv is None:
        return Level.CRITICAL, "loan to value is not known"
    shown = f"{ltv:.1%} of {loan.collateral_asset}"
    if ltv > limits.alarm:
        return Level.CRITICAL, f"{shown} is above {limits.alarm:.1%}"
    if loan.margin_call is not None and ltv >= loan.margin_call:
        return Level.CRITICAL, f"{shown} is at the venue's margin call, {loan.margin_call:.1%}"
    if ltv > limits.warning:
        return Level.IMPORTANT, f"{shown} is above {limits.warning:.1%}"
    return Level.FINE, f"{shown}"


def _fall(ltv: float, bound: float) -> float:
    return max(0.0, 1.0 - ltv / bound)


def _remark(loan: Loan) -> str:
    """Say where the two measures of a loan are of different moments."""
    said, made = _finite(loan.ltv), _by_price(loan)
    if said is None or made is None or abs(said - made) <= MEASURES_APART * max(said, made):
        return ""
    return f"the venue says {said:.1%}, the price gives {made:.1%}; the worse counts"


def _offers(loans: Sequence[Loan], rates: Sequence[EarnRate], limits: LtvLimits) -> list[Offer]:
    costs = {one.asset: one.apr for one in loans if one.apr is not None}
    found = []
    for rate in sorted(rates, key=lambda one: (-one.apr, one.asset, one.product)):
        if rate.apr < limits.earn_apr:
            continue
        reason = f"{rate.asset} earns {rate.apr:.1%} a year"
        cost = costs.get(rate.asset)
        if cost is not None:
            reason += f", and borrowing it costs {cost:.1%}"
        found.append(Offer(rate.asset, rate.apr, rate.product, cost, reason))
    return found
