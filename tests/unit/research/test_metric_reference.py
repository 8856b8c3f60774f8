"""The formulas against empyrical, scipy, pandas and the reference file (A-BT-06, R-MET-02, -15)."""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tests.data import SHARED, needs_data

from ballast.research.metrics import (
    distribution,
    drawdown,
    market,
    ratios,
    series,
    significance,
    student,
    trades,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import empyrical

RNG = np.random.default_rng(3)
RETURNS = RNG.standard_t(4, 900) * 0.02 + 0.001
MARKET = 0.6 * RETURNS + RNG.normal(0, 0.01, 900)
LEVELS = np.concatenate(([1.0], np.cumprod(1 + RETURNS)))


def _reference() -> list[dict[str, Any]]:
    path = SHARED / "reference" / "performance-metrics.json"
    return json.loads(path.read_text())["cases"] if path.is_file() else []


def _ours(returns: Any, base: Any, per_year: float) -> dict[str, float | None]:
    levels = np.concatenate(([1.0], np.cumprod(1 + returns)))
    rate, depth = (
        ratios.cagr(float(levels[-1]), len(returns), per_year),
        drawdown.max_drawdown(levels),
    )
    return {
        "cum_return": ratios.total_return(1.0, float(levels[-1])),
        "annual_return": rate,
        "annual_volatility": ratios.volatility(returns, per_year),
        "sharpe": ratios.sharpe(returns, per_year),
        "sortino": ratios.sortino(returns, per_year),
        "calmar": ratios.calmar(rate, depth),
        "max_drawdown": depth,
        "omega": ratios.omega(returns),
        "downside_risk": ratios.downside_risk(returns, per_year),
        "stability": ratios.stability(returns),
        "tail_ratio": distribution.tail_ratio(returns),
        "var_5pct": distribution.value_at_risk(returns, 0.05),
        "cvar_5pct": distribution.conditional_value_at_risk(returns, 0.05),
        "alpha": market.alpha(returns, base, per_year),
        "beta": market.beta(returns, base),
    }


@needs_data
@pytest.mark.parametrize("case", _reference(), ids=lambda case: case["name"])
def test_every_metric_equals_the_reference_file(case: dict[str, Any]) -> None:
    """R-MET-09. The case `mixed` starts with a missing value, which our daily series never has."""
    returns = np.array([np.nan if x is None else x for x in case["returns"]], np.float64)
    gap = int(np.isnan(returns).sum())
    returns = returns[gap:]
    base = _benchmark(case)[gap:]
    ours = _ours(returns, base, case["annualization"])
    expected = dict(case["metrics"])
    if gap:  # empyrical counts the missing first value as a day, or gives up; we have n - 1 days
        for name in ("annual_return", "calmar", "stability", "var_5pct", "cvar_5pct", "omega"):
            expected.pop(name)
    for name in ("up_capture", "down_capture"):
        expected.pop(name)
    for name, value in expected.items():
        if value is None:
            assert ours[name] is None, name
        else:
            assert ours[name] == pytest.approx(value, rel=1e-9, abs=1e-12), name


def _benchmark(case: dict[str, Any]) -> Any:
    if "benchmark" in case and isinstance(case["benchmark"], list):
        return np.array(case["benchmark"], np.float64)
    frame = pd.read_parquet(SHARED / case["benchmark_file"])
    close = pd.Series(frame["close"].to_numpy(), index=pd.to_datetime(frame["ts"], unit="ms"))
    daily = close.pct_change()
    return daily.loc[case["returns_first_day_utc"] :].to_numpy()[: case["n"]]


@pytest.mark.parametrize("per_year", [252, 365])
def test_ratios_equal_empyrical(per_year: int) -> None:
    ours = _ours(RETURNS, MARKET, per_year)
    frame, base = pd.Series(RETURNS), pd.Series(MARKET)
    theirs = {
        "cum_return": empyrical.cum_returns_final(frame),
        "annual_return": empyrical.annual_return(frame, annualization=per_year),
        "annual_volatility": empyrical.annual_volatility(frame, annualization=per_year),
        "sharpe": empyrical.sharpe_ratio(frame, annualization=per_year),
        "sortino": empyrical.sortino_ratio(frame, annualization=per_year),
        "calmar": empyrical.calmar_ratio(frame, annualization=per_year),
        "max_drawdown": empyrical.max_drawdown(frame),
        "omega": empyrical.omega_ratio(frame, annualization=per_year),
        "downside_risk": empyrical.downside_risk(frame, annualization=per_year),
        "stability": empyrical.stability_of_timeseries(frame),
        "tail_ratio": empyrical.tail_ratio(frame),
        "var_5pct": empyrical.value_at_risk(RETURNS),
        "cvar_5pct": empyrical.conditional_value_at_risk(RETURNS),
        "beta": empyrical.beta(frame, base),
        "alpha": empyrical.alpha(frame, base, annualization=per_year),
    }
    for name, value in theirs.items():
        assert ours[name] == pytest.approx(float(value), rel=1e-9), name


def test_moments_equal_scipy_and_kurtosis_is_raw() -> None:
    """features 2.14 item 13: excess instead of raw kurtosis is the field's favourite slip."""
    assert distribution.skewness(RETURNS) == pytest.approx(stats.skew(RETURNS), rel=1e-12)
    raw = stats.kurtosis(RETURNS, fisher=False)
    assert distribution.kurtosis(RETURNS) == pytest.approx(raw, rel=1e-12)
    normal = np.random.default_rng(1).normal(size=200_000)
    assert distribution.kurtosis(normal) == pytest.approx(3.0, abs=0.05)


@pytest.mark.parametrize("tail", [0.05, 0.01])
def test_normal_value_at_risk_equals_scipy(tail: float) -> None:
    centre, spread = RETURNS.mean(), RETURNS.std(ddof=1)
    var = stats.norm.ppf(tail, centre, spread)
    assert distribution.parametric_value_at_risk(RETURNS, tail) == pytest.approx(var, rel=1e-9)
    below = stats.norm.expect(lambda x: x, loc=centre, scale=spread, ub=var) / tail
    shortfall = distribution.parametric_conditional_value_at_risk(RETURNS, tail)
    assert shortfall == pytest.approx(below, rel=1e-6)


@pytest.mark.parametrize("freedom", [1, 2, 5, 29, 300, 5000])
def test_student_equals_scipy(freedom: int) -> None:
    for t in (0.0, 0.1, 1.0, 2.5, 8.0, 40.0):
        expected = 2 * stats.t.sf(t, freedom)
        assert student.two_sided_p(t, freedom) == pytest.approx(expected, rel=1e-9, abs=1e-300)
    for level in (0.5, 0.9, 0.95, 0.99):
        expected = stats.t.ppf((1 + level) / 2, freedom)
        assert student.quantile_two_sided(level, freedom) == pytest.approx(expected, rel=1e-9)


def test_mean_trade_interval_and_p_value_equal_scipy() -> None:
    """R-SIG-10."""
    pnl = RNG.normal(3, 40, 57)
    found = significance.significance_stats(pnl, RETURNS)
    test = stats.ttest_1samp(pnl, 0.0)
    bounds = test.confidence_interval(0.95)
    assert found.mean_trade is not None
    assert found.mean_trade.low == pytest.approx(bounds.low, rel=1e-9)
    assert found.mean_trade.high == pytest.approx(bounds.high, rel=1e-9)
    assert found.t_statistic == pytest.approx(test.statistic, rel=1e-12)
    assert found.p_value == pytest.approx(test.pvalue, rel=1e-9)


@needs_data
def test_probabilistic_sharpe_equals_the_published_examples() -> None:
    path = SHARED / "reference" / "sharpe-statistics.json"
    for case in json.loads(path.read_text())["probabilistic_sharpe"]["cases"]:
        ours = significance.probabilistic_sharpe(
            case["sr"], case["sr0"], case["T"], case["skew"], case["kurtosis"]
        )
        assert ours == pytest.approx(case["psr"], rel=1e-12)
        assert round(ours, 3) == case["published"]


def test_sharpe_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Under a known Sharpe, the 95 % interval holds it in about 95 % of samples (Lo 2002)."""
    truth = 0.05
    hits = 0
    rng = np.random.default_rng(11)
    for _ in range(1500):
        sample = rng.normal(truth, 1.0, 250)
        found = significance.sharpe_interval(sample, 1.0, normal=True)
        assert found is not None
        hits += found.low <= truth <= found.high
    assert 0.935 < hits / 1500 < 0.965


def test_mertens_widens_the_interval_of_negative_skew() -> None:
    crashes = np.where(np.arange(800) % 40 == 0, -0.08, 0.004)
    plain = significance.sharpe_interval(crashes, normal=True)
    honest = significance.sharpe_interval(crashes, normal=False)
    assert plain is not None
    assert honest is not None
    assert (honest.high - honest.low) > (plain.high - plain.low)


def test_drawdown_and_ulcer_equal_pandas() -> None:
    curve = pd.Series(LEVELS)
    depth = curve / curve.cummax() - 1
    assert drawdown.max_drawdown(LEVELS) == pytest.approx(depth.min(), rel=1e-12)
    assert drawdown.ulcer_index(LEVELS) == pytest.approx(np.sqrt((depth**2).mean()), rel=1e-12)


@needs_data
@pytest.mark.parametrize(
    ("name", "bars_a_day"), [("sma-BTCUSDT-1d", 1), ("trail-BTCUSDT-4h", 6)], ids=["1d", "4h"]
)
def test_curves_of_two_other_engines_give_their_figures(name: str, bars_a_day: int) -> None:
    """The reference annualises its 4h curve by bar; ours is per day, so the factor is passed."""
    stem = SHARED / "reference" / f"backtest-{name}"
    expected = json.loads(stem.with_suffix(".json").read_text())
    curve = pd.read_parquet(stem.with_suffix(".equity.parquet"))["equity"].to_numpy()
    metrics = expected["metrics"]
    returns = series.simple_returns(curve)
    assert ratios.sharpe(returns, 365 * bars_a_day) == pytest.approx(metrics["sharpe_365"])
    assert drawdown.max_drawdown(curve) == pytest.approx(metrics["max_drawdown_on_closes"])
    total = ratios.total_return(metrics["initial"], metrics["final"])
    assert total == pytest.approx(metrics["total_return"])
    pnl = np.array([trade["pnl"] for trade in expected["trades"]])
    assert trades.win_rate(pnl) == pytest.approx(metrics["wins"] / metrics["trades"])
