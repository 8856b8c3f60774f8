"""`python bench/bench_matching.py [--peers none] [--repeats N]`: the order book beside its peers.

M1: a recorded book, every change of a level and every trade, into an empty book.
M2: the same, and each millisecond two quotes at the best prices are cancelled and placed anew, with
    their places in the queue; placements, cancels and fills are counted.
M3: a stream of single orders, placed, cancelled, taken, as a matching engine gets them. No peer
    does this from Python, so it stands alone.

Peers run in environments of their own, one process at a time, right after ours. All of them use one
core, so rates are per second of processor time (medians of the warm runs): a neighbour does not
change them much. They do not do quite the same work: hftbacktest keeps two books (the venue's and
ours) and models latency; the book of NautilusTrader is fed one object a change. The recording is
not part of the repository: without it only M3 runs.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import platformdirs
from format import Case, Result, measure, parse
from peers import recording
from peers.environments import prepare

from ballast import __version__
from ballast.core.jit import jit
from ballast.core.rng import stream
from ballast.kernel.exchange import batch, layout
from ballast.kernel.exchange.depth import put_level, replay_trade
from ballast.kernel.exchange.growth import with_room
from ballast.kernel.exchange.match import enter, leave
from ballast.kernel.exchange.queues import best_level, level_at
from ballast.kernel.exchange.views import best_price

if TYPE_CHECKING:
    from ballast.kernel.exchange.layout import Words

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[1] / "shared" / "data"
ROOM = 1 << 15
"""Output rows and free records: what M1 needs at most between two looks."""
M3_ORDERS = 1_000_000
PEERS = {"hftbacktest": "peers.hftbacktest_peer", "nautilus": "peers.nautilus_book_peer"}


def main() -> int:
    """Measure ours, then each peer; print a table a workload."""
    args = _arguments()
    root = Path(
        os.environ.get("BALLAST_BENCH") or platformdirs.user_cache_path("ballast") / "bench"
    )
    rows_file = root / recording.FILE
    results = [m3(args.repeats)]
    problems: dict[str, str] = {}
    if not (DATA / recording.SOURCE).exists():
        problems["M1, M2"] = f"no recording at {DATA / recording.SOURCE}"
        args.peers = "none"
    else:
        recording.write(DATA, rows_file)
        os.environ["BALLAST_BENCH_ROWS"] = str(rows_file)
        rows = recording.load()
        results += [m1(rows, args.repeats), m2(rows, args.repeats)]
    for name in [] if args.peers == "none" else args.peers.split(","):
        found, problem = _peer(name, root, args.repeats)
        results += found
        if problem:
            problems[name] = problem
    _print(results)
    for name, problem in problems.items():
        print(f"not measured: {name}: {problem}")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--repeats", type=int, default=5)
    return parser.parse_args()


def _peer(name: str, root: Path, repeats: int) -> tuple[list[Result], str]:
    environment = prepare(name, root)
    if environment.python is None:
        return [], environment.problem
    command = [str(environment.python), "-m", PEERS[name], str(repeats)]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    print(f"measured {name}", file=sys.stderr)
    return parse(done.stdout.splitlines()), "" if done.returncode == 0 else done.stderr[-300:]


def commands_of(rows: Words) -> Words:
    """Return the recording as a batch."""
    commands = np.zeros((len(rows), layout.COMMAND_WORDS), dtype=np.int64)
    is_level = rows[:, 1] == recording.LEVEL
    commands[:, layout.OP] = np.where(is_level, layout.SET_LEVEL, layout.TRADE)
    commands[:, layout.C_SIDE] = rows[:, 2]
    commands[:, layout.C_PRICE] = rows[:, 3]
    commands[:, layout.C_LOTS] = rows[:, 4]
    return commands


def run_batch(commands: Words) -> tuple[Words, int]:
    """Carry a batch out as the exchange does, taking facts over whenever the output is full."""
    book, out = layout.new_book(ROOM, ROOM), layout.new_output(ROOM)
    done, trades = 0, 0
    while done < len(commands):
        book = with_room(book, 1_024)
        done = batch.apply(book, out, commands, done)
        facts = out[1 : int(out[0, 0]) + 1]
        trades += int((facts[:, layout.KIND] == layout.FILL).sum())
    return book, trades


def m1(rows: Words, repeats: int) -> Result:
    """The recording into a book."""
    commands = commands_of(rows)

    def work() -> dict[str, float]:
        book, _ = run_batch(commands)
        bid, ask = _best(book)
        return {"bid": bid, "ask": ask}

    case = Case("ballast", __version__, "M1", "batch", "events", len(rows))
    return measure(case, work, repeats=repeats)


def _best(book: Words) -> tuple[int, int]:
    return int(best_price(book, 1)), int(best_price(book, -1))


@jit
def count_fills(out: Words, counts: Words) -> None:
    """Count the fills of our quotes among the facts, and take the facts over."""
    for row in range(1, out[0, 0] + 1):
        counts[2] += out[row, 0] == 1 and out[row, 2] == 1
    out[0, 0] = 0


@jit
def requote(m: Words, out: Words, name: int, lots: int, counts: Words) -> None:
    """Cancel quotes `name` and `name + 1` and place the next two at the best prices."""
    for side in (1, -1):
        if leave(m, out, name if side > 0 else name + 1) == 1:
            counts[1] += 1
    for side in (1, -1):
        level = best_level(m, side)
        if level >= 0:
            price = m[level_at(m, level)]
            enter(m, out, name + 2 if side > 0 else name + 3, 1, side, price, lots, 4, 0)
            counts[0] += 1


@jit
def quote(m: Words, out: Words, rows: Words, step_ns: int, lots: int, counts: Words) -> None:
    """Replay the rows; every step cancel both quotes and place them at the best prices."""
    out[0, 0] = 0
    due = rows[0, 0] + step_ns
    name = 1
    for i in range(len(rows)):
        while rows[i, 0] >= due:
            requote(m, out, name, lots, counts)
            name += 2
            due += step_ns
            count_fills(out, counts)
        if out[0, 0] > len(out) // 2:
            count_fills(out, counts)
        if rows[i, 1] == 1:
            put_level(m, out, rows[i, 2], rows[i, 3], rows[i, 4], 0, 0)
        else:
            replay_trade(m, out, rows[i, 2], rows[i, 3], rows[i, 4], 0)


def m2(rows: Words, repeats: int) -> Result:
    """Two quotes a millisecond in the recorded book."""

    def work() -> dict[str, float]:
        book, out = layout.new_book(ROOM, ROOM), layout.new_output(ROOM)
        counts = np.zeros(3, dtype=np.int64)
        quote(book, out, rows, recording.STEP_NS, recording.QUOTE_LOTS, counts)
        placed, cancelled, filled = counts.tolist()
        return {"placed": placed, "cancelled": cancelled, "filled": filled}

    facts = work()
    events = int(facts["placed"] + facts["cancelled"] + facts["filled"])
    case = Case("ballast", __version__, "M2", "compiled loop", "order events", events)
    return measure(case, work, repeats=repeats)


def m3(repeats: int) -> Result:
    """Orders one by one: 45 % placed, 45 % cancel one of the last 500, 10 % take."""
    rng = stream(1, "bench orders")
    kind = rng.choice(3, M3_ORDERS, p=[0.45, 0.45, 0.1])
    commands = np.zeros((M3_ORDERS, layout.COMMAND_WORDS), dtype=np.int64)
    ids = np.arange(1, M3_ORDERS + 1)
    placed = ids[kind == 0]
    before = np.maximum(np.cumsum(kind == 0) - rng.integers(1, 500, M3_ORDERS), 0)
    commands[:, layout.C_ID] = np.where(kind == 1, placed[before], ids)
    side = rng.choice([1, -1], M3_ORDERS)
    away = rng.integers(0, 40, M3_ORDERS)
    commands[:, layout.C_SIDE] = side
    commands[:, layout.C_PRICE] = 100_000 - side * (1 + away)
    commands[:, layout.C_LOTS] = rng.integers(1, 50, M3_ORDERS)
    commands[kind == 1, layout.OP] = layout.CANCEL
    takes = kind == 2
    commands[takes, layout.C_PRICE] += (side * 80)[takes]
    commands[takes, layout.C_FLAGS] = layout.IOC

    def work() -> dict[str, float]:
        book, trades = run_batch(commands)
        return {"trades": trades, "resting": int(book[layout.ORDERS])}

    case = Case("ballast", __version__, "M3", "batch", "order events", M3_ORDERS)
    return measure(case, work, repeats=repeats)


def rate_of(result: Result) -> float:
    """Return units a second of processor time, the median of the warm runs."""
    return result.case.units / statistics.median(result.cpu_s)


def _print(results: list[Result]) -> None:
    """Print rates and ratios, a table a workload."""
    for workload in ("M1", "M2", "M3"):
        found = [one for one in results if one.case.workload == workload]
        if not found:
            continue
        ours = rate_of(found[0])
        print(f"\n{workload}  {found[0].case.unit} a second of processor time")
        for one in found:
            ratio = f"{ours / rate_of(one):8.1f} x" if one is not found[0] else ""
            facts = ", ".join(f"{name} {value:,.0f}" for name, value in one.facts.items())
            rate = f"{rate_of(one):>14,.0f}"
            print(f"{one.case.engine:12} {one.case.version:10} {rate} {ratio:11} {facts}")


if __name__ == "__main__":
    sys.exit(main())
