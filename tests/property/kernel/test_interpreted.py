"""The compiled engine is the Python it is written in: same bytes with the compiler off (R-ARCH-21).

Once more with bounds checks on, and in a process of another hash seed: no run may depend on either.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from tests.data import ROOT

FEW, MANY = 12, 200


def digests_elsewhere(count: int, **environment: str) -> list[str]:
    """Run the same markets in a process of its own.

    Never in this one: Hypothesis draws constants from the modules that happen to be loaded, so a
    process that ran other tests before draws other markets from the same seed.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.oracle.digests", str(count)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


def test_compiled_equals_interpreted_on_a_few_markets() -> None:
    here = digests_elsewhere(FEW)
    assert digests_elsewhere(FEW, NUMBA_DISABLE_JIT="1", PYTHONHASHSEED="1") == here
    assert any(line.split()[2] != "0" for line in here), "no market filled anything"


@pytest.mark.slow
def test_compiled_equals_interpreted() -> None:
    assert digests_elsewhere(MANY, NUMBA_DISABLE_JIT="1") == digests_elsewhere(MANY)


@pytest.mark.slow
def test_bounds_checks_find_nothing_and_change_nothing() -> None:
    checked = digests_elsewhere(MANY, NUMBA_BOUNDSCHECK="1", PYTHONHASHSEED="7")
    assert checked == digests_elsewhere(MANY)
