"""Finding indicators, binding parameters, and the errors a user sees."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.data import ROOT

from ballast.core.errors import InternalError, StrategyError
from ballast.features import indicators
from ballast.features.indicators import definition, registry

PACKAGE = Path(indicators.__file__).parent
DOCUMENT = ROOT / "docs" / "indicators.md"


def test_every_required_indicator_is_there() -> None:
    """R-IND-01 to -10, -15, -19, -20 by name."""
    required = {
        "ema", "ema_first", "sma", "wma", "rma", "rsi", "stochrsi", "stochrsi_kd", "atr",
        "atr_first", "natr", "true_range", "adx", "plus_di", "minus_di", "trix", "trix_signal",
        "trix_hist", "macd", "hv", "hv_z", "adaptive_ema", "momentum_return", "relative_volume",
        "volume_sma", "bollinger", "keltner", "donchian", "vwap", "supertrend", "psar",
    }  # fmt: skip
    assert required <= set(registry.names())


def test_every_family_file_is_listed() -> None:
    """A family file that registers something is imported by the registry."""
    files = {path.stem for path in PACKAGE.glob("*.py") if "\n@indicator(\n" in path.read_text()}
    assert files == {family.__name__.rpartition(".")[2] for family in registry.FAMILIES}


def test_an_unknown_name_is_refused_with_a_suggestion() -> None:
    with pytest.raises(StrategyError, match="unknown indicator 'stochrs'; did you mean 'stochrsi"):
        registry.get("stochrs")
    with pytest.raises(
        StrategyError, match="unknown indicator 'qqqqq'; `ballast indicators` lists"
    ):
        registry.get("qqqqq")
    with pytest.raises(StrategyError, match="no function 'CDLDOJJI'; did you mean 'CDLDOJI'"):
        registry.talib_indicator("CDLDOJJI")


def test_bind_fills_defaults_by_position_and_name() -> None:
    macd = registry.get("macd")
    assert macd.bind() == (12, 26, 9)
    assert macd.bind(5, signal=3) == (5, 26, 3)


@pytest.mark.parametrize(
    ("values", "named", "message"),
    [
        ((1, 2, 3, 4), {}, r"macd\(\): 4 parameters given; expected at most 3: fast, slow, signal"),
        ((), {"fst": 3}, "unknown parameter 'fst'; expected fast, slow, signal; did you mean"),
        ((5,), {"fast": 3}, "parameter 'fast' given twice"),
        ((0,), {}, "fast = 0; expected a whole number from 1 to 10000"),
        ((2.5,), {}, "fast = 2.5; expected a whole number"),
        ((float("nan"),), {}, "fast = nan; expected a whole number"),
    ],
)
def test_wrong_parameters_are_one_clear_line(
    values: tuple[float, ...], named: dict[str, float], message: str
) -> None:
    with pytest.raises(StrategyError, match=message):
        registry.get("macd").bind(*values, **named)


def test_real_parameters_are_bounded_too() -> None:
    with pytest.raises(StrategyError, match=r"multiplier = 0; expected a number from 0\.01 to 100"):
        registry.get("keltner").bind(multiplier=0)
    with pytest.raises(StrategyError, match="0 parameters given; expected 1: period"):
        registry.get("sma").warmup(())


def test_wrong_series_are_one_clear_line() -> None:
    short, long = np.ones(3), np.ones(4)
    with pytest.raises(StrategyError, match=r"atr\(\): 1 series given; expected 3: high, low"):
        registry.get("atr").compute((long,), (14,))
    with pytest.raises(StrategyError, match="series differ in length"):
        registry.get("atr").compute((long, long, short), (14,))


def test_two_indicators_may_not_share_a_name() -> None:
    again = definition.indicator(
        "sma",
        inputs=("series",),
        params={},
        state=lambda: 1,
        warmup=("0", lambda: 0),
        convention="",
    )
    with pytest.raises(InternalError, match="two indicators are called 'sma'"):
        again(lambda *_: None)


def test_a_state_of_other_parameters_is_refused() -> None:
    sma = registry.get("sma")
    with pytest.raises(InternalError, match="state of 14 values, expected 9"):
        sma.stream((5,)).restore(sma.stream((10,)).state())


def test_inputs_are_neither_changed_nor_kept() -> None:
    """Read-only, unaligned, strided and integer columns work; the caller's stay as they were."""
    values = np.arange(1.0, 41.0)
    expected = registry.get("ema").compute((values,), (5,))[0]
    strided = np.repeat(values, 2)[::2]
    unaligned = np.frombuffer(b"\0" + values.tobytes(), np.float64, offset=1)
    frozen = values.copy()
    frozen.flags.writeable = False
    columns: tuple[Any, ...] = (strided, unaligned, frozen, values.astype(np.int64))
    for column in columns:
        np.testing.assert_array_equal(registry.get("ema").compute((column,), (5,))[0], expected)
    assert values.flags.writeable
    assert (values == np.arange(1.0, 41.0)).all()


def test_an_empty_series_gives_empty_columns() -> None:
    for name in registry.names():
        indicator = registry.get(name)
        outs = indicator.compute((np.empty(0),) * len(indicator.inputs), indicator.bind())
        assert [out.size for out in outs] == [0] * len(indicator.outputs)


@pytest.mark.parametrize("name", registry.names())
def test_the_warmup_formula_in_words_is_the_one_in_code(name: str) -> None:
    """The documented text, evaluated, is what `warmup` returns."""
    indicator = registry.get(name)
    for shift in (0, 1, 5):
        params = tuple(
            min(spec.default + shift, spec.high) if spec.integer and spec.high > 1 else spec.default
            for spec in indicator.params.values()
        )
        words = dict(zip(indicator.params, params, strict=True))
        code = compile(ast.parse(indicator.warmup_text, mode="eval"), "<formula>", "eval")
        value = eval(code, {"__builtins__": {}, "max": max}, words)  # noqa: S307 our own text
        assert value == indicator.warmup(params)


# These remember their whole path: no row is far enough.
PATH_FOLLOWERS = frozenset({"obv", "psar", "supertrend"})


@pytest.mark.parametrize("name", sorted(set(registry.names()) - PATH_FOLLOWERS))
def test_the_seed_is_forgotten_at_the_declared_row(name: str) -> None:
    """`settle`: a start 40 bars later agrees from there on (to 1e-6 of its size)."""
    indicator = registry.get(name)
    params = indicator.bind()
    rows = indicator.settle(params) + 200
    noise = np.random.default_rng(5)
    close = 100 * np.exp(np.cumsum(noise.standard_normal(rows) * 0.01))
    columns = {
        "ts": np.arange(rows) * 3.6e6, "high": close + noise.random(rows), "close": close,
        "low": close - noise.random(rows), "volume": noise.random(rows), "series": close,
        "other": noise.random(rows),
    }  # fmt: skip
    inputs = tuple(columns[each] for each in indicator.inputs)
    late = 48  # whole days, for the session VWAP
    settled = indicator.settle(params)
    for left, right in zip(
        indicator.compute(inputs, params),
        indicator.compute(tuple(column[late:] for column in inputs), params),
        strict=True,
    ):
        size = float(np.nanmax(np.abs(left)))
        np.testing.assert_allclose(
            left[late + settled :], right[settled:], rtol=0, atol=1e-6 * size
        )


def test_the_table_in_the_documentation_is_up_to_date() -> None:
    """docs/indicators.md holds the rows of `describe()` and the names of TA-Lib."""
    text = DOCUMENT.read_text()
    for row in registry.describe():
        assert registry.table_line(row) in text
    for name in registry.talib_names():
        assert f"`{name}`" in text
