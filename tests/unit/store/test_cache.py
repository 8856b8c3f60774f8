"""The memory-mapped cache: rebuilt when stale or broken, bounded, never trusted blindly."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.unit.store.bars import HOUR, same, some_bars

from ballast.store.cache import BarCache
from ballast.store.candles import CandleStore

if TYPE_CHECKING:
    from pathlib import Path

FILE = "cache/BINANCE/BTCUSDT/1h.bars"


def test_a_new_write_makes_the_cache_stale(tmp_path: Path) -> None:
    """R-CACHE-06, R-CACHE-08: the key is the hash of the whole content."""
    store = CandleStore(tmp_path)
    bars = some_bars(count=200)
    store.write(bars.slice(0, 100))
    old = store.read("BINANCE", "BTCUSDT", HOUR)
    store.write(bars)
    assert same(store.read("BINANCE", "BTCUSDT", HOUR), bars)
    assert same(old, bars.slice(0, 100)), "a view given out keeps what it showed"


@pytest.mark.parametrize("damage", ["short", "empty", "head", "tail", "rows"])
def test_a_broken_cache_file_is_rebuilt(tmp_path: Path, damage: str) -> None:
    store = CandleStore(tmp_path)
    bars = some_bars()
    store.write(bars)
    store.read("BINANCE", "BTCUSDT", HOUR)
    path = tmp_path / FILE
    whole = path.read_bytes()
    path.write_bytes(
        {
            "short": whole[: len(whole) // 2],
            "empty": b"",
            "head": b"X" + whole[1:],
            "tail": whole[:-1] + b"X",
            "rows": whole[:8] + b"\xff" * 8 + whole[16:],
        }[damage]
    )
    assert same(store.read("BINANCE", "BTCUSDT", HOUR), bars)
    assert path.read_bytes() == whole


def test_the_cache_is_bounded_and_the_least_recently_read_goes(tmp_path: Path) -> None:
    """R-CACHE-05: a maximum size with LRU eviction."""
    one = 64 + 8 + 100 * 49
    store = CandleStore(tmp_path, cache_bytes=2 * one)
    cache = BarCache(tmp_path / "cache", 2 * one)
    for at, symbol in enumerate(("AAA", "BBB", "CCC")):
        store.write(some_bars(symbol=symbol, seed=at))
    for at, symbol in enumerate(("AAA", "BBB")):
        store.read("BINANCE", symbol, HOUR)
        path = cache.path("BINANCE", symbol, HOUR)
        os.utime(path, ns=(at, at))
    os.utime(cache.path("BINANCE", "AAA", HOUR), ns=(9, 9))
    store.read("BINANCE", "CCC", HOUR)
    kept = {path.parent.name for path in (tmp_path / "cache").glob("*/*/*.bars")}
    assert kept == {"AAA", "CCC"}
    assert sum(path.stat().st_size for path in (tmp_path / "cache").glob("*/*/*.bars")) == 2 * one


def test_a_series_larger_than_the_cache_is_read_without_it(tmp_path: Path) -> None:
    store = CandleStore(tmp_path, cache_bytes=1_000)
    bars = some_bars()
    store.write(bars)
    assert same(store.read("BINANCE", "BTCUSDT", HOUR), bars)
    assert not (tmp_path / "cache").exists()


def test_leftovers_of_a_killed_reader_are_cleaned(tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    store.write(some_bars())
    left = tmp_path / "cache/BINANCE/BTCUSDT/.1h.bars.1-1.tmp"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    store.read("BINANCE", "BTCUSDT", HOUR)
    assert not left.exists()
