"""Entries that are large for their market go in slices; what is not sent is told (R-COST-07)."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.drawn_sessions import TICK, drawn_bars
from tests.fakes.live_sessions import LiveSession
from tests.fakes.memory_journal import Memory, MemoryJournal
from tests.fakes.papers import opened
from tests.fakes.parity import Parity, settings_for

from ballast.core.ids import Purpose
from ballast.core.instrument import Kind
from ballast.core.settings import Settings
from ballast.runtime.node.events import AskMarket, Linked, Sliced, Submit
from ballast.runtime.node.journalled import CODEC, EFFECT, EVENT, replayed
from ballast.runtime.node.slices import Flow, SliceRules, parts_of
from ballast.service.paper.running import Running
from ballast.strategies import close, highest, lowest, percent_stop, pull_back, strategy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ballast.runtime.node.desk import NodeRules

SECOND = 1_000_000_000
HOUR_NS = 3_600 * SECOND
RULES = SliceRules(0.01, 15 * SECOND, 10)
MINUTE_MS = 60_000
CASH = 3_000_000.0


@given(
    lots=st.integers(1, 10**12),
    largest=st.integers(0, 10**12),
    least=st.integers(0, 10**6),
    most=st.integers(1, 20),
    room_ns=st.integers(0, HOUR_NS),
)
def test_parts_are_the_whole_as_equal_as_lots_allow_and_none_too_small(
    lots: int, largest: int, least: int, most: int, room_ns: int
) -> None:
    parts = parts_of(lots, Flow(largest, least, room_ns), replace(RULES, most=most))
    assert sum(parts) == lots
    assert max(parts) - min(parts) <= 1
    if len(parts) > 1:
        assert len(parts) <= most
        assert min(parts) >= least
        assert len(parts) * RULES.interval_ns <= room_ns
    fits = -(-lots // max(largest, 1))
    if largest and len(parts) == fits:
        assert max(parts) <= largest, "as small as asked where nothing else forbids it"


@pytest.mark.parametrize(
    ("flow", "rules", "parts"),
    [
        (Flow(300, 10, HOUR_NS), RULES, (250, 250, 250, 250)),
        (Flow(1_000, 10, HOUR_NS), RULES, (1_000,)),
        (Flow(0, 10, HOUR_NS), RULES, (1_000,)),  # nobody knows the volume
        (Flow(300, 10, HOUR_NS), replace(RULES, share=0.0), (1_000,)),
        (Flow(300, 400, HOUR_NS), RULES, (500, 500)),  # a smaller one could not be sold alone
        (Flow(300, 10, 45 * SECOND), RULES, (334, 333, 333)),  # the bar is over before a fourth
        (Flow(1, 10, HOUR_NS), RULES, (100,) * 10),
    ],
)
def test_parts_of_an_entry(flow: Flow, rules: SliceRules, parts: tuple[int, ...]) -> None:
    assert parts_of(1_000, flow, rules) == parts


def sliced_settings() -> Settings:
    base = Settings()
    orders = replace(base.orders, slice_share=0.0001, slice_interval_ms=5 * MINUTE_MS, slices_max=4)
    return replace(base, orders=orders, engine=replace(base.engine, initial_cash=CASH))


def told(memory: Memory) -> tuple[list[object], list[object]]:
    records = list(MemoryJournal(memory, "later").records())
    events = [CODEC.value(one) for one in records if one.kind == EVENT]
    return events, [CODEC.value(one) for one in records if one.kind == EFFECT]


def entries_of(effects: list[object]) -> list[Submit]:
    found = [one for one in effects if isinstance(one, Submit)]
    return [one for one in found if one.purpose is Purpose.ENTRY]


def ends(effects: list[object]) -> list[Sliced]:
    return [one for one in effects if isinstance(one, Sliced) and "apart" not in one.text]


def test_a_paper_session_sends_large_entries_in_slices_at_intervals() -> None:
    memory = Memory()
    running = Running(opened(settings=sliced_settings()), MemoryJournal(memory, "run-1"))
    while running.step():
        pass
    _, effects = told(memory)
    done = [one for one in ends(effects) if one.sent == one.slices]
    assert done, "whole entries, part by part"
    assert all(one.slices <= 4 and not one.dropped_lots for one in done)
    whole = [one for one in effects if isinstance(one, Sliced) and one.sent == 1]
    assert len(entries_of(effects)) > len(whole), "several orders of one decision"
    names = [one.request.client_id for one in entries_of(effects)]
    assert len(set(names)) == len(names)
    sent_ns = [
        one.at_ns
        for one in MemoryJournal(memory, "later").records()
        if one.kind == EFFECT and '"purpose":"e"' in one.body and '"Submit"' in one.body
    ]
    apart = [later - before for before, later in pairwise(sent_ns)]
    assert min(apart) >= 5 * 60 * SECOND


def test_a_live_session_asks_for_the_market_before_each_further_slice() -> None:
    session = LiveSession(Kind.PERPETUAL, settings=sliced_settings())
    session.trade(160)
    events, effects = told(session.memory)
    asked = [one for one in effects if isinstance(one, AskMarket)]
    more = sum(one.sent - 1 for one in ends(effects))
    assert more > 0
    assert len(asked) >= more
    assert sum(isinstance(one, Linked) for one in events) >= 160 + more


def test_where_the_venue_does_not_say_what_is_held_no_further_slice_goes() -> None:
    session = LiveSession(Kind.PERPETUAL, settings=sliced_settings())

    async def silent(_: str) -> None:
        """Ask and hear nothing."""

    session.live.look = silent  # type: ignore[method-assign]
    session.trade(160)
    _, effects = told(session.memory)
    assert ends(effects)
    assert all(one.sent == 1 and one.dropped_lots > 0 for one in ends(effects))
    known = ("its time is over", "the position was reduced", "the price ran ")
    assert all(one.text.startswith(known) for one in ends(effects))


def dearer(*, recosts: bool, spread: float = 0.004) -> tuple[Memory, list[Sliced]]:
    """Return a session whose spread is wider whenever a further slice is looked at.

    The proof's mean return pays for the first spread, and for no more than 0.2 % of a later one.
    """
    made, memory = opened(settings=sliced_settings()), Memory()
    held = made.rules.permissions[0]
    rules = replace(
        made.rules, recosts_slices=recosts, permissions=(replace(held, mean_return=0.002),)
    )
    running = Running(replace(made, rules=rules), MemoryJournal(memory, "run-1"))
    paper = running.paper
    look, link = paper.look, paper.link

    def looked(symbol: str) -> None:
        paper.link = lambda one: replace(link(one), spread=spread)  # type: ignore[method-assign]
        look(symbol)
        paper.link = link  # type: ignore[method-assign]

    running.shell.look = looked
    while running.step():
        pass
    return memory, ends(told(memory)[1])


def test_a_slice_is_held_against_the_costs_of_its_own_moment() -> None:
    """R-GATE-27: what paid at the first moment need not pay at the third."""
    memory, over = dearer(recosts=True)
    assert over
    for one in over:
        assert one.text.startswith("cost: 0.00305, limit 0.00505"), one.text
        assert (one.sent, one.dropped_lots > 0) == (1, True)
    assert replayed(MemoryJournal(memory, "later").records()).effects > 0
    cheap = dearer(recosts=True, spread=0.0001)[1]
    assert any(one.sent == one.slices for one in cheap)


def test_slices_of_older_journals_are_held_against_the_first_costs() -> None:
    """Theirs were sent: a replay that dropped them would be of another journal."""
    memory, over = dearer(recosts=False)
    assert any(one.sent == one.slices for one in over)
    assert not any("cost" in one.text for one in over)
    assert replayed(MemoryJournal(memory, "later").records()).effects > 0


FLIPS = strategy(
    "flips",
    enter_long=close >= highest(close, 2),
    enter_short=close <= lowest(close, 2),
    stop=percent_stop(0.05),
    atr=highest(close, 3) - lowest(close, 3),
)
RESTS = replace(
    FLIPS, construction=replace(FLIPS.construction, entry_limit=pull_back(0.02, bars=3))
)


class Cut(Parity):
    """A session whose limit entries are cut: a part fills, the next one waits 50 minutes."""

    def rules(self, digits: Mapping[str, int] | None = None) -> NodeRules:
        cut = SliceRules(0.0005, 50 * 60 * SECOND, 3)
        return replace(super().rules(digits), slices=cut)


def test_a_limit_entry_shows_one_part_and_a_signal_the_other_way_ends_it() -> None:
    """An iceberg; R-OMS-26: the other side is no reason to go on, nor to turn around."""
    bars = drawn_bars(3, 120)[:1]
    settings = settings_for(bars, TICK)
    settings = replace(settings, risk=replace(settings.risk, reward_risk=0.0))
    session = Cut(RESTS, bars, kind=Kind.PERPETUAL, tick=TICK, settings=settings)
    session.node()
    _, effects = told(session.memory)
    assert "a signal the other way" in {one.text for one in ends(effects)}
    limits = [one.request for one in entries_of(effects)]
    assert all(one.price_ticks for one in limits)
    assert {one.qty_lots for one in limits} & {464_125, 378_767}, "only a part is shown"
