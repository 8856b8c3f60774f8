"""Every defect of the shared dirty files is found, and named."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.data import needs_data
from tests.unit.store.quality.series import shared

from ballast.core.instrument import Instrument
from ballast.core.instrument import Kind as Market
from ballast.core.time import parse_ms
from ballast.store.quality import Finding, Kind, QualityReport, Severity, check_bars

pytestmark = needs_data

#  file, kind, severity, count, first row (before a hole), from, to, measured (None: not asked)
TABLE = [
    ("BINANCEUSDM-BTCUSDT-1h-two-500h-holes", Kind.PAGING_HOLE, "severe", 2, 999,
     "2024-11-11 15:00", "2025-02-03 00:00", 500),
    ("BINANCEUSDM-BTCUSDT-1h-two-500h-holes", Kind.INCOMPLETE, "warning", 1000, None,
     None, None, 2418 / 3418),
    ("BINANCEUSDM-BTCUSDT-5m-before-revision", Kind.WINDOW_HOLE, "warning", 1, 1439,
     "2023-11-14 23:55", "2024-03-27 00:00", 133),
    ("BINANCEUSDM-BTCUSDT-5m-spot-splice", Kind.MARKET_SPLICE, "severe", 575, 702,
     "2025-02-18 10:30", "2025-02-18 10:30", None),
    ("BITFINEX-BTCUSD-1m-2016Q3", Kind.SPARSE, "warning", 18253, 27, None, None, None),
    ("BITFINEX-BTCUSD-1m-2016Q3", Kind.GAP, "warning", 18255, 27, None, None, 53863),
    ("BITFINEX-BTCUSD-1m-2016Q3", Kind.HALT, "info", 2, None,
     "2016-07-26 23:38", "2016-08-10 15:53", 11390 / 60),
    ("BITFINEX-BTCUSD-1m-2016Q3", Kind.INCOMPLETE, "warning", 53863, None, None, None, None),
    ("BITFINEX-BTCUSD-1m", Kind.GAP, "warning", 9, None,
     "2017-12-02 02:34", "2017-12-31 12:06", 47),
    ("BYBIT-ADAUSDT-1m-paged-holes", Kind.PAGING_HOLE, "severe", 119, 199,
     "2024-09-08 12:18", None, 801),
    ("BYBIT-ADAUSDT-1m-paged-holes", Kind.ZERO_VOLUME, "info", 34, None, None, None, 34 / 24000),
    ("BYBIT-BTCUSDT-1m-testnet-like", Kind.TEST_NETWORK, "severe", 32, None, None, None, None),
    ("BYBIT-BTCUSDT-1m-testnet-like", Kind.PAGING_HOLE, "severe", 119, 123,
     "2025-06-16 22:55", None, 801),
    ("BYBIT-BTCUSDT-1m-testnet-like", Kind.ILLIQUID, "warning", 4618, None, None, None,
     4618 / 24000),
    ("BYBIT-BTCUSDT-1m-testnet-like", Kind.FROZEN_PRICE, "warning", 14, None, None, None, 1.5),
    ("BYBIT-BTCUSDT-1m-testnet-like", Kind.EXTREME_MOVE, "warning", 4, None, None, None, None),
    ("FREQTRADE2018-ADABTC-5m", Kind.GAP, "warning", 5, 1502, "2018-01-15 10:05", None, 40),
    ("FREQTRADE2018-ADABTC-5m", Kind.HALT, "info", 1, None,
     "2018-01-15 11:55", "2018-01-15 14:45", 2.75),
    ("FREQTRADE2018-TRXBTC-5m", Kind.GAP, "warning", 6, None, "2018-01-22 17:15", None, 6),
    ("FTX-GBTCUSD-1h-illiquid", Kind.ILLIQUID, "severe", 4110, None, None, None, 4110 / 7652),
    ("FTX-GBTCUSD-1h-illiquid", Kind.FROZEN_PRICE, "warning", 34, None, None, None, 19.0),
    ("FTX-GBTCUSD-1h-illiquid", Kind.FLASH_WICK, "warning", 6, None, None, None, None),
    ("HYPERLIQUID-BTCUSDC-4h-prelisting", Kind.PRE_LISTING, "severe", 531, 0,
     "2022-11-30 04:00", "2023-02-26 12:00", 531 / 2381),
    ("HYPERLIQUID-BTCUSDC-4h-prelisting", Kind.ZERO_VOLUME, "info", 2, 835,
     "2023-04-18 08:00", "2023-06-13 04:00", None),
]  # fmt: skip

#  Some files are only unusual; what is not written in the table must not be severe.
SCORES = {
    "BINANCEUSDM-BTCUSDT-1h-two-500h-holes": (0.0, 0.2),
    "BINANCEUSDM-BTCUSDT-5m-before-revision": (0.3, 0.5),
    "BINANCEUSDM-BTCUSDT-5m-spot-splice": (0.4, 0.6),
    "BITFINEX-BTCUSD-1m-2016Q3": (0.3, 0.5),
    "BITFINEX-BTCUSD-1m": (0.99, 1.0),
    "BYBIT-ADAUSDT-1m-paged-holes": (0.0, 0.2),
    "BYBIT-BTCUSDT-1m-testnet-like": (0.0, 0.0),
    "FREQTRADE2018-ADABTC-5m": (0.97, 1.0),
    "FREQTRADE2018-TRXBTC-5m": (0.97, 1.0),
    "FTX-GBTCUSD-1h-illiquid": (0.4, 0.6),
    "HYPERLIQUID-BTCUSDC-4h-prelisting": (0.5, 0.7),
}


@pytest.fixture(scope="module")
def reports() -> dict[str, QualityReport]:
    """Check every file once."""
    return {name: check_bars(shared(f"dirty/{name}")) for name in SCORES}


def only(report: QualityReport, kind: Kind) -> Finding:
    """Return the one finding of a kind."""
    found = report.of(kind)
    assert len(found) == 1, [each.kind for each in report.findings]
    return found[0]


@pytest.mark.parametrize(
    ("name", "kind", "severity", "count", "row", "start", "end", "measured"), TABLE
)
def test_defect_is_found_and_named(
    reports: dict[str, QualityReport],
    name: str,
    kind: Kind,
    severity: str,
    count: int,
    row: int | None,
    start: str | None,
    end: str | None,
    measured: float | None,
) -> None:
    """R-DQ-01, R-DQ-03, R-DQ-06, R-DQ-08: kind, severity, number, position and period."""
    found = only(reports[name], kind)
    assert found.severity == severity
    assert found.count == count
    if row is not None:
        assert found.rows[0] == row
    if start is not None:
        assert found.from_ms == parse_ms(start)
    if end is not None:
        assert found.to_ms == parse_ms(end)
    if measured is not None:
        assert found.measured == pytest.approx(measured)


@pytest.mark.parametrize("name", SCORES)
def test_score_and_severe_kinds(reports: dict[str, QualityReport], name: str) -> None:
    """R-DQ-12: what is not what it claims to be fails 0.8; what is only unusual passes."""
    low, high = SCORES[name]
    report = reports[name]
    assert low <= report.score <= high
    expected = {kind for file, kind, severity, *_ in TABLE if file == name and severity == "severe"}
    assert {found.kind for found in report.severe} == expected


def test_pages_of_200_bars_every_1001() -> None:
    """The page size of the wrong download can be read from the finding."""
    found = only(check_bars(shared("dirty/BYBIT-ADAUSDT-1m-paged-holes")), Kind.PAGING_HOLE)
    assert "200 bars present of every 1001" in found.detail


def test_eight_bars_differ_from_the_corrected_download() -> None:
    """The older download shows the bars the exchange corrected later, and only those."""
    old = shared("dirty/BINANCEUSDM-BTCUSDT-5m-before-revision")
    new = shared("candles/BINANCEUSDM-BTCUSDT-5m")
    found = only(check_bars(old, others=[new]), Kind.REVISION)
    times = [
        *("2023-11-10 15:05", "2023-11-14 11:35", "2024-03-27 12:25", "2024-03-27 12:30"),
        *("2024-03-28 10:40", "2024-03-28 11:05", "2024-03-28 11:45", "2024-03-28 12:40"),
    ]
    assert [int(old.ts[row]) for row in found.rows] == [parse_ms(text) for text in times]
    assert found.severity is Severity.WARNING


def test_perpetual_file_that_holds_spot_bars_is_recognised() -> None:
    """All 2,418 bars of the file are spot bars, price and volume, not only its tail."""
    bars = shared("dirty/BINANCEUSDM-BTCUSDT-1h-two-500h-holes")
    spot = shared("candles/BINANCE-BTCUSDT-1h")
    found = only(check_bars(bars, others=[spot]), Kind.COPIED_MARKET)
    assert found.count == 2418
    assert found.severity is Severity.SEVERE
    perpetual = shared("candles/BINANCEUSDM-BTCUSDT-1h")
    assert not check_bars(perpetual, others=[spot]).has(Kind.COPIED_MARKET)


def test_prices_off_the_tick_of_the_claimed_market() -> None:
    """79 % of closes are off the 0.1 tick of the perpetual (2,060 bars with any price off)."""
    rules = Instrument(
        "BINANCEUSDM", "BTCUSDT", "BTC", "USDT", Market.PERPETUAL, tick=Decimal("0.1")
    )
    bars = shared("dirty/BINANCEUSDM-BTCUSDT-1h-two-500h-holes")
    found = only(check_bars(bars, instrument=rules), Kind.OFF_TICK)
    assert found.measured > 0.79
    splice = check_bars(shared("dirty/BINANCEUSDM-BTCUSDT-5m-spot-splice"), instrument=rules)
    assert only(splice, Kind.OFF_TICK).count == 575
    good = shared("candles/BINANCEUSDM-BTCUSDT-5m")
    assert not check_bars(good, instrument=rules).has(Kind.OFF_TICK)


def test_test_network_is_far_from_the_real_market() -> None:
    """R-DQ-14: against a real venue the prices are not even near."""
    fake = shared("dirty/BYBIT-BTCUSDT-1m-testnet-like")
    real = shared("candles/BINANCE-BTCUSDT-1m")
    kinds = {found.kind for found in check_bars(fake, others=[real]).severe}
    assert kinds & {Kind.VENUE_DEVIATION, Kind.FAR_FROM_VENUES}
    true = check_bars(shared("candles/BINANCEUSDM-BTCUSDT-1m"), others=[real])
    assert not true.severe
