"""The table of a sweep: its columns, and its best rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from ballast.core.errors import UserError, suggest
from ballast.research.sweep_row import METRICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.research.series import Series

PLACE = ("venue", "symbol", "timeframe")
"""Columns that say which group a row is of."""
LESS_IS_BETTER = frozenset(
    {"max_drawdown", "fees", "slippage", "funding", "liquidations", "worst_streak",
     "longest_drawdown_days", "killed", "refused", "turnover"}
)  # fmt: skip


def table_of_rows(
    group: Sequence[Series], params: dict[str, list[float]], rows: list[Any]
) -> pa.Table:
    """Return one row for each combination: its series, its parameters, its figures."""
    symbols = "+".join(one.bars.symbol for one in group)
    figures_of = np.array(rows).reshape(len(rows), len(METRICS))
    columns: dict[str, Any] = {
        "venue": pa.array([group[0].bars.venue] * len(rows), pa.string()),
        "symbol": pa.array([symbols] * len(rows), pa.string()),
        "timeframe": pa.array([str(group[0].bars.timeframe)] * len(rows), pa.string()),
    }
    columns |= {
        axis_column(name): pa.array(values, pa.float64()) for name, values in params.items()
    }
    for place, name in enumerate(METRICS):
        columns[name] = pa.array(figures_of[:, place])
    return pa.table(columns)


def axis_column(name: str) -> str:
    """Return the column of a parameter: its name, unless a column of every sweep has it."""
    return f"param_{name}" if name in (*PLACE, *METRICS) else name


def check_metric(metric: str) -> None:
    """Raise `UserError`, with a suggestion, for a metric that no sweep has."""
    if metric not in METRICS:
        raise UserError(
            f"unknown metric '{metric}'",
            expected=f"one of {', '.join(METRICS)}",
            fix=suggest(metric, METRICS),
        )


def best_rows(table: pa.Table, metric: str, count: int) -> list[dict[str, Any]]:
    """Return the `count` best rows by `metric`, undefined ones last; drawdown and costs: least."""
    check_metric(metric)
    values = table[metric].to_numpy()
    keys = values if metric in LESS_IS_BETTER else -values
    order = np.argsort(np.where(np.isnan(keys), np.inf, keys), kind="stable")
    found: list[dict[str, Any]] = table.take(pa.array(order[:count])).to_pylist()
    return found
