"""The journal on a disk that dies, fills up, or fails: at every call, one after the other.

What must hold after each: every acknowledged record is there, nothing is half there, and at most
the one batch in flight is there beyond them (G2, G4, K1 to K6, A-STATE-01).
"""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import pytest
from tests.fakes.disk import Crash, CrashingDisk, FullDisk
from tests.fakes.journals import Home, numbered
from tests.fakes.sqlite_disk import SqliteDisk, dies_at, fails_at

from ballast.core.errors import DataError
from ballast.core.journal import BehindError, WriteFailedError
from ballast.store import disk as disks
from ballast.store.journal import JournalReader, sqlite
from ballast.store.journal import archive as archives
from ballast.store.journal.backup import backup, restore
from ballast.store.journal.headfile import HeadFile
from ballast.store.journal.sqlite import SqliteDatabase
from ballast.store.journal.writer import Start

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.store.journal import JournalWriter

CALLS_MAX = 400  # far above the calls of one life; reaching it means the loop never ended
BATCH = 3
SMALL_PAGES = 6  # checkpoint after so many pages, so that a life has some


def live(home: Home, disk: SqliteDisk, acknowledged: list[int]) -> None:
    """Open, append batches, keep a state, archive, close: one short life of a node."""
    database = SqliteDatabase(home.path, vfs=disk.name)
    with closing(database):
        journal = home.open(database)
        database.connection.wal_autocheckpoint(SMALL_PAGES)
        try:
            for first in range(0, 5 * BATCH, BATCH):
                journal.append(numbered(first, BATCH))
                acknowledged.append(first)
            journal.snapshot(b"state" * 900, seq=journal.head.seq, at_ns=1)
            journal.append(numbered(5 * BATCH, BATCH))
            acknowledged.append(5 * BATCH)
        finally:
            journal.close()


def check(home: Home, acknowledged: list[int], where: object) -> None:
    """Open it again on a good disk: whole, nothing lost, and it can be written to."""
    told = len(acknowledged) * BATCH
    numbers = home.numbers() if home.path.exists() and home.path.stat().st_size else []
    assert numbers == list(range(len(numbers))), where
    assert len(numbers) % BATCH == 0, (where, "a batch is there whole or not at all")
    assert told <= len(numbers) <= told + BATCH, (where, told, len(numbers))
    with home.open() as journal:
        assert journal.load().damaged == (), where
        journal.append(numbered(len(numbers), 1))
    assert home.verify().problems == (), where


def test_killed_at_any_call_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    ends = set()
    for number in range(1, CALLS_MAX):
        home = Home(tmp_path / str(number))
        acknowledged: list[int] = []
        disk = SqliteDisk(dies_at(number))
        with suppress(Crash, DataError):
            live(home, disk, acknowledged)
        check(home, acknowledged, number)
        ends.add(len(acknowledged))
        if disk.made < number:
            break
    else:
        pytest.fail("the life never ended")
    assert ends == set(range(7)), "deaths between all batches were reached"


@pytest.mark.parametrize(
    "error", [apsw.FullError, apsw.IOError, apsw.ReadOnlyError, apsw.BusyError, apsw.NoMemError]
)
def test_any_call_that_fails_once_halts_the_writer(error: type[Exception], tmp_path: Path) -> None:
    """K6: a sync that fails once and works again is not believed: the journal stays closed."""
    halted = 0
    for number in range(1, CALLS_MAX):
        home = Home(tmp_path / str(number))
        acknowledged: list[int] = []
        disk = SqliteDisk(fails_at(number, error))
        try:
            live(home, disk, acknowledged)
        except DataError as failed:
            halted += isinstance(failed, WriteFailedError)
        check(home, acknowledged, (error.__name__, number))
        if disk.made < number:
            break
    else:
        pytest.fail("the life never ended")
    assert halted > 20, "failures while writing were reached"


def test_after_a_failed_sync_every_later_append_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path)
    disk = SqliteDisk()
    with closing(SqliteDatabase(home.path, vfs=disk.name)) as database:
        journal = home.open(database)
        journal.append(numbered(0, 1))
        disk.fault = fails_at(disk.made + 3, apsw.IOError)
        with pytest.raises(WriteFailedError, match="could not be written"):
            journal.append(numbered(1, 1))
        before = disk.made
        for _ in range(3):
            with pytest.raises(WriteFailedError, match="closed for writing"):
                journal.append(numbered(1, 1))
        assert disk.made == before, "and the disk is not even asked"
        journal.close()
    assert home.verify().is_whole


def test_a_full_disk_refuses_and_works_again_when_there_is_room(tmp_path: Path) -> None:
    """G5, S-48, K1: the old state is intact, and the next start goes on."""
    home = Home(tmp_path)
    with closing(SqliteDatabase(home.path)) as database:
        journal = home.open(database)
        journal.append(numbered(0, 3))
        pages = database.connection.execute("PRAGMA page_count").fetchall()[0][0]
        database.connection.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(WriteFailedError, match="full"):
            _fill(journal)
        told = journal.head
        journal.close()
    assert home.verify(("told", told)).is_whole
    with home.open() as journal:
        assert journal.head.seq == told.seq + 1
        journal.append(numbered(9_000, 1))


def _fill(journal: JournalWriter) -> None:
    for first in range(3, 9_000, 100):
        journal.append(numbered(first, 100))


def test_a_stranger_that_holds_the_file_is_a_failed_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """K3: somebody with a shell; the node halts, it does not wait for ever."""
    monkeypatch.setattr(sqlite, "BUSY_MS", 20)
    home = Home(tmp_path)
    with home.open() as journal:
        journal.append(numbered(0, 1))
        with closing(apsw.Connection(str(home.path))) as stranger:
            stranger.execute("BEGIN IMMEDIATE")
            with pytest.raises(WriteFailedError, match="locked"):
                journal.append(numbered(1, 1))
    assert home.numbers() == [0]


