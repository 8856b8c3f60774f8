"""Group: one commit for everybody who waits.

Syncing costs a few tenths of a millisecond whatever is synced. So one thread writes: it takes all
entries that have come in while it was writing the last ones, and records them in one transaction.
A caller alone waits for one sync; sixty-four callers wait for one or two, not for sixty-four. Order
is kept: entries are recorded in the order in which `append` was called.

A caller that is cancelled while it waits does not know whether its entries are there, as after a
crash: the journal says. A failed write fails everybody who waits and everybody who comes later.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.core.errors import InternalError
from ballast.core.journal import ENTRIES_MAX, OWN, Head, WriteFailedError
from ballast.store.journal.writer import HALT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.core.journal import Entry
    from ballast.store.journal.writer import JournalWriter

CALLERS_MAX = 256
"""Of one transaction: more would only make the first of them wait longer."""


@dataclass(frozen=True, slots=True)
class _Ask:
    entries: Sequence[Entry]
    done: Future[Head]


class GroupJournal:
    """The front of a `JournalWriter` for many callers, async or threads. It owns the writer."""

    def __init__(self, writer: JournalWriter) -> None:
        self.writer = writer
        self._asked: queue.SimpleQueue[_Ask | None] = queue.SimpleQueue()
        self._closing = threading.Lock()
        self._is_closed = False
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._thread.start()

    def submit(self, entries: Sequence[Entry]) -> Future[Head]:
        """Ask for entries to be recorded; the future holds the head when they are durable."""
        for entry in entries:
            if entry.kind.startswith(OWN):
                raise InternalError(f"{entry.kind} is a kind of the journal itself")
        if len(entries) > ENTRIES_MAX:
            raise InternalError(f"{len(entries)} entries at once; at most {ENTRIES_MAX}")
        done: Future[Head] = Future()
        with self._closing:
            if self._is_closed:
                raise WriteFailedError("the journal is closed for writing: it was closed", fix=HALT)
            self._asked.put(_Ask(entries, done))
        return done

    async def append(self, entries: Sequence[Entry]) -> Head:
        """Record all entries or none; return when they are durable."""
        return await asyncio.wrap_future(self.submit(entries))

    def close(self) -> None:
        """Record what was asked for, then close the journal."""
        with self._closing:
            if not self._is_closed:
                self._is_closed = True
                self._asked.put(None)
        self._thread.join()
        self.writer.close()

    def _work(self) -> None:
        while (first := self._asked.get()) is not None:
            group = [first]
            is_last = False
            size = len(first.entries)
            while len(group) < CALLERS_MAX and size < ENTRIES_MAX // 2:
                try:
                    ask = self._asked.get_nowait()
                except queue.Empty:
                    break
                if ask is None:
                    is_last = True
                    break
                group.append(ask)
                size += len(ask.entries)
            self._record(group)
            if is_last:
                return

    def _record(self, group: list[_Ask]) -> None:
        """Write one transaction and wake everybody who waits for it."""
        waiting = [one for one in group if one.done.set_running_or_notify_cancel()]
        try:
            head = self.writer.put([entry for one in waiting for entry in one.entries])
        except BaseException as error:
            for one in waiting:
                one.done.set_exception(error)
            if not isinstance(error, Exception):
                raise
        else:
            for one in waiting:
                one.done.set_result(head)
