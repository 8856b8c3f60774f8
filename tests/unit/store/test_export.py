"""Exports: every format reads back to the same bits, through our importers and pandas."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from tests.unit.store.bars import HOUR, same, some_bars

from ballast.core.bars import SYNTHETIC
from ballast.core.errors import DataError
from ballast.store.export import FORMATS, export_bars, pair_of
from ballast.store.importers.read import read_any

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("form", list(FORMATS))
def test_what_is_exported_is_imported_unchanged(tmp_path: Path, form: str) -> None:
    bars = some_bars(count=300)
    path = export_bars(bars, tmp_path, form)
    found = read_any(path, venue="BINANCE", symbol="BTCUSDT", timeframe=HOUR).bars
    assert found is not None
    assert same(found, bars)


def test_synthetic_bars_are_not_passed_off_as_data(tmp_path: Path) -> None:
    bars = some_bars(count=10)
    flags = np.zeros(10, np.uint8)
    flags[3:5] = SYNTHETIC
    found = read_any(export_bars(bars.with_flags(flags), tmp_path, "csv")).bars
    assert found is not None
    assert found.ts.tolist() == [*bars.ts[:3].tolist(), *bars.ts[5:].tolist()]


@pytest.mark.parametrize(
    ("symbol", "form", "name"),
    [
        ("BTCUSDT", "csv", "BINANCE-BTCUSDT-1h.csv"),
        ("BTC/USDT:USDT", "parquet", "BINANCE-BTC%2FUSDT%3AUSDT-1h.parquet"),
        ("BTCUSDT", "freqtrade-feather", "BTC_USDT-1h.feather"),
        ("BTC/USDT:USDT", "freqtrade-json", "BTC_USDT_USDT-1h-futures.json"),
    ],
)
def test_a_folder_gets_a_file_named_as_its_readers_expect(
    tmp_path: Path, symbol: str, form: str, name: str
) -> None:
    assert export_bars(some_bars(symbol=symbol), tmp_path, form) == tmp_path / name


def test_pandas_reads_the_freqtrade_layouts_as_freqtrade_does(tmp_path: Path) -> None:
    bars = some_bars(count=5)
    frame = pd.read_feather(export_bars(bars, tmp_path, "freqtrade-feather"))
    assert list(frame.columns) == ["date", "open", "high", "low", "close", "volume"]
    assert str(frame["date"].dt.tz) == "UTC"
    assert (frame["date"].astype("int64") // 10**6 * (10**6) >= 0).all()
    assert frame["close"].tolist() == bars.close.tolist()
    rows = json.loads(export_bars(bars, tmp_path, "freqtrade-json").read_text())
    assert rows[0] == [int(bars.ts[0]), *(float(getattr(bars, n)[0]) for n in frame.columns[1:])]


@pytest.mark.parametrize(
    ("symbol", "pair"),
    [("BTCUSDT", "BTC/USDT"), ("ETH-USD", "ETH/USD"), ("SOL_USDC", "SOL/USDC"), ("A/B:B", "A/B:B")],
)
def test_pairs_are_read_out_of_symbols(symbol: str, pair: str) -> None:
    assert pair_of(symbol) == pair


def test_an_unknown_format_or_symbol_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="did you mean 'parquet'"):
        export_bars(some_bars(), tmp_path, "parqet")
    with pytest.raises(DataError, match="cannot tell base and quote of 'XYZ'"):
        export_bars(some_bars(symbol="XYZ"), tmp_path, "freqtrade-json")
