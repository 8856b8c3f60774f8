"""Kill safety: whatever the moment, the store reads, and writing again completes it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.data import ROOT
from tests.fakes.disk import Crash, CrashingDisk, FullDisk
from tests.unit.store.bars import HOUR, same, some_bars

from ballast.core.errors import DataError
from ballast.store import candles
from ballast.store.candles import CandleStore

if TYPE_CHECKING:
    from pathlib import Path

    from ballast.core.bars import Bars

OLD = some_bars("2024-01-25", 400, seed=1)
NEW = some_bars("2024-01-20", 1_200, seed=2)  # other prices, more bars, three months
STEPS_MAX = 200  # far above the calls of one write; reaching it means the loop never ended


def _months(bars: Bars) -> dict[str, list[float]]:
    days = bars.ts.astype("datetime64[ms]").astype("datetime64[M]").astype(str)
    return {month: bars.close[days == month].tolist() for month in sorted(set(days.tolist()))}


def test_a_kill_at_any_step_leaves_each_month_old_or_new(tmp_path: Path) -> None:
    """R-CACHE-02: all k; the next reader sees whole months, the next writer completes."""
    merged = CandleStore(tmp_path / "whole")
    merged.write(OLD)
    merged.write(NEW)
    final = merged.read("BINANCE", "BTCUSDT", HOUR)
    seen = set()
    for calls in range(STEPS_MAX):
        root = tmp_path / str(calls)
        CandleStore(root).write(OLD)
        try:
            CandleStore(root, disk=CrashingDisk(calls)).write(NEW)
        except Crash:
            pass
        else:
            break
        read = CandleStore(root).read("BINANCE", "BTCUSDT", HOUR)
        old, new = _months(OLD), _months(final)
        state = []
        for month, closes in _months(read).items():
            assert closes in (old.get(month), new[month]), (calls, month)
            state.append(closes == new[month])
        seen.add(tuple(state))
        CandleStore(root).write(NEW)
        assert same(CandleStore(root).read("BINANCE", "BTCUSDT", HOUR), final)
        assert not list(root.rglob("*.tmp")), "leftovers are cleaned by the next writer"
    else:
        pytest.fail("the write never ended")
    assert len(seen) >= 4, "states between the months were reached"


def test_a_kill_at_any_step_of_the_first_write(tmp_path: Path) -> None:
    for calls in range(STEPS_MAX):
        root = tmp_path / str(calls)
        try:
            CandleStore(root, disk=CrashingDisk(calls)).write(OLD)
        except Crash:
            pass
        else:
            break
        for info in CandleStore(root).series():
            assert info.problem == ""
        CandleStore(root).write(OLD)
        assert same(CandleStore(root).read("BINANCE", "BTCUSDT", HOUR), OLD)
    else:
        pytest.fail("the write never ended")


def test_a_kill_while_the_cache_is_built_is_harmless(tmp_path: Path) -> None:
    CandleStore(tmp_path).write(OLD)
    for calls in range(STEPS_MAX):
        try:
            CandleStore(tmp_path, disk=CrashingDisk(calls)).read("BINANCE", "BTCUSDT", HOUR)
        except Crash:
            assert same(CandleStore(tmp_path, cache_bytes=0).read("BINANCE", "BTCUSDT", HOUR), OLD)
        else:
            break
    assert same(CandleStore(tmp_path).read("BINANCE", "BTCUSDT", HOUR), OLD)


@pytest.mark.parametrize("files", range(4))
def test_a_full_disk_is_one_line_and_changes_nothing(tmp_path: Path, files: int) -> None:
    CandleStore(tmp_path).write(OLD)
    store = CandleStore(tmp_path, disk=FullDisk(files))
    with pytest.raises(DataError, match="the disk is full") as caught:
        store.write(NEW)
    assert "\n" not in caught.value.line()
    assert not list(tmp_path.rglob("*.tmp"))
    read = CandleStore(tmp_path).read("BINANCE", "BTCUSDT", HOUR)
    assert same(read, OLD), "three month files and the manifest are staged before any changes"


def test_an_interrupted_batch_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    """Ctrl-C in the middle of an import of several series."""
    store = CandleStore(tmp_path)
    store.write(OLD)
    other = some_bars(symbol="ETHUSDT")

    def interrupted() -> None:
        with store.batch() as batch:
            batch.add(store.key_of(NEW), NEW)
            batch.add(store.key_of(other), other)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert same(store.read("BINANCE", "BTCUSDT", HOUR), OLD)
    assert [info.symbol for info in store.series()] == ["BTCUSDT"]
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_batch_may_add_to_one_series_several_times(tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    bars = some_bars("2024-01-20", 1_000)
    with store.batch() as batch:
        for start in range(0, 1_000, 150):
            part = bars.slice(start, min(start + 200, 1_000))
            batch.add(store.key_of(part), part)
        batch.commit()
    assert same(store.read("BINANCE", "BTCUSDT", HOUR), bars)
    assert not list(tmp_path.rglob("*.tmp"))


WRITER = """
import sys
from pathlib import Path
from ballast.store.candles import CandleStore
from tests.unit.store.bars import some_bars
root, seed, rounds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
print("ready", flush=True)
for at in range(rounds):
    CandleStore(root).write(some_bars("2024-01-20", 1200, seed=seed + 2 * at))
