"""One row of a sweep: the figures of a run, from its counters and its daily equity.

Compiled, because a sweep makes thousands of them a second. Formulas are those of
`research.metrics`, and a test holds the two against each other.
"""

from __future__ import annotations

import math
from typing import Any

from ballast.core.jit import jit, jit_inner
from ballast.core.time import YEAR_DAYS
from ballast.kernel.tape import account_row, position, tape_row
from ballast.research.metrics.ratios import EXPONENT_MAX

METRICS = (
    "final_equity", "total_return", "cagr", "sharpe", "sortino", "calmar", "max_drawdown",
    "trades", "win_rate", "profit_factor", "expectancy", "mean_r", "exposure", "turnover",
    "fees", "slippage", "funding", "liquidations", "worst_streak", "longest_drawdown_days",
    "killed", "refused",
)  # fmt: skip
"""Columns of a sweep, in the order in which `figures` writes them. NaN: not defined."""

DAYS_MIN = 2
NOISE = 1e-24
"""Below this a variance is rounding noise: a flat run has no Sharpe ratio."""
_YEAR_DAYS = YEAR_DAYS
_EXPONENT_MAX = EXPONENT_MAX


@jit
def daily_ratios(initial: float, daily: Any) -> tuple[float, float]:  # noqa: ANN401 - float64 array
    """Return annualised (Sharpe, Sortino) of calendar-day returns, without a risk-free rate."""
    n = len(daily)
    if n < DAYS_MIN:
        return math.nan, math.nan
    total = 0.0
    squares = 0.0
    downside = 0.0
    before = initial
    for d in range(n):
        r = daily[d] / before - 1.0 if before > 0.0 else 0.0  # nothing moves after ruin
        total += r
        squares += r * r
        if r < 0.0:
            downside += r * r
        before = daily[d]
    mean = total / n
    variance = (squares - n * mean * mean) / (n - 1)
    sharpe = math.nan
    if variance > NOISE:
        sharpe = mean / math.sqrt(variance) * math.sqrt(_YEAR_DAYS)
    sortino = math.nan
    if downside > 0.0:
        sortino = mean / math.sqrt(downside / n) * math.sqrt(_YEAR_DAYS)
    return sharpe, sortino


@jit
def yearly_growth(growth: float, days: int) -> float:
    """Return the compound annual growth rate; NaN where it is no float."""
    if growth <= 0.0:
        return -1.0
    exponent = math.log(growth) * _YEAR_DAYS / days
    return math.exp(exponent) - 1.0 if exponent < _EXPONENT_MAX else math.nan


@jit
def longest_fall(initial: float, daily: Any) -> int:  # noqa: ANN401 - float64 array
    """Return the days from a peak of daily equity until it is reached again, or to the end."""
    peak = initial
    peak_day = -1
    longest = 0
    below = False
    for d in range(len(daily)):
        below = below or daily[d] < peak
        if below:
            longest = max(longest, d - peak_day)
        if daily[d] >= peak:
            peak = daily[d]
            peak_day = d
            below = False
    return longest


@jit_inner
def write_figures(
    acct: Any,  # noqa: ANN401 - an ACCOUNT record
    daily: Any,  # noqa: ANN401 - float64 array
    refused: int,
    open_count: int,
    timeframe_ms: int,
    out: Any,  # noqa: ANN401 - float64 array
) -> None:
    """Write METRICS of one run into `out`."""
    growth = acct.equity / acct.initial
    out[0] = acct.equity
    out[1] = growth - 1.0
    out[2] = yearly_growth(growth, len(daily))
    out[3], out[4] = daily_ratios(acct.initial, daily)
    out[5] = out[2] / acct.worst_drawdown if acct.worst_drawdown > 0.0 else math.nan
    out[6] = acct.worst_drawdown
    closed = acct.trades - open_count
    out[7] = closed
    out[8] = acct.wins / closed if closed > 0 else math.nan
    out[9] = acct.gross_win / acct.gross_loss if acct.gross_loss > 0.0 else math.nan
    out[10] = (acct.gross_win - acct.gross_loss) / closed if closed > 0 else math.nan
    out[11] = acct.sum_r / closed if acct.sum_r != 0.0 else math.nan  # 0: trades without a stop
    out[12] = acct.exposed_ms / (acct.steps * timeframe_ms)
    out[13] = acct.turnover / acct.initial
    out[14] = acct.fees
    out[15] = acct.slippage
    out[16] = acct.funding
    out[17] = acct.liquidations
    out[18] = acct.worst_streak
    out[19] = longest_fall(acct.initial, daily)
    out[20] = acct.killed
    out[21] = refused


@jit
def figures(
    account: Any,  # noqa: ANN401 - an ACCOUNT record array
    daily: Any,  # noqa: ANN401 - float64 array
    refused: int,
    open_count: int,
    timeframe_ms: int,
    out: Any,  # noqa: ANN401 - float64 array
) -> None:
    """Write METRICS of one run into `out`; `open_count` positions were still open at its end."""
    write_figures(account[0], daily, refused, open_count, timeframe_ms, out)


@jit
def figures_at(
    tape: int,
    daily: Any,  # noqa: ANN401 - float64 array
    refusals: Any,  # noqa: ANN401 - int64 array
    timeframe_ms: int,
    out: Any,  # noqa: ANN401 - float64 array
) -> None:
    """Write METRICS of the run that has just ended on `tape`, the address of its TAPE row."""
    t = tape_row(tape, 0)
    open_count = 0
    for s in range(t.symbols):
        if position(t.pos, s).lots > 0:
            open_count += 1
    refused = 0
    for k in range(len(refusals)):
        refused += refusals[k]
    write_figures(account_row(t.account, 0), daily, refused, open_count, timeframe_ms, out)
