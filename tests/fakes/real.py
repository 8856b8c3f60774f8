"""Markets of real candles, cut from the shared data (tests marked `needs_data`)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from ballast.core.records import DEPTH, FEE, FUNDING, LIMITS, PLAN, SPEC, TIER
from ballast.kernel.market import Market
from tests.data import SHARED
from tests.fakes.market import PLAIN_PLAN, PLAIN_SPEC

NONE = np.zeros(0)


def read(name: str) -> dict[str, Any]:
    """Return the columns of a Parquet file of the shared data."""
    table = pq.read_table(SHARED / name)
    return {column: table[column].to_numpy() for column in table.column_names}


def ms(moment: str) -> int:
    """Return the epoch milliseconds of a UTC moment, as 2020-03-12T10:00."""
    return round(dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC).timestamp() * 1000)


def between(columns: dict[str, Any], first: str, last: str) -> dict[str, Any]:
    """Return the rows whose time lies in [first, last]."""
    keep = (columns["ts"] >= ms(first)) & (columns["ts"] <= ms(last))
    return {name: values[keep] for name, values in columns.items()}


def records(dtype: np.dtype[np.void], rows: list[Any]) -> Any:
    """Return rows of a record type."""
    return np.array([tuple(row) for row in rows], dtype).view(np.recarray)


def one_row(dtype: np.dtype[np.void], values: dict[str, Any]) -> Any:
    """Return one row with some fields set."""
    row = np.zeros(1, dtype).view(np.recarray)
    for name, value in values.items():
        target = row[0][name]
        if np.ndim(target):
            target[: len(value)] = value
        else:
            row[0][name] = value
    return row


def market_of(
    bars: dict[str, Any],
    signals: dict[int, int],
    *,
    plan: dict[str, Any],
    spec: dict[str, Any],
    mark: dict[str, Any] | None = None,
    atr: Any = None,
    funding: Any = (),
    tiers: Any = (),
    fine: dict[str, Any] | None = None,
) -> Market:
    """Return the market of one symbol; `signals` maps places of bars to signal bits."""
    n = len(bars["ts"])
    frame = int(np.diff(bars["ts"]).min())
    bits = np.zeros(n, np.uint8)
    for place, value in signals.items():
        bits[place] = value
    floats = {k: np.ascontiguousarray(bars[k], float) for k in bars if k != "ts"}
    marks = mark or floats
    row = one_row(SPEC, PLAIN_SPEC | {"timeframe_ms": frame, "last": n} | spec)
    row.has_mark = mark is not None
    row.fund_last, row.tier_last = len(funding), len(tiers)
    fine_first, fine_rows = np.zeros(0, np.int64), np.zeros((5, 0))
    if fine is not None:
        edges = np.append(bars["ts"], bars["ts"][-1] + frame)
        fine_first = np.searchsorted(fine["ts"], edges).astype(np.int64)
        names = ("open", "high", "low", "close", "volume")
        fine_rows = np.ascontiguousarray([fine[name] for name in names], float)
    return Market(
        spec=row, plan=one_row(PLAN, PLAIN_PLAN | plan), limits=one_row(LIMITS, {}),
        ts=np.ascontiguousarray(bars["ts"], np.int64), open=floats["open"], high=floats["high"],
        low=floats["low"], close=floats["close"],
        volume=floats.get("volume", np.full(n, 1e12)),
        mark_high=np.ascontiguousarray(marks["high"], float),
        mark_low=np.ascontiguousarray(marks["low"], float),
        mark_close=np.ascontiguousarray(marks["close"], float),
        signals=bits, atr=np.full(n, np.nan) if atr is None else atr, stop=NONE,
        confidence=NONE, floor=NONE, volatility=NONE, sigma=NONE, quote_volume=NONE,
        funding=records(FUNDING, list(funding)),
        fees=records(FEE, []), tiers=records(TIER, list(tiers)), depth=records(DEPTH, []),
        fine_first=fine_first, fine=fine_rows,
    )  # fmt: skip
