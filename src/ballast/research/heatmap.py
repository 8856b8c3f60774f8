"""Heatmaps of a sweep: the best value of a metric over every pair of two parameters.

Where more than two parameters were swept, a cell shows the best of the others. A plateau is worth
more than a single bright cell: the best of many on the same data is partly luck, and the page says
so. It is plain HTML without scripts, a few kilobytes, for light and dark screens and for print.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import UserError
from ballast.research.sweep_table import LESS_IS_BETTER, PLACE, axis_column

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SIDE_MAX = 60
"""Cells along one side; a longer axis is cut into ranges, of which a cell shows the best."""
MAPS_MAX = 24
"""Maps of one page; with more groups than that, one map shows the best of all groups."""
SCALE = ("440154", "472d7b", "3b528b", "2c728e", "21918c", "28ae80", "5ec962", "addc30", "fde725")
"""Viridis (van der Walt and Smith 2015): as even for colour-blind eyes and in print."""
BRIGHT = 0.43  # from here on black text has more contrast than white
LARGE = 10_000.0


@dataclass(frozen=True, slots=True)
class Heatmap:
    """`values[y, x]` of `metric`, with the labels of rows and columns; NaN where nothing ran."""

    metric: str
    x_name: str
    y_name: str
    x: tuple[str, ...]
    y: tuple[str, ...]
    values: Floats
    where: str = ""

    @property
    def best(self) -> tuple[int, int] | None:
        """Row and column of the best cell; None where there is no value at all."""
        if np.isnan(self.values).all():
            return None
        pick = np.nanargmin if self.metric in LESS_IS_BETTER else np.nanargmax
        row, column = np.unravel_index(int(pick(self.values)), self.values.shape)
        return int(row), int(column)

    @property
    def shade(self) -> Floats:
        """Return 0 (worst) to 1 (best) for every cell; 1 where all are equal."""
        if self.best is None:
            return self.values
        low, high = np.nanmin(self.values), np.nanmax(self.values)
        part = (self.values - low) / (high - low) if high > low else np.ones_like(self.values)
        return 1.0 - part if self.metric in LESS_IS_BETTER and high > low else part


def heatmaps(table: pa.Table, metric: str, axes: Sequence[str]) -> list[Heatmap]:
    """Return a map for each group and each pair of neighbouring axes."""
    pairs = list(pairwise(axes))
    columns = [table[name].to_pylist() for name in PLACE]
    groups = np.array([" ".join(row) for row in zip(*columns, strict=True)], np.str_)
    names = list(dict.fromkeys(groups.tolist()))
    if len(names) * len(pairs) > MAPS_MAX:
        where = f"best of {len(names)} groups"
        return [heatmap(table, metric, x, y, where) for x, y in pairs]
    return [
        heatmap(table.filter(groups == name), metric, x, y, name)
        for name in names
        for x, y in pairs
    ]


def heatmap(table: pa.Table, metric: str, x_name: str, y_name: str, where: str = "") -> Heatmap:
    """Return the best `metric` per cell; raise `UserError` for a column that is not there."""
    for name in (metric, axis_column(x_name), axis_column(y_name)):
        if name not in table.column_names:
            raise UserError(
                f"no column '{name}'", expected=f"one of {', '.join(table.column_names)}"
            )
    x, x_at = _cells(table[axis_column(x_name)].to_numpy())
    y, y_at = _cells(table[axis_column(y_name)].to_numpy())
    sign = -1.0 if metric in LESS_IS_BETTER else 1.0
    given = sign * table[metric].to_numpy()
    values = np.full((len(y), len(x)), -np.inf)
    np.maximum.at(values, (y_at, x_at), np.where(np.isnan(given), -np.inf, given))
    values[np.isneginf(values)] = np.nan
    return Heatmap(metric, x_name, y_name, x, y, sign * values, where)


def _cells(column: Floats) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return the labels of an axis and the cell of each row of the table."""
    found, at = np.unique(column, return_inverse=True)
    count = min(len(found), SIDE_MAX)
    cell_of = np.arange(len(found)) * count // max(len(found), 1)
    labels = []
    for cell in range(count):
        low, high = found[cell_of == cell][[0, -1]]
        labels.append(f"{low:g}" if low == high else f"{low:g}…{high:g}")
    return tuple(labels), cell_of[at]


