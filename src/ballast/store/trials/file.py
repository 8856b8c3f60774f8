"""The file of the ledger: its connection, its lock, and how a transaction begins and ends.

One writer at a time, held by a lock file that the system releases when its holder is killed. The
head is written while the lock is held and after the commit: it may lag behind the ledger by a
killed writer's batch, and it is never ahead of it.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from ballast.core.errors import DataError
from ballast.store.disk import Disk, disk_errors, ensure_folder
from ballast.store.trials import heads, schema
from ballast.store.trials.chain import Head, Link, link_hash
from ballast.store.trials.results import trials_of_results

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK_SECONDS = 120.0
"""A batch takes milliseconds; after two minutes of waiting somebody holds the lock for good."""
BEGIN, LOSS = "begin", "loss"
"""Kinds of the batches that hold no trials: the first one, and one that records a loss."""
_COLUMNS = len(fields(Link)) + 1
_PUT_LINK = "INSERT INTO batches VALUES (" + ", ".join("?" * _COLUMNS) + ")"  # noqa: S608 - ours


class LedgerFile:
    """The SQLite file at `path`, made by the first writer; `results` are those of its workspace."""

    def __init__(self, path: Path, results: Path | None) -> None:
        self.path = path
        self.results = results
        self._mutex = threading.RLock()
        self._connection: sqlite3.Connection | None = None

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Hold the lock of all writers and one transaction; write the head after it.

        Raise `DataError` where that cannot be; then nothing was written.
        """
        with self._mutex, disk_errors(self.path):
            ensure_folder(Disk(), self.path.parent)
            lock = FileLock(str(self.path.with_suffix(".lock")), timeout=LOCK_SECONDS)
            try:
                lock.acquire()
            except Timeout:
                raise DataError(
                    "another process keeps the trial ledger", where=str(self.path), fix="try again"
                ) from None
            try:
                with self._errors():
                    connection = self._open_to_write()
                    with _transaction(connection):
                        self._settle(connection)
                        yield connection
                        head, _ = last_of(connection)
                heads.write(self.path, head)
            finally:
                lock.release()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """Lend the connection; None where there is no ledger yet."""
        with self._mutex, self._errors():
            if self._connection is not None and not self.path.exists():
                self.close()  # somebody moved the file away under an open connection
            if self._connection is None and self.path.exists():
                self._connection = self._connect()
                if not self._connection.execute("PRAGMA user_version").fetchone()[0]:
                    self.close()  # its maker was killed before the tables
            yield self._connection

    def close(self) -> None:
        """Close the file."""
        with self._mutex:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open_to_write(self) -> sqlite3.Connection:
        if self._connection is not None and not self.path.exists():
            self.close()
        if not self.path.exists() and heads.read(self.path) is None:
            heads.write(self.path, Head())
        if self._connection is None:
            self._connection = self._connect()
        # Under the lock, and by writers alone: two that change the mode of a new file at one moment
        # are told at once that it is locked, however long they would wait.
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        schema.migrate(self._connection, self.path)
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(
            self.path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False
        )

    def _settle(self, connection: sqlite3.Connection) -> None:
        """Begin the chain, or record that the ledger is behind its head."""
        known = heads.read(self.path) or Head()
        last, uncounted = last_of(connection)
        if not last.seq:
            older = trials_of_results(self.results) if self.results is not None else 0
            missing = max(older, known.trials)
            text = f"begun where the results of {older} trials lay" if older else ""
            if known.seq:
                text = f"begun anew: {known.trials} trials were lost, head {known.seq}:{known.hash}"
            _put_note(connection, BEGIN, last, missing, text)
        elif not holds(connection, known):
            missing = max(known.trials - last.trials, 0)
            text = f"{missing} trials were lost, head {known.seq}:{known.hash}"
            _put_note(connection, LOSS, last, uncounted + missing, text)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn what SQLite says into a line a person can act on."""
        try:
            yield
        except sqlite3.Error as error:
            raise DataError(
                f"the trial ledger cannot be used: {error}",
                where=str(self.path),
                fix="bring it back from a copy; moved away, the next run begins anew and says so",
            ) from error


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def last_of(connection: sqlite3.Connection) -> tuple[Head, int]:
    """Return the head, and the trials known to be lost."""
    row = connection.execute(
        "SELECT seq, trials, hash, uncounted FROM batches ORDER BY seq DESC LIMIT 1"
    ).fetchone()
    return (Head(*row[:3]), int(row[3])) if row else (Head(), 0)


def holds(connection: sqlite3.Connection, head: Head) -> bool:
    """Whether the chain has a batch of that number and hash."""
    asked = "SELECT trials, hash FROM batches WHERE seq = ?"
    row = connection.execute(asked, (head.seq,)).fetchone()
    return head == Head() or row == (head.trials, head.hash)


def put_link(connection: sqlite3.Connection, link: Link, digest: str) -> Head:
    """Write one row of the chain and return the head it makes."""
    values = [getattr(link, item.name) for item in fields(Link)]
    connection.execute(_PUT_LINK, (*values, digest))
    return Head(link.seq, link.trials, digest)


def next_id(connection: sqlite3.Connection, table: str) -> int:
    """Return the id the next row of a table gets."""
    asked = f"SELECT coalesce(max(id), 0) + 1 FROM {table}"  # noqa: S608 - one of our tables
    return int(connection.execute(asked).fetchone()[0])


def _put_note(
    connection: sqlite3.Connection, kind: str, last: Head, uncounted: int, note: str
) -> None:
    empty: dict[str, Any] = {item.name: "" if item.type == "str" else 0 for item in fields(Link)}
    given = {
        "seq": last.seq + 1, "kind": kind, "names": "[]", "trials": last.trials,
        "trial_first": next_id(connection, "trials"),
        "repeat_first": next_id(connection, "repeats"),
        "uncounted": uncounted, "note": note, "previous": last.hash,
    }  # fmt: skip
    link = Link(**empty | given)
    put_link(connection, link, link_hash(link, (), ()))