"""


def _writer(root: Path, seed: int, rounds: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", WRITER, str(root), str(seed), str(rounds)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)


WEAVER = """
import sys
from pathlib import Path
from dataclasses import replace
from ballast.store.candles import CandleStore
from tests.unit.store.bars import some_bars
bars, own = some_bars("2024-01-20", 600), int(sys.argv[2])
for at in range(own, 600, 30):
    CandleStore(Path(sys.argv[1])).write(bars.slice(at, at + 15))
"""


def test_two_processes_write_one_series_at_once(tmp_path: Path) -> None:
    """R-CACHE-02: turn and turn about into the same months, and no bar is lost."""
    CandleStore(tmp_path).write(some_bars("2024-01-20", 1))
    writers = [
        subprocess.Popen([sys.executable, "-c", WEAVER, str(tmp_path), str(own)], cwd=ROOT)
        for own in (0, 15)
    ]
    seen = 0
    while any(writer.poll() is None for writer in writers):
        rows = len(CandleStore(tmp_path).read("BINANCE", "BTCUSDT", HOUR))
        assert rows >= seen, "a reader never sees the store go back"
        seen = rows
    assert [writer.returncode for writer in writers] == [0, 0]
    bars = some_bars("2024-01-20", 600)
    assert same(CandleStore(tmp_path).read("BINANCE", "BTCUSDT", HOUR), bars)


def test_a_commit_that_overtakes_a_reader_is_seen_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that has read January when all months change starts again."""
    store = CandleStore(tmp_path, cache_bytes=0)
    old, new = (some_bars("2024-01-20", 1_200, seed=seed) for seed in (1, 2))
    store.write(old)
    read = candles.decode_month
    calls = []

    def overtaken(path: Path, *name: Any) -> Bars:
        found = read(path, *name)
        calls.append(path.stem)
        if len(calls) == 1:
            CandleStore(tmp_path).write(new)
        return found

    monkeypatch.setattr(candles, "decode_month", overtaken)
    assert same(store.read("BINANCE", "BTCUSDT", HOUR), new)
    assert calls == ["2024-01", "2024-01", "2024-02", "2024-03"]


@pytest.mark.slow
def test_a_real_kill_loop_never_leaves_an_unreadable_store(tmp_path: Path) -> None:
    """SIGKILL after a varying amount of our own reading, 30 times over."""
    CandleStore(tmp_path).write(OLD)
    for attempt in range(30):
        writer = _writer(tmp_path, 100 + 1_000 * attempt, 1_000)
        assert writer.stdout is not None
        writer.stdout.readline()
        for _ in range(20 + attempt * 7 % 60):
            assert 400 <= len(CandleStore(tmp_path).read("BINANCE", "BTCUSDT", HOUR)) <= 1_200
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        read = CandleStore(tmp_path).read("BINANCE", "BTCUSDT", HOUR)
        read.check_shape()
        assert CandleStore(tmp_path).verify("BINANCE", "BTCUSDT", HOUR) == len(read)
    CandleStore(tmp_path).write(NEW)
    assert not list((tmp_path / "candles").rglob("*.tmp"))
