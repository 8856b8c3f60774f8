"""Queries: what the ledger is asked, as statements on an open connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

ASKED = 500  # keys looked up in one statement: SQLite allows 999 variables everywhere


@dataclass(frozen=True, slots=True)
class Filter:
    """Which trials: of a family, of a data fingerprint, of a market; None is any."""

    family: str | None = None
    data: str | None = None
    market: str | None = None

    def words(self) -> tuple[str | None, str | None, str | None]:
        """Return the values of the placeholders."""
        return self.family, self.data, self.market


_FITS = "family = coalesce(?, family) AND data = coalesce(?, data) AND market = coalesce(?, market)"


@dataclass(frozen=True, slots=True)
class Range:
    """The trials of one batch: ids from `first` on, and the block their sketches start at."""

    first: int
    count: int
    first_block: int


@dataclass(frozen=True, slots=True)
class FamilyLine:
    """One family as `ballast trials` lists it; `best_sharpe` is per day."""

    family: str
    strategies: str
    markets: str
    timeframes: str
    kinds: str
    trials: int
    repeats: int
    from_ms: int
    to_ms: int
    best_sharpe: float | None


@dataclass(frozen=True, slots=True)
class StudyRows:
    """The numbers of a study that have ended, by number.

    `params` and `scores` are NaN where there are none (a refused number has no parameters).
    """

    numbers: NDArray[np.int64]
    states: NDArray[np.int8]
    params: NDArray[np.float64]  # [n, parameters], sorted by name
    scores: NDArray[np.float64]  # [n, values of a score]
    words: tuple[str, ...]

    def __len__(self) -> int:
        """Count the numbers."""
        return len(self.numbers)


def known_ids(connection: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, int]:
    """Return the ids of the trials that are counted already."""
    found: dict[bytes, int] = {}
    for start in range(0, len(keys), ASKED):
        part = keys[start : start + ASKED]
        asked = f"SELECT key, id FROM trials WHERE key IN ({', '.join('?' * len(part))})"  # noqa: S608
        found |= dict(connection.execute(asked, part).fetchall())
    return found


def ranges(connection: sqlite3.Connection, which: Filter) -> list[Range]:
    """Return the batches with trials that fit, in their order."""
    rows = connection.execute(
        "SELECT trial_first, trial_count, first_block FROM batches "  # noqa: S608 - a constant
        f"WHERE trial_count > 0 AND {_FITS} ORDER BY seq",
        which.words(),
    )
    return [Range(*row) for row in rows]


def column(
    connection: sqlite3.Connection, name: str, which: Filter, limit: int | None = None
) -> Iterator[tuple[int, Any]]:
    """Yield (first block, value) of a column of the trials that fit, in the order of counting.

    With `limit` at most so many, evenly spaced.
    """
    parts = ranges(connection, which)
    total = sum(part.count for part in parts)
    step = 1.0 if limit is None else max(total / max(limit, 1), 1.0)
    seen = given = 0
    asked = f"SELECT {name} FROM trials WHERE id >= ? AND id < ? ORDER BY id"  # noqa: S608 - ours
    for part in parts:
        for (value,) in connection.execute(asked, (part.first, part.first + part.count)):
            if seen >= given * step:
                given += 1
                yield part.first_block, value
            seen += 1


def families(connection: sqlite3.Connection) -> list[FamilyLine]:
    """Return one line a family, the most tried first."""
    rows = connection.execute(
        "SELECT family, group_concat(DISTINCT strategy), group_concat(DISTINCT market), "
        "group_concat(DISTINCT timeframe), group_concat(DISTINCT kind), "
        "sum(trial_count), sum(repeat_count), min(from_ms), max(to_ms) "
        "FROM batches WHERE family != '' GROUP BY family ORDER BY sum(trial_count) DESC, family"
    ).fetchall()
    best = dict(
        connection.execute(
            "SELECT family, max(sharpe) FROM batches JOIN trials ON trials.id >= trial_first "
            "AND trials.id < trial_first + trial_count GROUP BY family"
        ).fetchall()
    )
    return [FamilyLine(*(*row, best.get(row[0]))) for row in rows]


def study_rows(connection: sqlite3.Connection, study: str) -> StudyRows:
    """Return what has ended of a study."""
    rows = connection.execute(
        "SELECT number, state, score, words, params FROM outcomes "
        "LEFT JOIN trials ON trials.id = outcomes.trial WHERE study = ? ORDER BY number",
        (study,),
    ).fetchall()
    return StudyRows(
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] for row in rows], np.int8),
        _matrix([row[4] or b"" for row in rows]),
        _matrix([row[2] for row in rows]),
        tuple(row[3] for row in rows),
    )


def _matrix(parts: list[bytes]) -> NDArray[np.float64]:
    """Return blobs of float64 as rows, as wide as the widest, NaN where there is nothing."""
    width = max((len(part) for part in parts), default=0) // 8
    found = np.full((len(parts), width), np.nan)
    for row, part in zip(found, parts, strict=True):
        row[: len(part) // 8] = np.frombuffer(part, np.float64)
    return found
