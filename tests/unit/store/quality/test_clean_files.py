"""Clean files raise no false alarm, and every count agrees with an independent one.

The reference is the manifest of the shared data, counted by other code when it was collected.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.data import SHARED, needs_data
from tests.unit.store.quality.series import shared

from ballast.core.bars import COLUMNS, Bars
from ballast.core.time import Timeframe, format_ms, parse_ms
from ballast.store.quality import Kind, QualityReport, Severity, check_bars

pytestmark = needs_data

INVALID = {
    *(Kind.OUT_OF_ORDER, Kind.DUPLICATE_TIME, Kind.NOT_FINITE, Kind.BAD_PRICE),
    *(Kind.OHLC_INCONSISTENT, Kind.NEGATIVE_VOLUME, Kind.OFF_GRID, Kind.TIME_UNIT),
}
WINDOWS = {"BINANCE-BTCUSDT-1m", "BYBITLINEAR-BTCUSDT-5m"}
"""The README says so: separate windows in one file, with long holes between them."""


def _manifest() -> dict[str, dict[str, Any]]:
    path = SHARED / "MANIFEST.json"
    entries = json.loads(path.read_text()) if path.is_file() else []
    folders = ("candles/", "dirty/")
    return {
        entry["file"].removesuffix(".parquet"): entry
        for entry in entries
        if entry["file"].startswith(folders)
    }


MANIFEST = _manifest()
CLEAN = sorted(name for name in MANIFEST if name.startswith("candles/"))
_reports: dict[str, QualityReport] = {}


def report(name: str) -> QualityReport:
    """Check each file once."""
    if name not in _reports:
        _reports[name] = check_bars(shared(name))
    return _reports[name]


def times(name: str, kind: Kind) -> set[int]:
    """Return the open times of the rows of all findings of a kind."""
    ts = shared(name).ts
    return {int(ts[row]) for found in report(name).of(kind) for row in found.rows}


@pytest.mark.parametrize("name", CLEAN)
def test_clean_file_has_no_severe_finding(name: str) -> None:
    """R-DQ-12: real outages and crashes do not make a true file unfit."""
    found = report(name)
    assert not found.severe
    assert not {each.kind for each in found.findings} & INVALID
    windows = name.removeprefix("candles/") in WINDOWS
    assert found.has(Kind.WINDOW_HOLE) == windows
    assert found.passes(0.8) == (not windows)
    assert windows or found.score > 0.97


@pytest.mark.parametrize("name", MANIFEST)
def test_counts_agree_with_the_manifest(name: str) -> None:
    """R-DQ-09: rows, gaps, missing and zero-volume bars, and where the largest gap is."""
    counted = MANIFEST[name]["quality"]
    counters = report(name).counters
    assert counters["bars"] == counted["rows"]
    assert counters["missing"] == counted["missing"]
    assert counters.get("gap", 0) == counted["gaps"]
    zeros = sum(counters.get(kind, 0) for kind in ("zero_volume", "illiquid"))
    before = sum(found.count for found in report(name).of(Kind.PRE_LISTING))
    assert zeros + before == counted["zero_vol"]
    for found in report(name).of(Kind.GAP):
        assert MANIFEST[name]["largest_gaps"][0]["after"] in found.detail


@pytest.mark.parametrize("name", MANIFEST)
def test_largest_wick_of_the_manifest_is_flagged(name: str) -> None:
    """R-DQ-04: a wick of a third of the price or more is a flash wick or inside a great move."""
    counted = MANIFEST[name]["quality"]
    if counted["max_wick_ratio"] < 2:
        return
    at = parse_ms(counted["max_wick_at"])
    flagged = times(name, Kind.FLASH_WICK)
    day = name.endswith("-1d")
    assert (at in flagged) != day, format_ms(at)


# file, kind, when: what the README tells of
EVENTS = [
    ("BINANCE-LINKUSDT-1h", Kind.FLASH_WICK, "2020-03-12 10:00"),
    ("BINANCEUSDM-BTCUSDT-1h", Kind.FLASH_WICK, "2021-07-26 01:00"),
    ("BINANCEUSDM-ETHUSDT-1h", Kind.FLASH_WICK, "2020-03-13 02:00"),
    ("BINANCE-ADAUSDT-1h", Kind.FLASH_WICK, "2025-10-10 21:00"),
    ("BINANCEUSDM-ADAUSDT-1h", Kind.FLASH_WICK, "2025-10-10 21:00"),
    ("BYBITLINEAR-ADAUSDT-5m", Kind.EXTREME_MOVE, "2025-10-10 21:15"),
    ("BINANCE-BTCUSDT-1d", Kind.EXTREME_MOVE, "2020-03-12"),
    ("BINANCE-BTCUSDT-1h", Kind.HALT, "2018-02-08 00:00"),
    ("BINANCE-BTCUSDT-5m", Kind.HALT, "2021-04-25 04:00"),
    ("BINANCEUSDM-BTCUSDT-1h", Kind.TICK_CHANGE, "2022-02-15 04:00"),
]


@pytest.mark.parametrize(("name", "kind", "when"), EVENTS)
def test_real_events_are_found(name: str, kind: Kind, when: str) -> None:
    """A-DATA-04: the known crashes, wicks, outages and tick changes are in the report."""
    assert parse_ms(when) in times(f"candles/{name}", kind)


def test_halt_of_2024_10_28_shows_as_bars_without_volume() -> None:
    """The venue stood still while it went on writing bars."""
    bars = shared("candles/BINANCEUSDM-BTCUSDT-15m")
    rows = [
        row
        for found in report("candles/BINANCEUSDM-BTCUSDT-15m").of(Kind.HALT)
        for row in found.rows
    ]
    assert [format_ms(int(bars.ts[row]))[:10] for row in rows] == ["2024-10-28"]


def test_second_venue_confirms_what_happened_everywhere() -> None:
    """R-DQ-04: the crash of ADA was on both markets, the BTC spike of July 2021 on one only."""
    spot, perpetual = shared("candles/BINANCE-ADAUSDT-1h"), shared("candles/BINANCEUSDM-ADAUSDT-1h")
    period = parse_ms("2025-10-01"), parse_ms("2025-11-01")
    both = check_bars(spot.period(*period), others=[perpetual])
    (wick,) = both.of(Kind.FLASH_WICK)
    assert wick.severity is Severity.INFO
    assert "1 confirmed" in wick.detail
    bitcoin, other = shared("candles/BINANCEUSDM-BTCUSDT-1h"), shared("candles/BINANCE-BTCUSDT-1h")
    month = parse_ms("2021-07-01"), parse_ms("2021-08-01")
    (spike,) = check_bars(bitcoin.period(*month), others=[other]).of(Kind.FLASH_WICK)
    assert spike.severity is Severity.WARNING
    assert "0 confirmed" in spike.detail


def test_two_true_venues_agree() -> None:
    """R-DQ-14: spot and perpetual of one asset on three venues are one price."""
    bars = shared("candles/HYPERLIQUID-BTCUSDC-1h")
    others = [shared("candles/BINANCE-BTCUSDT-1h"), shared("candles/BINANCEUSDM-BTCUSDT-1h")]
    found = check_bars(bars, others=others)
    assert not found.severe
    assert found.score > 0.97


def test_mark_price_series_is_no_illiquid_market() -> None:
    """A mark price has no volume at all; that is no defect."""
    found = check_bars(shared("perp/BINANCEUSDM-BTCUSDT-mark-1h"))
    assert found.has(Kind.NO_VOLUME)
    assert not found.severe


def test_daily_bars_of_120_perpetuals_have_no_severe_finding() -> None:
    """Meme coins move by half in a day; that is a warning, not a test network."""
    table = pq.read_table(SHARED / "panel/BINANCEUSDM-UNIVERSE120-1d.parquet")
    symbols = table["symbol"].to_numpy(zero_copy_only=False)
    columns = {name: table[name].to_numpy() for name in ("ts", *COLUMNS[1:])}
    day = Timeframe.parse("1d")
    moves = 0
    for symbol in np.unique(symbols.astype(str)):
        rows = symbols == symbol
        own = {name: column[rows] for name, column in columns.items()}
        found = check_bars(Bars.of("BINANCEUSDM", symbol, day, own["ts"], own))
        assert not found.severe, symbol
        assert found.passes(0.8), symbol
        moves += found.counters.get("extreme_move", 0)
        change = np.abs(own["close"][1:] / own["close"][:-1] - 1)
        assert found.counters.get("extreme_move", 0) == int((change > 0.3).sum()), symbol
    assert moves > 100
