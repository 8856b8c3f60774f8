"""Backup and restore: a journal as one file that stands alone, from either store to either store.

A backup is a SQLite journal, whatever the journal lives in: it is made while the node writes, read
through hash by hash, synced, and only then takes its name; its head lies beside it. Restoring reads
it through again and puts it in the place of the journal in one step; the journal that was there is
kept under another name. A backup older than what is there is refused, unless somebody accepts the
loss with a reason, which then stands in the chain for ever.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from ballast.core.errors import DataError
from ballast.store.disk import Disk, disk_errors, ensure_folder, temp_name
from ballast.store.journal.copying import copy_rows
from ballast.store.journal.headfile import create_head, head_path, read_head
from ballast.store.journal.reader import JournalReader, unreadable
from ballast.store.journal.sqlite import SqliteDatabase, copy_file
from ballast.store.journal.verify import verify
from ballast.store.journal.writer import JournalWriter, hold

if TYPE_CHECKING:
    from pathlib import Path

    from ballast.core.journal import Head
    from ballast.store.journal.postgres import PostgresDatabase
    from ballast.store.journal.writer import Start

SUFFIX = ".sqlite"


def backup(
    database: SqliteDatabase | PostgresDatabase, target: Path, disk: Disk | None = None
) -> Head:
    """Write the journal, as it is now, into a new file; return its head."""
    disk = disk or Disk()
    if target.exists():
        raise DataError("exists already", where=str(target), fix="name another file")
    if not JournalReader(database).exists():
        raise DataError("there is no journal to back up", where=database.where)
    with disk_errors(target):
        ensure_folder(disk, target.parent)
        temp = temp_name(target)
        try:
            try:
                stand_alone(database, temp)
            except database.errors as error:
                raise unreadable(database, error) from error
            head = _whole(temp, None, "the journal is not whole, so there is no backup of it")
            disk.sync(temp)
            create_head(head_path(target), head, disk)
            disk.replace(temp, target)
            disk.sync(target.parent)
        finally:
            for suffix in ("", "-wal", "-shm", "-journal"):
                disk.remove(temp.with_name(temp.name + suffix))
    return head


def keep_newest(folder: Path, account: str, count: int) -> list[Path]:
    """Delete all but the newest backups that `backup_name` named; return what was deleted."""
    found = sorted(
        folder.glob(f"{account}-*{SUFFIX}"), key=lambda path: int(path.stem.rsplit("-", 1)[1])
    )
    gone = found[: max(len(found) - count, 0)]
    for path in gone:
        with disk_errors(path):
            Disk().remove(path)
            Disk().remove(head_path(path))
    return gone


def backup_name(account: str, head: Head) -> str:
    """Return the name of a backup that was given none: its account and its last record."""
    return f"{account}-{head.seq:012}{SUFFIX}"


def restore(
    source: Path, database: SqliteDatabase | PostgresDatabase, head_file: Path, start: Start
) -> Head:
    """Put a backup in the place of the journal; return the head, with the start it records.

    Raise `DataError`, and change nothing, if the backup is not whole, if a process writes the
    journal, or if the journal holds records that the backup does not and no loss is accepted.
    """
    if not source.is_file():
        raise DataError("there is no such backup", where=str(source))
    beside = head_path(source)
    head = _whole(source, beside if beside.exists() else None, "the backup is not whole")
    reader = JournalReader(database)
    try:
        hold(database, reader, start)
        with closing(SqliteDatabase(source, read_only=True)) as copy:
            there, epoch = _there(reader, bool(start.accept_loss))
            known = [one for one in (there, read_head(head_file)) if one is not None]
            newer = [one for one in known if not JournalReader(copy).holds(one)]
            if newer and not start.accept_loss:
                raise DataError(
                    f"the backup ends at record {head.seq}, and the journal has records up to "
                    f"{max(one.seq for one in newer)} that are not in it",
                    where=str(source),
                    fix="keep the journal, or say --accept-loss REASON",
                )
            if read_head(head_file) is None:
                create_head(head_file, there or head)
            try:
                database.replace_by(copy, epoch)
            except database.errors as error:
                raise unreadable(database, error) from error
        with JournalWriter(database, head_file, start) as writer:
            return writer.head
    finally:
        database.close()


def stand_alone(database: SqliteDatabase | PostgresDatabase, target: Path) -> None:
    """Copy a journal into a SQLite file."""
    if isinstance(database, SqliteDatabase):
        copy_file(database.connection, target)
        return
    with closing(SqliteDatabase(target)) as made, database.reading() as tx:
        made.prepare()
        with made.writing() as into:
            copy_rows(tx, into, 0)
        made.settle_alone()


def _whole(path: Path, beside: Path | None, said: str) -> Head:
    with closing(SqliteDatabase(path, read_only=True)) as copy:
        found = verify(copy, beside)
    if not found.is_whole or not found.head.seq:
        problem = (*found.problems, "it is empty")[0]
        raise DataError(f"{said}: {problem}", where=str(path))
    return found.head


def _there(reader: JournalReader, loss_is_accepted: bool) -> tuple[Head | None, int]:  # noqa: FBT001
    """Return head and epoch of the journal that would be replaced; it may be past reading."""
    try:
        if not reader.exists():
            return None, 0
        with reader.reading() as tx:
            epoch = int(tx.rows("SELECT epoch FROM lease WHERE id = 1")[0][0])
        return reader.head(), epoch
    except DataError:
        if not loss_is_accepted:
            raise
        return None, 0
