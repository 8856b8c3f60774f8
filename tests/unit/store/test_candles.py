"""The candle store: what goes in comes out, changes are counted, damage is named."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.unit.store.bars import HOUR, same, some_bars

from ballast.core.bars import COLUMNS
from ballast.core.errors import DataError
from ballast.core.time import Timeframe, parse_ms
from ballast.store.candles import CandleStore

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "candles/BINANCE/BTCUSDT/1h"


def test_bars_come_back_as_written_over_month_borders(tmp_path: Path) -> None:
    """R-CACHE-01: one portable columnar file a month."""
    bars = some_bars("2023-12-20", 1_500)
    report = CandleStore(tmp_path).write(bars)
    assert (report.inserted, report.unchanged, report.revised) == (1_500, 0, 0)
    read = CandleStore(tmp_path).read("BINANCE", "BTCUSDT", HOUR)
    assert same(read, bars)
    assert sorted(path.name for path in (tmp_path / FOLDER).glob("*.parquet")) == [
        "2023-12.parquet",
        "2024-01.parquet",
        "2024-02.parquet",
    ]


def test_a_read_is_zero_copy_and_read_only(tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    store.write(some_bars())
    store.read("BINANCE", "BTCUSDT", HOUR)
    bars = store.read("BINANCE", "BTCUSDT", HOUR, parse_ms("2024-01-02"), parse_ms("2024-01-03"))
    assert len(bars) == 24
    for name in (*COLUMNS, "flags"):
        column = getattr(bars, name)
        assert type(column) is np.ndarray
        assert column.base is not None
        assert not column.flags.writeable
        assert column.flags.aligned


def test_flags_are_kept(tmp_path: Path) -> None:
    bars = some_bars()
    flags = np.zeros(len(bars), np.uint8)
    flags[7] = 1
    store = CandleStore(tmp_path)
    store.write(bars.with_flags(flags))
    assert store.read("BINANCE", "BTCUSDT", HOUR).flags[7] == 1


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    store.write(some_bars())
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / FOLDER).iterdir()}
    report = store.write(some_bars())
    assert (report.inserted, report.unchanged, report.revised) == (0, 100, 0)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / FOLDER).iterdir()} == before


def test_a_revised_bar_wins_and_is_counted(tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    bars = some_bars()
    store.write(bars)
    close = bars.close.copy()
    close[3] += 0.01
    close[50] -= 0.01
    report = store.write(replace(bars, close=close))
    assert (report.inserted, report.unchanged, report.revised) == (0, 98, 2)
    first = report.examples[0]
    assert (first.ts, first.column) == (int(bars.ts[3]), "close")
    assert (first.old, first.new) == (bars.close[3], close[3])
    assert np.array_equal(store.read("BINANCE", "BTCUSDT", HOUR).close, close)


def test_a_forbidden_revision_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    bars = some_bars("2024-01-20", 600)
    store.write(bars)
    changed = replace(bars, close=bars.close + np.where(np.arange(600) == 500, 0.01, 0.0))
    with pytest.raises(DataError, match="1 stored bars of 2024-02 would change"):
        store.write(changed, revise=False)
    assert same(store.read("BINANCE", "BTCUSDT", HOUR), bars)
    assert not list((tmp_path / FOLDER).glob(".*.tmp"))


def test_new_bars_between_and_after_old_ones(tmp_path: Path) -> None:
    """R-DATA-02: history is extended with only what is missing."""
    store = CandleStore(tmp_path)
    bars = some_bars(count=1_000)
    store.write(bars.slice(0, 300))
    store.write(bars.slice(700, 1_000))
    report = store.write(bars.slice(250, 600))
    assert (report.inserted, report.unchanged) == (300, 50)
    assert store.write(bars.slice(600, 700)).inserted == 100
    assert same(store.read("BINANCE", "BTCUSDT", HOUR), bars)


@pytest.mark.parametrize("spelling", ["BTC/USDT:USDT", "btcusdt", "BTC-USDT", "BTC_USDT"])
def test_other_spellings_of_a_symbol_find_it(tmp_path: Path, spelling: str) -> None:
    store = CandleStore(tmp_path)
    store.write(some_bars(symbol="BTC/USDT:USDT"))
    assert store.read("binance", spelling, HOUR).symbol == "BTC/USDT:USDT"


def test_an_ambiguous_symbol_is_refused(tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    store.write(some_bars(symbol="BTC/USDT:USDT"))
    store.write(some_bars(symbol="BTC/USDC"))
    store.write(some_bars(symbol="BTC/USDT:USDC"))
    with pytest.raises(DataError, match=r"may mean BTC/USDT:USDC or BTC/USDT:USDT"):
        store.read("BINANCE", "BTCUSDT", HOUR)


def test_the_same_market_is_one_series_and_the_perpetual_another(tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    store.write(some_bars(symbol="BTC/USDT"))
    store.write(some_bars(symbol="BTCUSDT", seed=1))
    store.write(some_bars(symbol="BTC/USDT:USDT"))
    store.write(some_bars(symbol="BTCUSDT.mark"))
    assert [info.symbol for info in store.series()] == ["BTC/USDT", "BTC/USDT:USDT", "BTCUSDT.mark"]


@pytest.mark.parametrize(
    ("venue", "symbol", "timeframe", "said"),
    [
        ("KRAKEN", "BTCUSDT", "1h", "no data for the venue 'KRAKEN'"),
        ("BINANCE", "BTCUSDC", "1h", "did you mean 'BTCUSDT'"),
        ("BINANCE", "BTCUSDT", "4h", "no 4h bars of BTCUSDT.*expected 1h"),
    ],
)
def test_an_unknown_series_says_what_there_is(
    tmp_path: Path, venue: str, symbol: str, timeframe: str, said: str
) -> None:
    store = CandleStore(tmp_path)
    store.write(some_bars())
    with pytest.raises(DataError, match=said):
        store.read(venue, symbol, Timeframe.parse(timeframe))
    assert not store.has(venue, symbol, Timeframe.parse(timeframe))
    assert store.has("BINANCE", "BTCUSDT", HOUR)


def test_the_list_counts_rows_and_missing_bars(tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    bars = some_bars(count=1_000)
    store.write(bars.slice(0, 400))
    store.write(bars.slice(410, 1_000))
    info = store.info("BINANCE", "BTCUSDT", HOUR)
    assert (info.rows, info.missing, info.months) == (990, 10, 2)
    assert (info.first_ms, info.last_ms) == (int(bars.ts[0]), int(bars.ts[-1]))
    assert store.series() == [info]
    assert store.verify("BINANCE", "BTCUSDT", HOUR) == 990


def test_bars_that_are_not_numbers_are_refused(tmp_path: Path) -> None:
    bars = some_bars()
    close = bars.close.copy()
    close[5] = np.nan
    store = CandleStore(tmp_path)
    with pytest.raises(DataError, match="close is not a number at 2024-01-01 05:00"):
        store.write(replace(bars, close=close))
    assert store.series() == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"venue": 1}', b"\xff\xfe"])
def test_a_broken_manifest_is_made_again(tmp_path: Path, content: bytes) -> None:
    store = CandleStore(tmp_path)
    bars = some_bars()
    store.write(bars)
    path = tmp_path / FOLDER / "manifest.json"
    whole = path.read_bytes()
    path.write_bytes(content)
    assert same(store.read("BINANCE", "BTCUSDT", HOUR), bars)
    assert path.read_bytes() == whole


def test_a_manifest_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    store.write(some_bars())
    path = tmp_path / FOLDER / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))
    with pytest.raises(DataError, match="newer Ballast"):
        store.read("BINANCE", "BTCUSDT", HOUR)


def test_a_copied_store_with_other_file_times_still_reads(tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    bars = some_bars()
    store.write(bars)
    path = tmp_path / FOLDER / "2024-01.parquet"
    path.write_bytes(path.read_bytes())
    assert same(store.read("BINANCE", "BTCUSDT", HOUR), bars)


def test_a_damaged_month_file_is_named(tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    store.write(some_bars())
    path = tmp_path / FOLDER / "2024-01.parquet"
    whole = path.read_bytes()
    for damaged in (whole[:-40], b"", whole[:200] + b"\x00\x01" + whole[202:]):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=r"2024-01.parquet: the (file cannot|content does not)"):
            store.read("BINANCE", "BTCUSDT", HOUR)
        assert "2024-01.parquet" in store.series()[0].problem


def test_every_damaged_byte_of_a_month_file_is_noticed(tmp_path: Path) -> None:
    """The file proves itself: a flipped bit is an error or changes no bar."""
    store = CandleStore(tmp_path, cache_bytes=0)
    bars = some_bars(count=20)
    store.write(bars)
    path = tmp_path / FOLDER / "2024-01.parquet"
    whole = path.read_bytes()
    for at in range(0, len(whole), 29):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        try:
            read = store.read("BINANCE", "BTCUSDT", HOUR)
        except DataError:
            continue
        assert same(read, bars), at


def test_a_month_file_of_another_series_is_refused(tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    store.write(some_bars())
    store.write(some_bars(symbol="ETHUSDT", seed=2))
    wrong = tmp_path / "candles/BINANCE/ETHUSDT/1h/2024-01.parquet"
    (tmp_path / FOLDER / "2024-01.parquet").write_bytes(wrong.read_bytes())
    with pytest.raises(DataError, match="the file holds BINANCE-ETHUSDT-1h"):
        store.read("BINANCE", "BTCUSDT", HOUR)


def test_a_lost_month_is_refused_until_it_is_written_again(tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    bars = some_bars("2024-01-20", 600)
    store.write(bars)
    (tmp_path / FOLDER / "2024-02.parquet").unlink()
    with pytest.raises(DataError, match="the month file of 2024-02 is gone"):
        store.read("BINANCE", "BTCUSDT", HOUR)
    assert store.write(bars).lost == ("2024-02",)
    assert same(store.read("BINANCE", "BTCUSDT", HOUR), bars)


def test_a_store_that_may_only_be_read_is_read(tmp_path: Path) -> None:
    """Folders without write permission: no lock, no cache, no repair on disk, but the bars."""
    bars = some_bars()
    CandleStore(tmp_path).write(bars)
    folder = tmp_path / FOLDER
    (folder / "manifest.json").write_bytes(b"{")
    (folder / ".lock").unlink(missing_ok=True)
    (tmp_path / "cache").write_text("a file where the cache folder would be")
    (folder / ".lock").mkdir()  # a lock that cannot be opened, also for the superuser
    read = CandleStore(tmp_path).read("BINANCE", "BTCUSDT", HOUR)
    assert same(read, bars)
    assert not read.close.flags.writeable
