"""What every store of the journal must do: the same tests over SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import threading
from contextlib import closing
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fakes.journals import Home, number_of, numbered, numbered_one

from ballast.core.errors import DataError, InternalError
from ballast.core.journal import (
    BehindError,
    Entry,
    Head,
    LeaseLostError,
    WriteFailedError,
    follows,
)
from ballast.store.journal import GroupJournal, JournalReader, JournalWriter, Query
from ballast.store.journal.headfile import create_head, read_head


def put_by_hand(home: Home, sql: str, *values: object) -> None:
    """Do what somebody with the password of the store would do."""
    with closing(home.database()) as database, database.writing() as tx:
        tx.rows(sql, *values)


def test_records_come_back_as_they_were_given_and_chained(home: Home) -> None:
    """R-STATE-13: number, run, epoch, time, kind, version and body, each hash over all before."""
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
    with home.open() as journal:
        assert journal.append([]) == journal.head == Head(1, journal.head.hash)


def test_kinds_of_the_journal_itself_are_not_the_callers(home: Home) -> None:
    with home.open() as journal:
        with pytest.raises(InternalError):
            journal.append([Entry("journal.loss", "{}", 1)])
        assert journal.append(numbered(0, 1)).seq == 2, "a refused entry closes nothing"


def test_a_second_writer_is_refused_and_told_who_writes(home: Home) -> None:
    """A10, S-46: one writer an account."""
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
        put_by_hand(home, _off(home, "snapshots"))
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


# what somebody does with a shell, and what is said of it
TAMPERING = {
    "a body": ("UPDATE records SET body = '{}' WHERE seq = 3", "record 3 was changed"),
    "a time": ("UPDATE records SET at_ns = at_ns + 1 WHERE seq = 4", "record 4 was changed"),
    "a kind": ("UPDATE records SET kind = 'fill' WHERE seq = 4", "record 4 was changed"),
    "an epoch": ("UPDATE records SET epoch = 0 WHERE seq = 4", "record 4 was changed"),
    "a deletion": ("DELETE FROM records WHERE seq = 3", "record 4 comes after 2"),
    "the first record": ("DELETE FROM records WHERE seq = 1", "record 2 comes after 0"),
    "truncation": ("DELETE FROM records WHERE seq >= 5", "the head beside it names record 6"),
    "everything": ("DELETE FROM records", "the head beside it names record 6"),
    "a row slipped in": (
        "INSERT INTO records SELECT 7, run, 1, 1, kind, 1, body, hash FROM records WHERE seq = 6",
        "record 7 was changed",
    ),
    "an archive that never was": (
        "INSERT INTO archives SELECT 3, 1, hash, 'x', 'x' FROM records WHERE seq = 3",
        "no record seals the archive",
    ),
}


@pytest.mark.parametrize("what", TAMPERING)
def test_tampering_is_seen(what: str, home: Home) -> None:
    """G4, R-LOG-07, A-OPS-12: edits, deletions, truncation, additions."""
    with home.open() as journal:
        journal.append(numbered(0, 5))
    sql, said = TAMPERING[what]
    put_by_hand(home, _off(home, "records"))
    put_by_hand(home, sql)
    problems = home.verify().problems
    assert any(said in one for one in problems), problems
    assert any("tables or triggers were changed" in one for one in problems), "the trigger is gone"


def _off(home: Home, table: str) -> str:
    """Return what switches the triggers of a table off."""
    if home.url:
        return f"ALTER TABLE {table} DISABLE TRIGGER USER"
    with closing(home.database(read_only=True)) as database, database.reading() as tx:
        asked = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
        names = [name for (name,) in tx.rows(asked, table)]
    with closing(home.database()) as database, database.writing() as tx:
        for name in names[1:]:
            tx.rows(f"DROP TRIGGER {name}")
    return f"DROP TRIGGER {names[0]}"


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE records SET body = '{}'",
        "DELETE FROM records WHERE seq = 2",
        "UPDATE lease SET epoch = epoch",
        "UPDATE lease SET epoch = 0",
        "DELETE FROM lease",
        "DELETE FROM snapshots",
        "UPDATE snapshots SET seq = 1",
    ],
)
def test_the_store_itself_refuses_to_change_what_was_written(sql: str, home: Home) -> None:
    with home.open() as journal:
        journal.append(numbered(0, 2))
        journal.snapshot(b"state", seq=2, at_ns=1)
    with (
        closing(home.database()) as database,
        pytest.raises(database.errors, match=r"append-only|only|stay"),
        database.writing() as tx,
    ):
        tx.rows(sql)
    assert home.verify().is_whole


def test_an_anchor_kept_elsewhere_sees_a_rewritten_chain(home: Home) -> None:
    """Who computes every hash and the head anew is still caught by a head somebody noted."""
    with home.open() as journal:
        journal.append(numbered(0, 3))
        noted = journal.head
        journal.append(numbered(3, 2))
    forged = Home(home.folder / "forged", home.url, account=f"{home.account}_forged")
    with forged.open() as journal:
        journal.append(numbered(50, 5))
    assert forged.verify().is_whole
    assert "a note names record 4" in forged.verify(("a note", noted)).problems[0]
    assert home.verify(("a note", noted)).is_whole


def test_a_journal_behind_its_head_is_not_written_to(home: Home) -> None:
    """G4, K8: an earlier copy put back, until somebody says that he knows."""
    with home.open() as journal:
        journal.append(numbered(0, 2))
        head = journal.head
    lost = Head(head.seq + 5, "ab" * 32)
    create_head(home.head_file, lost)
    with pytest.raises(
        BehindError, match=f"ends at record {head.seq} and its head.*{lost.seq}:abab"
    ):
        home.open()
    assert "an earlier copy" in home.verify().problems[0]
    assert home.numbers() == [0, 1], "and nothing was recorded"
    with home.open(accept_loss="the disk died, the venue was asked") as journal:
        journal.append(numbered(2, 1))
        head = journal.head
    found = home.verify(("a note", lost))
    assert found.is_whole
    assert any("the disk died" in one for one in found.remarks)
    assert any("a note names record" in one for one in found.remarks)
    assert read_head(home.head_file) == head


def test_a_head_that_is_gone_is_told_for_ever(home: Home) -> None:
    with home.open() as journal:
        journal.append(numbered(0, 1))
    home.head_file.unlink()
    assert "the head beside the journal is gone" in home.verify().problems
    with home.open():
        pass
    assert any("without a head" in one for one in home.verify().remarks)


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
