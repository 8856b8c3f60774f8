"""Maintenance: what a venue says of itself, joined with the windows that a person has set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ballast.core.maintenance import next_span
from ballast.core.time import format_ms

if TYPE_CHECKING:
    from ballast.core.maintenance import Window
    from ballast.venues.clients.account import VenueStatus

MS_NS = 1_000_000


@dataclass(frozen=True, slots=True)
class Planned:
    """The windows of one venue."""

    windows: tuple[Window, ...] = ()
    venue: str = ""

    def joined(self, status: VenueStatus, now_ns: int) -> VenueStatus:
        """Return a status with the windows: the venue is closed in one, and closes at the next.

        What the venue announces itself counts too: the earlier of both.
        """
        now_ms = now_ns // MS_NS
        span = next_span(self.windows, self.venue, now_ms)
        if span is None or not status.is_open:
            return status
        begins_ms, ends_ms = span
        text = f"set by network.maintenance, {format_ms(begins_ms)} to {format_ms(ends_ms)} UTC"
        if begins_ms <= now_ms:
            return replace(status, is_open=False, text=text, until_ms=ends_ms)
        if status.closes_ms is not None and status.closes_ms <= begins_ms:
            return status
        return replace(status, text=text, closes_ms=begins_ms)
