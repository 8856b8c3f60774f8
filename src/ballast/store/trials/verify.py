"""Verify: is this the ledger of everything that was tried, and if not, what shows it.

Three witnesses are asked. The ledger itself: its tables and triggers are those of Ballast, and
every batch has the hash that its rows and the batch before give it. Its heads: the one beside it,
those in the results, and any a caller brings from certificates; each names a batch that must be
there. And the results: one that no batch knows was made without the ledger.

What this cannot see: trials made outside of the workspace, and a workspace from which ledger, head
and results were all taken away. The certificates' own heads see the second.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from ballast.core.errors import DataError
from ballast.store import tables
from ballast.store.trials import chain, heads, schema
from ballast.store.trials.chain import GENESIS, Head, Link
from ballast.store.trials.file import holds, last_of
from ballast.store.trials.results import witnesses

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from ballast.store.trials.ledger import TrialLedger

PROBLEMS_MAX = 20
"""Past the first edited row every later link is suspect; more lines than this help nobody."""
_LINK = tuple(item.name for item in fields(Link))


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found. `problems` say that something was done to the ledger; `remarks` do not.

    `uncounted` trials are known to have been made and are not in the ledger: deflation must add
    them to `trials`.
    """

    problems: tuple[str, ...]
    remarks: tuple[str, ...]
    head: Head
    trials: int
    uncounted: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing speaks against the ledger."""
        return not self.problems


def verify(
    ledger: TrialLedger, results: Path | None = None, anchors: Iterable[tuple[str, Head]] = ()
) -> Verification:
    """Hold the ledger against its own hashes, its heads and the results; change nothing.

    `anchors` are (where it was found, head): those of certificates, for example.
    """
    problems: list[str] = []
    remarks: list[str] = []
    try:
        beside = heads.read(ledger.path)
        seen = witnesses(results) if results is not None else []
        with ledger.file.reading() as connection, _snapshot(connection):
            if connection is None:
                problems += _missing(beside, len(seen))
                lost = max(sum(one.trials for one in seen), beside.trials if beside else 0)
                return Verification(tuple(problems), (), Head(), 0, lost)
            if beside is None and heads.read(ledger.path) is not None:
                beside = Head()  # the first writer of all came between our two looks
            problems += _tables(connection)
            problems += _chain(connection)[:PROBLEMS_MAX]
            last, uncounted = last_of(connection)
            named = [(str(one.folder), one.anchor) for one in seen if one.anchor is not None]
            problems += _heads(connection, beside, [*named, *anchors])
            remarks += _notes(connection)
            known = {row[0] for row in connection.execute("SELECT DISTINCT study FROM batches")}
            strange = [one for one in seen if one.folder.name not in known]
            if strange:
                remarks.append(
                    f"{len(strange)} results are in no batch of the ledger, the first is "
                    f"{strange[0].folder}"
                )
    except (DataError, sqlite3.Error) as error:
        return Verification((*problems, str(error)), tuple(remarks), Head(), 0, 0)
    return Verification(tuple(problems), tuple(remarks), last, last.trials, uncounted)


@contextmanager
def _snapshot(connection: sqlite3.Connection | None) -> Iterator[None]:
    """See one state of the ledger, whatever other processes write meanwhile."""
    if connection is None:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _missing(beside: Head | None, results: int) -> list[str]:
    found = []
    if beside is not None and beside.seq:
        found.append(
            f"the ledger is gone: its head beside it names batch {beside.seq} and "
            f"{beside.trials} trials"
        )
    if results:
        found.append(f"there is no ledger, and there are {results} results")
    return found


def _tables(connection: sqlite3.Connection) -> list[str]:
    """Compare tables, indices and triggers with those of an untouched ledger."""
    changed = tables.changed(tables.described(connection), schema.wanted())
    found = [f"tables or triggers were changed: {', '.join(changed)}"] if changed else []
    check = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    return found + ([] if check == "ok" else [f"the file is damaged: {check}"])


def _chain(connection: sqlite3.Connection) -> list[str]:
    """Compute every hash again, in one walk over all rows."""
    found: list[str] = []
    previous, seq, counted = GENESIS, 0, 0
    trial_next, repeat_next, outcomes = 1, 1, 0
    trials = _Walk(connection, _TRIALS)
    repeats = _Walk(connection, "SELECT id, trial FROM repeats ORDER BY id")
    for row in connection.execute("SELECT * FROM batches ORDER BY seq"):
        link, said = Link(**dict(zip(_LINK, row[:-1], strict=True))), row[-1]
        seq += 1
        counted += link.trial_count
        told = {
            "the number": link.seq == seq,
            "the hash before it": link.previous == previous,
            "the count": link.trials == counted,
            "the first trial": link.trial_first == trial_next,
            "the first repetition": link.repeat_first == repeat_next,
            "the hash": said == _hash_again(connection, link, trials, repeats),
        }
        wrong = [name for name, is_right in told.items() if not is_right]
        if wrong:
            found.append(f"batch {link.seq}: {', '.join(wrong)} is not what was written")
        seq, previous, counted = link.seq, said, link.trials
        trial_next = link.trial_first + link.trial_count
        repeat_next = link.repeat_first + link.repeat_count
        outcomes += link.outcome_count
    total = connection.execute("SELECT count(*) FROM outcomes").fetchone()[0]
    rest = len(list(trials.take(None))) + len(list(repeats.take(None))) + total - outcomes
    return [*found, f"{rest} rows belong to no batch"] if rest else found


_TRIALS = (
    "SELECT id, key, params, sharpe, trades, total_return, skew, kurtosis, days, sketch "
    "FROM trials ORDER BY id"
)


class _Walk:
    """Rows of a table in the order of their ids, taken batch by batch."""

    def __init__(self, connection: sqlite3.Connection, statement: str) -> None:
        self.cursor = connection.execute(statement)
        self.ahead: Sequence[object] | None = self.cursor.fetchone()

    def take(self, until: int | None) -> Iterator[Sequence[object]]:
        """Yield the rows with an id below `until`; all that are left where it is None."""
        while self.ahead is not None and (until is None or int(str(self.ahead[0])) < until):
            yield self.ahead
            self.ahead = self.cursor.fetchone()


def _hash_again(connection: sqlite3.Connection, link: Link, trials: _Walk, repeats: _Walk) -> str:
    rows = trials.take(link.trial_first + link.trial_count)
    parts = (chain.trial_bytes(row[1], row[2], row[3:9], row[9]) for row in rows)  # type: ignore[arg-type]  # columns as written
    more = repeats.take(link.repeat_first + link.repeat_count)
    others = [chain.repeat_bytes(int(str(row[1]))) for row in more]
    if link.outcome_count:
        ended = connection.execute(
            "SELECT number, state, trial, score, words FROM outcomes "
            "WHERE study = ? AND number >= ? ORDER BY number LIMIT ?",
            (link.study, link.outcome_first, link.outcome_count),
        )
        others += [chain.outcome_bytes(*row) for row in ended]
    return chain.link_hash(link, parts, others)


def _heads(
    connection: sqlite3.Connection, beside: Head | None, anchors: Iterable[tuple[str, Head]]
) -> list[str]:
    """Ask of each head outside whether its batch is there."""
    if beside is None:
        return ["the head beside the ledger is gone"]
    found = []
    if not holds(connection, beside):
        found.append(
            f"the ledger is not the one of its head: batch {beside.seq} with {beside.trials} "
            "trials is not in it (an older copy, or another ledger)"
        )
    # A head from before a loss that was recorded is accounted for: its trials are uncounted.
    lost = connection.execute(
        "SELECT coalesce(max(trials + uncounted), -1) FROM batches WHERE note != ''"
    ).fetchone()[0]
    strange = [
        (where, one) for where, one in anchors if not holds(connection, one) and one.trials > lost
    ]
    if strange:
        where, one = strange[0]
        more = f", and {len(strange) - 1} more do not agree" if strange[1:] else ""
        found.append(
            f"{where} was made under batch {one.seq} with {one.trials} trials, "
            f"which the ledger does not have{more}"
        )
    return found


def _notes(connection: sqlite3.Connection) -> list[str]:
    """Return what writers recorded of losses."""
    rows = connection.execute("SELECT seq, note FROM batches WHERE note != '' ORDER BY seq")
    return [f"batch {seq}: {note}" for seq, note in rows]
