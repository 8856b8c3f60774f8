"""The check of indicators on a user's own bars: what it accepts, and what it catches (R-CLI-07)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import talib
from tests.data import SHARED, needs_data
from tests.property.features.battery import market
from tests.unit.features.references import run
from tests.unit.features.test_against_talib import lively

from ballast.core.bars import Bars
from ballast.core.errors import DataError
from ballast.core.time import Timeframe
from ballast.features.indicators import registry, twins
from ballast.features.indicators.twins import TWINS, Twin
from ballast.store.importers.model import Wanted
from ballast.store.importers.read import read_files

HOUR = Timeframe.parse("1h")


def bars_of(columns: dict[str, Any], scale: float = 1.0) -> Bars:
    prices = {key: columns[key] * scale for key in ("open", "high", "low", "close")}
    stamps = (columns["ts"]).astype(np.int64)
    return Bars.of("TEST", "X/USDT", HOUR, stamps, {**prices, "volume": columns["volume"]})


def different(bars: Bars) -> list[str]:
    return [one.name for one in twins.against_talib(bars) if not one.agrees]


def test_the_family_of_the_strategies_is_compared() -> None:
    """A twin that goes missing would make every check below pass more easily."""
    needed = {"adx", "atr", "bollinger", "ema", "macd", "rsi", "sma", "stochrsi", "trix"}
    assert needed <= {twin.name for twin in TWINS}
    assert len({twin.name for twin in TWINS}) == len(TWINS) == 31


@pytest.mark.parametrize("scale", [1e-9, 1e-5, 1.0, 1e6])
def test_a_price_of_any_size_agrees(scale: float) -> None:
    """A coin at 0.00001 must not look like a defect."""
    assert different(bars_of(lively(2_000), scale)) == []


def test_a_market_of_ties_and_flat_stretches_agrees() -> None:
    """Where the conventions differ on purpose, rows are counted, not accused."""
    columns = market(3, 3_000)
    columns["close"][500:900] = columns["high"][500:900] = columns["low"][500:900] = 77.0
    found = {one.name: one for one in twins.against_talib(bars_of(columns))}
    assert [one.name for one in found.values() if not one.agrees] == []
    assert found["stochastic"].flat > 300
    assert found["stochrsi"].flat > 300
    assert found["williams_r"].compared < 2_700
    assert found["ema"].flat == 0


@needs_data
@pytest.mark.parametrize("name", ["BINANCE-TRXUSDT-5m", "BINANCE-LINKUSDT-1h", "FTX-TRXUSD-1h"])
def test_real_candles_agree(name: str) -> None:
    """A-DATA-09, R-CLI-07: five-minute ties, the print of 0.0001, a venue that died."""
    path = SHARED / "candles" / f"{name}.parquet"
    bars = next(one.bars for one in read_files(path, Wanted(None, None, None)) if one.bars)
    assert different(bars) == []
    assert all(one.agrees for one in twins.batch_and_stream(bars, 400))


def test_equal_typical_prices_are_equal_however_their_sums_round() -> None:
    """0.10755 + 0.10750 + 0.10754 and 0.10754 + 0.10752 + 0.10753: a rise of 1e-17 is none."""
    rows = np.array([[0.10754, 0.10752, 0.10753], [0.10755, 0.1075, 0.10754]])
    assert rows[1].sum() > rows[0].sum()
    high, low, close = (np.tile(column, 20) for column in rows.T)
    volume = np.ones(40) * 1e9
    assert (
        run(registry.get("mfi"), {"high": high, "low": low, "close": close, "volume": volume})[0][
            -1
        ]
        == 50.0
    )
    close[1::2] += 0.00001
    columns = {"high": high, "low": low, "close": close, "volume": volume}
    expected = talib.MFI(high, low, close, volume, 14)
    np.testing.assert_allclose(run(registry.get("mfi"), columns)[0], expected, rtol=1e-12)


def test_a_wrong_period_a_wrong_output_and_a_wrong_seed_are_caught() -> None:
    columns = twins.columns_of(bars_of(lively(1_000)))
    ema = next(twin for twin in TWINS if twin.name == "ema")
    assert twins.compare(ema, columns).agrees
    assert not twins.compare(replace(ema, options=(21,)), columns).agrees
    band = next(twin for twin in TWINS if twin.name == "bollinger")
    assert twins.compare(replace(band, outputs=(2, 1, 0)), columns).error > 1e-3
    seeded = twins.compare(Twin("ema_first", (20,), "EMA", (20,)), columns)
    assert seeded.unshared == 19
    assert not seeded.agrees
    slight = twins.compare(replace(ema, scale=1 + 1e-8), columns)
    assert not slight.agrees
    assert slight.compared == 981


class LooksAhead:
    """An engine whose batch knows the last row."""

    def run(self, inputs: Any, _params: Any) -> Any:
        return (inputs[0] - inputs[0][-1],)

    def stream(self, _params: Any) -> Any:
        return self

    def update(self, *_values: float) -> tuple[float, ...]:
        return (0.0,)

    def warmup(self, _params: Any) -> int:
        return 0

    settle = warmup


def test_a_batch_that_knows_the_future_is_caught() -> None:
    """R-IND-12: what one by one cannot say, the batch must not say."""
    cheat = replace(registry.get("obv"), name="cheat", inputs=("series",), engine=LooksAhead())
    found = twins.streamed(cheat, {"series": np.array([5.0, 6.0, 7.0])})
    assert (found.agrees, found.first_row, found.rows) == (False, 0, 3)


def test_every_own_indicator_is_streamed() -> None:
    found = twins.batch_and_stream(bars_of(lively(400)), 50)
    assert [one.name for one in found] == list(registry.names())
    rows = {one.name: one.rows for one in found}
    assert rows.pop("regime_hmm") == rows.pop("regime_clusters") == 0  # 400 bars are too few
    assert set(rows.values()) == {50}
    assert all(one.agrees for one in found)


def test_too_few_bars_are_one_line() -> None:
    with pytest.raises(DataError, match="299 bars; expected at least 300 to compare"):
        twins.against_talib(bars_of(lively(299)))
