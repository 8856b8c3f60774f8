"""Backup, restore, moving between stores, archives: over SQLite and PostgreSQL."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.fakes.journals import Home, number_of, numbered, put_by_hand, triggers_off

from ballast.core.errors import DataError
from ballast.core.journal import Head
from ballast.store.journal import JournalReader, Query, verify
from ballast.store.journal import archive as archives
from ballast.store.journal.backup import backup, restore
from ballast.store.journal.headfile import head_path, read_head
from ballast.store.journal.postgres import PostgresDatabase
from ballast.store.journal.schema import POSTGRES, SQLITE
from ballast.store.journal.sqlite import SqliteDatabase
from ballast.store.journal.writer import JournalWriter, Start

if TYPE_CHECKING:
    from pathlib import Path

NEVER = (1 << 63) - 1


def saved(home: Home, target: Path) -> Head:
    with closing(home.database(read_only=True)) as database:
        return backup(database, target)  # type: ignore[arg-type]


def put_back(home: Home, source: Path, **more: object) -> Head:
    home.starts += 1
    start = Start(f"restore-{home.starts}", "restore", 99, **more)  # type: ignore[arg-type]
    return restore(source, home.database(), home.head_file, start)  # type: ignore[arg-type]


def filled(home: Home, count: int = 6) -> Head:
    with home.open() as journal:
        journal.append(numbered(0, count))
        journal.snapshot(b"state", seq=journal.head.seq, at_ns=count)
        return journal.append(numbered(count, 2))


def test_a_backup_made_while_the_node_writes_is_whole_and_stands_alone(
    home: Home, tmp_path: Path
) -> None:
    with home.open() as journal:
        journal.append(numbered(0, 5))
        head = saved(home, tmp_path / "copy.sqlite")
        assert head == journal.head
        journal.append(numbered(5, 1))
    files = sorted(path.name for path in tmp_path.glob("copy*"))
    assert files == ["copy.sqlite", "copy.sqlite.head"], "no log beside it, nothing left over"
    copy = SqliteDatabase(tmp_path / "copy.sqlite", read_only=True)
    with closing(copy):
        assert verify(copy, head_path(copy.path)).is_whole
    assert (tmp_path / "copy.sqlite").stat().st_mode & 0o077 == 0
    with pytest.raises(DataError, match="exists already"):
        saved(home, tmp_path / "copy.sqlite")


def test_backup_and_restore_give_the_same_records_and_state(home: Home, tmp_path: Path) -> None:
    """A-STATE-08, R-STATE-12: into an empty place; every byte of every record."""
    head = filled(home)
    saved(home, tmp_path / "copy.sqlite")
    fresh = Home(tmp_path / "fresh", home.url, account=f"{home.account}_fresh")
    put_back(fresh, tmp_path / "copy.sqlite")
    with closing(fresh.database()) as new, closing(home.database()) as old:
        records = list(JournalReader(new).walk(Head()))
        assert records[: head.seq] == list(JournalReader(old).walk(Head()))
        assert records[head.seq].kind == "journal.opened"
        loaded = JournalReader(new).load()
        assert loaded.snapshot is not None
        assert loaded.snapshot.state == b"state"
        assert [number_of(one.body) for one in loaded.tail] == [6, 7]
    assert fresh.verify(("the backup", head)).is_whole
    with fresh.open() as journal:
        assert journal.epoch == 3, "the epoch goes on"


def test_restoring_over_newer_records_is_refused_unless_the_loss_is_accepted(
    home: Home, tmp_path: Path
) -> None:
    filled(home)
    saved(home, tmp_path / "copy.sqlite")
    with home.open() as journal:
        newer = journal.append(numbered(50, 3))
        with pytest.raises(DataError, match="process 2 writes this journal"):
            put_back(home, tmp_path / "copy.sqlite", accept_loss="it is running")
    with pytest.raises(DataError, match=f"has records up to {newer.seq} that are not in it"):
        put_back(home, tmp_path / "copy.sqlite")
    assert home.numbers()[-1] == 52, "nothing was changed"
    put_back(home, tmp_path / "copy.sqlite", accept_loss="the records of Tuesday are wrong")
    assert home.numbers() == list(range(8))
    found = home.verify(("a note", newer))
    assert found.is_whole
    assert any("Tuesday" in one for one in found.remarks)
    with home.open() as journal:
        assert journal.epoch >= 4, "an epoch that was ever held is not given again"
    kept = replaced(home)
    with closing(kept):
        assert [one.seq for one in JournalReader(kept).find(Query(), newest=1)] == [newer.seq]


def replaced(home: Home) -> SqliteDatabase | PostgresDatabase:
    """Return the journal that a restore put aside."""
    if home.url:
        return PostgresDatabase(home.url, f"{home.account}_replaced_1")
    return SqliteDatabase(home.folder / f"{home.account}.replaced-1.sqlite", read_only=True)


def test_restoring_an_extension_of_what_is_there_needs_no_word(home: Home, tmp_path: Path) -> None:
    """The disk lost the end, the backup has it."""
    filled(home)
    saved(home, tmp_path / "early.sqlite")
    with home.open() as journal:
        journal.append(numbered(20, 2))
    head = saved(home, tmp_path / "late.sqlite")
    put_back(home, tmp_path / "early.sqlite", accept_loss="a copy of the morning came back")
    with pytest.raises(DataError, match="records up to"):
        put_back(home, tmp_path / "late.sqlite")
    other = Home(tmp_path / "other", home.url, account=f"{home.account}_other")
    put_back(other, tmp_path / "early.sqlite", accept_loss="")
    assert read_head(other.head_file) is not None
    assert home.verify(("late", head)).is_whole


def test_a_backup_that_is_not_whole_is_refused(home: Home, tmp_path: Path) -> None:
    filled(home)
    copy = tmp_path / "copy.sqlite"
    saved(home, copy)
    raw = bytearray(copy.read_bytes())
    at = raw.rindex(b'{"n":3')
    raw[at + 5] ^= 1
    copy.write_bytes(bytes(raw))
    with pytest.raises(DataError, match="the backup is not whole: record 5 was changed"):
        put_back(home, copy, accept_loss="whatever it takes")
    copy.write_bytes(b"a letter to my aunt" * 99)
    with pytest.raises(DataError, match=r"the backup is not whole: .*not a database"):
        put_back(home, copy)
    with pytest.raises(DataError, match="there is no such backup"):
        put_back(home, tmp_path / "nothing.sqlite")
    assert home.verify().is_whole
    assert home.numbers() == list(range(8))


def test_moving_to_the_other_store_and_back(home: Home, tmp_path: Path, postgres_url: str) -> None:
    """R-STATE-15: a backup is the same file whatever the journal lives in."""
    head = filled(home)
    saved(home, tmp_path / "there.sqlite")
    url = "" if home.url else postgres_url
    other = Home(tmp_path / "other", url, account=f"{home.account.replace('main', 'moved')}_x")
    put_back(other, tmp_path / "there.sqlite")
    with other.open() as journal:
        end = journal.append(numbered(8, 2))
    saved(other, tmp_path / "back.sqlite")
    put_back(home, tmp_path / "back.sqlite")
    assert home.numbers() == list(range(10))
    assert home.verify(("before", head), ("away", end)).is_whole


def test_a_journal_that_is_damaged_is_not_backed_up(home: Home, tmp_path: Path) -> None:
    filled(home)
    put_by_hand(home, triggers_off(home, "records"))
    put_by_hand(home, "UPDATE records SET body = '{}' WHERE seq = 3")
    with pytest.raises(DataError, match="the journal is not whole"):
        saved(home, tmp_path / "copy.sqlite")
    assert list(tmp_path.glob("*.sqlite*")) == []


def test_a_journal_past_reading_is_replaced_only_by_word(home: Home, tmp_path: Path) -> None:
    """R-STATE-04: a damaged journal falls back on the newest backup, and is kept to look at."""
    filled(home)
    saved(home, tmp_path / "copy.sqlite")
    if home.url:
        put_by_hand(home, "DROP TABLE lease")
    else:
        home.path.write_bytes(b"a letter to my aunt" * 300)
    with pytest.raises(DataError, match="the journal cannot be read"):
        put_back(home, tmp_path / "copy.sqlite")
    put_back(home, tmp_path / "copy.sqlite", accept_loss="nothing else can be read")
    assert home.numbers() == list(range(8))
    assert home.verify().is_whole


def test_where_there_is_no_journal_there_is_no_backup(home: Home, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no journal to back up"):
        saved(home, tmp_path / "copy.sqlite")


# Archives


def put_away(journal: JournalWriter, folder: Path, before_ns: int) -> archives.Archive | None:
    return archives.archive(journal, folder, before_ns=before_ns, at_ns=77)


def test_archived_records_are_in_a_file_and_the_chain_goes_on(home: Home, tmp_path: Path) -> None:
    """R-LOG-09: old records leave, and nothing of the proof is lost."""
    with home.open() as journal:
        journal.append(numbered(0, 10))
        noted = journal.head
        journal.snapshot(b"ten", seq=noted.seq, at_ns=1)
        journal.append(numbered(10, 3))
        made = put_away(journal, tmp_path, NEVER)
        assert made is not None
        assert (made.first_seq, made.last_seq) == (1, noted.seq)
        loaded = journal.load()
        assert loaded.snapshot is not None
        assert [number_of(one.body) for one in loaded.tail] == [10, 11, 12]
        journal.append(numbered(13, 1))
        journal.snapshot(b"fourteen", seq=journal.head.seq, at_ns=2)
    kept = list(archives.read_archive(tmp_path / made.file))
    assert [number_of(one.body) for one in kept[1:]] == list(range(10))
    assert kept[-1].head == noted
    assert home.numbers() == [10, 11, 12, 13]
    found = home.verify(("a note", noted))
    assert found.is_whole, found.problems
    with closing(home.database()) as database, JournalReader(database).reading() as tx:
        assert archives.check_archives(tx, tmp_path) == []
    with home.open() as journal:
        assert journal.head.seq > noted.seq
    saved(home, tmp_path / "copy.sqlite")
    fresh = Home(tmp_path / "fresh", home.url, account=f"{home.account}_fresh")
    put_back(fresh, tmp_path / "copy.sqlite")
    assert fresh.verify(("a note", noted)).is_whole


def test_archives_follow_each_other(home: Home, tmp_path: Path) -> None:
    with home.open() as journal:
        for number in range(0, 40, 10):
            journal.append(numbered(number, 10))
            journal.snapshot(b"%d" % number, seq=journal.head.seq, at_ns=1)
        made = [
            put_away(journal, tmp_path, when) for when in (5 * 10**9, 12 * 10**9, 12 * 10**9, NEVER)
        ]
    assert [one and (one.first_seq, one.last_seq) for one in made] == [
        (1, 6),
        (7, 14),
        None,
        (15, 22),
    ]
    assert home.verify().is_whole
    with closing(home.database()) as database, JournalReader(database).reading() as tx:
        assert archives.check_archives(tx, tmp_path) == []
        (tmp_path / "1-6.jsonl.zst").unlink()
        raw = bytearray((tmp_path / "15-22.jsonl.zst").read_bytes())
        raw[len(raw) // 2] ^= 1
        (tmp_path / "15-22.jsonl.zst").write_bytes(bytes(raw))
        assert [one.split(" of ")[0] for one in archives.check_archives(tx, tmp_path)] == [
            "archive 1-6.jsonl.zst",
            "archive 15-22.jsonl.zst is not what was kept",
        ]


def test_nothing_goes_that_a_snapshot_may_need(home: Home, tmp_path: Path) -> None:
    with home.open() as journal:
        journal.append(numbered(0, 5))
        assert put_away(journal, tmp_path, NEVER) is None, "without a snapshot all is needed"
        journal.snapshot(b"early", seq=2, at_ns=1)
        journal.snapshot(b"late", seq=5, at_ns=1)
        made = put_away(journal, tmp_path, NEVER)
        assert made is not None
        assert made.last_seq == 2, "a damaged newest snapshot falls back on the one before"


def test_a_deletion_that_was_interrupted_is_finished(home: Home, tmp_path: Path) -> None:
    """The seal is what counts: records behind it are read no more, and go with the next archive."""
    with home.open() as journal:
        journal.append(numbered(0, 6))
        journal.snapshot(b"six", seq=journal.head.seq, at_ns=1)
        original, archives.finish_deleting = archives.finish_deleting, lambda _: None
        try:
            put_away(journal, tmp_path, NEVER)
        finally:
            archives.finish_deleting = original
        with journal.reader.reading() as tx:
            assert tx.rows("SELECT min(seq) FROM records") == [(1,)]
    assert home.verify().is_whole
    with home.open() as journal:
        assert journal.load().snapshot is not None
        assert put_away(journal, tmp_path, NEVER) is None
        with journal.reader.reading() as tx:
            assert tx.rows("SELECT min(seq) FROM records") == [(8,)]
    assert home.verify().is_whole


# Migrations

MORE = "CREATE TABLE more (x BIGINT);"


def newer(home: Home) -> SqliteDatabase | PostgresDatabase:
    """Return the journal as a later version of Ballast would open it."""
    if home.url:
        return PostgresDatabase(home.url, home.account, scripts=(*POSTGRES, MORE))
    return SqliteDatabase(home.path, scripts=(*SQLITE, MORE))


def test_an_older_schema_moves_on_beside_a_copy_and_a_newer_one_is_refused(home: Home) -> None:
    """R-STATE-03, A-STATE-03, S-29, F6: forward only, after a backup, never by an older program."""
    head = filled(home)
    with home.open(newer(home)) as journal:
        journal.append(numbered(8, 1))
        with journal.reader.reading() as tx:
            assert tx.rows("SELECT * FROM more") == []
    with pytest.raises(DataError, match="has version 2; expected at most 1; update ballast"):
        home.open()
    with home.open(newer(home)) as journal:
        assert journal.load().snapshot is not None
    if home.url:
        old = PostgresDatabase(home.url, f"{home.account}_v1")
        asked = f"SELECT max(seq) FROM {old.schema}.records"  # noqa: S608 - ours
    else:
        old = SqliteDatabase(home.path.with_name(f"{home.path.name}.v1"), read_only=True)
        asked = "SELECT max(seq) FROM records"
    with closing(old), old.reading() as tx:
        assert tx.rows(asked) == [(head.seq,)]


def test_without_a_snapshot_and_without_its_archives_a_journal_does_not_start(
    home: Home, tmp_path: Path
) -> None:
    with home.open() as journal:
        journal.append(numbered(0, 4))
        journal.snapshot(b"four", seq=journal.head.seq, at_ns=1)
        put_away(journal, tmp_path, NEVER)
    put_by_hand(home, triggers_off(home, "snapshots"))
    put_by_hand(home, "DELETE FROM snapshots")
    with home.open() as journal, pytest.raises(DataError, match="their file is not here"):
        journal.load()


def test_a_lease_set_back_by_hand_is_seen(home: Home) -> None:
    """An epoch that was held once must not be given again."""
    filled(home)
    put_by_hand(home, triggers_off(home, "lease"))
    put_by_hand(home, "UPDATE lease SET epoch = 0")
    assert any("the lease is at epoch 0" in one for one in home.verify().problems)
