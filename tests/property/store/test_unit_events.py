"""Events conserve notional and can be undone."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.store.quality.series import START, walk

from ballast.core.bars import COLUMNS
from ballast.core.time import HOUR_MS
from ballast.store.events import EventKind, InstrumentEvent, adjust, restore
from ballast.store.units import decimal, times

BARS = walk(80)
factors = st.builds(Fraction, st.integers(1, 10**6), st.integers(1, 10**6)).filter(lambda f: f != 1)


@st.composite
def scalings(draw: st.DrawFn) -> list[InstrumentEvent]:
    """Draw up to four scaling events at different times, inside and outside the series."""
    at = draw(st.lists(st.integers(-5, 90), unique=True, max_size=4))
    kinds = st.sampled_from([EventKind.SPLIT, EventKind.REDENOMINATION, EventKind.MULTIPLIER])
    return [
        InstrumentEvent("V", "S", draw(kinds), START + hour * HOUR_MS, draw(factors)) for hour in at
    ]


@given(scalings())
def test_notional_is_conserved_and_adjusting_can_be_undone(events: list[InstrumentEvent]) -> None:
    """R-DATA-20: price x volume of every bar stays; `restore` gives the old series back."""
    out = adjust(BARS, events)
    assert out.close * out.volume == pytest.approx(BARS.close * BARS.volume, rel=1e-13)
    assert np.array_equal(out.ts, BARS.ts)
    back = restore(out, events)
    for name in COLUMNS:
        assert getattr(back, name) == pytest.approx(getattr(BARS, name), rel=1e-13)


@given(st.permutations(range(3)), st.lists(factors, min_size=3, max_size=3))
def test_order_of_the_list_does_not_matter(order: list[int], three: list[Fraction]) -> None:
    """Events are dated; the file may be in any order."""
    made = [
        InstrumentEvent("V", "S", EventKind.SPLIT, START + 20 * (i + 1) * HOUR_MS, factor)
        for i, factor in enumerate(three)
    ]
    one, two = adjust(BARS, made), adjust(BARS, [made[i] for i in order])
    assert np.array_equal(one.close, two.close)


@given(st.integers(1, 10**11), st.integers(-10, 12), st.integers(1, 6))
def test_decimal_prices_are_scaled_exactly_by_powers_of_ten(
    digits: int, places: int, power: int
) -> None:
    """The result is the float64 nearest to the true decimal, and back again."""
    price = float(f"{digits}e-{places}") if places >= 0 else float(f"{digits}e{-places}")
    up = times(np.array([price]), Fraction(10**power))
    assert up[0] == float(f"{digits}e{power - places}")
    assert times(up, Fraction(1, 10**power))[0] == price


@given(st.floats(1e-18, 1e25, allow_nan=False))
def test_rounding_to_15_digits_is_that_of_the_text(value: float) -> None:
    """An independent way there; of two decimals equally near either may be taken."""
    assert decimal(np.array([value]))[0] == pytest.approx(float(f"{value:.15g}"), rel=1e-14)
