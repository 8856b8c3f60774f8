"""Combinatorial splits: every way to judge on `k` of `N` groups, and the paths they make.

With N = 6 and k = 2 there are C(6, 2) = 15 splits; each group is judged in C(5, 1) = 5 of them, so
their tests join to 5 paths through all groups (Lopez de Prado 2018, chapter 12):

    >>> splits = combinatorial(6, 2)
    >>> len(splits), paths_through(splits, 6).shape
    (15, (5, 6))
    >>> splits[0], splits[-1]
    ((0, 1), (4, 5))
    >>> paths_through(splits, 6)[0].tolist()  # path 1: the first split that judges each group
    [0, 0, 1, 2, 3, 4]
"""

from __future__ import annotations

import math
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import UserError
from ballast.core.time import DAY_MS
from ballast.research.evaluation import Span

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ballast.kernel.market import Ints

SPLITS_MAX = 5_000
"""C(16, 5) = 4,368: beyond that the paths only repeat each other."""
GROUP_DAYS_MIN = 5


def combinatorial(groups: int, tests: int) -> tuple[tuple[int, ...], ...]:
    """Return the test groups of every split, in lexicographic order."""
    if not 1 <= tests < groups:
        raise UserError(
            f"{tests} test groups of {groups}",
            expected="at least 2 groups, and fewer test groups than groups",
        )
    count = math.comb(groups, tests)
    if count > SPLITS_MAX:
        raise UserError(
            f"{count:,} splits", expected=f"at most {SPLITS_MAX:,}", fix="take fewer groups"
        )
    return tuple(combinations(range(groups), tests))


def paths_through(splits: tuple[tuple[int, ...], ...], groups: int) -> Ints:
    """Return which split judges each group of each path, [paths, groups].

    Path j takes, for every group, the j-th split that judges it: C(N - 1, k - 1) paths, and every
    judged group of every split is in exactly one of them.
    """
    judged: list[list[int]] = [[] for _ in range(groups)]
    for number, tests in enumerate(splits):
        for group in tests:
            judged[group].append(number)
    return np.array(judged, np.int64).T


def groups_of(span: Span, groups: int) -> tuple[Span, ...]:
    """Cut a span into groups of whole days, as equal as can be, the longer ones first."""
    first, last = span.from_ms // DAY_MS, -(-span.to_ms // DAY_MS)
    days = last - first
    if days < groups * GROUP_DAYS_MIN:
        raise UserError(
            f"too little data: {days} days for {groups} groups",
            expected=f"at least {GROUP_DAYS_MIN} days a group",
            fix="take a longer period or fewer groups",
        )
    sizes = [days // groups + (k < days % groups) for k in range(groups)]
    borders = [(first + int(day)) * DAY_MS for day in np.cumsum([0, *sizes])]
    borders[0], borders[-1] = span.from_ms, span.to_ms
    return tuple(Span(a, b) for a, b in pairwise(borders))


def training_days(
    lengths: list[int], tests: tuple[int, ...], *, purge: int, embargo: int
) -> NDArray[np.bool_]:
    """Return which of all days may fit, where groups of `lengths` days follow each other.

    Out are the test groups, `purge` days before and after each of them, and `embargo` more after.

        >>> training_days([4, 4, 4], (1,), purge=1, embargo=1).astype(int).tolist()
        [1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1]
    """
    ends = np.cumsum(lengths)
    use = np.ones(int(ends[-1]), np.bool_)
    for group in tests:
        start = int(ends[group]) - lengths[group]
        use[max(start - purge, 0) : int(ends[group]) + purge + embargo] = False
    return use
