"""What Kraken's conversations have in common: subscriptions, their answers, pings, heartbeats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ballast.venues.clients.desk import Heard

if TYPE_CHECKING:
    from collections.abc import Sequence

PUBLIC_URL, PRIVATE_URL = "wss://ws.kraken.com/v2", "wss://ws-auth.kraken.com/v2"
PING_S = 20.0
LIFE_S = 23 * 3_600.0
DECODER = msgspec.json.Decoder(dict[str, Any], float_hook=str)
NOTHING = Heard()
DEAF = frozenset({"heartbeat", "status"})
"""Channels that say only that the connection lives, and how the venue is."""


class Talk:
    """One socket: asks for channels, and hears whether it has them all."""

    name = ""
    ping_s = PING_S
    keep_s = 0.0
    life_s = LIFE_S

    def __init__(self) -> None:
        """Begin without anything subscribed."""
        self._pings = 0

    def ping(self, now_ns: int) -> str | None:
        """Return the venue's ping."""
        del now_ns
        self._pings += 1
        return encoded({"method": "ping", "req_id": self._pings})

    async def keep(self) -> None:
        """Do nothing: a subscription lasts as long as its connection."""


def encoded(value: Any) -> str:  # noqa: ANN401 - JSON
    """Return JSON."""
    return msgspec.json.encode(value).decode()


def subscribe(channel: str, **params: Any) -> str:  # noqa: ANN401 - JSON
    """Return the frame that asks for a channel."""
    return encoded({"method": "subscribe", "params": {"channel": channel, **params}})


def refusal(said: dict[str, Any]) -> str:
    """Return why a request was refused, '' for one that was not."""
    if said.get("success") is False or said.get("error"):
        return f"refused: {said.get('error') or 'without a word'}"
    return ""


def rows_of(said: dict[str, Any]) -> Sequence[dict[str, Any]]:
    """Return the rows of a message; raise `ValueError` for what has none."""
    rows = said.get("data")
    if not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows):
        raise ValueError(f"no rows in a message of {said.get('channel')!r}")
    return rows
