"""Zero volume, illiquid markets, frozen prices, bars before the listing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit.store.quality.series import START, drop, put, walk

from ballast.core.instrument import Instrument
from ballast.core.time import HOUR_MS
from ballast.store.quality import Kind, Severity, check_bars

if TYPE_CHECKING:
    from ballast.core.bars import Bars


def empty(bars: Bars, rows: range) -> Bars:
    """Return the bars with volume 0 on some rows."""
    return put(bars, volume=dict.fromkeys(rows, 0.0))


def frozen(bars: Bars, rows: range, volume: float) -> Bars:
    """Return the bars with the price standing still on some rows."""
    still = dict.fromkeys(rows, float(bars.close[rows[0] - 1]))
    return put(
        bars, open=still, high=still, low=still, close=still, volume=dict.fromkeys(rows, volume)
    )


@pytest.mark.parametrize(
    ("every", "kind", "severity"),
    [(50, Kind.ZERO_VOLUME, "info"), (8, Kind.ILLIQUID, "warning"), (2, Kind.ILLIQUID, "severe")],
)
def test_share_of_bars_without_trade(every: int, kind: Kind, severity: str) -> None:
    """2 %, 12.5 % and half of the bars without any trade."""
    (found,) = check_bars(empty(walk(800), range(4, 800, every))).findings
    assert (found.kind, found.severity) == (kind, severity)
    assert found.measured == pytest.approx(1 / every, abs=0.003)


def test_bars_before_the_first_trade_are_before_the_listing() -> None:
    """Zero volume with moving prices at the start."""
    report = check_bars(empty(walk(800), range(100)))
    (found,) = report.findings
    assert (found.kind, found.count, found.rows[0]) == (Kind.PRE_LISTING, 100, 0)
    assert found.severity is Severity.SEVERE
    assert not report.passes(0.8)


def test_two_quiet_first_bars_are_no_pre_listing() -> None:
    """A new market may wait for its first trade."""
    assert [found.kind for found in check_bars(empty(walk(800), range(2))).findings] == [
        Kind.ZERO_VOLUME
    ]


def test_stated_listing_date_is_believed() -> None:
    """Bars with volume before the venue lists the instrument are of another one."""
    rules = Instrument("V", "S", "S", "USD", listed_ms=START + 10 * HOUR_MS + 1)
    (found,) = check_bars(walk(800), instrument=rules).of(Kind.PRE_LISTING)
    assert found.count == 10  # the bar that holds the listing belongs to the market


def test_frozen_price_is_found() -> None:
    """A feed that repeats itself for half a day, with volume."""
    (found,) = check_bars(frozen(walk(800), range(300, 312), 5.0)).findings
    assert (found.kind, found.rows, found.measured) == (Kind.FROZEN_PRICE, (300,), 12.0)


def test_equal_bars_with_holes_between_are_not_frozen() -> None:
    """A quiet market that writes only bars with trades repeats prices for other reasons."""
    bars = frozen(walk(800), range(300, 340), 5.0)
    thin = drop(bars, *range(300, 340, 2))
    assert not check_bars(thin).has(Kind.FROZEN_PRICE)


def test_a_few_bars_before_the_listing_are_severe_too() -> None:
    """Severe findings cost 0.25 at least, however few rows they have."""
    report = check_bars(empty(walk(3000), range(5)))
    assert report.penalties == {"identity": 0.25}
    assert not report.passes(0.8)


def test_halt_written_as_empty_bars_is_a_halt() -> None:
    """Without any volume it is the venue that stood still."""
    kinds = {found.kind for found in check_bars(frozen(walk(800), range(300, 312), 0.0)).findings}
    assert kinds == {Kind.FROZEN_PRICE, Kind.HALT, Kind.ZERO_VOLUME}


def test_two_equal_bars_are_not_frozen() -> None:
    """Quiet hours repeat a price once or twice."""
    assert check_bars(frozen(walk(800), range(300, 302), 5.0)).findings == ()


def test_series_without_any_volume_is_a_mark_price() -> None:
    """Said once, not as a market nobody trades in."""
    report = check_bars(empty(walk(100), range(100)))
    assert [found.kind for found in report.findings] == [Kind.NO_VOLUME]
    assert report.score == 1.0
