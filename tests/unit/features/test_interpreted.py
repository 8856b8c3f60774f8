"""Compiled code does what the Python it was compiled from does (R-ARCH-21, R-IND-16, R-IND-22)."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.data import ROOT
from tests.property.features.battery import market, pick

from ballast.features.indicators import registry

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 300
SCRIPT = """
import sys
import numpy as np
from ballast.features.indicators import registry
from tests.property.features.battery import market, pick
columns = market(5, {rows})
columns["series"][40] = np.nan
found = {{}}
for name in registry.names():
    indicator = registry.get(name)
    for at, out in enumerate(indicator.compute(pick(indicator, columns), indicator.bind())):
        found[f"{{name}}.{{at}}"] = out
np.savez(sys.argv[1], **found)
"""


def results(folder: Path, **environment: str) -> dict[str, np.ndarray]:
    """Compute everything in a process with numba's switches set, warnings as errors."""
    path = folder / "results.npz"
    subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT.format(rows=ROWS), str(path)],
        check=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), *sys.path))} | environment,
    )
    with np.load(path) as stored:
        return dict(stored)


def check(found: dict[str, np.ndarray]) -> None:
    columns = market(5, ROWS)
    columns["series"][40] = np.nan
    for name in registry.names():
        indicator = registry.get(name)
        outs = indicator.compute(pick(indicator, columns), indicator.bind())
        for at, out in enumerate(outs):
            np.testing.assert_array_equal(found[f"{name}.{at}"], out, err_msg=name)


def test_compiled_equals_interpreted(tmp_path: Path) -> None:
    """The same functions with the compiler off give the same values."""
    check(results(tmp_path, NUMBA_DISABLE_JIT="1"))


@pytest.mark.slow
def test_no_kernel_reads_or_writes_outside_its_arrays(tmp_path: Path) -> None:
    """R-IND-22: compiled with bounds checks on, nothing raises and nothing changes."""
    check(results(tmp_path, NUMBA_BOUNDSCHECK="1"))
