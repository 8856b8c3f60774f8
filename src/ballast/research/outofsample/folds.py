"""Folds: which bars fit and which bars judge (R-WF-01, R-WF-03).

    one split   |======== train ========|-gap-|== test ==|

    anchored    |== train ==|-|test|              rolling   |== train ==|-|test|
                |== train =======|-|test|                        |== train ==|-|test|
                |== train ============|-|test|                        |== train ==|-|test|

Tests follow each other without a hole and end with the data: the newest bars always judge. What
does not fill a window is left at the front; an anchored training window takes it in. The gap (purge
and embargo) is taken off the end of the training window. All borders lie at midnight UTC, so that
a calendar day belongs to one window.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from ballast.core.errors import UserError, suggest
from ballast.core.time import DAY_MS
from ballast.research.evaluation import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEMES = ("anchored", "rolling")
TRAIN_DAYS_MIN = 30
"""A Sharpe ratio of fewer days chooses by noise alone."""
TEST_DAYS_MIN = 2
"""A spread needs two returns."""
TRAIN_PER_TEST = 4
"""Length of the first training window in tests, where only one is given (Pardo 2008: 3 to 5)."""
FOLDS = 8
FOLDS_MAX = 1_000
"""More re-optimisations than this are a typing error: five years of days have 1,825."""


@dataclass(frozen=True, slots=True)
class Fold:
    """One training window and the window after it that judges the choice."""

    train: Span
    test: Span

    def __post_init__(self) -> None:
        """Raise `UserError` where a bar would both fit and judge."""
        if self.train.to_ms > self.test.from_ms:
            raise UserError(
                f"training {self.train} and test {self.test} overlap",
                expected="a test that begins after its training window",
            )


def split(span: Span, in_sample: float = 0.7, *, gap_days: int = 0) -> Fold:
    """Return the chronological split of a span: the first `in_sample` fits, the rest judges."""
    if not 0.0 < in_sample < 1.0:
        raise UserError(f"in-sample share {in_sample:g}", expected="a fraction between 0 and 1")
    first, last = _days(span)
    border = first + round(in_sample * (last - first))
    _check_lengths(border - first, last - border, gap_days, last - first)
    return _fold(span, first, border, last, gap_days)


def folds_of(
    span: Span,
    *,
    scheme: str = "anchored",
    count: int | None = None,
    train_days: int | None = None,
    test_days: int | None = None,
    gap_days: int = 0,
) -> tuple[Fold, ...]:
    """Return the folds of a walk-forward; raise `UserError` where there is too little data.

    Any two of `count`, `train_days` and `test_days` leave the third to the data; of one alone, the
    first training window is four tests long. All three: the last `count` folds. None: eight folds.
    `train_days` is the length of the first window of an anchored scheme, of all of a rolling one.
    """
    if scheme not in SCHEMES:
        hint = suggest(scheme, SCHEMES)
        raise UserError(f"unknown scheme '{scheme}'", expected=" or ".join(SCHEMES), fix=hint)
    for name, value in (("folds", count), ("train days", train_days), ("test days", test_days)):
        if value is not None and value < 1:
            raise UserError(f"{value} {name}", expected="at least 1")
    first, last = _days(span)
    folds, train, test = _lengths(last - first, count, train_days, test_days)
    if folds > FOLDS_MAX:
        raise UserError(f"{folds} folds", expected=f"at most {FOLDS_MAX}", fix="lengthen the tests")
    _check_lengths(train, test, gap_days, last - first, folds)
    found = []
    for k in range(folds):
        border = last - (folds - k) * test
        start = first if scheme == "anchored" else border - train
        found.append(_fold(span, start, border, border + test, gap_days))
    return tuple(found)


def check_folds(folds: Sequence[Fold]) -> None:
    """Raise `UserError` unless there are folds and their tests follow each other in time."""
    if not folds:
        raise UserError("there are no folds", expected="at least one")
    for before, after in pairwise(folds):
        if after.test.from_ms < before.test.to_ms:
            raise UserError(
                f"the tests {before.test} and {after.test} overlap",
                expected="tests that follow each other",
            )


def _days(span: Span) -> tuple[int, int]:
    """Return the first day of a span and the day after its last."""
    return span.from_ms // DAY_MS, -(-span.to_ms // DAY_MS)


def _lengths(
    days: int, count: int | None, train: int | None, test: int | None
) -> tuple[int, int, int]:
    """Return folds and the days of train and test, from those that are given."""
    if test is None:
        folds = count or (FOLDS if train is None else 0)
        if train is None:
            test = days // (folds + TRAIN_PER_TEST)
        elif folds:
            test = (days - train) // folds
        else:
            test = max(train // TRAIN_PER_TEST, 1)
    if train is None:
        train = max(days - count * test, 0) if count else TRAIN_PER_TEST * test
    fitting = (days - train) // test if test > 0 else 0
    return count or max(fitting, 1), train, test


def _check_lengths(train: int, test: int, gap_days: int, days: int, folds: int = 1) -> None:
    """Raise `UserError` unless the windows fit the data and are long enough to say something."""
    if gap_days < 0:
        raise UserError(f"a gap of {gap_days} days", expected="purge and embargo of 0 or more")
    fits = train - gap_days
    if fits < TRAIN_DAYS_MIN or test < TEST_DAYS_MIN or train + folds * test > days:
        of = f"{folds} folds of {train} + {test} days" if folds > 1 else f"{train} + {test} days"
        gap = f" with a gap of {gap_days}" if gap_days else ""
        raise UserError(
            f"too little data: {of}{gap} in {days} days",
            expected=f"at least {TRAIN_DAYS_MIN} days to fit and {TEST_DAYS_MIN} to judge",
            fix="take a longer period, fewer folds or shorter windows",
        )


def _fold(span: Span, start: int, border: int, end: int, gap_days: int) -> Fold:
    opened, closed = max(start * DAY_MS, span.from_ms), min(end * DAY_MS, span.to_ms)
    middle = border * DAY_MS
    return Fold(Span(opened, middle - gap_days * DAY_MS), Span(middle, closed))
