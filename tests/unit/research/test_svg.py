"""Charts without scripts: round axes, honest frames, the same bytes (R-MET-11)."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballast.core.time import parse_ms
from ballast.research.report.svg import LEFT, Plot, nice_ticks, percent, reach, thin, time_ticks


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 10.0, [0, 2, 4, 6, 8, 10]),
        (-0.013, 0.021, [-0.01, 0.0, 0.01, 0.02]),
        (980.0, 1_020.0, [980, 990, 1000, 1010, 1020]),
        (5.0, 5.0, [5.0]),
    ],
)
def test_axes_are_labelled_with_round_numbers(
    low: float, high: float, expected: list[float]
) -> None:
    assert nice_ticks(low, high) == pytest.approx(expected)


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9))
def test_ticks_lie_inside_and_are_few(low: float, width: float) -> None:
    high = low + width
    ticks = nice_ticks(low, high)
    slack = 1e-6 * max(abs(low), abs(high), 1.0)
    assert len(ticks) <= 8
    assert all(low - slack <= tick <= high + slack for tick in ticks)


def test_time_is_labelled_by_year_or_by_month() -> None:
    years = time_ticks(parse_ms("2019-05-01"), parse_ms("2025-02-01"))
    assert [label for _, label in years] == ["2020", "2021", "2022", "2023", "2024", "2025"]
    assert years[0][0] == parse_ms("2020-01-01")
    months = time_ticks(parse_ms("2024-11-15"), parse_ms("2025-03-02"))
    assert [label for _, label in months] == ["2024-12", "2025-01", "2025-02", "2025-03"]


def test_nothing_is_drawn_outside_the_frame() -> None:
    plot = Plot("t", (0.0, 1.0), (0.0, 1.0))
    assert plot.at_x(-5.0) == LEFT
    assert plot.at_x(7.0) == plot.at_x(1.0)
    assert plot.at_y(-9.0) == plot.at_y(0.0) > plot.at_y(2.0) == plot.at_y(1.0)


def test_a_chart_is_well_formed_and_the_same_twice() -> None:
    def drawn() -> str:
        x = np.arange(3_000.0)
        y = np.sin(x / 200.0)
        plot = Plot("a < b & c", (0.0, 2_999.0), reach(y), y_label=percent)
        plot.band(x, y - 0.1, y + 0.1)
        plot.line(x, np.where(x == 1_500.0, np.nan, y), hint="the <line>")
        plot.bar(1.0, 2.0, 0.0, 0.5, "c-gain", "1 & 2")
        plot.dot(10.0, 0.2, "c-loss")
        plot.across(0.0, "zero")
        plot.upright(2_000.0, "here")
        return plot.svg()

    text = drawn()
    assert text == drawn()
    tree = ET.fromstring(text)  # noqa: S314 - our own text
    assert tree.attrib["aria-label"] == "a < b & c"
    assert len(text) < 60_000


@pytest.mark.parametrize("values", [[1.0, 1.0], [np.nan, np.nan], [], [np.inf, 1.0]])
def test_flat_empty_and_undefined_data_give_a_chart(values: list[float]) -> None:
    y = np.array(values)
    x = np.arange(float(len(values)))
    plot = Plot("t", reach(x), reach(y))
    plot.line(x, y)
    ET.fromstring(plot.svg())  # noqa: S314 - our own text


def test_thinning_keeps_both_ends() -> None:
    rows = thin(100_000)
    assert (rows[0], rows[-1]) == (0, 99_999)
    assert len(rows) <= 720
    assert list(thin(3)) == [0, 1, 2]
