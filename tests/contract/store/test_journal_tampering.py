"""What is seen of tampering, and what the stores refuse by themselves: SQLite and PostgreSQL."""

from __future__ import annotations

from contextlib import closing

import pytest
from tests.fakes.journals import Home, numbered, put_by_hand, triggers_off

from ballast.core.errors import DataError
from ballast.core.journal import BehindError, Head
from ballast.store.journal.headfile import create_head, read_head

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
    put_by_hand(home, triggers_off(home, "records"))
    put_by_hand(home, sql)
    problems = home.verify().problems
    assert any(said in one for one in problems), problems
    assert any("tables or triggers were changed" in one for one in problems), "the trigger is gone"


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


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (
            "UPDATE records SET body = '{}' WHERE seq = 5",
            "record 5 is not what was written after 4",
        ),
        ("DELETE FROM records WHERE seq = 5", "record 6 is not what was written after 4"),
    ],
)
def test_a_start_stops_at_the_first_record_that_is_not_what_was_written(
    sql: str, said: str, home: Home
) -> None:
    """A node is never rebuilt from an edited tail: R-STATE-04."""
    with home.open() as journal:
        journal.append(numbered(0, 2))
        journal.snapshot(b"two", seq=journal.head.seq, at_ns=1)
        journal.append(numbered(2, 3))
    put_by_hand(home, triggers_off(home, "records"))
    put_by_hand(home, sql)
    with home.open() as journal, pytest.raises(DataError, match=said):
        list(journal.load().tail)
