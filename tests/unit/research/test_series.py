"""Series: what a run reads of the store, and what is guessed where the store knows nothing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.fakes.runs import START_MS, flat_bars

from ballast.core.bars import SEGMENT_END, SYNTHETIC, Bars
from ballast.core.errors import DataError
from ballast.core.instrument import FeeRate, Instrument, Kind
from ballast.core.records import FUNDING
from ballast.core.settings import EngineSettings, Settings
from ballast.core.time import HOUR_MS, Timeframe
from ballast.research.loading import load_series
from ballast.research.series import Series, infer_instrument, split_symbol
from ballast.store.candles import CandleStore
from ballast.store.funding import FundingStore
from ballast.store.instruments import InstrumentBook

if TYPE_CHECKING:
    from pathlib import Path

HOUR = Timeframe.parse("1h")


def priced(*prices: float, symbol: str = "XUSDT", venue: str = "TEST") -> Bars:
    """Bars that stand still at each price."""
    column = np.array(prices)
    names = ("open", "high", "low", "close")
    columns = {**dict.fromkeys(names, column), "volume": np.ones(len(prices))}
    ts = START_MS + HOUR_MS * np.arange(len(prices), dtype=np.int64)
    return Bars.of(venue, symbol, HOUR, ts, columns)


@pytest.mark.parametrize(
    ("prices", "tick"),
    [
        ((100.0, 7.0), "1"),
        ((100.0, 7.5), "0.1"),
        ((60_123.45, 60_123.4), "0.01"),
        ((0.06543, 0.0654), "0.00001"),
        ((1e-6,), "0.000001"),
        ((1.23e-6, 1.2e-6), "1E-8"),
        ((5e-7,), "1E-7"),
        ((3.1e-9, 2e-9), "1E-10"),
        ((1.23e-12,), "1E-14"),
        ((0.3 * 3, 0.1 + 0.2), "0.1"),  # 0.8999999999999999 and 0.30000000000000004
        ((99_999_999.99,), "0.01"),
        ((100.0 / 3.0,), "1E-10"),  # no venue wrote this: the last digit that is looked for
    ],
)
def test_the_tick_is_the_last_decimal_that_occurs(prices: tuple[float, ...], tick: str) -> None:
    """A price under a millionth once had a tick of 1 and every fill at 0 or 1."""
    assert infer_instrument(priced(*prices)).tick == Decimal(tick)


def test_the_tick_is_looked_for_in_all_four_prices() -> None:
    bars = replace(priced(100.0, 101.0), low=np.array([99.9999, 100.0]))
    assert infer_instrument(bars).tick == Decimal("0.0001")


def test_a_guess_assumes_no_least_sizes_and_says_that_it_is_one() -> None:
    series = Series(priced(100.0))
    rules = series.rules
    assert series.is_inferred
    assert (rules.min_qty, rules.max_qty, rules.min_notional) == (0, 0, 0)
    assert (rules.fees, rules.tiers) == ((), ())
    assert (rules.lot, infer_instrument(priced(0.05)).lot) == (Decimal("0.00001"), Decimal(1))
    assert not Series(priced(100.0), rules).is_inferred


@pytest.mark.parametrize(
    ("symbol", "parts"),
    [
        ("BTC/USDT", ("BTC", "USDT")),
        ("BTC/USDT:USDT", ("BTC", "USDT")),
        ("BTCUSDT", ("BTC", "USDT")),
        ("BTC-USDT", ("BTC", "USDT")),
        ("BTC-USD-SWAP", ("BTC", "USD")),
        ("BTC_EUR", ("BTC", "EUR")),
        ("1000PEPEUSDT", ("1000PEPE", "USDT")),
        ("ETHBTC", ("ETH", "BTC")),
        ("BTCFDUSD", ("BTC", "FDUSD")),
        ("USDT", ("USDT", "")),
        ("GOLD", ("GOLD", "")),
    ],
)
def test_a_symbol_is_taken_apart(symbol: str, parts: tuple[str, str]) -> None:
    assert split_symbol(symbol) == parts
    rules = infer_instrument(priced(1.0, symbol=symbol))
    assert (rules.base, rules.quote) == parts


@pytest.mark.parametrize(
    ("venue", "symbol", "kind"),
    [
        ("BINANCE", "BTCUSDT", Kind.SPOT),
        ("BINANCE", "BTC/USDT", Kind.SPOT),
        ("BINANCE", "BTC/USDT:USDT", Kind.PERPETUAL),
        ("BINANCEUSDM", "BTCUSDT", Kind.PERPETUAL),
        ("BYBITLINEAR", "BTCUSDT", Kind.PERPETUAL),
        ("OKXSWAP", "BTCUSDT", Kind.PERPETUAL),
        ("HYPERLIQUID", "BTCUSDC", Kind.PERPETUAL),
        ("krakenfutures", "BTCUSD", Kind.PERPETUAL),
    ],
)
def test_a_perpetual_is_known_by_venue_or_symbol(venue: str, symbol: str, kind: Kind) -> None:
    """R-PERP-01: only a perpetual can be sold short, so the guess decides what may be traded."""
    assert infer_instrument(priced(1.0, symbol=symbol, venue=venue)).kind is kind


def load(root: Path, *symbols: str, **more: object) -> tuple[Series, ...]:
    settings = more.pop("settings", Settings())
    assert isinstance(settings, Settings)
    return load_series(root, "TEST", symbols, HOUR, settings, **more)  # type: ignore[arg-type]


def test_bars_alone_are_enough(tmp_path: Path) -> None:
    bars = flat_bars([100.0, 101.0, 102.5])
    CandleStore(tmp_path).write(bars)
    (one,) = load(tmp_path, "BTCUSDT")
    assert one.bars.fingerprint() == bars.fingerprint()
    assert (one.is_inferred, one.mark, one.fine, len(one.funding)) == (True, None, None, 0)


def test_what_the_store_knows_comes_along(tmp_path: Path) -> None:
    """Rules of the last bar's time, dated fees, funding of the period, marks, finer bars."""
    store = CandleStore(tmp_path)
    bars = flat_bars([100.0 + k for k in range(48)])
    store.write(bars)
    store.write(flat_bars([100.0 + k for k in range(48)], symbol="BTCUSDT.mark"))
    store.write(flat_bars([100.0] * (48 * 12 + 24), timeframe="5m"))
    book = InstrumentBook(tmp_path)
    rules = Instrument("TEST", "BTCUSDT", "BTC", "USDT", Kind.PERPETUAL, tick=Decimal("0.5"))
    later = replace(rules, tick=Decimal("0.1"))
    book.put(rules, START_MS - HOUR_MS)
    book.put(later, START_MS + 24 * HOUR_MS)
    book.put(replace(rules, tick=Decimal(5)), START_MS + 1_000 * HOUR_MS)
    book.put_fees("TEST", None, [FeeRate(START_MS, 0.001, 0.002)])
    rows = np.array([(START_MS + h * HOUR_MS, 0.0001, np.nan) for h in (-8, 0, 8, 48, 56)], FUNDING)
    FundingStore(tmp_path).write("TEST", "BTCUSDT", rows)
    (one,) = load(tmp_path, "BTCUSDT", detail=Timeframe.parse("5m"))
    assert not one.is_inferred
    assert one.rules.tick == Decimal("0.1")
    assert one.rules.fees == (FeeRate(START_MS, 0.001, 0.002),)
    assert one.mark is not None
    assert one.mark.symbol == "BTCUSDT.mark"
    assert one.fine is not None
    assert int(one.fine.ts[-1]) == START_MS + 48 * HOUR_MS - 300_000
    hours = (one.funding["at_ms"] - START_MS) // HOUR_MS
    assert hours.tolist() == [0, 8, 48], "the settlement at the last close belongs to the run"
    assert one.funding["mark"][:2].tolist() == [100.0, 107.0], "opens of the mark candles"


