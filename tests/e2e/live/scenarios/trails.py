"""Trails: a stop that the venue moves by itself, while the node is there and while it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.live.auditing import LIVE, name_of

from ballast.core.ids import Purpose
from ballast.core.orders import OrderKind, Side

if TYPE_CHECKING:
    from tests.e2e.live.scenarios.play import Play

    from ballast.core.orders import Order

FAR = 0.05
"""Share of the price from it to the own stop: the venue's trail is nearer."""
OUTAGE_S = 60.0


async def trail_in_an_outage(play: Play) -> None:
    """The price rises and falls back while nobody can reach the venue: it sells near the top."""
    session, hand = play.session, play.hand
    share = await in_trail(play)
    top = hand.away(3 * share)
    play.venue.command("POST", "/outage", seconds=OUTAGE_S)
    with play.auditor.excused():
        for step in range(1, 7):
            hand.move(hand.ticks + round((top - hand.ticks) * step / 6))
        assert abs(play.auditor.position) == session.lots, "it follows, and does not sell"
        hand.move(hand.away(-1.2 * share))
        assert not play.auditor.position, "sold with nobody there"
        play.venue.command("POST", "/outage", seconds=0.0)
    await session.until("the sale is booked", lambda: session.is_calm)
    (order,) = (one for one in session.of(Purpose.TRAIL) if one.filled_lots)
    sold = [one for one in play.auditor.fills() if name_of(one) == order.client_id]
    bought = [one for one in play.auditor.fills() if one.side is Side.BUY]
    assert min(one.price_ticks for one in sold) > max(one.price_ticks for one in bought)
    await session.until("the streams are back", lambda: session.is_heard and session.is_linked)


async def trail_goes_with_the_position(play: Play) -> None:
    """The own stop is set off, or the node leaves: no order of the venue's is left behind."""
    session, hand = play.session, play.hand
    await in_trail(play)
    session.move_stop(hand.away(-0.002))
    await session.until(
        "the stop has moved", lambda: play.auditor.stop_ticks == [hand.away(-0.002)]
    )
    assert len(resting(play)) == 1, "it is left alone"
    hand.move(hand.away(-0.004))
    await session.until("the stop is booked", lambda: session.is_calm)
    await session.until("the trail is gone", lambda: not resting(play))
    await in_trail(play)
    session.leave()
    await session.until("all is gone", lambda: session.is_calm and not resting(play))


async def in_trail(play: Play) -> float:
    """Hold, and wait until the venue's trail rests; return how far it stays, of the price."""
    session = play.session
    await session.hold(stop_share=FAR)
    await session.until("a trailing stop rests", lambda: len(resting(play)) == 1)
    (order,) = resting(play)
    wanted = session.node.rules.abilities.trail_ppm
    assert order.request.kind is OrderKind.TRAILING_STOP
    assert (order.request.qty_lots, order.request.trail_ppm) == (session.lots, wanted)
    assert order.request.reduce_only
    assert session.is_covered
    return wanted / 1_000_000


def resting(play: Play) -> list[Order]:
    """Return the trailing stops that live at the venue."""
    return [one for one in play.auditor.ours(Purpose.TRAIL) if one.status in LIVE]
