"""What is held and what a day may cost, against numpy, scipy and the metrics of research."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ballast.research.metrics import distribution
from ballast.risk.exposure import (
    BARS_MIN,
    DAYS_MIN,
    Held,
    clusters_of,
    correlation,
    group_of,
    sectors_of,
    value_at_risk,
)

HOURS = 24.0
BOOK = [
    Held("BTCUSDT", "majors", 6_000.0, 60.0),
    Held("ETHUSDT", "majors", -2_000.0, 40.0),
    Held("SOLUSDT", "layer1", 1_000.0, 30.0),
    Held("XAUUSDT", "", 500.0, 500.0),
]


def walk(rows: int, columns: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    common = rng.standard_t(4, (rows, 1)) * 0.004
    own = rng.standard_t(4, (rows, columns)) * 0.003
    return 100.0 * np.exp(np.cumsum(common + own, axis=0))


def test_exposure_is_added_gross_and_net() -> None:
    """R-RISK-23."""
    whole = group_of("all", BOOK)
    assert (whole.gross, whole.net, whole.at_stop) == (9_500.0, 5_500.0, 630.0)
    sectors = {one.name: (one.gross, one.net) for one in sectors_of(BOOK)}
    assert sectors == {"majors": (8_000.0, 4_000.0), "layer1": (1_000.0, 1_000.0)}


def test_a_cluster_is_a_chain_of_positions_of_one_side() -> None:
    """BTC and SOL move together, SOL and XAU too: one cluster; the short one stands alone."""
    pairs = [{"BTCUSDT", "SOLUSDT"}, {"SOLUSDT", "XAUUSDT"}, {"BTCUSDT", "ETHUSDT"}]
    found = clusters_of(BOOK, lambda one, other: {one, other} in pairs)
    assert [one.symbols for one in found] == [("BTCUSDT", "SOLUSDT", "XAUUSDT"), ("ETHUSDT",)]
    assert found[0].at_stop == 590.0
    none = clusters_of(BOOK, lambda *_: False)
    assert len(none) == 4, "one sector, and two sides"
    kin = [Held("A", "x", 1.0, 0.0), Held("B", "x", 2.0, 0.0)]
    assert [one.symbols for one in clusters_of(kin, lambda *_: False)] == [("A", "B")]


def test_correlation_is_pearsons_and_too_few_bars_count_as_correlated() -> None:
    closes = walk(900, 2)
    found = correlation(closes[:, 0], closes[:, 1], 720)
    logs = np.diff(np.log(closes), axis=0)[-720:]
    assert found == pytest.approx(stats.pearsonr(logs[:, 0], logs[:, 1])[0], rel=1e-12)
    assert correlation(closes[:300, 0], closes[:300, 1], 720) == 1.0
    assert correlation(np.full(900, 7.0), closes[:, 1], 720) == 1.0


def test_value_at_risk_is_that_of_the_past_days_of_these_positions() -> None:
    """R-RISK-12: against the quantile, scipy's normal, and the metrics of a backtest."""
    closes = walk(2_000, 3)
    notionals = np.array([6_000.0, -2_000.0, 1_000.0])
    found = value_at_risk(notionals, closes, HOURS)
    assert found is not None
    assert not found.is_scaled
    assert found.returns == 2_000 - 24
    pnl = np.array([
        float(np.dot(notionals, closes[row] / closes[row - 24] - 1.0)) for row in range(24, 2_000)
    ])  # fmt: skip
    mean, std = pnl.mean(), pnl.std(ddof=1)
    for tail, var, cvar, normal, shortfall in (
        (0.05, found.var_95, found.cvar_95, found.var_95_normal, found.cvar_95_normal),
        (0.01, found.var_99, found.cvar_99, found.var_99_normal, found.cvar_99_normal),
    ):
        assert var == pytest.approx(-np.quantile(pnl, tail), rel=1e-9)
        assert normal == pytest.approx(-stats.norm(mean, std).ppf(tail), rel=1e-9)
        worse = stats.norm(mean, std).expect(ub=stats.norm(mean, std).ppf(tail)) / tail
        assert shortfall == pytest.approx(-worse, rel=1e-6)
        assert var == pytest.approx(-distribution.value_at_risk(pnl, tail), rel=1e-9)
        assert cvar == pytest.approx(-distribution.conditional_value_at_risk(pnl, tail), rel=1e-9)
        assert cvar >= var
    assert found.var_99 > found.var_95


def test_a_few_days_of_bars_are_scaled_and_fewer_say_nothing() -> None:
    closes = walk(DAYS_MIN * 24, 1)
    notional = np.array([1_000.0])
    found = value_at_risk(notional, closes, HOURS)
    assert found is not None
    assert found.is_scaled
    bars = (closes[1:, 0] / closes[:-1, 0] - 1.0) * 1_000.0
    assert found.var_95 == pytest.approx(-np.quantile(bars, 0.05) * math.sqrt(24.0), rel=1e-9)
    assert value_at_risk(notional, closes[:BARS_MIN], HOURS) is None
    assert value_at_risk(notional, closes[: BARS_MIN + 1], HOURS) is not None
    assert value_at_risk(notional, walk(BARS_MIN, 1), 1.0) is None
    days = value_at_risk(notional, walk(400, 1), 1.0)
    assert days is not None
    assert not days.is_scaled
    weeks = value_at_risk(notional, walk(400, 1), 1.0 / 7.0)
    assert weeks is not None
    assert weeks.is_scaled


@given(st.integers(0, 1_000), st.floats(0.1, 10.0))
def test_it_grows_with_the_size_and_does_not_care_about_the_order(seed: int, factor: float) -> None:
    closes, notionals = walk(600, 3, seed), np.array([100.0, -50.0, 20.0])
    one = value_at_risk(notionals, closes, HOURS)
    more = value_at_risk(notionals * factor, closes, HOURS)
    other = value_at_risk(notionals[::-1], closes[:, ::-1], HOURS)
    assert one is not None
    assert more is not None
    assert other is not None
    assert more.var_95 == pytest.approx(one.var_95 * factor, rel=1e-9)
    assert other.cvar_99 == pytest.approx(one.cvar_99, rel=1e-9)


def test_what_can_only_gain_costs_nothing() -> None:
    rising = 100.0 * np.exp(np.arange(600.0) * 0.001).reshape(-1, 1)
    found = value_at_risk(np.array([1_000.0]), rising, HOURS)
    assert found is not None
    assert found.var_95 == found.cvar_99 == 0.0
