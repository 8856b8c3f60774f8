"""Spot spliced into a perpetual, changes of the tick, prices off the tick."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from tests.unit.store.quality.series import walk

from ballast.core.bars import Bars
from ballast.core.instrument import Instrument
from ballast.store.quality import Kind, Severity, check_bars
from ballast.store.quality.frame import frame
from ballast.store.quality.market import grid_changes


def spliced(at: int, *, volume: float, coarse_first: bool = True, jump: float = 1.0) -> Bars:
    """Round one side to 0.1 and multiply the volume (and price) of the later side."""
    bars = walk(1500, "5m")
    before = np.arange(len(bars)) < at
    coarse = before if coarse_first else ~before
    columns = {}
    for name in ("open", "high", "low", "close"):
        column = getattr(bars, name) * np.where(before, 1.0, jump)
        columns[name] = np.where(coarse, np.round(column, 1), np.round(column, 2))
    columns["volume"] = bars.volume * np.where(before, 1.0, volume)
    return Bars.of(bars.venue, bars.symbol, bars.timeframe, bars.ts, columns)


@pytest.mark.parametrize("coarse_first", [True, False])
@pytest.mark.parametrize("volume", [0.1, 10.0])
def test_splice_changes_grid_and_volume_together(volume: float, *, coarse_first: bool) -> None:
    """Both directions of both; the position is exact to the bar or to the next off-grid price."""
    report = check_bars(spliced(801, volume=volume, coarse_first=coarse_first))
    (found,) = report.of(Kind.MARKET_SPLICE)
    assert abs(found.rows[0] - 801) <= 1
    assert found.severity is Severity.SEVERE
    assert not report.passes(0.8)
    assert ("falls" if volume < 1 else "rises") in found.detail


def test_tick_change_alone_is_no_splice() -> None:
    """Venues change their ticks; the volume does not notice."""
    report = check_bars(spliced(801, volume=1.0))
    assert report.has(Kind.TICK_CHANGE)
    assert not report.has(Kind.MARKET_SPLICE)
    assert report.score == 1.0


def test_volume_shift_alone_is_nothing() -> None:
    """A market may wake up."""
    bars = walk(1500, "5m")
    volume = bars.volume * np.where(np.arange(1500) < 800, 1, 10)
    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close")}
    louder = Bars.of("V", "S", bars.timeframe, bars.ts, {**columns, "volume": volume})
    assert check_bars(louder).findings == ()


def test_another_price_behind_the_change_is_another_asset_not_a_splice() -> None:
    """A redenomination changes grid, volume and price."""
    report = check_bars(spliced(801, volume=10.0, jump=0.1))
    assert not report.has(Kind.MARKET_SPLICE)
    assert report.has(Kind.EXTREME_MOVE)


def test_prices_off_the_tick() -> None:
    """Half the file is on 0.01 where the instrument trades 0.1."""
    bars = spliced(750, volume=1.0)
    coarse = Instrument("V", "S", "S", "USD", tick=Decimal("0.1"))
    (found,) = check_bars(bars, instrument=coarse).of(Kind.OFF_TICK)
    assert found.rows[0] in {750, 751}
    assert found.measured == pytest.approx(0.5, abs=0.01)
    fine = Instrument("V", "S", "S", "USD", tick=Decimal("0.01"))
    assert not check_bars(bars, instrument=fine).has(Kind.OFF_TICK)


def test_tiny_prices_have_a_grid_too() -> None:
    """Eight decimals and float noise, as of coins priced in bitcoin."""
    bars = walk(1500)
    noisy = tuple(getattr(bars, name) * 1e-6 for name in ("open", "high", "low", "close"))
    rows = np.arange(1500)
    assert grid_changes(frame(bars.timeframe, rows, bars.ts, (*noisy, bars.volume), 1.5)) == []
