"""One rule in every mode: a backtest, a paper session and a live one on the same bars."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.fakes.live_sessions import LiveSession
from tests.fakes.papers import Sessions

from ballast.core.ids import Purpose, purpose_of
from ballast.core.instrument import Kind
from ballast.core.marketdata import Trade
from ballast.core.orders import Side
from ballast.core.reasons import Exit
from ballast.core.settings import Settings
from ballast.kernel.run import simulate
from ballast.research.assembly import assemble
from ballast.runtime.node.events import AmendOrder, Priced, ReplaceOrder, Submit
from ballast.runtime.node.journalled import CODEC, EFFECT, EVENT
from ballast.strategies import close, ema_first, percent_stop, percent_trail, strategy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fakes.memory_journal import Memory

    from ballast.core.orders import Fill
    from ballast.strategies.definition import Strategy

CLOSES = 120
HELD = 77
"""Closes after which a long position is held whose stop has moved."""
FAST, SLOW = ema_first(close, 9), ema_first(close, 21)


def crossing(z: float) -> Strategy:
    """Return a strategy that says of every bar how volatile it is; its stop follows closely."""
    return strategy(
        "crossing", enter_long=FAST.crosses_above(SLOW), exit_long=FAST.crosses_below(SLOW),
        stop=percent_stop(0.05), trail=percent_trail(0.005, 0.02), volatility=close * 0.0 + z,
    )  # fmt: skip


CALM, WILD = crossing(0.9), crossing(1.1)
PLAIN = Settings()
SMALL = replace(
    PLAIN, sizing=replace(PLAIN.sizing, risk_per_trade=0.001),
    risk=replace(PLAIN.risk, reward_risk=0.0),
)  # fmt: skip
"""So that no cap of a position binds."""


def entered(fills: Sequence[Fill]) -> int:
    """Return the lots of the first entry; it may have come in slices."""
    orders: dict[int, int] = {}
    for one in fills:
        if purpose_of(one.client_id) is not Purpose.ENTRY and orders:
            break
        orders[one.trade_id] = one.qty_lots
    return sum(orders.values())


def lots_of(mode: str, what: Strategy) -> int:
    """Return the size of the first entry in a mode."""
    if mode == "paper":
        paper = Sessions(Kind.PERPETUAL, settings=SMALL, strategy=what)
        for _ in range(CLOSES):
            paper.running.step()
        client = paper.running.opened.client
        return entered(client.trades(paper.running.opened.symbols[0]))
    session = LiveSession(Kind.PERPETUAL, settings=SMALL, strategy=what)
    if mode == "live":
        session.trade(CLOSES)
        return entered(session.fills())
    run = simulate(
        assemble(session.opened.legs), session.opened.legs[0].settings.engine.initial_cash
    )
    first = next(one for one in run.fills if Exit(one.reason) is Exit.ENTRY)
    return int(first.lots)


@pytest.mark.parametrize("mode", ["backtest", "paper", "live"])
def test_high_volatility_lowers_the_size_in_every_mode(mode: str) -> None:
    """R-SIZE-21: above a z-score of 1 half of it, by default; below it all."""
    calm, wild = lots_of(mode, CALM), lots_of(mode, WILD)
    assert wild > 0
    assert wild == pytest.approx(calm / 2, abs=1)


# Stops that follow streamed prices, and prices that are asked for ------------------------------


def levels_of(memory: Memory) -> list[int]:
    """Return every level that a stop was sent or moved to, in order."""
    found = []
    for record in memory.records:
        match CODEC.value(record) if record.kind == EFFECT else None:
            case Submit(purpose=Purpose.STOP, request=asked):
                found.append(asked.trigger_ticks)
            case AmendOrder(trigger_ticks=ticks) if ticks:
                found.append(ticks)
            case ReplaceOrder(submit=submit):
                found.append(submit.request.trigger_ticks)
    return found


@pytest.mark.parametrize("kind", list(Kind))
def test_a_trail_moves_by_streamed_bars_and_by_asked_ones_where_the_stream_is_silent(
    kind: Kind,
) -> None:
    """R-STOP-38: the same levels reach the venue, whoever told of the bars that moved them."""
    told = LiveSession(kind, settings=SMALL, strategy=CALM)
    told.trade(CLOSES)
    silent = LiveSession(kind, settings=SMALL, strategy=CALM)
    silent.venue.drops = {int(one) for one in silent.opened.bars[0].ts}
    silent.trade(CLOSES)
    assert silent.bars.asked > told.bars.asked
    levels = levels_of(told.memory)
    assert levels_of(silent.memory) == levels
    first, *moved = levels[1:]  # of the second position
    assert moved == sorted(moved)
    assert len({first, *moved}) >= 3, "it moved, and moved again"


def holding() -> tuple[LiveSession, str]:
    """Return a session that holds something, with its stop at the venue."""
    session = LiveSession(Kind.PERPETUAL, settings=SMALL, strategy=CALM)
    session.trade(HELD)
    (symbol,) = session.opened.symbols
    assert session.shell.node.book.holding(symbol).lots > 0
    assert session.shell.node.desk(symbol).guard.best_ticks
    return session, symbol


def crossed_ns(session: LiveSession, symbol: str) -> int:
    return session.shell.node.desk(symbol).guard.crossed_since_ns


def test_a_streamed_price_beyond_the_stop_is_acted_on_at_once() -> None:
    """R-STOP-38: no clock and no question stands between a trade on the tape and the guard."""
    session, symbol = holding()
    best = session.shell.node.desk(symbol).guard.best_ticks
    at_ns = session.now_ns()

    async def streamed() -> None:
        for number, ticks in enumerate((best + 1, best)):
            trade = Trade(symbol, at_ns, str(number), ticks, 1, Side.SELL)
            session.live._told_ns.clear()  # a second has passed since the last one
            session.live.hear(trade, at_ns)
            assert session.shell.node.desk(symbol).price_ticks == ticks
            assert bool(crossed_ns(session, symbol)) is (ticks == best)

    asyncio.run(streamed())
    told = [CODEC.value(one) for one in session.memory.records if one.kind == EVENT]
    assert [one.ticks for one in told if isinstance(one, Priced)][-2:] == [best + 1, best]


def test_while_the_stream_is_silent_the_price_is_asked_for() -> None:
    """R-STOP-38: the last price heard counts no longer than the venue's book holds it.

    The stop is put above the book here, as if the price had fallen through it unheard.
    """
    session, symbol = holding()
    node, seen = session.shell.node, session.live.facts.of(symbol)
    view = session.opened.exchange.book(symbol, 1)
    stale = seen.last_ticks = view.asks[0][0] + 5_000
    session.live.tell(Priced(symbol, stale, session.now_ns()))
    level = view.asks[0][0] + 1_000
    desk = node.desk(symbol)
    desk.guard = replace(desk.guard, best_ticks=level)
    assert not crossed_ns(session, symbol)
    asyncio.run(session.live._cycle())
    assert desk.price_ticks == view.asks[0][0], "no trade can have been dearer unheard"
    assert crossed_ns(session, symbol)
    heard = session.venue.asked
    session.venue.silent = True
    seen.last_ticks = stale
    asyncio.run(session.live._cycle())
    assert session.venue.asked > heard
    assert desk.price_ticks == view.asks[0][0], "an answer that does not come tells nothing"
