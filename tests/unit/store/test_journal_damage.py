"""What happens to a file between two starts: bits flip, copies come back, a log is left behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.data import ROOT
from tests.fakes.journals import Home, number_of, numbered

from ballast.core.errors import DataError
from ballast.core.journal import BehindError
from ballast.store.journal import GroupJournal, JournalReader
from ballast.store.journal.headfile import read_head
from ballast.store.journal.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from pathlib import Path

FLIPS = 400
KILLS = int(os.environ.get("BALLAST_KILLS", "150"))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A journal of a hundred records, a state, and a tail, that was closed."""
    made = Home(tmp_path / "journal")
    with made.open() as journal:
        journal.append(numbered(0, 100))
        journal.snapshot(b"state" * 40, seq=journal.head.seq, at_ns=1)
        journal.append(numbered(100, 5))
    return made


def loaded(home: Home) -> tuple[bytes, list[int]]:
    with closing(SqliteDatabase(home.path, read_only=True)) as database:
        found = JournalReader(database).load()
        state = found.snapshot.state if found.snapshot else b""
        return state, [number_of(one.body) for one in found.tail]


def test_a_flipped_bit_is_seen_or_changes_nothing(home: Home) -> None:
    """K9, A-STATE-02, S-06: no flip anywhere in the file gives another record or another state."""
    content = home.path.read_bytes()
    before = (list(range(105)), loaded(home))
    draw = np.random.default_rng(3)
    seen = 0
    for _ in range(FLIPS):
        raw = bytearray(content)
        raw[int(draw.integers(len(raw)))] ^= 1 << int(draw.integers(8))
        home.path.write_bytes(bytes(raw))
        if not home.verify().is_whole:
            seen += 1
            continue
        assert (home.numbers(), loaded(home)) == before
    assert seen > FLIPS // 3


def test_a_flipped_bit_in_the_log_is_seen(tmp_path: Path) -> None:
    """SQLite drops a log from the first page that is wrong; the head knows what was behind it."""
    home = Home(tmp_path / "journal")
    live = home.open()
    live.append(numbered(0, 5))
    head = live.append(numbered(5, 5))
    log = home.path.with_name(home.path.name + "-wal").read_bytes()
    base = home.path.read_bytes()
    draw = np.random.default_rng(4)
    for number in range(60):
        copy = Home(tmp_path / str(number))
        copy.folder.mkdir()
        copy.path.write_bytes(base)
        shutil.copy(home.head_file, copy.head_file)
        raw = bytearray(log)
        raw[int(draw.integers(len(raw)))] ^= 1 << int(draw.integers(8))
        copy.path.with_name(copy.path.name + "-wal").write_bytes(bytes(raw))
        if copy.verify().is_whole:
            assert copy.numbers() == list(range(10))
            continue
        with pytest.raises(BehindError, match=str(head)):
            copy.open()
    live.close()


def test_a_journal_moved_without_its_log_is_not_written_to(tmp_path: Path) -> None:
    """Incident 68, K8: the state would silently be that of the last checkpoint."""
    home = Home(tmp_path / "journal")
    with home.open() as journal:
        journal.append(numbered(0, 3))
        copy = Home(tmp_path / "copy")
        copy.folder.mkdir()
        shutil.copy(home.path, copy.path)
        shutil.copy(home.head_file, copy.head_file)
    with pytest.raises(BehindError):
        copy.open()
    assert "has lost its end" in str(copy.verify().problems) or copy.verify().problems


def test_an_older_copy_put_back_is_not_written_to(home: Home, tmp_path: Path) -> None:
    shutil.copytree(home.folder, tmp_path / "monday")
    with home.open() as journal:
        journal.append(numbered(105, 1))
        noted = journal.head
    shutil.copy(tmp_path / "monday" / home.path.name, home.path)
    with pytest.raises(BehindError, match="restore the newest backup"):
        home.open()
    shutil.copy(tmp_path / "monday" / home.head_file.name, home.head_file)
    assert home.verify().is_whole, "the head was put back too: only a head elsewhere knows"
    assert "a mail names record 109" in home.verify(("a mail", noted)).problems[0]


def test_a_file_that_was_deleted_or_emptied_is_missed(home: Home) -> None:
    home.path.write_bytes(b"")
    assert home.verify().problems
    with pytest.raises(BehindError):
        home.open()
    home.path.unlink()
    with pytest.raises(BehindError):
        home.open()
    home.path.write_bytes(b"a letter to my aunt" * 200)
    with pytest.raises(DataError, match="not a database"):
        home.open()
    assert "not a database" in str(home.verify().problems)


def test_a_head_that_is_torn_leaves_the_one_before(home: Home) -> None:
    raw = home.head_file.read_bytes()
    whole = read_head(home.head_file)
    assert whole is not None
    found = set()
    for at in range(len(raw)):
        broken = bytearray(raw)
        broken[at] ^= 0x15
        home.head_file.write_bytes(bytes(broken))
        head = read_head(home.head_file)
        assert head is not None
        found.add(head.seq)
    assert found == {107, 102}, "the one before it is that of the snapshot"
    assert whole.seq == 107
    home.head_file.write_bytes(raw[:20])
    with pytest.raises(DataError, match="is not the head of a journal"):
        home.open()


def test_killed_at_any_moment_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    """R-STATE-02, P4, A-STATE-01: SIGKILL, from the first open on, again and again."""
    command = [sys.executable, "-m", "tests.fakes.journal_life", str(tmp_path / "journal")]
    done = subprocess.run(
        [*command, str(KILLS), "5"],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=500,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert found["problems"] == []
    assert found["kills"] > KILLS * 3 // 4
    assert found["records"] > KILLS


def test_a_caller_that_is_cancelled_while_it_waits_breaks_nothing(tmp_path: Path) -> None:
    """P10: its entries are there or not; everybody else's are."""
    home = Home(tmp_path / "journal")
    front = GroupJournal(home.open())
    asked = [front.submit(numbered(number, 1)) for number in range(60)]
    cancelled = {number for number, one in enumerate(asked) if number % 3 == 0 and one.cancel()}
    front.close()
    numbers = home.numbers()
    assert sorted({*numbers, *cancelled}) == list(range(60))
    assert not cancelled & set(numbers)
    assert home.verify().is_whole
