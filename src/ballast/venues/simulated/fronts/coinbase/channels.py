"""Channels of Coinbase's websocket: what each tells at once, of an event, and by the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.orders import TERMINAL
from ballast.venues.simulated.engine.events import (
    BookChanged,
    Change,
    Filled,
    HaltChanged,
    OrderUpdated,
    Traded,
)
from ballast.venues.simulated.fronts.board import MINUTE_NS
from ballast.venues.simulated.fronts.coinbase import public
from ballast.venues.simulated.fronts.coinbase.call import SECOND_NS, iso
from ballast.venues.simulated.fronts.coinbase.words import text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ballast.venues.simulated.engine.events import Event, Trade
    from ballast.venues.simulated.fronts.coinbase.front import CoinbaseFront

    Said = tuple[str, list[dict[str, Any]]]
    """The channel of a message, and its events."""

WHOLE_BOOK = 100_000
TRADES_NS = SECOND_NS // 4
BATCH_NS = 5 * SECOND_NS
CANDLE_NS = 5 * MINUTE_NS
CANDLES_FIRST = 100
TRADES_FIRST = 100
ORDERS_BATCH = 50


class Channel:
    """One channel of one connection, and the products it is subscribed for."""

    def __init__(self, front: CoinbaseFront, account: int) -> None:
        """Tell nothing yet; `account` is whose token came with the subscription, 0 for nobody's."""
        self.front = front
        self.account = account
        self.products: dict[str, None] = {}
        self._ticked_ns = front.wire_now_ns

    def subscribe(self, products: Sequence[str], now_ns: int) -> Iterator[Said]:
        """Add products; yield what is told of them at once, again where they were there."""
        self.products.update(dict.fromkeys(products))
        yield from self.begin(products, now_ns)

    def unsubscribe(self, products: Sequence[str]) -> None:
        """Take products away."""
        for one in products:
            self.products.pop(one, None)

    def begin(self, products: Sequence[str], now_ns: int) -> Iterator[Said]:
        """Yield what is told of products at once."""
        del products, now_ns
        yield from ()

    def event(self, event: Event, now_ns: int) -> Iterator[Said]:
        """Yield what an event of the engine tells."""
        del event, now_ns
        yield from ()

    def tick(self, now_ns: int) -> Iterator[Said]:
        """Yield what is due by the clock."""
        del now_ns
        yield from ()

    def has_passed(self, now_ns: int, every_ns: int) -> bool:
        """Tell whether a whole multiple of a span lies between the last tick and this one."""
        before, self._ticked_ns = self._ticked_ns, now_ns
        return now_ns // every_ns > before // every_ns


class Heartbeats(Channel):
    """Says every second that the connection lives."""

    _count = 0

    def tick(self, now_ns: int) -> Iterator[Said]:
        """Count on."""
        if self.has_passed(now_ns, SECOND_NS):
            self._count += 1
            stamp = iso(now_ns).removesuffix("Z").replace("T", " ")
            yield (
                "heartbeats",
                [{"current_time": f"{stamp}000 +0000 UTC", "heartbeat_counter": self._count}],
            )


class Level2(Channel):
    """The whole book, then every change of it; a quantity is what a level shows now."""

    def begin(self, products: Sequence[str], now_ns: int) -> Iterator[Said]:
        """Tell the books as they are."""
        for name in products:
            view = self.front.market.book(name, WHOLE_BOOK)
            yield self._said("snapshot", name, (view.bids, view.asks), now_ns)

    def event(self, event: Event, now_ns: int) -> Iterator[Said]:
        """Tell the levels that changed."""
        if isinstance(event, BookChanged) and event.symbol in self.products:
            yield self._said("update", event.symbol, (event.bids, event.asks), now_ns)

    def _said(
        self,
        kind: str,
        name: str,
        sides: tuple[Sequence[tuple[int, int]], Sequence[tuple[int, int]]],
        now_ns: int,
    ) -> Said:
        listing, words = self.front.market.listings[name], self.front.words
        at = iso(now_ns)
        updates = [
            {
                "side": side, "event_time": at, "price_level": words.price(listing, ticks),
                "new_quantity": words.qty(listing, lots),
            }
            for side, levels in zip(("bid", "offer"), sides, strict=True)
            for ticks, lots in levels
        ]  # fmt: skip
        return "l2_data", [{"type": kind, "product_id": name, "updates": updates}]


