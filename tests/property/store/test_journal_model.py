"""Any order of appending, keeping states, archiving, restarting, backing up and restoring.

The model is a list of numbers and the heads that were told; whatever is done in whatever order, the
journal holds what the model says, is whole, and agrees with every head it ever told.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.fakes.disk import QuickDisk
from tests.fakes.journals import Home, number_of, numbered

from ballast.store.journal import archive as archives
from ballast.store.journal.backup import backup, restore
from ballast.store.journal.sqlite import SqliteDatabase
from ballast.store.journal.writer import JournalWriter, Start

if TYPE_CHECKING:
    from ballast.core.journal import Head


class Journals(RuleBasedStateMachine):
    """One journal through many lives."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="ballast-model-"))
        self.home = Home(self.root / "journal")
        self.count = 0
        self.archived = 0
        self.told: list[tuple[str, Head]] = []
        self.state: tuple[int, bytes] | None = None  # numbers it holds, its bytes
        self.copies = 0
        self.copy: tuple[Path, int, tuple[int, bytes] | None, Head] | None = None
        self.journal = self.opened()

    def opened(self) -> JournalWriter:
        return self.home.open(SqliteDatabase(self.home.path, synchronous="OFF"))

    def teardown(self) -> None:
        self.journal.close()
        shutil.rmtree(self.root)

    @rule(size=st.integers(0, 5))
    def append(self, size: int) -> None:
        head = self.journal.append(numbered(self.count, size))
        self.count += size
        self.told.append((f"after {self.count}", head))

    @rule()
    def keep_state(self) -> None:
        self.state = (self.count, b"state of %d" % self.count)
        self.journal.snapshot(self.state[1], seq=self.journal.head.seq, at_ns=1)

    @rule()
    def restart(self) -> None:
        epoch = self.journal.epoch
        self.journal.close()
        self.journal = self.opened()
        assert self.journal.epoch == epoch + 1

    @rule(before_s=st.integers(0, 60))
    def put_away(self, before_s: int) -> None:
        folder = self.root / "old"
        before_ns = before_s * 10**9
        made = archives.archive(
            self.journal, folder, before_ns=before_ns, at_ns=1, disk=QuickDisk()
        )
        if made is not None:
            path = folder / made.file
            self.archived += sum("{" in one.body and one.kind == "order.intent"
                                 for one in archives.read_archive(path))  # fmt: skip

    @rule()
    def save(self) -> None:
        self.copies += 1
        path = self.root / f"copy{self.copies}.sqlite"
        with closing(SqliteDatabase(self.home.path, read_only=True)) as database:
            head = backup(database, path, QuickDisk())
        assert head == self.journal.head
        self.copy = (path, self.count, self.state, head)

    @precondition(lambda self: self.copy is not None)
    @rule()
    def put_back(self) -> None:
        """Over whatever is there; what the copy does not have is lost, and that is accepted."""
        assert self.copy is not None
        path, self.count, self.state, head = self.copy
        self.told = [(where, one) for where, one in self.told if one.seq <= head.seq]
        self.journal.close()
        start = Start("restore", "restore", 1, accept_loss="the model says so")
        database = SqliteDatabase(self.home.path)
        restore(path, database, self.home.head_file, start)
        self.journal = self.opened()
        with self.journal.reader.reading() as tx:
            first = self.journal.reader.before_first(tx)
        rest = list(self.journal.reader.walk(first))
        self.archived = self.count - sum(one.kind == "order.intent" for one in rest)

    @invariant()
    def holds_what_the_model_says(self) -> None:
        assert self.home.numbers() == list(range(self.archived, self.count))
        found = self.home.verify(*self.told[-20:])
        assert found.problems == ()
        loaded = self.journal.load()
        kept = (loaded.snapshot.state if loaded.snapshot else None,)
        assert kept == (self.state[1] if self.state else None,)
        first = self.state[0] if self.state else 0
        assert [number_of(one.body) for one in loaded.tail] == list(range(first, self.count))


Journals.TestCase.settings = settings(max_examples=15, stateful_step_count=14, deadline=None)
TestJournals = Journals.TestCase
