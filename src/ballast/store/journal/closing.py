"""Closing: an account begins anew, and nothing of what was is deleted.

    1  the last record, `journal.closed`: who, why, and the name the journal is kept under
    2  the head file takes that name, then the archives, then the journal itself
    3  a new journal begins with `journal.follows`: the same, and the head of the one before

After 1 no writer opens the journal any more, so whatever interrupts 2 or 3 is finished by closing
again. The kept journal is an account like any other to those who read: audit, explain, replay.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from ballast.core.codec import body_of
from ballast.core.errors import DataError
from ballast.core.journal import CLOSED, FOLLOWS, Entry, Head
from ballast.store.disk import Disk, disk_errors
from ballast.store.journal.headfile import head_path
from ballast.store.journal.reader import JournalReader
from ballast.store.journal.writer import JournalWriter, hold

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ballast.store.journal.postgres import PostgresDatabase
    from ballast.store.journal.sqlite import SqliteDatabase
    from ballast.store.journal.writer import Start

NAME_MAX = 40
"""As long as the name of an account may be."""


@dataclass(frozen=True, slots=True)
class Closed:
    """A journal that was put away: under which name, why, and where it ended."""

    kept_as: str
    who: str
    reason: str
    head: Head


def closed(reader: JournalReader) -> Closed | None:
    """Return what the last record of a closed journal says; None for one that goes on."""
    if not reader.exists():
        return None
    with reader.reading() as tx:
        rows = tx.rows("SELECT kind, body FROM records ORDER BY seq DESC LIMIT 1")
    if not rows or rows[0][0] != CLOSED:
        return None
    body: dict[str, Any] = json.loads(str(rows[0][1]))
    return Closed(str(body["kept_as"]), str(body["who"]), str(body["reason"]), reader.head())


def close(writer: JournalWriter, account: str, *, who: str, reason: str, at_ns: int) -> Closed:
    """Write the last record of a journal and let go of it; `finish` puts it away."""
    database: Any = writer.database
    kept_as = _free(database.is_taken, account)
    body = {"kept_as": kept_as, "who": who, "reason": reason}
    head = writer.put([Entry(CLOSED, body_of(body), at_ns)])
    writer.close()
    return Closed(kept_as, who, reason, head)


def finish(
    database: SqliteDatabase | PostgresDatabase,
    path: Path,
    archives: Path,
    said: Closed,
    start: Start,
) -> Head:
    """Put a closed journal away and begin the one in its place; return the new head.

    `path` is the file of the journal, also of one in PostgreSQL: its head file lies beside it.
    """
    reader = JournalReader(database)
    hold(database, reader, start)
    try:
        kept = path.with_name(f"{said.kept_as}{path.suffix}")
        _move(head_path(path), head_path(kept))
        _move(archives, archives.with_name(said.kept_as))
        database.rename(said.kept_as)
        body = {
            "kept_as": said.kept_as, "head": str(said.head), "who": said.who,
            "reason": said.reason,
        }  # fmt: skip
        with JournalWriter(database, head_path(path), start) as writer:
            return writer.put([Entry(FOLLOWS, body_of(body), start.at_ns)])
    finally:
        database.close()


def _move(source: Path, target: Path) -> None:
    """Rename; what is not there was moved by a call that was interrupted, or never was."""
    with disk_errors(source):
        if not source.exists():
            return
        if target.exists():
            raise DataError("is in the way", where=str(target), fix="move it elsewhere")
        source.replace(target)
        Disk().sync(target.parent)


def _free(is_taken: Callable[[str], bool], account: str) -> str:
    """Return the first name `ACCOUNT_closed_N` that no journal has."""
    for number in count(1):
        ending = f"_closed_{number}"
        name = account[: NAME_MAX - len(ending)] + ending
        if not is_taken(name):
            return name
    raise AssertionError