class Trades(Channel):
    """The last trades, then the new ones four times a second, the newest first."""

    def __init__(self, front: CoinbaseFront, account: int) -> None:
        """Begin with none gathered."""
        super().__init__(front, account)
        self._gathered: list[Trade] = []

    def begin(self, products: Sequence[str], now_ns: int) -> Iterator[Said]:
        """Tell the last trades."""
        del now_ns
        for name in products:
            yield self._said("snapshot", self.front.market.trades(name, TRADES_FIRST))

    def event(self, event: Event, now_ns: int) -> Iterator[Said]:
        """Gather a trade."""
        del now_ns
        if isinstance(event, Traded) and event.trade.symbol in self.products:
            self._gathered.append(event.trade)
        yield from ()

    def tick(self, now_ns: int) -> Iterator[Said]:
        """Tell what was gathered."""
        if self.has_passed(now_ns, TRADES_NS) and self._gathered:
            gathered, self._gathered = self._gathered, []
            yield self._said("update", gathered)

    def _said(self, kind: str, found: Sequence[Trade]) -> Said:
        listings = self.front.market.listings
        rows = [public.trade(self.front, listings[one.symbol], one) for one in reversed(found)]
        return "market_trades", [{"type": kind, "trades": rows}]


class Ticker(Channel):
    """The last price and the day's figures, with every trade."""

    name = "ticker"

    def begin(self, products: Sequence[str], now_ns: int) -> Iterator[Said]:
        """Tell the tickers as they are."""
        yield self.name, [{"type": "snapshot", "tickers": [self._one(x, now_ns) for x in products]}]

    def event(self, event: Event, now_ns: int) -> Iterator[Said]:
        """Tell the ticker of a product that traded."""
        if isinstance(event, Traded) and event.trade.symbol in self.products:
            yield self.said([event.trade.symbol], now_ns)

    def said(self, products: Sequence[str], now_ns: int) -> Said:
        """Return tickers as an update."""
        rows = [self._one(name, now_ns) for name in products]
        return self.name, [{"type": "update", "tickers": rows}]

    def _one(self, name: str, now_ns: int) -> dict[str, Any]:
        front = self.front
        listing, words = front.market.listings[name], front.words
        day, view = front.board.day(name, now_ns), front.market.book(name, 1)
        low, high = (day.low, day.high) if day else (0, 0)
        touch = [(side or ((0, 0),))[0] for side in (view.bids, view.asks)]
        (bid, bid_lots), (ask, ask_lots) = touch
        return {
            "type": "ticker",
            "product_id": name,
            "price": words.price(listing, front.market.last_ticks(name)),
            "volume_24_h": words.qty(listing, day.lots if day else 0),
            "low_24_h": words.price(listing, low),
            "high_24_h": words.price(listing, high),
            "low_52_w": words.price(listing, low),
            "high_52_w": words.price(listing, high),
            "price_percent_chg_24_h": public.percent_of(day),
            "best_bid": words.price(listing, bid),
            "best_bid_quantity": words.qty(listing, bid_lots),
            "best_ask": words.price(listing, ask),
            "best_ask_quantity": words.qty(listing, ask_lots),
        }


class TickerBatch(Ticker):
    """The same every five seconds, where there was a trade."""

    name = "ticker_batch"

    def __init__(self, front: CoinbaseFront, account: int) -> None:
        """Begin with nothing changed."""
        super().__init__(front, account)
        self._changed: dict[str, None] = {}

    def event(self, event: Event, now_ns: int) -> Iterator[Said]:
        """Remember which products traded."""
        del now_ns
        if isinstance(event, Traded) and event.trade.symbol in self.products:
            self._changed[event.trade.symbol] = None
        yield from ()

    def tick(self, now_ns: int) -> Iterator[Said]:
        """Tell the tickers that changed."""
        if self.has_passed(now_ns, BATCH_NS) and self._changed:
            changed, self._changed = list(self._changed), {}
            yield self.said(changed, now_ns)


