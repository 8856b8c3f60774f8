"""Lives of a node ended by SIGKILL: `python -m tests.fakes.journal_life FOLDER ROUNDS SEED`.

Each round forks a child that opens the journal and appends, saying after each append how far it is;
the parent kills it at a moment drawn from the seed. Then the journal is read. Prints one line of
JSON: rounds, kills that hit a living child, records, and what was wrong.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from pathlib import Path

import numpy as np

from tests.fakes.journals import Home, numbered

SAYS_BYTES = 8
WINDOW_SECONDS = 0.006
BATCH = 3
SNAPSHOT_EACH = 7


def main(folder: Path, rounds: int, seed: int) -> dict[str, object]:
    draw = np.random.default_rng(seed)
    home = Home(folder)
    problems: list[str] = []
    kills = records = 0
    for number in range(rounds):
        told, was_alive = _one(home, number, records, float(draw.uniform(0, WINDOW_SECONDS)))
        kills += was_alive
        numbers = home.numbers() if home.path.exists() else []
        if numbers != list(range(len(numbers))) or len(numbers) % BATCH:
            problems.append(f"round {number}: a hole, a repetition or half a batch")
        if len(numbers) < told:
            problems.append(f"round {number}: {told} acknowledged, {len(numbers)} there")
        records = len(numbers)
        if number % 25 == 0:
            problems += home.verify().problems
    with home.open() as journal:
        loaded = journal.load()
        problems += loaded.damaged
        sum(1 for _ in loaded.tail)
    problems += home.verify().problems
    return {"rounds": rounds, "kills": kills, "records": records, "problems": problems}


def _one(home: Home, number: int, records: int, after_seconds: float) -> tuple[int, bool]:
    """Run and kill one life; return how many records it said were there, and if it was alive."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        _live(home, number, records, writes)
    os.close(writes)
    if number % 3:  # two of three die while they write, the third while it opens, or soon after
        select.select([reads], [], [])
    select.select([], [], [], after_seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reads, "rb") as pipe:
        said = pipe.read()
    last = said[len(said) // SAYS_BYTES * SAYS_BYTES - SAYS_BYTES :][:SAYS_BYTES]
    told = int.from_bytes(last, "big") if len(said) >= SAYS_BYTES else 0
    return told, os.WIFSIGNALED(status)


def _live(home: Home, number: int, records: int, writes: int) -> None:
    try:
        home.starts = number
        journal = home.open()
        while True:
            head = journal.append(numbered(records, BATCH))
            records += BATCH
            os.write(writes, records.to_bytes(SAYS_BYTES, "big"))
            if records // BATCH % SNAPSHOT_EACH == 0:
                journal.snapshot(b"state %d" % records * 50, seq=head.seq, at_ns=records)
    finally:
        os._exit(1)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))) + "\n")
