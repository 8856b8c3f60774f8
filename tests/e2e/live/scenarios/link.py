"""Link: the way to the venue breaks, is closed, lies about the time, or dies without a word."""

from __future__ import annotations

import asyncio
import math
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.live.auditing import LIVE

from ballast.core.ids import Purpose
from ballast.risk.halt.breaker import Gate
from ballast.venues.clients.asking import budget
from ballast.venues.clients.bybit import codes as bybit
from ballast.venues.clients.calls import Call, Pool, Urgency
from ballast.venues.clients.okx import codes as okx

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.live.scenarios.play import Play
    from tests.e2e.live.session import Session

    from ballast.venues.simulated.wire.weights import Spent

SECOND_NS = 1_000_000_000
OUTAGE_S = 60.0
BAN_S = 12.0
"""Of the venue's time: what venues publish (one to ten minutes), cut short."""
WINDOW_S = 6.0
DRIFT_S = 40.0
"""More than any venue bears: OKX takes what is 30 s old."""
STORM = 80
"""Requests in the few seconds that a reaction takes: the usual questions are some twenty."""
DEEP_WEIGHT, LIGHT = 250, 400
"""What a book of 5,000 levels weighs at Binance spot; pings enough for what such a book leaves."""
RESERVE = 0.2
"""Of a limit, for what protects (R-NET-05)."""
ENDLESS_NS = 10**19
AT_ONCE_S, AT_ONCE_NS = 8.0, 5 * SECOND_NS
"""A busy machine needs seconds; without a reserve it would be the rest of the window."""
IN_FLIGHT = 4
"""Questions that may be on their way when the first one is refused."""
METERS = {"binance": "_weights", "binance-usdm": "_weights", "bybit": "_addresses", "okx": "_edge"}


async def outage(play: Play) -> None:
    """Nothing reaches the venue; meanwhile the price falls through the stop that rests there."""
    session, hand = play.session, play.hand
    await session.hold()
    sent = play.requests
    play.venue.command("POST", "/outage", seconds=OUTAGE_S)
    with play.auditor.excused():
        await session.until("the breaker opens", lambda: session.live.gate() is Gate.OPEN)
        against = await session.enter()
        assert any("breaker" in one for one in against), against
        hand.move(hand.away(-0.02))
        assert abs(play.auditor.position) <= session.dust  # the venue's own stop did it
        assert play.requests == sent
        assert session.lots  # nobody has heard of it yet
        knocks = play.turned_away
        await asyncio.sleep(1.0)
        assert play.turned_away - knocks < STORM, "a retry storm"
        looks = session.live.figures.reconciliations
        play.venue.command("POST", "/outage", seconds=0.0)
    await session.until("the stop is booked", lambda: not session.lots)
    await session.until("it has reconciled", lambda: session.live.figures.reconciliations > looks)
    await session.until("the breaker closes", lambda: session.live.gate() is Gate.CLOSED)
    await session.until("the streams are back", lambda: session.is_heard)
    hand.move(hand.ticks)  # a trade, so that the price is known again
    await session.hold()


async def rate_limit(play: Play) -> None:
    """The venue says 429: what protects goes on as soon as it may, the rest waits."""
    session, hand = play.session, play.hand
    await session.hold()
    with short_punishments(play):
        play.venue.fault("rate_limited", count=2)
        await session.until("a refusal for the rate", lambda: session.throttled > 0)
        before = play.requests
        level = hand.away(-0.006)
        session.move_stop(level)
        await session.until("the stop has moved", lambda: play.auditor.stop_ticks == [level])
        assert play.requests - before < STORM, "a retry storm"
        play.venue.command("DELETE", "/faults")
        looks = session.live.figures.reconciliations
        await session.until(
            "it reconciles again", lambda: session.live.figures.reconciliations > looks
        )
    await trades_again(play)


