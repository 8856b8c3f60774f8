"""Every registered indicator keeps the contract of `definition.py` (R-IND-12, -13, -16, -18)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.features.battery import market, params_of, pick, same

from ballast.features.indicators import registry

ROWS = 120
every_indicator = pytest.mark.parametrize("name", registry.names())
few = settings(deadline=None, max_examples=12)


@every_indicator
@few
@given(data=st.data(), seed=st.integers(0, 10_000))
def test_warmup_declared_is_warmup_observed(name: str, data: st.DataObject, seed: int) -> None:
    """R-IND-13: in every output exactly the declared number of leading rows is NaN."""
    indicator = registry.get(name)
    params = data.draw(params_of(indicator))
    outs = indicator.compute(pick(indicator, market(seed, ROWS)), params)
    assert len(outs) == len(indicator.outputs)
    expected = np.arange(ROWS) < indicator.warmup(params)
    for out in outs:
        np.testing.assert_array_equal(np.isnan(out), expected)
        assert not np.isinf(out).any()
    assert indicator.settle(params) >= indicator.warmup(params)


@every_indicator
@few
@given(data=st.data(), seed=st.integers(0, 10_000), rows=st.integers(0, ROWS))
def test_prefix_of_the_batch_is_the_batch_of_the_prefix(
    name: str, data: st.DataObject, seed: int, rows: int
) -> None:
    """R-IND-12, A-DATA-08: later bars change nothing, bit for bit."""
    indicator = registry.get(name)
    params = data.draw(params_of(indicator))
    columns = pick(indicator, market(seed, ROWS))
    whole = indicator.compute(columns, params)
    part = indicator.compute(tuple(column[:rows] for column in columns), params)
    for left, right in zip(whole, part, strict=True):
        assert same(left[:rows], right)


@every_indicator
@few
@given(data=st.data(), seed=st.integers(0, 10_000), stop=st.integers(0, ROWS))
def test_one_by_one_with_a_restart_is_the_batch(
    name: str, data: st.DataObject, seed: int, stop: int
) -> None:
    """R-IND-16, -18: fed row by row, stopped and restored at any row, the bits are the batch's."""
    indicator = registry.get(name)
    params = data.draw(params_of(indicator))
    columns = pick(indicator, market(seed, ROWS))
    stream = indicator.stream(params)
    rows = []
    for i in range(ROWS):
        if i == stop:
            saved = stream.state()
            stream = indicator.stream(params)
            stream.restore(saved)
        rows.append(stream.update(*(float(column[i]) for column in columns)))
    for out, batch in zip(np.array(rows).T, indicator.compute(columns, params), strict=True):
        assert same(np.ascontiguousarray(out), batch)


@every_indicator
@few
@given(data=st.data(), seed=st.integers(0, 10_000), hole=st.integers(0, ROWS - 1))
def test_a_hole_starts_the_indicator_over(
    name: str, data: st.DataObject, seed: int, hole: int
) -> None:
    """NaN at the front are skipped; NaN in the middle act as a new beginning, never as poison."""
    indicator = registry.get(name)
    params = data.draw(params_of(indicator))
    columns = pick(indicator, market(seed, ROWS))
    which = data.draw(st.integers(0, len(columns) - 1))
    bad = data.draw(st.sampled_from((np.nan, np.inf, -np.inf)))
    broken = [column.copy() for column in columns]
    broken[which][hole] = bad
    outs = indicator.compute(tuple(broken), params)
    before = indicator.compute(tuple(column[:hole] for column in columns), params)
    after = indicator.compute(tuple(column[hole + 1 :] for column in columns), params)
    for out, left, right in zip(outs, before, after, strict=True):
        assert same(out[:hole], left)
        assert np.isnan(out[hole])
        assert same(out[hole + 1 :], right)


@every_indicator
def test_a_flat_market_is_exact_and_finite(name: str) -> None:
    """A price that never moves gives constant, finite values: no noise, no division by zero."""
    indicator = registry.get(name)
    rows = 200
    flat = {key: np.full(rows, 0.1) for key in ("open", "high", "low", "close", "series", "other")}
    flat |= {"volume": np.full(rows, 3.3), "ts": np.arange(rows) * 3_600_000.0}
    params = indicator.bind()
    for out in indicator.compute(pick(indicator, flat), params):
        valid = out[indicator.warmup(params) :]
        assert np.isfinite(valid).all()
        if name not in GROWING:
            assert (valid == valid[:1]).all()


GROWING = frozenset({"obv"})
