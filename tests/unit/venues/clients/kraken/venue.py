"""What the tests of Kraken's words share: pairs as the venue tells them, and its own reader."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ballast.venues.clients.kraken.names import Names
from ballast.venues.simulated.fronts.kraken.call import Call
from ballast.venues.simulated.fronts.parameters import Parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fakes.kraken_desk import KrakenDesk, Stream

    from ballast.venues.clients.desk import Heard, News
    from ballast.venues.clients.kraken.talk import Talk
    from ballast.venues.clients.market import Market

SYMBOL = "BTCUSD"
NOW_MS = 1_700_000_000_000


def names_of(venue: KrakenDesk) -> Names:
    """Return the names of a simulated venue."""
    found = Names()
    found.read(venue.get("AssetPairs"))
    return found


def market_of(venue: KrakenDesk) -> Market:
    """Return its one market."""
    return names_of(venue).markets[SYMBOL]


def call_of(venue: KrakenDesk, params: Mapping[str, Any]) -> Call:
    """Return parameters of ours as the venue's front end gets them."""
    pairs = [(name, str(one)) for name, one in params.items()]
    return Call(Parameters.of(pairs), venue.now_ns, venue.front.pairs)


class Line:
    """A conversation at a simulated venue: what arrives is heard."""

    def __init__(self, venue: KrakenDesk, talk: Talk, *, private: bool) -> None:
        """Connect and greet."""
        self.venue, self.talk = venue, talk
        self.heard: list[Heard] = []
        self.stream: Stream = venue.open(private=private)
        asyncio.run(talk.url())
        for text in talk.greeting(venue.now_ns):
            venue.gateway.receive(self.stream.connection, text, venue.now_ns)
        self.take()

    def take(self) -> list[News]:
        """Hear what has arrived; return the news of it."""
        fresh = [
            self.talk.hear(one.text.encode(), self.venue.now_ns)
            for one in self.stream.frames()
            if hasattr(one, "text")
        ]
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
