"""Our indicators and our TA-Lib adapter against TA-Lib itself (R-IND-16, A-DATA-09)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import talib
from tests.data import SHARED, needs_data
from tests.property.features.battery import market
from tests.unit.features.references import Vector, run, talib_spec, talib_table

from ballast.core.errors import StrategyError
from ballast.features.indicators import registry
from ballast.features.indicators.twins import TWINS, Twin
from ballast.store.importers.model import Wanted
from ballast.store.importers.read import read_files

Columns = dict[str, Vector]


def lively(rows: int) -> Columns:
    """Return a market without flat windows: those are where we differ on purpose."""
    rng = np.random.default_rng(42)
    close = 30_000 * np.exp(np.cumsum(rng.standard_normal(rows) * 0.002))
    opening = np.concatenate(([30_000.0], close[:-1]))
    high = np.maximum(opening, close) * np.exp(np.abs(rng.standard_normal(rows)) * 0.001)
    low = np.minimum(opening, close) * np.exp(-np.abs(rng.standard_normal(rows)) * 0.001)
    volume = rng.exponential(10.0, rows) + 0.1
    other = 2_000 * np.exp(np.cumsum(rng.standard_normal(rows) * 0.002))
    return {
        "ts": np.arange(rows) * 3.6e6, "open": opening, "high": high, "low": low, "close": close,
        "volume": volume, "series": close, "other": other,
    }  # fmt: skip


def theirs(twin: Twin, columns: Columns) -> Any:
    """Call TA-Lib itself, not our adapter of it."""
    inputs = [columns[each] for each in registry.get(twin.name).inputs]
    result = getattr(talib, twin.function)(*inputs, *twin.options)
    return result if isinstance(result, tuple) else (result,)


def agree(twin: Twin, columns: Columns) -> None:
    ours = run(registry.get(twin.name), columns, *twin.params)
    expected = theirs(twin, columns)
    for column, at in zip(ours, twin.outputs, strict=False):
        np.testing.assert_array_equal(np.isnan(column), np.isnan(expected[at]))
        # Relative to the size of the column: a value that happens to be near zero has no digits.
        size = float(np.nanmax(np.abs(expected[at])))
        np.testing.assert_allclose(twin.scale * column, expected[at], rtol=0, atol=1e-9 * size)


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.name)
def test_ours_equals_talib_on_a_random_walk(twin: Twin) -> None:
    """R-IND-16: same first row, same values to 1e-9 from that row on."""
    agree(twin, lively(5_000))


def test_correlation_equals_talib_on_a_lively_market() -> None:
    columns = lively(5_000)
    expected = talib.CORREL(columns["series"], columns["other"], 30)
    found = run(registry.get("correlation"), columns, 30)[0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


@needs_data
def test_correlation_is_right_where_talib_is_not() -> None:
    """Why it is no twin: TA-Lib's running sums keep the noise of a busy hour."""
    path = SHARED / "dirty" / "BYBIT-BTCUSDT-1m-testnet-like.parquet"
    bars = next(one.bars for one in read_files(path, Wanted(None, None, None)) if one.bars)
    last = slice(12_958, 12_988)
    true = np.corrcoef(bars.close[last], bars.volume[last])[0, 1]
    ours = run(registry.get("correlation"), {"series": bars.close, "other": bars.volume}, 30)[0]
    assert ours[12_987] == pytest.approx(true, abs=1e-9)
    assert abs(talib.CORREL(bars.close, bars.volume, 30)[12_987] - true) > 0.3


@needs_data
@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.name)
def test_ours_equals_talib_on_bitcoin_hours(twin: Twin) -> None:
    """A-DATA-09 on 600 real bars."""
    table = talib_table()
    columns = {name: table[name] for name in ("open", "high", "low", "close", "volume")}
    agree(twin, columns | {"series": table["close"], "other": table["volume"]})


