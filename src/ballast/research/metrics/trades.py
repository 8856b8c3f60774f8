"""Statistics of closed trades. A trade is one position from flat to flat; open ones are apart.

`pnl` is net: after fees, slippage (it is in the prices) and funding. A win has pnl > 0, a loss < 0;
a trade of exactly zero is neither, but counts. R is pnl over the cash at risk at entry; trades
without a stop have none and are left out of the R figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.reasons import Exit
from ballast.research.metrics.series import FLAT, varies

if TYPE_CHECKING:
    from ballast.kernel.market import Records
    from ballast.research.metrics.series import Floats, Ints


@dataclass(frozen=True, slots=True)
class TradeStats:
    """What closed trades did, in quote currency, R and time."""

    count: int
    wins: int
    losses: int
    win_rate: float | None
    net: float
    gross_win: float
    gross_loss: float
    profit_factor: float | None
    expectancy: float | None
    expectancy_r: float | None
    average_win: float | None
    average_loss: float | None
    payoff: float | None
    best: float | None
    worst: float | None
    best_r: float | None
    worst_r: float | None
    average_ms: float | None
    median_ms: float | None
    longest_ms: float | None
    wins_in_row: int
    losses_in_row: int
    sqn: float | None
    sqn_r: float | None
    open_count: int
    open_pnl: float


def closed_trades(trades: Records) -> Records:
    """Return the rows that ended inside the run (all but those marked at its end)."""
    rows: Records = trades[trades["reason"] != Exit.END]
    return rows


def open_trades(trades: Records) -> Records:
    """Return the positions that were still open on the last bar, marked there."""
    rows: Records = trades[trades["reason"] == Exit.END]
    return rows


def r_multiples(trades: Records) -> Floats:
    """Return R of the trades whose risk at entry is known, in their order."""
    return np.asarray(trades["r"][trades["risk_cash"] > 0], np.float64)


def durations(trades: Records) -> Ints:
    """Return the time from entry fill to last exit fill, milliseconds."""
    return np.asarray(trades["exit_ms"] - trades["entry_ms"], np.int64)


def mean(values: Floats | Ints) -> float | None:
    """Return the mean, None of nothing."""
    return float(np.mean(values)) if len(values) else None


def win_rate(pnl: Floats) -> float | None:
    """Return wins / trades."""
    return float(np.count_nonzero(pnl > 0)) / len(pnl) if len(pnl) else None


def profit_factor(pnl: Floats) -> float | None:
    """Return gross win / gross loss; None without a loss (it would be infinite)."""
    lost = -float(np.sum(pnl[pnl < 0]))
    return float(np.sum(pnl[pnl > 0])) / lost if lost > FLAT else None


def payoff(pnl: Floats) -> float | None:
    """Return average win / average loss; None unless there are both."""
    won, lost = mean(pnl[pnl > 0]), mean(pnl[pnl < 0])
    return None if won is None or lost is None or lost > -FLAT else won / -lost


def longest_run(flags: Ints) -> int:
    """Return the length of the longest run of true values."""
    best = run = 0
    for flag in flags.tolist():
        run = run + 1 if flag else 0
        best = max(best, run)
    return best


def system_quality(values: Floats) -> float | None:
    """Return `sqrt(n) * mean / std` (system quality number, Tharp 2008), ddof = 1, n not capped."""
    if not varies(values):
        return None
    return float(np.sqrt(len(values)) * np.mean(values) / np.std(values, ddof=1))


def trade_stats(trades: Records) -> TradeStats:
    """Return the statistics of TRADE rows, which are in order of closing."""
    closed, still_open = closed_trades(trades), open_trades(trades)
    pnl = np.asarray(closed["pnl"], np.float64)
    multiples, held = r_multiples(closed), durations(closed)
    return TradeStats(
        count=len(pnl),
        wins=int(np.count_nonzero(pnl > 0)),
        losses=int(np.count_nonzero(pnl < 0)),
        win_rate=win_rate(pnl),
        net=float(np.sum(pnl)),
        gross_win=float(np.sum(pnl[pnl > 0])),
        gross_loss=float(np.sum(pnl[pnl < 0])),
        profit_factor=profit_factor(pnl),
        expectancy=mean(pnl),
        expectancy_r=mean(multiples),
        average_win=mean(pnl[pnl > 0]),
        average_loss=mean(pnl[pnl < 0]),
        payoff=payoff(pnl),
        best=_extreme(pnl, 1.0),
        worst=_extreme(pnl, -1.0),
        best_r=_extreme(multiples, 1.0),
        worst_r=_extreme(multiples, -1.0),
        average_ms=mean(held),
        median_ms=float(np.median(held)) if len(held) else None,
        longest_ms=_extreme(held.astype(np.float64), 1.0),
        wins_in_row=longest_run((pnl > 0).astype(np.int64)),
        losses_in_row=longest_run((pnl < 0).astype(np.int64)),
        sqn=system_quality(pnl),
        sqn_r=system_quality(multiples),
        open_count=len(still_open),
        open_pnl=float(np.sum(still_open["pnl"])),
    )


def _extreme(values: Floats, side: float) -> float | None:
    return side * float(np.max(side * values)) if len(values) else None
