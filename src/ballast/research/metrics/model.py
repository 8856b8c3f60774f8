"""Summary: every figure of one run in one frozen tree.

The groups are families of formulas (one file each); the leaves are plain numbers, None where a
number is not defined. `catalogue` gives each leaf its label, unit and formula.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ballast.research.metrics.calendar import MonthReturn, YearReturn
    from ballast.research.metrics.costs import CostStats
    from ballast.research.metrics.drawdown import DrawdownStats
    from ballast.research.metrics.excursion import ExcursionStats
    from ballast.research.metrics.exposure import ExposureStats
    from ballast.research.metrics.groups import Group
    from ballast.research.metrics.market import MarketStats
    from ballast.research.metrics.refusals import RefusalStats
    from ballast.research.metrics.returns import ReturnStats, TailStats
    from ballast.research.metrics.significance import SignificanceStats
    from ballast.research.metrics.trades import TradeStats


@dataclass(frozen=True, slots=True)
class AccountStats:
    """The period and the account, quote currency; `unrealised` is what open positions are up."""

    from_ms: int
    to_ms: int
    days: int
    bars: int
    warmup_bars: int
    initial: float
    final: float
    profit: float
    closed: float
    unrealised: float
    cash: float
    peak: float


@dataclass(frozen=True, slots=True)
class Summary:
    """All figures of one run; `per_year` is the annualisation factor in days."""

    per_year: float
    account: AccountStats
    returns: ReturnStats
    tails: TailStats
    drawdown: DrawdownStats
    trades: TradeStats
    excursion: ExcursionStats
    exposure: ExposureStats
    costs: CostStats
    market: MarketStats
    significance: SignificanceStats
    refusals: RefusalStats
    sides: tuple[Group, ...]
    symbols: tuple[Group, ...]
    tags: tuple[Group, ...]
    exits: tuple[Group, ...]
    weekdays: tuple[Group, ...]
    hours: tuple[Group, ...]
    months: tuple[MonthReturn, ...]
    years: tuple[YearReturn, ...]
    remarks: tuple[str, ...]
