"""Gap policies, case by case (SEMANTICS 1.5)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.store.quality.series import START, drop, walk

from ballast.core.bars import SEGMENT_END, SYNTHETIC
from ballast.core.errors import DataError, UserError
from ballast.core.time import HOUR_MS
from ballast.store.gaps import apply_gap_policy

WHOLE = walk(20)
HOLED = drop(WHOLE, 5, 6, slice(10, 15))  # a hole of two bars after row 4, of five after row 7


def test_whole_series_passes_every_policy_untouched() -> None:
    """Nothing to do means nothing is copied."""
    for policy in ("reject", "split", "mark", "interpolate"):
        assert apply_gap_policy(WHOLE, policy) is WHOLE


def test_reject_names_the_longest_gap() -> None:
    """The default of live trading: one clear line."""
    with pytest.raises(
        DataError, match=r"V-S-1h: 2 gap\(s\).*longest, 5 bars, after 2024-01-01 09:00"
    ):
        apply_gap_policy(HOLED, "reject")
    assert apply_gap_policy(HOLED, "reject", 5) is HOLED
    with pytest.raises(DataError, match="1 gap"):
        apply_gap_policy(HOLED, "reject", 4)


def test_split_flags_the_last_bar_before_a_long_gap() -> None:
    """No position is carried over a gap longer than k bars; no bar is added."""
    every = apply_gap_policy(HOLED, "split")
    assert np.flatnonzero(every.flags & SEGMENT_END).tolist() == [4, 7]
    long = apply_gap_policy(HOLED, "split", 2)
    assert np.flatnonzero(long.flags & SEGMENT_END).tolist() == [7]
    assert long.ts is HOLED.ts
    assert not HOLED.flags.any()  # the series given is not touched


def test_mark_makes_flat_bars_at_the_previous_close() -> None:
    """R-DQ-05: flagged, without volume, knowing nothing of what comes after."""
    marked = apply_gap_policy(HOLED, "mark")
    assert marked.ts.tolist() == WHOLE.ts.tolist()
    made = np.flatnonzero(marked.flags & SYNTHETIC)
    assert made.tolist() == [5, 6, 10, 11, 12, 13, 14]
    for name in ("open", "high", "low", "close"):
        column = getattr(marked, name)
        assert column[5:7].tolist() == [WHOLE.close[4]] * 2
        assert column[10:15].tolist() == [WHOLE.close[9]] * 5
    assert not marked.volume[made].any()
    real = np.setdiff1d(np.arange(20), made)
    assert np.array_equal(marked.close[real], WHOLE.close[real])
    assert not (marked.flags & SEGMENT_END).any()


def test_mark_splits_at_longer_gaps() -> None:
    """With a limit, the long hole stays a hole, and ends a segment."""
    marked = apply_gap_policy(HOLED, "mark", 2)
    assert len(marked) == 15
    assert np.flatnonzero(marked.flags).tolist() == [5, 6, 9]
    assert marked.flags[9] == SEGMENT_END


def test_interpolation_is_flagged_and_at_most_three_bars() -> None:
    """R-DQ-10, X-32: research only, short gaps only, always flagged."""
    filled = apply_gap_policy(HOLED, "interpolate")
    assert np.flatnonzero(filled.flags & SYNTHETIC).tolist() == [5, 6]
    assert filled.flags[9] == SEGMENT_END
    before, after = WHOLE.close[4], WHOLE.open[7]
    assert filled.close[5:7] == pytest.approx(
        [before + (after - before) / 3, after - (after - before) / 3]
    )
    assert filled.open[5] == before
    assert filled.open[6] == pytest.approx(filled.close[5])
    with pytest.raises(UserError, match="at most 3"):
        apply_gap_policy(HOLED, "interpolate", 4)


def test_other_flags_stay() -> None:
    """What an earlier step flagged is still flagged."""
    flags = HOLED.flags.copy()
    flags[[4, 11]] = SEGMENT_END
    marked = apply_gap_policy(HOLED.with_flags(flags), "mark")
    assert np.flatnonzero(marked.flags & SEGMENT_END).tolist() == [4, 18]


def test_gap_of_1_6_intervals_is_one_missing_bar() -> None:
    """A-DATA-02: 1.4 intervals are no gap; at 1.6 a bar fits in between."""
    late = replace(WHOLE, ts=WHOLE.ts + np.where(np.arange(20) >= 10, int(0.6 * HOUR_MS), 0))
    marked = apply_gap_policy(late, "mark")
    assert len(marked) == 21
    assert int(marked.ts[10]) == START + 10 * HOUR_MS
    near = replace(WHOLE, ts=WHOLE.ts + np.where(np.arange(20) >= 10, int(0.4 * HOUR_MS), 0))
    assert apply_gap_policy(near, "reject") is near


def test_filling_a_decade_is_refused() -> None:
    """A wrong timeframe, not a gap: refused before memory is spent."""
    ends = replace(WHOLE.slice(0, 2), ts=np.array([START, START + 20_000_000 * HOUR_MS]))
    assert len(apply_gap_policy(ends, "mark")) == 2  # beyond what is ever filled: split
    with pytest.raises(UserError, match="would make 19999999 bars"):
        apply_gap_policy(ends, "mark", 10**9)


@pytest.mark.parametrize(
    ("policy", "message"), [("marc", "did you mean 'mark'"), ("fill", "reject, split")]
)
def test_unknown_policy_is_refused(policy: str, message: str) -> None:
    """One line, with a suggestion."""
    with pytest.raises(UserError, match=message):
        apply_gap_policy(WHOLE, policy)
    with pytest.raises(UserError, match="negative"):
        apply_gap_policy(WHOLE, "mark", -1)
