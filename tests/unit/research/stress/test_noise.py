"""Noise keeps bars whole, missed fills drop entries only, and none of either changes nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.edges import FOLLOW, edge_series
from tests.unit.strategies.bars import walk

from ballast.core.bars import SYNTHETIC
from ballast.core.errors import UserError
from ballast.core.records import Signal
from ballast.core.rng import stream
from ballast.research.case import Case
from ballast.research.series import Series
from ballast.research.stress.missed import missed_fills, without_some
from ballast.research.stress.noise import noisy, price_noise


@given(bps=st.floats(0.0, 200.0), ticks=st.floats(0.0, 5.0), seed=st.integers(0, 999))
def test_noisy_bars_are_whole_bars(bps: float, ticks: float, seed: int) -> None:
    (made,) = noisy([Series(walk(100, 3))], seed, bps=bps, ticks=ticks)
    bars = made.bars
    assert (bars.low <= np.minimum(bars.open, bars.close)).all()
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()
    assert (bars.low > 0.0).all()
    assert np.array_equal(bars.volume, walk(100, 3).volume)


def test_noise_is_as_large_as_asked() -> None:
    one = Series(walk(20_000, 3))
    (made,) = noisy([one], 1, bps=10.0)
    off = np.log(made.bars.close / one.bars.close)
    assert np.std(off) == pytest.approx(1e-3, rel=0.03)
    assert abs(np.mean(off)) < 4 * 1e-3 / np.sqrt(20_000)
    flat = Series(replace(one.bars, close=np.full(20_000, 50.0)), one.instrument)
    (ticked,) = noisy([flat], 1, bps=0.0, ticks=2.0)
    wanted = 2.0 * float(one.rules.tick) / 50.0
    assert np.std(np.log(ticked.bars.close / 50.0)) == pytest.approx(wanted, rel=0.03)


def test_no_noise_and_bars_of_the_gap_policy_stay_as_they_are() -> None:
    one = Series(walk(300, 3))
    (same,) = noisy([one], 1, bps=0.0)
    assert np.array_equal(same.bars.close, one.bars.close)
    flags = np.zeros(300, np.uint8)
    flags[10:13] = SYNTHETIC
    (made,) = noisy([replace(one, bars=one.bars.with_flags(flags))], 1, bps=10.0)
    moved = made.bars.close != one.bars.close
    assert not moved[10:13].any()
    assert moved[:10].all()


def test_symbols_get_noise_of_their_own() -> None:
    a, b = Series(walk(100, 3)), Series(walk(100, 3, symbol="B/USDT"))
    made = noisy([a, b], 1, bps=10.0)
    assert not np.array_equal(made[0].bars.close, made[1].bars.close)
    again = noisy([a], 1, bps=10.0)
    assert np.array_equal(made[0].bars.close, again[0].bars.close)


def test_more_noise_leaves_less_of_an_edge_of_one_bar() -> None:
    found = price_noise(Case(FOLLOW, edge_series(2_000)), levels_bps=(0.0, 20.0, 200.0), seed=2)
    means = [level.figure.mean for level in found.levels]
    assert found.levels[0].figure.values == (found.plain,) * 8
    assert means[0] > means[1] > means[2]
    assert found == price_noise(
        Case(FOLLOW, edge_series(2_000)), levels_bps=(0.0, 20.0, 200.0), seed=2
    )


def test_negative_noise_is_refused() -> None:
    with pytest.raises(UserError, match="noise of -1 bps"):
        price_noise(Case(FOLLOW, edge_series(300)), levels_bps=(-1.0,))


# ---------------------------------------------------------------- missed fills


def test_entries_are_dropped_and_nothing_else() -> None:
    signals = np.array([1, 2, 4, 8, 5, 16, 33, 0] * 500, np.uint8)
    made = without_some(signals, 0.4, stream(1, "test"))
    entries = np.uint8(Signal.ENTER_LONG | Signal.ENTER_SHORT)
    assert np.array_equal(made & ~entries, signals & ~entries)
    there = (signals & entries) != 0
    dropped = there & ((made & entries) == 0)
    assert dropped.sum() / there.sum() == pytest.approx(0.4, abs=0.04)
    kept = there & ~dropped
    assert np.array_equal(made[kept], signals[kept])


def test_missing_no_entry_changes_nothing_and_missing_half_trades_less() -> None:
    case = Case(FOLLOW, edge_series(2_000))
    found = missed_fills(case, shares=(0.0, 0.5), seeds=10)
    none, half = found.levels
    assert none.figure.values == (found.plain,) * 10
    assert half.trades.mean < 0.9 * none.trades.mean
    assert half.figure.mean > 0.0  # the edge is in all entries alike
    assert found == missed_fills(case, shares=(0.0, 0.5), seeds=10)


@pytest.mark.parametrize("shares", [(), (1.0,), (-0.1,)])
def test_impossible_shares_are_refused(shares: tuple[float, ...]) -> None:
    with pytest.raises(UserError, match="shares of missed entries"):
        missed_fills(Case(FOLLOW, edge_series(300)), shares=shares)
