"""Families on cases small enough to work out by hand (A-BT-06, R-MET-03, R-MET-04, R-MET-05)."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from ballast.core.reasons import Exit, Refusal
from ballast.core.records import TRADE
from ballast.core.time import DAY_MS, HOUR_MS
from ballast.research.metrics import (
    calendar,
    costs,
    drawdown,
    excursion,
    exposure,
    groups,
    ratios,
    refusals,
    rolling,
    series,
    trades,
)

JAN_1 = 19_358 * DAY_MS  # 2023-01-01


def ledger(*rows: tuple[float, float, float]) -> np.ndarray:
    """Make TRADE rows of (pnl, hours held, cash at risk), one after another."""
    table = np.zeros(len(rows), TRADE)
    at_ms = JAN_1
    for row, (pnl, hours, risk) in zip(table, rows, strict=True):
        row["pnl"], row["risk_cash"], row["side"], row["reason"] = pnl, risk, 1, Exit.SIGNAL
        row["r"] = pnl / risk if risk else 0.0
        row["entry_ms"], row["exit_ms"] = at_ms, at_ms + int(hours * HOUR_MS)
        at_ms = int(row["exit_ms"])
    return table


# fmt: off
#              pnl   hours  risk
LEDGER = [( 100.0,   2,    50.0),   # +2 R
          ( -50.0,   4,    50.0),   # -1 R
          ( -25.0,   1,    50.0),   # -0.5 R
          (   0.0,   3,     0.0),   # neither win nor loss, no stop
          (  75.0,  10,    25.0)]   # +3 R
# fmt: on


def test_trade_statistics_by_hand() -> None:
    found = trades.trade_stats(ledger(*LEDGER))
    assert (found.count, found.wins, found.losses) == (5, 2, 2)
    assert found.win_rate == 0.4
    assert found.net == 100.0
    assert found.profit_factor == pytest.approx(175 / 75)
    assert found.expectancy == 20.0
    assert found.expectancy_r == pytest.approx((2 - 1 - 0.5 + 3) / 4)
    assert found.average_win == 87.5
    assert found.average_loss == -37.5
    assert found.payoff == pytest.approx(87.5 / 37.5)
    assert (found.best, found.worst) == (100.0, -50.0)
    assert (found.best_r, found.worst_r) == (3.0, -1.0)
    assert found.average_ms == 4 * HOUR_MS
    assert found.median_ms == 3 * HOUR_MS
    assert found.longest_ms == 10 * HOUR_MS
    assert (found.wins_in_row, found.losses_in_row) == (1, 2)
    spread = np.std([100, -50, -25, 0, 75], ddof=1)
    assert found.sqn == pytest.approx(math.sqrt(5) * 20 / spread)


def test_open_positions_are_reported_apart() -> None:
    table = ledger(*LEDGER)
    table["reason"][-1] = Exit.END
    found = trades.trade_stats(table)
    assert (found.count, found.open_count, found.open_pnl) == (4, 1, 75.0)
    assert found.net == 25.0


@pytest.mark.parametrize(
    ("flags", "longest"), [([], 0), ([0, 0], 0), ([1, 1, 0, 1, 1, 1], 3), ([1, 0, 1], 1)]
)
def test_longest_run(flags: list[int], longest: int) -> None:
    assert trades.longest_run(np.array(flags, np.int64)) == longest


def test_a_day_without_bars_is_a_day_without_return() -> None:
    """SEMANTICS 7: per calendar day, so that an outage does not look like volatility."""
    ends = np.array([JAN_1 + DAY_MS, JAN_1 + 4 * DAY_MS], np.int64)
    found = series.daily_series(ends, np.array([110.0, 121.0]), 100.0)
    np.testing.assert_allclose(found.returns, [0.1, 0.0, 0.0, 0.1])
    np.testing.assert_allclose(found.equity, [110, 110, 110, 121])


def test_the_last_day_may_end_early() -> None:
    ends = np.array([JAN_1 + DAY_MS, JAN_1 + DAY_MS + 5 * HOUR_MS], np.int64)
    found = series.daily_series(ends, np.array([100.0, 101.0]), 100.0)
    assert len(found) == 2
    assert found.day[1] * DAY_MS == JAN_1 + DAY_MS


def test_a_ruined_account_has_returns_that_stop() -> None:
    np.testing.assert_allclose(
        series.simple_returns(np.array([100.0, 50.0, -10.0, -20.0])), [-0.5, -1.2, 0.0]
    )
    assert ratios.cagr(-0.1, 100) == -1.0


#  level      100  120   90  110  120  130   65  100
DRAWDOWNS = [100, 120, 90, 110, 120, 130, 65, 100]  # 120 -> 90 -> 120, then 130 -> 65, still below


def test_drawdowns_by_hand() -> None:
    at_ms = np.arange(8, dtype=np.int64) * HOUR_MS
    levels = np.array(DRAWDOWNS, np.float64)
    first, second = drawdown.drawdowns(at_ms, levels)
    assert first.depth == pytest.approx(-0.25)
    assert (first.start_ms, first.trough_ms, first.end_ms) == (HOUR_MS, 2 * HOUR_MS, 4 * HOUR_MS)
    assert (first.duration_ms, first.recovery_ms) == (3 * HOUR_MS, 2 * HOUR_MS)
    assert second.depth == pytest.approx(-0.5)
    assert (second.end_ms, second.recovery_ms) == (None, None)
    assert second.duration_ms == 2 * HOUR_MS
    found = drawdown.drawdown_stats(at_ms, levels, levels)
    assert found.max == second.depth
    assert found.worst == (second, first)
    assert found.longest_ms == 3 * HOUR_MS
    assert found.from_start == pytest.approx(-0.35)


def test_months_and_years_equal_pandas() -> None:
    """R-MET-04."""
    rng = np.random.default_rng(2)
    days = np.arange(800, dtype=np.int64) + JAN_1 // DAY_MS + 17
    equity = 1000 * np.cumprod(1 + rng.normal(0, 0.02, 800))
    daily = series.daily_series((days + 1) * DAY_MS, equity, 1000.0)
    frame = pd.Series(daily.returns, index=pd.to_datetime(days, unit="D"))
    monthly = frame.groupby([frame.index.year, frame.index.month]).apply(
        lambda r: (1 + r).prod() - 1
    )
    ours = {(row.year, row.month): row.change for row in calendar.monthly_returns(daily, 1000.0)}
    assert list(ours) == list(monthly.index)
    np.testing.assert_allclose(list(ours.values()), monthly.to_numpy(), rtol=1e-9, atol=1e-12)
    yearly = frame.groupby(frame.index.year).apply(lambda r: (1 + r).prod() - 1)
    years = calendar.yearly_returns(daily, 1000.0)
    np.testing.assert_allclose([row.change for row in years], yearly.to_numpy(), rtol=1e-9)
    worst = [
        float((path / path.cummax() - 1).min())
        for path in (
            pd.concat([pd.Series([1.0]), (1 + part).cumprod()])
            for _, part in frame.groupby(frame.index.year)
        )
    ]
    np.testing.assert_allclose([row.max_drawdown for row in years], worst, rtol=1e-9)


def test_groups_cut_every_trade_once() -> None:
    table = ledger(*LEDGER)
    table["symbol"] = [0, 1, 0, 1, 0]
    table["side"] = [1, -1, 1, 1, -1]
    table["reason"] = [Exit.STOP, Exit.STOP, Exit.TIME, Exit.SIGNAL, Exit.STOP]
    cuts = (
        groups.by_side(table),
        groups.by_name(table, ["A", "B"]),
        groups.by_exit(table),
        groups.by_weekday(table),
        groups.by_hour(table),
    )
    for cut in cuts:
        assert sum(row.count for row in cut) == 5
        assert sum(row.net for row in cut) == pytest.approx(100.0)
    assert [row.key for row in cuts[2]] == ["stop", "signal", "time"]
    assert cuts[1][1].net == -50.0


def test_symbols_of_one_tag_share_a_row() -> None:
    table = ledger(*LEDGER)
    table["symbol"] = [0, 1, 2, 1, 0]
    rows = groups.by_name(table, ["trend", "revert", "trend"])
    assert [(row.key, row.count) for row in rows] == [("trend", 3), ("revert", 2)]


def test_weekday_and_hour_equal_pandas() -> None:
    at_ms = JAN_1 + np.arange(400, dtype=np.int64) * 7 * HOUR_MS
    stamps = pd.to_datetime(at_ms, unit="ms")
    np.testing.assert_array_equal(groups.weekday(at_ms), stamps.day_of_week)


def test_r_histogram_counts_every_trade_and_keeps_outliers_in_open_bins() -> None:
    multiples = np.array([-40.0, -1.0, -0.75, 0.0, 0.49, 0.5, 2.0, 9.99, 10.0, 55.0])
    bins = excursion.r_histogram(multiples)
    assert sum(each.count for each in bins) == 10
    assert (bins[0].low, bins[0].high, bins[0].count) == (None, -5.0, 1)
    assert (bins[-1].low, bins[-1].high, bins[-1].count) == (10.0, None, 2)
    inside = {(each.low, each.high): each.count for each in bins if each.count}
    assert inside[(-1.0, -0.5)] == 2
    assert inside[(0.0, 0.5)] == 2


def test_exposure_by_hand() -> None:
    clock = JAN_1 + np.arange(5, dtype=np.int64) * 73 * DAY_MS  # four steps: 292 days
    found = exposure.exposure_stats(
        clock, np.full(5, 1000.0), np.array([0.0, 0.5, 1.0, 0.0, 0.0]), 8000.0
    )
    assert found.time == 0.4
    assert found.mean_gross == pytest.approx(0.3)
    assert found.mean_gross_held == 0.75
    assert found.max_gross == 1.0
    assert found.turnover_yearly == pytest.approx(8.0 / 0.8)


def test_one_refusal_reason_above_95_percent_is_named() -> None:
    counts = np.zeros(len(Refusal), np.int64)
    counts[Refusal.MIN_NOTIONAL], counts[Refusal.NO_CASH] = 96, 4
    found = refusals.refusal_stats(counts, trades=25)
    assert found.dominant == "min_notional"
    assert found.taken == 0.2
    assert [row.share for row in found.rows] == [0.96, 0.04]
    counts[Refusal.NO_CASH] = 6
    assert refusals.refusal_stats(counts, trades=25).dominant is None


def test_cost_ladder_is_linear_in_costs() -> None:
    """A rung at the break-even cost leaves nothing."""
    from tests.fakes.results import Deal, make_result  # noqa: PLC0415 - only here

    result = make_result([Deal(10, 20, funding=3.0), Deal(30, 60, lots=4000)])
    fills, rows = result.run.fills, result.run.trades
    notional = fills["price"] * fills["lots"] * 0.001
    net = float(rows["pnl"].sum())
    found = costs.cost_stats(fills, rows, notional, initial=10_000.0, net=net)
    assert found.total == pytest.approx(found.fees + found.slippage + 3.0)
    assert found.gross == pytest.approx(net + found.total)
    assert [rung.net for rung in found.ladder] == pytest.approx(
        [found.gross - k * found.total for k in range(4)]
    )
    assert found.ladder[1].net == pytest.approx(net)
    assert sum(month.fees for month in found.months) == pytest.approx(found.fees)
    assert sum(month.funding for month in found.months) == pytest.approx(3.0)


def test_rolling_equals_pandas() -> None:
    returns = np.random.default_rng(4).normal(0, 0.02, 300)
    window = pd.Series(returns).rolling(90)
    spread = window.std() * math.sqrt(365)
    np.testing.assert_allclose(rolling.rolling_volatility(returns, 90), spread, rtol=1e-9)
    ratio = window.mean() / window.std() * math.sqrt(365)
    np.testing.assert_allclose(rolling.rolling_sharpe(returns, 90), ratio, rtol=1e-7, atol=1e-9)
    assert np.isnan(rolling.rolling_sharpe(np.zeros(100), 90)).all()
