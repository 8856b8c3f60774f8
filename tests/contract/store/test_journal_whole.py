"""Every record of a journal, the archived ones too: over SQLite and PostgreSQL."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.fakes.journals import Home, number_of, numbered, put_by_hand, triggers_off

from ballast.core.errors import DataError
from ballast.core.journal import Head
from ballast.store.journal import JournalReader
from ballast.store.journal import archive as archives
from ballast.store.journal.whole import archives_of, whole

if TYPE_CHECKING:
    from ballast.core.journal import Record


def archived_twice(home: Home) -> list[Record]:
    """Return all records of a journal of which the oldest lie in two archives beside it."""
    with home.open() as journal:
        for number in range(0, 30, 10):
            journal.append(numbered(number, 10))
            journal.snapshot(b"%d" % number, seq=journal.head.seq, at_ns=1)
    with closing(home.database()) as database:
        records = list(JournalReader(database).walk(Head()))
    folder = archives_of(home.head_file)
    with home.open() as journal:
        assert archives.archive(journal, folder, before_ns=5 * 10**9, at_ns=77) is not None
        assert archives.archive(journal, folder, before_ns=2**62, at_ns=77) is not None
    assert len(list(folder.iterdir())) == 2
    return records


def test_what_needs_every_record_reads_the_archived_ones_too(home: Home) -> None:
    records = archived_twice(home)
    assert home.numbers()[0] > 5, "they are in the journal no more"
    with home.open() as journal:
        journal.append(numbered(30, 1))
        assert [number_of(one.body) for one in journal.records()] == list(range(31))
        kept = list(whole(journal.reader, archives_of(home.head_file)))
        assert kept[: len(records)] == records


def test_without_a_whole_snapshot_the_archives_are_the_memory(home: Home) -> None:
    """The journal is the memory, whatever became of the snapshots, and wherever its records lie."""
    archived_twice(home)
    put_by_hand(home, triggers_off(home, "snapshots"))
    put_by_hand(home, "DELETE FROM snapshots")
    with home.open() as journal:
        loaded = journal.load()
        assert loaded.snapshot is None
        assert [number_of(one.body) for one in loaded.tail] == list(range(30))
        with pytest.raises(DataError, match="no snapshot is whole and records up to"):
            journal.reader.load()


def test_an_archive_that_is_gone_or_another_is_said_in_one_line(home: Home) -> None:
    archived_twice(home)
    first, second = sorted(archives_of(home.head_file).iterdir(), key=lambda path: len(path.name))
    with home.open() as journal:
        first.rename(first.with_suffix(".away"))
        with pytest.raises(DataError, match="are archived, and their file is not here"):
            list(journal.records())
        first.write_bytes(second.read_bytes())
        with pytest.raises(DataError, match="does not follow record 0"):
            list(journal.records())
        first.with_suffix(".away").rename(first)
        short = list(archives.read_archive(second))[:-1]
        previous = list(archives.read_archive(first))[-1].head
        second.write_bytes(b"".join(archives._packed(previous, short)))
        with pytest.raises(DataError, match="the archive is not what was kept"):
            list(journal.records())
