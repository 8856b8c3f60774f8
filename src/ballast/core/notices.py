"""Notices: an announcement as a person, a file or a feed writes it, read strictly.

    {"name": "cpi", "text": "US CPI", "until": "2026-12-10T14:30:00Z", "symbols": ["BTCUSDT"]}
    {"name": "cpi", "over": true}

`name` tells one from another: the same name replaces, `over` withdraws. `until` is UTC, as text or
in milliseconds. Without `symbols` all are meant. `tightens` asks for closer stops.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ballast.core.codec import parse_body
from ballast.core.errors import DataError, UserError
from ballast.core.time import DAY_MS, format_ms, parse_ms

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_MS = 31 * DAY_MS
"""Nothing shocks for longer; a year that is written wrong would block an account for good."""
TEXT_MOST, SYMBOLS_MOST = 200, 100
"""Characters that stand in an alert's line, and symbols; those of a session are at most fifty."""
NOTICES_MOST = 1_000
"""In one answer of a feed: what is in force at once is a few."""
ALL, ENDS = {"name", "text", "until", "symbols", "tightens"}, {"name", "over"}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9._:/-]{0,31}")
SHAPE = '{"name": "cpi", "text": "US CPI", "until": "2026-12-10T14:30:00Z"}'


@dataclass(frozen=True, slots=True)
class Notice:
    """One announcement. `until_ms` 0: it is over."""

    name: str
    text: str = ""
    until_ms: int = 0
    symbols: tuple[str, ...] = ()
    tightens: bool = False

    @property
    def plain(self) -> dict[str, Any]:
        """Return it as `notice_of` reads it."""
        if not self.until_ms:
            return {"name": self.name, "over": True}
        return {
            "name": self.name, "text": self.text, "until": self.until_ms,
            "symbols": list(self.symbols), "tightens": self.tightens,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Heard:
    """What a source said at a look: announcements in its order, and what of it is none."""

    notices: tuple[Notice, ...] = ()
    faults: tuple[str, ...] = ()
    """One line each, with its place, for a person."""


def notice_of(plain: object, where: str, now_ms: int) -> Notice:
    """Read one; raise `DataError` for what is none."""
    if not isinstance(plain, dict):
        raise DataError("is no announcement", where=where, expected=SHAPE)
    unknown = sorted(str(one) for one in set(plain) - ALL - ENDS)
    if unknown:
        raise DataError(f"unknown: {', '.join(unknown)[:60]}", where=where, expected=SHAPE)
    name = plain.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise DataError(
            f"name is {_shown(name)}",
            where=where,
            expected="1 to 64 letters, digits and . _ : -",
        )
    if "over" in plain:
        if plain["over"] is not True or set(plain) != ENDS:
            raise DataError("over stands beside something", where=where, expected="only name, true")
        return Notice(name)
    return Notice(
        name,
        _text(plain.get("text"), where),
        _until(plain.get("until"), where, now_ms),
        _symbols(plain.get("symbols", []), where),
        _flag(plain.get("tightens", False), where),
    )


def notice_of_line(line: str, where: str, now_ms: int) -> Notice:
    """Read one from a line of JSON; raise `DataError`."""
    return notice_of(parse_body(line, where), where, now_ms)


def heard_in(answer: str, where: str, now_ms: int) -> Heard:
    """Read the answer of a feed, `{"events": [...]}`; raise `DataError` where it is none."""
    events = parse_body(answer, where)
    if set(events) != {"events"} or not isinstance(events["events"], list):
        raise DataError("is no list of announcements", where=where, expected='{"events": [...]}')
    said = events["events"]
    if len(said) > NOTICES_MOST:
        raise DataError(
            f"{len(said)} announcements", where=where, expected=f"at most {NOTICES_MOST}"
        )
    return heard_of(
        (lambda one=one, k=k: notice_of(one, f"{where} event {k}", now_ms))
        for k, one in enumerate(said, 1)
    )


def heard_of(readings: Iterable[Any]) -> Heard:
    """Take what each reading gives: an announcement, or why it is none."""
    notices, faults = [], []
    for read in readings:
        try:
            notices.append(read())
        except UserError as error:
            faults.append(error.line())
    return Heard(tuple(notices), tuple(faults))


def _text(said: object, where: str) -> str:
    if not isinstance(said, str) or not said.strip() or not said.isprintable():
        raise DataError(f"text is {_shown(said)}", where=where, expected="some words in one line")
    if len(said) > TEXT_MOST:
        raise DataError(
            f"text has {len(said)} characters", where=where, expected=f"at most {TEXT_MOST}"
        )
    return said.strip()


def _until(said: object, where: str, now_ms: int) -> int:
    expected = "UTC as 2026-12-10T14:30:00Z, or milliseconds"
    if isinstance(said, bool) or not isinstance(said, str | int):
        raise DataError(f"until is {_shown(said)}", where=where, expected=expected)
    try:
        found = parse_ms(said) if isinstance(said, str) else said
    except (UserError, OverflowError):
        raise DataError(f"until is {_shown(said)}", where=where, expected=expected) from None
    if found <= 0:
        raise DataError(f"until is {_shown(said)}", where=where, expected=expected)
    if found > now_ms + LONGEST_MS:
        raise DataError(
            f"until is {_shown(said)}",
            where=where,
            expected=f"at most {LONGEST_MS // DAY_MS} days ahead, {format_ms(now_ms + LONGEST_MS)}",
        )
    return found


def _symbols(said: object, where: str) -> tuple[str, ...]:
    if not isinstance(said, list) or len(said) > SYMBOLS_MOST:
        raise DataError(
            f"symbols is {_shown(said)}", where=where, expected=f"a list of at most {SYMBOLS_MOST}"
        )
    found = []
    for one in said:
        name = one.upper() if isinstance(one, str) else ""
        if not _SYMBOL.fullmatch(name):
            raise DataError(f"{_shown(one)} is no symbol", where=where, expected="as BTCUSDT")
        found.append(name)
    return tuple(dict.fromkeys(found))


def _flag(said: object, where: str) -> bool:
    if not isinstance(said, bool):
        raise DataError(f"tightens is {_shown(said)}", where=where, expected="true or false")
    return said


def _shown(said: object) -> str:
    """Show what was written, as much of it as fits into a line."""
    return "missing" if said is None else json.dumps(said, ensure_ascii=True, default=str)[:60]
