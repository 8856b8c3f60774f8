"""Orders: the venue fills a part of one, or will not take it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ballast.core.ids import Purpose
from ballast.core.orders import OrderKind, RejectReason, Side
from ballast.oms.record import OVER, Phase
from ballast.risk.halt.modes import Command, Mode
from ballast.runtime.node.events import Commanded

if TYPE_CHECKING:
    from tests.e2e.live.scenarios.play import Play

MONEY = frozenset({RejectReason.INSUFFICIENT_BALANCE, RejectReason.INSUFFICIENT_MARGIN})
CONDITIONAL_MAX = 100
"""Conditional orders of a symbol that the simulated venue takes."""


async def partial_fill(play: Play) -> None:
    """A limit entry fills in parts: its stop follows each of them, its rest is cancelled."""
    session, hand, auditor = play.session, play.hand, play.auditor
    usual = session.lots_usual
    first, second = usual * 4 // 10, usual * 3 // 10
    hand.move(hand.ticks, lots=first)
    limit = hand.ticks + 1
    against = await session.enter(limit_ticks=limit)
    assert not against, against
    for held in (first, first + second):
        await session.until(
            f"a stop for {held} lots",
            lambda held=held: session.lots == held and auditor.covered_lots == held,
        )
        assert len(auditor.stop_ticks) == 1
        if held == first:
            hand.take(Side.SELL, limit, second)
    await session.until(
        "the rest is cancelled", lambda: all(one.phase in OVER for one in session.of(Purpose.ENTRY))
    )
    assert session.lots == first + second
    assert session.is_covered
    session.leave()
    await session.until("the exit is booked", lambda: session.is_calm)
    hand.move(hand.ticks, lots=first // 3)
    against = await session.enter()  # at market, and the book is thin
    assert not against, against
    await session.until("what there was is covered", lambda: session.is_covered)
    assert 0 < session.lots < usual
    hand.move(hand.ticks)


async def entry_refused(play: Play) -> None:
    """The venue refuses an entry for want of money: asked once, named, nothing is left."""
    session, row = play.session, play.row
    against = await session.enter(lots=session.lots_usual * row.too_much)
    assert not against, against
    await session.until(
        "the venue has refused", lambda: session.of(Purpose.ENTRY)[-1].phase in OVER
    )
    refused = session.of(Purpose.ENTRY)
    assert [one.phase for one in refused] == [Phase.REFUSED]
    assert refused[0].refused in MONEY
    await asyncio.sleep(1.0)
    assert len(session.orders) == 1, "sent again"
    assert session.is_calm
    await session.hold()


async def stop_refused(play: Play) -> None:
    """The venue takes no stop: asked twice, then the position is closed and entries pause (B4)."""
    session, hand, auditor = play.session, play.hand, play.auditor
    auditor.place_foreign(
        CONDITIONAL_MAX,
        kind=OrderKind.STOP_MARKET,
        qty_lots=max(session.lots_usual // 100, 1),
        trigger_ticks=hand.away(0.5),
    )
    against = await session.enter()
    assert not against, against
    await session.until(
        "it is closed", lambda: bool(session.of(Purpose.FLATTEN)) and session.is_calm
    )
    stops = session.of(Purpose.STOP)
    assert {one.phase for one in stops} == {Phase.REFUSED}
    assert len(stops) <= 3, "a storm of stops"
    assert session.node.halt.mode is Mode.PAUSED
    assert session.node.halt.who == "no_stop"
    against = await session.enter()
    assert any(one.startswith("mode") for one in against), against
    auditor.withdraw_foreign()
    session.live.tell(
        Commanded(Command.RESUME, "trader", "there is room again", session.live.now_ns)
    )
    await session.hold()
