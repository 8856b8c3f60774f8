"""Measure the journal: commits, group commit, a start on a million records, verify, archive.

    python bench/bench_journal.py [RECORDS] [--url ADDRESS_OF_POSTGRESQL]

Commits cost what the disk's sync costs, so the first line is that of the disk itself: an append to
a file and `fdatasync`. Nothing is asserted here.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.journal import Entry
from ballast.store.journal import GroupJournal, JournalWriter, verify
from ballast.store.journal.archive import archive
from ballast.store.journal.headfile import head_path
from ballast.store.journal.postgres import PostgresDatabase
from ballast.store.journal.sqlite import SqliteDatabase
from ballast.store.journal.writer import Start

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.store.journal.database import Database

BODY = (
    '{"client_id":"b1-7f3a91c2","kind":"limit","price_ticks":4301250,"purpose":"entry",'
    '"qty_lots":1250,"reduce_only":false,"side":1,"strategy":"ema_cross","symbol":"BTCUSDT"}'
)
COMMITS = 2_000
PRODUCERS = (1, 8, 64)
TAIL = 5_000
STATE = b"s" * 200_000
NEVER = (1 << 63) - 1


def intent(number: int) -> Entry:
    return Entry("order.intent", BODY, 1_764_000_000_000_000_000 + number)


def main() -> None:
    """Print one line a figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("records", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--url", default="")
    args = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="ballast-bench-", dir=Path.cwd()))
    try:
        _disk(root)
        _commits("SQLite, WAL, FULL", root / "a", SqliteDatabase)
        if args.url:
            account = f"bench_{os.getpid()}"
            _commits("PostgreSQL", root / "b", lambda _: PostgresDatabase(args.url, account))
        _million(root / "c", args.records)
    finally:
        shutil.rmtree(root)


def _disk(root: Path) -> None:
    times = []
    with (root / "raw").open("wb", buffering=0) as file:
        for _ in range(COMMITS):
            start = perf_counter()
            file.write(BODY.encode())
            os.fdatasync(file.fileno())
            times.append(perf_counter() - start)
    _quantiles("the disk: write + fdatasync", times)


def _quantiles(what: str, times: list[float]) -> None:
    p50, p99 = 1e3 * np.quantile(times, [0.5, 0.99])
    print(f"{what:<44} p50 {p50:7.2f} ms   p99 {p99:7.2f} ms")


def _commits(what: str, folder: Path, database: Callable[[Path], Database]) -> None:
    path = folder / "main.sqlite"
    folder.mkdir()
    writer = JournalWriter(database(path), head_path(path), Start("bench", "bench", 1))
    times = []
    for number in range(COMMITS):
        entry = [intent(number)]
        start = perf_counter()
        writer.append(entry)
        times.append(perf_counter() - start)
    _quantiles(f"{what}: 1 record a commit", times)
    front = GroupJournal(writer)
    for producers in PRODUCERS:
        times, seconds = asyncio.run(_together(front, producers))
        rate = len(times) / seconds
        _quantiles(f"{what}: {producers} callers, {rate:,.0f} records/s", times)
    front.close()


async def _together(front: GroupJournal, producers: int) -> tuple[list[float], float]:
    times: list[float] = []

    async def produce() -> None:
        for number in range(COMMITS):
            start = perf_counter()
            await front.append([intent(number)])
            times.append(perf_counter() - start)

    start = perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(producers):
            group.create_task(produce())
    return times, perf_counter() - start


def _million(folder: Path, records: int) -> None:
    path = folder / "main.sqlite"
    folder.mkdir()
    batch = 10_000

    def opened() -> JournalWriter:
        return JournalWriter(SqliteDatabase(path), head_path(path), Start("bench", "bench", 1))

    with opened() as writer:
        start = perf_counter()
        for first in range(0, records, batch):
            writer.append([intent(number) for number in range(first, first + batch)])
        seconds = perf_counter() - start
        size = path.stat().st_size / 1e6
        print(f"{records:,} records, {batch:,} a commit: {records / seconds:,.0f}/s, {size:.0f} MB")
        start = perf_counter()
        writer.snapshot(STATE, seq=writer.head.seq - TAIL, at_ns=2)
        print(f"snapshot of {len(STATE) / 1e3:.0f} kB: {1e3 * (perf_counter() - start):.1f} ms")
    start = perf_counter()
    with opened() as writer:
        ready = perf_counter()
        loaded = writer.load()
        count = sum(1 for _ in loaded.tail)
        done = perf_counter()
    print(f"a start: open {1e3 * (ready - start):.0f} ms, state and {count:,} records of tail "
          f"{1e3 * (done - ready):.0f} ms")  # fmt: skip
    with closing(SqliteDatabase(path, read_only=True)) as database:
        start = perf_counter()
        whole = verify(database, head_path(path))
        assert whole.is_whole, whole.problems
        print(f"verify: {perf_counter() - start:.1f} s")
    with opened() as writer:
        start = perf_counter()
        made = archive(writer, folder / "old", before_ns=NEVER, at_ns=3)
        assert made is not None
        size = (folder / "old" / made.file).stat().st_size / 1e6
        seconds = perf_counter() - start
        print(f"archive of {made.last_seq:,} records: {seconds:.1f} s, {size:.0f} MB")


if __name__ == "__main__":
    sys.exit(main())
