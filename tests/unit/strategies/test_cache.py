"""The column cache: content is the key, bytes are the bound."""

from __future__ import annotations

import numpy as np
from tests.unit.strategies.bars import walk

from ballast.strategies import close, ema, param, params, sma, strategy
from ballast.strategies.cache import ColumnCache
from ballast.strategies.plan import CompiledStrategy, compile_plan


def column(size: int) -> np.ndarray:
    return np.zeros(size, np.uint8)


def test_never_above_its_bound_and_the_oldest_goes_first() -> None:
    """A-DATA-07 for columns."""
    cache = ColumnCache(budget_bytes=100)
    for key in "abc":
        cache.put(key, column(40))
        assert cache.used_bytes <= 100
    assert cache.get("a") is None
    assert cache.get("b") is not None
    cache.put("d", column(40))  # c is now the least recently used
    assert cache.get("c") is None
    assert cache.get("b") is not None
    cache.put("e", column(101))
    assert cache.get("e") is None
    cache.put("b", column(10))
    assert cache.used_bytes == 50
    assert (cache.hits, cache.misses) == (2, 3)


def test_equal_bars_share_and_other_bars_do_not() -> None:
    """A-DATA-06: the key is the content: an inside difference is another key."""
    one, same, other = walk(200), walk(200), walk(200)
    other.close.flags.writeable = True
    other.close[100] += 0.5
    made = compile_plan(strategy("made", enter_long=close > ema(9)))
    cache = ColumnCache()
    first = made.columns({"A": one}, "A", cache).signals
    assert made.columns({"A": same}, "A", cache).signals is first
    assert made.columns({"A": other}, "A", cache).signals is not first


def test_two_strategies_share_a_column_whatever_its_number_is_called() -> None:
    market, cache = {"A": walk(200)}, ColumnCache()
    p, q = params(fast=param(9, 2, 50)), params(n=param(9, 2, 50))
    for declared, length in ((p, p.fast), (q, q.n), (None, 9)):
        made = strategy("made", params=declared, enter_long=close > ema(close, length), atr=1.0)
        compile_plan(made).columns(market, "A", cache)
    averages = [key for key in cache._columns if "ema(close(),?)" in str(key[1:2])]
    assert len(averages) == 1


def test_static_filters_are_joined_first_and_kept() -> None:
    """A sweep over one number recomputes only what depends on it."""
    market, cache = {"A": walk(2_000)}, ColumnCache()
    p = params(fast=param(9, 2, 50))
    made = strategy(
        "made",
        params=p,
        enter_long=(close > ema(close, p.fast))
        & (sma(sma(close, 5), 50) > sma(sma(close, 5), 60))
        & (sma(sma(close, 5), 20) > sma(sma(close, 5), 30))
        & (sma(sma(close, 5), 10) > sma(sma(close, 5), 15)),
        atr=1.0,
    )
    compiled = CompiledStrategy(made)
    compiled.plan({"fast": 5}).columns(market, "A", cache)
    before = len(cache)
    compiled.plan({"fast": 6}).columns(market, "A", cache)
    assert len(cache) - before == 2  # the average, and the signals
    assert any(str(key[1]).startswith("&(&(") for key in cache._columns)  # three joined and kept


def test_a_lock_is_taken_around_every_change() -> None:
    class Lock:
        entered = 0

        def __enter__(self) -> None:
            self.entered += 1

        def __exit__(self, *_: object) -> None:
            pass

    lock = Lock()
    cache = ColumnCache(lock=lock)
    compile_plan(strategy("made", enter_long=close > 1)).columns({"A": walk(100)}, "A", cache)
    assert lock.entered > 3
