"""Rows of a sweep: the figures of `sweep_row` are those of `research.metrics` for the same run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.fakes.runs import series_of

from ballast.core.settings import Settings
from ballast.kernel.run import Repeater, simulate
from ballast.research.assembly import assemble
from ballast.research.grid import Grid
from ballast.research.metrics import summary
from ballast.research.metrics.curves import daily_curve
from ballast.research.metrics.drawdown import drawdowns
from ballast.research.run import backtest, legs_of
from ballast.research.sweep import SweepRequest, sweep
from ballast.research.sweep_row import METRICS, daily_ratios, longest_fall, yearly_growth
from ballast.research.sweep_table import axis_column
from ballast.strategies import catalog

if TYPE_CHECKING:
    from pathlib import Path

    from ballast.research.result import Result

GRID = Grid({"fast": (5.0, 9.0, 21.0), "slow": (9.0, 21.0, 34.0)})
CROSS = catalog.load("ema_cross")


def longest_fall_of_days(result: Result) -> float:
    """The longest of the falls that `research.metrics` finds in the equity of the day ends."""
    days = daily_curve(result)
    levels = np.concatenate(([float(result.run.account["initial"])], days.equity))
    falls = drawdowns(86_400_000 * np.arange(len(levels)), levels)
    return max((fall.duration_ms for fall in falls), default=0) / 86_400_000


def expected_row(result: Result) -> dict[str, float | None]:
    """What `research.metrics` says of the same run."""
    found, run = summary(result), result.run
    trades = found.trades
    return {
        "final_equity": found.account.final,
        "total_return": found.returns.total,
        "cagr": found.returns.cagr,
        "sharpe": found.returns.sharpe,
        "sortino": found.returns.sortino,
        "calmar": found.returns.calmar,
        "max_drawdown": -found.drawdown.max,
        "trades": trades.count,
        "win_rate": trades.win_rate,
        "profit_factor": trades.profit_factor,
        "expectancy": trades.expectancy,
        "mean_r": trades.expectancy_r,
        "exposure": found.exposure.time,
        "turnover": found.exposure.turnover / found.account.initial,
        "fees": found.costs.fees,
        "slippage": found.costs.slippage,
        "funding": found.costs.funding,
        "liquidations": sum(run.trades["reason"] == 10),
        "worst_streak": trades.losses_in_row,
        "longest_drawdown_days": longest_fall_of_days(result),
        "killed": int(run.account["killed"]),
        "refused": found.refusals.total,
    }


CASES: dict[str, tuple[Any, Grid, dict[str, Any]]] = {
    "spot": ("ema_cross", GRID, {}),
    "perpetual": ("donchian_breakout", Grid({"entry": (10.0, 30.0)}), {"perpetual": True}),
    "days": ("momentum", Grid({"window": (5.0, 20.0)}), {"timeframe": "1d", "count": 900}),
    "quarters": (
        "mean_reversion",
        Grid({"width": (1.0, 2.0)}),
        {"timeframe": "15m", "count": 4_000},
    ),
    "short": ("stochrsi_short", Grid({"ema1": (5.0, 9.0)}), {"perpetual": True}),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("symbols", [("BTCUSDT",), ("BTCUSDT", "TRXUSDT")])
def test_a_row_is_the_single_backtest(case: str, symbols: tuple[str, ...], tmp_path: Path) -> None:
    """The formulas of `sweep_row` and of `research.metrics`, held against each other."""
    name, grid, more = CASES[case]
    series = series_of(more.get("count", 1_200), symbols=symbols, **{
        key: value for key, value in more.items() if key != "count"
    })  # fmt: skip
    found = sweep(SweepRequest(catalog.load(name), grid, [series]), tmp_path)
    seen = 0
    for row in found.table.to_pylist():
        values = {axis: row[axis_column(axis)] for axis in grid.axes}
        result = backtest(catalog.load(name), series, params=values)
        wanted = expected_row(result)
        assert set(wanted) == set(METRICS)
        seen += int(wanted["trades"] or 0)
        for metric, value in wanted.items():
            said = row[metric]
            if value is None:
                assert math.isnan(said), metric
            else:
                assert said == pytest.approx(value, rel=1e-9, abs=1e-9), (metric, values)
    assert seen > 0


def test_a_repeater_forgets_the_run_before() -> None:
    """State is wiped between runs: A, B, A gives A twice, and equals a run of its own."""
    legs = {
        fast: legs_of(CROSS, series_of(1_200), {"fast": fast}, Settings()) for fast in (5.0, 9.0)
    }
    markets = {fast: assemble(own, dense=True) for fast, own in legs.items()}
    again = Repeater(markets[5.0], 10_000.0)

    def figures(fast: float) -> tuple[bytes, bytes, bytes]:
        m = markets[fast]
        account, daily, refusals = again(
            m.plan, m.signals, m.atr, m.stop, m.confidence, m.volatility
        )
        return account.tobytes(), daily.tobytes(), refusals.tobytes()

    first, other, third = figures(5.0), figures(9.0), figures(5.0)
    assert first == third != other
    alone = simulate(markets[9.0], 10_000.0, record=False)
    assert other[1:] == (alone.daily.tobytes(), alone.refusals.tobytes())


def test_a_row_does_not_depend_on_the_combination_before_it(tmp_path: Path) -> None:
    """Neighbours share bound columns, or the row of their trade construction, or nothing.

    Each order of the axes makes another neighbour of each combination.
    """
    axes = {"fast": (5.0, 9.0), "slow": (9.0, 21.0), "stop": (1.5, 3.0), "trail": (2.0, 5.5)}
    found = []
    for names in (tuple(axes), tuple(reversed(axes))):
        grid = Grid({name: axes[name] for name in names})
        table = sweep(SweepRequest(CROSS, grid, [series_of(1_200)]), tmp_path / names[0]).table
        rows = [{name: repr(row[name]) for name in (*axes, *METRICS)} for row in table.to_pylist()]
        found.append(sorted(rows, key=repr))
    assert found[0] == found[1]
    assert len({row["final_equity"] for row in found[0]}) > 5


def test_figures_that_are_not_defined_are_nan_not_zero(tmp_path: Path) -> None:
    """Nobody traded: no ratio, no win rate, and no drawdown either, however long it was flat."""
    grid = Grid({"threshold": (0.9,)})
    (row,) = sweep(
        SweepRequest(catalog.load("momentum"), grid, [series_of(900)]), tmp_path
    ).table.to_pylist()
    undefined = {"sharpe", "sortino", "calmar", "win_rate", "profit_factor", "expectancy", "mean_r"}
    assert {name for name in METRICS if math.isnan(row[name])} == undefined
    assert (row["trades"], row["longest_drawdown_days"], row["exposure"]) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("levels", "days"),
    [
        ([100.0, 100.0, 100.0], 0),
        ([101.0, 102.0, 103.0], 0),
        ([99.0, 99.5, 100.0], 3),  # back at the start: the fall lasted three days
        ([99.0, 98.0, 97.0], 3),  # never back: to the end
        ([110.0, 105.0, 110.0, 109.0, 109.0, 111.0], 3),
        ([110.0, 110.0, 110.0, 109.0], 1),  # at the peak is not below it
        ([], 0),
    ],
)
def test_the_longest_fall_by_hand(levels: list[float], days: int) -> None:
    assert longest_fall(100.0, np.array(levels)) == days


def test_ruin_stops_the_daily_returns() -> None:
    """Equity of zero once divided by zero."""
    sharpe, sortino = daily_ratios(100.0, np.array([50.0, 0.0, 0.0, 0.0]))
    assert math.isfinite(sharpe)
    assert sortino < 0.0
    assert yearly_growth(0.0, 30) == -1.0
    assert math.isnan(yearly_growth(10.0, 1))
    assert yearly_growth(1.1, 365) == pytest.approx(0.1)
