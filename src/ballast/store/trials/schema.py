"""Schema: the tables of the ledger, the triggers that refuse changes, and how they move on.

`batches` is the chain: each row holds the hash of the row before it. `trials` has one row a trial,
`repeats` one each time a known trial was run again, `outcomes` one a number of an optimiser study.
Rows of a batch are written in one transaction, so they have consecutive ids and a batch names them
by the first id and a count.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from ballast.store import tables

if TYPE_CHECKING:
    from pathlib import Path

OWNER = "the trial ledger"
TABLES = ("batches", "outcomes", "repeats", "trials")


MIGRATIONS = (
    """
CREATE TABLE batches (
    seq INTEGER PRIMARY KEY,
    kind TEXT NOT NULL, study TEXT NOT NULL, strategy TEXT NOT NULL,
    family TEXT NOT NULL, body TEXT NOT NULL, data TEXT NOT NULL, market TEXT NOT NULL,
    timeframe TEXT NOT NULL, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL,
    settings TEXT NOT NULL, code_version TEXT NOT NULL, names TEXT NOT NULL,
    first_block INTEGER NOT NULL,
    trial_first INTEGER NOT NULL, trial_count INTEGER NOT NULL,
    repeat_first INTEGER NOT NULL, repeat_count INTEGER NOT NULL,
    outcome_first INTEGER NOT NULL, outcome_count INTEGER NOT NULL,
    trials INTEGER NOT NULL, uncounted INTEGER NOT NULL, note TEXT NOT NULL,
    previous TEXT NOT NULL, hash TEXT NOT NULL
);
CREATE TABLE trials (
    id INTEGER PRIMARY KEY, key BLOB NOT NULL, params BLOB NOT NULL,
    sharpe REAL, trades REAL, total_return REAL, skew REAL, kurtosis REAL, days REAL,
    sketch BLOB NOT NULL
);
CREATE UNIQUE INDEX trials_by_key ON trials (key);
CREATE TABLE repeats (id INTEGER PRIMARY KEY, trial INTEGER NOT NULL);
CREATE TABLE outcomes (
    study TEXT NOT NULL, number INTEGER NOT NULL, state INTEGER NOT NULL, trial INTEGER,
    score BLOB NOT NULL, words TEXT NOT NULL,
    PRIMARY KEY (study, number)
) WITHOUT ROWID;
CREATE INDEX batches_by_family ON batches (family);
CREATE INDEX batches_by_study ON batches (study);
"""
    + "".join(tables.append_only(table, OWNER) for table in TABLES),
)
"""Script k brings version k to k + 1; a published one is never edited."""


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring a ledger to the newest version, after a backup beside it; under the writer's lock."""
    version = tables.version_of(connection)
    tables.refuse_newer(version, len(MIGRATIONS), owner=OWNER, where=str(path))
    if 0 < version < len(MIGRATIONS):
        with closing(sqlite3.connect(path.with_name(f"{path.name}.v{version}"))) as backup:
            connection.backup(backup)
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.executescript(f"BEGIN;{script}PRAGMA user_version={number};COMMIT;")


def wanted() -> list[tuple[str, str]]:
    """Return what `tables.described` gives for an untouched ledger of the newest version."""
    with closing(sqlite3.connect(":memory:")) as fresh:
        fresh.executescript("".join(MIGRATIONS))
        return tables.described(fresh)
