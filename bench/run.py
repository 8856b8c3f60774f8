"""`make bench`: Ballast and its peers on the same data and rules, one process at a time.

    python bench/run.py [--rounds N] [--quick] [--only W1,W2] [--peers raptorbt,vectorbt | none]

Before each engine the limit kernel runs again, so that every ratio is between two measurements made
seconds apart: absolute times on a shared machine drift, ratios hold. Prints one table a workload
and writes `bench/results/latest.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs
from format import LIMIT, OURS, Result, parse
from peers.environments import PINS, Environment, prepare

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "latest.json"
KERNEL = HERE / "bench_kernel.py"
TIMEOUT_SECONDS = 1_800
WALKFORWARD = HERE / "bench_walkforward.py"
WORKLOADS = ("W1", "W2", "W3", "W4")


@dataclass(frozen=True)
class Job:
    """One process: an interpreter, a module or script with arguments, the workload it measures."""

    engine: str
    workload: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Paired:
    """A result and the rate of the limit kernel measured just before it (None: no limit).

    A process may measure several cases: only the first says how long a start takes.
    """

    result: Result
    limit_rate: float | None
    is_first: bool = True

    @property
    def share(self) -> float:
        """Return the rate as a share of the machine's limit, or as it is where there is none."""
        return self.result.rate / self.limit_rate if self.limit_rate else self.result.rate


def main() -> int:
    """Measure, print, write; 1 if nothing of ours was measured."""
    args = _arguments()
    cache = platformdirs.user_cache_path("ballast") / "bench"
    root = Path(os.environ.get("BALLAST_BENCH") or cache)
    environments, problems = _environments(args.peers, root)
    jobs = [job for job in _jobs(environments, quick=args.quick) if job.workload in args.only]
    results: list[Paired] = []
    for round_number in range(args.rounds):
        for job in jobs:
            found, problem = _measure_beside_limit(job, root, quick=args.quick)
            results += found
            if problem:
                problems[f"{job.engine} {job.workload}"] = problem
            print(f"round {round_number + 1}: {job.engine} {job.workload}", file=sys.stderr)
    for workload in sorted({each.result.case.workload for each in results}):
        print("\n".join(table(workload, results)))
    for name, problem in problems.items():
        print(f"\nnot measured: {name}: {problem}")
    _write(results, problems)
    return 0 if any(each.result.case.engine == OURS for each in results) else 1


def _measure_beside_limit(job: Job, root: Path, *, quick: bool) -> tuple[list[Paired], str]:
    """Measure the limit, then the job: both see the machine in the same mood."""
    yardstick = _limit(job.workload, quick=quick)
    if yardstick is None:
        found, problem = _measure(job, root)
        return _paired(found, None), problem
    limits, trouble = _measure(yardstick, root)
    rate = limits[0].rate if limits else None
    found, problem = _measure(job, root)
    return _paired(limits, rate) + _paired(found, rate), problem or trouble


def _paired(found: list[Result], rate: float | None) -> list[Paired]:
    """Put the rate of the limit beside the results of one process."""
    return [Paired(result, rate, place == 0) for place, result in enumerate(found)]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Ballast and its peers, side by side.")
    parser.add_argument("--rounds", type=int, default=1, help="how often everything is measured")
    parser.add_argument("--quick", action="store_true", help="fewer repeats")
    parser.add_argument("--only", default=",".join(WORKLOADS), type=_workloads, help="workloads")
    parser.add_argument("--peers", default=",".join(PINS), type=_words, help="peers, or none")
    return parser.parse_args()


def _workloads(text: str) -> list[str]:
    names = _words(text.upper())
    if not set(names) <= set(WORKLOADS):
        raise argparse.ArgumentTypeError(f"'{text}'; there are {', '.join(WORKLOADS)}")
    return names


def _words(text: str) -> list[str]:
    return [word for word in text.split(",") if word and word != "none"]


def _environments(names: list[str], root: Path) -> tuple[list[Environment], dict[str, str]]:
    """Return the peers that can run, and why the others cannot."""
    made = []
    for name in names:
        if name not in PINS:
            sys.exit(f"error: no peer '{name}'; there are {', '.join(PINS)}")
        print(f"preparing {name}", file=sys.stderr)
        made.append(prepare(name, root))
    return [each for each in made if each.python], {
        each.name: each.problem for each in made if each.python is None
    }


def _limit(workload: str, *, quick: bool) -> Job | None:
    """Return the yardstick of a workload, if it has one."""
    if workload not in {"W1", "W2"}:
        return None
    repeats = "3" if quick else "7"
    return Job(LIMIT, workload, (sys.executable, "-m", "peers.limit", workload.lower(), repeats))


