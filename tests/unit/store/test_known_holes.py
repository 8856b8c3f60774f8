"""The memory of what a venue does not have (R-DATA-02)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballast.core.errors import DataError
from ballast.core.time import Timeframe
from ballast.store.holes import KnownHoles, _joined

if TYPE_CHECKING:
    from pathlib import Path

HOUR = Timeframe.parse("1h")


def test_confirmed_spans_come_back_joined_and_per_series(tmp_path: Path) -> None:
    book = KnownHoles(tmp_path)
    assert book.known("BINANCE", "BTC/USDT", HOUR) == []
    book.confirm("BINANCE", "BTC/USDT", HOUR, [(10, 20), (40, 50)])
    book.confirm("binance", "BTC/USDT", HOUR, [(20, 30), (45, 60)])
    again = KnownHoles(tmp_path)
    assert again.known("BINANCE", "BTC/USDT", HOUR) == [(10, 30), (40, 60)]
    assert again.known("BINANCE", "BTC/USDT", Timeframe.parse("1m")) == []
    assert again.known("OKX", "BTC/USDT", HOUR) == []


def test_a_damaged_file_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    book = KnownHoles(tmp_path)
    book.confirm("BINANCE", "BTCUSDT", HOUR, [(1, 2)])
    (file,) = tmp_path.rglob("1h.json")
    file.write_text("[[1, 2], 7]")
    with pytest.raises(DataError, match="delete it"):
        book.known("BINANCE", "BTCUSDT", HOUR)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40))))
def test_joining_keeps_exactly_the_same_places(spans: list[tuple[int, int]]) -> None:
    joined = _joined(spans)
    places = {at for low, high in spans for at in range(low, high)}
    assert {at for low, high in joined for at in range(low, high)} == places
    assert all(one[1] < two[0] for one, two in pairwise(joined))
