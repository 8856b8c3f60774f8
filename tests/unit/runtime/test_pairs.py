"""A node and the pair of take and stop: sent as one, booked as two, tried once (R-STOP-28)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.fakes.memory_journal import Memory, MemoryJournal
from tests.fakes.venue import SPOT, limit, rich, venue
from tests.unit.runtime.test_node import (
    NOW,
    RULES,
    SECOND,
    SYMBOL,
    cancels,
    entry,
    filled,
    placed,
    ready,
    shown,
    told,
)

from ballast.core.ids import Purpose, client_id
from ballast.core.orders import OrderKind, OrderRequest, OrderStatus, RejectReason, Side
from ballast.core.reports import Action, Rejection, Unclear
from ballast.oms.protection.cover import Abilities, Take
from ballast.runtime.node.events import Elapsed, OrdersShown, Reported, Submit, SubmitPair
from ballast.runtime.node.journalled import CODEC, started
from ballast.runtime.shell.relive import relive
from ballast.service.looks import looks_of
from ballast.venues.clients.calls import CallError, Urgency, Verdict
from ballast.venues.clients.trading import TradingClient
from ballast.venues.simulated.client import SimulatedClient
from ballast.venues.simulated.lossy import LossyClient

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.core.reports import Report
    from ballast.runtime.node.events import Effect
    from ballast.runtime.node.node import Node

PAIRS = replace(RULES, abilities=Abilities(reduces_only=False, replaces=True, pairs=True))
TAKE = Take(0, 10_400, 10)


def pairs(effects: Sequence[Effect]) -> list[SubmitPair]:
    return [one for one in effects if isinstance(one, SubmitPair)]


def opened(lots: int = 10) -> tuple[Node, Submit, list[Effect]]:
    """Enter and fill some of it; return the entry, and what its fill led to."""
    node = ready(PAIRS)
    submit = entry(node)
    node.desk(SYMBOL).takes = (replace(TAKE, lots=lots),)
    return node, submit, node.handle(Reported(filled(submit, lots), NOW + SECOND))


def test_what_is_filled_whole_is_in_a_pair_at_once() -> None:
    node, _, effects = opened()
    (sent,) = pairs(effects)
    take, stop = sent.take, sent.stop
    assert (take.purpose, stop.purpose) == (Purpose.TAKE, Purpose.STOP)
    assert node.desk(SYMBOL).taking == {take.request.client_id: 0}
    assert {one.client_id for one in node.book.open_orders(SYMBOL)} == {
        take.request.client_id, stop.request.client_id,
    }  # fmt: skip
    assert pairs(node.handle(Elapsed(NOW + 2 * SECOND))) == []


def test_a_stop_makes_room_for_a_pair_once_the_entry_is_over() -> None:
    node, submit, first = opened(6)
    assert placed(first) == [Purpose.STOP], "more of it may come: its stop does not wait"
    (stop,) = (one for one in first if isinstance(one, Submit))
    node.handle(Reported(shown(stop, OrderStatus.UNTRIGGERED, 8), NOW + SECOND))
    over = replace(shown(submit, OrderStatus.CANCELLED), filled_lots=6)
    assert cancels(node.handle(Reported(over, NOW + SECOND))) == [stop.request.client_id]
    gone = shown(stop, OrderStatus.CANCELLED, 8)
    (sent,) = pairs(node.handle(Reported(gone, NOW + 2 * SECOND)))
    assert (sent.take.request.qty_lots, sent.stop.request.qty_lots) == (6, 6)


def test_a_pair_that_is_refused_leaves_the_stop_alone_and_the_take_watched() -> None:
    node, _, effects = opened()
    (sent,) = pairs(effects)
    found = []
    for one in (sent.take, sent.stop):
        no = Rejection(
            SYMBOL, one.request.client_id, Action.SUBMIT, RejectReason.WOULD_TRADE, "no", NOW
        )
        found += node.handle(Reported(no, NOW + 3 * SECOND))
    assert placed(found) == [Purpose.STOP]
    assert told(found) == ["a pair of take and stop is refused: would_trade; the take is watched"]
    assert node.desk(SYMBOL).refused_takes == ()
    assert node.desk(SYMBOL).guard.refusals == 0


def test_rules_without_pairs_replay_as_they_were() -> None:
    node = ready(replace(RULES, abilities=Abilities(reduces_only=False, replaces=True)))
    submit = entry(node)
    node.desk(SYMBOL).takes = (TAKE,)
    effects = node.handle(Reported(filled(submit), NOW + SECOND))
    assert placed(effects) == [Purpose.STOP]
    assert pairs(effects) == []


# The simulated exchange, and what a journal says of it ----------------------------------------


def both(number: int) -> tuple[OrderRequest, OrderRequest]:
    names = [
        client_id(purpose, account="a", strategy="s", symbol=SPOT, decision=number)
        for purpose in (Purpose.TAKE, Purpose.STOP)
    ]
    take = limit(Side.SELL, 7_000_000, 10, client_id=names[0], post_only=True)
    stop = OrderRequest(
        SPOT, Side.SELL, OrderKind.STOP_MARKET, 10, client_id=names[1], trigger_ticks=5_000_000
    )
    return take, stop


def test_what_a_journal_says_of_a_pair_is_done_again_and_told_as_repairs() -> None:
    take, stop = both(1)
    memory = Memory()
    journal = MemoryJournal(memory, "run-1", NOW)
    live, _ = started(RULES, journal, NOW)
    effect = SubmitPair(Submit(Purpose.TAKE, take), Submit(Purpose.STOP, stop))
    looked = OrdersShown((), NOW, NOW)
    live.journal.append([CODEC.entry(looked, NOW), CODEC.entry(effect, NOW)])
    exchange = venue()
    client = SimulatedClient(exchange, rich(exchange))
    records = list(MemoryJournal(memory, "later").records())
    assert relive(client, records) == 1
    assert {one.client_id for one in client.open_orders()} == {take.client_id, stop.client_id}
    said = [line for one in looks_of(records, 1) for line in one.repairs]
    assert said[-2:] == [f"{SPOT} take of 10 lots sent", f"{SPOT} stop of 10 lots sent"]


def test_a_pair_goes_lost_as_a_whole() -> None:
    exchange = venue()
    client = LossyClient(exchange, rich(exchange), seed=1, rate=0.9)
    answers = [client.submit_pair(*both(number)) for number in range(40)]
    assert {len(one) for one in answers} == {0, 2}
    unclear = [one for one in answers if one and isinstance(one[0], Unclear)]
    assert unclear
    assert all(one[0].client_id != one[1].client_id for one in unclear)
    assert len(client.open_orders()) % 2 == 0


# The client of a venue ------------------------------------------------------------------------


class PairedDesk:
    """Takes pairs, or loses them."""

    def __init__(self, *, fails: bool) -> None:
        self.fails = fails
        self.asked: list[tuple[OrderRequest, OrderRequest, Urgency]] = []

    async def place_pair(
        self, take: OrderRequest, stop: OrderRequest, urgency: Urgency
    ) -> Sequence[Report]:
        self.asked.append((take, stop, urgency))
        if self.fails:
            raise CallError(Verdict.UNCLEAR, "504")
        return []


async def heard(desk: object) -> tuple[Sequence[Report], list[Report]]:
    client = TradingClient(desk, lambda: NOW)  # type: ignore[arg-type]
    found: list[Report] = []
    client.serve(found.extend, lambda _: 0)
    at_once = client.submit_pair(*both(1))
    await client.settle(1.0)
    return at_once, found


@pytest.mark.parametrize("fails", [False, True])
def test_a_pair_is_asked_for_with_the_urgency_of_a_stop(*, fails: bool) -> None:
    desk = PairedDesk(fails=fails)
    assert asyncio.run(heard(desk))[0] == ()
    ((take, stop, urgency),) = desk.asked
    assert (take, stop, urgency) == (*both(1), Urgency.PROTECT)


def test_a_pair_whose_answer_is_lost_is_unclear_twice() -> None:
    _, told_later = asyncio.run(heard(PairedDesk(fails=True)))
    take, stop = both(1)
    assert [(type(one), one.client_id) for one in told_later] == [
        (Unclear, take.client_id), (Unclear, stop.client_id),
    ]  # fmt: skip


def test_where_a_venue_has_no_pairs_nothing_is_sent() -> None:
    at_once, later = asyncio.run(heard(object()))
    assert [type(one) for one in at_once] == [Rejection, Rejection]
    assert later == []
