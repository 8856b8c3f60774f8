"""What Coinbase's conversations have in common: one number for every message of a connection.

`sequence_num` counts all messages from 0, whatever their channel: a hole may be a hole in anything,
so it ends the connection. Each channel is asked for in a frame of its own, `heartbeats` always: a
connection that hears nothing for a minute and a half is dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ballast.venues.clients.calls import Verdict
from ballast.venues.clients.desk import Heard
from ballast.venues.normalise.exact import BrokenError, ns_of_iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.venues.clients.desk import News

PUBLIC_URL = "wss://advanced-trade-ws.coinbase.com"
PRIVATE_URL = "wss://advanced-trade-ws-user.coinbase.com"
PING_S = 20.0
LIFE_S = 23 * 3_600.0
NOTHING = Heard()
UNKNOWN_KEY = "authentication failure"


class Envelope(msgspec.Struct):
    """A message: its events are read by who knows the channel."""

    channel: str = ""
    type: str = ""
    message: str = ""
    timestamp: str = ""
    sequence_num: int = -1
    events: msgspec.Raw = msgspec.Raw(b"[]")


ENVELOPE = msgspec.json.Decoder(Envelope)
EVENTS = msgspec.json.Decoder(list[dict[str, Any]], float_hook=str)


class Talk:
    """One socket: asks for channels, counts messages, and hears whether it has all channels."""

    name = ""
    address = ""
    ping_s = PING_S
    keep_s = 0.0
    life_s = LIFE_S

    def __init__(self, products: Sequence[str]) -> None:
        """Begin without anything subscribed; `products` are the venue's names."""
        self._product_ids = list(products)
        self._next = 0
        self._is_ready = False
        self._subscribed: frozenset[str] = frozenset()

    async def url(self) -> str:
        """Return the address."""
        return self.address

    def channels(self) -> Sequence[str]:
        """Return the channels that are wanted, beside heartbeats."""
        return ()

    def greeting(self, now_ns: int) -> Sequence[str]:
        """Ask for all channels."""
        del now_ns
        return [self._subscribe("heartbeats"), *(self._subscribe(one) for one in self.channels())]

    def _subscribe(self, channel: str) -> str:
        asked: dict[str, Any] = {"type": "subscribe", "channel": channel}
        if channel != "heartbeats":
            asked["product_ids"] = self._product_ids
        return msgspec.json.encode(asked | self.credentials()).decode()

    def credentials(self) -> dict[str, str]:
        """Return what says whose subscription it is."""
        return {}

    def ping(self, now_ns: int) -> str | None:
        """Return None: the protocol's ping serves."""
        del now_ns
        return None

    async def keep(self) -> None:
        """Do nothing: a subscription lasts as long as its connection."""

    def hear(self, frame: bytes, now_ns: int) -> Heard:
        """Read a frame."""
        said = ENVELOPE.decode(frame)
        if said.type == "error":
            verdict = Verdict.KEY if said.message.lower() == UNKNOWN_KEY else None
            return Heard(ends=f"refused: {said.message or 'without a word'}", verdict=verdict)
        count = said.sequence_num
        if count < 0:
            raise ValueError("a message without its number")
        if count < self._next:
            return NOTHING  # said twice
        if count != self._next:
            return Heard(ends=f"message {self._next} did not come, {count} did")
        self._next += 1
        heard = NOTHING
        if said.channel == "subscriptions":
            self._subscribed = _told(said)
        elif said.channel != "heartbeats":
            heard = self.told(said, frame, now_ns)
        news = heard.news
        if said.timestamp:
            news = (*news, *self.due(_dated(said)))
        return Heard(news, is_ready=self._ready_now())

    def told(self, said: Envelope, frame: bytes, now_ns: int) -> Heard:
        """Read a message of a channel."""
        raise AssertionError((said, frame, now_ns))

    def due(self, venue_ns: int) -> list[News]:
        """Return what the venue's time brings."""
        del venue_ns
        return []

    def has_all(self) -> bool:
        """Tell whether what must be heard first was heard."""
        return self._subscribed >= {"heartbeats", *self.channels()}

    def _ready_now(self) -> bool:
        was_ready, self._is_ready = self._is_ready, self._is_ready or self.has_all()
        return self._is_ready and not was_ready


def _dated(said: Envelope) -> int:
    try:
        return ns_of_iso(said.timestamp, "timestamp")
    except BrokenError as error:
        raise ValueError(str(error)) from error


def _told(said: Envelope) -> frozenset[str]:
    """Return the channels that are subscribed, by the venue's word."""
    events = EVENTS.decode(said.events)
    if not events:
        raise ValueError("subscriptions without any")
    return frozenset(events[0].get("subscriptions") or ())
