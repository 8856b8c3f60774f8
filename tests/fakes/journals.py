"""Journals to test with: a home that knows how to open its journal, in either store."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.core.journal import Entry
from ballast.store.journal import JournalReader, JournalWriter, verify
from ballast.store.journal.headfile import head_path
from ballast.store.journal.postgres import PostgresDatabase
from ballast.store.journal.sqlite import SqliteDatabase
from ballast.store.journal.writer import Start

if TYPE_CHECKING:
    from pathlib import Path

    from ballast.core.journal import Head
    from ballast.store.journal import Verification
    from ballast.store.journal.database import Database

DAY_NS = 86_400 * 10**9


def numbered(first: int, count: int, kind: str = "order.intent") -> list[Entry]:
    """Return entries that say which they are; their time is their number, in seconds."""
    return [numbered_one(number, kind) for number in range(first, first + count)]


def numbered_one(number: int, kind: str = "order.intent") -> Entry:
    body = json.dumps({"n": number, "symbol": f"S{number % 3}"}, separators=(",", ":"))
    return Entry(kind, body, number * 10**9)


def number_of(body: str) -> int:
    return int(json.loads(body)["n"])


@dataclass
class Home:
    """Where one journal lives. `url` puts it in PostgreSQL, its head stays in the folder."""

    folder: Path
    url: str = ""
    account: str = "main"
    starts: int = 0

    @property
    def path(self) -> Path:
        return self.folder / f"{self.account}.sqlite"

    @property
    def head_file(self) -> Path:
        return head_path(self.path)

    def database(self, *, read_only: bool = False) -> Database:
        if self.url:
            return PostgresDatabase(self.url, self.account)
        return SqliteDatabase(self.path, read_only=read_only)

    def open(
        self, database: Database | None = None, purpose: str = "run", **more: object
    ) -> JournalWriter:
        """Open as the next run."""
        self.starts += 1
        start = Start(f"{purpose}-{self.starts}", f"process {self.starts}", self.starts, **more)  # type: ignore[arg-type]
        return JournalWriter(database or self.database(), self.head_file, start)

    def verify(self, *anchors: tuple[str, Head]) -> Verification:
        with closing(self.database(read_only=True)) as database:
            return verify(database, self.head_file, anchors)

    def numbers(self) -> list[int]:
        """Return the numbers of all records that `numbered` made."""
        with closing(self.database(read_only=True)) as database:
            reader = JournalReader(database)
            if not reader.exists():
                return []
            with reader.reading() as tx:
                first = reader.before_first(tx)
            records = list(reader.walk(first))
        return [number_of(one.body) for one in records if not one.kind.startswith("journal.")]


def put_by_hand(home: Home, sql: str, *values: object) -> None:
    """Do what somebody with the password of the store would do."""
    with closing(home.database()) as database, database.writing() as tx:
        tx.rows(sql, *values)


def triggers_off(home: Home, table: str) -> str:
    """Return what switches the triggers of a table off."""
    if home.url:
        return f"ALTER TABLE {table} DISABLE TRIGGER USER"
    with closing(home.database(read_only=True)) as database, database.reading() as tx:
        asked = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
        names = [name for (name,) in tx.rows(asked, table)]
    with closing(home.database()) as database, database.writing() as tx:
        for name in names[1:]:
            tx.rows(f"DROP TRIGGER {name}")
    return f"DROP TRIGGER {names[0]}"
