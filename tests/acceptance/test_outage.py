"""An outage: what protects or closes is wanted until it is done; an entry's moment is over."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ballast.core.ids import Purpose
from ballast.core.instrument import Kind
from ballast.core.reports import Action, Look, Miss, Unclear
from ballast.oms.resolver import Step
from ballast.runtime.node.events import Ask, Effect, Elapsed, Left, Moved, Reported, Submit
from ballast.venues.clients.calls import CallError, Verdict
from tests.fakes.live_sessions import LiveSession
from tests.unit.runtime import test_node as by_hand
from tests.unit.runtime.test_node import NOW, SECOND, SYMBOL, ready

if TYPE_CHECKING:
    from ballast.runtime.node.node import Node

LOOKS = {
    Step.ASK_BY_ID: Look.BY_ID,
    Step.ASK_OPEN_ORDERS: Look.OPEN_ORDERS,
    Step.ASK_TRADES: Look.TRADES,
}
OUTAGE_S = 120


class Cut:
    """A node whose line is cut: every order is a doubt, every question unanswered."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.sent: list[Submit] = []
        self.is_back = False

    def tell(self, event: object, second: int) -> list[Submit]:
        """Tell an event; return what was sent for it, answered as the line allows."""
        at_ns, sent = NOW + second * SECOND, []
        waiting = list(self.node.handle(event))  # type: ignore[arg-type]
        while waiting:
            effect: Effect = waiting.pop(0)
            if isinstance(effect, Submit):
                sent.append(effect)
                name = effect.request.client_id
                if not self.is_back:
                    doubt = Unclear(SYMBOL, name, Action.SUBMIT, "no connection", at_ns)
                    waiting += self.node.handle(Reported(doubt, at_ns))
            elif isinstance(effect, Ask) and self.is_back:  # the venue never had it
                miss = Miss(SYMBOL, effect.client_id, LOOKS[effect.step], at_ns)
                waiting += self.node.handle(Reported(miss, at_ns))
        self.sent += sent
        return sent

    def wait(self, first: int, last: int) -> list[Submit]:
        """Let seconds pass."""
        found = []
        for second in range(first, last):
            found += self.tell(Elapsed(NOW + second * SECOND), second)
        return found


def test_an_exit_that_is_wanted_in_an_outage_is_carried_out_when_it_is_over() -> None:
    """R-OMS-17: wanted until it is done; each attempt only reduces, so two of them do no harm."""
    node = ready()
    by_hand.held(node)
    line = Cut(node)
    line.tell(Left(SYMBOL, "signal", NOW + 10 * SECOND), 10)
    line.wait(11, OUTAGE_S)
    assert node.book.holding(SYMBOL).lots == 10, "nothing of it arrived"
    assert node.desk(SYMBOL).closes, "and it is not forgotten"
    assert line.sent
    assert all(one.request.reduce_only for one in line.sent)
    assert {one.purpose for one in line.sent} <= {Purpose.FLATTEN, Purpose.STOP}
    line.is_back = True
    (exit_, *_) = (
        one for one in line.wait(OUTAGE_S, OUTAGE_S + 120) if one.purpose is Purpose.FLATTEN
    )
    at_ns = NOW + 400 * SECOND
    fill = replace(by_hand.filled(exit_), trade_id=2, order_id=9, at_ns=at_ns)
    node.handle(Reported(fill, at_ns))
    assert node.book.holding(SYMBOL).lots == 0


def test_what_was_wanted_last_of_a_stop_is_what_goes_out_after_an_outage() -> None:
    """R-OMS-17: not each level in turn: the stop is where it was wanted last, and never looser."""
    node = ready()
    by_hand.held(node)
    line = Cut(node)
    for second, level in ((10, 9_600), (20, 9_700), (30, 9_650)):
        line.tell(Moved(SYMBOL, level, NOW + second * SECOND), second)
    line.wait(31, OUTAGE_S)
    line.is_back = True
    line.wait(OUTAGE_S, OUTAGE_S + 120)
    stops = [one.request.trigger_ticks for one in line.sent if one.purpose is Purpose.STOP]
    assert stops
    assert max(stops) == stops[-1] == 9_700
    assert stops == sorted(stops)


def test_an_entry_of_an_outage_is_dropped_and_never_sent_again() -> None:
    """R-OMS-17, S-09: its signal is old by then; only a new one can enter."""
    node = ready()
    line = Cut(node)
    entry = by_hand.entry(node)
    name = entry.request.client_id
    node.handle(Reported(Unclear(SYMBOL, name, Action.SUBMIT, "no connection", NOW), NOW))
    line.wait(1, OUTAGE_S)
    line.is_back = True
    line.wait(OUTAGE_S, OUTAGE_S + 120)
    assert line.sent == []
    record = node.book.get(name)
    assert record is not None
    assert not record.is_open
    assert not list(node.book.doubtful())


def test_nothing_is_traded_before_the_venue_has_said_what_it_holds() -> None:
    """R-STATE-17, R-RECON-03: what the journal says is provisional until it is reconciled."""
    session = LiveSession(Kind.PERPETUAL)

    async def refused(*_: object) -> object:
        raise CallError(Verdict.UNREACHED, "the line is cut")

    session.desk.positions = refused  # type: ignore[method-assign,assignment]

    async def begin() -> None:
        session.shell.started(session.effects)
        with pytest.raises(CallError):
            await session.live.begin()

    asyncio.run(begin())
    assert session.fills() == []
    assert session.live.figures.reconciliations == 0
