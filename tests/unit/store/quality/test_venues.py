"""Second opinions: copies, revisions, deviations; quotes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.data import SHARED, needs_data
from tests.unit.store.quality.series import put, walk

from ballast.core.bars import Bars
from ballast.core.errors import DataError
from ballast.store.quality import Kind, Quotes, Severity, check_bars
from ballast.store.quality.quotefile import read_quotes

if TYPE_CHECKING:
    from pathlib import Path


def scaled(bars: Bars, factor: float) -> Bars:
    """Return the bars at another price level, with other volume."""
    columns = {name: getattr(bars, name) * factor for name in ("open", "high", "low", "close")}
    return Bars.of(
        bars.venue, bars.symbol, bars.timeframe, bars.ts, {**columns, "volume": bars.volume * 1.5}
    )


def test_another_download_that_differs_is_a_revision() -> None:
    """The same series twice: every differing bar is counted."""
    bars = walk(500)
    report = check_bars(bars, others=[put(bars, volume={7: 1.0}, close={9: float(bars.open[9])})])
    (found,) = report.of(Kind.REVISION)
    assert found.rows == (7, 9)
    assert check_bars(bars, others=[bars]).findings == ()


def test_bars_of_another_market_are_recognised() -> None:
    """Equal close and volume, bar after bar, under another name."""
    report = check_bars(walk(500), others=[walk(500, name="W-S")])
    assert report.of(Kind.COPIED_MARKET)[0].count == 500
    assert not report.passes(0.8)


def test_constant_basis_is_no_deviation() -> None:
    """A perpetual may stand above spot; a bar that leaves the basis is told."""
    bars, other = walk(500), scaled(walk(500, name="W-S"), 1.02)
    assert check_bars(bars, others=[other]).findings == ()
    lone = put(bars, close={100: 103.0}, high={100: 104.0})
    (found,) = check_bars(lone, others=[other]).of(Kind.VENUE_DEVIATION)
    assert found.rows == (100,)
    assert found.severity is Severity.WARNING


def test_another_price_altogether_is_severe() -> None:
    """R-DQ-14: 1000 tokens in a contract, or another coin."""
    report = check_bars(walk(500), others=[scaled(walk(500, name="W-S"), 1000.0)])
    assert report.of(Kind.FAR_FROM_VENUES)[0].severity is Severity.SEVERE
    assert "0.001 times" in report.of(Kind.FAR_FROM_VENUES)[0].detail


def test_prices_that_wander_apart_are_severe() -> None:
    """R-DQ-14: 5 % of bars off by more than 1 % lower the score under the gate."""
    bars, other = walk(500), scaled(walk(500, name="W-S", seed=3), 1.0)
    report = check_bars(bars, others=[other])
    assert report.of(Kind.VENUE_DEVIATION)[0].severity is Severity.SEVERE
    assert not report.passes(0.8)


def test_little_overlap_and_other_timeframes_say_nothing() -> None:
    """No judgement from 20 bars in common, none across timeframes."""
    bars = walk(500)
    late = scaled(walk(500, name="W-S"), 7.0)
    assert check_bars(bars.slice(0, 20), others=[late]).findings == ()
    assert check_bars(bars, others=[walk(500, "4h", name="W-S"), late.slice(0, 0)]).findings == ()


def test_spread_above_one_percent_is_reported_with_its_maximum() -> None:
    """A-DATA-04, R-DQ-07: 1.1 % is flagged, 0.9 % is not."""
    at = np.arange(4, dtype=np.int64)
    bid = np.array([100.0, 100.0, 100.0, 100.0])
    report = check_bars(walk(100), spread=Quotes(at, bid, np.array([100.1, 101.1, 100.9, 102.0])))
    (found,) = report.of(Kind.WIDE_SPREAD)
    assert found.rows == (1, 3)
    assert found.measured == pytest.approx(0.02)
    fine = check_bars(walk(100), spread=Quotes(at, bid, bid * 1.009))
    assert fine.findings == ()


def test_crossed_and_broken_quotes() -> None:
    """Bid above ask, zero, NaN."""
    at = np.arange(4, dtype=np.int64)
    quotes = Quotes(at, np.array([100.0, 0.0, np.nan, 99.0]), np.array([99.0, 1.0, 1.0, 99.1]))
    (found,) = check_bars(walk(100), spread=quotes).of(Kind.CROSSED_QUOTES)
    assert found.rows == (0, 1, 2)
    none = Quotes(at[:0], np.empty(0), np.empty(0))
    assert check_bars(walk(100), spread=none).findings == ()
    with pytest.raises(DataError, match="differ in length"):
        Quotes(at, np.empty(0), np.empty(0))


def test_quotes_are_read_from_files(tmp_path: Path) -> None:
    """Tardis names, microseconds; a mistake is one line."""
    path = tmp_path / "q.csv"
    rows = ["timestamp,ask_price,bid_price", "1588291201099000,101.5,100"]
    path.write_text("\n".join([*rows, "1588291202000000,100.1,100"]))
    quotes = read_quotes(path)
    assert quotes.at_ms.tolist() == [1588291201099, 1588291202000]
    (found,) = check_bars(walk(100), spread=quotes).findings
    assert (found.kind, found.measured) == (Kind.WIDE_SPREAD, pytest.approx(0.015))
    for text, message in (("a,b\n1,2\n", "no column at_ms"), ("ts,bid,ask\nx,y,z\n", "no numbers")):
        path.write_text(text)
        with pytest.raises(DataError, match=message):
            read_quotes(path)
    with pytest.raises(DataError, match="no such file"):
        read_quotes(tmp_path / "none.csv")
    (tmp_path / "q.parquet").write_bytes(b"no parquet")
    with pytest.raises(DataError, match="no table of quotes"):
        read_quotes(tmp_path / "q.parquet")


@needs_data
def test_real_quotes_are_narrow() -> None:
    """A recorded sample of a real perpetual has no wide spread."""
    quotes = read_quotes(SHARED / "formats/tardis-huobi-dm-swap_quotes_BTC-USD.csv")
    assert check_bars(walk(100), spread=quotes).findings == ()
