"""The private stream of Bybit: orders, executions, positions and the wallet of an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.instrument import Kind
from ballast.core.orders import PRICED, OrderKind
from ballast.venues.simulated.engine.events import (
    BalanceChanged,
    Change,
    Filled,
    FundingPaid,
    OrderUpdated,
    PositionChanged,
)
from ballast.venues.simulated.fronts.bybit import account as accounts
from ballast.venues.simulated.fronts.bybit import disconnect, errors, executions, security
from ballast.venues.simulated.fronts.bybit.call import category_of
from ballast.venues.simulated.fronts.bybit.socket import NS_MS, SECOND_NS, SILENCE_NS, Stream, said
from ballast.venues.simulated.fronts.numbers import whole_number
from ballast.venues.simulated.wire.messages import Close

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ballast.core.orders import Order
    from ballast.venues.simulated.engine.events import Event
    from ballast.venues.simulated.fronts.bybit.unified import BybitUnified
    from ballast.venues.simulated.fronts.keys import ApiKey
    from ballast.venues.simulated.wire.interests import Interest
    from ballast.venues.simulated.wire.messages import Frame, Request

WHOLE = ("order", "execution", "execution.fast", "position")
TOPICS = frozenset(
    {
        *WHOLE, "wallet", "greeks", *disconnect.TOPICS,
        *(f"{topic}.{category}" for topic in WHOLE for category in ("spot", "linear")),
    }
)  # fmt: skip
AUTH_ARGS = 3
TOLD = (OrderUpdated, FundingPaid, Filled, PositionChanged, BalanceChanged)
SILENCE_MIN_S, SILENCE_MAX_S = 30, 600
UNITS_S = {"s": 1, "m": 60}


def authenticated(
    front: BybitUnified, asked: dict[str, Any], address: str
) -> tuple[ApiKey | None, errors.Refusal]:
    """Return whose words these are, or why nobody's."""
    args = asked.get("args")
    if not isinstance(args, list) or len(args) != AUTH_ARGS:
        return None, errors.bad("Params Error")
    name, expires, sign = (str(one) for one in args)
    until = whole_number(expires)
    try:
        key = security.known_key(name, address, front.keys)
    except errors.Refusal as refusal:
        return None, refusal
    if until is None or not sign.isascii():
        return None, errors.bad("Params Error")
    if not security.check_socket(key, until, sign, front.wire_now_ns):
        return None, errors.Refusal(10004, "Invalid sign")
    return key, errors.bad("")


