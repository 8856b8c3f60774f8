"""Copying: all tables of a journal into empty ones, from either store into either store."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ballast.store.journal.database import Statements

PAGE = 5_000
PUT = "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


def copy_rows(tx: Statements, into: Statements, epoch: int) -> None:
    """Copy all tables into empty ones; the epoch of the lease is at least `epoch`."""
    for table, key, width in (("archives", "last_seq", 5), ("snapshots", "record_seq", 3)):
        rows = tx.rows(f"SELECT * FROM {table} ORDER BY {key}")  # noqa: S608 - ours
        into.many(f"INSERT INTO {table} VALUES ({', '.join('?' * width)})", rows)  # noqa: S608
    after = 0
    asked = f"SELECT * FROM records WHERE seq > ? ORDER BY seq LIMIT {PAGE}"  # noqa: S608 - ours
    while rows := tx.rows(asked, after):
        into.many(PUT, rows)
        after = rows[-1][0]
    lease = tx.rows("SELECT epoch, holder FROM lease WHERE id = 1")[0]
    raised = max(int(lease[0]), epoch)
    if raised:
        into.rows("UPDATE lease SET epoch = ?, holder = ? WHERE id = 1", raised, lease[1])