def test_a_head_that_cannot_be_written_halts_though_the_records_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The records were durable; not acknowledged, they are found at the next start."""

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    home = Home(tmp_path)
    with home.open() as journal:
        journal.append(numbered(0, 1))
        monkeypatch.setattr(HeadFile, "write", refuse)
        with pytest.raises(WriteFailedError, match="No space left"):
            journal.append(numbered(1, 1))
        with pytest.raises(WriteFailedError, match="closed"):
            journal.append(numbered(2, 1))
        monkeypatch.undo()
    assert home.numbers() == [0, 1]
    assert home.verify().is_whole


def test_an_interrupt_in_a_write_closes_the_journal(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with home.open() as journal:

        def interrupt(_: object) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            journal.put(numbered(0, 1), after=interrupt)
        with pytest.raises(WriteFailedError, match="KeyboardInterrupt"):
            journal.append(numbered(1, 1))
    assert home.numbers() == []


def test_the_first_start_killed_at_any_step_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folder, head, file: the calls of ours around those of SQLite."""
    for number in range(100):
        home = Home(tmp_path / str(number) / "journal")
        try:
            with _killed_after(number, monkeypatch):
                home.open().close()
        except Crash:
            with home.open() as journal:
                journal.append(numbered(0, 1))
            assert home.verify().problems == (), number
            continue
        assert number > 5
        return
    pytest.fail("the start never ended")


def _killed_after(number: int, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch.context:  # type: ignore[valid-type]
    """Let the n-th call that changes a folder, and every later one, be the last."""
    context = monkeypatch.context()
    left = [number]

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def call(*given: object, **more: object) -> object:
            left[0] -= 1
            if left[0] < 0:
                raise Crash
            return real(*given, **more)

        return call

    class Killed:
        def __enter__(self) -> None:
            patch = context.__enter__()
            for owner, name in (
                (disks.Disk, "make_folder"), (disks.Disk, "write"), (disks.Disk, "sync"),
                (disks.Disk, "replace"), (Path, "hardlink_to"), (Path, "replace"),
                (Path, "chmod"), (sqlite, "copy_file"),
            ):  # fmt: skip
                patch.setattr(owner, name, counted(getattr(owner, name)))

        def __exit__(self, *error: object) -> None:
            context.__exit__(*error)

    return Killed()


def test_a_backup_killed_at_any_call_leaves_none_that_is_half(tmp_path: Path) -> None:
    home = Home(tmp_path / "journal")
    with home.open() as journal:
        journal.append(numbered(0, 5))
    for number in range(100):
        target = tmp_path / f"b{number}" / "copy.sqlite"
        with closing(home.database(read_only=True)) as database:
            try:
                head = backup(database, target, CrashingDisk(number))  # type: ignore[arg-type]
            except Crash:
                assert not target.exists() or JournalReader(SqliteDatabase(target)).head().seq == 6
                continue
            assert number > 3
            assert JournalReader(SqliteDatabase(target, read_only=True)).head() == head
            return
    pytest.fail("the backup never ended")


def test_a_restore_killed_at_any_step_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old journal is there up to the last rename, then the new one; again, and it is done."""
    seen = set()
    for number in range(100):
        home = Home(tmp_path / str(number) / "journal")
        with home.open() as journal:
            journal.append(numbered(0, 3))
        copy = home.folder.parent / "copy.sqlite"
        with closing(home.database(read_only=True)) as database:
            backup(database, copy)  # type: ignore[arg-type]
        with home.open() as journal:
            journal.append(numbered(3, 2))
        start = Start("restore", "restore", 9, accept_loss="as agreed with the desk")
        try:
            with _killed_after(number, monkeypatch):
                restore(copy, home.database(), home.head_file, start)  # type: ignore[arg-type]
        except Crash:
            numbers = home.numbers()
            assert numbers in ([0, 1, 2, 3, 4], [0, 1, 2]), number
            seen.add(len(numbers))
            if numbers == [0, 1, 2]:
                try:
                    home.open().close()
                except BehindError:
                    seen.add("refused until it is finished")
            restore(copy, home.database(), home.head_file, start)  # type: ignore[arg-type]
            assert home.numbers() == [0, 1, 2]
            assert home.verify().is_whole
            continue
        assert seen == {5, 3, "refused until it is finished"}
        return
    pytest.fail("the restore never ended")


@pytest.mark.parametrize("disk_of", [CrashingDisk, FullDisk])
def test_an_archive_killed_or_out_of_room_deletes_nothing(
    disk_of: type[disks.Disk], tmp_path: Path
) -> None:
    for number in range(50):
        home = Home(tmp_path / f"{disk_of.__name__}{number}")
        with home.open() as journal:
            journal.append(numbered(0, 5))
            journal.snapshot(b"five", seq=journal.head.seq, at_ns=1)
            try:
                made = _put_away(journal, home.folder / "old", disk_of(number))  # type: ignore[call-arg]
            except (Crash, DataError):
                assert home.numbers() == [0, 1, 2, 3, 4], number
                assert _put_away(journal, home.folder / "old", disks.Disk()) is not None
                assert home.verify().is_whole
                continue
            assert made is not None
            return
    pytest.fail("the archive never ended")


def _put_away(journal: JournalWriter, folder: Path, disk: disks.Disk) -> archives.Archive | None:
    never = (1 << 63) - 1
    return archives.archive(journal, folder, before_ns=never, at_ns=2, disk=disk)
