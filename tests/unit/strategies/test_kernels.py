"""Compiled kernels against their own source, run as plain Python, on every mix of bytes."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ballast.core.jit import interpreted
from ballast.strategies import kernels

if TYPE_CHECKING:
    from collections.abc import Callable

CELLS = np.array([-1.5, 0.0, 0.0, 2.0, np.nan, np.inf, -np.inf, 7.25])
A, B = (np.array(column) for column in zip(*product(CELLS, CELLS), strict=True))
THREE = np.array([0, 1, 2], np.uint8)
X, Y = (np.array(column) for column in zip(*product(THREE, THREE), strict=True))
ORDERS = np.random.default_rng(1).choice(np.array([0, 1, 2, 4], np.uint8), 200)
STATES = np.random.default_rng(2).choice(THREE, 200)
FLOATS = np.random.default_rng(3).choice(CELLS, 200)
TIMES = np.arange(200, dtype=np.int64) * 3_600_000


def bytes_(count: int) -> np.ndarray:
    return np.zeros(count, np.uint8)


CASES: list[tuple[Any, tuple[Any, ...], np.ndarray]] = [
    (kernels.order, (A, B), bytes_(64)),
    (kernels.order_number, (A, 0.0), bytes_(64)),
    (kernels.order_number, (A, float("nan")), bytes_(64)),
    *[
        (kernels.relation, (ORDERS, pick, flip), bytes_(200))
        for pick in (1, 2, 3)
        for flip in (0, 1)
    ],
    (kernels.crossing, (ORDERS, 1), bytes_(200)),
    (kernels.crossing, (ORDERS, 2), bytes_(200)),
    (kernels.inside, (A, -1.0, 5.0), bytes_(64)),
    (kernels.inside, (A, float("nan"), 5.0), bytes_(64)),
    (kernels.both, (X, Y), bytes_(9)),
    (kernels.either, (X, Y), bytes_(9)),
    (kernels.invert, (THREE,), bytes_(3)),
    (kernels.pack, (ORDERS, 2, 8), bytes_(200)),
    (kernels.pack_more, (ORDERS, 1, 4), bytes_(200)),
    (kernels.run_length, (FLOATS, 2, 1.0), bytes_(200)),
    (kernels.run_length, (FLOATS, 1, -1.0), bytes_(200)),
    (kernels.edge, (STATES,), bytes_(200)),
    (kernels.count_since, (STATES,), np.zeros(200)),
    (kernels.hold_since, (STATES, FLOATS), np.zeros(200)),
    (kernels.choose, (STATES, FLOATS, FLOATS * 2), np.zeros(200)),
    (kernels.align, (TIMES, TIMES[::7].copy(), 8_000_000), np.zeros(200, np.int64)),
    (kernels.spread_floats, (FLOATS, np.arange(-1, 199)), np.zeros(200)),
    (kernels.spread_bytes, (STATES, np.arange(-1, 199)), bytes_(200)),
    (kernels.time_noise, (TIMES, 42), np.zeros(200)),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_compiled_equals_interpreted(case: int) -> None:
    function, args, out = CASES[case]
    plain: Callable[..., None] = interpreted(function)
    one, two = out.copy(), out.copy()
    function(*args, one)
    with np.errstate(all="ignore"):
        plain(*args, two)
    assert np.array_equal(one, two, equal_nan=out.dtype == np.float64)


def test_logic_is_that_of_kleene() -> None:
    """No wins in and, yes wins in or, unknown is contagious otherwise."""
    out = bytes_(9)
    kernels.both(X, Y, out)
    assert out.tolist() == [0, 0, 0, 0, 1, 2, 0, 2, 2]
    kernels.either(X, Y, out)
    assert out.tolist() == [0, 1, 2, 1, 1, 1, 2, 1, 2]
    kernels.invert(X, out)
    assert out.tolist() == [1, 1, 1, 0, 0, 0, 2, 2, 2]


def test_empty_columns_are_no_trouble() -> None:
    empty, none = np.zeros(0), bytes_(0)
    kernels.order(empty, empty, none)
    kernels.crossing(none, 1, none)
    kernels.edge(none, none)
