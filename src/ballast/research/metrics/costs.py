"""What trading cost, against what it earned: fees, slippage, funding, and the cost ladder.

Slippage is inside the fill prices, so profit before costs is net profit + fees + slippage +
funding. The ladder asks what the same trades would have left at other costs. It is a first-order
answer: with other costs the sizes, and with limits the trades themselves, would differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.reasons import Exit

if TYPE_CHECKING:
    from ballast.kernel.market import Records
    from ballast.research.metrics.series import Floats, Ints

LADDER = (0.0, 1.0, 2.0, 3.0)


@dataclass(frozen=True, slots=True)
class CostRung:
    """Net profit of the same trades at `multiple` times the costs paid."""

    multiple: float
    net: float
    change: float


@dataclass(frozen=True, slots=True)
class CostMonth:
    """Costs of one calendar month (UTC); funding is booked in the month the trade closed."""

    year: int
    month: int
    fees: float
    slippage: float
    funding: float
    turnover: float


@dataclass(frozen=True, slots=True)
class CostStats:
    """Costs in quote currency; funding is positive where we paid."""

    fees: float
    slippage: float
    funding: float
    total: float
    gross: float
    share_of_gross: float | None
    bps_of_turnover: float | None
    breakeven_bps: float | None
    liquidations: int
    ladder: tuple[CostRung, ...]
    months: tuple[CostMonth, ...]


def cost_stats(
    fills: Records, trades: Records, notional: Floats, *, initial: float, net: float
) -> CostStats:
    """Return the costs of FILL and TRADE rows; `notional` is the traded value of each fill."""
    fees, slippage = float(np.sum(fills["fee"])), float(np.sum(fills["slippage"]))
    funding = float(np.sum(trades["funding"]))
    total, turnover = fees + slippage + funding, float(np.sum(notional))
    gross = net + total
    return CostStats(
        fees=fees,
        slippage=slippage,
        funding=funding,
        total=total,
        gross=gross,
        share_of_gross=total / gross if gross > 0 else None,
        bps_of_turnover=1e4 * total / turnover if turnover > 0 else None,
        breakeven_bps=1e4 * gross / turnover if turnover > 0 else None,
        liquidations=int(np.count_nonzero(trades["reason"] == Exit.LIQUIDATION)),
        ladder=tuple(
            CostRung(multiple, gross - multiple * total, (gross - multiple * total) / initial)
            for multiple in LADDER
        ),
        months=_months(fills, trades, notional),
    )


def _months(fills: Records, trades: Records, notional: Floats) -> tuple[CostMonth, ...]:
    of_fill, of_trade = month_number(fills["at_ms"]), month_number(trades["exit_ms"])
    keys = np.unique(np.concatenate((of_fill, of_trade)))
    return tuple(
        CostMonth(
            year=1970 + int(key) // 12,
            month=int(key) % 12 + 1,
            fees=float(np.sum(fills["fee"][of_fill == key])),
            slippage=float(np.sum(fills["slippage"][of_fill == key])),
            funding=float(np.sum(trades["funding"][of_trade == key])),
            turnover=float(np.sum(notional[of_fill == key])),
        )
        for key in keys
    )


def month_number(at_ms: Ints) -> Ints:
    """Return months since January 1970 (UTC)."""
    return np.asarray(at_ms, "datetime64[ms]").astype("datetime64[M]").astype(np.int64)
