"""SQLite: the journal in one file, on a write-ahead log with `synchronous = FULL`.

The library is apsw's own SQLite, not the one of the Python that happens to run: versions before
3.51.3 can corrupt a write-ahead log when two connections meet at a checkpoint. Beyond that, only
the writer's connection can checkpoint, for every reader opens the file read-only.

The writer is held by a lock file that the system releases when its holder is killed, so a lease
needs no clock and no waiting.
"""

from __future__ import annotations

import os
from contextlib import closing, contextmanager, suppress
from itertools import count
from typing import TYPE_CHECKING, Any

import apsw
from filelock import FileLock, Timeout

from ballast.core.errors import DataError
from ballast.store import tables
from ballast.store.disk import Disk, disk_errors, ensure_folder, temp_name
from ballast.store.journal import schema
from ballast.store.journal.database import OWNER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

BUSY_MS = 5_000
"""A reader never blocks the writer; whoever does for so long is a stranger with a shell."""
CHECKPOINT_PAGES = 4_096
"""16 MB of log between checkpoints: one costs tens of milliseconds, every few thousand commits."""
CACHE_KB = 8_192
OWNER_ONLY, FOLDER_ONLY = 0o600, 0o700


class SqliteStatements:
    """A transaction of a connection."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - SQL values
        """Run one statement and return its rows."""
        return self._connection.execute(sql, values).fetchall()

    def many(self, sql: str, values: Iterable[Sequence[Any]]) -> None:
        """Run one statement for each row of values."""
        self._connection.executemany(sql, values)


class SqliteDatabase:
    """The journal at `path`. `scripts` and `vfs` (a layer under SQLite) are for tests."""

    instr = "instr"
    errors: tuple[type[Exception], ...] = (apsw.Error, OSError, UnicodeDecodeError)

    def __init__(
        self,
        path: Path,
        *,
        read_only: bool = False,
        scripts: Sequence[str] = schema.SQLITE,
        vfs: str | None = None,
        synchronous: str = "FULL",
    ) -> None:
        self.path = path
        self.where = str(path)
        self.read_only = read_only
        self._scripts = scripts
        self._vfs = vfs
        self._synchronous = synchronous
        self._connection: apsw.Connection | None = None
        self._lock = FileLock(str(path.with_suffix(".lock")), timeout=0)

    def lock(self) -> bool:
        """Hold the lock file; False if another process does."""
        with disk_errors(self.path):
            if not self.path.parent.is_dir():
                ensure_folder(Disk(), self.path.parent)
                self.path.parent.chmod(FOLDER_ONLY)
            try:
                self._lock.acquire()
            except Timeout:
                return False
        return True

    def exists(self) -> bool:
        """Whether the file has tables."""
        return self.version() > 0

    def version(self) -> int:
        """Return the version of the tables, 0 without any."""
        return tables.version_of(self._open()) if self.path.exists() else 0

    def prepare(self) -> None:
        """Make or move on the tables, after a backup; put a log that was left into the file.

        After a failed sync the system may show content that is not on the medium. Writing the log
        out anew, synced, before anything is chained to it, makes what we see what there is.
        """
        if not self.path.exists():
            with disk_errors(self.path):
                self._make()
        connection = self._open()
        version = tables.version_of(connection)
        tables.refuse_newer(version, len(self._scripts), owner=OWNER, where=self.where)
        if 0 < version < len(self._scripts):
            copy_file(connection, self.path.with_name(f"{self.path.name}.v{version}"))
        _move_on(connection, version, self._scripts)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _make(self) -> None:
        """Make the file beside its place and rename it: nobody ever sees one without tables."""
        temp = temp_name(self.path)
        try:
            os.close(os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY))
            with closing(apsw.Connection(str(temp))) as made:
                made.execute("PRAGMA journal_mode = WAL")
                _move_on(made, 0, self._scripts)
            Disk().sync(temp)
            Disk().replace(temp, self.path)
            Disk().sync(self.path.parent)
        finally:
            temp.unlink(missing_ok=True)

    @contextmanager
    def writing(self) -> Iterator[SqliteStatements]:
        """Open a transaction; it is on the medium when the block ends."""
        connection = self._open()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield SqliteStatements(connection)
            connection.execute("COMMIT")
        except BaseException:
            _roll_back(connection)
            raise

    @contextmanager
    def reading(self) -> Iterator[SqliteStatements]:
        """See one state of the file."""
        connection = self._open()
        connection.execute("BEGIN")
        try:
            yield SqliteStatements(connection)
        finally:
            _roll_back(connection)

    def damage(self) -> list[str]:
        """Compare the definitions with untouched ones; let SQLite look at every page."""
        connection = self._open()
        with closing(apsw.Connection(":memory:")) as fresh:
            fresh.execute("".join(self._scripts))
            wanted = tables.described(fresh)
        changed = tables.changed(tables.described(connection), wanted)
        found = [f"tables or triggers were changed: {', '.join(changed)}"] if changed else []
        check = connection.execute("PRAGMA quick_check(1)").fetchall()[0][0]
        return found + ([] if check == "ok" else [f"the file is damaged: {check}"])

    @property
    def connection(self) -> apsw.Connection:
        """The open connection."""
        return self._open()

    def settle_alone(self) -> None:
        """Put everything into the one file, without a log beside it."""
        self._open().execute("PRAGMA journal_mode = DELETE")

    def replace_by(self, source: SqliteDatabase, epoch: int) -> None:
        """Put a copy of another journal in the place of this one; keep this one beside it.

        The epoch of the lease becomes at least `epoch`. The last step is one rename: before it the
        old journal is there, after it the new one.
        """
        temp = temp_name(self.path)
        try:
            copy_file(source.connection, temp)
            with closing(apsw.Connection(str(temp))) as made:
                made.execute("UPDATE lease SET epoch = ? WHERE epoch < ?", (epoch, epoch))
            self._set_aside()
            temp.replace(self.path)
            Disk().sync(self.path.parent)
        finally:
            temp.unlink(missing_ok=True)

    def is_taken(self, name: str) -> bool:
        """Whether there is a journal of another name beside this one."""
        return self.path.with_name(f"{name}{self.path.suffix}").exists()

    def rename(self, name: str) -> None:
        """Give the journal another name, whole, in one step; only for the holder of the lock."""
        target = self.path.with_name(f"{name}{self.path.suffix}")
        with disk_errors(self.path):
            self._open().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            if target.exists():
                raise DataError("there is a journal of that name", where=str(target))
            for suffix in ("-wal", "-shm"):  # a reader keeps them; they are empty now
                beside = self.path.with_name(self.path.name + suffix)
                if beside.exists():
                    beside.replace(target.with_name(target.name + suffix))
            self.path.replace(target)
            Disk().sync(self.path.parent)

    def _set_aside(self) -> None:
        """Keep the present file under another name, with its log where it cannot be folded in."""
        if not self.path.exists():
            return
        kept = unused(self.path.with_name(f"{self.path.stem}.replaced"), self.path.suffix)
        with suppress(apsw.Error, DataError):  # past reading: that is why it is replaced
            self._open().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        kept.hardlink_to(self.path)
        for suffix in ("-wal", "-shm"):
            beside = self.path.with_name(self.path.name + suffix)
            if beside.exists():
                beside.replace(kept.with_name(kept.name + suffix))

    def close(self) -> None:
        """Close the file and give the lock back."""
        try:
            if self._connection is not None:
                self._connection.close()
        finally:
            self._connection = None
            self._lock.release(force=True)

    def _open(self) -> apsw.Connection:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> apsw.Connection:
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        if self.read_only:
            flags = apsw.SQLITE_OPEN_READONLY
            if not self.path.exists():
                raise DataError("there is no journal", where=self.where)
        connection = apsw.Connection(str(self.path), flags, self._vfs)
        try:
            connection.set_busy_timeout(BUSY_MS)
            if self._vfs is not None:  # a layer of a test has no memory shared with others
                connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            if not self.read_only:
                _settle_modes(connection, self._synchronous)
        except BaseException:
            connection.close()
            raise
        return connection


def _move_on(connection: apsw.Connection, version: int, scripts: Sequence[str]) -> None:
    for number, script in enumerate(scripts[version:], start=version + 1):
        connection.execute(f"BEGIN IMMEDIATE;{script}PRAGMA user_version={number};COMMIT;")


def _settle_modes(connection: apsw.Connection, synchronous: str) -> None:
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchall()[0][0]
    if mode != "wal":
        raise DataError(f"the disk allows no write-ahead log ({mode})", fix="use a local disk")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KB}")
    connection.wal_autocheckpoint(CHECKPOINT_PAGES)


def _roll_back(connection: apsw.Connection) -> None:
    """End a transaction that is still open; SQLite ends some by itself when it fails."""
    if connection.in_transaction:
        try:
            connection.execute("ROLLBACK")
        except apsw.Error:  # the disk is gone: what was not committed is not there
            return


def unused(stem: Path, suffix: str) -> Path:
    """Return `stem-1.suffix`, or the next number that is free."""
    numbers = (stem.with_name(f"{stem.name}-{number}{suffix}") for number in count(1))
    return next(path for path in numbers if not path.exists())


def copy_file(connection: apsw.Connection, target: Path) -> None:
    """Copy a journal, as it is at this moment, into a new file that stands alone, synced."""
    target.unlink(missing_ok=True)
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY))
    with closing(apsw.Connection(str(target))) as made:
        with made.backup("main", connection, "main") as copying:
            while not copying.done:
                copying.step(-1)
        made.execute("PRAGMA journal_mode = DELETE")
    Disk().sync(target)
    Disk().sync(target.parent)
