"""The ledger: an append-only table of every trial, in one SQLite file.

Deflation asks how often somebody looked, and the honest answer is a count nobody can lower. Each
`append` is one transaction on a write-ahead log with `synchronous = FULL`: when it returns, the
trials are on the medium; killed before that, none of them is there. Batches are chained by hashes
(`chain.py`), and the head of the chain is written beside the ledger after every batch. A writer
that finds the ledger behind that head (emptied, or an older copy) says so in the chain, for ever,
and carries the lost trials on as `uncounted`.

Threads of a process share one `TrialLedger`; processes wait for each other at a lock file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ballast.core.errors import InternalError
from ballast.core.hashing import canonical_json
from ballast.store.trials import chain, queries
from ballast.store.trials.chain import Head, Link
from ballast.store.trials.file import BEGIN, LOSS, LedgerFile, last_of, next_id, put_link
from ballast.store.trials.queries import FamilyLine, Filter, StudyRows
from ballast.store.trials.rows import (
    BLOCKS_MAX,
    FIGURES,
    Outcome,
    Sketches,
    TrialBatch,
    join_sketches,
    plain,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

_PUT_TRIAL = "INSERT INTO trials VALUES (" + ", ".join("?" * (len(FIGURES) + 4)) + ")"  # noqa: S608
_PUT_REPEAT = "INSERT INTO repeats VALUES (?, ?)"
_PUT_OUTCOME = "INSERT INTO outcomes VALUES (?, ?, ?, ?, ?, ?)"


class TrialLedger:
    """The ledger at `path`; it is made by the first `append`. `results` are those of the workspace.

    Reading one that is not there yet gives zero trials; `verify` says whether that can be true.
    Each question takes a family, a data fingerprint or a market, and None for any.
    """

    def __init__(self, path: Path, results: Path | None = None) -> None:
        self.file = LedgerFile(path, results)

    @property
    def path(self) -> Path:
        """The SQLite file."""
        return self.file.path

    def append(self, batch: TrialBatch, outcomes: Sequence[Outcome] = ()) -> Head:
        """Write a batch, and the outcomes of its study, in one act; return the new head.

        Known trials are written as repetitions. Raise `DataError` where it cannot be done; then
        nothing was written.
        """
        if not (len(batch) or outcomes):
            return self.head()
        with self.file.writing() as connection:
            return _append(connection, batch, outcomes)

    def head(self) -> Head:
        """Return the end of the chain; the empty head where there is no ledger."""
        with self.file.reading() as connection:
            return Head() if connection is None else last_of(connection)[0]

    def anchor(self) -> Head:
        """Return the last batch that counted a new trial: repetitions do not move it.

        A certificate writes down this one, so that the same certificate twice is the same bytes.
        """
        with self.file.reading() as connection:
            if connection is None:
                return Head()
            row = connection.execute(
                "SELECT seq, trials, hash FROM batches WHERE trial_count > 0 OR kind IN (?, ?) "
                "ORDER BY seq DESC LIMIT 1",
                (BEGIN, LOSS),
            ).fetchone()
            return Head(*row) if row else Head()

    def count(
        self, family: str | None = None, data: str | None = None, market: str | None = None
    ) -> int:
        """Count the distinct trials."""
        with self.file.reading() as connection:
            if connection is None:
                return 0
            found = queries.ranges(connection, Filter(family, data, market))
            return sum(part.count for part in found)

    def repeats(self, family: str | None = None) -> int:
        """Count how often a known trial was run again."""
        with self.file.reading() as connection:
            if connection is None:
                return 0
            asked = "SELECT total(repeat_count) FROM batches WHERE family = coalesce(?, family)"
            return int(connection.execute(asked, (family,)).fetchone()[0])

    def uncounted(self) -> int:
        """Count the trials known to have been made that the ledger does not hold."""
        with self.file.reading() as connection:
            return 0 if connection is None else last_of(connection)[1]

    def sketches(
        self,
        family: str | None = None,
        data: str | None = None,
        market: str | None = None,
        *,
        limit: int | None = None,
    ) -> Sketches:
        """Return the return streams of the trials, one row each, in the order of counting.

        With `limit` at most so many, evenly spaced over that order: memory stays bounded.
        """
        with self.file.reading() as connection:
            rows = _column(connection, "sketch", Filter(family, data, market), limit)
            parts = [(first, np.frombuffer(one, np.float32)) for first, one in rows]
        return join_sketches(parts, BLOCKS_MAX)

    def sharpes(
        self,
        family: str | None = None,
        data: str | None = None,
        market: str | None = None,
        *,
        limit: int | None = None,
    ) -> NDArray[np.float64]:
        """Return the Sharpe ratio per day of each trial, NaN where it is not defined.

        Rows are those of `sketches` with the same arguments.
        """
        with self.file.reading() as connection:
            rows = _column(connection, "sharpe", Filter(family, data, market), limit)
        return np.array([np.nan if one is None else one for _, one in rows], np.float64)

    def study(self, study: str) -> StudyRows:
        """Return what has ended of an optimiser study."""
        with self.file.reading() as connection:
            if connection is None:
                empty = np.zeros((0, 0))
                return StudyRows(np.zeros(0, np.int64), np.zeros(0, np.int8), empty, empty, ())
            return queries.study_rows(connection, study)

    def knows(self, study: str) -> bool:
        """Whether a run, a sweep or a study left a batch here."""
        with self.file.reading() as connection:
            if connection is None:
                return False
            asked = "SELECT 1 FROM batches WHERE study = ? LIMIT 1"
            return connection.execute(asked, (study,)).fetchone() is not None

    def families(self) -> list[FamilyLine]:
        """Return one line a family, the most tried first."""
        with self.file.reading() as connection:
            return [] if connection is None else queries.families(connection)

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def __enter__(self) -> Self:
        """Use the ledger in a block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()