def heatmap_html(maps: Sequence[Heatmap], title: str, about: str = "") -> str:
    """Return one self-contained page with all heatmaps; the same maps give the same bytes."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style></head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n<p>{escape(about)}</p>\n<p>{_ADVICE}</p>\n"
        + "".join(_section(one) for one in maps)
        + "</body></html>\n"
    )


_ADVICE = (
    "Each cell is the best over all parameters that are not on its map; the outlined cell is the "
    "best of the map. Prefer a plateau to a peak: the best of many runs on the same data is partly "
    "luck."
)
_STYLE = """
:root { --page: #f4f5f7; --panel: #fff; --text: #1b2129; --soft: #59636e; --line: #dfe3e8;
  --best: #d55e00 }
@media (prefers-color-scheme: dark) { :root { --page: #0e1217; --panel: #161b22; --text: #e4e8ed;
  --soft: #98a3af; --line: #2a313a; --best: #ff9d4d } }
body { margin: 0 auto; max-width: 78rem; padding: 1.6rem 1.2rem; background: var(--page);
  color: var(--text); font: 15px/1.45 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif }
h1 { font-size: 1.6rem; margin: 0 0 .3rem } h2 { font-size: 1.05rem; margin: 0 0 .2rem }
p { margin: 0 0 .4rem; color: var(--soft) }
section { margin: 1.1rem 0; padding: 1rem 1.2rem; background: var(--panel); overflow-x: auto;
  border: 1px solid var(--line); border-radius: 10px }
table { border-collapse: separate; border-spacing: 2px; font-variant-numeric: tabular-nums }
th { font-weight: 400; color: var(--soft); padding: 0 .45rem; text-align: right }
th[scope=col] { text-align: center }
th.name { font-weight: 600; color: var(--text); text-align: left; white-space: nowrap }
td { min-width: 3.1rem; padding: .32rem .4rem; text-align: center; border-radius: 3px;
  print-color-adjust: exact; -webkit-print-color-adjust: exact }
td.none { color: var(--soft); border: 1px dashed var(--line) }
td.best { outline: 3px solid var(--best); outline-offset: 1px; font-weight: 700 }
.scale { display: flex; gap: .6rem; align-items: center; margin-top: .7rem; color: var(--soft) }
.scale i { width: 12rem; height: .7rem; border-radius: 3px; print-color-adjust: exact }
"""


def _section(one: Heatmap) -> str:
    heads = "".join(f"<th scope='col'>{escape(label)}</th>" for label in one.x)
    shade, best = one.shade, one.best
    rows = []
    for y, label in enumerate(one.y):
        cells = "".join(
            _cell(one.values[y, x], shade[y, x], is_best=(y, x) == best) for x in range(len(one.x))
        )
        rows.append(f"<tr><th scope='row'>{escape(label)}</th>{cells}</tr>\n")
    corner = f"{escape(one.y_name)} ↓ &nbsp; {escape(one.x_name)} →"
    return (
        f"<section>\n<h2>{escape(one.metric)} · {escape(one.where)}</h2>\n<p>{_verdict(one)}</p>\n"
        f"<table>\n<tr><th class='name'>{corner}</th>{heads}</tr>\n{''.join(rows)}</table>\n"
        f"{_legend(one)}</section>\n"
    )


def _verdict(one: Heatmap) -> str:
    if one.best is None:
        return "no value: nothing traded, or the metric is not defined for these runs"
    y, x = one.best
    found = f"{escape(one.x_name)} = {escape(one.x[x])}, {escape(one.y_name)} = {escape(one.y[y])}"
    return f"best {_number(one.values[y, x])} at {found}"


def _cell(value: float, shade: float, *, is_best: bool) -> str:
    if np.isnan(value):
        return '<td class="none">&ndash;</td>'
    ink = "#000" if shade > BRIGHT else "#fff"
    mark = ' class="best"' if is_best else ""
    return f'<td{mark} style="background:{_colour(shade)};color:{ink}">{_number(value)}</td>'


def _legend(one: Heatmap) -> str:
    if one.best is None:
        return ""
    low, high = float(np.nanmin(one.values)), float(np.nanmax(one.values))
    worst, best = (high, low) if one.metric in LESS_IS_BETTER else (low, high)
    stops = ", ".join(f"#{colour}" for colour in SCALE)
    return (
        f'<div class="scale">{_number(worst)}'
        f'<i style="background:linear-gradient(to right, {stops})"></i>{_number(best)}</div>\n'
    )


def _colour(shade: float) -> str:
    """Return the colour of the scale at `shade`, straight between its stops."""
    place = shade * (len(SCALE) - 1)
    left = min(int(place), len(SCALE) - 2)
    part = place - left
    mixed = (
        round(
            int(SCALE[left][k : k + 2], 16) * (1 - part)
            + int(SCALE[left + 1][k : k + 2], 16) * part
        )
        for k in (0, 2, 4)
    )
    return "#" + "".join(f"{level:02x}" for level in mixed)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= LARGE else f"{value:.3g}"