def test_fees_of_the_venue_hold_for_a_guessed_instrument(tmp_path: Path) -> None:
    CandleStore(tmp_path).write(flat_bars([100.0, 101.0]))
    rate = FeeRate(0, 0.001, 0.002)
    InstrumentBook(tmp_path).put_fees("TEST", None, [rate])
    (one,) = load(tmp_path, "BTCUSDT")
    assert (one.is_inferred, one.rules.fees) == (True, (rate,))


def test_the_gap_policy_of_the_run_is_applied(tmp_path: Path) -> None:
    """SEMANTICS 1.5."""
    gap = tuple(range(10, 16))
    CandleStore(tmp_path).write(flat_bars([100.0] * 40, missing=gap))

    def flags(policy: str, longest: int) -> list[int]:
        engine = EngineSettings(gap_policy=policy, max_gap_bars=longest)
        (one,) = load(tmp_path, "BTCUSDT", settings=Settings(engine=engine))
        return one.bars.flags.tolist()

    assert flags("split", 3) == [0] * 9 + [int(SEGMENT_END)] + [0] * 30
    assert flags("split", 6) == [0] * 40
    assert flags("mark", 6) == [0] * 10 + [int(SYNTHETIC)] * 6 + [0] * 30
    with pytest.raises(DataError, match="gap"):
        flags("reject", 3)


def test_a_period_is_cut_before_anything_is_looked_at(tmp_path: Path) -> None:
    CandleStore(tmp_path).write(flat_bars([100.0] * 40, missing=(30, 31, 32, 33, 34)))
    engine = EngineSettings(gap_policy="reject", max_gap_bars=0)
    span = {"from_ms": START_MS + 5 * HOUR_MS, "to_ms": START_MS + 30 * HOUR_MS}
    (one,) = load(tmp_path, "BTCUSDT", settings=Settings(engine=engine), **span)
    assert (len(one.bars), int(one.bars.ts[0])) == (25, START_MS + 5 * HOUR_MS)


def test_mistakes_name_what_is_missing(tmp_path: Path) -> None:
    CandleStore(tmp_path).write(flat_bars([100.0, 101.0]))
    with pytest.raises(DataError, match="did you mean 'BTCUSDT'"):
        load(tmp_path, "BTCUSD")
    with pytest.raises(DataError, match="no bars in the period"):
        load(tmp_path, "BTCUSDT", from_ms=START_MS + 99 * HOUR_MS)
    with pytest.raises(DataError, match="45m bars cannot detail 1h bars"):
        load(tmp_path, "BTCUSDT", detail=Timeframe.parse("45m"))
    with pytest.raises(DataError, match="1h bars cannot detail 1h bars"):
        load(tmp_path, "BTCUSDT", detail=HOUR)
    with pytest.raises(DataError, match="no 5m bars"):
        load(tmp_path, "BTCUSDT", detail=Timeframe.parse("5m"))
