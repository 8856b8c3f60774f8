"""What the tests of Coinbase's words share: products as the venue tells them, and a connection."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.fakes.coinbase_desk import WS_HOST

from ballast.venues.clients.coinbase.products import Products
from ballast.venues.simulated.fronts.coinbase.call import Call, Fields
from ballast.venues.simulated.wire.messages import Request, Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fakes.coinbase_desk import CoinbaseDesk

    from ballast.venues.clients.coinbase.talk import Talk
    from ballast.venues.clients.desk import Heard, News
    from ballast.venues.clients.market import Market

SYMBOL = "BTCUSD"


def products_of(venue: CoinbaseDesk) -> Products:
    """Return the products of a simulated venue."""
    found = Products()
    found.read(venue.get("products")["products"])
    return found


def market_of(venue: CoinbaseDesk) -> Market:
    """Return its one market."""
    return products_of(venue).markets[SYMBOL]


def call_of(venue: CoinbaseDesk, params: Mapping[str, Any]) -> Call:
    """Return parameters of ours as the venue's front end gets them."""
    return Call(Fields.of_json(dict(params)), venue.now_ns, dict(venue.exchange.listings))


class Signs:
    """An asker that only signs tokens."""

    key = passphrase = ""

    def __init__(self, venue: CoinbaseDesk) -> None:
        self.venue = venue
        self.tokens = 0

    def token(self) -> str:
        self.tokens += 1
        return self.venue.token()

    def now_ms(self) -> int:
        return self.venue.now_ns // 1_000_000

    def sign(self, text: str, *, digest: str = "hex") -> str:
        raise AssertionError((text, digest))

    async def ask(self, call: object) -> Any:
        raise AssertionError(call)


class Line:
    """A conversation at a simulated venue: what arrives is heard."""

    def __init__(self, venue: CoinbaseDesk, talk: Talk) -> None:
        """Connect and greet."""
        self.venue, self.talk = venue, talk
        self.heard: list[Heard] = []
        found = venue.gateway.connect(Request("GET", WS_HOST, "/"), venue.now_ns)
        assert not isinstance(found, Response), found
        self.connection = found
        asyncio.run(talk.url())
        for text in talk.greeting(venue.now_ns):
            venue.gateway.receive(self.connection, text, venue.now_ns)
        self.take()

    def frames(self) -> list[bytes]:
        """Return the texts that have arrived."""
        taken = self.venue.gateway.take(self.connection, self.venue.now_ns)
        return [one.text.encode() for one in taken if hasattr(one, "text")]

    def take(self) -> list[News]:
        """Hear what has arrived; return the news of it."""
        fresh = [self.talk.hear(one, self.venue.now_ns) for one in self.frames()]
        self.heard += fresh
        return [news for one in fresh for news in one.news]

    @property
    def times_ready(self) -> int:
        """Return how often it was said that all is subscribed."""
        return sum(one.is_ready for one in self.heard)

    @property
    def ends(self) -> str:
        """Return why the connection ends, '' if it does not."""
        return next((one.ends for one in self.heard if one.ends), "")
