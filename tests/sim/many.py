"""Many days of the node that decides: what they came to, and how to run again what failed.

python -m tests.sim.many --days 1000 [--first SEED] [--workers 2] [--hours 30]

Prints days, faults, deaths and violations as it goes; a seed that fails is shrunk to the fewest
hours and kinds of faults with which it still fails alike, and the command that runs it is printed.
The exit code is 1 where a seed failed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context

from tests.fakes.deciding import HOURS_MOST, PLACES
from tests.fakes.market_line import FAULTS
from tests.sim.auditing import again, run

READS = ("read lost", "read lags")
DEATHS = ("crash", "crash at start")
DAY_HOURS = 24
SEEDS_AT_ONCE = 8
SAID_EVERY_S = 60.0


@dataclass
class Tally:
    """What some seeds came to."""

    hours: int = 0
    steps: int = 0
    orders: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[str, int, str]] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.hours += other.hours
        self.steps += other.steps
        self.orders += other.orders
        self.faults.update(other.faults)
        self.failed += other.failed

    @property
    def days(self) -> float:
        return self.hours / DAY_HOURS

    def line(self) -> str:
        reads = sum(self.faults[one] for one in READS)
        deaths = sum(self.faults[one] for one in DEATHS)
        return (
            f"{self.days:,.0f} days, {self.steps:,} steps, {self.orders:,} orders, "
            f"{self.faults.total():,} faults ({self.faults.total() - reads:,} beside reads), "
            f"{deaths:,} deaths, {self.faults['write failed']:,} failed writes, "
            f"{len(self.failed)} violations"
        )


def played(first: int, hours: int) -> Tally:
    """Play a few seeds, each on one kind of venue, in turn."""
    tally = Tally()
    names = list(PLACES)
    for seed in range(first, first + SEEDS_AT_ONCE):
        name = names[seed // len(names) % len(names)]  # the rate goes with the seed
        try:
            auditor = run(name, seed, hours, tally.faults)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            tally.failed.append((name, seed, told(error)))
            continue
        tally.hours += hours
        tally.steps += auditor.steps
        tally.orders += len(auditor.line.accepted)
    return tally


def told(error: BaseException) -> str:
    """Return what a failure says, in one line."""
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:200]


def failure(name: str, seed: int, hours: int, without: frozenset[str]) -> str:
    """Return which rule a run breaks; empty: none."""
    try:
        run(name, seed, hours, Counter(), without)
    except Exception as error:  # noqa: BLE001
        said = told(error)
        return said[said.rfind("(") :] if "(" in said else said.partition(":")[0]
    return ""


def shrunk(name: str, seed: int, hours: int) -> tuple[int, frozenset[str]]:
    """Return the fewest hours, and faults left out, with which a seed still breaks its rule."""
    rule = failure(name, seed, hours, frozenset())
    without: frozenset[str] = frozenset()
    for fault in FAULTS:
        if failure(name, seed, hours, without | {fault}) == rule:
            without |= {fault}
    fewest = next(
        (one for one in range(1, hours) if failure(name, seed, one, without) == rule), hours
    )
    return fewest, without


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.sim.many", description=__doc__)
    asked.add_argument("--days", type=int, default=1_000)
    asked.add_argument("--first", type=int, default=1_000)
    asked.add_argument("--workers", type=int, default=2)
    asked.add_argument("--hours", type=int, default=30, choices=range(1, HOURS_MOST + 1))
    options = asked.parse_args()
    span = options.hours * SEEDS_AT_ONCE
    count = -(-options.days * DAY_HOURS // span)
    firsts = [options.first + k * SEEDS_AT_ONCE for k in range(count)]
    total, began_s = Tally(), time.monotonic()
    said_s = began_s
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        for one in as_completed([pool.submit(played, first, options.hours) for first in firsts]):
            tally = one.result()
            total.add(tally)
            for name, seed, what in tally.failed:
                print(f"'{name}' {seed}: {what}", flush=True)
            if time.monotonic() - said_s > SAID_EVERY_S:
                said_s = time.monotonic()
                print(total.line(), flush=True)
    for name, seed, what in total.failed:
        hours, without = shrunk(name, seed, options.hours)
        print(f"'{name}' {seed}: {what}")
        print(f"  shrunk: {again(name, seed, hours, without)}")
    print(f"seeds {firsts[0]} to {firsts[-1] + SEEDS_AT_ONCE - 1}: {total.line()}")
    print(", ".join(f"{count} {name}" for name, count in total.faults.most_common()))
    print(f"{time.monotonic() - began_s:,.0f} s")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
