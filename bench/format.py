"""The one line every benchmark prints, and the clockwork that measures it.

A benchmark is a process of its own that prints lines `RESULT {json}`; `run.py` collects them. Only
the standard library is used here: peers run this file in environments that have nothing of ours.

    measure(Case("ballast", "0.1.0", "W1", "compiled", "bars", 1_051_200), work, repeats=7)

`work` runs the whole job once and returns facts to compare (`trades`, `equity`). The first call is
cold (compilation, caches), the others warm. Rates are `units / seconds`.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

MARK = "RESULT "
OURS = "ballast"
LIMIT = "limit"


@dataclass(frozen=True)
class Case:
    """What is measured: who, which workload (W1, W2, ...), how, and how much work it is."""

    engine: str
    version: str
    workload: str
    variant: str
    unit: str
    units: int
    note: str = ""


@dataclass(frozen=True)
class Result:
    """One measured case. Seconds are wall time; `cpu_s` sums all threads."""

    case: Case
    cold_s: float
    first_result_s: float
    """From the start of the process to its first result, imports and compilation included."""
    warm_s: tuple[float, ...]
    cpu_s: tuple[float, ...]
    peak_mb: float
    facts: Mapping[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Return units a second, the median of the warm runs (the cold one if there are none)."""
        return self.case.units / statistics.median(self.warm_s or (self.cold_s,))

    @property
    def best_rate(self) -> float:
        """Return units a second of the fastest run."""
        return self.case.units / min(self.warm_s or (self.cold_s,))

    def line(self) -> str:
        """Return the line that `parse` reads."""
        return MARK + json.dumps(asdict(self), sort_keys=True)


def parse(lines: Iterable[str]) -> list[Result]:
    """Read the result lines among anything else a process printed."""
    found = []
    for line in lines:
        if line.startswith(MARK):
            raw = json.loads(line[len(MARK) :])
            raw["case"] = Case(**raw["case"])
            raw["warm_s"], raw["cpu_s"] = tuple(raw["warm_s"]), tuple(raw["cpu_s"])
            found.append(Result(**raw))
    return found


def measure(case: Case, work: Callable[[], Mapping[str, Any]], *, repeats: int) -> Result:
    """Run `work` once cold and `repeats` times warm; print and return the result."""
    began = time.perf_counter()
    facts = work()
    cold = time.perf_counter() - began
    first_result = process_age_s()
    warm, cpu = [], []
    for _ in range(repeats):
        began, cpu_began = time.perf_counter(), time.process_time()
        facts = work()
        warm.append(time.perf_counter() - began)
        cpu.append(time.process_time() - cpu_began)
    numbers = {name: float(value) for name, value in facts.items()}
    result = Result(case, cold, first_result, tuple(warm), tuple(cpu), peak_mb(), numbers)
    print(result.line(), flush=True)
    return result


def process_age_s() -> float:
    """Return the seconds since this process was started, the interpreter's own start included."""
    stat = Path("/proc/self/stat")
    if not stat.exists():  # not Linux: CPU time is the nearest honest number
        return time.process_time()
    ticks = float(stat.read_text().rsplit(")", 1)[1].split()[19])
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    return uptime - ticks / os.sysconf("SC_CLK_TCK")


def peak_mb() -> float:
    """Return the largest resident memory of this process so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
