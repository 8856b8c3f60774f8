"""The first session of a machine: the steps are compiled elsewhere, and loaded here."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ballast.service.live import first_compile

if TYPE_CHECKING:
    from pathlib import Path

CODE = """
import asyncio
from ballast.kernel import live
from ballast.service.live.first_compile import LAST, compiled_steps
from ballast.service.first_start import is_missing
assert is_missing(LAST)
asyncio.run(compiled_steps())
assert not is_missing(LAST)
hits = [step.stats.cache_hits for step, _ in live._STEPS]
assert all(sum(one.values()) == 1 for one in hits), hits
assert not any(step.stats.cache_misses for step, _ in live._STEPS)
"""


@pytest.mark.slow
def test_on_a_first_start_this_process_compiles_none_of_them(tmp_path: Path) -> None:
    """R-OBS-06: the compiler's memory goes with the process that compiled."""
    done = subprocess.run(
        [sys.executable, "-c", CODE], env={"XDG_CACHE_HOME": str(tmp_path), "PATH": "/bin"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_where_the_other_process_fails_the_steps_are_compiled_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiled: list[bool] = []
    monkeypatch.setattr(first_compile, "CODE", "raise SystemExit(1)")
    monkeypatch.setattr(first_compile, "is_missing", lambda _: True)
    monkeypatch.setattr(first_compile, "compile_steps", lambda: compiled.append(True))
    asyncio.run(first_compile.compiled_steps())
    assert compiled == [True]
