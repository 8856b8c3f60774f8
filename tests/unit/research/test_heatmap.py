"""Heatmaps: the best of each cell, a page that reads in light and dark and asks nobody."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pytest

from ballast.core.errors import UserError
from ballast.research.heatmap import MAPS_MAX, SIDE_MAX, Heatmap, heatmap, heatmap_html, heatmaps

NAN = float("nan")
#        a    b    c   sharpe  drawdown
ROWS = [(1.0, 5.0, 0.0, 0.10, 0.30),
        (1.0, 5.0, 1.0, 0.40, 0.20),  # the better of two that share a cell
        (1.0, 6.0, 0.0, NAN, 0.10),   # nothing to divide by
        (2.5, 5.0, 0.0, -0.50, 0.40),
        (2.5, 5.0, 1.0, -0.70, 0.05)]  # fmt: skip


def table_of(
    rows: list[tuple[float, ...]] = ROWS, symbols: tuple[str, ...] = ("BTCUSDT",)
) -> pa.Table:
    count = len(rows)
    names = ("a", "b", "c", "sharpe", "max_drawdown")
    columns: dict[str, list[object]] = {
        "venue": ["X"] * count * len(symbols),
        "symbol": [symbol for symbol in symbols for _ in range(count)],
        "timeframe": ["1h"] * count * len(symbols),
    }
    columns |= {name: [row[k] for row in rows] * len(symbols) for k, name in enumerate(names)}
    return pa.table(columns)


def test_a_cell_is_the_best_of_all_other_parameters() -> None:
    found = heatmap(table_of(), "sharpe", "a", "b")
    assert (found.x, found.y) == (("1", "2.5"), ("5", "6"))
    np.testing.assert_array_equal(found.values, [[0.4, -0.5], [NAN, NAN]])
    assert found.best == (0, 0)
    np.testing.assert_array_equal(found.shade, [[1.0, 0.0], [NAN, NAN]])


def test_of_a_drawdown_the_least_is_the_best() -> None:
    found = heatmap(table_of(), "max_drawdown", "a", "b")
    np.testing.assert_allclose(found.values, [[0.2, 0.05], [0.1, NAN]])
    assert found.best == (0, 1)
    assert found.shade[0].tolist() == [0.0, 1.0]


def test_a_map_without_a_value_says_so() -> None:
    empty = heatmap(table_of([(1.0, 2.0, 0.0, NAN, 0.1)]), "sharpe", "a", "b")
    assert empty.best is None
    page = heatmap_html([empty], "none")
    assert "no value: nothing traded" in page
    assert "&ndash;" in page


def test_equal_values_are_all_the_best_shade() -> None:
    flat = Heatmap("sharpe", "a", "b", ("1", "2"), ("3",), np.array([[0.3, 0.3]]))
    less = Heatmap("fees", "a", "b", ("1", "2"), ("3",), np.array([[0.3, 0.3]]))
    assert flat.shade.tolist() == less.shade.tolist() == [[1.0, 1.0]]


def test_a_long_axis_is_cut_into_ranges() -> None:
    rows = [(float(a), 1.0, 0.0, float(a), 0.1) for a in range(150)]
    found = heatmap(table_of(rows), "sharpe", "a", "b")
    assert len(found.x) == SIDE_MAX
    assert (found.x[0], found.x[-1]) == ("0…2", "148…149")
    assert (found.values[0, 0], found.values[0, -1]) == (2.0, 149.0)
    assert np.all(np.diff(found.values[0]) > 0)


def test_each_group_has_a_map_for_each_pair_of_neighbours() -> None:
    found = heatmaps(table_of(symbols=("BTCUSDT", "TRXUSDT")), "sharpe", ["a", "b", "c"])
    assert [(one.where, one.x_name, one.y_name) for one in found] == [
        ("X BTCUSDT 1h", "a", "b"), ("X BTCUSDT 1h", "b", "c"),
        ("X TRXUSDT 1h", "a", "b"), ("X TRXUSDT 1h", "b", "c"),
    ]  # fmt: skip
    many = tuple(f"S{k}" for k in range(MAPS_MAX + 1))
    (one,) = heatmaps(table_of(symbols=many), "sharpe", ["a", "b"])
    assert one.where == f"best of {MAPS_MAX + 1} groups"


def test_the_page_is_whole_and_marks_the_best() -> None:
    maps = heatmaps(table_of(), "sharpe", ["a", "b"])
    page = heatmap_html(maps, "<b>cross</b>: sharpe", "sweep 12ab")
    assert page == heatmap_html(maps, "<b>cross</b>: sharpe", "sweep 12ab")
    assert "&lt;b&gt;cross" in page
    assert "<b>" not in page
    assert "best 0.4 at a = 1, b = 5" in page
    assert re.findall(r'<td class="best"[^>]*>([^<]*)<', page) == ["0.4"]
    assert "prefers-color-scheme: dark" in page
    assert "<script" not in page
    assert "http" not in page
    assert len(page) < 10_000


def test_dark_cells_have_light_text() -> None:
    """Contrast of at least 4.5 to 1 in every shade (WCAG 2.2, 1.4.3)."""
    values = np.linspace(0.0, 1.0, 60)[None, :]
    labels = tuple(str(k) for k in range(60))
    page = heatmap_html([Heatmap("sharpe", "a", "b", labels, ("1",), values)], "all shades")
    pairs = re.findall(r"background:#(\w{6});color:#(\w{3})", page)
    assert len(pairs) == 60
    for paper, ink in pairs:
        dark, light = sorted((_luminance(paper), _luminance("".join(2 * c for c in ink))))
        assert (light + 0.05) / (dark + 0.05) >= 4.5, paper


def _luminance(colour: str) -> float:
    parts = [int(colour[k : k + 2], 16) / 255 for k in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_a_column_that_is_not_there_is_one_line() -> None:
    for metric, x, y in (("sharp", "a", "b"), ("sharpe", "z", "b"), ("sharpe", "a", "z")):
        with pytest.raises(UserError, match="no column"):
            heatmap(table_of(), metric, x, y)
