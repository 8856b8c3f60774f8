"""Digests of a fixed set of runs, to compare one way of running compiled code with another.

`python -m tests.oracle.digests 30` prints one line a run: it is started with the compiler off or
with bounds checks on, and its output compared (tests/property/kernel/test_interpreted.py).
"""

from __future__ import annotations

import hashlib
import sys
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, settings

from ballast.kernel.run import simulate
from tests.oracle.cases import CASH, markets

if TYPE_CHECKING:
    from ballast.kernel.market import Market

COLUMNS = ("fills", "trades", "refused", "sized", "refusals", "equity", "exposure", "daily")


def digests(count: int) -> list[str]:
    """Run the same `count` markets in any process, and return the hash of each one's bytes."""
    found: list[str] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(markets())
    def run_all(market: Market) -> None:
        run = simulate(market, CASH)
        digest = hashlib.blake2b(digest_size=8)
        for name in COLUMNS:
            rows = getattr(run, name)
            for field in rows.dtype.names or (None,):  # not the padding between fields
                digest.update((rows if field is None else rows[field]).tobytes())
        found.append(f"{digest.hexdigest()} {len(market.spec)} {len(run.fills)}")

    run_all()
    return found


if __name__ == "__main__":
    sys.stdout.write("\n".join(digests(int(sys.argv[1]))))
