"""Checks of what is missing: gaps, completeness, and what each hole tells about its cause.

Every hole between two bars belongs to one class, tried in this order:

- window: longer than 30 days. The file is several separate windows.
- page: many holes of one size (or one hole of a page's size). A downloader asked for pages of the
  wrong size; the venue has the bars.
- download: a second series of the same venue traded through it.
- halt: an hour or longer, in a series that is otherwise without such holes. The venue stood still.
- single bars here and there, many of them: the venue omits bars without a trade (sparse).

All of them are gaps first (R-DQ-03) and count against completeness (R-DQ-06).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ballast.core.time import DAY_MS, HOUR_MS, format_ms
from ballast.store.quality.findings import Finding, Kind, Severity, finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ballast.core.bars import Bars
    from ballast.store.quality.frame import Frame

WINDOW_MS = 30 * DAY_MS
PAGE_LEAST = 50  # no venue serves smaller pages
PAGE_SIZES = (100, 200, 300, 500, 720, 1000, 1440, 1500)  # maximum page sizes of real venues
PAGE_REPEATS = 3  # holes of one size that need no further proof
HALT_LONG = 5.0  # times the 99th percentile of the holes, in a sparse series
SPARSE_SHARE = 0.01  # holes per bar: above, missing bars are the normal state of this market
TRADED_SHARE = 0.9  # of a hole's bars in the second series: it was no halt
MISSING_WEIGHT = 2.0
"""10 % missing costs 0.2, just what the default threshold of 0.8 allows."""


def check_holes(
    bars: Frame, *, completeness: float, same_venue: Sequence[Bars] = ()
) -> list[Finding]:
    """Count the gaps, judge completeness, and name the cause of each hole."""
    at = np.flatnonzero(bars.missing)
    if not len(at):
        return []
    sizes = bars.missing[at]
    found = [_gap(bars, at, sizes), *_incomplete(bars, completeness)]
    left = np.ones(len(at), np.bool_)
    found += _class(bars, at, left, sizes * bars.timeframe.ms > WINDOW_MS, _window)
    found += _paging(bars, at, sizes, left)
    for other in same_venue:
        found += _class(bars, at, left, _traded(bars, at, other), _download)
    return found + _sparse_and_halts(bars, at, sizes, left)


def _gap(bars: Frame, at: NDArray[np.int64], sizes: NDArray[np.int64]) -> Finding:
    longest = int(np.argmax(sizes))
    where = format_ms(int(bars.ts[at[longest]]))
    detail = (
        f"{len(at)} gap{'s' if len(at) > 1 else ''}, {int(sizes.sum())} bars missing; "
        f"the longest, {int(sizes[longest])} bars, after {where}"
    )
    return _holes(Kind.GAP, Severity.WARNING, bars, at, detail, int(sizes.sum()), limit=0)


def _incomplete(bars: Frame, completeness: float) -> list[Finding]:
    """Judge the share of bars present between the first and the last (R-DQ-06)."""
    missing = bars.missing_total
    expected = missing + len(bars)
    present = len(bars) / expected
    cost = MISSING_WEIGHT * (1.0 - present)
    below = present < completeness
    return [
        finding(
            Kind.INCOMPLETE,
            Severity.WARNING if below else Severity.INFO,
            rows=bars.rows[:0],
            ts=bars.ts[[0, -1]],
            detail=f"{missing} of {expected} bars missing, {present:.2%} present",
            measured=present,
            limit=completeness,
            cost=cost,
            count=missing,
        )
    ]


def _holes(
    kind: Kind,
    severity: Severity,
    bars: Frame,
    at: NDArray[np.int64],
    detail: str,
    measured: float,
    *,
    limit: float,
    cost: float = 0.0,
) -> Finding:
    """Build a finding of holes: rows are the last bars before them, times span them."""
    ends = np.concatenate((bars.ts[at], bars.ts[at + 1]))
    return finding(
        kind,
        severity,
        rows=bars.rows[at],
        ts=ends,
        detail=detail,
        measured=measured,
        limit=limit,
        cost=cost,
    )


def _paging(
    bars: Frame, at: NDArray[np.int64], sizes: NDArray[np.int64], left: NDArray[np.bool_]
) -> list[Finding]:
    """Find holes of one size that repeat, or a lone hole of exactly a page."""
    large = left & (sizes >= PAGE_LEAST)
    if not large.any():
        return []
    values, counts = np.unique(sizes[large], return_counts=True)
    size, count = int(values[np.argmax(counts)]), int(counts.max())
    mine = large & (sizes == size)
    if size * count * 2 < int(sizes[large].sum()):
        return []
    holes = at[mine]
    page = int(np.median(np.diff(holes))) if count > 1 else 0
    period = page + size
    round_size = size in PAGE_SIZES or (count > 1 and period % 100 == 0)
    if not (count >= PAGE_REPEATS or round_size):
        return []
    left &= ~mine
    what = f"{count} holes of exactly {size} bars" if count > 1 else f"a hole of {size} bars"
    pages = f", {page} bars present of every {period}" if count > 1 else ", the size of a page"
    severity = Severity.SEVERE if count > 1 else Severity.WARNING
    cost = 0.3 if count > 1 else 0.05
    return [_holes(Kind.PAGING_HOLE, severity, bars, holes, what + pages, size, limit=0, cost=cost)]


def _traded(bars: Frame, at: NDArray[np.int64], other: Bars) -> NDArray[np.bool_]:
    """Say for each hole whether `other` has nearly all of its bars."""
    first = np.searchsorted(other.ts, bars.ts[at], side="right")
    last = np.searchsorted(other.ts, bars.ts[at + 1], side="left")
    return np.asarray(last - first >= TRADED_SHARE * bars.missing[at])


def _class(
    bars: Frame,
    at: NDArray[np.int64],
    left: NDArray[np.bool_],
    mask: NDArray[np.bool_],
    build: _Builder,
) -> list[Finding]:
    mine = left & mask
    if not mine.any():
        return []
    left &= ~mine
    return [build(bars, at[mine])]


def _window(bars: Frame, at: NDArray[np.int64]) -> Finding:
    longest = int(bars.missing[at].max()) * bars.timeframe.ms
    detail = f"{len(at) + 1} separate windows in one series; {longest // DAY_MS} days between two"
    return _holes(Kind.WINDOW_HOLE, Severity.WARNING, bars, at, detail, longest / DAY_MS, limit=30)


def _download(bars: Frame, at: NDArray[np.int64]) -> Finding:
    detail = f"holes through which the same venue traded: {_when(bars, at)}"
    missing = int(bars.missing[at].sum())
    return _holes(Kind.DOWNLOAD_HOLE, Severity.WARNING, bars, at, detail, missing, limit=0)


def _halt(bars: Frame, at: NDArray[np.int64]) -> Finding:
    longest = int(bars.missing[at].max()) * bars.timeframe.ms / HOUR_MS
    detail = f"the venue stood still, the longest time {longest:.4g} h: {_when(bars, at)}"
    return _holes(Kind.HALT, Severity.INFO, bars, at, detail, longest, limit=1)


def _when(bars: Frame, at: NDArray[np.int64]) -> str:
    by_size = at[np.argsort(-bars.missing[at], kind="stable")][:3]
    return ", ".join(
        f"after {format_ms(int(bars.ts[i]))} ({int(bars.missing[i])} bars)" for i in by_size
    )


def _sparse_and_halts(
    bars: Frame, at: NDArray[np.int64], sizes: NDArray[np.int64], left: NDArray[np.bool_]
) -> list[Finding]:
    if not left.any():
        return []
    found = []
    span = sizes * bars.timeframe.ms
    small = left & (sizes < PAGE_LEAST)
    sparse = int(small.sum()) > SPARSE_SHARE * len(bars)
    halted = left & (span >= HOUR_MS)
    if sparse:
        halted &= sizes > HALT_LONG * float(np.percentile(sizes[left], 99))
        thin = small & ~halted
        share = int(thin.sum()) / len(bars)
        found.append(
            _holes(
                Kind.SPARSE,
                Severity.WARNING,
                bars,
                at[thin],
                f"{int(sizes[thin].sum())} bars missing one or a few at a time: "
                "the venue writes none without a trade",
                share,
                limit=SPARSE_SHARE,
            )
        )
    return found + _class(bars, at, left, halted, _halt)


if TYPE_CHECKING:
    from collections.abc import Callable

    _Builder = Callable[[Frame, NDArray[np.int64]], Finding]
