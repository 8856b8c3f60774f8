"""Hand: the market of a served venue, moved by the test; nothing else trades there.

The agents are sent away with their quotes. What is left is a ladder of depth around one price, so a
price, a gap and a fill are exactly those of the test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ballast.core.orders import Side
from ballast.venues.simulated.engine.liquidity import Ladder, show_ladder

if TYPE_CHECKING:
    from ballast.service.testing.venue import ServedVenue

DEPTH_LOTS = 100_000


class Hand:
    """Moves every listing of one venue to the same price, in ticks of `listing`."""

    def __init__(self, venue: ServedVenue, listing: str) -> None:
        self.listing = listing
        self._venue = venue
        self._shown: list[tuple[int, int]] = []
        self.ticks = 0
        self._there(self._send_away)
        self.move(self.ticks)

    def move(self, ticks: int, lots: int = DEPTH_LOTS, *, mark: int | None = None) -> None:
        """Let a trade happen at a price, at once, with `lots` on each level around it."""
        self.ticks = ticks
        self._there(lambda one: self._move(one, ticks, lots, ticks if mark is None else mark))

    def away(self, share: float) -> int:
        """Return the price that is so far from the present one, in ticks."""
        return round(self.ticks * (1.0 + share))

    def mark(self, ticks: int) -> None:
        """Set the mark price alone: the last price stays."""
        self._there(lambda one: one.street.set_mark(self.listing, ticks))

    def take(self, side: Side, ticks: int, lots: int) -> None:
        """Let the street trade `lots` with what rests at a price."""
        self._there(lambda one: one.street.trade(self.listing, side, ticks, lots))

    def _there(self, act: Any) -> None:
        def acted() -> None:
            exchange = self._venue._opened.exchange
            act(exchange)
            exchange.settle()

        self._venue._there(acted)

    def _send_away(self, exchange: Any) -> None:
        street = exchange.street
        for source in exchange.sources:
            state = msgspec.json.decode(source.snapshot())
            walls = [state["wall"]] if state["wall"] else []
            for _, order_id, *_ in [*(one for maker in state["quotes"] for one in maker), *walls]:
                street.cancel(source.symbol, order_id)
            if source.symbol == self.listing:
                self.ticks = round(source.fair_ticks)
        exchange._sources.clear()

    def _move(self, exchange: Any, ticks: int, lots: int, mark: int) -> None:
        street = exchange.street
        if exchange.listings[self.listing].kind == "perpetual":
            street.set_mark(self.listing, mark)
        rises = ticks >= (street.last_ticks(self.listing) or ticks)
        self._shown = show_ladder(street, self.listing, Ladder(lots=lots), ticks, self._shown)
        street.trade(self.listing, Side.BUY if rises else Side.SELL, ticks, 1)
