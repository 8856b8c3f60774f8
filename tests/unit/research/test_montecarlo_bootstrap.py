"""Bootstrap of returns: exact on the identity draw, honest about its intervals (R-WF-05)."""

from __future__ import annotations

import math

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy import stats
from tests.data import SHARED, needs_data
from tests.fakes.resamples import draws_of

from ballast.core.errors import DataError, InternalError
from ballast.core.rng import stream
from ballast.research.metrics import series, significance
from ballast.research.metrics.drawdown import max_drawdown
from ballast.research.montecarlo.bootstrap import bootstrap_returns
from ballast.research.montecarlo.figures import (
    Figure,
    figures_of_paths,
    figures_of_sums,
    observed_figures,
    summands,
)
from ballast.research.montecarlo.outcomes import drawdown_bound, drawdown_odds, ruin_odds
from ballast.research.montecarlo.paths import draw_sums, log_growth, walk

YEAR = 365.0
RETURNS = np.random.default_rng(3).standard_t(4, 400) * 0.02 + 0.001
ROWS = [
    np.arange(400),
    np.random.default_rng(4).integers(0, 400, 400),
    np.roll(np.arange(400), 57),
]


@pytest.mark.parametrize("returns", [RETURNS, np.append(RETURNS[:-1], -1.0)], ids=["t", "ruin"])
def test_figures_of_a_draw_equal_those_of_its_returns(returns: np.ndarray) -> None:
    """Sums over blocks and the compiled walk give what the reports' own functions give."""
    draws = draws_of(ROWS, 400)
    np.testing.assert_array_equal(draws.indices(), ROWS)
    days = np.array([1, 57, 400])
    paths = walk(draws, log_growth(returns), days)
    sums = draw_sums(draws, summands(returns))
    found = figures_of_sums(sums, 400, float(returns.mean()), YEAR)
    found |= figures_of_paths(found[Figure.CAGR], paths.depth)
    for k, rows in enumerate(ROWS):
        for figure, expected in observed_figures(returns[rows], YEAR).items():
            assert found[figure][k] == pytest.approx(expected, rel=1e-9, abs=1e-9), figure
        levels = np.cumprod(np.maximum(1 + returns[rows], 1e-12))
        np.testing.assert_allclose(np.exp(paths.fan[k]), levels[days - 1], rtol=1e-9, atol=1e-11)
        lowest = min(1.0, float(levels.min()))
        assert math.exp(paths.lowest[k]) == pytest.approx(lowest, abs=1e-9)


def test_result_is_a_function_of_the_seed() -> None:
    one, two = (bootstrap_returns(RETURNS, seed=7, draws=50) for _ in range(2))
    other = bootstrap_returns(RETURNS, seed=8, draws=50)
    np.testing.assert_array_equal(one.outcomes.finals, two.outcomes.finals)
    np.testing.assert_array_equal(one.outcomes.fan.values, two.outcomes.fan.values)
    assert one.figures == two.figures
    assert one.figures != other.figures


def test_interval_covers_the_truth_as_often_as_it_says() -> None:
    """A-BT-10: 90 % intervals on 300 seeded normal samples hold the truth about 90 times of 100."""
    sims, days, truth = 300, 120, 0.1
    hits = {Figure.SHARPE: [0, 0], Figure.POSITIVE_DAYS: [0, 0], Figure.VOLATILITY: [0, 0]}
    known = {
        Figure.SHARPE: truth,
        Figure.POSITIVE_DAYS: float(stats.norm.cdf(truth)),
        Figure.VOLATILITY: 0.01,
    }
    for k in range(sims):
        sample = stream(k, "coverage").normal(truth * 0.01, 0.01, days)
        found = bootstrap_returns(sample, seed=k, draws=200, block=1.0, level=0.9, per_year=1.0)
        for figure, count in hits.items():
            row = found.interval(figure)
            assert row.percentile is not None
            assert row.bca is not None
            count[0] += row.percentile.low <= known[figure] <= row.percentile.high
            count[1] += row.bca.low <= known[figure] <= row.bca.high
    for figure, count in hits.items():
        for covered in count:
            assert 0.84 < covered / sims < 0.95, figure


@pytest.mark.parametrize("figure", [Figure.SHARPE, Figure.TOTAL, Figure.OMEGA])
def test_intervals_of_independent_days_equal_scipys(figure: Figure) -> None:
    """scipy.stats.bootstrap, percentile and BCa, within the Monte-Carlo error of both."""
    sample = np.random.default_rng(9).exponential(0.02, 30) ** 2 * 20 - 0.008

    def statistic(x: np.ndarray, axis: int = -1) -> np.ndarray:
        if figure == Figure.SHARPE:
            return x.mean(axis=axis) / x.std(axis=axis, ddof=1)
        if figure == Figure.TOTAL:
            return np.prod(1 + x, axis=axis) - 1
        return np.maximum(x, 0).sum(axis=axis) / np.maximum(-x, 0).sum(axis=axis)

    ours = bootstrap_returns(sample, seed=2, draws=20_000, block=1.0, level=0.9, per_year=1.0)
    row = ours.interval(figure)
    assert row.error is not None
    for method, interval in (("percentile", row.percentile), ("BCa", row.bca)):
        theirs = stats.bootstrap(
            (sample,), statistic, n_resamples=20_000, confidence_level=0.9, method=method, rng=5
        )
        assert interval is not None
        assert interval.low == pytest.approx(theirs.confidence_interval.low, abs=0.3 * row.error)
        assert interval.high == pytest.approx(theirs.confidence_interval.high, abs=0.3 * row.error)
        assert row.error == pytest.approx(theirs.standard_error, rel=0.05)
    assert row.bca is not None
    assert row.percentile is not None
    moved = max(abs(row.bca.low - row.percentile.low), abs(row.bca.high - row.percentile.high))
    assert moved > 0.6 * row.error  # the two differ by more than the tolerance