@needs_data
@pytest.mark.parametrize("entry", talib_spec(), ids=lambda entry: entry["function"])
def test_every_function_of_the_table_comes_out_as_stored(entry: dict[str, Any]) -> None:
    """The adapter against results computed elsewhere with TA-Lib 0.8.1: values and lookback."""
    table = talib_table()
    indicator = registry.talib_indicator(entry["function"])
    columns = {name: table[name] for name in ("open", "high", "low", "close", "volume")}
    left, right = entry["input_names"].get("price0"), entry["input_names"].get("price1")
    columns["series"] = columns[left] if left else columns["close"]
    columns["other"] = columns[right] if right else columns["close"]
    params = indicator.bind(**entry["parameters"])
    assert indicator.warmup(params) == entry["lookback"]
    assert indicator.outputs == tuple(entry["outputs"])
    outs = indicator.compute(tuple(columns[name] for name in indicator.inputs), params)
    for name, out in zip(entry["outputs"], outs, strict=True):
        expected = table[f"{entry['function']}.{name}"].copy()
        expected[: entry["lookback"]] = np.nan  # integer outputs are stored as 0 there
        np.testing.assert_array_equal(out, expected)


def test_where_talib_says_zero_on_a_flat_market_we_say_the_middle() -> None:
    """The conventions that differ on purpose, pinned on both sides."""
    flat = {key: np.full(60, 5.0) for key in ("high", "low", "close", "series")}
    flat["volume"] = np.full(60, 0.0)
    assert run(registry.get("rsi"), flat)[0][-1] == 50.0
    assert talib.RSI(flat["close"])[-1] == 0.0
    assert run(registry.get("stochrsi"), flat)[0][-1] == 0.5
    assert run(registry.get("stochastic"), flat)[0][-1] == 50.0
    assert talib.STOCH(flat["high"], flat["low"], flat["close"])[0][-1] == 0.0
    assert run(registry.get("williams_r"), flat)[0][-1] == -50.0
    assert talib.WILLR(flat["high"], flat["low"], flat["close"])[-1] == 0.0
    assert run(registry.get("mfi"), flat)[0][-1] == 50.0


def test_parameters_talib_refuses_are_one_clear_line() -> None:
    indicator = registry.talib_indicator("SAR")
    with pytest.raises(StrategyError, match="TA-Lib refuses these parameters"):
        indicator.warmup((-1.0, 0.2))


def test_integer_bounds_are_those_of_talib() -> None:
    """The legal range is asked from TA-Lib, not guessed."""
    assert registry.talib_indicator("RSI").params["timeperiod"].low == 2
    assert registry.talib_indicator("SMA").params["timeperiod"].low == 1
    kinds = registry.talib_indicator("MA").params["matype"]
    assert (kinds.low, kinds.default) == (0, 0)
    assert 8 <= kinds.high < 64
    with pytest.raises(StrategyError, match="a whole number from 2 to 10000"):
        registry.talib_indicator("RSI").bind(1)


@pytest.mark.parametrize("name", ["RSI", "MACD", "STOCHRSI", "KAMA", "DEMA", "SMA"])
def test_talib_settles_by_the_declared_row(name: str) -> None:
    """From `settle` on, a start 137 bars later gives the same value to 1e-6 of its size."""
    indicator = registry.talib_indicator(name)
    params = indicator.bind()
    columns = tuple(lively(3_000)[each] for each in indicator.inputs)
    whole = indicator.compute(columns, params)
    late = indicator.compute(tuple(column[137:] for column in columns), params)
    settled = indicator.settle(params)
    for left, right in zip(whole, late, strict=True):
        size = float(np.nanmax(np.abs(left)))
        np.testing.assert_allclose(left[137 + settled :], right[settled:], rtol=0, atol=1e-6 * size)


def test_market_used_by_the_battery_has_the_hard_cases() -> None:
    """Flat bars, zero ranges and zero volume must occur, or the battery proves too little."""
    columns = market(3, 400)
    assert (np.diff(columns["close"]) == 0).sum() > 20
    assert (columns["high"] == columns["low"]).sum() > 5
    assert (columns["volume"] == 0).sum() > 10
