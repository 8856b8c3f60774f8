"""Sayings: the frames of one event, made once for every session that says the same of it.

Fifty readers of one stream get one text: it is printed for the first of them, and forgotten with
the next event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ballast.venues.simulated.wire.messages import Frame


class Sayings:
    """What was said of the event that is being told."""

    def __init__(self) -> None:
        """Nothing was said yet."""
        self._event: object = None
        self._frames: dict[str, Sequence[Frame]] = {}

    def of(self, event: Any, key: str, make: Callable[[], Sequence[Frame]]) -> Sequence[Frame]:  # noqa: ANN401 - the engine's event union
        """Return the frames of an event; sessions of one `key` would make the same ones."""
        if event is not self._event:
            self._event = event
            self._frames.clear()
        found = self._frames.get(key)
        if found is None:
            found = self._frames[key] = tuple(make())
        return found
