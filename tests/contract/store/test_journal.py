"""What every store of the journal must do: the same tests over SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import threading
from contextlib import closing
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fakes.journals import Home, number_of, numbered, numbered_one, put_by_hand, triggers_off

from ballast.core.errors import DataError, InternalError
from ballast.core.journal import (
    Entry,
    Head,
    LeaseLostError,
    WriteFailedError,
    follows,
)
from ballast.store.journal import GroupJournal, JournalReader, JournalWriter, Query


def test_records_come_back_as_they_were_given_and_chained(home: Home) -> None:
    """R-STATE-09, R-STATE-13: number, run, epoch, time, kind, version, body; a hash over all."""
    with home.open() as journal:
        journal.append([Entry("order.intent", '{"qty_lots":3}', 17, version=2)])
        head = journal.append([Entry("fill", '{"é":"\\u0000"}', 5), numbered_one(1)])
    with closing(home.database(read_only=True)) as database:
        reader = JournalReader(database)
        records = list(reader.walk(Head()))
    assert [(one.seq, one.kind, one.version, one.body, one.at_ns) for one in records[1:]] == [
        (2, "order.intent", 2, '{"qty_lots":3}', 17),
        (3, "fill", 1, '{"é":"\\u0000"}', 5),
        (4, "order.intent", 1, '{"n":1,"symbol":"S1"}', 10**9),
    ]
    assert {(one.run, one.epoch) for one in records} == {("run-1", 1)}
    assert records[-1].head == head
    assert all(follows(left.head, right) for left, right in pairwise(records))
    assert home.verify().is_whole


def test_a_second_start_goes_on_with_the_next_epoch(home: Home) -> None:
    with home.open() as journal:
        journal.append(numbered(0, 3))
        assert journal.epoch == 1
        head = journal.head
    with home.open() as journal:
        assert journal.epoch == 2
        assert journal.head.seq == head.seq + 1, "the start itself is recorded"
        journal.append(numbered(3, 2))
    assert home.numbers() == [0, 1, 2, 3, 4]
    assert home.verify(("a note", head)).problems == ()


def test_all_entries_of_a_call_or_none(home: Home) -> None:
    """A batch whose last record the store refuses leaves none of its records."""
    with home.open() as journal:
        journal.append(numbered(0, 2))
        put_by_hand(home, "DELETE FROM records WHERE seq = 0")  # touches nothing
        taken = journal.head.seq + 3
        row = "INSERT INTO records VALUES (?, 'x', 1, 1, 'x', 1, '{}', ?)"
        put_by_hand(home, row, taken, b"x" * 32)
        with pytest.raises(WriteFailedError):
            journal.append(numbered(2, 3))
    with closing(home.database(read_only=True)) as database:
        found = list(JournalReader(database).find(Query()))
    assert [one.seq for one in found] == [1, 2, 3, taken]


def test_the_first_failure_closes_the_journal_for_good(home: Home) -> None:
    """Nothing may be sent after a write that failed, so no later write may succeed."""
    with home.open() as journal:
        head = journal.append(numbered(0, 1))
        put_by_hand(home, "INSERT INTO records VALUES (3, 'x', 1, 1, 'x', 1, '{}', ?)", b"x" * 32)
        with pytest.raises(WriteFailedError, match="could not be written"):
            journal.append(numbered(1, 1))
        for act in (
            lambda: journal.append(numbered(1, 1)),
            lambda: journal.snapshot(b"state", seq=1, at_ns=1),
        ):
            with pytest.raises(WriteFailedError, match="closed for writing"):
                act()
        assert journal.head == head
        assert journal.why_closed


def test_nothing_to_append_changes_nothing(home: Home) -> None:
    """R-STATE-06: nothing new is nothing written: the journal only grows by what happened."""
    with home.open() as journal:
        assert journal.append([]) == journal.head == Head(1, journal.head.hash)


def test_kinds_of_the_journal_itself_are_not_the_callers(home: Home) -> None:
    with home.open() as journal:
        with pytest.raises(InternalError):
            journal.append([Entry("journal.loss", "{}", 1)])
        assert journal.append(numbered(0, 1)).seq == 2, "a refused entry closes nothing"


def test_a_second_writer_is_refused_and_told_who_writes(home: Home) -> None:
    """R-STATE-05, A10, A-STATE-05, S-46: one writer an account; the second is told who writes."""
    with home.open() as journal:
        with pytest.raises(DataError, match="process 1 writes this journal"):
            home.open()
        journal.append(numbered(0, 1))
    with home.open() as journal:
        assert journal.epoch == 2


def test_a_writer_that_lost_its_lease_writes_nothing_more(home: Home) -> None:
    """A10: whatever made another process the writer, the old one is stopped by the epoch."""
    old = home.open()
    old.append(numbered(0, 2))
    new = home.open(take_over=True)
    try:
        new.append(numbered(2, 2))
        with pytest.raises(LeaseLostError, match="process 2 writes for this account since epoch 2"):
            old.append(numbered(100, 1))
        with pytest.raises(WriteFailedError):
            old.append(numbered(100, 1))
        new.append(numbered(4, 1))
    finally:
        old.close()
        new.close()
    assert home.numbers() == [0, 1, 2, 3, 4]
    assert home.verify().is_whole


def test_an_account_is_not_disturbed_by_another(home: Home) -> None:
    other = Home(home.folder, home.url, account=f"{home.account}_b")
    with home.open() as one, other.open() as two:
        one.append(numbered(0, 2))
        two.append(numbered(5, 1))
    assert home.numbers() == [0, 1]
    assert other.numbers() == [5]


def test_load_gives_the_newest_snapshot_and_the_records_after_it(home: Home) -> None:
    with home.open() as journal:
        assert journal.load().snapshot is None
        journal.append(numbered(0, 4))
        at = journal.head.seq
        journal.append(numbered(4, 2))
        journal.snapshot(b"state of four", seq=at, at_ns=9)
        journal.append(numbered(6, 1))
    with home.open() as journal:
        loaded = journal.load()
        assert loaded.snapshot is not None
        assert loaded.snapshot.state == b"state of four"
        assert loaded.snapshot.seq == at
        assert [number_of(one.body) for one in loaded.tail] == [4, 5, 6]
        assert loaded.damaged == ()


def test_a_damaged_snapshot_is_passed_over(home: Home) -> None:
    """K9, R-STATE-04: the one before it and a longer tail give the same state."""
    with home.open() as journal:
        journal.append(numbered(0, 2))
        journal.snapshot(b"first", seq=journal.head.seq, at_ns=1)
        journal.append(numbered(2, 2))
        journal.snapshot(b"second", seq=journal.head.seq, at_ns=2)
        put_by_hand(home, triggers_off(home, "snapshots"))
        put_by_hand(home, "UPDATE snapshots SET state = ? WHERE seq = 6", b"sEcond")
        loaded = journal.load()
        assert loaded.snapshot is not None
        assert loaded.snapshot.state == b"first"
        assert [number_of(one.body) for one in loaded.tail] == [2, 3]
        assert len(loaded.damaged) == 1
    assert any("snapshot 7 is not what was written" in one for one in home.verify().problems)


def test_only_the_newest_snapshots_are_kept(home: Home) -> None:
    with home.open() as journal:
        for number in range(6):
            journal.append(numbered(number, 1))
            journal.snapshot(b"state %d" % number, seq=journal.head.seq, at_ns=number)
        with journal.reader.reading() as tx:
            states = tx.rows("SELECT state FROM snapshots ORDER BY record_seq")
    assert [bytes(state) for (state,) in states] == [b"state 3", b"state 4", b"state 5"]
    assert home.verify().is_whole


def test_snapshot_of_a_record_that_is_not_there_is_a_defect(home: Home) -> None:
    with home.open() as journal, pytest.raises(InternalError):
        journal.snapshot(b"", seq=2, at_ns=1)


def test_searching_by_kind_text_symbol_run_and_time(home: Home) -> None:
    with home.open() as journal:
        journal.append(numbered(0, 6) + numbered(6, 3, "gate.refused") + numbered(9, 1, "gate.ok"))
        reader = journal.reader

        def found(newest: int | None = None, **query: object) -> list[int]:
            records = reader.find(Query(**query), newest=newest)  # type: ignore[arg-type]
            return [number_of(one.body) for one in records]

        assert found(kinds=("gate.refused",)) == [6, 7, 8]
        assert found(kinds=("gate.*",)) == [6, 7, 8, 9]
        assert found(kinds=("gate.ok", "order.*"), symbol="S0") == [0, 3, 9]
        assert found(texts=('"n":7', "S1")) == [7]
        assert found(symbol="S") == []
        assert found(from_ns=2 * 10**9, to_ns=4 * 10**9) == [2, 3]
        assert found(runs=("run-1",), newest=2) == [8, 9]
        assert found(texts=("%",)) == []
        assert found(texts=("' OR 1=1 --",)) == []
        assert reader.count(Query(kinds=("order.intent",))) == 6


def test_callers_at_once_share_commits_and_lose_nothing(home: Home) -> None:
    """Order of each caller is kept, and every head names a record that is there."""
    writer = home.open()
    commits = Counted(writer)
    front = GroupJournal(writer)

    async def caller(name: int) -> list[Head]:
        return [await front.append(numbered(100 * name + one, 1)) for one in range(20)]

    async def all_of_them() -> list[list[Head]]:
        return await asyncio.gather(*(caller(name) for name in range(16)))

    heads = asyncio.run(all_of_them())
    front.close()
    numbers = home.numbers()
    assert sorted(numbers) == [100 * name + one for name in range(16) for one in range(20)]
    for name in range(16):
        assert [one for one in numbers if one // 100 == name] == list(
            range(100 * name, 100 * name + 20)
        )
    assert commits.count < 160, "320 calls took far fewer commits"
    found = home.verify(*(("a caller", head) for run in heads for head in run))
    assert found.is_whole


class Counted:
    """Counts the transactions of a writer."""

    def __init__(self, writer: JournalWriter) -> None:
        self.count = 0
        inner = writer.put

        def put(*given: object, **more: object) -> Head:
            self.count += 1
            return inner(*given, **more)  # type: ignore[arg-type]

        writer.put = put  # type: ignore[method-assign]


def test_a_failure_reaches_everybody_who_waits(home: Home) -> None:
    front = GroupJournal(home.open())
    front.submit(numbered(0, 1)).result()
    put_by_hand(home, "INSERT INTO records VALUES (3, 'x', 1, 1, 'x', 1, '{}', ?)", b"x" * 32)
    asked = [front.submit(numbered(one, 1)) for one in range(5)]
    for one in asked:
        with pytest.raises(WriteFailedError):
            one.result()
    front.close()
    with pytest.raises(WriteFailedError):
        front.submit(numbered(9, 1))


def test_threads_share_one_writer(home: Home) -> None:
    with home.open() as journal:

        def work(name: int) -> None:
            for one in range(10):
                journal.append(numbered(10 * name + one, 1))
                journal.load()

        threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    assert sorted(home.numbers()) == list(range(40))
    assert home.verify().is_whole


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
KINDS = st.sampled_from(["a", "order.intent", "gate.refused.v2"])
ENTRIES = st.builds(
    Entry, KINDS, TEXT, st.integers(0, (1 << 63) - 1), st.integers(1, (1 << 63) - 1)
)


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(batches=st.lists(st.lists(ENTRIES, max_size=4), max_size=4))
def test_any_text_comes_back_byte_for_byte(home: Home, batches: list[list[Entry]]) -> None:
    with home.open() as journal:
        start = journal.head
        for batch in batches:
            journal.append(batch)
        records = list(journal.reader.walk(start))
    assert [Entry(one.kind, one.body, one.at_ns, one.version) for one in records] == [
        entry for batch in batches for entry in batch
    ]
