"""Market: what price and venue do to what is held."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.ids import Purpose
from ballast.core.orders import OrderKind
from ballast.oms.record import Phase
from ballast.risk.halt.modes import Mode
from ballast.runtime.node.events import Announced

if TYPE_CHECKING:
    from tests.e2e.live.scenarios.play import Play

DAY_S = 86_400.0
LEVERAGE = 100
MONEY = Decimal(15)
"""In quote: a fortieth of what is bought with it."""


async def flash_crash(play: Play) -> None:
    """The price is 8 % lower from one trade to the next: the stop fills at what there is."""
    session, hand, auditor = play.session, play.hand, play.auditor
    await session.hold()
    level = auditor.stop_ticks[0]
    hand.move(hand.away(-0.08))
    await session.until("the stop is booked", lambda: not session.lots)
    stop = auditor.ours(Purpose.STOP)[-1]
    assert stop.request.kind is OrderKind.STOP_MARKET
    assert stop.value // stop.filled_lots < level  # not at its level: nobody was there
    assert not session.of(Purpose.FLATTEN)
    await _opens_nothing(play)


async def flash_crash_past_a_limit(play: Play) -> None:
    """A stop-limit is jumped over and rests: after five seconds a market order does it."""
    session, hand, auditor = play.session, play.hand, play.auditor
    await session.hold()
    assert auditor.ours(Purpose.STOP)[-1].request.kind is OrderKind.STOP_LIMIT
    hand.move(hand.away(-0.08))
    await session.until("a market order closes it", lambda: session.is_calm)
    flatten = session.of(Purpose.FLATTEN)
    assert len(flatten) == 1, "closed more than once"
    assert not sum(one.filled_lots for one in auditor.ours(Purpose.STOP))
    assert "price beyond the stop" in session.alerts
    await _opens_nothing(play)


async def _opens_nothing(play: Play) -> None:
    """So large a move is an event: nothing is opened in it (R-RISK-19)."""
    against = await play.session.enter()
    assert any(one.startswith("calm") for one in against), against


async def halted(play: Play) -> None:
    """The symbol is halted while held: no entries, and its stop is there when trading goes on."""
    session, hand, auditor = play.session, play.hand, play.auditor
    await session.hold()
    play.venue.command("POST", "/halt", symbol=play.row.listing)
    await session.until("it is known", lambda: not session.live.facts.of(session.symbol).is_trading)
    against = await session.enter()
    assert any(one.startswith("market:") for one in against), against
    await asyncio.sleep(0.5)
    assert session.is_covered
    assert len(auditor.orders()) == 2, "orders into a halted market"
    play.venue.command("POST", "/resume", symbol=play.row.listing)
    hand.move(hand.away(-0.03))
    await session.until("the stop is booked", lambda: not session.lots)
    await session.until(
        "it is known", lambda: bool(session.live.facts.of(session.symbol).is_trading)
    )
    hand.move(hand.ticks)
    await session.hold()


async def delisted(play: Play) -> None:
    """The end of the symbol is announced while held: no entries, protected until it is left."""
    session, hand = play.session, play.hand
    await session.hold()
    play.venue.command("POST", "/delist", symbol=play.row.listing, in_s=2 * DAY_S)
    await session.until(
        "a person is told", lambda: any("end of trading" in one for one in session.alerts)
    )
    against = await session.enter()
    assert any("halted" in one for one in against), against
    assert session.is_covered
    hand.move(hand.away(-0.03))
    await session.until("the stop is booked", lambda: not session.lots)
    against = await session.enter()
    assert any("halted" in one for one in against), against
    sent = len(play.auditor.orders())
    play.venue.command("POST", "/delist", symbol=play.row.listing)
    looks = session.live.figures.reconciliations
    await session.until("it goes on asking", lambda: session.live.figures.reconciliations > looks)
    assert len(play.auditor.orders()) == sent


async def maintenance(play: Play) -> None:
    """The venue closes, announced where it announces: no entries, stops looked at, then goes on."""
    session, hand = play.session, play.hand
    await session.hold()
    looks = session.live.figures.reconciliations
    planned = play.venue.command("POST", "/maintenance", in_s=15.0, for_s=15.0)
    if play.row.exchange in {"bybit", "okx"}:
        await session.until(
            "a person is told", lambda: any("closes soon" in one for one in session.alerts)
        )
        against = await session.enter()
        assert any("maintenance" in one for one in against), against
        assert play.venue.now_ms < planned["from_ms"], "too late"
        await session.until(
            "the stop was looked at", lambda: session.live.figures.reconciliations > looks
        )
        assert session.is_covered
    await session.until("it closes", lambda: play.venue.now_ms > planned["from_ms"])
    with play.auditor.excused():
        play.venue.fault("maintenance", count=6)
        await session.until("it is known", lambda: session.live.facts.is_maintenance is not False)
        against = await session.enter()
        assert against
        await session.until("it opens", lambda: play.venue.now_ms > planned["until_ms"])
    play.venue.command("DELETE", "/faults")
    looks = session.live.figures.reconciliations
    await session.until("it is open again", lambda: session.live.facts.is_maintenance is False)
    await session.until("it reconciles", lambda: session.live.figures.reconciliations > looks)
    hand.move(hand.away(-0.03))
    await session.until("the stop is booked", lambda: not session.lots)
    await session.until("the breaker closes", lambda: session.is_linked)
    await session.until("it trades", lambda: bool(session.live.facts.of(session.symbol).is_trading))
    hand.move(hand.ticks)
    await session.hold()


async def news_shock(play: Play) -> None:
    """A shock is announced: what rests is cancelled, nothing is opened, what is held is covered."""
    session, hand = play.session, play.hand

    def announce(hours: int) -> None:
        now_ns = session.live.now_ns
        until_ns = now_ns + hours * 3_600 * 1_000_000_000
        session.live.tell(Announced("war", "a test", "war", (), until_ns, False, now_ns))

    against = await session.enter(limit_ticks=hand.away(-0.02), stop_share=0.05)
    assert not against, against
    await session.until(
        "it rests", lambda: any(one.phase is Phase.LIVE for one in session.of(Purpose.ENTRY))
    )
    announce(hours=1)
    await session.until("it is cancelled", lambda: session.is_calm)
    assert not play.auditor.position
    against = await session.enter()
    assert [one.split(",")[0] for one in against] == ["announced: war (a test)"], against
    announce(hours=0)
    await session.hold()
    announce(hours=1)
    await asyncio.sleep(0.5)
    assert session.is_covered
    hand.move(hand.away(-0.03))
    await session.until("the stop is booked", lambda: not session.lots)
    against = await session.enter()
    assert any(one.startswith("announced: war (a test)") for one in against), against
    begun = [one for one in session.alerts if one.startswith("announced: war")]
    assert len(begun) == 2, session.alerts


async def stop_before_liquidation(play: Play) -> None:
    """At a hundredfold leverage the stop is nearer than the liquidation: it goes first."""
    session, hand = play.session, play.hand
    await _geared(play)
    await session.hold(stop_share=0.002)
    hand.move(hand.away(-0.003))
    await session.until("the stop is booked", lambda: not session.lots)
    assert play.auditor.ours(Purpose.STOP)[-1].filled_lots == session.lots_usual


async def liquidation(play: Play) -> None:
    """The mark price alone falls, the stop cannot act, and the venue liquidates."""
    session, hand = play.session, play.hand
    await _geared(play)
    await session.hold(stop_share=0.03)
    hand.mark(hand.away(-0.025))
    assert play.auditor.position == 0
    await session.until("it is booked", lambda: session.is_calm)
    assert session.node.halt.mode is Mode.PAUSED
    assert session.node.halt.who == "strange"
    told = [one for one in session.alerts if "closed by no order of ours" in one]
    assert len(told) == 1, session.alerts
    against = await session.enter()
    assert any(one.startswith("mode") for one in against), against


async def _geared(play: Play) -> None:
    """Leave little money in the account, and let it borrow much, as a person may have."""
    account, listing = play.auditor.account, play.row.listing

    def act(exchange: Any) -> None:
        exchange.set_leverage(account, listing, LEVERAGE)
        quote = exchange.listings[listing].quote
        spare = exchange.balance(account, quote).total_atoms - exchange.atoms(quote, MONEY)
        exchange.transfer(account, quote, -spare)
        base = exchange.listings[listing].base
        exchange.transfer(account, base, -exchange.balance(account, base).total_atoms)

    play.auditor.ask(act)


async def money_moves(play: Play) -> None:
    """Most of the money is taken out while a position is held, and more comes back."""
    session, auditor = play.session, play.auditor
    await session.until(  # Binance dates withdrawals to whole seconds
        "the account was marked two seconds ago",
        lambda: 0 < session.node.past.first_ns < session.node.now_ns - 2_000_000_000,
    )
    await session.hold(stop_share=0.03)
    listing, is_perpetual = auditor.row.listing, auditor.is_perpetual

    def move(exchange: Any, share: float) -> None:
        terms = exchange.listings[listing]
        for asset in (terms.quote, terms.base) if is_perpetual else (terms.quote,):
            total = exchange.balance(auditor.account, asset).total_atoms
            exchange.transfer(auditor.account, asset, round(total * share))

    for word, share in (("withdrawal", -0.8), ("deposit", 3.0)):
        before = session.node.levels.equity
        auditor.ask(lambda exchange, share=share: move(exchange, share))
        await session.until(
            f"the {word} is told",
            lambda word=word: any(one.startswith(f"{word} of") for one in session.alerts),
        )
        levels = session.node.levels
        assert session.node.halt.mode is Mode.RUNNING, session.node.halt
        assert levels.drawdown < 0.05, levels
        if is_perpetual:
            assert abs(levels.equity / before - 1.0 - share) < 0.1, (before, levels)
    assert session.lots
