"""Journal: the words of the node's memory: entries, records, heads, and the port that keeps them.

A journal is one account's append-only chain of records. `append` returns when the records are on
the medium; only then may anything they announce be sent. Each record carries the hash of the one
before it, so that whoever edits, drops or slips in a record must compute all later hashes anew, and
the journal then disagrees with every head written down elsewhere.

    seq      1, 2, 3, ... without a hole
    run      the start of the node it belongs to
    epoch    the lease of the writer: it never falls
    at_ns    when, as the node's events say; no clock is read here
    kind     what: `order.intent`, `gate.refused`; `journal.*` is written by the journal itself
    version  of the form of bodies of this kind
    body     canonical JSON text

The journal reads no body. `core/codec.py` makes bodies of values and values of bodies.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ballast.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HASH_BYTES = 32
"""Longer than the hashes of results: who forges a journal may try many bodies, results are ours."""
GENESIS = "0" * (2 * HASH_BYTES)
"""What stands before the first record."""
BODY_BYTES_MAX = 4 << 20
"""A state of thousands of orders fits; a body beyond it is a defect that would fill the disk."""
ENTRIES_MAX = 100_000
"""Of one call: one transaction, held in memory."""
INT64_MAX = (1 << 63) - 1
OWN = "journal."
"""Kinds that begin so are the journal's own."""
OPENED, SNAPSHOT, ARCHIVED, LOSS = (
    "journal.opened", "journal.snapshot", "journal.archived", "journal.loss",
)  # fmt: skip
"""A writer took the lease; a state was kept; records were moved to a file; records are lost."""
CLOSED, FOLLOWS = "journal.closed", "journal.follows"
"""The last record of a journal that was put away, and the first words of the one in its place."""
_KIND = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
_NAME_MAX = 80
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")


class WriteFailedError(DataError):
    """The journal could not be written and is closed for writing: halt, send nothing."""


class LeaseLostError(WriteFailedError):
    """Another process writes for this account now: send nothing more (A10)."""


class BehindError(DataError):
    """The journal is older than its head: an earlier copy, or its end is gone (K8)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be recorded."""

    kind: str
    body: str
    at_ns: int
    version: int = 1

    def __post_init__(self) -> None:
        """Refuse what no journal could give back as it was."""
        check_kind(self.kind)
        if not 0 <= self.at_ns <= INT64_MAX:
            raise DataError(f"{self.at_ns} is no time", where=self.kind, expected="ns since 1970")
        if not 1 <= self.version <= INT64_MAX:
            raise DataError(f"{self.version} is no version", where=self.kind, expected="1, 2, ...")
        try:
            size = len(self.body.encode())
        except UnicodeEncodeError:
            raise DataError("the body holds half a character", where=self.kind) from None
        if size > BODY_BYTES_MAX or "\0" in self.body:
            raise DataError(
                f"a body of {size} bytes cannot be kept",
                where=self.kind,
                expected=f"text of at most {BODY_BYTES_MAX} bytes without NUL",
            )


@dataclass(frozen=True, slots=True)
class Record:
    """What was recorded. `hash` is hex and covers everything else and the record before."""

    seq: int
    run: str
    epoch: int
    at_ns: int
    kind: str
    version: int
    body: str
    hash: str

    @property
    def head(self) -> Head:
        """Return the head of the journal when this was its last record."""
        return Head(self.seq, self.hash)


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: its last number and hash. Written down elsewhere it is an anchor."""

    seq: int = 0
    hash: str = GENESIS

    def __str__(self) -> str:
        """Return `12:5f0c...`, which `parse_head` reads."""
        return f"{self.seq}:{self.hash}"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state that holds everything up to record `seq`, itself kept by record `record_seq`."""

    seq: int
    record_seq: int
    state: bytes


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a start needs: the newest whole snapshot, and the records after it, checked on the way.

    `tail` has the caller's records only; it raises `DataError` at the first one that is not what
    was written. `damaged` names snapshots that were passed over.
    """

    snapshot: Snapshot | None
    tail: Iterator[Record]
    damaged: tuple[str, ...] = ()


class Journal(Protocol):
    """An open journal, held by its one writer."""

    @property
    def head(self) -> Head:
        """The last acknowledged record."""
        ...

    @property
    def epoch(self) -> int:
        """The lease of this writer."""
        ...

    def append(self, entries: Sequence[Entry]) -> Head:
        """Record all entries or none; they are on the medium when this returns.

        Raise `WriteFailedError` otherwise, and from then on at every call.
        """
        ...

    def snapshot(self, state: bytes, *, seq: int, at_ns: int) -> Head:
        """Keep a state that holds everything up to record `seq`."""
        ...

    def load(self) -> Loaded:
        """Return the newest snapshot and the records after it."""
        ...

    def records(self) -> Iterator[Record]:
        """Yield every record of the caller's from the first on, archived ones too.

        Raise `DataError` where an archive is not at hand.
        """
        ...

    def close(self) -> None:
        """Give the lease back."""
        ...


def check_kind(kind: str) -> None:
    """Raise `DataError` unless it is lower-case words joined by dots."""
    if len(kind) > _NAME_MAX or not _KIND.fullmatch(kind):
        raise DataError(f"'{kind}' is no kind of a record", expected="words as order.intent")


def check_run(run: str) -> str:
    """Return the name of a run, or raise `DataError`."""
    if len(run) > _NAME_MAX or not _RUN.fullmatch(run):
        raise DataError(f"'{run}' cannot name a run", expected="letters, digits, . _ : -")
    return run


def chained(previous: Head, entry: Entry, run: str, epoch: int) -> Record:
    """Return the record that an entry becomes after `previous`."""
    seq = previous.seq + 1
    digest = record_hash(
        previous.hash, seq, run, epoch, entry.at_ns, entry.kind, entry.version, entry.body
    )
    return Record(seq, run, epoch, entry.at_ns, entry.kind, entry.version, entry.body, digest)


def record_hash(
    previous: str, seq: int, run: str, epoch: int, at_ns: int, kind: str, version: int, body: str
) -> str:
    """Return the hash of a record: the one before it, a line of its envelope, its body.

    No field of the envelope can hold a blank or a line end, so two records never read the same.
    """
    line = f"{previous} {seq} {run} {epoch} {at_ns} {kind} {version}\n{body}"
    return hashlib.blake2b(line.encode(), digest_size=HASH_BYTES).hexdigest()


def follows(previous: Head, record: Record) -> bool:
    """Whether a record is what was written after `previous`."""
    return record.seq == previous.seq + 1 and record.hash == record_hash(
        previous.hash, record.seq, record.run, record.epoch, record.at_ns, record.kind,
        record.version, record.body,
    )  # fmt: skip


def parse_head(text: str) -> Head:
    """Read `12:5f0c...`; raise `DataError` otherwise."""
    seq, _, digest = text.strip().partition(":")
    whole = re.fullmatch(rf"[0-9a-f]{{{2 * HASH_BYTES}}}", digest)
    if not re.fullmatch(r"[0-9]{1,18}", seq) or whole is None:
        raise DataError("is not the head of a journal", expected="NUMBER:HASH", where=text[:40])
    return Head(int(seq), digest)
