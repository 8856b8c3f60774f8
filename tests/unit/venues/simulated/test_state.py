"""Snapshots, delays and what a stranger's bytes may do (R-EXCH-16; issue point 5; R-COST-11)."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from tests.fakes.venue import SECOND, SPOT, START_NS, limit, only, rich, taken, venue

from ballast.core.errors import DataError, InternalError
from ballast.core.orders import (
    AmendRequest,
    ListKind,
    ListRequest,
    OrderKind,
    OrderRef,
    OrderRequest,
    RejectReason,
    Side,
)
from ballast.kernel.exchange import match
from ballast.kernel.exchange.soundness import is_sound
from ballast.venues.simulated.engine.events import Answered, Filled
from ballast.venues.simulated.engine.latency import DelayedFeed, Latency, Leg
from ballast.venues.simulated.engine.liquidity import ScriptedPath
from ballast.venues.simulated.engine.profile import VenueProfile

BUY, SELL = Side.BUY, Side.SELL
MS = 10**6


def path() -> ScriptedPath:
    return ScriptedPath(SPOT, [(START_NS + n * SECOND, 2_000_00 - 50 * n) for n in range(1, 20)])


def test_a_restored_exchange_goes_on_with_its_sources_timers_and_events() -> None:
    one, two = venue(seed=3), venue(seed=3)
    for exchange in (one, two):
        exchange.attach(path())
    me = rich(one)
    one.advance(START_NS + 5 * SECOND)
    taken(one.submit(me, limit(BUY, 1_995_00, 500, client_id="a")))
    one.countdown(me, SPOT, 10_000)
    two.restore(one.snapshot())
    for exchange in (one, two):
        exchange.advance(START_NS + 30 * SECOND)
    first, second = one.drain(), two.drain()
    assert first == second
    assert len(only(first, Filled)) > 0
    assert one.snapshot() == two.snapshot()


def test_bytes_of_another_exchange_are_refused_and_change_nothing() -> None:
    exchange = venue()
    before = exchange.snapshot()
    other = venue(VenueProfile(funding_hours=4))
    bad = [
        (b"", "damaged"),
        (b"\x00garbage", "damaged"),
        (before[:-7], "damaged"),
        (other.snapshot(), "another exchange"),
        (venue(seed=9).snapshot(), "another exchange"),
    ]
    for data, words in bad:
        with pytest.raises(DataError, match=words):
            exchange.restore(data)
    sourced = venue()
    sourced.attach(path())
    with pytest.raises(DataError, match="sources"):
        exchange.restore(sourced.snapshot())
    assert exchange.snapshot() == before


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_state_is_refused(seed: int) -> None:
    exchange = venue()
    data = bytearray(exchange.snapshot())
    rng = np.random.default_rng(seed)
    data[int(rng.integers(0, len(data)))] ^= int(rng.integers(1, 256))
    with pytest.raises(DataError, match="damaged"):
        venue().restore(bytes(data))


@pytest.mark.parametrize("seed", range(60))
def test_a_book_with_a_wrong_word_is_unsound_or_still_a_book(seed: int) -> None:
    """Compiled code checks no bounds: a stored book is followed link by link before it is used."""
    exchange = venue()
    me = rich(exchange)
    for step in range(30):
        taken(exchange.submit(me, limit(BUY, 1_900_00 + step % 9, 500 + step)))
    book = exchange._world.markets[SPOT].book
    assert is_sound(book)
    rng = np.random.default_rng(seed)
    used = np.flatnonzero(book)
    word = int(rng.choice(used))
    bad = book.copy()
    bad[word] = int(rng.choice([-5, 10**9, bad[word] + 1, 0]))
    if is_sound(bad):  # the word says nothing that must hold: a flag, an owner, a free record
        match.place(bad, exchange._world.markets[SPOT].out, 10**6, 1, -1, 1, 10**6, 1, 0)
    assert not is_sound(book[:-1])


def test_time_does_not_go_back() -> None:
    exchange = venue()
    with pytest.raises(InternalError, match="back"):
        exchange.advance(START_NS - 1)


LATENCY = Latency(feed=Leg(1 * MS), entry=Leg(5 * MS, 10 * MS, 0.8), ack=Leg(2 * MS, 3 * MS, 0.5))


def test_a_request_takes_effect_when_it_arrives_and_its_answer_later() -> None:
    """R-COST-11: entry and acknowledgement delays, drawn from the seed."""
    exchange = venue(seed=5, latency=LATENCY)
    me = rich(exchange)
    exchange.drain()
    ticket = exchange.send(me, limit(BUY, 1_995_00, 500, client_id="a"))
    assert exchange.open_orders(me) == []
    exchange.advance(START_NS + SECOND)
    (event,) = only(exchange.drain(), Answered)
    assert (event.ticket, event.rejected, len(event.order_ids)) == (ticket, None, 1)
    found = exchange.order(me, OrderRef(SPOT, client_id="a"))
    assert found is not None
    assert START_NS + 5 * MS < found.created_ns == event.at_ns
    assert event.due_ns > event.at_ns + 2 * MS


def test_requests_of_one_account_do_not_overtake_each_other() -> None:
    exchange = venue(seed=5, latency=LATENCY)
    me = exchange.open_account("me", {"BTC": Decimal(10)})
    exchange.street.trade(SPOT, BUY, 2_000_00, 1)
    take = limit(SELL, 2_100_00, 100)
    stop = OrderRequest(SPOT, SELL, OrderKind.STOP_MARKET, 100, trigger_ticks=1_900_00)
    requests = [
        limit(SELL, 2_100_00, 100, client_id="a"),
        AmendRequest(OrderRef(SPOT, client_id="a"), qty_lots=50),
        OrderRef(SPOT, client_id="a"),
        ListRequest(SPOT, ListKind.OCO, (take, stop)),
        limit(BUY, 2_100_00, 100),
    ] * 5  # fmt: skip
    tickets = [exchange.send(me, request) for request in requests]
    exchange.advance(START_NS + SECOND)
    answers = only(exchange.drain(), Answered)
    assert [one.ticket for one in answers] == tickets
    assert [one.rejected for one in answers] == [
        None, None, None, None, RejectReason.INSUFFICIENT_BALANCE,
    ] * 5  # fmt: skip


def test_the_feed_arrives_late_and_in_order() -> None:
    exchange = venue()
    me = rich(exchange)
    feed = DelayedFeed(Latency(feed=Leg(0, 5 * MS, 1.5)), seed=1)
    for step in range(20):
        taken(exchange.submit(me, limit(BUY, 1_000_00 + step, 500)))
        exchange.advance(exchange.now_ns + MS)
        feed.push(exchange.drain())
    assert feed.arrived(START_NS) == []
    seen = []
    while (due := feed.next_ns()) is not None:
        assert due > START_NS
        seen += feed.arrived(due)
    assert [event.sequence for event in seen] == list(range(1, len(seen) + 1))


def test_a_leg_draws_what_it_says() -> None:
    """Half of the draws lie above the median; none below the minimum; each is repeatable."""
    leg = Leg(100, 1_000, 0.5)
    draws = [leg.draw_ns(1, "entry", number) for number in range(2_000)]
    above = sum(draw > 1_100 for draw in draws)
    assert min(draws) > 100
    assert 900 < above < 1_100
    assert draws[7] == leg.draw_ns(1, "entry", 7) != leg.draw_ns(1, "ack", 7)
    assert Leg(100).draw_ns(1, "entry", 1) == 100
