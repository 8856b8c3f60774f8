"""Talk: what every socket of OKX has in common: subscriptions, pings, and how it ends.

A subscription is confirmed channel by channel; the socket is ready when all are. An error frame
seldom says what it is about (it may have no `id`, no `arg`), so any ends the connection: what it
refused would be missing in silence. A service upgrade is announced (64008) half a minute before.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import msgspec

from ballast.venues.clients.calls import Verdict
from ballast.venues.clients.desk import Heard
from ballast.venues.clients.okx.access import HOSTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.venues.clients.desk import News

PORT = 8443
PING, PONG = "ping", b"pong"
PING_S = 20.0
"""OKX closes what was silent for 30 s."""
LIFE_S = 23 * 3_600.0
UPGRADE = "64008"
ARGS_MOST = 100
"""Channels of one subscription: a request has 64 KB at the most."""
DECODER = msgspec.json.Decoder(float_hook=str)
NOTHING = Heard()
LOGINS = {
    **dict.fromkeys(("60005", "60007", "60009", "60024", "60032"), Verdict.KEY),
    **dict.fromkeys(("60004", "60006"), Verdict.CLOCK),
}
"""What refusals of a login mean: key, signature, passphrase; or our time."""
NAMING = ("channel", "instType", "instId")
Place = tuple[tuple[str, str], ...]
"""What names a channel."""


class FrameError(ValueError):
    """A frame that is none of OKX's."""


class Talk(ABC):
    """One socket; a kind of socket says its path, its channels and what its rows mean."""

    path = "public"
    name = "public"
    ping_s = PING_S
    keep_s = 0.0
    life_s = LIFE_S

    def __init__(self, args: Sequence[dict[str, str]], host: str = HOSTS[1]) -> None:
        """Subscribe to these channels."""
        self._host = host
        self._args: list[dict[str, str]] = []
        self._waits: set[Place] = set()
        self.want(args)

    def want(self, args: Sequence[dict[str, str]]) -> None:
        """Subscribe to these channels too."""
        self._args += args
        self._waits |= {_place(one) for one in args}

    async def url(self) -> str:
        """Return where to connect."""
        return f"wss://{self._host}:{PORT}/ws/v5/{self.path}"

    def greeting(self, now_ns: int) -> Sequence[str]:
        """Return the subscriptions."""
        del now_ns
        return self.subscriptions()

    def subscriptions(self) -> tuple[str, ...]:
        """Return the frames that subscribe to everything."""
        return tuple(
            said("subscribe", self._args[at : at + ARGS_MOST])
            for at in range(0, len(self._args), ARGS_MOST)
        )

    def ping(self, now_ns: int) -> str | None:
        """Return OKX's own ping."""
        del now_ns
        return PING

    async def keep(self) -> None:
        """Do nothing: a socket of OKX needs no renewal."""
        return

    def hear(self, frame: bytes, now_ns: int) -> Heard:
        """Read one frame; raise `ValueError` for one that cannot be read."""
        if frame.strip() == PONG:
            return NOTHING
        try:
            body = DECODER.decode(frame)
        except msgspec.DecodeError as error:
            raise FrameError(str(error)) from error
        if not isinstance(body, dict):
            raise FrameError("a frame that is no object")
        if "event" in body:
            return self._event(body)
        arg = body.get("arg")
        if not isinstance(arg, dict) or "data" not in body:
            raise FrameError("a frame without arg and data")
        try:
            return Heard(tuple(self.news(arg, body["data"], frame, now_ns)))
        except AttributeError as error:  # something else where a row should be
            raise FrameError(f"{arg.get('channel')}: {error}") from error

    @abstractmethod
    def news(
        self,
        arg: dict[str, Any],
        data: object,
        frame: bytes,
        now_ns: int,
    ) -> Sequence[News]:
        """Return what the rows of a channel mean."""

    def logged_in(self) -> Heard:
        """Return what to do after a login."""
        raise FrameError("a login nobody asked for")

    def _event(self, body: dict[str, Any]) -> Heard:
        match body["event"]:
            case "subscribe":
                arg = body.get("arg")
                self._waits.discard(_place(arg if isinstance(arg, dict) else {}))
                return Heard(is_ready=not self._waits)
            case "login":
                return self.logged_in()
            case "error" | "channel-conn-count-error":
                code = str(body.get("code", ""))
                why = f"{code} {body.get('msg', '')}".strip() or "error"
                return Heard(ends=why, verdict=LOGINS.get(code))
            case "notice" if str(body.get("code")) == UPGRADE:
                return Heard(ends=f"{UPGRADE} {body.get('msg', '')}")
            case _:
                return NOTHING


def said(op: str, args: Sequence[dict[str, str]]) -> str:
    """Return a request."""
    return msgspec.json.encode({"op": op, "args": list(args)}).decode()


def _place(arg: dict[str, Any]) -> Place:
    """Return what names a channel; the venue adds fields of its own (`uid`)."""
    return tuple(sorted((name, str(arg[name])) for name in NAMING if arg.get(name)))
