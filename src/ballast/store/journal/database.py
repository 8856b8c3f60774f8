"""Database: what the journal asks of a store, and the words both stores share.

One journal is one account's: a file of its own in SQLite, a schema of its own in PostgreSQL, with
the same four tables in both.

    records    the chain
    snapshots  states, each named and hashed by a record
    archives   spans of records that were moved to a file; the chain goes on from the last of them
    lease      one row: the epoch of the writer, which only rises

Statements are written once, with `?` for parameters and no other question mark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager

OWNER = "the journal"
TABLES = ("archives", "lease", "records", "snapshots")
Rows = "list[tuple[Any, ...]]"


class Statements(Protocol):
    """An open transaction."""

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        ...

    def many(self, sql: str, values: Iterable[Sequence[object]]) -> None:
        """Run one statement for each row of values."""
        ...


class Database(Protocol):
    """A store of one journal. `where` names it for people and holds no secret."""

    where: str
    instr: str
    """Function that finds a text in a text."""
    errors: tuple[type[Exception], ...]
    """What the library raises."""

    def lock(self) -> bool:
        """Hold the journal as its writer until `close` or death; False if another process does."""
        ...

    def prepare(self) -> None:
        """Make the tables, or bring them to the newest version; for the writer only.

        Raise `DataError` for a version this program does not know. What a killed writer left
        half-done is settled on the medium before this returns.
        """
        ...

    def exists(self) -> bool:
        """Whether there is a journal."""
        ...

    def writing(self) -> AbstractContextManager[Statements]:
        """Open a transaction that is on the medium when the block ends, or never was."""
        ...

    def reading(self) -> AbstractContextManager[Statements]:
        """Open a transaction that sees one state of the journal."""
        ...

    def damage(self) -> list[str]:
        """Return what is wrong with the file or the tables themselves; may read everything."""
        ...

    def close(self) -> None:
        """Let go of the store and its lock."""
        ...


def last_record(tx: Statements) -> tuple[int, bytes]:
    """Return number and hash of the end of the chain, (0, b"") where there is none."""
    found = tx.rows("SELECT seq, hash FROM records ORDER BY seq DESC LIMIT 1") or tx.rows(
        "SELECT last_seq, hash FROM archives ORDER BY last_seq DESC LIMIT 1"
    )
    return (int(found[0][0]), bytes(found[0][1])) if found else (0, b"")