class PrivateStream(Stream):
    """One connection for the events of an account."""

    def __init__(self, front: BybitUnified, request: Request, name: str) -> None:
        """Open; nobody has introduced himself yet."""
        super().__init__(front, name)
        self._address = request.address
        self._account = 0
        self._frames = 0
        self.silence_ns = _silence(dict(request.query_pairs()).get("max_active_time", ""))

    def answer(self, asked: dict[str, Any]) -> Sequence[Frame]:
        """Answer auth, subscribe, unsubscribe and ping."""
        match asked.get("op"):
            case "auth":
                return self._auth(asked)
            case "ping":
                stamp = str(self.front.wire_now_ns // NS_MS)
                pong = {"op": "pong", "args": [stamp], "conn_id": self.name}
                number = asked.get("req_id")
                return (said({"req_id": number, **pong} if isinstance(number, str) else pong),)
            case "subscribe" | "unsubscribe" if not self._account:
                return (self.control(asked, "Request not authorized", good=False),)
            case "subscribe":
                before = set(self.topics)
                told = self.subscribe(asked, TOPICS.__contains__, len(TOPICS))
                for topic in [one for one in self.topics if one not in before]:
                    self._listen(topic, joins=True)
                return (told,)
            case "unsubscribe":
                before = set(self.topics)
                told = self.unsubscribe(asked)
                for topic in before - set(self.topics):
                    self._listen(topic, joins=False)
                return (told,)
            case _:
                return (self.control(asked, "error:invalid op", good=False),)

    def _auth(self, asked: dict[str, Any]) -> Sequence[Frame]:
        key, refusal = authenticated(self.front, asked, self._address)
        if key is None:
            return (self.control(asked, refusal.text, good=False), Close(1006, ""))
        if self._account:
            return (self.control(asked, "Repeat auth", good=False),)
        self._account = key.account
        return (self.control(asked),)

    def _listen(self, topic: str, *, joins: bool) -> None:
        """Count a subscriber of the disconnection protection."""
        product = disconnect.TOPICS.get(topic)
        if product is not None:
            windows = self.front.windows
            act = windows.joined if joins else windows.left
            act(self.front, self._account, product)

    # Events ------------------------------------------------------------------------------

    def interests(self) -> frozenset[Interest]:
        """Return the events of this account."""
        return frozenset((kind, self._account) for kind in TOLD if self._account)

    def publish(self, event: Event) -> Sequence[Frame]:
        """Return the frames of an event of this account."""
        match event:
            case OrderUpdated() if event.order.account == self._account:
                return tuple(self._order(event))
            case FundingPaid() if event.account == self._account:
                paid = executions.payment_event(self.front, self._account, event.symbol)
                return self._tell("execution", "linear", [paid]) if paid else ()
            case Filled() if event.fill.account == self._account:
                return tuple(self._fill(event))
            case PositionChanged() if event.position.account == self._account:
                data = self.front.order_words.position(event.position)
                data["entryPrice"] = data.pop("avgPrice")
                # Over REST a stop that is not there is an empty text.
                data |= {name: data[name] or "0" for name in ("takeProfit", "stopLoss")}
                return self._tell("position", "linear", [{"category": "linear", **data}])
            case BalanceChanged() if event.account == self._account:
                whole = accounts.wallet(self.front, self._account, set())
                return self._tell("wallet", "", [whole])
            case _:
                return ()

    def _order(self, event: OrderUpdated) -> Iterator[Frame]:
        order, change = event.order, event.change
        if change is Change.TRADE or not self.front.ledger.is_shown(order):
            return  # a trade is told with its execution
        if change is Change.NEW and order.request.kind is OrderKind.MARKET:
            return  # it is told as filled, or as cancelled
        statuses = [""]
        if change is Change.TRIGGERED:
            statuses = ["Triggered", ""] if order.request.kind in PRICED else ["Triggered"]
        for status in statuses:
            yield from self._tell_order(order, status)

    def _tell_order(self, order: Order, status: str = "") -> Sequence[Frame]:
        listing = self.front.words.listing(order.request.symbol)
        whole = self.front.order_words.order(order, status)
        return self._tell("order", category_of(listing), [whole])

    def _fill(self, event: Filled) -> Iterator[Frame]:
        fill, words = event.fill, self.front.order_words
        listing = self.front.words.listing(fill.symbol)
        category = "spot" if listing.kind is Kind.SPOT else "linear"
        yield from self._tell_order(event.order)
        yield from self._tell("execution", category, [words.execution(fill, event.order)])
        yield from self._tell("execution.fast", category, [words.fast_execution(fill)])

    def _tell(self, topic: str, category: str, data: list[dict[str, Any]]) -> Sequence[Frame]:
        """Return a frame under each topic that was subscribed of it."""
        frames = []
        for name in (topic, f"{topic}.{category}"):
            if name in self.topics:
                self._frames += 1
                stamp = self.front.wire_now_ns // NS_MS
                head = {"topic": name, "id": f"{self.name}-{self._frames}", "creationTime": stamp}
                frames.append(said({**head, "data": data}))
        return tuple(frames)

    def tick(self, now_ns: int) -> Sequence[Frame]:
        """Return the end of a silent connection."""
        return self.ended(now_ns + self.front.clock_skew_ns)

    def closed(self) -> None:
        """Let go; the disconnection protection begins to count."""
        for topic in self.topics:
            self._listen(topic, joins=False)
        super().closed()


def _silence(text: str) -> int:
    """Return how long a client wants to be allowed to say nothing: `30s` to `10m`."""
    count = whole_number(text[:-1])
    seconds = (count or 0) * UNITS_S.get(text[-1:], 0)
    in_range = SILENCE_MIN_S <= seconds <= SILENCE_MAX_S
    return seconds * SECOND_NS if in_range else SILENCE_NS
