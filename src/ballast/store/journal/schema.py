"""Schema: the tables of the journal in both dialects, and the triggers that refuse changes.

Records may be deleted only behind a row of `archives`, snapshots only behind two newer ones, and
the epoch of the lease only rises. Whoever holds the file can remove a trigger; `verify` sees that.
"""

from __future__ import annotations

from ballast.store.journal.database import OWNER
from ballast.store.tables import append_only

SNAPSHOTS_KEPT = 3
"""The newest, and two to fall back on where it was damaged."""
_REFUSE_LITE = "BEGIN SELECT RAISE(ABORT, '{0}'); END;"
_RULES = (
    ("records", "DELETE", "OLD.seq > (SELECT coalesce(max(last_seq), 0) FROM archives)",
     "records are deleted only once they are archived"),
    ("snapshots", "DELETE",
     f"(SELECT count(*) FROM snapshots WHERE record_seq > OLD.record_seq) < {SNAPSHOTS_KEPT}",  # noqa: S608 - ours
     f"the newest {SNAPSHOTS_KEPT} snapshots stay"),
    ("lease", "UPDATE", "NEW.epoch <= OLD.epoch", "the epoch of the lease only rises"),
)  # fmt: skip
"""Table, verb, when it is refused, what is said."""
_NEVER = (
    ("records", "UPDATE"), ("snapshots", "UPDATE"),
    ("archives", "UPDATE"), ("archives", "DELETE"), ("lease", "DELETE"),
)  # fmt: skip

SQLITE: tuple[str, ...] = (
    """
CREATE TABLE records (
    seq INTEGER PRIMARY KEY, run TEXT NOT NULL, epoch INTEGER NOT NULL, at_ns INTEGER NOT NULL,
    kind TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL, hash BLOB NOT NULL
) STRICT;
CREATE TABLE snapshots (
    record_seq INTEGER PRIMARY KEY, seq INTEGER NOT NULL, state BLOB NOT NULL
) STRICT;
CREATE TABLE archives (
    last_seq INTEGER PRIMARY KEY, first_seq INTEGER NOT NULL, hash BLOB NOT NULL,
    file TEXT NOT NULL, digest TEXT NOT NULL
) STRICT;
CREATE TABLE lease (
    id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL, holder TEXT NOT NULL
) STRICT;
INSERT INTO lease VALUES (1, 0, '');
"""
    + "".join(append_only(table, OWNER, [verb]) for table, verb in _NEVER)
    + "".join(
        f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} WHEN {when}\n"
        f"BEGIN SELECT RAISE(ABORT, '{said}'); END;\n"
        for table, verb, when, said in _RULES
    ),
)
"""Script k brings version k to k + 1; a published one is never edited."""


def _postgres_rule(name: str, table: str, verb: str, when: str, said: str) -> str:
    """Return a trigger that raises; PL/pgSQL wants a function for it."""
    row = "OLD" if verb == "DELETE" else "NEW"
    test = f"IF {when} THEN RAISE EXCEPTION '{said}'; END IF;" if when else ""
    body = test or f"RAISE EXCEPTION '{said}';"
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$BEGIN {body} RETURN {row}; END$$;\n"
        f"CREATE TRIGGER {name} BEFORE {verb} ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {name}();\n"
    )


POSTGRES: tuple[str, ...] = (
    """
CREATE TABLE schema_version (version BIGINT NOT NULL);
CREATE TABLE records (
    seq BIGINT PRIMARY KEY, run TEXT NOT NULL, epoch BIGINT NOT NULL, at_ns BIGINT NOT NULL,
    kind TEXT NOT NULL, version BIGINT NOT NULL, body TEXT NOT NULL, hash BYTEA NOT NULL
);
CREATE TABLE snapshots (
    record_seq BIGINT PRIMARY KEY, seq BIGINT NOT NULL, state BYTEA NOT NULL
);
CREATE TABLE archives (
    last_seq BIGINT PRIMARY KEY, first_seq BIGINT NOT NULL, hash BYTEA NOT NULL,
    file TEXT NOT NULL, digest TEXT NOT NULL
);
CREATE TABLE lease (
    id BIGINT PRIMARY KEY CHECK (id = 1), epoch BIGINT NOT NULL, holder TEXT NOT NULL
);
INSERT INTO lease VALUES (1, 0, '');
"""
    + "".join(
        _postgres_rule(f"{table}_no_{verb.lower()}", table, verb, "", f"{OWNER} is append-only")
        for table, verb in _NEVER
    )
    + "".join(
        _postgres_rule(f"{table}_{verb.lower()}", table, verb, when, said)
        for table, verb, when, said in _RULES
    ),
)
"""As `SQLITE`, for PostgreSQL."""
