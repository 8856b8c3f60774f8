"""Columns of one indicator on one series are computed two at a time; nothing else changes."""

from __future__ import annotations

import pytest
from tests.unit.strategies.bars import walk

from ballast.core.errors import StrategyError
from ballast.strategies import close, ema, param, params, strategy, where
from ballast.strategies.cache import ColumnCache
from ballast.strategies.plan import compile_plan

p = params(
    far=param(True),
    fast=param(5, 2, 100),
    slow=param(21, 2, 50_000),
    slower=param(55, 2, 50_000),
)
THREE = strategy(
    "three",
    params=p,
    enter_long=ema(close, p.fast).crosses_above(ema(close, p.slow)),
    exit_long=ema(close, p.fast) < where(p.far, ema(close, p.slower), ema(close, p.slow)),
)
BARS = walk(3_000)
MARKET = {"A/USDT": BARS}


def test_signals_are_those_of_columns_that_were_all_there_before() -> None:
    """Three averages make a pair and one alone; a cache that has some of them pairs the others."""
    wanted = compile_plan(THREE).columns(MARKET, "A/USDT").signals.tobytes()
    for first in ("fast", "slow", "slower"):
        cache = ColumnCache()
        other = {"fast": 7, "slow": 30, "slower": 90} | {first: THREE.params[first].default}
        compile_plan(THREE, other).columns(MARKET, "A/USDT", cache)
        found = compile_plan(THREE).columns(MARKET, "A/USDT", cache)
        assert found.signals.tobytes() == wanted


def test_a_number_that_nobody_asks_for_is_no_error() -> None:
    """20,000 is too long for an average; a switch leaves it out, so it is not this run's fault."""
    numbers = {"far": 0, "slower": 20_000}
    signals = compile_plan(THREE, numbers).columns(MARKET, "A/USDT").signals
    assert signals.any()
    with pytest.raises(StrategyError, match="period"):
        compile_plan(THREE, {"slower": 20_000}).columns(MARKET, "A/USDT")