def _column(
    connection: sqlite3.Connection | None, name: str, which: Filter, limit: int | None
) -> list[tuple[int, Any]]:
    return [] if connection is None else list(queries.column(connection, name, which, limit))


def _append(connection: sqlite3.Connection, batch: TrialBatch, outcomes: Sequence[Outcome]) -> Head:
    """Write what is new, what is repeated and what has ended, and chain it."""
    if any(one.number != outcomes[0].number + at for at, one in enumerate(outcomes)):
        raise InternalError("the outcomes of a batch are not numbered one after the other")
    keys = batch.keys()
    known = queries.known_ids(connection, keys)
    first, repeat_first = next_id(connection, "trials"), next_id(connection, "repeats")
    fresh: dict[bytes, int] = {}
    repeated: list[bytes] = []
    for row, key in enumerate(keys):
        if key in known or key in fresh:
            repeated.append(key)
        else:
            fresh[key] = row
    ids = known | {key: first + place for place, key in enumerate(fresh)}
    rows = np.fromiter(fresh.values(), np.int64, len(fresh))
    trials = _put_trials(connection, batch, first, list(fresh), rows)
    told = [(repeat_first + at, ids[key]) for at, key in enumerate(repeated)]
    connection.executemany(_PUT_REPEAT, told)
    ended = [_outcome(batch.scope.study, one, [ids[key] for key in keys]) for one in outcomes]
    connection.executemany(_PUT_OUTCOME, ended)
    others = [chain.repeat_bytes(trial) for _, trial in told]
    others += [chain.outcome_bytes(*row[1:]) for row in ended]
    last, uncounted = last_of(connection)
    scope = batch.scope
    link = Link(
        seq=last.seq + 1, kind=str(scope.kind), study=scope.study, strategy=scope.strategy,
        family=scope.family, body=scope.body, data=scope.data, market=scope.market,
        timeframe=scope.timeframe, from_ms=scope.from_ms, to_ms=scope.to_ms,
        settings=scope.settings, code_version=scope.code_version,
        names=canonical_json(list(scope.names)), first_block=batch.first_block,
        trial_first=first, trial_count=len(fresh), repeat_first=repeat_first,
        repeat_count=len(told), outcome_first=outcomes[0].number if outcomes else 0,
        outcome_count=len(ended), trials=last.trials + len(fresh), uncounted=uncounted, note="",
        previous=last.hash,
    )  # fmt: skip
    return put_link(connection, link, chain.link_hash(link, [trials], others))


def _put_trials(
    connection: sqlite3.Connection,
    batch: TrialBatch,
    first: int,
    keys: list[bytes],
    rows: NDArray[np.int64],
) -> bytes:
    """Write the new trials; return their bytes as they are hashed."""
    if not keys:
        return b""
    params, figures = plain(batch.values[rows]), plain(batch.figures[rows])
    sketches = np.ascontiguousarray(batch.sketches[rows], np.float32)
    numbers = figures.tolist()  # SQLite keeps NaN as NULL
    connection.executemany(
        _PUT_TRIAL,
        [
            (first + at, key, params[at].tobytes(), *numbers[at], sketches[at].tobytes())
            for at, key in enumerate(keys)
        ],
    )
    parts = [np.frombuffer(b"".join(keys), np.uint8).reshape(len(keys), -1)]
    parts += [each.view(np.uint8).reshape(len(keys), -1) for each in (params, figures, sketches)]
    return np.concatenate(parts, axis=1).tobytes()


def _outcome(
    study: str, one: Outcome, ids: list[int]
) -> tuple[str, int, int, int | None, bytes, str]:
    trial = None if one.row is None else ids[one.row]
    score = plain(np.array(one.values, np.float64)).tobytes()
    return study, one.number, int(one.state), trial, score, one.words
