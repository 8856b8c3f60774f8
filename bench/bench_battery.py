"""The full battery of `certify` for the audited bot's idea: how long does the whole proof take?

    python bench/bench_battery.py                 # 4 scenarios x 3 timeframes
    python bench/bench_battery.py --jobs 1

Five years of hourly BTC/USDT where the real candles lie beside the checkout, else a synthetic
market. Each of the twelve certificates chooses among the pairs of five fast and five slow averages
on the first part of the data and runs every stage at full effort: walk-forward, cross-validation,
selection bias, bootstrap, attacks, stress, regimes. Bars counted are those of the frame times the
combinations, once; what the stages walk besides comes on top. The first round loads or compiles and
is timed apart.
"""

from __future__ import annotations

import argparse
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from bench_certify import FRAMES, PAIRS, SCENARIOS, real_bars

from ballast.core.certificate import Verdict
from ballast.core.time import Timeframe
from ballast.research.certify.battery import certify
from ballast.research.certify.subject import Subject
from ballast.research.series import Series
from ballast.store.resample import resample
from ballast.strategies import catalog

HOURS = 43_800
"""Five years."""
SPACE = {
    "ema1": tuple(float(fast) for fast, _ in PAIRS),
    "ema2": tuple(float(slow) for _, slow in PAIRS),
}


@dataclass(frozen=True)
class Done:
    """One certificate."""

    name: str
    frame: str
    passed: bool
    failed: int
    bars: int
    cpu_s: float


def one(job: tuple[str, str]) -> Done:
    """Certify one scenario on one timeframe."""
    name, frame = job
    began = time.process_time()
    hours = real_bars(1)
    hours = hours.slice(max(len(hours) - HOURS, 0), len(hours))
    bars = hours if frame == "1h" else resample(hours, Timeframe.parse(frame)).bars
    subject = Subject(catalog.load(name), (Series(bars),), space=SPACE)
    found = certify(subject).certificate
    passed = found.verdict is Verdict.PASS
    cpu_s = time.process_time() - began
    combos = len(subject.combinations())
    return Done(name, frame, passed, len(found.failed), len(bars) * combos, cpu_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args()
    jobs = [(name, frame) for frame in FRAMES for name in SCENARIOS]
    with ProcessPoolExecutor(chosen.jobs) as pool:
        began = time.perf_counter()
        list(pool.map(one, jobs[: chosen.jobs]))
        first_s = time.perf_counter() - began
        began = time.perf_counter()
        done = list(pool.map(one, jobs))
        wall_s = time.perf_counter() - began
    print(f"{'scenario':16s} {'frame':5s} {'verdict':8s} {'failed':>6s} {'cpu s':>7s}")
    for row in done:
        verdict = "pass" if row.passed else "fail"
        print(f"{row.name:16s} {row.frame:5s} {verdict:8s} {row.failed:6d} {row.cpu_s:7.2f}")
    cpu_s = sum(row.cpu_s for row in done)
    bars = sum(row.bars for row in done)
    print(
        f"{len(done)} batteries: {wall_s:.1f} s with {chosen.jobs} processes, {cpu_s:.1f} s of CPU"
    )
    print(f"{bars / 1e6:.1f} M bars of their combinations, {bars / wall_s / 1e6:.2f} M a second")
    print(f"first round, loading and compiling included: {first_s:.1f} s")


if __name__ == "__main__":
    main()
