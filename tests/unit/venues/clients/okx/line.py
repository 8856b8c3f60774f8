"""A conversation with OKX carried by a venue in memory, and the orders that make it tell."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.unit.venues.clients.okx.markets import own

from ballast.core.ids import Purpose
from ballast.core.orders import OrderKind, OrderRequest, Side
from ballast.core.reports import OrderReport
from ballast.venues.clients.calls import Urgency
from ballast.venues.simulated.wire.messages import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fakes.okx_asker import OkxAsker
    from tests.fakes.okx_desk import Stream

    from ballast.venues.clients.desk import News
    from ballast.venues.clients.okx.desk import OkxDesk
    from ballast.venues.clients.okx.talk import Talk

LOTS = 1_000
"""0.01 of the coin on spot; of the swap's 0.001, one coin."""


@dataclass
class Line:
    """A conversation carried by a venue in memory."""

    asker: OkxAsker
    talk: Talk
    news: list[News] = field(default_factory=list)
    ends: str = ""
    ready: int = 0

    def __post_init__(self) -> None:
        """Connect and say what opens the conversation."""
        url = asyncio.run(self.talk.url())
        assert url == f"wss://ws.okx.com:8443/ws/v5/{self.talk.path}"
        self._stream: Stream = self.asker.venue.open(self.talk.path)
        self.say(self.talk.greeting(self.asker.now_ns()))

    def say(self, frames: Sequence[str]) -> None:
        for frame in frames:
            venue = self.asker.venue
            venue.gateway.receive(self._stream.connection, frame, venue.now_ns)
        self.listen()

    def listen(self) -> Line:
        """Hear what has arrived, and answer."""
        venue = self.asker.venue
        for frame in venue.gateway.take(self._stream.connection, venue.now_ns):
            assert isinstance(frame, Text), frame
            heard = self.talk.hear(frame.text.encode(), venue.now_ns)
            self.news += heard.news
            self.ends = self.ends or heard.ends
            self.ready += heard.is_ready
            if heard.replies:
                self.say(heard.replies)
        return self

    def of(self, kind: type) -> list[Any]:
        return [one for one in self.news if isinstance(one, kind)]


def sent(desk: OkxDesk, request: OrderRequest) -> OrderRequest:
    (told,) = asyncio.run(desk.submit(request, Urgency.TRADE))
    assert isinstance(told, OrderReport), told
    return request


def buys(decision: int = 1) -> OrderRequest:
    name = own(Purpose.ENTRY, decision)
    return OrderRequest("BTCUSDT", Side.BUY, OrderKind.MARKET, LOTS, client_id=name)


def ticks(desk: OkxDesk, price: int) -> int:
    return int(price / desk.markets["BTCUSDT"].tick)
