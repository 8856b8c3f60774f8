"""The real samples of the shared data: imported whole, and equal to what is known of them."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.data import SHARED, needs_data

from ballast.core.bars import COLUMNS
from ballast.core.errors import DataError
from ballast.core.time import Timeframe
from ballast.store.importers.read import read_any

MINUTE = Timeframe.parse("1m")
FORMATS = SHARED / "formats"


@needs_data
@pytest.mark.parametrize(
    ("name", "said", "form", "rows"),
    [
        ("binance-klines-AVAXUSDT-1m-2023-02.csv", {}, "binance", 1_499),
        ("binance-klines-AVAXUSDT-1m-2025-02.csv", {}, "binance", 299),
        ("cryptodatadownload-Coinbase_BTCUSD_1h.csv", {}, "cryptodatadownload", 1_498),
        ("csv-BTCUSDT_1hour_ticks.csv", {"venue": "BINANCE"}, "csv", 499),
        ("freqtrade-FTX-MSOL_USD-1h.json", {}, "ohlcv", 594),
    ],
)
def test_real_samples_import_whole(name: str, said: dict[str, str], form: str, rows: int) -> None:
    found = read_any(FORMATS / name, **said)  # type: ignore[arg-type]
    assert found.bars is not None
    assert (found.format, len(found.bars), found.rejected) == (form, rows, ())


@needs_data
def test_bitfinex_pages_equal_the_assembled_month() -> None:
    """The order open, CLOSE, HIGH, LOW is found out, not assumed."""
    pages = FORMATS / "bitfinex-candle-pages-2017-12.jsonl.zst"
    found = read_any(pages, venue="BITFINEX", symbol="BTCUSD").bars
    month = read_any(SHARED / "dirty" / "BITFINEX-BTCUSD-1m.parquet").bars
    assert found is not None
    assert month is not None
    part = month.period(int(found.ts[0]), int(found.ts[-1]) + 1)
    for column in COLUMNS:
        assert np.array_equal(getattr(found, column), getattr(part, column)), column


@needs_data
def test_csv_with_suffixed_names_equals_the_parquet_of_the_same_market() -> None:
    found = read_any(FORMATS / "csv-BTCUSDT_1hour_ticks.csv", venue="BINANCE").bars
    known = read_any(SHARED / "candles" / "BINANCE-BTCUSDT-1h.parquet").bars
    assert found is not None
    assert known is not None
    part = known.period(int(found.ts[0]), int(found.ts[-1]) + 1)
    assert len(found) == 499
    assert np.isin(found.ts, part.ts).all()
    rows = np.searchsorted(part.ts, found.ts)
    for column in COLUMNS[1:]:
        assert np.array_equal(getattr(found, column), getattr(part, column)[rows])


@needs_data
@pytest.mark.parametrize(
    "name",
    [
        "binance-btcusdt-depth-snap.csv",
        "binance-btcusdt-depth-update.csv",
        "tardis-binance-futures_book_snapshot_25_BTCUSDT.csv",
        "tardis-deribit_incremental_book_L2_BTC-PERPETUAL.csv",
        "tardis-huobi-dm-swap_quotes_BTC-USD.csv",
    ],
)
def test_order_book_files_are_recognised_and_refused(name: str) -> None:
    with pytest.raises(DataError, match=r"this file holds (order-book data|best quotes)"):
        read_any(FORMATS / name)


@needs_data
def test_a_day_of_aggregated_trades_is_a_day_of_minutes() -> None:
    path = SHARED / "trades" / "BINANCEUSDM-APEUSDT-aggTrades-2024-10-18.zip"
    found = read_any(path, timeframe=MINUTE)
    assert found.bars is not None
    assert (found.venue, found.symbol, len(found.bars)) == ("BINANCEUSDM", "APEUSDT", 1_440)
    day = read_any(path, timeframe=Timeframe.parse("1d")).bars
    assert day is not None
    assert len(day) == 1
    panel = SHARED / "panel" / "BINANCEUSDM-UNIVERSE120-1d.parquet"
    known = read_any(panel, symbol="APEUSDT").bars
    assert known is not None
    native = known.period(int(day.ts[0]), int(day.ts[0]) + 1)
    assert len(native) == 1
    for column in ("open", "high", "low", "close"):
        assert getattr(day, column)[0] == getattr(native, column)[0]
    assert day.volume[0] == pytest.approx(native.volume[0], rel=1e-9)


@needs_data
@pytest.mark.parametrize("folder", ["candles", "dirty"])
def test_every_shared_candle_file_imports_without_a_loss(folder: str) -> None:
    for path in sorted((SHARED / folder).glob("*.parquet")):
        found = read_any(path)
        table = pq.ParquetFile(path)
        assert found.bars is not None
        assert len(found.bars) == table.metadata.num_rows, path.name
        assert (found.rejected, found.duplicates) == ((), 0)
