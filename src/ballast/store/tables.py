"""Tables: what every SQLite file of ours that may only grow has in common.

Triggers refuse changes, the version of the schema lies in `user_version`, scripts bring it forward
one by one, and a file is known by the definitions of its tables. Both `sqlite3` and `apsw`
connections will do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ballast.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence


class Executes(Protocol):
    """A connection."""

    def execute(self, sql: str, /) -> Any:  # noqa: ANN401 - a cursor of either library
        """Run one statement."""
        ...


def append_only(table: str, owner: str, verbs: Sequence[str] = ("UPDATE", "DELETE")) -> str:
    """Return triggers that refuse to change or delete rows."""
    return "".join(
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{owner} is append-only'); END;\n"
        for verb in verbs
    )


def version_of(connection: Executes) -> int:
    """Return the version of the schema, 0 for a file without tables."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def refuse_newer(version: int, known: int, *, owner: str, where: str) -> None:
    """Raise `DataError` for a schema this version of Ballast does not know."""
    if version > known:
        raise DataError(
            f"{owner} has version {version}",
            where=where,
            expected=f"at most {known}",
            fix="update ballast",
        )


def described(connection: Executes) -> list[tuple[str, str]]:
    """Return (name, definition) of every table, index and trigger, sorted."""
    rows = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
    )
    return [(str(name), " ".join(str(sql).split())) for name, sql in rows]


def changed(there: Sequence[tuple[str, str]], wanted: Sequence[tuple[str, str]]) -> list[str]:
    """Return the names whose definition is not the one wanted."""
    found, asked = dict(there), dict(wanted)
    return [name for name in sorted({*found, *asked}) if found.get(name) != asked.get(name)]
