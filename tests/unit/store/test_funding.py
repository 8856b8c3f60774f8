"""Funding rates: merged, counted, damaged files named, marks filled from mark candles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.data import SHARED, needs_data
from tests.fakes.disk import Crash, CrashingDisk, FullDisk
from tests.unit.store.bars import some_bars

from ballast.core.errors import DataError
from ballast.core.records import FUNDING
from ballast.core.time import parse_ms
from ballast.store.funding import FundingStore, fill_marks
from ballast.store.importers.read import read_any

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

HOURS_8 = 8 * 3_600_000
BASE_MS = parse_ms("2024-01-01")


def _rows(count: int, rate: float = 0.0001, mark: float = np.nan) -> NDArray[np.void]:
    rows = np.empty(count, FUNDING)
    rows["at_ms"] = BASE_MS + HOURS_8 * np.arange(count)
    rows["rate"], rows["mark"] = rate, mark
    return rows


def test_rows_come_back_and_changes_are_counted(tmp_path: Path) -> None:
    store = FundingStore(tmp_path)
    assert store.write("binanceusdm", "BTCUSDT", _rows(10, mark=5.0)).inserted == 10
    again = _rows(12)
    again["rate"][3] = 0.5
    report = store.write("BINANCEUSDM", "BTC/USDT", again)
    assert (report.inserted, report.unchanged, report.revised) == (2, 9, 1)
    read = store.read("BINANCEUSDM", "BTCUSDT")
    assert read["rate"].tolist() == [0.0001] * 3 + [0.5] + [0.0001] * 8
    assert read["mark"][:10].tolist() == [5.0] * 10, "a source without marks erases none"
    assert len(store.read("BINANCEUSDM", "BTCUSDT", BASE_MS + HOURS_8, BASE_MS + 3 * HOURS_8)) == 2
    assert [info.rows for info in store.infos()] == [12]


def test_an_unknown_symbol_has_no_rows(tmp_path: Path) -> None:
    assert len(FundingStore(tmp_path).read("X", "Y")) == 0
    assert FundingStore(tmp_path).infos() == []


def test_wrong_rows_are_refused(tmp_path: Path) -> None:
    store = FundingStore(tmp_path)
    rows = _rows(3)
    with pytest.raises(DataError, match="a rate is not a number"):
        store.write("X", "Y", _rows(3, np.nan))
    with pytest.raises(DataError, match="goes back at 2024-01-01 08:00"):
        store.write("X", "Y", rows[::-1].copy())
    store.write("X", "Y", rows)
    with pytest.raises(DataError, match="3 stored settlements would change"):
        store.write("X", "Y", _rows(3, 0.5), revise=False)
    assert store.read("X", "Y")["rate"].tolist() == [0.0001] * 3


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    store = FundingStore(tmp_path)
    store.write("X", "Y", _rows(30))
    path = tmp_path / "funding" / "X" / "Y.parquet"
    whole = path.read_bytes()
    for damaged in (b"", whole[:-9], whole[:60] + b"\x07" + whole[61:]):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=r"Y.parquet: the (file cannot|content does not)"):
            store.read("X", "Y")
        assert "Y.parquet" in store.infos()[0].problem


def test_a_kill_or_a_full_disk_leaves_the_old_rows(tmp_path: Path) -> None:
    FundingStore(tmp_path).write("X", "Y", _rows(3))
    for calls in range(20):
        try:
            FundingStore(tmp_path, disk=CrashingDisk(calls)).write("X", "Y", _rows(5, calls / 100))
        except Crash:
            assert len(FundingStore(tmp_path).read("X", "Y")) in (3, 5)
        else:
            break
    assert len(FundingStore(tmp_path).read("X", "Y")) == 5
    with pytest.raises(DataError, match="the disk is full"):
        FundingStore(tmp_path, disk=FullDisk(0)).write("X", "Y", _rows(9))
    assert len(FundingStore(tmp_path).read("X", "Y")) == 5
    assert not list(tmp_path.rglob("*.tmp"))


def test_marks_come_from_the_open_of_the_mark_candle() -> None:
    marks = some_bars("2024-01-01", 20)
    rows = _rows(4)
    rows["mark"][1] = 7.0
    filled = fill_marks(rows, marks)
    assert filled["mark"][0] == marks.open[0]
    assert filled["mark"][1] == 7.0
    assert filled["mark"][2] == marks.open[16]
    assert np.isnan(filled["mark"][3])
    assert np.isnan(rows["mark"][0]), "the rows given are left alone"
    assert np.isnan(fill_marks(rows, marks.slice(0, 0))["mark"][0])


@needs_data
def test_every_settlement_of_the_shared_data_finds_its_mark(tmp_path: Path) -> None:
    for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT", "TRXUSDT"):
        funding = read_any(SHARED / "perp" / f"BINANCEUSDM-{symbol}-funding.parquet").funding
        mark = read_any(SHARED / "perp" / f"BINANCEUSDM-{symbol}-mark-1h.parquet").bars
        assert funding is not None
        assert mark is not None
        store = FundingStore(tmp_path)
        store.write("BINANCEUSDM", symbol, funding)
        filled = fill_marks(store.read("BINANCEUSDM", symbol), mark)
        inside = (filled["at_ms"] >= mark.ts[0]) & (filled["at_ms"] <= mark.ts[-1])
        assert np.isnan(filled["mark"][inside]).mean() < 0.001
