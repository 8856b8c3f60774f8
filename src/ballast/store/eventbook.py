"""The book of instrument events: one TOML file a venue under `events/` of the store.

    [[event]]
    symbol = "LENDUSDT"
    kind = "migration"
    at = "2020-10-03"
    factor = "100"
    successor = "AAVEUSDT"
    note = "100 LEND became 1 AAVE"

The file may be written by hand; it is checked as a whole whenever it is read or changed.
"""

from __future__ import annotations

import tomllib
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ballast.core.errors import DataError, suggest
from ballast.core.time import format_ms, parse_ms
from ballast.store.disk import Disk, replace_file
from ballast.store.events import EventKind, InstrumentEvent, check_events
from ballast.store.symbols import folder_name, folder_text, venue_name

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "events"
FIELDS = ("symbol", "kind", "at", "factor", "successor", "note")


class EventBook:
    """Events of every venue of a store, kept in `<root>/events/<VENUE>.toml`."""

    def __init__(self, root: Path, *, disk: Disk | None = None) -> None:
        self._folder = root / FOLDER
        self._disk = disk or Disk()

    def venues(self) -> list[str]:
        """Return the venues that have events."""
        return sorted(folder_text(path.stem) for path in self._folder.glob("*.toml"))

    def events(self, venue: str) -> tuple[InstrumentEvent, ...]:
        """Return all events of a venue in time order; raise `DataError` for a wrong file."""
        path = self._path(venue)
        if not path.is_file():
            return ()
        try:
            found = tomllib.loads(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise DataError(f"cannot be read: {error}", where=str(path)) from None
        rows = found.get("event", [])
        if not isinstance(rows, list) or set(found) - {"event"}:
            raise DataError("is no list of events", where=str(path), expected="[[event]] tables")
        events = tuple(_event(venue_name(venue), row, str(path)) for row in rows)
        check_events(events)
        return tuple(sorted(events, key=lambda each: (each.at_ms, each.symbol)))

    def add(self, event: InstrumentEvent) -> None:
        """Add an event, atomically; raise `DataError` if it contradicts the others."""
        events = (*self.events(event.venue), event)
        if len(set(events)) != len(events):
            raise DataError("this event is already known", where=event.where)
        check_events(events)
        text = "\n".join(_table(each) for each in sorted(events, key=lambda each: each.at_ms))
        replace_file(self._disk, self._path(event.venue), [text.encode()])

    def _path(self, venue: str) -> Path:
        return self._folder / f"{folder_name(venue_name(venue))}.toml"


def parse_factor(text: str) -> Fraction:
    """Read `1000`, `0.001` or `1/1000`; raise `DataError` otherwise."""
    try:
        return Fraction(text.strip())
    except (ValueError, ZeroDivisionError):
        raise DataError(f"'{text}' is not a factor", expected="1000, 0.001 or 1/1000") from None


def parse_kind(text: str) -> EventKind:
    """Read the kind of an event; raise `DataError` with the nearest one otherwise."""
    kinds = [kind.value for kind in EventKind]
    if text not in kinds:
        raise DataError(
            f"unknown event '{text}'",
            expected="one of " + ", ".join(kinds),
            fix=suggest(text, kinds),
        )
    return EventKind(text)


def _event(venue: str, row: Any, where: str) -> InstrumentEvent:  # noqa: ANN401 - a TOML value
    if not isinstance(row, dict) or not {"symbol", "kind", "at"} <= set(row):
        raise DataError(f"an event without symbol, kind and at: {row}", where=where)
    for name in row:
        if name not in FIELDS:
            raise DataError(f"unknown field '{name}'", where=where, fix=suggest(name, FIELDS))
    return InstrumentEvent(
        venue=venue,
        symbol=str(row["symbol"]),
        kind=parse_kind(str(row["kind"])),
        at_ms=parse_ms(str(row["at"])),
        factor=parse_factor(str(row.get("factor", "1"))),
        successor=str(row.get("successor", "")),
        note=str(row.get("note", "")),
    )


def _table(event: InstrumentEvent) -> str:
    values = {
        "symbol": event.symbol,
        "kind": event.kind.value,
        "at": format_ms(event.at_ms) if event.at_ms % 1000 == 0 else str(event.at_ms),
        "factor": "" if event.factor == 1 else str(event.factor),
        "successor": event.successor,
        "note": event.note,
    }
    lines = [f"{name} = {_quoted(value)}" for name, value in values.items() if value]
    return "\n".join(["[[event]]", *lines, ""])


def _quoted(text: str) -> str:
    """Return a TOML basic string."""
    safe = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}" for c in safe) + '"'
