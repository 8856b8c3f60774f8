"""The store against a dictionary: any sequence of writes, any spelling, any period."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.disk import QuickDisk

from ballast.core.bars import Bars
from ballast.core.errors import DataError
from ballast.core.time import DAY_MS, Timeframe, parse_ms
from ballast.store.candles import CandleStore
from ballast.store.symbols import (
    LONGEST,
    folder_name,
    folder_text,
    is_device,
    market_key,
    meant_symbol,
)

if TYPE_CHECKING:
    import pytest

DAY = Timeframe.parse("1d")
FIRST_MS = parse_ms("2023-12-20")

writes = st.lists(
    st.dictionaries(st.integers(0, 80), st.integers(1, 3), min_size=1, max_size=30),
    min_size=1,
    max_size=6,
)


def _bars(prices: dict[int, int]) -> Bars:
    days = sorted(prices)
    close = np.array([float(prices[day]) for day in days])
    columns = {"open": close, "high": close, "low": close, "close": close, "volume": close}
    return Bars.of("X", "AB", DAY, FIRST_MS + DAY_MS * np.array(days), columns)


@given(writes, st.integers(0, 80), st.integers(0, 80))
def test_the_store_is_a_dictionary_by_time(
    tmp_path_factory: pytest.TempPathFactory,
    rounds: list[dict[int, int]],
    start: int,
    stop: int,
) -> None:
    """Counts of inserted, unchanged and revised bars included."""
    store = CandleStore(tmp_path_factory.mktemp("store"), disk=QuickDisk())
    model: dict[int, int] = {}
    for prices in rounds:
        expected = store.preview(_bars(prices))
        report = store.write(_bars(prices))
        assert report == expected
        assert report.inserted == len(prices.keys() - model.keys())
        assert report.unchanged == sum(model.get(day) == price for day, price in prices.items())
        assert report.revised == len(prices) - report.inserted - report.unchanged
        model |= prices
    whole = _bars(model)
    read = store.read("X", "AB", DAY)
    assert np.array_equal(read.ts, whole.ts)
    assert np.array_equal(read.close, whole.close)
    low, high = FIRST_MS + DAY_MS * start, FIRST_MS + DAY_MS * stop
    part = store.read("X", "AB", DAY, low, high)
    assert part.ts.tolist() == [ts for ts in whole.ts.tolist() if low <= ts < high]


@given(st.text(min_size=1, max_size=30) | st.sampled_from(["AUX", "nul", "Com1.x", "BTC.", ".."]))
def test_any_symbol_is_a_folder_and_reads_back(symbol: str) -> None:
    """R-ARCH-18: on Windows too, which takes no names of devices and no dot at an end."""
    try:
        folder = folder_name(symbol)
    except DataError:
        return
    assert len(folder) <= LONGEST
    assert not set(folder) & set('/\\:*?"<>| \0')
    assert not folder.startswith(".")
    assert not folder.endswith(".")
    assert not is_device(folder)
    if symbol.isprintable():
        assert folder_text(folder) == symbol


@given(st.sampled_from(["BTC", "1000PEPE", "kSHIB"]), st.sampled_from(["USDT", "USDC"]))
def test_all_spellings_of_a_market_are_one(base: str, quote: str) -> None:
    spellings = [f"{base}{mark}{quote}" for mark in ("", "/", "-", "_")]
    assert len({market_key(name) for name in spellings}) == 1
    for name in spellings:
        assert meant_symbol(name, [f"{base}/{quote}", f"{base}/XYZ"]) == f"{base}/{quote}"
        assert meant_symbol(name.lower(), [f"{base}/{quote}:{quote}"]) == f"{base}/{quote}:{quote}"
        assert meant_symbol(name, [f"{base}/{quote}:{quote}-260327"]) is None
