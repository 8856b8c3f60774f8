"""The port of the journal: what the node relies on, in memory, SQLite and PostgreSQL alike.

R-ARCH-24: both sides of the seam are held to it, and the fake of the tests too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.fakes.journals import Home, number_of, numbered
from tests.fakes.memory_journal import Memory, MemoryJournal

from ballast.core.errors import InternalError
from ballast.core.journal import Entry, LeaseLostError, WriteFailedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ballast.core.journal import Journal

    Opens = Callable[[], Journal]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def opens(request: pytest.FixtureRequest, tmp_path: Path) -> Opens:
    """A function that starts the next run on the same journal, whoever still holds it."""
    if request.param == "memory":
        memory = Memory()
        return lambda: MemoryJournal(memory, "run")
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    home = Home(tmp_path / "journal", url, account=f"port_{request.node.name.split('[')[0][5:35]}")
    return lambda: home.open(take_over=True)


def test_a_start_finds_what_the_run_before_recorded(opens: Opens) -> None:
    first = opens()
    first.append(numbered(0, 4))
    at = first.head
    first.append(numbered(4, 2))
    first.snapshot(b"four", seq=at.seq, at_ns=1)
    first.append(numbered(6, 1))
    first.close()
    second = opens()
    loaded = second.load()
    assert loaded.snapshot is not None
    assert (loaded.snapshot.seq, loaded.snapshot.state) == (at.seq, b"four")
    assert [number_of(one.body) for one in loaded.tail] == [4, 5, 6]
    assert second.epoch == first.epoch + 1
    second.close()


def test_heads_of_equal_records_are_equal_only_after_equal_pasts(opens: Opens) -> None:
    journal = opens()
    first = journal.append(numbered(0, 1))
    second = journal.append(numbered(0, 1))
    assert second.seq == first.seq + 1
    assert second.hash != first.hash
    assert journal.append([]) == second
    journal.close()


def test_a_closed_journal_and_one_that_lost_its_lease_refuse(opens: Opens) -> None:
    old = opens()
    old.append(numbered(0, 1))
    new = opens()
    with pytest.raises(LeaseLostError):
        old.append(numbered(1, 1))
    new.append(numbered(1, 1))
    with pytest.raises(WriteFailedError):
        old.append(numbered(1, 1))
    new.close()
    with pytest.raises(WriteFailedError):
        new.append(numbered(2, 1))
    old.close()


def test_misuse_is_a_defect_and_closes_nothing(opens: Opens) -> None:
    journal = opens()
    with pytest.raises(InternalError):
        journal.append([Entry("journal.opened", "{}", 1)])
    with pytest.raises(InternalError):
        journal.snapshot(b"", seq=journal.head.seq + 1, at_ns=1)
    assert journal.append(numbered(0, 1)).seq == 2
    journal.close()


def test_a_write_that_fails_in_memory_fails_for_good() -> None:
    memory = Memory()
    journal = MemoryJournal(memory, "run")
    memory.fail_next = True
    for _ in range(2):
        with pytest.raises(WriteFailedError):
            journal.append(numbered(0, 1))
    assert len(memory.records) == 1
