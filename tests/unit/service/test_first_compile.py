"""The first session of a machine: what it runs is compiled elsewhere, and loaded here."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ballast.core.settings import Settings
from ballast.research.series import Series
from ballast.research.synthetic import synthetic_market
from ballast.service.live import first_compile
from ballast.service.paper.opening import Wish, open_paper
from ballast.strategies.catalog import load

if TYPE_CHECKING:
    from pathlib import Path

    from ballast.runtime.node.session import Session

CODE = """
import asyncio, sys
from ballast.features.indicators import definition
from ballast.kernel import live
from ballast.service.first_start import is_missing
from ballast.service.live.first_compile import CODEC, KIND, LAST, compiled
session = CODEC.of_text(KIND, sys.stdin.read())
assert is_missing(LAST)
asyncio.run(compiled(session))
assert not is_missing(LAST)
kernels = [definition.registered()[name].engine.kernel for name in ("ema_first", "atr_first")]
for one in [step for step, _ in live._STEPS] + kernels:
    assert sum(one.stats.cache_hits.values()) == 1, one
    assert not one.stats.cache_misses, one
"""


def session() -> Session:
    """Return a session of averages that cross, with a stop by the ATR."""
    made = synthetic_market(7, timeframe="1m", n_bars=300)
    series = [Series(made.bars[0], made.instruments[0])]
    found = open_paper(
        load("ema_cross"), series, Settings(), "test", Wish({}, from_ms=int(made.bars[0].ts[-60]))
    ).rules.session
    assert found is not None
    return found


@pytest.mark.slow
def test_on_a_first_start_this_process_compiles_none_of_it(tmp_path: Path) -> None:
    """R-OBS-06: the compiler's memory goes with the process that compiled."""
    done = subprocess.run(
        [sys.executable, "-c", CODE], env={"XDG_CACHE_HOME": str(tmp_path), "PATH": "/bin"},
        input=first_compile.CODEC.text(session()),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_where_the_other_process_fails_it_is_compiled_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiled: list[bool] = []
    monkeypatch.setattr(first_compile, "CODE", "raise SystemExit(1)")
    monkeypatch.setattr(first_compile, "is_missing", lambda _: True)
    monkeypatch.setattr(first_compile, "compile_all", lambda _: compiled.append(True))
    asyncio.run(first_compile.compiled(session()))
    assert compiled == [True]
