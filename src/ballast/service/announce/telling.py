"""Telling: an announcement as the node is told it, in the session's own time.

Announcements are dated by people's clocks. A session that lives in another hour, a rehearsal or
stored candles, is told that they last as long from its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.errors import UserError
from ballast.core.notices import notice_of
from ballast.core.time import format_ms
from ballast.runtime.node.events import Announced

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.core.notices import Notice
    from ballast.runtime.node.events import Event
    from ballast.runtime.node.node import Node
    from ballast.store.inbox import Message

MS_NS = 1_000_000


def event_of(notice: Notice, source: str, now_ns: int, apart_ns: int) -> Announced:
    """Return what the node is told; `apart_ns` is how far its time is from that of people."""
    until_ns = notice.until_ms * MS_NS + apart_ns if notice.until_ms else 0
    return Announced(
        notice.name, source, notice.text, notice.symbols, until_ns, notice.tightens, now_ns
    )


def announce(
    node: Node, tell: Callable[[Event], None], message: Message, now_ns: int, apart_ns: int
) -> str:
    """Carry out a person's announcement; return what came of it."""
    wall_ms = (now_ns - apart_ns) // MS_NS
    try:
        notice = notice_of(message.more, "the announcement", wall_ms)
    except UserError as error:
        return f"refused: {error.line()}"
    known = node.shocks.of(notice.name)
    if not notice.until_ms:
        if known is None or known.is_over:
            return f"refused: nothing is announced under '{notice.name}'"
        tell(event_of(notice, message.who, now_ns, apart_ns))
        return f"done: '{notice.name}' is over"
    event = event_of(notice, message.who, now_ns, apart_ns)
    if event.until_ns <= now_ns:
        return f"refused: it was over at {format_ms(notice.until_ms)}, before it was taken"
    tell(event)
    strange = [one for one in notice.symbols if one not in node.desks]
    where = ", ".join(notice.symbols) or "any symbol"
    said = f"done: nothing is opened in {where} until {format_ms(event.until_ns // MS_NS)}"
    return f"{said}; not traded here: {', '.join(strange)}" if strange else said