async def reserve(play: Play) -> None:
    """Questions use what is theirs of the budget; a stop needs none of it, and goes out at once."""
    session, hand = play.session, play.hand
    against = await session.enter(limit_ticks=hand.away(-0.001))
    assert not against, against
    await session.until(
        "the entry rests", lambda: any(one.status in LIVE for one in play.auditor.orders())
    )
    with endless_window(play) as spent:
        most = play.front.weight.limit
        asker = session.wired.line.asker
        asked = [
            asyncio.ensure_future(asker.ask(one)) for one in _bulk(play.row.symbol, most, spent)
        ]
        try:
            await session.until("the rest waits", lambda: _is_used_up(session, asked))
            by_bulk = spent.used
            hand.move(hand.away(-0.002))  # through the entry
            await session.until("its stop is out", lambda: session.is_covered, AT_ONCE_S)
            (stop,) = play.auditor.ours(Purpose.STOP)
            assert 0 <= stop.created_ns - play.auditor.fills()[0].at_ns < AT_ONCE_NS
            assert any(not one.done() for one in asked), "nothing waited: nothing is shown"
            assert most * 0.7 < by_bulk <= most * (1.0 - RESERVE)
            assert spent.refused == session.throttled == 0
            assert spent.used <= most
        finally:
            for one in asked:
                one.cancel()
            await asyncio.gather(*asked, return_exceptions=True)


def _bulk(symbol: str, most: int, spent: Spent) -> list[Call]:
    """Return questions that weigh more than they may: heavy ones, then the lightest there are.

    They come before those of the session, and the lightest leave no room that is not used.
    """
    asked = {"symbol": symbol, "limit": 5_000}
    deep = Call("publicGetDepth", asked, Urgency.ASK, cost=DEEP_WEIGHT)
    count = int(most * budget.SHARE - spent.used) // DEEP_WEIGHT
    return [deep] * count + [Call("publicGetPing", {}, Urgency.ASK)] * LIGHT


def _is_used_up(session: Session, bulk: list[asyncio.Future[Any]]) -> bool:
    """Tell whether all that may go is answered, and the others wait."""
    waiting = sum(one.waiting for one in session.wired.line.asker.budget.states())
    return 0 < sum(not one.done() for one in bulk) <= waiting


async def ban(play: Play) -> None:
    """The venue bans the address: it is left alone until the ban is over, and its stop acts."""
    session, hand = play.session, play.hand
    await session.hold()
    with short_punishments(play):
        play.venue.fault("banned", count=1)
        await session.until("the ban", lambda: session.bans > 0)
        before = play.requests
        with play.auditor.excused():
            hand.move(hand.away(-0.02))
            assert abs(play.auditor.position) <= session.dust
            await session.until("the stream tells it", lambda: not session.lots)
            eager = [asyncio.ensure_future(session.live.show()) for _ in range(IN_FLIGHT * 2)]
            await session.until("the ban is nearly over", lambda: session.closed_s < BAN_S / 6)
            assert play.requests - before <= IN_FLIGHT, "it asked while it was banned"
            await session.until("the ban is over", lambda: session.closed_s == 0)
            await asyncio.gather(*eager)
        assert session.bans == 1, "the ban was made longer by asking"
    await trades_again(play)


async def clock_drift(play: Play) -> None:
    """The venue's clock goes away from ours: measured again, once, and what protects goes on."""
    session, hand = play.session, play.hand
    await session.hold()
    asker = session.wired.line.asker
    before, sent = asker.record.repeated, play.requests
    play.venue.command("POST", "/skew", seconds=DRIFT_S)
    level = hand.away(-0.008)
    session.move_stop(level)
    await session.until("the stop has moved", lambda: level in play.auditor.stop_ticks)
    assert abs(asker.offset_ns / SECOND_NS - DRIFT_S) < 1.0, asker.offset_ns
    assert asker.record.repeated - before < IN_FLIGHT * 2, "repeated over and over"
    assert play.requests - sent < STORM, "a retry storm"
    session.leave()
    await session.until("the exit is booked", lambda: session.is_calm)
    against = await session.enter()
    assert any("clock" in one for one in against), against


