"""The websocket interface of Binance spot: requests over a socket, and the user's own events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ballast.core.orders import OrderStatus
from ballast.venues.simulated.engine.events import (
    BalanceChanged,
    Change,
    Filled,
    ListChanged,
    OrderUpdated,
    Transferred,
)
from ballast.venues.simulated.fronts.binance import (
    errors,
    public,
    security,
    spot_account,
    spot_lists,
    spot_orders,
    spot_public,
)
from ballast.venues.simulated.fronts.binance.errors import Refusal
from ballast.venues.simulated.fronts.binance.spot_streams import PING_NS, PONG_NS
from ballast.venues.simulated.fronts.binance.spot_words import ZERO, kind_of
from ballast.venues.simulated.fronts.binance.streams import LIFE_NS
from ballast.venues.simulated.fronts.keys import hmac_hex, same
from ballast.venues.simulated.fronts.parameters import BadParameter
from ballast.venues.simulated.wire.messages import Close, Ping, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ballast.core.orders import Fill, Order
    from ballast.venues.simulated.engine.events import Event
    from ballast.venues.simulated.fronts.binance.call import Call
    from ballast.venues.simulated.fronts.binance.spot import BinanceSpot
    from ballast.venues.simulated.wire.interests import Interest
    from ballast.venues.simulated.wire.messages import Frame

    Handler = Callable[[BinanceSpot, Call], Any]

NS_MS = 1_000_000
OPEN_METHODS: dict[str, Handler] = {
    "ping": public.ping,
    "time": public.server_time,
    "exchangeInfo": spot_public.exchange_info,
    "depth": spot_public.depth,
    "trades.recent": spot_public.trades,
    "trades.aggregate": spot_public.aggregate_trades,
    "klines": spot_public.klines,
    "avgPrice": spot_public.average_price,
    "ticker.24hr": spot_public.day_ticker,
    "ticker.price": spot_public.price_ticker,
    "ticker.book": spot_public.book_ticker,
}
SIGNED_METHODS: dict[str, Handler] = {
    "account.status": spot_account.account,
    "account.commission": spot_account.commission,
    "account.rateLimits.orders": spot_account.order_rate,
    "order.place": spot_orders.new,
    "order.test": spot_orders.test,
    "order.status": spot_orders.query,
    "order.cancel": spot_orders.cancel,
    "order.cancelReplace": spot_orders.replace_order,
    "openOrders.status": spot_orders.open_orders,
    "openOrders.cancelAll": spot_orders.cancel_open,
    "orderList.place.oco": spot_lists.place,
    "orderList.place.oto": spot_lists.place_triggering,
    "orderList.place.otoco": spot_lists.place_triggering_pair,
    "orderList.status": spot_lists.query,
    "orderList.cancel": spot_lists.cancel,
    "openOrderLists.status": spot_lists.open_lists,
    "allOrders": spot_orders.all_orders,
    "myTrades": spot_account.my_trades,
}
TRADING = frozenset(
    {
        "order.place", "order.cancel", "order.cancelReplace", "openOrders.cancelAll",
        "orderList.place.oco", "orderList.place.oto", "orderList.place.otoco", "orderList.cancel",
    }
)  # fmt: skip
CHANGES = {
    Change.NEW: "NEW",
    Change.TRADE: "TRADE",
    Change.AMENDED: "REPLACED",
    Change.TRIGGERED: "NEW",
}
TOLD = (OrderUpdated, Filled, ListChanged, BalanceChanged, Transferred)
_BAD = Refusal(-1000, "Invalid request.")


class SpotSocket:
    """One connection to the websocket interface."""

    def __init__(self, front: BinanceSpot, address: str) -> None:
        """Open; nobody's events are subscribed yet."""
        self._front = front
        self._address = address
        self._opened_ns = front.wire_now_ns
        self._ponged_ns = self._opened_ns
        self._pings = 0
        self._subscribed: dict[int, int] = {}  # subscription -> account
        self._numbers = 0

    def receive(self, text: str) -> Sequence[Frame]:
        """Answer one request."""
        try:
            asked = json.loads(text)
        except (ValueError, RecursionError):
            return (_refused(None, Refusal(-32700, "Parse error")),)
        if not isinstance(asked, dict):
            return (_refused(None, _BAD),)
        number = asked.get("id")
        params = asked.get("params", {})
        values = _values(params)
        if values is None:
            return (_refused(number, _BAD),)
        try:
            result = self._call(str(asked.get("method")), values)
        except Refusal as refusal:
            return (_refused(number, refusal),)
        except BadParameter as problem:
            said = errors.parameter(problem, len(values), len(values) - 1)
            return (_refused(number, said),)
        body = {"id": number, "status": 200, "result": result, "rateLimits": []}
        return (Text.of(body),)

    def _call(self, method: str, values: dict[str, str]) -> Any:  # noqa: ANN401 - JSON
        front = self._front
        if method in OPEN_METHODS:
            return OPEN_METHODS[method](front, front.call_of(values, None))
        if method == "userDataStream.unsubscribe":
            wanted = values.get("subscriptionId")
            for number in [n for n in self._subscribed if wanted in {None, str(n)}]:
                del self._subscribed[number]
            return {}
        subscribes = method == "userDataStream.subscribe.signature"
        if method not in SIGNED_METHODS and not subscribes:
            raise _BAD
        call = self._signed(values)
        assert call.key is not None  # noqa: S101 - signed
        if subscribes:
            call.given.finish()
            number, self._numbers = self._numbers, self._numbers + 1
            self._subscribed[number] = call.account
            return {"subscriptionId": number}
        if method in TRADING and not call.key.can_trade:
            raise errors.KEY_REFUSED
        return SIGNED_METHODS[method](front, call)

    def _signed(self, values: dict[str, str]) -> Call:
        front = self._front
        key = security.known_key(values.get("apiKey", ""), self._address, front.keys)
        call = front.call_of(values, key)
        call.given.allow("apiKey")
        signature = call.given.required("signature")
        security.check_fresh(call.given, call.now_ns)
        payload = security.sorted_payload(values).encode()
        if not same(hmac_hex(key.secret, payload), signature):
            raise errors.SIGNATURE
        return call

    def interests(self) -> frozenset[Interest]:
        """Return the events of the subscribed accounts."""
        return frozenset((kind, account) for kind in TOLD for account in self._subscribed.values())

    def publish(self, event: Event) -> Sequence[Frame]:
        """Return the events of the subscribed accounts."""
        match event:
            case OrderUpdated() if event.change is not Change.TRADE:
                account, body = event.order.account, self._order(event)
            case Filled():
                account, body = event.fill.account, self._fill(event)
            case ListChanged():
                account, body = event.account, spot_lists.status_event(self._front, event)
            case BalanceChanged():
                account, body = event.account, self._balance(event)
            case Transferred():
                account, body = event.account, self._moved(event)
            case _:
                return ()
        return tuple(
            Text.of({"subscriptionId": number, "event": body})
            for number, whose in self._subscribed.items()
            if whose == account
        )

    def _order(self, event: OrderUpdated) -> dict[str, Any]:
        order = event.order
        change = CHANGES.get(event.change, "NEW")
        if event.change is Change.ENDED:
            ended = self._front.words.status(order)
            change = ended if ended == "CANCELED" else "EXPIRED"
        return self._report(order, change, event.at_ns, None)

    def _fill(self, event: Filled) -> dict[str, Any]:
        return self._report(event.order, "TRADE", event.at_ns, event.fill)

    def _report(self, order: Order, change: str, at_ns: int, fill: Fill | None) -> dict[str, Any]:
        """Return an execution report."""
        words, asked = self._front.words, order.request
        symbol, stamp = asked.symbol, at_ns // NS_MS
        whole = words.order(order)
        value = fill.price_ticks * fill.qty_lots if fill else 0
        is_resting = order.status in {OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED}
        return {
            "e": "executionReport",
            "E": stamp,
            "s": symbol,
            "c": asked.client_id,
            "S": asked.side.name,
            "o": kind_of(order),
            "f": whole["timeInForce"],
            "q": whole["origQty"],
            "p": whole["price"],
            "P": whole["stopPrice"],
            "F": whole["icebergQty"],
            "g": order.list_id or -1,
            "C": asked.client_id if change == "CANCELED" else "",
            "x": change,
            "X": words.status(order),
            "r": "NONE",
            "i": order.order_id,
            "l": words.qty(symbol, fill.qty_lots if fill else 0),
            "z": whole["executedQty"],
            "L": words.price(symbol, fill.price_ticks if fill else 0),
            "n": words.money(fill.fee_asset, fill.fee_atoms) if fill else "0",
            "N": fill.fee_asset if fill else None,
            "T": stamp,
            "t": fill.trade_id if fill else -1,
            "I": order.order_id * 2 + (fill is not None),
            "w": is_resting,
            "m": bool(fill and fill.is_maker),
            "M": False,
            "O": order.created_ns // NS_MS,
            "Z": whole["cummulativeQuoteQty"],
            "Y": words.quote(symbol, value) if fill else ZERO,
            "Q": whole["origQuoteOrderQty"],
            "W": max(whole["workingTime"], 0),
            "V": "NONE",
        }

    def _balance(self, event: BalanceChanged) -> dict[str, Any]:
        stamp = event.at_ns // NS_MS
        balances = []
        for one in event.balances:
            free, locked = self._front.words.balance(one)
            balances.append({"a": one.asset, "f": free, "l": locked})
        return {"e": "outboundAccountPosition", "E": stamp, "u": stamp, "B": balances}

    def _moved(self, event: Transferred) -> dict[str, Any]:
        """Return what a deposit, a withdrawal or a loan changed; the balance itself comes apart."""
        stamp = event.at_ns // NS_MS
        delta = self._front.words.money(event.asset, event.atoms)
        return {"e": "balanceUpdate", "E": stamp, "a": event.asset, "d": delta, "T": stamp}

    def tick(self, now_ns: int) -> Sequence[Frame]:
        """Ping, and end after a day."""
        now_ns += self._front.clock_skew_ns
        if now_ns - self._opened_ns >= LIFE_NS:
            return (Close(1001, "24 hours"),)
        if now_ns - self._ponged_ns > PING_NS + PONG_NS:
            return (Close(1008, "Pong timeout"),)
        due = (now_ns - self._opened_ns) // PING_NS
        if due > self._pings:
            self._pings = due
            return (Ping(str(now_ns // NS_MS).encode()),)
        return ()

    def farewell(self, now_ns: int) -> Sequence[Frame]:
        """End every subscription of events; the connection stays open, alive and silent."""
        body = {
            "e": "eventStreamTerminated",
            "E": (now_ns + self._front.clock_skew_ns) // NS_MS,
        }
        said = [Text.of({"subscriptionId": one, "event": body}) for one in self._subscribed]
        self._subscribed.clear()
        return said

    def pong(self) -> None:
        """Remember that the client is there."""
        self._ponged_ns = self._front.wire_now_ns

    def closed(self) -> None:
        """Let go."""
        self._subscribed.clear()


def _text(value: Any) -> str:  # noqa: ANN401 - JSON
    """Return a parameter as it would stand in a query."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return json.dumps(value, separators=(",", ":"))
    return str(value)


def _values(params: Any) -> dict[str, str] | None:  # noqa: ANN401 - JSON
    """Return parameters as texts; None for what is no object, or holds half a surrogate pair."""
    if not isinstance(params, dict):
        return None
    values = {str(name): _text(value) for name, value in params.items()}
    try:
        "".join((*values, *values.values())).encode()
    except UnicodeEncodeError:
        return None
    return values


def _refused(number: Any, refusal: Refusal) -> Text:  # noqa: ANN401 - whatever id was sent
    body: dict[str, Any] = {
        "id": number,
        "status": refusal.status,
        "error": {"code": refusal.code, "msg": refusal.text},
        "rateLimits": [],
    }
    return Text.of(body)
