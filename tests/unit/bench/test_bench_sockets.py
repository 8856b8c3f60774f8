"""The load driver of the served venue runs, places orders, and says what it saw."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from tests.data import ROOT


@pytest.mark.slow
def test_the_driver_places_and_cancels_while_streams_are_read() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "bench" / "bench_sockets.py"), "--minutes", "0.03",
         "--connections", "2", "--streams", "2"],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert "0 refused" in done.stdout
    rate = re.search(r"([\d,]+) orders/s", done.stdout)
    frames = re.search(r"([\d,]+) market frames/s", done.stdout)
    assert rate is not None
    assert frames is not None
    assert int(rate.group(1).replace(",", "")) > 10
    assert int(frames.group(1).replace(",", "")) > 0
