"""Grids: what a range means, and that combination k is the same in every run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballast.core.errors import StrategyError, UserError
from ballast.research.grid import COMBINATIONS_MAX, Grid, parse_axes, parse_axis
from ballast.strategies import param

PARAMS = {
    "fast": param(9, 2, 100),
    "stop": param(3.0, 0.5, 10.0, step=0.5),
    "on": param(True),
}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("fast=5", (5,)),
        ("fast=5..8", (5, 6, 7, 8)),
        ("fast=5..14:4", (5, 9, 13)),
        ("fast=5,9,7", (5, 9, 7)),
        ("fast=5..6,20..30:5", (5, 6, 20, 25, 30)),
        (" fast = 5..5", (5,)),
        ("stop=1..2", (1.0, 1.5, 2.0)),
        ("stop=0.5..0.8:0.1", (0.5, 0.6, 0.7, 0.8)),
        ("on=0,1", (0, 1)),
    ],
)
def test_an_axis_is_read(text: str, values: tuple[float, ...]) -> None:
    assert parse_axis(text, PARAMS) == (text.partition("=")[0].strip(), values)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fast", "'fast' names no values; expected for example fast=5..14"),
        ("fats=3", "unknown parameter 'fats'; expected one of fast, stop, on; did you mean 'fast'"),
        ("fast=", "'' is not a number or a range"),
        ("fast=a..b", "'a..b' is not a number or a range"),
        ("fast=9..5", "range '9..5' is empty"),
        ("fast=5..9:0", "range '5..9:0' is empty"),
        ("fast=5..9:-1", "is empty"),
        ("fast=5..inf", "is empty"),
        ("fast=nan..9", "is empty"),
        ("fast=5..9:nan", "is empty"),
        ("fast=1..1e9:0.01", "has 99999999901 values"),
        ("fast=1..5", "fast = 1"),
        ("fast=5.5", "fast = 5.5"),
        ("stop=nan", "stop = nan"),
    ],
)
def test_an_axis_that_makes_no_sense_is_one_line(text: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_axis(text, PARAMS)
    assert said in caught.value.line()


def test_a_parameter_has_one_range() -> None:
    axes = parse_axes(["stop=1,2", "fast=5..6"], PARAMS)
    assert list(axes.items()) == [("stop", (1.0, 2.0)), ("fast", (5.0, 6.0))]
    with pytest.raises(UserError, match="'fast' has two ranges"):
        parse_axes(["fast=5..6", "fast=9"], PARAMS)


def test_the_grid_is_bounded() -> None:
    wide = tuple(range(4_000))
    with pytest.raises(UserError, match="16,000,000 combinations; expected at most 10,000,000"):
        Grid({"a": wide, "b": wide})
    assert COMBINATIONS_MAX == 10_000_000
    assert issubclass(StrategyError, UserError)


@given(
    st.dictionaries(
        st.sampled_from("abcdef"),
        st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6),
        max_size=4,
    )
)
def test_numbering_and_walking_agree(axes: dict[str, list[float]]) -> None:
    """Combination k by number is the k-th of the walk; all differ; names keep their order."""
    grid = Grid(axes)
    walked = list(grid)
    assert [grid.combination(k) for k in range(len(grid))] == walked
    assert len(walked) == len(grid)
    assert len({tuple(one.items()) for one in walked}) == len(grid)
    assert all(list(one) == list(axes) for one in walked)
    for name, values in axes.items():
        assert {one[name] for one in walked} == set(values)
