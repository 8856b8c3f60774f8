"""Our indicators and our TA-Lib adapter against TA-Lib itself (R-IND-16, A-DATA-09)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import talib
from tests.data import needs_data
from tests.property.features.battery import market
from tests.unit.features.references import Vector, run, talib_spec, talib_table

from ballast.core.errors import StrategyError
from ballast.features.indicators import registry

Case = tuple[str, tuple[float, ...], float, str, dict[str, int]]
Columns = dict[str, Vector]

# Ours: name, parameters, factor on the output. TA-Lib's: name, options.
SAME: tuple[Case, ...] = (
    ("sma", (20,), 1, "SMA", {"timeperiod": 20}),
    ("wma", (20,), 1, "WMA", {"timeperiod": 20}),
    ("ema", (20,), 1, "EMA", {"timeperiod": 20}),
    ("rma", (14,), 1, "RMA", {"timeperiod": 14}),
    ("rsi", (14,), 1, "RSI", {"timeperiod": 14}),
    ("stochrsi", (14, 14), 100, "STOCHRSI", {"fastk_period": 14, "fastd_period": 1}),
    ("true_range", (), 1, "TRANGE", {}),
    ("atr", (14,), 1, "ATR", {"timeperiod": 14}),
    ("natr", (14,), 1, "NATR", {"timeperiod": 14}),
    ("adx", (14,), 1, "ADX", {"timeperiod": 14}),
    ("plus_di", (14,), 1, "PLUS_DI", {"timeperiod": 14}),
    ("minus_di", (14,), 1, "MINUS_DI", {"timeperiod": 14}),
    ("macd", (12, 26, 9), 1, "MACD", {}),
    ("trix", (9,), 1, "TRIX", {"timeperiod": 9}),
    ("highest", (20,), 1, "MAX", {"timeperiod": 20}),
    ("lowest", (20,), 1, "MIN", {"timeperiod": 20}),
    ("stddev", (20,), 1, "STDDEV", {"timeperiod": 20}),
    ("slope", (14,), 1, "LINEARREG_SLOPE", {"timeperiod": 14}),
    ("correlation", (30,), 1, "CORREL", {"timeperiod": 30}),
    ("roc", (10,), 1, "ROC", {"timeperiod": 10}),
    ("momentum_return", (20,), 1, "ROCP", {"timeperiod": 20}),
    ("cci", (20,), 1, "CCI", {"timeperiod": 20}),
    ("williams_r", (14,), 1, "WILLR", {"timeperiod": 14}),
    ("stochastic", (14, 3, 3), 1, "STOCH", {"fastk_period": 14}),
    ("bollinger", (20, 2), 1, "BBANDS", {"timeperiod": 20}),
    ("volume_sma", (20,), 1, "SMA", {"timeperiod": 20}),
    ("obv", (), 1, "OBV", {}),
    ("mfi", (14,), 1, "MFI", {"timeperiod": 14}),
    ("psar", (0.02, 0.2), 1, "SAR", {}),
    ("donchian", (20, 0), 1, "DONCHIAN", {"timeperiod": 20}),
)
ORDER = {"donchian": (0, 2, 1)}  # TA-Lib: upper, middle, lower


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


def theirs(name: str, function: str, columns: Columns, options: dict[str, int]) -> Any:
    inputs = [columns[each] for each in registry.get(name).inputs]
    result = getattr(talib, function)(*inputs, **options)
    return result if isinstance(result, tuple) else (result,)


def agree(name: str, columns: Columns, case: Case) -> None:
    _, params, scale, function, options = case
    ours = run(registry.get(name), columns, *params)
    expected = theirs(name, function, columns, options)
    for at, theirs_column in zip(ORDER.get(name, range(len(expected))), expected, strict=False):
        if name == "stochrsi" and at == 1:
            continue  # fastd of one bar is fastk
        np.testing.assert_array_equal(np.isnan(ours[at]), np.isnan(theirs_column))
        # Relative to the size of the column: a value that happens to be near zero has no digits.
        size = float(np.nanmax(np.abs(theirs_column)))
        np.testing.assert_allclose(scale * ours[at], theirs_column, rtol=0, atol=1e-9 * size)


@pytest.mark.parametrize("case", SAME, ids=lambda case: case[0])
def test_ours_equals_talib_on_a_random_walk(case: Case) -> None:
    """R-IND-16: same first row, same values to 1e-9 from that row on."""
    agree(case[0], lively(5_000), case)


@needs_data
@pytest.mark.parametrize("case", SAME, ids=lambda case: case[0])
def test_ours_equals_talib_on_bitcoin_hours(case: Case) -> None:
    """A-DATA-09 on 600 real bars."""
    table = talib_table()
    columns = {name: table[name] for name in ("open", "high", "low", "close", "volume")}
    agree(case[0], columns | {"series": table["close"], "other": table["volume"]}, case)


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
