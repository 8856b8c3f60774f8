"""Feed: one subscription of a websocket, and what it says when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ballast.venues.simulated.engine.events import Event
    from ballast.venues.simulated.wire.interests import Interest


class Feed:
    """One subscription; silent unless a kind of feed says otherwise."""

    def interests(self) -> frozenset[Interest] | None:
        """Return which events `event` has an answer to; None: ask about everything."""
        return None

    def begin(self, now_ns: int) -> Iterator[dict[str, Any]]:  # noqa: ARG002 - others need it
        """Yield what is said at once."""
        yield from ()

    def event(self, event: Event, now_ns: int) -> Iterator[dict[str, Any]]:  # noqa: ARG002
        """Yield what an event brings."""
        yield from ()

    def tick(self, now_ns: int) -> Iterator[dict[str, Any]]:  # noqa: ARG002 - others need it
        """Yield what is due by time."""
        yield from ()
