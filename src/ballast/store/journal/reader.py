"""Reader: what is asked of a journal, none of it changing anything.

Whatever a start needs is found by the primary key: the end of the chain, the newest snapshot, the
records after it. So it costs the same with a million records as with ten. Searching for texts or
kinds walks the table, for people, beside the node and never in it.
"""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ballast.core.errors import DataError
from ballast.core.journal import (
    GENESIS,
    HASH_BYTES,
    INT64_MAX,
    OWN,
    SNAPSHOT,
    Head,
    Loaded,
    Record,
    Snapshot,
    follows,
)
from ballast.store.journal.database import last_record
from ballast.store.journal.whole import whole

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from ballast.store.journal.database import Database, Statements

PAGE = 5_000
"""Records read at once: a few MB, and some 20 ms of holding the connection."""
COLUMNS = "seq, run, epoch, at_ns, kind, version, body, hash"
_TYPES = (int, str, int, int, str, int, str, bytes)
_PLACE = "bring the journal back from a backup: `ballast journal restore`"


@dataclass(frozen=True, slots=True)
class Query:
    """Which records: all conditions hold. A kind that ends in `*` means all that begin so."""

    kinds: tuple[str, ...] = ()
    symbol: str = ""
    texts: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    from_ns: int | None = None
    to_ns: int | None = None
    after_seq: int = 0

    def where(self, instr: str) -> tuple[str, list[Any]]:
        """Return the condition and its values."""
        parts: list[str] = ["seq > ?"]
        values: list[Any] = [self.after_seq]
        texts = list(self.texts)
        if self.symbol:
            texts.append(f'"symbol":{json.dumps(self.symbol, ensure_ascii=False)}')
        for text in texts:
            parts.append(f"{instr}(body, ?) > 0")
            values.append(text)
        kinds = [_kind_test(kind) for kind in self.kinds]
        for tests in (kinds, [("run = ?", [run]) for run in self.runs]):
            if tests:
                parts.append("(" + " OR ".join(test for test, _ in tests) + ")")
                values += [value for _, given in tests for value in given]
        for sign, bound in ((">=", self.from_ns), ("<", self.to_ns)):
            if bound is not None:
                parts.append(f"at_ns {sign} ?")
                values.append(min(max(bound, -INT64_MAX), INT64_MAX))
        return " AND ".join(parts), values


def _kind_test(kind: str) -> tuple[str, list[Any]]:
    start = kind.removesuffix("*")
    if start == kind:
        return "kind = ?", [kind]
    return "substr(kind, 1, ?) = ?", [len(start), start]


class JournalReader:
    """Questions to the journal in a database; `mutex` guards a connection that others use too."""

    def __init__(self, database: Database, mutex: threading.RLock | None = None) -> None:
        self.database = database
        self._mutex = mutex or threading.RLock()

    @contextmanager
    def reading(self) -> Iterator[Statements]:
        """See one state of the journal; `DataError` where it cannot be read."""
        try:
            with self._mutex, self.database.reading() as tx:
                yield tx
        except self.database.errors as error:
            raise unreadable(self.database, error) from error

    def exists(self) -> bool:
        """Whether there is a journal."""
        try:
            return self.database.exists()
        except self.database.errors as error:
            raise unreadable(self.database, error) from error

    def head(self) -> Head:
        """Return the end of the chain."""
        with self.reading() as tx:
            return head_of(tx)

    def before_first(self, tx: Statements) -> Head:
        """Return what the first record that is here follows: the last archived one, or nothing."""
        rows = tx.rows("SELECT last_seq, hash FROM archives ORDER BY last_seq DESC LIMIT 1")
        return Head(int(rows[0][0]), bytes(rows[0][1]).hex()) if rows else Head()

    def holds(self, head: Head) -> bool:
        """Whether the chain has, or had before an archive, a record of that number and hash."""
        with self.reading() as tx:
            return holds(tx, head)

    def load(self, archives: Path | None = None) -> Loaded:
        """Return the newest whole snapshot and the caller's records after it.

        Without one all records are needed: the archived ones are read from the folder `archives`.
        """
        with self.reading() as tx:
            snapshot, damaged = _newest_snapshot(tx)
            previous = self.before_first(tx) if snapshot is None else head_at(tx, snapshot.seq)
        if snapshot is not None or not previous.seq:
            return Loaded(snapshot, self._tail(previous), damaged)
        if archives is None:
            raise DataError(
                f"no snapshot is whole and records up to {previous.seq} are archived",
                where=self.database.where,
                fix=_PLACE,
            )
        found = whole(self, archives)
        return Loaded(None, (one for one in found if not one.kind.startswith(OWN)), damaged)

    def _tail(self, previous: Head) -> Iterator[Record]:
        for record in self.walk(previous):
            if not record.kind.startswith(OWN):
                yield record

    def walk(self, previous: Head) -> Iterator[Record]:
        """Yield all records after one, each checked against the one before it."""
        while True:
            with self.reading() as tx:
                rows = tx.rows(
                    f"SELECT {COLUMNS} FROM records WHERE seq > ? ORDER BY seq LIMIT {PAGE}",  # noqa: S608 - ours
                    previous.seq,
                )
            for row in rows:
                record = record_of(row)
                if not follows(previous, record):
                    raise DataError(
                        f"record {record.seq} is not what was written after {previous.seq}",
                        where=self.database.where,
                        fix=_PLACE,
                    )
                previous = record.head
                yield record
            if len(rows) < PAGE:
                return

    def find(self, query: Query, *, newest: int | None = None) -> Generator[Record, None, None]:
        """Yield records in order; only the `newest` ones where a number is given.

        Close it inside the database's `with` where not all of it may be read.
        """
        condition, values = query.where(self.database.instr)
        if newest is not None:
            asked = f"SELECT {COLUMNS} FROM records WHERE {condition} ORDER BY seq DESC LIMIT ?"  # noqa: S608 - parts of ours
            with self.reading() as tx:
                rows = tx.rows(asked, *values, newest)
            yield from map(record_of, reversed(rows))
            return
        asked = f"SELECT {COLUMNS} FROM records WHERE {condition} ORDER BY seq LIMIT {PAGE}"  # noqa: S608 - parts of ours
        with self.reading() as tx:
            while rows := tx.rows(asked, *values):
                yield from map(record_of, rows)
                values[0] = rows[-1][0]

    def count(self, query: Query) -> int:
        """Count records."""
        condition, values = query.where(self.database.instr)
        with self.reading() as tx:
            return int(tx.rows(f"SELECT count(*) FROM records WHERE {condition}", *values)[0][0])  # noqa: S608 - parts of ours

    def last_time_ns(self) -> int:
        """Return the time of the newest record, 0 where there is none."""
        with self.reading() as tx:
            rows = tx.rows("SELECT at_ns FROM records ORDER BY seq DESC LIMIT 1")
        return int(rows[0][0]) if rows else 0