class Candles(Channel):
    """Candles of five minutes: the last ones, then the running one every second with trades."""

    def __init__(self, front: CoinbaseFront, account: int) -> None:
        """Begin with nothing changed."""
        super().__init__(front, account)
        self._changed: dict[str, None] = {}

    def begin(self, products: Sequence[str], now_ns: int) -> Iterator[Said]:
        """Tell the last candles."""
        yield self._said("snapshot", products, now_ns, CANDLES_FIRST)

    def event(self, event: Event, now_ns: int) -> Iterator[Said]:
        """Remember which products traded."""
        del now_ns
        if isinstance(event, Traded) and event.trade.symbol in self.products:
            self._changed[event.trade.symbol] = None
        yield from ()

    def tick(self, now_ns: int) -> Iterator[Said]:
        """Tell the running candles that changed."""
        if self.has_passed(now_ns, SECOND_NS) and self._changed:
            changed, self._changed = list(self._changed), {}
            yield self._said("update", changed, now_ns, 1)

    def _said(self, kind: str, products: Sequence[str], now_ns: int, count: int) -> Said:
        front, rows = self.front, []
        for name in products:
            first_ns = now_ns - now_ns % CANDLE_NS - (count - 1) * CANDLE_NS
            found = front.board.candles(name, CANDLE_NS, now_ns=now_ns, from_ns=first_ns)
            listing = front.market.listings[name]
            rows += [
                {**public.candle(front, listing, one), "product_id": name}
                for one in reversed(found)
            ]
        return "candles", [{"type": kind, "candles": rows}]


class Status(Channel):
    """What the products are, and when trading of one is halted or goes on."""

    def begin(self, products: Sequence[str], now_ns: int) -> Iterator[Said]:
        """Tell the products."""
        yield self._said("snapshot", products, now_ns)

    def event(self, event: Event, now_ns: int) -> Iterator[Said]:
        """Tell a product whose trading changed."""
        if isinstance(event, HaltChanged) and event.symbol in self.products:
            yield self._said("update", [event.symbol], now_ns)

    def _said(self, kind: str, products: Sequence[str], now_ns: int) -> Said:
        front, rows = self.front, []
        for name in products:
            listing = front.market.listings[name]
            whole = public.product(front, listing, now_ns)
            rows.append(
                {
                    "product_type": "SPOT", "id": name, "base_currency": listing.base,
                    "quote_currency": listing.quote, "base_increment": text(listing.lot),
                    "quote_increment": text(listing.tick), "display_name": name,
                    "status": "offline" if whole["trading_disabled"] else whole["status"],
                    "status_message": "", "min_market_funds": whole["quote_min_size"],
                }
            )  # fmt: skip
        return "status", [{"type": kind, "products": rows}]


class User(Channel):
    """The open orders of an account, then each order whenever something happens to it."""

    def begin(self, products: Sequence[str], now_ns: int) -> Iterator[Said]:
        """Tell the open orders, fifty in a message; the last one has fewer, if only none."""
        del now_ns
        found = [
            one
            for one in self.front.market.open_orders(self.account)
            if one.request.symbol in products and one.status not in TERMINAL
        ]
        rows = [self.front.words.pushed(one) for one in found]
        for first in range(0, len(rows) + 1, ORDERS_BATCH):
            yield self._said("snapshot", rows[first : first + ORDERS_BATCH])

    def event(self, event: Event, now_ns: int) -> Iterator[Said]:
        """Tell an order of the account; of a trade once its fee is known."""
        del now_ns
        is_told = isinstance(event, Filled) or (
            isinstance(event, OrderUpdated) and event.change is not Change.TRADE
        )
        if not is_told or not isinstance(event, Filled | OrderUpdated):
            return
        order = event.order
        if order.account == self.account and order.request.symbol in self.products:
            yield self._said("update", [self.front.words.pushed(order)])

    def _said(self, kind: str, rows: list[dict[str, Any]]) -> Said:
        positions: dict[str, Any] = {
            "perpetual_futures_positions": [], "expiring_futures_positions": [],
        }  # fmt: skip
        return "user", [{"type": kind, "orders": rows, "positions": positions}]


CHANNELS: dict[str, type[Channel]] = {
    "heartbeats": Heartbeats,
    "level2": Level2,
    "market_trades": Trades,
    "ticker": Ticker,
    "ticker_batch": TickerBatch,
    "candles": Candles,
    "status": Status,
    "user": User,
}
UNNAMED = frozenset({"heartbeats", "status", "user"})
"""Channels that a client may subscribe without naming products."""
