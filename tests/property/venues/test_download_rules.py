"""Rules of the planner, the pager and the budget, against set arithmetic (R-DATA-01, R-NET-02)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.clock import OrderedClock

from ballast.core.time import Timeframe
from ballast.venues.download.budget import RateBudget
from ballast.venues.download.pages import Pager
from ballast.venues.download.plan import (
    Span,
    align_up,
    gather,
    holes,
    intersect,
    missing,
    subtract,
)
from ballast.venues.download.rows import Page

BAR = Timeframe(60_000)


def places(spans: list[Span]) -> set[int]:
    return {at for span in spans for at in range(span.from_ms, span.to_ms, BAR.ms)}


def as_spans(members: set[int]) -> list[Span]:
    """The maximal runs of a set of grid places."""
    ordered = sorted(members)
    runs: list[Span] = []
    for at in ordered:
        if runs and runs[-1].to_ms == at:
            runs[-1] = Span(runs[-1].from_ms, at + BAR.ms)
        else:
            runs.append(Span(at, at + BAR.ms))
    return runs


grid_sets = st.sets(st.integers(0, 60).map(lambda place: place * BAR.ms))


@given(grid_sets, st.integers(0, 60), st.integers(0, 60))
def test_missing_is_the_complement_within_the_span(stored: set[int], a: int, b: int) -> None:
    span = Span(min(a, b) * BAR.ms, max(a, b) * BAR.ms)
    got = missing(np.array(sorted(stored), np.int64), BAR, span)
    assert places(got) == places([span]) - stored
    assert got == as_spans(places(got))


@given(grid_sets)
def test_holes_lie_strictly_inside_the_series(stored: set[int]) -> None:
    got = holes(np.array(sorted(stored), np.int64), BAR)
    whole = set(range(min(stored), max(stored), BAR.ms)) if stored else set()
    assert places(got) == whole - stored


@given(grid_sets, grid_sets)
def test_subtract_and_intersect_are_set_arithmetic(one: set[int], two: set[int]) -> None:
    a, b = as_spans(one), as_spans(two)
    assert places(subtract(a, b)) == one - two
    assert places(intersect(a, b)) == one & two


@given(grid_sets, st.integers(1, 20))
def test_gathered_questions_cover_every_hole_and_stay_within_reach(
    absent: set[int], reach: int
) -> None:
    spans = as_spans(absent)
    got = gather(spans, reach * BAR.ms)
    assert absent <= places(got)
    longest = max((span.bars(BAR) for span in spans), default=0)
    assert all(span.bars(BAR) <= max(reach, longest) for span in got)
    assert len(got) <= len(spans)


@given(st.integers(-(10**12), 10**12), st.sampled_from(["1m", "1h", "1d", "1w"]))
def test_align_up_is_the_first_open_time_not_before(at_ms: int, name: str) -> None:
    frame = Timeframe.parse(name)
    up = align_up(at_ms, frame)
    assert at_ms <= up < at_ms + frame.ms
    assert align_up(up, frame) == up


@dataclass
class FakeSource:
    """A venue with its own idea of a page: the first or the last bars of a window, capped."""

    held: np.ndarray
    cap: int
    newest: bool
    respects_end: bool
    knows_days: bool
    cut: tuple[int, ...] = ()
    asked: list[tuple[int, int]] = field(default_factory=list)

    async def page(self, from_ms: int, to_ms: int, limit: int) -> Page:
        assert 1 <= limit == (to_ms - from_ms) // BAR.ms
        self.asked.append((from_ms, to_ms))
        stop = to_ms if self.respects_end else 10**15
        ts = self.held[(self.held >= from_ms) & (self.held < stop)]
        size = min(limit, self.cap)
        ts = ts[-size:] if self.newest and self.respects_end else ts[:size]
        if len(self.asked) in self.cut and len(ts) > 1:  # an answer that ends early
            ts = ts[: len(ts) // 2]
        return Page(ts, np.repeat(ts[:, None], 5, axis=1).astype(float))

    async def next_day(self, from_ms: int, to_ms: int) -> int:
        later = self.held[(self.held >= from_ms) & (self.held < to_ms)]
        if not self.knows_days:
            return from_ms
        return int(later[0]) if len(later) else to_ms


async def walk(pager: Pager, span: Span) -> tuple[list[int], list[int]]:
    got: list[int] = []
    known = []
    async for piece in pager.walk(span):
        got += piece.page.ts.tolist()
        known.append(piece.known_to_ms)
    return got, known


@given(
    held=st.one_of(
        grid_sets, grid_sets.map(lambda absent: places([Span(0, 61 * BAR.ms)]) - absent)
    ),
    cap=st.integers(1, 30),
    page_bars=st.integers(1, 80),
    newest=st.booleans(),
    respects_end=st.booleans(),
    knows_days=st.booleans(),
    cut=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    start=st.integers(0, 60),
    length=st.integers(0, 60),
)
def test_paging_delivers_every_bar_once_in_order_whatever_the_venues_page(
    held: set[int],
    cap: int,
    page_bars: int,
    newest: bool,
    respects_end: bool,
    knows_days: bool,
    cut: tuple[int, int],
    start: int,
    length: int,
) -> None:
    """R-DATA-01: received equals served on every page boundary, and every step moves forward."""
    source = FakeSource(
        np.array(sorted(held), np.int64), cap, newest, respects_end, knows_days, cut
    )
    span = Span(start * BAR.ms, (start + length) * BAR.ms)
    got, known = asyncio.run(walk(Pager(source, BAR, page_bars), span))
    assert got == sorted(held & places([span]))
    assert known == sorted(set(known))
    assert not known or known[-1] >= span.to_ms
    assert len(source.asked) <= 2 * length + 40


def test_a_pager_that_trusts_its_own_page_size_makes_the_known_defect() -> None:
    """The data set with 200 of every 1,002 bars: the naive way makes it, ours cannot."""
    held = np.arange(0, 5_010, dtype=np.int64) * BAR.ms

    def source() -> FakeSource:
        return FakeSource(held, cap=200, newest=True, respects_end=True, knows_days=True)

    async def naive() -> list[int]:
        venue, got = source(), []
        for start in range(0, 5_010, 1_002):
            span = (start * BAR.ms, (start + 1_002) * BAR.ms)
            got += (await venue.page(*span, 1_002)).ts.tolist()
        return got

    assert len(asyncio.run(naive())) == 5 * 200
    got, _ = asyncio.run(walk(Pager(source(), BAR, 1_002), Span(0, 5_010 * BAR.ms)))
    assert got == held.tolist()


def test_years_before_a_listing_cost_a_handful_of_questions() -> None:
    held = np.arange(3_000_000, 3_000_500, dtype=np.int64) * BAR.ms
    source = FakeSource(held, cap=1000, newest=False, respects_end=True, knows_days=True)
    got, _ = asyncio.run(walk(Pager(source, BAR, 1000), Span(0, 3_100_000 * BAR.ms)))
    assert len(got) == 500
    assert len(source.asked) <= 4


@given(
    weights=st.lists(st.floats(0.1, 12.0), min_size=1, max_size=30),
    delays=st.lists(st.floats(0.0, 3.0), min_size=30, max_size=30),
    rate=st.floats(0.5, 20.0),
    burst=st.floats(0.5, 20.0),
)
def test_no_window_of_time_ever_spends_more_than_the_budget(
    weights: list[float], delays: list[float], rate: float, burst: float
) -> None:
    """K-01, R-NET-02: for every pair of requests, what passed between them fits the window."""

    async def scenario() -> list[tuple[float, float]]:
        clock = OrderedClock()
        budget = RateBudget(rate, burst, clock)
        passed: list[tuple[float, float]] = []

        async def worker(weight: float, delay: float) -> None:
            await clock.sleep(delay)
            await budget.acquire(weight)
            passed.append((clock.monotonic(), weight))

        await clock.drive(
            *(worker(w, d) for w, d in zip(weights, delays[: len(weights)], strict=True))
        )
        return passed

    passed = asyncio.run(scenario())
    assert len(passed) == len(weights)
    for first in range(len(passed)):
        spent = 0.0
        for at, weight in passed[first:]:
            # The last request may be a debt: it counts as far as the bucket reaches.
            allowed = burst + rate * (at - passed[first][0])
            assert spent + min(weight, burst) <= allowed + 1e-6
            spent += weight


@pytest.mark.parametrize("bad", [(0.0, 1.0), (1.0, 0.0)])
def test_a_budget_without_rate_or_burst_is_refused(bad: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="positive"):
        RateBudget(*bad, OrderedClock())
