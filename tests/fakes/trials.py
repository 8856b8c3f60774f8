"""Trials for tests of the ledger: numbered ones, with returns that follow from the number."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from ballast.store.trials import FIGURES, Kind, Outcome, Scope, State, TrialBatch, TrialLedger

BLOCKS = 13


def scope(**changes: Any) -> Scope:
    given: dict[str, Any] = {
        "kind": Kind.SWEEP, "study": "study", "strategy": "cross", "family": "fam", "body": "body",
        "data": "data", "market": "TEST BTCUSDT", "timeframe": "1h", "from_ms": 0,
        "to_ms": 31_536_000_000, "settings": "set", "code_version": "1", "names": ("fast", "slow"),
    }  # fmt: skip
    return Scope(**given | changes)


def numbered(first: int, count: int, **changes: Any) -> TrialBatch:
    """Return trials `first` to `first + count`; trial k has fast = k and a Sharpe of k / 100."""
    at = np.arange(first, first + count, dtype=np.float64)
    figures = np.full((count, len(FIGURES)), np.nan)
    figures[:, 0] = at / 100
    figures[:, 1] = at
    blocks = np.arange(BLOCKS, dtype=np.float64)
    sketches = np.sin(at[:, None] + blocks[None, :]).astype(np.float32)
    values = np.stack([at, at + 0.5], axis=1)
    return TrialBatch(scope(**changes), values, figures, sketches, 700)


def work(path: Path, name: int, batches: int, size: int) -> None:
    """Append batches of own and of shared trials, and say so: the child of kill tests."""
    with TrialLedger(path) as ledger:
        for at in range(batches):
            first = 1_000_000 * (name + 1) + at * size
            number = at * size
            outcomes = [Outcome(number + k, State.DONE, k, (float(k),)) for k in range(size)]
            ledger.append(numbered(first, size, study=f"worker-{name}"), outcomes)
            ledger.append(numbered(at, 2, study="shared"))
            sys.stdout.write(f"{at}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    work(Path(sys.argv[1]), *(int(one) for one in sys.argv[2:5]))
