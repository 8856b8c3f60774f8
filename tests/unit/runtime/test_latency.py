"""How long a decision takes to the venue's word, and a close to its orders."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.fakes.live_sessions import RHYTHM, LiveSession
from tests.unit.runtime import test_node as by_hand
from tests.unit.runtime.test_node import NOW, SYMBOL, ready

from ballast.core.instrument import Kind
from ballast.core.orders import RejectReason
from ballast.core.reports import Action, Look, Miss, Rejection, Unclear
from ballast.oms import lifecycle
from ballast.runtime.shell.latency import KEPT, Latency
from ballast.venues.clients.account import TopOfBook

HOLDS = 54
"""Closes after which the session holds a position."""
MS, SECOND = 1_000_000, 1_000_000_000


@pytest.mark.parametrize(("taken_ms", "is_told"), [(499, False), (500, False), (501, True)])
def test_a_person_is_told_of_a_word_that_came_later_than_the_limit(
    taken_ms: int, *, is_told: bool
) -> None:
    """R-OMS-27: from the moment the node was told what it decided on."""
    node, latency = ready(), Latency(most_ms=500.0)
    entry = by_hand.entry(node)
    record = node.book.get(entry.request.client_id)
    at_ns = NOW + taken_ms * MS
    said = latency.heard(record, by_hand.shown(entry), at_ns)
    assert list(latency.acks_ms) == [taken_ms]
    assert (said is not None, latency.late) == (is_told, int(is_told))
    if said is not None:
        name = entry.request.client_id
        assert said.text == f"{name} was acknowledged 501 ms after its decision, limit 500 ms"
        assert said.symbol == SYMBOL


def test_a_refusal_and_a_fill_are_words_and_a_doubt_is_none() -> None:
    node = ready()
    entry = by_hand.entry(node)
    name = entry.request.client_id
    record = node.book.get(name)
    assert record is not None
    words = (
        by_hand.filled(entry),
        Rejection(SYMBOL, name, Action.SUBMIT, RejectReason.EXPIRY, "-1", NOW),
    )
    doubts = (
        Unclear(SYMBOL, name, Action.SUBMIT, "timeout", NOW),
        Miss(SYMBOL, name, Look.BY_ID, NOW),
    )
    for one, count in ((words[0], 1), (words[1], 1), (doubts[0], 0), (doubts[1], 0)):
        latency = Latency()
        assert latency.heard(record, one, NOW + 3 * SECOND) is None, "without a limit"
        assert len(latency.acks_ms) == count
    latency = Latency()
    unknown = lifecycle.unheard(record, NOW + SECOND)
    latency.heard(unknown, by_hand.shown(entry), NOW + 9 * SECOND)
    assert list(latency.acks_ms) == [9_000.0], "its answer was lost, and it was found"


def test_only_the_first_word_of_an_order_counts_and_orders_of_others_do_not() -> None:
    node, latency = ready(), Latency(most_ms=1.0)
    entry = by_hand.entry(node)
    node.handle(by_hand.Reported(by_hand.shown(entry), NOW))
    record = node.book.get(entry.request.client_id)
    assert latency.heard(record, by_hand.filled(entry), NOW + 60 * SECOND) is None
    assert latency.heard(None, by_hand.filled(entry), NOW + 60 * SECOND) is None
    assert not latency.acks_ms


def test_of_many_slow_ones_a_minute_is_told_once_and_all_are_counted() -> None:
    node, latency = ready(), Latency(most_ms=1.0)
    entry = by_hand.entry(node)
    record = node.book.get(entry.request.client_id)
    assert record is not None
    said = []
    for second in range(0, 150, 5):
        at_ns = NOW + (1 + second) * SECOND
        again = replace(record, prepared_ns=at_ns - SECOND)
        said.append(latency.heard(again, by_hand.shown(entry), at_ns))
    told = [place * 5 for place, one in enumerate(said) if one is not None]
    assert told == [0, 60, 120]
    assert latency.late == len(said)
    for _ in range(2 * KEPT):
        latency.decided(0, MS)
    assert len(latency.closes_ms) == KEPT


def test_a_session_measures_every_close_and_every_order() -> None:
    """R-DATA-17: from the end of a bar until it was decided on and its orders were sent."""
    session = LiveSession(Kind.PERPETUAL)
    session.trade(60)
    latency = session.live.latency
    assert len(latency.closes_ms) == 60
    assert 0.0 <= min(latency.closes_ms) <= max(latency.closes_ms) < 60_000.0
    assert len(latency.acks_ms) >= 2, "an entry and its stop"
    assert all(one >= 0.0 for one in latency.acks_ms)


@pytest.mark.parametrize(
    ("bid", "ask", "price"),
    [(-20, -10, -10), (-5, 5, 0), (10, 20, 10)],  # below the last price, around it, above it
)
def test_the_cycle_beneath_the_streams_finds_where_the_price_is(
    bid: int, ask: int, price: int
) -> None:
    """R-DATA-07, R-ARCH-05: no stream tells it, and what is held is looked after all the same."""
    session = LiveSession(Kind.PERPETUAL)
    session.trade(HOLDS)
    live, symbol = session.live, session.opened.symbols[0]
    assert live.shell.node.book.holding(symbol).lots
    assert live.figures.cycles > HOLDS * 3_600 / RHYTHM.cycle_s / 2
    last = live.facts.of(symbol).last_ticks
    deep = 10**12

    async def top(_: str, depth: int) -> TopOfBook:
        del depth
        return TopOfBook(symbol, ((last + bid, deep),), ((last + ask, deep),), session.now_ns())

    session.desk.top = top  # type: ignore[method-assign]
    asyncio.run(live._cycle())
    assert live.shell.node.desk(symbol).price_ticks == last + price
