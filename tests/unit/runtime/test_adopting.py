"""What may not be taken over, and why: each refusal in one line, before anything is done."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from tests.fakes.live_sessions import LiveSession

from ballast.core.errors import UserError
from ballast.core.instrument import Kind
from ballast.core.orders import OrderKind, OrderRequest, Side
from ballast.runtime.adopting import AdoptWish, planned, tried

WISH = AdoptWish("", "ann", "a test")


class Desk:
    """A session that holds nothing, at a venue where a person has traded by hand."""

    def __init__(self, kind: Kind, *hands: int) -> None:
        self.session = LiveSession(kind)
        self.symbol = self.session.opened.symbols[0]
        asyncio.run(self._begin())
        for number, lots in enumerate(hands):
            side = Side.BUY if lots > 0 else Side.SELL
            request = OrderRequest(
                self.symbol, side, OrderKind.MARKET, abs(lots), client_id=f"by-hand-{number}"
            )
            exchange = self.session.opened.exchange
            exchange.submit(self.session.opened.client.account, request)

    async def _begin(self) -> None:
        self.session.shell.started(self.session.effects)
        await self.session.live.begin()
        self.session.clock.now_s += 7_200.0  # the market has prices then
        self.session.opened.exchange.advance(self.session.now_ns())

    @property
    def price(self) -> Decimal:
        """What it trades at: a paper account states no entry price."""
        market = self.session.desk.markets[self.symbol]
        return market.tick * self.session.opened.exchange.last_ticks(self.symbol)

    def tried(self, **wish: Any) -> Any:
        session = self.session
        node = session.shell.node

        async def plan() -> Any:
            wanted = replace(WISH, symbol=self.symbol, **wish)
            return await planned(session.desk, node, wanted, session.now_ns())

        return tried(node, session.opened.strategies, asyncio.run(plan()))


def test_a_copy_is_tried_and_the_node_itself_knows_of_nothing() -> None:
    desk = Desk(Kind.PERPETUAL, 50)
    outcome = desk.tried(entry=desk.price)
    assert (outcome.lots_before, outcome.lots) == (0, 50)
    assert outcome.stop_ticks > 0
    assert desk.session.shell.node.book.holdings() == {}


TRADES = {"from_trades": True}
LOW, HIGH = {"stop": Decimal("0.0001")}, {"stop": Decimal(10_000_000)}
#   kind             by hand  wish                      refused because
REFUSED: list[tuple[Kind, tuple[int, ...], dict[str, Any], str]] = [
    (Kind.PERPETUAL, (),      {},                       "is strange"),
    (Kind.PERPETUAL, (50,),   {"qty": Decimal(1)},      "taken over whole"),
    (Kind.PERPETUAL, (50,),   {"entry": Decimal(1)},    "has no stop"),
    (Kind.PERPETUAL, (50,),   TRADES | LOW,             "is no price"),
    (Kind.PERPETUAL, (50,),   TRADES | HIGH,            "has passed the stop"),
    (Kind.SPOT,      (50,),   {},                       "no entry price"),
    (Kind.SPOT,      (50,),   {"qty": Decimal(9_999)},  "--qty"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "hands", "wish", "why"), REFUSED)
def test_what_cannot_be_taken_over_is_refused(
    kind: Kind, hands: tuple[int, ...], wish: dict[str, Any], why: str
) -> None:
    with pytest.raises(UserError, match=why):
        Desk(kind, *hands).tried(**wish)


def test_coins_are_taken_over_by_their_trades() -> None:
    """Some of them: the rest stays a person's, and is neither sold nor protected."""
    outcome = Desk(Kind.SPOT, 50, 30, -20).tried(from_trades=True)
    assert outcome.lots == 60
    assert outcome.realised != 0.0


def test_a_part_of_the_coins_stays_a_persons() -> None:
    desk = Desk(Kind.SPOT, 50)
    market = desk.session.desk.markets[desk.symbol]
    outcome = desk.tried(qty=market.lot * 20, entry=desk.price)
    assert outcome.lots == 20
    assert outcome.entry == pytest.approx(float(desk.price))
