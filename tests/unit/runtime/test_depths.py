"""Depth against its norm, a median of what was shown; the kernel is told of it (R-RISK-20)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.live_sessions import LiveSession
from tests.fakes.papers import Sessions

from ballast.core.instrument import Kind
from ballast.runtime.node.events import BarsClosed, Judged, Linked
from ballast.runtime.shell.depths import KEPT, LEAST, Depths, worth_of
from ballast.venues.clients.calls import CallError, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

WORTH = st.floats(0.0, 1e9, allow_nan=False)


@given(st.lists(st.tuples(WORTH, WORTH), max_size=3 * LEAST))
def test_the_share_is_what_is_shown_over_the_median_of_what_was(
    looks: list[tuple[float, float]],
) -> None:
    depths = Depths()
    for count, (bids, asks) in enumerate(looks):
        depths.shown(bids, asks)
        norms = [median(side) if side else 0.0 for side in zip(*looks[:count], strict=True)]
        shares = [now / norm for now, norm in zip((bids, asks), norms, strict=False) if norm > 0.0]
        wanted = min(shares, default=None) if count >= LEAST else None
        assert depths.share == wanted


def test_the_norm_is_of_the_last_looks_and_of_no_others() -> None:
    depths = Depths()
    for worth in [1e9] * KEPT + [100.0] * KEPT:
        depths.shown(worth, worth)
    depths.shown(50.0, 50.0)
    assert depths.share == 0.5


def test_the_worse_side_counts_and_an_empty_one_is_none_at_all() -> None:
    depths = Depths()
    for _ in range(LEAST):
        depths.shown(100.0, 1_000.0)
    assert depths.share is None, "the last of those had no norm yet"
    depths.shown(100.0, 250.0)
    assert depths.share == 0.25
    depths.shown(0.0, 1_000.0)
    assert depths.share == 0.0


def test_what_is_not_answered_is_not_known() -> None:
    depths = Depths()
    for _ in range(LEAST + 1):
        depths.shown(100.0, 100.0)
    assert depths.share == 1.0
    depths.lost()
    assert depths.share is None
    depths.shown(50.0, 50.0)
    assert depths.share == 0.5, "the norm is what it was"


@pytest.mark.parametrize(
    ("levels", "within", "worth"),
    [
        ([], 0.005, 0.0),
        ([(1_000, 3)], 0.005, 3_000.0),
        ([(1_000, 3), (995, 2), (994, 7)], 0.005, 4_990.0),  # bids, just within and just beyond
        ([(1_000, 3), (1_005, 2), (1_006, 7)], 0.005, 5_010.0),  # asks
        ([(1_000, 3), (2_000, 10**9)], 0.005, 3_000.0),  # one far away makes no book deep
    ],
)
def test_only_what_is_near_the_best_counts(
    levels: Sequence[tuple[int, int]], within: float, worth: float
) -> None:
    assert worth_of(levels, within, 1.0) == worth


# A session ----------------------------------------------------------------------------------


class Book:
    """The desk of a session whose book shows a part of what it holds."""

    def __init__(self, session: LiveSession) -> None:
        self._session = session
        self.part = 1.0
        self.answers = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session.desk, name)

    async def top(self, symbol: str, depth: int) -> Any:
        if not self.answers:
            raise CallError(Verdict.UNCLEAR, "no answer")
        found = await self._session.desk.top(symbol, depth)
        thin = tuple((ticks, max(int(lots * self.part), 1)) for ticks, lots in found.bids)
        return replace(found, bids=thin)


def test_a_look_at_the_book_tells_its_share_with_the_link() -> None:
    session = LiveSession(Kind.PERPETUAL)
    live, symbol = session.live, session.opened.symbols[0]
    book = Book(session)
    session.trade(2)  # before its first bar the venue shows no book
    live.desk = book  # type: ignore[assignment]
    live.facts.of(symbol).depths = Depths()

    def look() -> float | None:
        asyncio.run(live.look_at_depth(symbol))
        return live.facts.link(symbol, live.gate(), live._timing()).depth_share

    assert [look() for _ in range(LEAST)] == [None] * LEAST
    assert look() == 1.0
    book.part = 0.2
    found = look()
    assert found is not None
    assert found == pytest.approx(0.2, abs=0.01)
    book.answers = False
    assert look() is None


def test_every_book_is_looked_at_in_each_cycle_also_of_what_is_not_held() -> None:
    session = LiveSession(Kind.PERPETUAL)
    symbol = session.opened.symbols[0]
    session.trade(3)
    assert session.live.figures.cycles >= 3
    looks = len(session.live.facts.of(symbol).depths._sides[0])
    assert looks >= session.live.figures.cycles + session.live.figures.closes


def test_the_newest_depth_is_told_before_the_bars() -> None:
    """SEMANTICS 1.6: at each close what is decided on is what the book shows then."""
    session = LiveSession(Kind.PERPETUAL)
    live, symbol = session.live, session.opened.symbols[0]
    told: list[object] = []
    tell = session.shell.tell

    def noted(event: Any) -> None:
        if isinstance(event, Linked | BarsClosed):
            told.append((type(event), len(live.facts.of(symbol).depths._sides[0])))
        tell(event)

    session.shell.tell = noted  # type: ignore[method-assign]
    session.trade(2)
    kinds = [one for one, _ in told]  # type: ignore[misc]
    assert kinds == [Linked, BarsClosed] * 2
    counts = [count for _, count in told]  # type: ignore[misc]
    assert counts[0] == counts[1] < counts[2] == counts[3]


@pytest.mark.parametrize(
    ("share", "enters"), [(None, True), (1.0, True), (0.2, True), (0.09, False), (0.0, False)]
)
def test_a_thin_book_refuses_entries_and_shrinks_them(share: float | None, enters: bool) -> None:
    """R-RISK-20, S-08: below a tenth of its norm nothing is opened, below a quarter less is."""
    whole = entered(None)
    found, refused = traded(share)
    assert bool(found) is enters
    if enters:
        assert (found[0] < whole) is (share == 0.2)
    assert any("liquidity_collapse" in one for one in refused) is not enters


def entered(share: float | None) -> int:
    return traded(share)[0][0]


def traded(share: float | None) -> tuple[list[int], list[str]]:
    """Return the lots of what a paper session enters first, and the reasons of what it does not."""
    sessions = Sessions(Kind.PERPETUAL)
    running = sessions.running
    paper, node = running.paper, running.node
    link, symbol = paper.link, running.opened.symbols[0]
    paper.link = lambda one: replace(link(one), depth_share=share)  # type: ignore[method-assign]
    reasons: list[str] = []
    for _ in range(120):
        running.step()
        judged = [one for _, one in running.heard.judged if isinstance(one, Judged)]
        reasons = [line for one in judged for line in one.reasons]
        lots = node.book.holding(symbol).lots
        if lots:
            return [abs(lots)], reasons
    return [], reasons
