"""Websocket of OKX: login, subscriptions, requests about orders, and text pings.

There are three of them, public, private and business; each has its own channels. A connection to
which nothing was sent for 30 seconds is closed, so a client without busy channels sends `ping`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ballast.venues.simulated.fronts.okx import (
    channels,
    errors,
    ids,
    orders,
    private,
    security,
)
from ballast.venues.simulated.fronts.okx.call import Call, parameters
from ballast.venues.simulated.fronts.okx.errors import Refusal
from ballast.venues.simulated.fronts.parameters import BadParameter, Parameters
from ballast.venues.simulated.wire.messages import Close, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ballast.venues.simulated.engine.events import Event
    from ballast.venues.simulated.fronts.keys import ApiKey
    from ballast.venues.simulated.fronts.okx.batch import Batch
    from ballast.venues.simulated.fronts.okx.feed import Feed
    from ballast.venues.simulated.fronts.okx.front import OkxFront
    from ballast.venues.simulated.wire.interests import Interest
    from ballast.venues.simulated.wire.messages import Frame

    Handler = Callable[[OkxFront, Call], Batch]

SECOND_NS = 1_000_000_000
HOUR_NS = 3_600 * SECOND_NS
SILENCE_NS = 30 * SECOND_NS
REQUESTS_HOUR = 480
"""Logins, subscriptions and unsubscriptions of one connection in an hour."""
ARGS_MAX_BYTES = 64 * 1024
KINDS = ("public", "private", "business")
COUNTS_MAX = 30
"""Connections of an account to one private channel."""
TRADES: dict[str, tuple[Handler, bool]] = {
    "order": (orders.place, False),
    "batch-orders": (orders.place_many, True),
    "cancel-order": (orders.cancel, False),
    "batch-cancel-orders": (orders.cancel_many, True),
    "amend-order": (orders.amend, False),
    "batch-amend-orders": (orders.amend_many, True),
}
SILENT = Close(4004, "No data received in 30s.")
UPGRADED = Close(1006)
UPGRADE_NS = 30_000_000_000
UPGRADE = "The connection will soon be closed for a service upgrade. Please reconnect."


class OkxSocket:
    """One connection."""

    def __init__(self, front: OkxFront, kind: str, address: str) -> None:
        """Open; nothing is subscribed, nobody is logged in."""
        self._front = front
        self._kind = kind
        self._address = address
        self._id = front.new_connection_id()
        self._key: ApiKey | None = None
        self._feeds: dict[str, Feed] = {}
        self._spoke_ns = front.wire_now_ns
        self._leaves_ns = 0
        self._hour, self._requests = 0, 0

    def receive(self, text: str) -> Sequence[Frame]:
        """Take a ping or a request."""
        self._spoke_ns = self._front.wire_now_ns
        if text == "ping":
            return (Text("pong"),)
        try:
            asked = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
        except (ValueError, RecursionError):
            return (self._error(Refusal(60012, f"Illegal request: {text[:200]}"), None),)
        if not isinstance(asked, dict) or not isinstance(asked.get("args"), list):
            return (self._error(Refusal(60012, f"Illegal request: {text[:200]}"), None),)
        number = asked.get("id")
        try:
            return [_text(one) for one in self._answer(asked)]
        except Refusal as refusal:
            return (self._error(refusal, number),)

    def _answer(self, asked: dict[str, Any]) -> Iterable[dict[str, Any]]:
        op = asked.get("op")
        if not isinstance(op, str):
            raise Refusal(60012, "Illegal request")
        if op in TRADES:
            return [self._trade(op, asked)]
        if op not in {"login", "subscribe", "unsubscribe"}:
            raise Refusal(60019, f"Invalid op: {op[:64]}")
        self._count()
        elements = [_plain(one) for one in asked["args"]]
        if not elements or len(json.dumps(elements)) > ARGS_MAX_BYTES:
            raise Refusal(60013, "Invalid args")
        if op == "login":
            return [self._login(elements[0])]
        said = {} if asked.get("id") is None else {"id": str(asked["id"])}
        frames: list[dict[str, Any]] = []
        for arg in elements:
            frames += self._one(op, arg, said)
        return frames

    def _count(self) -> None:
        hour = self._front.wire_now_ns // HOUR_NS
        self._requests = self._requests + 1 if hour == self._hour else 1
        self._hour = hour
        if self._requests > REQUESTS_HOUR:
            raise Refusal(60014, "Requests too frequent")

    def _login(self, arg: dict[str, str]) -> dict[str, Any]:
        if self._kind == "public":
            raise Refusal(60018, "Wrong URL. Please use the correct URL")
        front = self._front
        self._key = security.check_login(arg, self._address, front.keys, front.wire_now_ns)
        return {"event": "login", "code": "0", "msg": "", "connId": self._id}

    def _one(self, op: str, arg: dict[str, str], said: dict[str, Any]) -> list[dict[str, Any]]:
        name = arg.get("channel", "")
        place = json.dumps(arg, sort_keys=True)
        shared = {**said, "arg": arg, "connId": self._id}
        if op == "unsubscribe":
            if self._feeds.pop(place, None) is not None and private.is_private(name):
                self._front.count_channel(self._account, name, -1)
            return [{"event": "unsubscribe", **shared}]
        is_private = private.is_private(name)
        known = private.is_known if is_private else channels.is_known
        if not known(self._front, arg, self._kind):
            names = ",".join(f"{key}:{value}" for key, value in arg.items())
            raise Refusal(
                60018,
                f"Wrong URL or {names[:200]} doesn't exist. Please use the correct URL, channel "
                "and parameters referring to API document.",
            )
        if is_private and self._key is None:
            raise Refusal(60011, "Please log in")
        now_ns = self._front.wire_now_ns
        frames = [{"event": "subscribe", **shared}]
        if place not in self._feeds:
            if is_private:
                frames += self._counted(name)
                feed = private.make(self._front, arg, self._account)
            else:
                feed = channels.make(self._front, arg)
            self._feeds[place] = feed
            frames += feed.begin(now_ns)
        return frames

    def _counted(self, name: str) -> list[dict[str, Any]]:
        """Return how many connections of the account have a private channel now."""
        if name not in private.COUNTED:
            return []
        count = self._front.count_channel(self._account, name, 1)
        if count > COUNTS_MAX:
            self._front.count_channel(self._account, name, -1)
            raise Refusal(64000, f"Too many connections subscribe to channel {name}")
        return [
            {"event": "channel-conn-count", "channel": name, "connCount": str(count),
             "connId": self._id}
        ]  # fmt: skip

    @property
    def _account(self) -> int:
        return self._key.account if self._key is not None else 0

    def _trade(self, op: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Carry out a request about orders, as by REST."""
        number = asked.get("id")
        if not isinstance(number, str) or not ids.OWN.fullmatch(number):
            raise Refusal(60012, "Illegal request: id is needed, up to 32 letters and digits")
        if self._kind != "private":
            raise Refusal(60018, "Wrong URL. Please use the correct URL")
        if self._key is None:
            raise Refusal(60011, "Please log in")
        if not self._key.can_trade:
            raise Refusal(60030, "The API key has no permission to trade")
        front, began_ns = self._front, self._front.wire_now_ns
        call = Call(Parameters({}), began_ns, front.market.listings, self._key)
        try:
            told = front.answer(self._handled(call, op, asked["args"]), began_ns)
        except BadParameter as problem:
            told = _whole(errors.parameter(problem))
        except Refusal as refusal:
            told = _whole(refusal)
        return {"id": number, "op": op, **told}

    def _handled(self, call: Call, op: str, elements: list[Any]) -> Batch:
        handler, many = TRADES[op]
        if many:
            call.body = elements
        elif len(elements) != 1:
            raise Refusal(60013, "Invalid args")
        else:
            call.given = parameters(elements[0])
        return handler(self._front, call)

    def _error(self, refusal: Refusal, number: Any) -> Text:  # noqa: ANN401 - whatever was sent
        said = {} if number is None else {"id": str(number)}
        body = {
            **said, "event": "error", "code": str(refusal.code), "msg": refusal.text,
            "connId": self._id,
        }  # fmt: skip
        return _text(body)

    def interests(self) -> frozenset[Interest] | None:
        """Return what the subscriptions have an answer to."""
        found: set[Interest] = set()
        for feed in self._feeds.values():
            wanted = feed.interests()
            if wanted is None:
                return None
            found |= wanted
        return frozenset(found)

    def publish(self, event: Event) -> Sequence[Frame]:
        """Return what the subscriptions make of an event."""
        now_ns = self._front.wire_now_ns
        frames = [_text(one) for feed in self._feeds.values() for one in feed.event(event, now_ns)]
        if frames:
            self._spoke_ns = now_ns
        return frames

    def tick(self, now_ns: int) -> Sequence[Frame]:
        """Return what is due; close a connection on which nothing was said for too long."""
        now_ns += self._front.clock_skew_ns
        if self._leaves_ns and now_ns >= self._leaves_ns:
            return (UPGRADED,)
        frames = [_text(one) for feed in self._feeds.values() for one in feed.tick(now_ns)]
        if frames:
            self._spoke_ns = now_ns
        elif now_ns - self._spoke_ns > SILENCE_NS:
            self._spoke_ns = now_ns  # said once
            return (SILENT,)
        return frames

    def farewell(self, now_ns: int) -> Sequence[Frame]:
        """Announce a service upgrade; half a minute later the connection is closed."""
        self._leaves_ns = now_ns + self._front.clock_skew_ns + UPGRADE_NS
        notice = {"event": "notice", "code": "64008", "msg": UPGRADE, "connId": self._id}
        return (_text(notice),)

    def pong(self) -> None:
        """Take no notice: OKX does not ping."""

    def closed(self) -> None:
        """Let go."""
        for place in self._feeds:
            name = json.loads(place).get("channel", "")
            if name in private.COUNTED:
                self._front.count_channel(self._account, name, -1)
        self._feeds.clear()


def _plain(arg: Any) -> dict[str, str]:  # noqa: ANN401 - JSON
    """Return an argument with its values as texts; raise a `Refusal` for anything else."""
    try:
        return parameters(arg).values
    except Refusal:
        raise Refusal(60013, "Invalid args") from None


def _whole(refusal: Refusal) -> dict[str, Any]:
    return {"code": str(refusal.code), "data": [], "msg": refusal.text}


def _text(body: dict[str, Any]) -> Text:
    return Text.of(body)
