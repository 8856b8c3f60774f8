"""All of TA-Lib behind our interface keeps the contract of our own indicators (R-IND-12, -13)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from tests.property.features.battery import Columns, market, params_of, pick, same

from ballast.core.errors import StrategyError
from ballast.features.indicators import registry

ROWS = 260
NARROW = frozenset({"ACOS", "ASIN"})  # defined on -1 .. 1 only
every_function = pytest.mark.parametrize("name", registry.talib_names())
few = settings(deadline=None, max_examples=4)


def inputs_for(name: str, seed: int, rows: int = ROWS) -> Columns:
    """Return a market the function is defined on: no zero volume, no division by zero."""
    columns = market(seed, rows)
    columns["volume"] = columns["volume"] + 1.0
    if name in NARROW:
        columns["series"] = columns["series"] / 1_000.0
    if name in {"EXP", "COSH", "SINH"}:
        columns["series"] = columns["series"] / 100.0
    return columns


@every_function
@few
@given(seed=st.integers(0, 10_000), rows=st.integers(0, ROWS))
def test_prefix_and_warmup(name: str, seed: int, rows: int) -> None:
    """No function of TA-Lib looks ahead, and the lookback is the number of leading NaN."""
    indicator = registry.talib_indicator(name)
    params = indicator.bind()
    columns = pick(indicator, inputs_for(name, seed))
    whole = indicator.compute(columns, params)
    part = indicator.compute(tuple(column[:rows] for column in columns), params)
    for left, right in zip(whole, part, strict=True):
        assert same(left[:rows], right)
        np.testing.assert_array_equal(np.isnan(left), np.arange(ROWS) < indicator.warmup(params))


@every_function
@few
@given(data=st.data(), seed=st.integers(0, 10_000))
def test_any_legal_parameters_keep_prefix_and_warmup(
    name: str, data: st.DataObject, seed: int
) -> None:
    """With drawn whole parameters: TA-Lib refuses them in one line, or the contract holds."""
    indicator = registry.talib_indicator(name)
    drawn = data.draw(params_of(indicator))
    # TA-Lib's bounds of real parameters are narrow and not published: those stay at their default.
    params = tuple(
        value if spec.integer else spec.default
        for value, spec in zip(drawn, indicator.params.values(), strict=True)
    )
    columns = pick(indicator, inputs_for(name, seed))
    try:
        lead = indicator.warmup(params)
    except StrategyError:
        reject()
    rows = data.draw(st.integers(0, ROWS))
    whole = indicator.compute(columns, params)
    part = indicator.compute(tuple(column[:rows] for column in columns), params)
    for left, right in zip(whole, part, strict=True):
        assert same(left[:rows], right)
        assert np.isnan(left[:lead]).all()


@every_function
def test_stream_with_a_hole_and_a_restart_is_the_batch(name: str) -> None:
    """Leading NaN, a hole in the middle and a restart in one pass, bit for bit."""
    indicator = registry.talib_indicator(name)
    params = indicator.bind()
    rows = 150
    columns = [column.copy() for column in pick(indicator, inputs_for(name, 7, rows))]
    columns[0][:5] = np.nan
    columns[-1][20] = np.nan
    stream = indicator.stream(params)
    got = []
    for i in range(rows):
        if i in {3, 100}:
            saved = stream.state()
            stream = indicator.stream(params)
            stream.restore(saved)
        got.append(stream.update(*(float(column[i]) for column in columns)))
    batch = indicator.compute(tuple(columns), params)
    for out, column in zip(np.array(got).T, batch, strict=True):
        assert same(np.ascontiguousarray(out), column)
    fresh = indicator.compute(tuple(column[21:] for column in columns), params)
    for column, after in zip(batch, fresh, strict=True):
        assert same(column[21:], after)
