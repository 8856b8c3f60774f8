"""PostgreSQL: the journal in a schema of its own, for hosts that share one store.

A commit is acknowledged when the server has it on its medium: `synchronous_commit` is set on, and a
server that runs with `fsync = off` is refused. The writer is held by an advisory lock of its
session, which the server releases when the session ends; a writer whose session ended without
knowing it is stopped by the epoch, which every transaction checks.
"""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from itertools import count
from typing import TYPE_CHECKING, Any

from ballast.core.errors import ConfigError, DataError, UserError
from ballast.store import tables
from ballast.store.journal import schema
from ballast.store.journal.copying import copy_rows
from ballast.store.journal.database import OWNER, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import psycopg

    from ballast.store.journal.database import Database

try:
    from psycopg import Error as PostgresError
except ImportError:  # the extra is not installed: `_connect` says so

    class PostgresError(Exception):  # type: ignore[no-redef]
        """Stands in where psycopg is not there to raise its own."""


SOCKET = {
    "connect_timeout": 10, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}  # fmt: skip
"""A peer that is gone is noticed in about 20 s: until then the node waits and sends nothing."""
TIMEOUTS = "SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '300s'"
_DIGEST_LOCK = "hashtextextended('ballast journal ' || ?, 0)"


class PostgresStatements:
    """A transaction of a connection."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        cursor = self._connection.execute(_spelt(sql), values)
        return cursor.fetchall() if cursor.description else []

    def many(self, sql: str, values: Iterable[Sequence[object]]) -> None:
        """Run one statement for each row of values."""
        with self._connection.cursor() as cursor:
            cursor.executemany(_spelt(sql), values)


def _spelt(sql: str) -> Any:  # noqa: ANN401 - psycopg wants a literal; ours are constants
    return sql.replace("?", "%s")


class PostgresDatabase:
    """The journal of `account` in the database of a URL. `scripts` is for tests."""

    instr = "strpos"
    errors: tuple[type[Exception], ...] = (PostgresError, OSError)

    def __init__(self, url: str, account: str, *, scripts: Sequence[str] = schema.POSTGRES) -> None:
        self.schema = schema_name(account)
        self._url = url
        self._scripts = scripts
        self._connection: psycopg.Connection[Any] | None = None
        self.where = f"postgresql schema {self.schema}"

    def lock(self) -> bool:
        """Hold the advisory lock of this schema; False if another session does."""
        asked = f"SELECT pg_try_advisory_lock({_DIGEST_LOCK})"
        return bool(PostgresStatements(self._open()).rows(asked, self.schema)[0][0])

    def exists(self) -> bool:
        """Whether the schema has tables."""
        return self.version() > 0

    def version(self) -> int:
        """Return the version of the tables, 0 without any."""
        return self._version(PostgresStatements(self._open()))

    def prepare(self) -> None:
        """Make or move on the tables in one transaction, beside a copy of the older ones."""
        with self.writing() as tx:
            version = self._version(tx)
            tables.refuse_newer(version, len(self._scripts), owner=OWNER, where=self.where)
            if 0 < version < len(self._scripts):
                self._keep_copy(tx, f"{self.schema}_v{version}")
            self._make(tx, version)

    @contextmanager
    def writing(self) -> Iterator[PostgresStatements]:
        """Open a transaction; it is on the server's medium when the block ends."""
        connection = self._open()
        with connection.transaction():
            yield PostgresStatements(connection)

    @contextmanager
    def reading(self) -> Iterator[PostgresStatements]:
        """See one state of the journal."""
        connection = self._open()
        with connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield PostgresStatements(connection)

    def damage(self) -> list[str]:
        """Ask whether tables and triggers are those the scripts make."""
        asked = (
            "SELECT tgname, tgenabled::text, prosrc FROM pg_trigger "
            "JOIN pg_class ON tgrelid = pg_class.oid "
            "JOIN pg_namespace ON relnamespace = pg_namespace.oid JOIN pg_proc ON tgfoid = "
            "pg_proc.oid WHERE nspname = ? AND NOT tgisinternal"
        )
        found = {
            str(name): (str(enabled), " ".join(str(source).split()))
            for name, enabled, source in PostgresStatements(self._open()).rows(asked, self.schema)
        }
        text = "".join(self._scripts)
        made = re.findall(r"CREATE FUNCTION (\w+)\(\).*?\$\$(.*?)\$\$", text, re.DOTALL)
        wanted = {name: ("O", " ".join(source.split())) for name, source in made}
        strange = [one for one in sorted({*found, *wanted}) if found.get(one) != wanted.get(one)]
        return [f"tables or triggers were changed: {', '.join(strange)}"] if strange else []

    def replace_by(self, source: Database, epoch: int) -> None:
        """Put a copy of another journal in the place of this one, in one transaction.

        This one is kept as a schema of another name. The epoch of the lease is at least `epoch`.
        """
        with source.reading() as rows, self.writing() as tx:
            if self._version(tx):
                taken = "SELECT 1 FROM pg_namespace WHERE nspname = ?"
                names = (f"{self.schema}_replaced_{number}" for number in count(1))
                kept = next(name for name in names if not tx.rows(taken, name))
                tx.rows(f"ALTER SCHEMA {self.schema} RENAME TO {kept}")
            self._make(tx, 0)
            copy_rows(rows, tx, epoch)

    def is_taken(self, name: str) -> bool:
        """Whether there is a journal of another name in this database."""
        taken = "SELECT 1 FROM pg_namespace WHERE nspname = ?"
        return bool(PostgresStatements(self._open()).rows(taken, schema_name(name)))

    def rename(self, name: str) -> None:
        """Give the journal another name, in one step; only for the holder of the lock."""
        with self.writing() as tx:
            tx.rows(f"ALTER SCHEMA {self.schema} RENAME TO {schema_name(name)}")

    def close(self) -> None:
        """End the session, and with it the lock."""
        if self._connection is not None:
            with suppress(PostgresError):
                self._connection.close()
            self._connection = None

    def _make(self, tx: PostgresStatements, version: int) -> None:
        if not version:
            tx.rows(f"CREATE SCHEMA IF NOT EXISTS {self.schema}")
        for number, script in enumerate(self._scripts[version:], start=version + 1):
            self._script(script)
            tx.rows("DELETE FROM schema_version")
            tx.rows("INSERT INTO schema_version VALUES (?)", number)

    def _keep_copy(self, tx: PostgresStatements, name: str) -> None:
        tx.rows(f"DROP SCHEMA IF EXISTS {name} CASCADE")
        tx.rows(f"CREATE SCHEMA {name}")
        for table in TABLES:
            tx.rows(f"CREATE TABLE {name}.{table} AS TABLE {self.schema}.{table}")

    def _script(self, script: str) -> None:
        """Run many statements; without parameters the server takes them as one text."""
        self._open().execute(script)

    def _version(self, tx: PostgresStatements) -> int:
        there = tx.rows("SELECT to_regclass(?) IS NOT NULL", f"{self.schema}.schema_version")
        if not there[0][0]:
            return 0
        return int(tx.rows("SELECT version FROM schema_version")[0][0])

    def _open(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            self._connection = _connect(self._url, self.schema)
        return self._connection


def schema_name(account: str) -> str:
    """Return the schema of an account's journal."""
    return f"ballast_{account}"


def _connect(url: str, schema_: str) -> psycopg.Connection[Any]:
    try:
        import psycopg  # noqa: PLC0415 - an extra, loaded where it is used
        from psycopg import conninfo  # noqa: PLC0415
    except ImportError:
        raise ConfigError(
            "PostgreSQL needs the extra `postgres`", fix='pip install "ballast[postgres]"'
        ) from None
    where = "journal.url"
    try:
        given = conninfo.conninfo_to_dict(url)
    except psycopg.Error:  # its message may hold the text, and the text a password
        raise ConfigError(
            "is no address of a PostgreSQL database",
            where=where,
            expected="postgresql:// USER : PASSWORD @ HOST / DATABASE, without the blanks",
        ) from None
    secret = str(given.get("password") or "")
    try:
        options: dict[str, Any] = {**SOCKET, **given, "autocommit": True}
        connection = psycopg.connect(**options)
    except psycopg.Error as error:
        said = " ".join(str(error).split())
        said = said.replace(secret, "********") if secret else said
        raise DataError(f"PostgreSQL cannot be reached: {said}", where=where) from None
    try:
        _settle_modes(connection, schema_)
    except BaseException:
        connection.close()
        raise
    return connection


def _settle_modes(connection: psycopg.Connection[Any], schema_: str) -> None:
    for setting in ("fsync", "full_page_writes"):
        row = connection.execute(f"SHOW {setting}").fetchone()
        if row is None or row[0] != "on":
            raise UserError(
                f"the server runs with {setting} = off and would lose records at a power cut",
                where="journal.url",
                fix=f"switch {setting} on, or take another server",
            )
    row = connection.execute("SHOW server_encoding").fetchone()
    if row is None or row[0] != "UTF8":
        raise UserError(
            f"the database is kept in {row and row[0]} and could not hold every text",
            where="journal.url",
            expected="a database in UTF8",
        )
    connection.execute("SET synchronous_commit = on")
    connection.execute(TIMEOUTS)
    connection.execute(f"SET search_path TO {schema_}")
