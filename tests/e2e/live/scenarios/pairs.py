"""Pairs: a take and a stop that rest for the same coins, of which the venue lets one trade."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.live.auditing import LIVE

from ballast.core.ids import Purpose
from ballast.core.orders import Side
from ballast.oms.protection.cover import Take

if TYPE_CHECKING:
    from tests.e2e.live.scenarios.play import Play

GAIN, STOP = 0.01, -0.02
OUTAGE_S = 60.0


async def pair_in_an_outage(play: Play) -> None:
    """The take of a pair trades while nobody can reach the venue; its stop goes with it."""
    session, hand = play.session, play.hand
    level = await in_pair(play)
    play.venue.command("POST", "/outage", seconds=OUTAGE_S)
    with play.auditor.excused():
        hand.move(hand.away(2 * GAIN))
        assert abs(play.auditor.position) <= session.dust, "sold with nobody there"
        assert not play.auditor.stop_ticks
        assert session.lots, "nobody has heard of it yet"
        play.venue.command("POST", "/outage", seconds=0.0)
    await session.until("the take is booked", lambda: session.is_calm)
    (take,) = session.of(Purpose.TAKE)
    assert take.filled_lots == take.request.qty_lots
    prices = {one.price_ticks for one in play.auditor.fills() if one.client_id == take.client_id}
    assert prices == {level}, "at its own price, not at market"
    await session.until("the streams are back", lambda: session.is_heard and session.is_linked)


async def pair_that_moves(play: Play) -> None:
    """A stop that moves ends its pair and goes on alone; then the take is watched."""
    session, hand = play.session, play.hand
    await in_pair(play)
    session.move_stop(hand.away(STOP / 2))
    await session.until(
        "the stop has moved", lambda: play.auditor.stop_ticks == [hand.away(STOP / 2)]
    )
    await session.until("the take is known to be gone", lambda: not resting(play))
    assert session.is_covered
    hand.move(hand.away(2 * GAIN))
    await session.until("the take is sold at market", lambda: session.is_calm)


async def pair_that_trades_in_part(play: Play) -> None:
    """A part of the take trades and the stop is gone: the rest is sold or covered in seconds."""
    session, hand = play.session, play.hand
    level = await in_pair(play)
    part = session.lots // 3
    hand.move(level - 1, lots=1)  # so near that nothing of the ladder reaches the take
    hand.take(Side.BUY, level, part)
    await session.until("the part is booked", lambda: session.lots <= 2 * part + 1)
    await session.until("the rest is covered", lambda: session.is_covered)
    assert len(play.auditor.stop_ticks) == 1
    assert not resting(play)
    hand.move(hand.ticks)


async def in_pair(play: Play) -> int:
    """Enter and wait until take and stop rest; return the level of the take."""
    session, hand = play.session, play.hand
    level = hand.away(GAIN)
    session.node.desk(session.symbol).takes = (Take(0, level, session.lots_usual),)
    await session.hold(stop_share=-STOP)
    await session.until(
        "both rest", lambda: resting(play) == [level] and len(play.auditor.stop_ticks) == 1
    )
    assert session.is_covered
    return level


def resting(play: Play) -> list[int]:
    """Return the prices of the takes that live at the venue."""
    takes = play.auditor.ours(Purpose.TAKE)
    return [one.request.price_ticks for one in takes if one.status in LIVE]
