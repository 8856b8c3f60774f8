"""Writer: the one process that appends for an account.

`append` is one transaction, synced: when it returns, every entry is on the medium. In the same
transaction it reads the epoch of the lease, so a process that lost it cannot write, whatever it
believes. The first failure closes the journal for writing for good: what was not acknowledged may
or may not be there, and only a start that reads the journal anew can tell.

A start takes the lease: it raises the epoch, writes who it is, and holds the journal against the
head beside it. A journal that is behind is not written to until somebody takes the loss on himself.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from ballast.core.codec import body_of
from ballast.core.errors import DataError, InternalError
from ballast.core.journal import (
    CLOSED,
    ENTRIES_MAX,
    LOSS,
    OPENED,
    OWN,
    SNAPSHOT,
    BehindError,
    Entry,
    Head,
    LeaseLostError,
    Loaded,
    Record,
    Snapshot,
    WriteFailedError,
    chained,
    check_run,
)
from ballast.store.disk import disk_errors
from ballast.store.journal.copying import PUT
from ballast.store.journal.headfile import HeadFile, create_head, read_head
from ballast.store.journal.reader import (
    JournalReader,
    head_of,
    holds,
    snapshot_body,
    unreadable,
)
from ballast.store.journal.schema import SNAPSHOTS_KEPT
from ballast.store.journal.whole import archives_of, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from ballast.store.journal.database import Database, Statements

    Act = Callable[[Statements], None]

_DROP_SNAPSHOTS = (
    "DELETE FROM snapshots WHERE record_seq NOT IN "
    "(SELECT record_seq FROM snapshots ORDER BY record_seq DESC LIMIT ?)"
)
HALT = "halt; start again, the journal says what is known"


@dataclass(frozen=True, slots=True)
class Start:
    """Who opens a journal, and when. `accept_loss` says why a journal behind its head will do."""

    run: str
    holder: str
    at_ns: int
    accept_loss: str = ""
    take_over: bool = False


class JournalWriter:
    """An open journal; `open` makes one. Threads may share it: each call is one transaction."""

    def __init__(self, database: Database, head_file: Path, start: Start) -> None:
        """Take the lease; raise `DataError` where that cannot be, and leave nothing open."""
        check_run(start.run)
        self.database = database
        self._mutex = threading.RLock()
        self.reader = JournalReader(database, self._mutex)
        self._archives = archives_of(head_file)
        self._run = start.run
        self._head = Head()
        self._epoch = 0
        self._why_closed = ""
        self._beside: HeadFile | None = None
        try:
            hold(database, self.reader, start)
            self._begin(head_file, start)
        except database.errors as error:
            self._abandon()
            raise unreadable(database, error) from error
        except BaseException:
            self._abandon()
            raise

    @property
    def head(self) -> Head:
        """The last acknowledged record."""
        return self._head

    @property
    def epoch(self) -> int:
        """The lease of this writer."""
        return self._epoch

    @property
    def run(self) -> str:
        """The run this writer was opened for."""
        return self._run

    @property
    def why_closed(self) -> str:
        """What closed the journal for writing, empty while it is open."""
        return self._why_closed

    def append(self, entries: Sequence[Entry]) -> Head:
        """Record all entries or none, durably; return the new end of the chain."""
        for entry in entries:
            if entry.kind.startswith(OWN):
                raise InternalError(f"{entry.kind} is a kind of the journal itself")
        return self.put(entries)

    def snapshot(self, state: bytes, *, seq: int, at_ns: int) -> Head:
        """Keep a state that holds everything up to record `seq`; drop all but the newest few."""
        with self._mutex:
            if not 0 <= seq <= self._head.seq:
                raise InternalError(f"a snapshot of record {seq}, and the head is {self._head.seq}")
            found = Snapshot(seq, self._head.seq + 1, state)

            def keep(tx: Statements) -> None:
                tx.rows("INSERT INTO snapshots VALUES (?, ?, ?)", found.record_seq, seq, state)
                tx.rows(_DROP_SNAPSHOTS, SNAPSHOTS_KEPT)

            head = self.put([Entry(SNAPSHOT, snapshot_body(found), at_ns)], after=keep)
            self.sync_head()
            return head

    def load(self) -> Loaded:
        """Return the newest whole snapshot and the records after it."""
        with self._mutex:
            return self.reader.load(self._archives)

    def records(self) -> Iterator[Record]:
        """Yield every record of the caller's from the first on; archived ones from their files."""
        found = whole(self.reader, self._archives)
        return (one for one in found if not one.kind.startswith(OWN))

    def put(
        self, entries: Sequence[Entry], *, before: Act | None = None, after: Act | None = None
    ) -> Head:
        """Record entries of any kind in one transaction, and what `before` and `after` do in it.

        `before` stands in for the look at the lease.
        """
        if len(entries) > ENTRIES_MAX:
            raise InternalError(f"{len(entries)} entries at once; at most {ENTRIES_MAX}")
        with self._mutex:
            if self._why_closed:
                raise WriteFailedError(
                    f"the journal is closed for writing: {self._why_closed}",
                    where=self.database.where,
                    fix=HALT,
                )
            if not entries and after is None:
                return self._head
            records = self._chained(entries)
            try:
                with self.database.writing() as tx:
                    (before or self._fence)(tx)
                    tx.many(PUT, map(_row, records))
                    if after is not None:
                        after(tx)
                self._head = records[-1].head if records else self._head
                if self._beside is not None:
                    self._beside.write(self._head)
            except self.database.errors as error:
                self._why_closed = " ".join(str(error).split()) or type(error).__name__
                raise WriteFailedError(
                    f"the journal could not be written: {self._why_closed}",
                    where=self.database.where,
                    fix=HALT,
                ) from error
            except BaseException as error:
                self._why_closed = " ".join(str(error).split()) or type(error).__name__
                raise
            return self._head

    def sync_head(self) -> None:
        """Force the head beside the journal to the medium; the journal itself always is."""
        if self._beside is not None:
            with disk_errors(self._beside.path):
                self._beside.sync()

    def close(self) -> None:
        """Give the lease back; what was acknowledged stays."""
        with self._mutex:
            self._why_closed = self._why_closed or "it was closed"
            try:
                if self._beside is not None:
                    self.sync_head()
                    self._beside.close()
            finally:
                self._beside = None
                with suppress(*self.database.errors):
                    self.database.close()

    def __enter__(self) -> Self:
        """Return the open journal."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def _begin(self, head_file: Path, start: Start) -> None:
        known = read_head(head_file)
        if known is None and not self.reader.exists():
            create_head(head_file, Head())  # from now on a journal that is gone is missed
        self.database.prepare()
        with self.database.reading() as tx:
            self._head = head_of(tx)
            is_behind = known is not None and not holds(tx, known)
            self._epoch = 1 + int(tx.rows("SELECT epoch FROM lease WHERE id = 1")[0][0])
            refuse_closed(tx, self.database.where)
        if is_behind and not start.accept_loss:
            raise _behind(self.database, self._head, known)
        is_missing = known is None and self._head.seq > 0
        told = {"epoch": self._epoch, "holder": start.holder}
        told |= {"head": "missing" if is_missing else str(self._head)}
        entries = [Entry(OPENED, body_of(told), start.at_ns)]
        if is_behind:
            lost = {"head": str(known), "reason": start.accept_loss}
            entries.append(Entry(LOSS, body_of(lost), start.at_ns))
        self.put(entries, before=lambda tx: self._take_lease(tx, start.holder))
        if is_behind or known is None:
            create_head(head_file, self._head)
        self._beside = HeadFile(head_file)
        self._beside.write(self._head)

    def _abandon(self) -> None:
        self._why_closed = "it could not be opened"
        self.close()

    def _take_lease(self, tx: Statements, holder: str) -> None:
        tx.rows("UPDATE lease SET epoch = ?, holder = ? WHERE id = 1", self._epoch, holder)

    def _fence(self, tx: Statements) -> None:
        """Refuse to write under a lease that somebody else has raised (A10).

        Should he raise it between this look and our commit, both write a record of the same number,
        and the primary key lets only one of them through.
        """
        epoch, holder = tx.rows("SELECT epoch, holder FROM lease WHERE id = 1")[0]
        if epoch != self._epoch:
            raise LeaseLostError(
                f"{holder} writes for this account since epoch {epoch}, ours is {self._epoch}",
                where=self.database.where,
                fix="stop this process, it must send nothing more",
            )

    def _chained(self, entries: Sequence[Entry]) -> list[Record]:
        records: list[Record] = []
        previous = self._head
        for entry in entries:
            records.append(chained(previous, entry, self._run, self._epoch))
            previous = records[-1].head
        return records


def _row(record: Record) -> tuple[object, ...]:
    return (
        record.seq, record.run, record.epoch, record.at_ns, record.kind, record.version,
        record.body, bytes.fromhex(record.hash),
    )  # fmt: skip


def refuse_closed(tx: Statements, where: str) -> None:
    """Raise `DataError` for a journal that was put away: nothing ever follows its last record."""
    last = tx.rows("SELECT kind FROM records ORDER BY seq DESC LIMIT 1")
    if last and last[0][0] == CLOSED:
        raise DataError(
            "this journal was closed by a reset",
            where=where,
            fix="take another account; `ballast reset` finishes a reset that was interrupted",
        )


def hold(database: Database, reader: JournalReader, start: Start) -> None:
    """Be the writer of this host, or of this server; or take over from one that cannot answer."""
    if database.lock() or start.take_over:
        return
    holder = "another process"
    if reader.exists():
        with reader.reading() as tx:
            holder = str(tx.rows("SELECT holder FROM lease WHERE id = 1")[0][0]) or holder
    raise DataError(
        f"{holder} writes this journal",
        where=reader.database.where,
        fix="one process trades an account: stop the other one first",
    )


def _behind(database: Database, head: Head, known: Head | None) -> BehindError:
    return BehindError(
        f"the journal ends at record {head.seq} and its head beside it says {known}: it is an "
        "earlier copy, or has lost its end",
        where=database.where,
        fix="restore the newest backup, or see `ballast journal accept-loss --help`",
    )
