"""Maintenance: times at which a person knows that a venue is closed, all of them UTC.

    OKX Wed 06:00-08:00; BINANCE 2026-12-03 22:00-02:00; * Sun 00:00-00:10

A window begins with the venue's name (`*`: any), then a day of each week or a date, then the
times; one that ends before it begins ends on the day after.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ballast.core.errors import ConfigError

ANY = "*"
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
"""Names of days; their first three letters will do."""
WINDOWS_MAX = 100
"""More are not kept by hand; each is looked at every half minute."""
SHAPE = "OKX Wed 06:00-08:00; BINANCE 2026-12-03 22:00-02:00"
_WINDOW = re.compile(
    r"(?P<venue>\*|\w+)\s+(?P<day>\S+)\s+(?P<first>\d\d?:\d\d)\s*-\s*(?P<last>\d\d?:\d\d)"
)
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Window:
    """One window: `begins` is its first begin, and `weekly` whether it comes again each week."""

    venue: str
    begins: datetime
    length: timedelta
    weekly: bool

    def span(self, now_ms: int) -> tuple[int, int] | None:
        """Return begin and end, in ms, of the span that is on or comes next; None: it is past."""
        now = datetime.fromtimestamp(now_ms / 1_000, UTC)
        begins = self.begins
        if self.weekly:
            begins += (now - begins) // _WEEK * _WEEK
            if begins + self.length <= now:
                begins += _WEEK
        ends = begins + self.length
        if ends <= now:
            return None
        return round(begins.timestamp() * 1_000), round(ends.timestamp() * 1_000)


def windows_of(text: str, where: str) -> tuple[Window, ...]:
    """Read windows; raise `ConfigError` for the first that is none."""
    parts = [one.strip() for one in text.split(";") if one.strip()]
    if len(parts) > WINDOWS_MAX:
        raise ConfigError(f"{len(parts)} windows", where=where, expected=f"at most {WINDOWS_MAX}")
    return tuple(_window(one, where) for one in parts)


def next_span(windows: tuple[Window, ...], venue: str, now_ms: int) -> tuple[int, int] | None:
    """Return the span of a venue that is on or comes next; None: there is none."""
    spans = [one.span(now_ms) for one in windows if one.venue in {ANY, venue}]
    return min((one for one in spans if one is not None), default=None)


def _window(text: str, where: str) -> Window:
    found = _WINDOW.fullmatch(text)
    if found is None:
        raise ConfigError(f"'{text}' is no window", where=where, expected=SHAPE)
    try:
        first, last = (datetime.strptime(found[one], "%H:%M") for one in ("first", "last"))  # noqa: DTZ007
        day = found["day"].lower()
        place = next((k for k, one in enumerate(DAYS) if day in {one, one[:3]}), None)
        if place is not None:  # 1970-01-05 was a Monday
            begins = datetime(1970, 1, 5, tzinfo=UTC) + timedelta(days=place)
        else:
            begins = datetime.strptime(found["day"], "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise ConfigError(f"'{text}' is no window", where=where, expected=SHAPE) from None
    length = last - first
    if length <= timedelta(0):
        length += timedelta(days=1)
    begins = begins.replace(hour=first.hour, minute=first.minute)
    return Window(found["venue"].upper(), begins, length, weekly=place is not None)
