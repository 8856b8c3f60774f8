"""Verify: is this everything that was recorded, as it was recorded, and if not, what shows it.

Three witnesses are asked. The journal: its tables and triggers are those of Ballast, the file has
no damaged page, every record has the hash that it and the one before give, epochs never fall,
snapshots are what their records say, and the last archive is sealed by a record. The head beside
it: it names a record that must be there. And heads from anywhere else, that a caller brings: from a
notification, a log, a backup.

What this cannot see: a chain computed anew from some record on, its head file written anew as well,
where nobody outside kept a later head. Keep heads elsewhere.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.core.errors import DataError
from ballast.core.journal import (
    ARCHIVED,
    LOSS,
    OPENED,
    SNAPSHOT,
    Head,
    Snapshot,
    follows,
    parse_head,
)
from ballast.store.journal.headfile import read_head
from ballast.store.journal.reader import (
    COLUMNS,
    JournalReader,
    head_of,
    holds,
    record_of,
    snapshot_body,
    unreadable,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ballast.core.journal import Record
    from ballast.store.journal.database import Database, Statements

PROBLEMS_MAX = 20
"""Past the first edited record every later one is suspect; more lines than this help nobody."""
PAGE = 5_000


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found. `problems` say that something was done to the journal; `remarks` do not."""

    problems: tuple[str, ...]
    remarks: tuple[str, ...]
    head: Head
    records: int  # that are here; archived ones are counted by the head

    @property
    def is_whole(self) -> bool:
        """Whether nothing speaks against the journal."""
        return not self.problems


def verify(
    database: Database, head_file: Path | None, anchors: Iterable[tuple[str, Head]] = ()
) -> Verification:
    """Hold the journal against its own hashes and every head that is known; change nothing.

    `anchors` are (where it was found, head).
    """
    found = _Findings()
    heads = list(anchors)
    is_alone = False
    try:
        beside = read_head(head_file) if head_file is not None else None
    except DataError as error:
        found.problems.append(error.line())
    else:
        if beside is not None:
            heads.insert(0, ("the head beside it", beside))
        else:
            is_alone = head_file is not None
    reader = JournalReader(database)
    try:
        if not reader.exists():
            lost = [f"{where} names record {head.seq}" for where, head in heads if head.seq]
            found.problems += [f"the journal is gone: {one}" for one in lost]
            return Verification(tuple(found.problems), (), Head(), 0)
        if is_alone:
            found.problems.append("the head beside the journal is gone")
        found.problems += database.damage()
        with reader.reading() as tx:
            _walk(tx, reader, found)
            _snapshots(tx, found)
            _heads(tx, heads, found)
            last = head_of(tx)
    except DataError as error:
        problems = (*found.problems, error.line())
        return Verification(problems, tuple(found.remarks), Head(), found.records)
    except database.errors as error:
        problems = (*found.problems, unreadable(database, error).line())
        return Verification(problems, tuple(found.remarks), Head(), found.records)
    problems = tuple(found.problems[:PROBLEMS_MAX])
    return Verification(problems, tuple(found.remarks), last, found.records)


class _Findings:
    """What a walk collects."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.remarks: list[str] = []
        self.records = 0
        self.epoch = 0
        self.archived: dict[str, object] = {}
        self.lost: list[tuple[int, int]] = []  # spans of records somebody accepted as lost


def _walk(tx: Statements, reader: JournalReader, found: _Findings) -> None:
    """Compute every hash again."""
    previous = reader.before_first(tx)
    sealed = previous
    while True:
        rows = tx.rows(
            f"SELECT {COLUMNS} FROM records WHERE seq > ? ORDER BY seq LIMIT {PAGE}",  # noqa: S608 - ours
            previous.seq,
        )
        for record in map(record_of, rows):
            if not follows(previous, record) and len(found.problems) < PROBLEMS_MAX:
                what = "was changed, or does not follow"
                if record.seq != previous.seq + 1:
                    what = f"comes after {previous.seq}: records between them are gone"
                found.problems.append(f"record {record.seq} {what}")
            if record.epoch < found.epoch:
                found.problems.append(f"record {record.seq} was written under an epoch that ended")
            found.epoch = max(found.epoch, record.epoch)
            _own(record, found)
            previous = record.head
        found.records += len(rows)
        if len(rows) < PAGE:
            break
    lease = int(tx.rows("SELECT epoch FROM lease WHERE id = 1")[0][0])
    if lease < found.epoch:
        found.problems.append(f"the lease is at epoch {lease}, and records have {found.epoch}")
    told = found.archived
    if sealed.seq and (told.get("last"), told.get("hash")) != (sealed.seq, sealed.hash):
        found.problems.append(f"no record seals the archive of records up to {sealed.seq}")


def _own(record: Record, found: _Findings) -> None:
    """Keep what the journal's own records say."""
    if record.kind not in (OPENED, LOSS, ARCHIVED):
        return
    try:
        body = json.loads(record.body)
        if record.kind == LOSS:
            head = parse_head(body["head"])
            found.lost.append((record.seq, head.seq))
            found.remarks.append(f"record {record.seq}: up to {head.seq} lost, {body['reason']}")
        elif record.kind == ARCHIVED:
            found.archived = body
        elif body["head"] == "missing":
            found.remarks.append(f"record {record.seq}: opened without a head beside it")
    except (ValueError, KeyError, TypeError, DataError):
        found.problems.append(f"record {record.seq} is none that the journal wrote")


def _snapshots(tx: Statements, found: _Findings) -> None:
    for record_seq, seq, state in tx.rows("SELECT record_seq, seq, state FROM snapshots"):
        rows = tx.rows("SELECT kind, body FROM records WHERE seq = ?", record_seq)
        wanted = (
            SNAPSHOT,
            snapshot_body(Snapshot(seq, record_seq, state if isinstance(state, bytes) else b"")),
        )
        if not rows or rows[0] != wanted:
            found.problems.append(f"snapshot {record_seq} is not what was written")


def _heads(tx: Statements, heads: Iterable[tuple[str, Head]], found: _Findings) -> None:
    """Ask of each head outside whether its record is there."""
    for where, head in heads:
        if holds(tx, head):
            continue
        if any(first <= head.seq + 1 and head.seq <= last for first, last in found.lost):
            found.remarks.append(f"{where} names record {head.seq} of what was lost")
            continue
        found.problems.append(
            f"{where} names record {head.seq}, which this journal does not have: it is an earlier "
            "copy, or another journal"
        )
