"""Random entries: the twins trade as much, and an edge beats them while luck does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.edges import FOLLOW, edge_series
from tests.fakes.runs import flat_bars, scripted, series_of

from ballast.core.rng import stream
from ballast.research.case import Case
from ballast.research.series import Series
from ballast.research.stress.entries import random_entries, thrown_starts
from ballast.strategies import close, fixed_notional, no_stop, no_trail, strategy
from ballast.strategies.catalog import load


def test_an_edge_in_the_entries_beats_every_twin() -> None:
    brief = strategy(
        "brief",
        enter_long=close > close.shift(1),
        exit_after_bars=2,
        size=fixed_notional(0.1),
        stop=no_stop(),
        trail=no_trail(),
    )
    found = random_entries(Case(brief, edge_series(3_000)), seeds=19)
    assert found.own_exits_p == 1 / 20
    assert found.held_p == 1 / 501
    assert found.held_real > found.held.best


def test_an_edge_in_the_exits_is_not_one_in_the_entries() -> None:
    """Out after the first fall: in a market whose falls go on, any entry profits from that."""
    found = random_entries(Case(FOLLOW, edge_series(3_000)), seeds=19)
    assert found.own_exits.worst > 0.0
    assert found.own_exits_p > 0.1
    assert found.held_p == 1 / 501  # the same holds anywhere else are worth nothing


def test_entries_without_an_edge_do_not() -> None:
    found = [random_entries(Case(FOLLOW, edge_series(1_000, 0.0, k)), seeds=9) for k in range(12)]
    assert np.mean([one.held_p <= 0.2 for one in found]) <= 0.5
    assert np.mean([one.own_exits_p <= 0.2 for one in found]) <= 0.5
    assert 0.2 < np.mean([one.held_p for one in found]) < 0.8


@pytest.mark.parametrize("name", ["ema_cross", "momentum", "stochrsi"])
def test_twins_trade_about_as_much_and_as_long(name: str) -> None:
    series = series_of(6_000, perpetual=True)
    found = random_entries(Case(load(name), series), seeds=10)
    assert found.twin_trades.mean == pytest.approx(found.trades, rel=0.15)
    assert found.twin_exposure.mean == pytest.approx(found.exposure, rel=0.4)


def test_the_real_side_is_the_mean_of_the_trades() -> None:
    closes = 100.0 + 10.0 * np.sin(np.arange(200) / 5.0)
    bars = flat_bars(closes)
    case = Case(scripted({"BTCUSDT": {60: "L", 70: "l", 90: "L", 95: "l"}}), [Series(bars)])
    found = random_entries(case, seeds=3, throws=50)
    wanted = np.mean(
        [np.log(bars.close[71] / bars.open[61]), np.log(bars.close[96] / bars.open[91])]
    )
    assert found.held_real == pytest.approx(wanted)
    assert len(found.held.values) == 50
    assert found == random_entries(case, seeds=3, throws=50)
    assert found != random_entries(case, seeds=3, throws=50, seed=1)


@given(
    lengths=st.lists(st.integers(1, 20), min_size=1, max_size=20),
    spare=st.integers(0, 100),
    seed=st.integers(0, 999),
)
def test_thrown_stretches_never_overlap(lengths: list[int], spare: int, seed: int) -> None:
    sizes = np.array(lengths)
    bars = int(np.sum(sizes - 1)) + 1 + spare
    starts = thrown_starts(sizes, bars, stream(seed, "test"))
    ends = starts + sizes - 1
    assert starts[0] >= 0
    assert ends[-1] < bars
    assert (starts[1:] >= ends[:-1]).all()


def test_stretches_are_thrown_everywhere() -> None:
    draw = stream(1, "test")
    starts = np.array([thrown_starts(np.array([3]), 12, draw)[0] for _ in range(4_000)])
    counts = np.bincount(starts, minlength=10)
    assert len(counts) == 10
    assert (np.abs(counts - 400) < 5 * 20).all()
