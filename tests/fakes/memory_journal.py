"""A journal in memory for tests of thinking: the port of `core/journal.py`, without a disk.

A crash is to drop it and open another on the same `Memory`; `fail_next` makes the next write fail.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ballast.core.errors import InternalError
from ballast.core.journal import (
    OPENED,
    OWN,
    SNAPSHOT,
    Entry,
    Head,
    LeaseLostError,
    Loaded,
    Record,
    Snapshot,
    WriteFailedError,
    chained,
    follows,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass
class Memory:
    """What outlives the process."""

    records: list[Record] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    epoch: int = 0
    fail_next: bool = False


class MemoryJournal:
    """A writer of one run."""

    def __init__(self, memory: Memory, run: str, at_ns: int = 0) -> None:
        self.memory = memory
        memory.epoch += 1
        self._run, self._epoch, self._is_closed = run, memory.epoch, False
        self._put([Entry(OPENED, f'{{"epoch":{self._epoch}}}', at_ns)])

    @property
    def head(self) -> Head:
        return self.memory.records[-1].head if self.memory.records else Head()

    @property
    def epoch(self) -> int:
        return self._epoch

    def append(self, entries: Sequence[Entry]) -> Head:
        if any(one.kind.startswith(OWN) for one in entries):
            raise InternalError("a kind of the journal itself")
        return self._put(entries)

    def snapshot(self, state: bytes, *, seq: int, at_ns: int) -> Head:
        if not 0 <= seq <= self.head.seq:
            raise InternalError(f"a snapshot of record {seq}, and the head is {self.head.seq}")
        head = self._put([Entry(SNAPSHOT, f'{{"seq":{seq}}}', at_ns)])
        self.memory.snapshots.append(Snapshot(seq, head.seq, state))
        return head

    def load(self) -> Loaded:
        found = self.memory.snapshots[-1] if self.memory.snapshots else None
        return Loaded(found, self._tail(found.seq if found else 0))

    def records(self) -> Iterator[Record]:
        return self._tail(0)

    def close(self) -> None:
        self._is_closed = True

    def _tail(self, after: int) -> Iterator[Record]:
        previous = self.memory.records[after - 1].head if after else Head()
        for record in self.memory.records[after:]:
            assert follows(previous, record)
            previous = record.head
            if not record.kind.startswith(OWN):
                yield record

    def _put(self, entries: Sequence[Entry]) -> Head:
        if self._is_closed:
            raise WriteFailedError("the journal is closed for writing")
        if self.memory.epoch != self._epoch or self.memory.fail_next:
            self._is_closed = True
            kind = WriteFailedError if self.memory.fail_next else LeaseLostError
            self.memory.fail_next = False
            raise kind("the journal could not be written")
        for entry in entries:
            self.memory.records.append(chained(self.head, entry, self._run, self._epoch))
        return self.head
