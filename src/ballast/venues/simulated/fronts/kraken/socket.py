"""Websocket of Kraken, version 2: subscriptions, requests about orders, pings and heartbeats.

Public data and what is one's own have hosts of their own; over plain loopback there is one address
for both. Each private request carries a token. A connection that is subscribed to something hears
at least a heartbeat a second; one that is not, and is silent for a minute, is closed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.venues.simulated.fronts.kraken import entry, feeds, private
from ballast.venues.simulated.fronts.kraken.call import Digits, read_json
from ballast.venues.simulated.fronts.kraken.encoding import SECOND_NS, clean, frame, iso, number
from ballast.venues.simulated.fronts.kraken.errors import SESSION, Refusal
from ballast.venues.simulated.fronts.numbers import whole_number
from ballast.venues.simulated.wire.messages import Close

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ballast.venues.simulated.engine.events import Event
    from ballast.venues.simulated.fronts.keys import ApiKey
    from ballast.venues.simulated.fronts.kraken.feeds import Feed
    from ballast.venues.simulated.fronts.kraken.front import KrakenFront
    from ballast.venues.simulated.wire.interests import Interest
    from ballast.venues.simulated.wire.messages import Frame

    Made = tuple[tuple[Any, ...], dict[str, Any], Feed]

SILENCE_NS = 60 * SECOND_NS
PUBLIC_HOST, PRIVATE_HOST = "ws.kraken.com", "ws-auth.kraken.com"
OF_PAIRS = frozenset({"book", "trade", "ticker", "ohlc"})
PRIVATE = frozenset({"executions", "balances"})
CHANNELS = OF_PAIRS | PRIVATE | {"instrument"}
ELSEWHERE = "Private data and trading are unavailable on this endpoint. Try ws-auth.kraken.com"
NOT_HERE = "Public market data is unavailable on this endpoint. Try ws.kraken.com"
MALFORMED = Refusal("Malformed request")
SILENT = Close(1000, "no subscription and no message for a minute")


class KrakenSocket:
    """One connection."""

    def __init__(self, front: KrakenFront, host: str) -> None:
        """Open; nothing is subscribed."""
        self._front = front
        self._host = host
        self._number = front.new_connection_id()
        self._feeds: dict[tuple[Any, ...], Feed] = {}
        self._keys: dict[str, ApiKey] = {}
        self._heard_ns = self._spoke_ns = front.wire_now_ns
        self._is_greeted = False

    def _greet(self) -> list[Frame]:
        """Return the word of the venue's state, once."""
        if self._is_greeted:
            return []
        self._is_greeted = True
        row = {
            "version": "2.0.0", "system": "online", "api_version": "v2",
            "connection_id": self._number,
        }  # fmt: skip
        return [frame({"channel": "status", "type": "update", "data": [row]})]

    def receive(self, text: str) -> Sequence[Frame]:
        """Take a request; return what is said at once."""
        now_ns = self._heard_ns = self._front.wire_now_ns
        frames = self._greet()
        try:
            asked = read_json(text)
        except (ValueError, RecursionError):
            asked = None
        if not isinstance(asked, dict):
            return [*frames, frame(self._error({}, MALFORMED.text))]
        frames += [frame(one) for one in self._answer(asked, now_ns)]
        self._spoke_ns = now_ns
        return frames

    def _answer(self, asked: dict[str, Any], now_ns: int) -> Iterator[dict[str, Any]]:
        said: dict[str, Any] = {}
        sent = asked.get("req_id")
        if sent is not None:
            if not isinstance(sent, Digits) or whole_number(sent) is None:
                yield self._error({}, MALFORMED.text)
                return
            said["req_id"] = number(sent)
        method, params = asked.get("method"), asked.get("params") or {}
        if method == "ping":
            yield {"method": "pong", **said, "time_in": iso(now_ns), "time_out": iso(now_ns)}
            return
        if (
            not isinstance(params, dict)
            or not isinstance(method, str)
            or isinstance(method, Digits)
        ):
            yield self._error(said, MALFORMED.text)
            return
        said["method"] = method
        if method in {"subscribe", "unsubscribe"}:
            yield from self._subscription(method, dict(params), said, now_ns)
        elif method in entry.METHODS:
            yield from self._trade(method, dict(params), said)
        else:
            yield self._error(said, "Unsupported method")

    def _error(self, said: dict[str, Any], text: str) -> dict[str, Any]:
        return {**said, "error": clean(text), "success": False, **self._times()}

    def _done(self, said: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
        return {**said, "result": result, "success": True, **self._times()}

    def _times(self) -> dict[str, str]:
        now = iso(self._front.wire_now_ns)
        return {"time_in": now, "time_out": now}

    def _key(self, params: dict[str, Any]) -> ApiKey:
        """Return whose token was sent; one that was good here stays so."""
        token = params.pop("token", None)
        known = self._keys.get(token) if isinstance(token, str) else None
        if known is not None and self._front.door.keys.get(known.key) is None:
            known = None  # revoked since
        elif known is None and isinstance(token, str):
            known = self._front.door.holder(token, self._front.wire_now_ns)
        if known is None:
            raise SESSION
        self._keys[token] = known
        return known

    # Subscriptions -------------------------------------------------------------------------

    def _subscription(
        self, method: str, params: dict[str, Any], said: dict[str, Any], now_ns: int
    ) -> Iterator[dict[str, Any]]:
        channel = params.get("channel")
        if not isinstance(channel, str) or channel not in CHANNELS:
            yield self._error(said, "Subscription name invalid")
            return
        if (self._host, channel in PRIVATE) in {(PUBLIC_HOST, True), (PRIVATE_HOST, False)}:
            yield self._error(said, ELSEWHERE if channel in PRIVATE else NOT_HERE)
            return
        symbols: list[Any] = [""]
        if channel in OF_PAIRS:
            symbols = params.get("symbol") or []
            if not isinstance(symbols, list) or not symbols:
                yield self._error(said, "Pair field must be an array")
                return
        for symbol in symbols:
            named = said | ({"symbol": clean(str(symbol))} if symbol else {})
            try:
                yield from self._one(method, symbol, params, said, now_ns)
            except Refusal as refusal:
                yield self._error(named, refusal.text)

    def _one(
        self, method: str, symbol: object, params: dict[str, Any], said: dict[str, Any], now_ns: int
    ) -> Iterator[dict[str, Any]]:
        channel = str(params["channel"])
        place, detail, feed = self._made(channel, symbol, dict(params))
        told: dict[str, Any] = {"channel": channel, **({"symbol": symbol} if symbol else {})}
        told |= detail
        if method == "unsubscribe":
            if self._feeds.pop(place, None) is None:
                raise Refusal("Subscription Not Found")
            yield self._done(said, told)
            return
        if place in self._feeds:
            raise Refusal("Already subscribed")
        self._feeds[place] = feed
        default = channel != "trade"
        snaps = _flag(params, "snapshot", default=default)
        yield self._done(said, told | {"snapshot": snaps})
        found = list(feed.begin(now_ns))  # changes need what they change, told or not
        yield from found if snaps else ()

    def _made(self, channel: str, symbol: object, params: dict[str, Any]) -> Made:
        """Return the place of a subscription, what is told of it, and its feed."""
        front = self._front
        if channel in PRIVATE:
            return (channel,), {}, self._own(channel, params)
        if channel == "instrument":
            return (channel,), {}, feeds.InstrumentFeed(front)
        pair = front.pairs.streamed(symbol) if isinstance(symbol, str) else None
        if pair is None:
            raise Refusal(f"Currency pair not supported {symbol}")
        place = (channel, pair.symbol)
        if channel == "book":
            depth = _chosen(params, "depth", feeds.DEPTHS, "Subscription depth not supported")
            return place, {"depth": depth}, feeds.BookFeed(front, pair, depth)
        if channel == "ohlc":
            problem = "Subscription ohlc interval not supported"
            minutes = _chosen(params, "interval", feeds.CANDLE_MINUTES, problem)
            made = feeds.CandleFeed(front, pair, minutes)
            return (*place, minutes), {"interval": minutes}, made
        if channel == "trade":
            return place, {}, feeds.TradeFeed(front, pair)
        by = params.get("event_trigger", "trades")
        if by not in ("trades", "bbo"):
            raise Refusal("Subscription event_trigger not supported")
        feed = feeds.TickerFeed(front, pair, by_best=by == "bbo")
        return (*place, by), {"event_trigger": by}, feed

    def _own(self, channel: str, params: dict[str, Any]) -> Feed:
        """Return the feed of what is one's own."""
        account = self._key(params).account
        if channel == "balances":
            return private.BalanceFeed(self._front, account)
        orders = _flag(params, "snap_orders", default=True)
        trades = _flag(params, "snap_trades", default=False)
        every = _flag(params, "order_status", default=True)
        return private.ExecutionFeed(
            self._front, account, orders=orders, trades=trades, every=every
        )

    # Orders --------------------------------------------------------------------------------

    def _trade(
        self, method: str, params: dict[str, Any], said: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Carry out a request about orders, as by REST."""
        if self._host == PUBLIC_HOST:
            yield self._error(said, ELSEWHERE)
            return
        try:
            key = self._key(params)
        except Refusal as refusal:
            yield self._error(said, refusal.text)
            return
        for result in entry.carry_out(method, entry.Sent(self._front, key, params)):
            if "error" in result:
                yield self._error(said, result["error"])
            else:
                yield self._done(said, result)

    # What time and the engine bring --------------------------------------------------------

    def interests(self) -> frozenset[Interest]:
        """Return what the subscriptions have an answer to."""
        return frozenset(one for feed in self._feeds.values() for one in feed.interests())

    def publish(self, event: Event) -> Sequence[Frame]:
        """Return what the subscriptions make of an event."""
        now_ns = self._front.wire_now_ns
        frames = [frame(one) for feed in self._feeds.values() for one in feed.event(event, now_ns)]
        if frames:
            self._spoke_ns = now_ns
        return frames

    def tick(self, now_ns: int) -> Sequence[Frame]:
        """Return the first word, a heartbeat that is due, or the end of a silent connection."""
        now_ns += self._front.clock_skew_ns
        frames = self._greet()
        if self._feeds:
            self._heard_ns = now_ns
            if now_ns - self._spoke_ns >= feeds.HEARTBEAT_NS:
                self._spoke_ns = now_ns
                frames.append(frame({"channel": "heartbeat"}))
        elif now_ns - self._heard_ns > SILENCE_NS:
            self._heard_ns = now_ns  # said once
            frames.append(SILENT)
        return frames

    def pong(self) -> None:
        """Take no notice: Kraken does not ping."""

    def closed(self) -> None:
        """Let go."""
        self._feeds.clear()


def _flag(params: dict[str, Any], name: str, *, default: bool) -> bool:
    value = params.get(name, default)
    if not isinstance(value, bool):
        raise Refusal(f"Subscription {name} must be a boolean")
    return value


def _chosen(params: dict[str, Any], name: str, options: tuple[int, ...], problem: str) -> int:
    """Return a whole number of some, the first one where none was sent."""
    sent = params.get(name)
    if sent is None:
        return options[0]
    value = whole_number(sent) if isinstance(sent, Digits) else None
    if value not in options:
        raise Refusal(problem)
    return value