async def silent_streams(play: Play) -> None:
    """Every stream is half open: nothing comes any more, and nobody says so."""
    session, hand = play.session, play.hand
    await session.hold()
    play.venue.fault("half_open", " STREAM ", count=100)
    hand.move(hand.away(-0.02))  # the stop fills; its frames are the first that are lost
    await session.until("asking tells of the stop", lambda: not session.lots)
    await session.until("the silence is noticed", lambda: session.losses > 0)
    play.venue.command("DELETE", "/faults")
    await session.until("the streams are back", lambda: session.is_heard and session.losses > 1)
    hand.move(hand.ticks)
    await session.hold()


async def broken_streams(play: Play) -> None:
    """Frames that cannot be read, and streams that close while orders are under way."""
    session, hand = play.session, play.hand
    play.venue.fault("break_frame", " STREAM ", count=2)
    against = await session.enter()
    assert not against, against
    await session.until("it is covered all the same", lambda: session.is_covered)
    hand.move(hand.away(0.0005))
    await session.until("a broken frame ends its stream", lambda: session.losses > 0)
    await session.until("the streams are back", lambda: session.is_heard)
    play.venue.fault("close_stream", " STREAM ", count=2)
    level = hand.away(-0.006)
    session.move_stop(level)
    hand.move(hand.away(0.0005))
    await session.until("the stop has moved", lambda: play.auditor.stop_ticks == [level])
    await session.until("the streams are back", lambda: session.is_heard and session.losses > 1)
    assert session.is_covered


async def dismissed(play: Play) -> None:
    """The venue says goodbye on its streams, each venue in its own way."""
    session, hand = play.session, play.hand
    await session.hold()
    begun = session.connects
    play.venue.command("POST", "/dismiss")
    await session.until(
        "every stream is made anew",
        lambda: session.connects - begun >= len(session.wired.carriers) and session.is_heard,
    )
    hand.move(hand.away(-0.02))
    await session.until("the stop is booked", lambda: not session.lots)
    await session.hold()


# What they share ------------------------------------------------------------------------------


async def trades_again(play: Play) -> None:
    """Get flat where something is held, and enter once more."""
    session, hand = play.session, play.hand
    await session.until("the breaker closes", lambda: session.live.gate() is Gate.CLOSED)
    hand.move(hand.ticks)
    if session.lots:
        session.leave()
        await session.until("the exit is booked", lambda: session.is_calm)
    await session.until("facts are known", lambda: session.live.facts.is_maintenance is False)
    await session.hold()


@contextmanager
def endless_window(play: Play) -> Iterator[Spent]:
    """Let the venue's window not end: what is used up stays so, however slow the machine is.

    What we asked in the window before counts as asked in this one, as our own count has it.
    """
    meter = getattr(play.front, METERS[play.row.exchange])
    whole = meter.budget
    (spent,) = meter.accounts.values()
    states = play.session.wired.line.asker.budget.states()
    counted = math.ceil(next(one.used for one in states if one.pool is Pool.DATA))

    def begin() -> None:
        meter.budget = replace(whole, window_ns=ENDLESS_NS)
        spent.window, spent.used = 0, max(spent.used, counted)

    play.there(begin)
    try:
        yield spent
    finally:
        meter.budget = whole


@contextmanager
def short_punishments(play: Play) -> Iterator[None]:
    """Let windows and bans be short at the venue, and where the client knows a venue's ban."""
    meter = getattr(play.front, METERS[play.row.exchange])
    whole = meter.budget
    meter.budget = replace(
        whole, window_ns=round(WINDOW_S * SECOND_NS), ban_ns=round(BAN_S * SECOND_NS)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bybit, "BAN_S", BAN_S)
        patch.setattr(okx, "EDGE_S", BAN_S)
        try:
            yield
        finally:
            meter.budget = whole