@needs_data
def test_error_of_a_real_sharpe_ratio_is_near_the_formula() -> None:
    """Daily returns of a real trend follower: single days give Mertens' error."""
    curve = pq.read_table(SHARED / "reference" / "backtest-sma-BTCUSDT-1d.equity.parquet")
    returns = series.simple_returns(curve["equity"].to_numpy())
    row = bootstrap_returns(returns, seed=1).interval(Figure.SHARPE)
    formula = significance.sharpe_interval(returns, YEAR, normal=False)
    assert row.percentile is not None
    assert formula is not None
    assert row.observed == pytest.approx(formula.estimate, rel=1e-12)
    wide = formula.high - formula.low
    free = bootstrap_returns(returns, seed=1, block=1.0).interval(Figure.SHARPE).percentile
    assert free is not None
    assert free.high - free.low == pytest.approx(wide, rel=0.1)
    assert row.percentile.high - row.percentile.low > 1.1 * wide  # these days do depend


def test_blocks_keep_the_memory_that_single_days_lose() -> None:
    """Trending days: the spread of the total is wide, and only blocks see it."""
    shocks = np.random.default_rng(1).normal(0, 0.01, 900)
    trending = np.convolve(shocks, np.ones(10), mode="valid") / math.sqrt(10)
    alone = bootstrap_returns(trending, seed=1, draws=400, block=1.0).interval(Figure.TOTAL)
    together = bootstrap_returns(trending, seed=1, draws=400).interval(Figure.TOTAL)
    assert alone.error is not None
    assert together.error is not None
    assert together.error > 1.8 * alone.error


def test_odds_bound_and_fan_agree_with_the_sorted_outcomes() -> None:
    found = bootstrap_returns(RETURNS, seed=2, draws=500, horizon=800)
    out = found.outcomes
    bound = drawdown_bound(out, 0.95)
    assert bound < 0
    assert drawdown_odds(out, -bound).estimate == pytest.approx(0.05, abs=0.004)
    assert drawdown_odds(out, 0.0).estimate == 1.0
    assert drawdown_odds(out, 1.1).estimate == 0.0
    half = ruin_odds(out, 0.5)
    assert half.estimate == np.mean(out.lowest <= 0.5)
    assert half.low <= half.estimate <= half.high
    assert list(out.fan.days[[0, -1]]) == [0, 800]
    assert (out.fan.values[:, 0] == 1.0).all()
    assert (np.diff(out.fan.values, axis=0)[:, 1:] > 0).all()
    np.testing.assert_allclose(
        out.fan.values[:, -1], np.exp(np.quantile(np.log(out.finals), out.fan.levels)), rtol=1e-12
    )


def test_odds_of_a_fall_equal_a_plain_simulation() -> None:
    """Independent days: the same question, asked with numpy alone."""
    rng = np.random.default_rng(17)
    seen = 0
    for _ in range(1500):
        levels = np.cumprod(1 + rng.choice(RETURNS, 250))
        seen += max_drawdown(np.concatenate(([1.0], levels))) <= -0.25
    ours = bootstrap_returns(RETURNS, seed=5, draws=1500, block=1.0, horizon=250)
    odds = drawdown_odds(ours.outcomes, 0.25, 0.999)
    assert odds.low - 0.03 < seen / 1500 < odds.high + 0.03


def test_figures_that_are_not_defined_have_no_interval() -> None:
    """No losing day: no Sortino, no omega, no Calmar; never a large number instead."""
    found = bootstrap_returns(np.linspace(0.001, 0.02, 60), seed=1, draws=50)
    for figure in (Figure.SORTINO, Figure.OMEGA, Figure.CALMAR):
        row = found.interval(figure)
        assert row.observed is None
        assert row.percentile is None
    assert found.interval(Figure.MAX_DRAWDOWN).observed == 0.0
    flat = bootstrap_returns(np.zeros(60), seed=1, draws=50)
    assert flat.interval(Figure.SHARPE).percentile is None
    assert flat.interval(Figure.TOTAL).bca is None


def test_other_horizons_have_no_jackknife() -> None:
    row = bootstrap_returns(RETURNS, seed=1, draws=60, horizon=90).interval(Figure.SHARPE)
    assert row.bca is None
    assert row.percentile is not None


@pytest.mark.parametrize(
    ("returns", "said"),
    [
        (RETURNS[:19], "too little data, 19 values; expected 20 or more"),
        (np.append(RETURNS, np.nan), "1 of 401 values are not finite"),
        (RETURNS.reshape(2, -1), "2 dimensions"),
    ],
)
def test_unfit_returns_are_a_clear_error(returns: np.ndarray, said: str) -> None:
    with pytest.raises(DataError, match=said):
        bootstrap_returns(returns, seed=1)


@pytest.mark.parametrize("wrong", [{"draws": 0}, {"draws": 10**6}, {"level": 1.0}, {"horizon": 1}])
def test_impossible_requests_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InternalError):
        bootstrap_returns(RETURNS, seed=1, **wrong)  # type: ignore[arg-type]
