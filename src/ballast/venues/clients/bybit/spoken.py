"""Spoken: what all conversations with Bybit have in common: hosts, pings, how long they last."""

from __future__ import annotations

HOST = "stream.bybit.com"
PING = "ping"
PING_S = 18.0
"""The venue wants one every twenty seconds."""
LIFE_S = 12 * 3_600.0
"""The venue states no end of a connection; a new one twice a day is no older than its clients."""


class Spoken:
    """Where a conversation is held, and how it is kept alive: by the venue's own ping in text."""

    ping_s = PING_S
    keep_s = 0.0
    life_s = LIFE_S

    def __init__(self, path: str, host: str = HOST) -> None:
        """Hold it at a path of a stream host of the venue's."""
        self._url = f"wss://{host}{path}"

    async def url(self) -> str:
        """Return the address."""
        return self._url

    def ping(self, now_ns: int) -> str | None:
        """Return the ping; the venue answers it with a pong."""
        del now_ns
        return '{"req_id":"ping","op":"ping"}'

    async def keep(self) -> None:
        """Do nothing: a login lasts as long as its connection."""
