"""Gap policies keep every real bar, invent only what they flag, and never look ahead."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.store.quality.series import take, walk

from ballast.core.bars import SEGMENT_END, SYNTHETIC, Bars
from ballast.store.gaps import apply_gap_policy, missing_bars

WHOLE = walk(60)
COLUMNS = ("ts", "open", "high", "low", "close", "volume")


@st.composite
def holed(draw: st.DrawFn) -> Bars:
    """Draw a series with random holes."""
    keep = draw(st.lists(st.booleans(), min_size=60, max_size=60).filter(any))
    return take(WHOLE, np.flatnonzero(keep))


def gaps(bars: Bars) -> np.ndarray:
    """Return the bars missing in each step."""
    return missing_bars(np.diff(bars.ts), bars.timeframe)


@given(holed(), st.integers(0, 8))
def test_mark_keeps_real_bars_and_flags_the_rest(bars: Bars, limit: int) -> None:
    """R-DQ-05: no silent fill."""
    out = apply_gap_policy(bars, "mark", limit)
    out.check_shape()
    made = (out.flags & SYNTHETIC) != 0
    for name in COLUMNS:
        assert np.array_equal(getattr(out, name)[~made], getattr(bars, name))
    assert not out.volume[made].any()
    assert gaps(out).sum() == gaps(bars)[gaps(bars) > limit].sum()
    assert np.array_equal(out.flags[:-1] & SEGMENT_END != 0, gaps(out) > 0)


@given(holed(), st.integers(1, 59), st.integers(0, 8))
def test_mark_and_split_never_look_ahead(bars: Bars, cut: int, limit: int) -> None:
    """A-DATA-05: rows up to any time do not depend on the bars after it."""
    head = bars.period(None, int(WHOLE.ts[cut]))
    if not len(head):
        return
    for policy in ("mark", "split"):
        whole, part = apply_gap_policy(bars, policy, limit), apply_gap_policy(head, policy, limit)
        for name in COLUMNS:
            assert np.array_equal(getattr(whole, name)[: len(part)], getattr(part, name))


@given(holed(), st.integers(0, 8))
def test_split_flags_exactly_the_long_gaps(bars: Bars, limit: int) -> None:
    """And changes nothing else."""
    out = apply_gap_policy(bars, "split", limit)
    assert np.array_equal(out.flags[:-1] == SEGMENT_END, gaps(bars) > limit)
    for name in COLUMNS:
        assert getattr(out, name) is getattr(bars, name)


@given(holed())
def test_interpolation_stays_between_its_ends(bars: Bars) -> None:
    """R-DQ-10: no new high or low is invented; the OHLC of every bar is consistent."""
    out = apply_gap_policy(bars, "interpolate")
    made = np.flatnonzero(out.flags & SYNTHETIC)
    assert (out.high >= np.maximum(out.open, out.close)).all()
    assert (out.low <= np.minimum(out.open, out.close)).all()
    assert (gaps(bars)[gaps(bars) <= 3]).sum() == len(made)
    ceiling, floor = max(bars.close.max(), bars.open.max()), min(bars.close.min(), bars.open.min())
    assert (out.close[made] <= ceiling + 1e-9).all()
    assert (out.close[made] >= floor - 1e-9).all()
