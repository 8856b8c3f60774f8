"""Power cuts: every prefix of what was written, with unsynced writes gone, there, or torn.

The same tool must show losses under `synchronous = NORMAL`, or it proves nothing (R12).
"""

from __future__ import annotations

import os
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import apsw
import numpy as np
import pytest
from tests.fakes.disk import Crash
from tests.fakes.journals import Home, number_of, numbered
from tests.fakes.sqlite_disk import Call, CutDisk, SqliteDisk

from ballast.core.errors import DataError
from ballast.core.journal import Head, WriteFailedError
from ballast.store.journal import JournalWriter, Query
from ballast.store.journal.headfile import create_head
from ballast.store.journal.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IMAGES = int(os.environ.get("BALLAST_IMAGES", "600"))
"""Images of one mode; `make check` takes few, a release twenty thousand."""
COMMITS = 40
OPENED_EACH = 8


def recorded(folder: Path, synchronous: str) -> tuple[Home, CutDisk]:
    """Write commits of several sizes, with checkpoints in between, and record every call."""
    home = Home(folder)
    home.open().close()
    before = {home.path.name: home.path.read_bytes()}
    disk = SqliteDisk()
    chosen = {} if synchronous == "FULL" else {"synchronous": synchronous}  # FULL is the default
    database = SqliteDatabase(home.path, vfs=disk.name, **chosen)  # type: ignore[arg-type]
    with closing(database):
        journal = home.open(database)
        database.connection.wal_autocheckpoint(24)
        disk.acknowledge((0, journal.head))
        done = 0
        for commit in range(COMMITS):
            size = 1 + commit % 4
            head = journal.append(numbered(done, size))
            done += size
            disk.acknowledge((done, head))
            if commit % 10 == 9:
                journal.snapshot(b"state" * 500, seq=head.seq, at_ns=commit)
        journal.close()
    return home, CutDisk(disk.calls, before)


def cut(tmp_path: Path, synchronous: str) -> tuple[int, int, int]:
    """Return images made, images that were damaged, images that lost what was acknowledged."""
    _, cuts = recorded(tmp_path / synchronous, synchronous)
    draw = np.random.default_rng(7)
    damaged = lost = 0
    for number in range(IMAGES):
        made = int(draw.integers(1, len(cuts.calls) + 1))
        home = Home(tmp_path / f"{synchronous}-{number}")
        home.folder.mkdir()
        cuts.image(made, home.folder, draw)
        told, head = cuts.acknowledged(made) or (0, Head())
        problems, numbers = look(home)
        damaged += bool(problems) or numbers != list(range(len(numbers)))
        lost += len(numbers) < told
        if synchronous == "FULL" and number % OPENED_EACH == 0:
            opened(home, head, numbers)
        for path in home.folder.iterdir():
            path.unlink()
        home.folder.rmdir()
    return IMAGES, damaged, lost


def look(home: Home) -> tuple[list[str], list[int]]:
    """Open an image as a start does, before anything is written."""
    with closing(SqliteDatabase(home.path, synchronous="OFF")) as database:
        try:
            return database.damage(), home.numbers()
        except (DataError, apsw.Error) as error:
            return [str(error)], []


def opened(home: Home, head: Head, numbers: list[int]) -> None:
    """The head beside it may be the newest there was: the journal is never behind it."""
    if head.seq:
        create_head(home.head_file, head)
    with home.open() as journal:
        journal.load()
        journal.append(numbered(len(numbers), 1))
    assert home.verify().problems == ()


def test_with_full_sync_no_cut_loses_an_acknowledged_record(tmp_path: Path) -> None:
    made, damaged, lost = cut(tmp_path, "FULL")
    assert made == IMAGES
    assert (damaged, lost) == (0, 0)


def test_the_same_tool_sees_what_normal_sync_loses(tmp_path: Path) -> None:
    made, damaged, lost = cut(tmp_path, "NORMAL")
    assert damaged == 0
    assert lost > made // 4


def test_the_same_tool_sees_damage_without_any_sync(tmp_path: Path) -> None:
    _, damaged, lost = cut(tmp_path, "OFF")
    assert damaged > 0
    assert lost > 0


def test_nothing_is_chained_to_records_that_a_failed_sync_left_in_the_cache(
    tmp_path: Path,
) -> None:
    """K6: the next start sees them, so it writes them out anew before it goes on."""
    draw = np.random.default_rng(11)
    for commit in range(6):
        home = Home(tmp_path / str(commit))
        home.open().close()
        before = {home.path.name: home.path.read_bytes()}
        disk = SqliteDisk()
        with closing(SqliteDatabase(home.path, vfs=disk.name)) as database:
            journal = home.open(database)
            journal.append(numbered(0, commit + 1))
            disk.fault = _fails_next_sync()
            with pytest.raises(WriteFailedError):
                journal.append(numbered(commit + 1, 2))
            disk.fault = _dead  # the process is gone, the system goes on
            with suppress(Crash):
                journal.close()
        disk.fault = None
        with closing(SqliteDatabase(home.path, vfs=disk.name)) as database:
            journal = home.open(database)
            seen = len(home_numbers(journal))
            journal.append(numbered(seen, 1))
            disk.acknowledge((seen + 1, journal.head))
            made = len(disk.calls)
            journal.close()
        assert seen == commit + 3, "the case is reached: the records are seen"
        cuts = CutDisk(disk.calls, before)
        for number in range(8):
            after = Home(tmp_path / f"{commit}-{number}")
            after.folder.mkdir()
            cuts.image(made, after.folder, draw)
            assert look(after) == ([], list(range(seen + 1)))


def home_numbers(journal: JournalWriter) -> list[int]:
    return [number_of(one.body) for one in journal.reader.find(Query(kinds=("order.intent",)))]


def _fails_next_sync() -> Callable[[int, Call], None]:
    def fault(_: int, call: Call) -> None:
        if call.name == "sync":
            raise apsw.IOError

    return fault


def _dead(_: int, __: Call) -> None:
    raise Crash


@pytest.mark.parametrize("synchronous", ["FULL", "NORMAL"])
def test_a_life_without_a_cut_is_whole(synchronous: str, tmp_path: Path) -> None:
    home, _ = recorded(tmp_path, synchronous)
    assert home.numbers() == list(range(100))
    assert home.verify().is_whole
