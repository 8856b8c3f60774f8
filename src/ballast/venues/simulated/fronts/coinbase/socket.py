"""Websocket of Coinbase: subscriptions, one number for every message, and who is dropped.

All messages of a connection are numbered together (`sequence_num`), whatever their channel. Who
subscribes nothing within five seconds is dropped, and so is a connection on which nothing was told
for ninety: a client without busy channels subscribes `heartbeats`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ballast.venues.simulated.fronts.coinbase import channels, errors, security
from ballast.venues.simulated.fronts.coinbase.call import SECOND_NS, iso
from ballast.venues.simulated.wire.messages import Close, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ballast.venues.simulated.engine.events import Event
    from ballast.venues.simulated.fronts.coinbase.channels import Channel, Said
    from ballast.venues.simulated.fronts.coinbase.front import CoinbaseFront
    from ballast.venues.simulated.wire.messages import Frame

KINDS = ("subscribe", "unsubscribe")
GRACE_NS = 5 * SECOND_NS
SILENCE_NS = 90 * SECOND_NS
NOTHING = Close(1008, "no subscription within 5 seconds")
SILENT = Close(1001, "no updates within 90 seconds")


class BadFrame(Exception):  # noqa: N818 - an answer, not a crash: the session sends it
    """A frame that cannot be taken, and the sentence that says why."""


class CoinbaseSocket:
    """One connection."""

    def __init__(self, front: CoinbaseFront, address: str) -> None:
        """Open; nothing is subscribed."""
        self._front = front
        self._address = address
        self._opened_ns = self._spoke_ns = front.wire_now_ns
        self._has_subscribed = self._is_over = False
        self._sequence = 0
        self._channels: dict[str, Channel] = {}

    def receive(self, text: str) -> Sequence[Frame]:
        """Take `subscribe` or `unsubscribe`."""
        if not self._front.may_send(self._address):
            return (_error("rate limit exceeded"),)
        try:
            asked = json.loads(text)
        except (ValueError, RecursionError):
            return (_error("failed to parse message"),)
        try:
            return self._numbered(self._answer(asked))
        except BadFrame as problem:
            return (_error(str(problem)),)

    def _answer(self, asked: Any) -> Iterable[Said]:  # noqa: ANN401 - JSON
        if not isinstance(asked, dict) or asked.get("type") not in KINDS:
            raise BadFrame("type must be subscribe or unsubscribe")
        name = asked.get("channel")
        if not isinstance(name, str) or name not in channels.CHANNELS:
            raise BadFrame("channel is not supported")
        products = self._products(asked, name)
        account = self._account(asked, name)
        if asked["type"] == "unsubscribe":
            self._drop(name, products)
            return [self._told()]
        channel = self._channels.get(name)
        if channel is None:
            channel = channels.CHANNELS[name](self._front, account)
            self._channels[name] = channel
        self._has_subscribed = True
        return [self._told(products, name), *channel.subscribe(products, self._front.wire_now_ns)]

    def _products(self, asked: dict[str, Any], name: str) -> list[str]:
        """Return the products of a frame; all of them where the channel needs none named."""
        found = asked.get("product_ids", [])
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            raise BadFrame("product_ids must be a list of strings")
        listings = self._front.market.listings
        if any(one not in listings for one in found):
            raise BadFrame("product_ids are not valid")
        if not found and name not in channels.UNNAMED:
            raise BadFrame("product_ids are required")
        return list(dict.fromkeys(found)) or list(listings)

    def _account(self, asked: dict[str, Any], name: str) -> int:
        """Return whose token a frame carries, 0 for nobody's; only `user` needs one."""
        token = asked.get("jwt")
        if token is None and name != "user":
            return 0
        front = self._front
        try:
            if not isinstance(token, str):
                raise errors.UNAUTHORISED
            return security.check_token(token, self._address, front.keys, front.wire_now_ns).account
        except errors.Refusal:
            raise BadFrame("authentication failure") from None

    def _drop(self, name: str, products: Sequence[str]) -> None:
        channel = self._channels.get(name)
        if channel is not None:
            channel.unsubscribe(products)
            if not channel.products:
                del self._channels[name]

    def _told(self, products: Sequence[str] = (), name: str = "") -> Said:
        """Return what is subscribed; a channel without products is told by its own name."""
        told = {one: list(channel.products) for one, channel in self._channels.items()}
        if name:
            told[name] = list(dict.fromkeys([*told.get(name, []), *products]))
        if "heartbeats" in told:
            told["heartbeats"] = ["heartbeats"]
        return "subscriptions", [{"subscriptions": told}]

    def _numbered(self, said: Iterable[Said]) -> list[Frame]:
        """Return frames of what is said, each with the next number of the connection."""
        frames: list[Frame] = []
        now_ns = self._front.wire_now_ns
        for name, events in said:
            whole = {
                "channel": name, "client_id": "", "timestamp": iso(now_ns),
                "sequence_num": self._sequence, "events": events,
            }  # fmt: skip
            self._sequence += 1
            self._spoke_ns = now_ns
            frames.append(Text(json.dumps(whole, separators=(",", ":"))))
        return frames

    def publish(self, event: Event) -> Sequence[Frame]:
        """Return what the subscriptions make of an event."""
        now_ns = self._front.wire_now_ns
        return self._numbered(
            said for one in self._channels.values() for said in one.event(event, now_ns)
        )

    def tick(self, now_ns: int) -> Sequence[Frame]:
        """Return what is due; drop who subscribed nothing, or hears nothing."""
        now_ns += self._front.clock_skew_ns
        if self._is_over:
            return ()
        frames = self._numbered(
            said for one in self._channels.values() for said in one.tick(now_ns)
        )
        if not self._has_subscribed and now_ns - self._opened_ns > GRACE_NS:
            self._is_over = True
            return (NOTHING,)
        if not frames and now_ns - self._spoke_ns > SILENCE_NS:
            self._is_over = True
            return (SILENT,)
        return frames

    def pong(self) -> None:
        """Take no notice: Coinbase does not ping."""

    def closed(self) -> None:
        """Let go."""
        self._channels.clear()


def _error(text: str) -> Text:
    return Text(json.dumps({"type": "error", "message": text}, separators=(",", ":")))
