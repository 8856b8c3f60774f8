"""What the three kinds of websocket have in common: words in, words out, and the end of silence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ballast.venues.simulated.wire.messages import Close, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.venues.simulated.fronts.bybit.unified import BybitUnified
    from ballast.venues.simulated.wire.messages import Frame

NS_MS = 1_000_000
SECOND_NS = 1_000_000_000
SILENCE_NS = 600 * SECOND_NS
"""A connection on which the client says nothing for so long, and is told nothing, is cut."""
ARGS_MAX = 2_000
"""Topics of one connection, as a bound on what it costs."""


class Stream:
    """One connection; `name` is its `conn_id`."""

    silence_ns = SILENCE_NS

    def __init__(self, front: BybitUnified, name: str) -> None:
        """Open."""
        self.front = front
        self.name = name
        self.topics: dict[str, None] = {}
        self._heard_ns = front.wire_now_ns

    def receive(self, text: str) -> Sequence[Frame]:
        """Answer one frame."""
        self._heard_ns = self.front.wire_now_ns
        try:
            asked = json.loads(text)
        except (ValueError, RecursionError):
            asked = None
        if not isinstance(asked, dict):
            return (self.bad("error:invalid json"),)
        return self.answer(asked)

    def answer(self, asked: dict[str, Any]) -> Sequence[Frame]:
        """Answer what a client says."""
        raise NotImplementedError

    def bad(self, why: str) -> Frame:
        """Return what is said of a frame that is none."""
        return said(
            {"success": False, "ret_msg": why, "conn_id": self.name, "req_id": "", "op": ""}
        )

    def control(self, asked: dict[str, Any], text: str = "", *, good: bool = True) -> Text:
        """Return the answer to a frame about the connection itself."""
        number = asked.get("req_id")
        return said(
            {
                "success": good,
                "ret_msg": text,
                "conn_id": self.name,
                "req_id": number if isinstance(number, str | int) else "",
                "op": asked.get("op") if isinstance(asked.get("op"), str) else "",
            }
        )

    def subscribe(self, asked: dict[str, Any], known: Any, most: int) -> Text:  # noqa: ANN401 - a test
        """Subscribe all topics of a frame, or, with one that is none, nothing."""
        args = asked.get("args")
        if not isinstance(args, list) or not args or len(self.topics) + len(args) > ARGS_MAX:
            return self.control(asked, "error:invalid args", good=False)
        if len(args) > most:
            return self.control(asked, f"args size >{most}", good=False)
        for topic in args:
            if not isinstance(topic, str) or not known(topic):
                why = f"error:handler not found,topic:{topic}"
                return self.control(asked, why, good=False)
        for topic in args:
            self.topics.setdefault(topic)
        return self.control(asked)

    def unsubscribe(self, asked: dict[str, Any]) -> Text:
        """Give topics up; one that was not subscribed is none of our business."""
        args = asked.get("args")
        for topic in args if isinstance(args, list) else ():
            if isinstance(topic, str):
                self.topics.pop(topic, None)
        return self.control(asked)

    def is_silent(self, now_ns: int) -> bool:
        """Tell whether the client has said nothing for too long."""
        return now_ns - self._heard_ns > self.silence_ns

    def ended(self, now_ns: int) -> Sequence[Frame]:
        """Return the end of a connection that is silent, nothing for another."""
        return (Close(1006, ""),) if self.is_silent(now_ns) else ()

    def pong(self) -> None:
        """Take a pong: the venue sends no pings of its own."""
        self._heard_ns = self.front.wire_now_ns

    def closed(self) -> None:
        """Let go."""
        self.topics.clear()


def said(body: dict[str, Any]) -> Text:
    """Return a frame."""
    return Text.of(body)
