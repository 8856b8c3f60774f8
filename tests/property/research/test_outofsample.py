"""Rules of every plan of folds, every set of splits and every span (R-WF-01, R-WF-03)."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.fakes.runs import START_MS, series_of
from tests.fakes.spans import COLD, FORGETFUL, cut

from ballast.core.errors import UserError
from ballast.core.time import DAY_MS, HOUR_MS
from ballast.research.evaluation import Evaluator, Span
from ballast.research.outofsample import SCHEMES, folds_of, split
from ballast.research.outofsample.splits import combinatorial, paths_through, training_days
from ballast.research.run import backtest

LENGTHS = st.one_of(st.none(), st.integers(1, 400))


@given(
    hours=st.integers(24, 24 * 2_000),
    offset=st.integers(0, 23),
    scheme=st.sampled_from(SCHEMES),
    count=st.one_of(st.none(), st.integers(1, 40)),
    train_days=LENGTHS,
    test_days=LENGTHS,
    gap_days=st.integers(0, 20),
)
def test_folds_are_chronological_and_end_with_the_data(
    hours: int, offset: int, **asked: Any
) -> None:
    """No bar fits and judges, every bar judges at most once, and the newest bars do."""
    start = START_MS + offset * HOUR_MS
    span = Span(start, start + hours * HOUR_MS)
    try:
        folds = folds_of(span, **asked)
    except UserError:
        assume(False)
        return
    assert folds[-1].test.to_ms == span.to_ms
    for fold in folds:
        assert span.from_ms <= fold.train.from_ms < fold.train.to_ms <= fold.test.from_ms
        assert fold.test.from_ms - fold.train.to_ms == asked["gap_days"] * DAY_MS
        assert fold.train.to_ms - fold.train.from_ms >= 29 * DAY_MS
        if asked["scheme"] == "anchored":
            assert fold.train.from_ms == span.from_ms
    for before, after in pairwise(folds):
        assert before.test.to_ms == after.test.from_ms
    if asked["count"] is not None:
        assert len(folds) == asked["count"]


@given(st.integers(33, 3_000), st.floats(0.1, 0.95))
def test_a_split_uses_all_the_data(days: int, share: float) -> None:
    span = Span(START_MS, START_MS + days * DAY_MS)
    try:
        fold = split(span, share)
    except UserError:
        assume(False)
        return
    assert (fold.train.from_ms, fold.test.to_ms) == (span.from_ms, span.to_ms)
    assert fold.train.to_ms == fold.test.from_ms
    assert abs((fold.train.to_ms - span.from_ms) / DAY_MS - share * days) <= 0.5


@given(st.integers(2, 9), st.data())
def test_every_judged_group_is_in_one_path(groups: int, data: st.DataObject) -> None:
    """C(N, k) splits, C(N - 1, k - 1) paths; each path is judged everywhere."""
    tests = data.draw(st.integers(1, groups - 1))
    splits = combinatorial(groups, tests)
    paths = paths_through(splits, groups)
    assert len(set(splits)) == math.comb(groups, tests)
    assert paths.shape == (math.comb(groups - 1, tests - 1), groups)
    used = sorted((int(number), group) for path in paths for group, number in enumerate(path))
    assert used == [(number, group) for number, one in enumerate(splits) for group in one]


@given(
    lengths=st.lists(st.integers(1, 9), min_size=2, max_size=8),
    purge=st.integers(0, 4),
    embargo=st.integers(0, 4),
    data=st.data(),
)
def test_no_training_day_is_near_a_test(
    lengths: list[int], purge: int, embargo: int, data: st.DataObject
) -> None:
    groups = range(len(lengths))
    tests = tuple(sorted(data.draw(st.sets(st.sampled_from(list(groups)), min_size=1))))
    use = training_days(lengths, tests, purge=purge, embargo=embargo)
    owner = np.repeat(groups, lengths)
    for day in range(len(use)):
        before = owner[max(day - purge - embargo, 0) : day + 1]
        after = owner[day : day + purge + 1]
        near = bool(set(before.tolist()) & set(tests)) or bool(set(after.tolist()) & set(tests))
        assert use[day] == (not near)


MARKETS = [
    (group, Evaluator(FORGETFUL, group, COLD))
    for group in (
        series_of(600, perpetual=True),
        series_of(600, symbols=("BTCUSDT", "ETHUSDT"), perpetual=True),
    )
]


@given(st.sampled_from(range(2)), st.integers(0, 500), st.integers(60, 600))
def test_any_span_is_the_backtest_of_the_cut_series(which: int, first: int, length: int) -> None:
    """A strategy that looks at one bar cannot tell a span from a cut."""
    group, judge = MARKETS[which]
    span = Span(START_MS + first * HOUR_MS, START_MS + (first + length) * HOUR_MS)
    part = cut(group, span)
    assume(min(len(one.bars) for one in part) >= 50)
    mine, wanted = judge.run({}, span).run, backtest(FORGETFUL, part, settings=COLD).run
    for name in ("fills", "trades", "refused", "equity", "daily"):
        assert getattr(mine, name).tobytes() == getattr(wanted, name).tobytes(), name
    (batch,) = judge.passes([{}], [span])
    assert batch.figures[0, 0] == wanted.equity[-1]
    closed = [trade for trade in wanted.trades if trade["reason"] != 16]
    assert batch.column("trades")[0] == len(closed)
