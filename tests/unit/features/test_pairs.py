"""Indicators that are computed two at a time give the bits that each gives alone."""

from __future__ import annotations

import numpy as np
import pytest
from tests.property.features.battery import market

from ballast.core.errors import StrategyError
from ballast.features.indicators.registry import get, names

PAIRED = [name for name in names() if get(name).goes_in_pairs]


def with_holes() -> np.ndarray:
    """Return closes with a hole at the start, one inside and an infinite one."""
    close = np.array(market(5, 600)["close"])
    close[:3] = np.nan
    close[200] = np.nan
    close[333] = np.inf
    return close


def test_the_recursive_averages_go_in_pairs() -> None:
    assert set(PAIRED) == {"ema", "ema_first"}


@pytest.mark.parametrize("name", PAIRED)
@pytest.mark.parametrize("numbers", [((5.0,), (21.0,)), ((1.0,), (1.0,)), ((700.0,), (3.0,))])
def test_a_pair_is_each_alone_bit_for_bit(
    name: str, numbers: tuple[tuple[float], tuple[float]]
) -> None:
    definition, close = get(name), with_holes()
    both = definition.compute_two((close,), *numbers)
    for alone, (found,) in zip(numbers, both, strict=True):
        (expected,) = definition.compute((close,), alone)
        assert found.tobytes() == expected.tobytes()
    assert np.isfinite(both[0][0]).any() or numbers[0] == (700.0,)


def test_the_second_of_a_pair_is_checked_too() -> None:
    with pytest.raises(StrategyError, match="period"):
        get("ema").compute_two((with_holes(),), (5.0,), (0.0,))