def _jobs(environments: list[Environment], *, quick: bool) -> list[Job]:
    """Return all processes of one round; ours prints every workload it knows."""
    jobs = []
    if KERNEL.exists():
        repeats = "2" if quick else "7"
        jobs = [
            Job(OURS, workload, (sys.executable, str(KERNEL), workload.lower(), repeats))
            for workload in WORKLOADS[:3]
        ]
        walk = (sys.executable, str(WALKFORWARD), "w4", "3" if quick else "7")
        jobs.append(Job(OURS, "W4", walk))
    for environment in environments:
        module = f"peers.{environment.name}_peer"
        for workload in ("W1", "W2"):
            slow = environment.name in {"backtesting", "nautilus"} or workload == "W2"
            repeats = "1" if slow or quick else "5"
            command = (str(environment.python), "-m", module, workload.lower(), repeats)
            jobs.append(Job(environment.name, workload, command))
        if environment.name == "vectorbt":
            repeats = "1" if quick else "3"
            walk = (str(environment.python), "-m", "peers.vectorbt_walkforward", "w4", repeats)
            jobs.append(Job(environment.name, "W4", walk))
    return jobs


def _measure(job: Job, root: Path) -> tuple[list[Result], str]:
    """Run one process; return its results, or the end of what it complained about."""
    env = {
        **os.environ,
        "BALLAST_BENCH": str(root),
        "PYTHONPATH": str(HERE),
        "PYTHONWARNINGS": "ignore",
    }
    try:
        done = subprocess.run(
            job.command,
            env=env,
            cwd=HERE,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return [], f"no result within {TIMEOUT_SECONDS} s"
    found = parse(done.stdout.splitlines())
    words = " ".join((done.stderr or done.stdout).split())[-300:]
    return found, "" if found and done.returncode == 0 else words or f"exit {done.returncode}"


def table(workload: str, results: list[Paired]) -> list[str]:
    """Return the lines of a workload's table, fastest first, with ratios to ours and the limit.

    Where nobody else is measured the cases are different jobs, and no ratio is printed.
    """
    groups: dict[tuple[str, str, str], list[Paired]] = {}
    for each in results:
        case = each.result.case
        if case.workload == workload:
            groups.setdefault((case.engine, case.version, case.variant), []).append(each)
    shares = {key: statistics.median(one.share for one in group) for key, group in groups.items()}
    has_others = any(key[0] != OURS for key in groups)
    mine = [share for key, share in shares.items() if key[0] == OURS]
    ours = max(mine) if mine and has_others else None
    has_limit = any(key[0] == LIMIT for key in groups)
    unit = next(iter(groups.values()))[0].result.case.unit
    rows = [("engine", unit, "a second", "ours is", "limit is", "trades", "peak MB", "first s", "")]
    for key in sorted(shares, key=lambda key: -shares[key]):
        group = [each.result for each in groups[key]]
        starts = [each.result.first_result_s for each in groups[key] if each.is_first]
        trades = group[-1].facts.get("trades")
        rows.append(
            (
                f"{key[0]} {key[1]} ({key[2]})",
                f"{group[-1].case.units:,}",
                _short(statistics.median(one.rate for one in group)),
                f"{ours / shares[key]:,.2f} x" if ours else "-",
                f"{1 / shares[key]:,.2f} x" if has_limit else "-",
                "-" if trades is None else f"{trades:,.0f}",
                f"{max(one.peak_mb for one in group):,.0f}",
                f"{statistics.median(starts):.2f}" if starts else "-",
                group[-1].case.note,
            )
        )
    return [f"\n{workload}", *_aligned(rows)]


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """Lay out columns: the first and the last to the left, numbers to the right."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        "  ".join(
            text.rjust(width) if 0 < place < len(row) - 1 else text.ljust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _short(rate: float) -> str:
    """Print a rate with three digits: 41.2 M, 265, 0.37."""
    for size, letter in ((1e6, " M"), (1e3, " k")):
        if rate >= size:
            return f"{rate / size:,.3g}{letter}"
    return f"{rate:.3g}"


def _write(results: list[Paired], problems: dict[str, str]) -> None:
    """Keep the numbers, with the machine they came from."""
    RESULTS.parent.mkdir(exist_ok=True)
    machine = {
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
    }
    document = {
        "machine": machine,
        "results": [{**asdict(each.result), "limit_rate": each.limit_rate} for each in results],
        "not_measured": problems,
    }
    draft = RESULTS.with_suffix(".tmp")
    draft.write_text(json.dumps(document, indent=1))
    draft.replace(RESULTS)
    print(f"\nwrote {RESULTS.relative_to(HERE.parent)}")


if __name__ == "__main__":
    raise SystemExit(main())
