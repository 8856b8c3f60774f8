"""`summary(result)`: every number of a finished run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.time import YEAR_DAYS
from ballast.research.metrics import groups
from ballast.research.metrics.calendar import monthly_returns, yearly_returns
from ballast.research.metrics.costs import cost_stats
from ballast.research.metrics.curves import (
    Curve,
    daily_curve,
    equity_curve,
    hold_at_closes,
    hold_at_days,
)
from ballast.research.metrics.drawdown import drawdown_stats
from ballast.research.metrics.excursion import excursion_stats
from ballast.research.metrics.exposure import exposure_stats
from ballast.research.metrics.market import market_stats
from ballast.research.metrics.model import AccountStats, Summary
from ballast.research.metrics.refusals import refusal_stats
from ballast.research.metrics.remarks import remarks
from ballast.research.metrics.returns import return_stats, tail_stats
from ballast.research.metrics.significance import significance_stats
from ballast.research.metrics.trades import closed_trades, trade_stats
from ballast.research.metrics.units import fill_notional

if TYPE_CHECKING:
    from ballast.research.result import Result


def summary(result: Result, *, per_year: float = YEAR_DAYS) -> Summary:
    """Compute everything; pure, and the same for the same result."""
    run, days, curve = result.run, daily_curve(result), equity_curve(result)
    closed, notional = closed_trades(run.trades), fill_notional(result)
    account = _account(result, len(days), curve)
    day_levels = np.concatenate(([account.initial], days.equity))
    falls = drawdown_stats(curve.at_ms, curve.equity, day_levels)
    returns = return_stats(
        days,
        initial=account.initial,
        final=account.final,
        max_drawdown=falls.max,
        per_year=per_year,
    )
    found = Summary(
        per_year=per_year,
        account=account,
        returns=returns,
        tails=tail_stats(days.returns),
        drawdown=falls,
        trades=trade_stats(run.trades),
        excursion=excursion_stats(closed),
        exposure=exposure_stats(run.clock_ms, run.equity, run.exposure, float(notional.sum())),
        costs=cost_stats(
            run.fills, run.trades, notional, initial=account.initial, net=account.profit
        ),
        market=market_stats(
            hold_at_closes(result), hold_at_days(result, days), days.returns, returns.total
        ),
        significance=significance_stats(
            np.asarray(closed["pnl"], np.float64), days.returns, per_year
        ),
        refusals=refusal_stats(run.refusals, len(run.trades)),
        sides=groups.by_side(closed),
        symbols=groups.by_name(closed, [bars.symbol for bars in result.bars]),
        tags=groups.by_name(closed, result.tags),
        exits=groups.by_exit(closed),
        weekdays=groups.by_weekday(closed),
        hours=groups.by_hour(closed),
        months=monthly_returns(days, account.initial),
        years=yearly_returns(days, account.initial),
        remarks=(),
    )
    return replace(found, remarks=remarks(found))


def _account(result: Result, days: int, curve: Curve) -> AccountStats:
    run = result.run
    initial, final = float(run.account["initial"]), float(curve.equity[-1])
    closed = float(closed_trades(run.trades)["pnl"].sum())
    profit = final - initial - float(run.account["flows"])
    return AccountStats(
        from_ms=int(curve.at_ms[0]),
        to_ms=int(curve.at_ms[-1]),
        days=days,
        bars=sum(len(bars) for bars in result.bars),
        warmup_bars=result.warmup_bars,
        initial=initial,
        final=final,
        profit=profit,
        closed=closed,
        unrealised=profit - closed,
        cash=float(run.account["cash"]),
        peak=float(curve.equity.max()),
    )
