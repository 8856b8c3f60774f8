"""Heatmaps of a sweep: the best value of a metric over every pair of two parameters.

Where more than two parameters were swept, a cell shows the best of the others: a ridge that is
stable along both axes is worth more than a single bright cell.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from plotly.offline import get_plotlyjs

from ballast.core.errors import UserError
from ballast.research.sweep import LESS_IS_BETTER

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Heatmap:
    """`values[y, x]` of `metric`; NaN where nothing ran."""

    metric: str
    x_name: str
    y_name: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    values: NDArray[np.float64]


def heatmap(table: pa.Table, metric: str, x_name: str, y_name: str) -> Heatmap:
    """Return the best `metric` per cell; raise `UserError` for a column that is not there."""
    for name in (metric, x_name, y_name):
        if name not in table.column_names:
            raise UserError(
                f"no column '{name}'", expected=f"one of {', '.join(table.column_names)}"
            )
    x, x_at = np.unique(table[x_name].to_numpy(), return_inverse=True)
    y, y_at = np.unique(table[y_name].to_numpy(), return_inverse=True)
    sign = -1.0 if metric in LESS_IS_BETTER else 1.0
    given = sign * table[metric].to_numpy()
    values = np.full((len(y), len(x)), -np.inf)
    np.maximum.at(values, (y_at, x_at), np.where(np.isnan(given), -np.inf, given))
    values[np.isneginf(values)] = np.nan
    return Heatmap(metric, x_name, y_name, x, y, sign * values)


def heatmap_html(maps: list[Heatmap], title: str) -> str:
    """Return one self-contained page with all heatmaps; the same maps give the same bytes."""
    blocks = []
    for place, one in enumerate(maps):
        figure = json.dumps(_figure(one), sort_keys=True)
        blocks.append(
            f'<div id="map{place}" class="map"></div>'
            f"<script>Plotly.newPlot('map{place}', {figure}.data, {figure}.layout, "
            "{responsive: true, displaylogo: false});</script>"
        )
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
        f"<script>{get_plotlyjs()}</script></head><body><h1>{escape(title)}</h1>"
        + "".join(blocks)
        + "</body></html>\n"
    )


_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}"
    ".map{height:32rem;margin-bottom:2rem}h1{font-size:1.3rem}"
)


def _figure(one: Heatmap) -> dict[str, Any]:
    rows = [[None if np.isnan(v) else round(float(v), 6) for v in row] for row in one.values]
    scale = "Viridis" if one.metric not in LESS_IS_BETTER else "Viridis_r"
    return {
        "data": [
            {
                "type": "heatmap",
                "x": [f"{v:g}" for v in one.x],
                "y": [f"{v:g}" for v in one.y],
                "z": rows,
                "colorscale": scale,
                "colorbar": {"title": {"text": one.metric}},
                "hovertemplate": f"{one.x_name} %{{x}}<br>{one.y_name} %{{y}}<br>"
                f"{one.metric} %{{z}}<extra></extra>",
            }
        ],
        "layout": {
            "title": {"text": f"{one.metric}: best over all other parameters"},
            "xaxis": {"title": {"text": one.x_name}, "type": "category"},
            "yaxis": {"title": {"text": one.y_name}, "type": "category"},
            "margin": {"t": 60},
        },
    }
