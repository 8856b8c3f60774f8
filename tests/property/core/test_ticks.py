"""Ticks against exact fractions: what compiled floats count, rational arithmetic counts too."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ballast.core.jit import interpreted
from ballast.core.ticks import (
    SNAP,
    SNAP_RELATIVE,
    from_steps,
    round_against,
    steps_ceil,
    steps_floor,
)

GRIDS = [("0.01", "0.01"), ("0.1", "0.1"), ("0.5", "0.5"), ("0.00001", "1e-5"), ("25", "25")]
STEPS = [Decimal(text) for text, _ in GRIDS] + [Decimal("0.00000001"), Decimal("0.025")]
steps = st.sampled_from(STEPS)


def ratio(step: Decimal) -> tuple[float, float]:
    num, den = step.as_integer_ratio()
    return float(num), float(den)


@given(step=steps, count=st.integers(0, 10**9))
def test_a_price_on_the_grid_is_the_number_a_parser_makes(step: Decimal, count: int) -> None:
    num, den = ratio(step)
    price = from_steps(count, num, den)
    assert price == float(step * count)
    assert steps_floor(price, num, den) == steps_ceil(price, num, den) == count


@given(step=steps, value=st.floats(1e-8, 1e8))
def test_rounding_brackets_the_value(step: Decimal, value: float) -> None:
    """Off the grid, floor and ceil are the exact integers below and above."""
    num, den = ratio(step)
    exact = Fraction(value) / Fraction(step)
    assume(exact < 2**52)
    distance = abs(exact - round(exact))
    assume(distance > Fraction(SNAP) * 2 + exact * Fraction(1, 10**13))
    assert steps_floor(value, num, den) == math.floor(exact)
    assert steps_ceil(value, num, den) == math.ceil(exact)


@given(step=steps, count=st.integers(1, 10**8), noise=st.integers(-3, 3))
def test_rounding_noise_is_no_step(step: Decimal, count: int, noise: int) -> None:
    """A value a few units in the last place off the grid is the grid point, either way."""
    num, den = ratio(step)
    value = float(step * count)
    for _ in range(abs(noise)):
        value = math.nextafter(value, math.inf if noise > 0 else -math.inf)
    assert steps_floor(value, num, den) == steps_ceil(value, num, den) == count


@given(step=steps, value=st.floats(1e-4, 1e6), side=st.sampled_from([1, -1]))
def test_rounding_against_us_never_favours_us(step: Decimal, value: float, side: int) -> None:
    num, den = ratio(step)
    price = round_against(value, side, num, den)
    snapped = (SNAP + SNAP_RELATIVE * value / float(step)) * float(step)
    assert side * (price - value) >= -1.01 * snapped - math.ulp(value)
    assert abs(price - value) <= float(step) * (1 + 1e-6)


@pytest.mark.parametrize("function", [steps_floor, steps_ceil])
@given(step=steps, value=st.floats(1e-8, 1e8))
def test_compiled_equals_interpreted(function, step: Decimal, value: float) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    num, den = ratio(step)
    assume(value * den / num < 2**52)
    assert function(value, num, den) == interpreted(function)(value, num, den)