def unreadable(database: Database, error: Exception) -> DataError:
    """Return what a person can do about an error of the store."""
    said = " ".join(str(error).split())
    return DataError(f"the journal cannot be read: {said}", where=database.where, fix=_PLACE)


def record_of(row: tuple[Any, ...]) -> Record:
    """Return the record of a row of `COLUMNS`."""
    seq, run, epoch, at_ns, kind, version, body, digest = row
    if tuple(map(type, row)) != _TYPES:  # a damaged page can hold anything
        raise DataError(f"record {seq} is damaged", fix=_PLACE)
    return Record(seq, run, epoch, at_ns, kind, version, body, digest.hex())


def head_of(tx: Statements) -> Head:
    """Return the end of the chain."""
    seq, digest = last_record(tx)
    return Head(seq, digest.hex()) if seq else Head()


def head_at(tx: Statements, seq: int) -> Head:
    """Return the head as it was at a record; `DataError` where it is not there."""
    rows = tx.rows("SELECT hash FROM records WHERE seq = ?", seq) or tx.rows(
        "SELECT hash FROM archives WHERE last_seq = ?", seq
    )
    if seq and not rows:
        raise DataError(f"record {seq} is gone", fix=_PLACE)
    return Head(seq, bytes(rows[0][0]).hex()) if seq else Head()


def holds(tx: Statements, head: Head) -> bool:
    """Whether the chain has that record; one inside an archived span cannot be told from here."""
    if not head.seq:
        return head.hash == GENESIS
    rows = tx.rows("SELECT hash FROM records WHERE seq = ?", head.seq) or tx.rows(
        "SELECT hash FROM archives WHERE last_seq = ?", head.seq
    )
    if rows:
        return bytes(rows[0][0]).hex() == head.hash
    return bool(tx.rows("SELECT 1 FROM archives WHERE last_seq > ?", head.seq))


def _newest_snapshot(tx: Statements) -> tuple[Snapshot | None, tuple[str, ...]]:
    """Return the newest snapshot whose bytes are those its record says, and who failed."""
    damaged: list[str] = []
    for record_seq, seq, state in tx.rows(
        "SELECT record_seq, seq, state FROM snapshots ORDER BY record_seq DESC"
    ):
        rows = tx.rows("SELECT kind, body FROM records WHERE seq = ?", record_seq)
        found = Snapshot(seq, record_seq, state if isinstance(state, bytes) else b"")
        if rows and rows[0] == (SNAPSHOT, snapshot_body(found)):
            return found, tuple(damaged)
        damaged.append(f"snapshot {record_seq} is not what was written")
    return None, tuple(damaged)


def snapshot_body(snapshot: Snapshot) -> str:
    """Return the body of the record that keeps a snapshot."""
    digest = hashlib.blake2b(snapshot.state, digest_size=HASH_BYTES).hexdigest()
    return f'{{"bytes":{len(snapshot.state)},"hash":"{digest}","seq":{snapshot.seq}}}'
