"""A journal that is lost and begins anew on the same account: no id is used twice (A3)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from ballast.core.orders import OrderStatus
from ballast.risk.halt.modes import Command
from ballast.runtime.node import events as told
from ballast.runtime.node.journalled import CODEC, EFFECT
from tests.fakes.guarded import KINDS
from tests.fakes.memory_journal import Memory, MemoryJournal
from tests.fakes.noded import NodedClient
from tests.sim.test_protection import played

STEPS = 400


def ids(memory: Memory) -> set[str]:
    """Return the ids of all orders that a journal wanted sent."""
    effects = [
        CODEC.value(one) for one in MemoryJournal(memory, "later").records() if one.kind == EFFECT
    ]
    sent = [one for one in effects if isinstance(one, told.Submit)]
    sent += [one.submit for one in effects if isinstance(one, told.ReplaceOrder)]
    return {one.request.client_id for one in sent}


def lose(client: NodedClient) -> Memory:
    """Begin a new journal in the place of the one that is gone; return that one."""
    lost, client.memory = client.memory, Memory()
    client.start()
    now_ns = client.line.now_ns
    client.tell(told.Valued(10**12, now_ns))
    client.tell(told.Commanded(Command.RESUME, "ann", "the journal was lost", now_ns))
    return lost


def traded(name: str, seed: int) -> NodedClient:
    client = played(name, seed, 0.1, Counter(), NodedClient).client
    assert isinstance(client, NodedClient)
    return client


def live(client: NodedClient) -> None:
    client.move()
    client.act()
    client.step()


def flatten(client: NodedClient) -> None:
    client.tell(told.Commanded(Command.FLATTEN, "ann", "simulation", client.line.now_ns))
    for _ in range(STEPS):
        client.quote()
        client.step()
        if not client.book.holding(client.symbol).lots and not list(client.book.open_orders()):
            return
    raise AssertionError("it does not become flat")


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("is_named", [True, False])
def test_a_journal_that_began_anew_repeats_no_client_id(name: str, *, is_named: bool) -> None:
    """Both count their decisions from 1. Without the time of its birth an id would come again."""
    client = traded(name, 3)
    client.rules = replace(client.rules, names_birth=is_named)
    if not is_named:
        flatten(client)
        lose(client)  # a life whose ids say nothing of it, to be lost in its turn
        for _ in range(3 * STEPS):
            live(client)
    flatten(client)
    lost = ids(lose(client))
    for _ in range(STEPS if is_named else 3 * STEPS):
        live(client)
    found = ids(client.memory)
    assert len(lost) > 3
    assert len(found) > 3
    assert bool(lost & found) != is_named
    if is_named:
        assert max(client.line.accepted.values()) == 1, "at most once (A2)"


@pytest.mark.parametrize("name", KINDS)
def test_what_a_lost_journal_held_stays_as_it_is_until_a_person_adopts_it(name: str) -> None:
    """A9: the stop of before rests on; nothing is sold, nothing enters what is not understood."""
    client = traded(name, 5)
    for _ in range(40 * STEPS):
        live(client)
        if client.book.holding(client.symbol).lots and stops(client):
            break
    lots = client.line.position()
    before = stops(client)
    assert lots
    lose(client)
    for _ in range(STEPS):
        client.act()  # the price stays, or the stop would do its work
        client.step()
    assert stops(client) == before
    assert client.line.position() == lots
    assert not ids(client.memory)


def stops(client: NodedClient) -> set[str]:
    found = client.line.exchange.open_orders(client.line.account, client.symbol)
    return {one.request.client_id for one in found if one.status is OrderStatus.UNTRIGGERED}
