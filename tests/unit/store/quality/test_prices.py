"""Moves, wicks and test-network prices."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.store.quality.series import drop, put, walk

from ballast.core.bars import Bars
from ballast.core.settings import DataSettings
from ballast.store.quality import Group, Kind, Severity, check_bars


def step(bars: Bars, row: int, factor: float) -> Bars:
    """Multiply all prices from `row` on, so that its close is exactly `factor` closes before."""
    scale = np.where(np.arange(len(bars)) < row, 1.0, factor)
    columns = {name: getattr(bars, name) * scale for name in ("open", "high", "low", "close")}
    columns["volume"] = bars.volume
    before = float(bars.close[row - 1])
    for name, wide in {"open": 1.0, "high": 1.001, "low": 0.999, "close": 1.0}.items():
        columns[name][row] = before * factor * wide
    return Bars.of(bars.venue, bars.symbol, bars.timeframe, bars.ts, columns)


MOVES = [
    (1.31, Kind.EXTREME_MOVE),
    (0.69, Kind.EXTREME_MOVE),
    (1.29, Kind.UNUSUAL_MOVE),
    (0.71, Kind.UNUSUAL_MOVE),
]


@pytest.mark.parametrize(("factor", "kind"), MOVES)
def test_move_of_31_percent_is_extreme(factor: float, kind: Kind) -> None:
    """A-DATA-04, R-DQ-04: 31 % in a bar is flagged; 29 % only as far outside volatility."""
    findings = check_bars(step(walk(500), 250, factor)).findings
    (found,) = (each for each in findings if each.group is Group.EXTREMES)
    assert found.kind is kind
    assert found.rows == (250,)
    assert found.measured == pytest.approx(abs(factor - 1))


def test_move_limit_is_a_setting() -> None:
    """`data.extreme_move` decides."""
    bars = step(walk(500, "1d"), 250, 1.2)
    strict = check_bars(bars, settings=DataSettings(extreme_move=0.1))
    assert strict.has(Kind.EXTREME_MOVE)
    assert not check_bars(bars).has(Kind.EXTREME_MOVE)


def test_move_over_a_hole_is_no_move_of_one_bar() -> None:
    """After three weeks of silence another price is no surprise."""
    bars = drop(step(walk(1500), 800, 1.6), slice(300, 801))
    assert not check_bars(bars).has(Kind.EXTREME_MOVE)


def test_wick_far_outside_the_neighbours() -> None:
    """R-DQ-04: a print at half the price that the next bar does not know."""
    (found,) = check_bars(put(walk(500), low={250: 50.0})).of(Kind.FLASH_WICK)
    assert found.rows == (250,)
    assert found.measured == pytest.approx(1.0, abs=0.05)
    assert found.severity is Severity.WARNING


def test_wick_that_the_neighbours_share_is_a_move() -> None:
    """Two bars in a row that reach the same low trade there."""
    assert not check_bars(put(walk(500), low={250: 50.0, 251: 50.0})).has(Kind.FLASH_WICK)


def test_wick_is_confirmed_by_a_second_venue() -> None:
    """R-DQ-04, S-42: with the same wick elsewhere it is information, without it a warning."""
    bars = put(walk(500), low={250: 50.0})
    same = put(walk(500, name="W-S", seed=1), low={250: 60.0})
    calm = walk(500, name="W-S")
    assert check_bars(bars, others=[same]).of(Kind.FLASH_WICK)[0].severity is Severity.INFO
    assert check_bars(bars, others=[calm]).of(Kind.FLASH_WICK)[0].severity is Severity.WARNING
    assert check_bars(bars, others=[calm, same]).of(Kind.FLASH_WICK)[0].severity is Severity.INFO


def test_extreme_move_is_confirmed_by_a_second_venue() -> None:
    """A crash everywhere is a crash."""
    bars, other = step(walk(500), 250, 0.5), step(walk(500, name="W-S"), 250, 0.55)
    (found,) = check_bars(bars, others=[other, other.slice(0, 0)]).of(Kind.EXTREME_MOVE)
    assert found.severity is Severity.INFO
    assert check_bars(bars).of(Kind.EXTREME_MOVE)[0].severity is Severity.WARNING


def test_prices_that_leap_both_ways_are_a_test_network() -> None:
    """Orders of magnitude up and down, again and again."""
    bars = walk(600)
    for row, factor in [(50, 5.0), (120, 0.2), (200, 8.0), (300, 0.1), (400, 9.0), (500, 0.2)]:
        bars = step(bars, row, factor)
    report = check_bars(bars)
    assert report.of(Kind.TEST_NETWORK)[0].count == 6
    assert not report.passes(0.8)


def test_rises_one_after_another_are_no_test_network() -> None:
    """A mania leaps one way; it takes three each way to look like a test network."""
    bars = walk(600)
    for row, factor in [(50, 1.7), (120, 1.7), (200, 1.7), (300, 1.7), (400, 0.5), (500, 0.5)]:
        bars = step(bars, row, factor)
    assert not check_bars(bars).has(Kind.TEST_NETWORK)


def test_crash_and_recovery_are_no_test_network() -> None:
    """One leap down and one up happened in real markets."""
    bars = step(step(walk(600), 100, 0.5), 200, 1.9)
    assert not check_bars(bars).severe
