"""Partial bars, unclosed bars, stale series."""

from __future__ import annotations

import pytest
from tests.unit.store.quality.series import START, put, walk

from ballast.core.time import HOUR_MS
from ballast.store.quality import Kind, check_bars


@pytest.mark.parametrize("row", [0, 199])
def test_bar_cut_short_at_either_end(row: int) -> None:
    """A download in the middle of an hour leaves a bar of a few trades."""
    bars = walk(200)
    open_ = float(bars.open[row])
    cells = {"open": {row: open_}, "high": {row: open_}, "low": {row: open_}, "close": {row: open_}}
    report = check_bars(put(bars, **cells, volume={row: 0.5}))
    (found,) = report.of(Kind.PARTIAL_BAR)
    assert found.rows == (row,)
    assert report.passes(0.8)


def test_quiet_bar_in_the_middle_is_no_partial_one() -> None:
    """Only the ends of a download can be cut short."""
    assert not check_bars(put(walk(200), volume={100: 0.5})).has(Kind.PARTIAL_BAR)


def test_last_bar_must_be_closed() -> None:
    """R-DATA rule 1: a bar may be read only at its close time."""
    bars = walk(200)
    closed = START + 200 * HOUR_MS
    assert check_bars(bars, now_ms=closed).findings == ()
    (found,) = check_bars(bars, now_ms=closed - 1).findings
    assert (found.kind, found.rows) == (Kind.UNCLOSED_BAR, (199,))


def test_stale_series_blocks() -> None:
    """R-DQ-12: a series whose data is stale yields no signals; history has no age."""
    bars = walk(200)
    closed = START + 200 * HOUR_MS
    assert check_bars(bars, now_ms=closed + 2 * HOUR_MS, max_age_bars=2).findings == ()
    report = check_bars(bars, now_ms=closed + 3 * HOUR_MS, max_age_bars=2)
    assert report.has(Kind.STALE_SERIES)
    assert not report.passes(0.8)
    assert check_bars(bars, now_ms=closed + 3 * HOUR_MS).findings == ()
