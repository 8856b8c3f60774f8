"""The live node: from event to effects, what a start takes, what an hour of ten symbols takes.

    python bench/bench_node.py [--minutes 60] [--records 1000000]

Times are the processor time of single calls: a busy neighbour makes them longer, but what he takes
does not count. The journal is the in-process SQLite one, its commit is measured apart
(`bench/bench_journal.py`). A close beside the windows evaluated whole, for two lengths of window.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ballast.core.journal import Entry
from ballast.core.settings import Settings
from ballast.kernel.live import compile_steps
from ballast.research.series import Series
from ballast.research.synthetic import synthetic_market
from ballast.runtime.node.journalled import EVENT, entries_of, restored
from ballast.runtime.node.state import packed
from ballast.runtime.shell.machine import kept_for_good, own_mb
from ballast.service.paper.opening import Wish, open_paper
from ballast.service.paper.running import Running
from ballast.store.journal import JournalWriter
from ballast.store.journal.sqlite import SqliteDatabase
from ballast.store.journal.writer import Start
from ballast.strategies.catalog import load
from ballast.strategies.newest import newest_of
from ballast.strategies.plan import compile_plan

if TYPE_CHECKING:
    from ballast.runtime.node.events import Effect, Event
    from ballast.runtime.node.node import Node

NS_US = 1_000
FILLER = 2_000
WINDOWS = (750, 4_000)
CLOSES = 500


def writer(folder: Path, run: str) -> JournalWriter:
    """Open a journal of its own."""
    database = SqliteDatabase(folder / "bench.sqlite", read_only=False)
    return JournalWriter(database, folder / "bench.head", Start(run, "bench", time.time_ns()))


def session(folder: Path, minutes: int) -> tuple[Running, Any]:
    """Open ten symbols on one-minute bars, traded for `minutes`."""
    count = 700 + minutes
    made = synthetic_market(7, timeframe="1m", n_bars=count)
    series = []
    for number in range(10):
        bars, rules = made.bars[number % len(made.bars)], made.instruments[number % len(made.bars)]
        symbol = f"S{number}USDT"
        series.append(
            Series(replace(bars, symbol=symbol), replace(rules, symbol=symbol, base=f"S{number}"))
        )
    chosen = open_paper(
        load("ema_cross"), series, Settings(), "bench",
        Wish({}, from_ms=int(made.bars[0].ts[-minutes])),
    )  # fmt: skip
    journal = writer(folder, "session")
    return Running(chosen, journal), journal


def watch(node: Node, taken: dict[str, list[float]]) -> None:
    """Time every event of a node."""
    plain = node.handle

    def timed(event: Event) -> list[Effect]:
        begun = time.thread_time_ns()
        effects = plain(event)
        taken[type(event).__name__].append((time.thread_time_ns() - begun) / NS_US)
        return effects

    node.handle = timed  # type: ignore[method-assign]


def quantiles(values: list[float]) -> str:
    """Say p50 and p99 of microseconds."""
    cut = statistics.quantiles(values, n=100)
    return f"p50 {cut[49]:8.0f} us   p99 {cut[98]:8.0f} us   {len(values):7,} events"


def hour(minutes: int) -> None:
    """Trade ten symbols for an hour of scaled time."""
    with tempfile.TemporaryDirectory() as folder:
        running, journal = session(Path(folder), minutes)
        taken: dict[str, list[float]] = defaultdict(list)
        compile_steps()  # as a live session does before its first event
        running.step()
        watch(running.node, taken)
        begun, steps = time.process_time(), 0
        with kept_for_good():  # as a live session does
            while running.step():
                steps += 1
        used = time.process_time() - begun
        every = [one for values in taken.values() for one in values]
        print(f"event to effects, all      {quantiles(every)}")
        for name in ("Priced", "Reported", "BarsClosed"):
            if len(taken[name]) > 1:
                print(f"event to effects, {name:10} {quantiles(taken[name])}")
        own = sum(every) / 1e6
        print(f"{steps} minutes, 10 symbols: {used:.1f} s of a core with the simulated exchange,")
        print(f"  {own:.1f} s in the node: {own / (steps * 60):.2%} of a core in real time")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"peak memory of the process, exchange and candles included: {peak:.0f} MB,")
        print(f"  its own at the end: {own_mb() or 0.0:.0f} MB")
        journal.close()


def rows() -> None:
    """Say what the newest row of a strategy costs a symbol, beside its window evaluated whole."""
    made = synthetic_market(7, timeframe="1m", n_bars=WINDOWS[-1] + CLOSES).bars[0]
    for name in ("ema_cross", "stochrsi"):
        plan = compile_plan(load(name), {}, timeframe=made.timeframe)
        for window in WINDOWS:
            newest, whole = newest_of(plan), []
            added = []
            for end in range(window, window + CLOSES):
                market = {made.symbol: made.slice(0, end)}
                begun = time.thread_time_ns()
                newest.row(market, made.symbol)
                between = time.thread_time_ns()
                plan.evaluate(market, made.symbol)
                added.append((between - begun) / NS_US)
                whole.append((time.thread_time_ns() - between) / NS_US)
            p50, p50_whole = (statistics.median(one) for one in (added, whole))
            p99 = statistics.quantiles(added, n=100)[98]
            print(f"{name} over {window:5,} bars: a row added {p50:.0f} us (p99 {p99:.0f}),"
                  f" the window whole {p50_whole:.0f} us")  # fmt: skip


def recovery(records: int) -> None:
    """Start from a long journal: the newest snapshot, and some thousand records after it."""
    with tempfile.TemporaryDirectory() as folder:
        running, journal = session(Path(folder), 60)
        for _ in range(30):
            running.step()
        filler = [Entry("bench.filler", '{"n":1}', 1)] * FILLER
        while journal.head.seq < records:
            journal.append(filler)
        journal.snapshot(packed(running.node), seq=journal.head.seq, at_ns=1)
        for _ in range(29):
            running.step()
        tail = sum(one.kind == EVENT for one in journal.load().tail)
        journal.close()
        again = writer(Path(folder), "again")
        begun = time.perf_counter()
        node = restored(again)
        took = time.perf_counter() - begun
        assert node is not None
        assert packed(node) == packed(running.node)
        print(
            f"a start from {again.head.seq:,} records, "
            f"{tail:,} events after the snapshot: {took:.2f} s"
        )
        again.close()


def encoding() -> None:
    """Encode what a step leaves in the journal."""
    with tempfile.TemporaryDirectory() as folder:
        running, journal = session(Path(folder), 30)
        taken = []
        plain = running.node.handle

        def timed(event: Event) -> list[Effect]:
            effects = plain(event)
            begun = time.thread_time_ns()
            entries_of(event, effects, running.node.now_ns)
            taken.append((time.thread_time_ns() - begun) / NS_US)
            return effects

        running.node.handle = timed  # type: ignore[method-assign]
        while running.step():
            pass
        print(f"encoding of a step         {quantiles(taken)}")
        journal.close()


def main() -> None:
    """Measure all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--records", type=int, default=1_000_000)
    chosen = parser.parse_args()
    rows()
    hour(chosen.minutes)
    encoding()
    recovery(chosen.records)


if __name__ == "__main__":
    main()
