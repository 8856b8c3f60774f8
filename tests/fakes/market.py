"""Build a Market from bars drawn as rows: the table tests' brush.

    BARS = [#  open  high   low close
            "  100   101    99   100  L",   # L: the bar's signal byte has ENTER_LONG
            "  100   106    98   105   "]
    market = one_symbol(BARS, plan={"stop_kind": Level.PERCENT, "stop_value": 0.05})

Letters behind the prices: L and S enter long and short, l and s leave them, N fills nothing (a
synthetic bar), E ends a segment. `v=12` sets the volume (default 1,000), `a=2` the ATR (default 1),
`m=95:105:100` the mark's low, high and close, `c=0.7` the confidence, `f=0.75` the least one
asked of it, `z=2` the volatility's z-score, `p=94` the stop column.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ballast.core.reasons import Exit, Refusal
from ballast.core.records import DEPTH, FEE, FUNDING, LIMITS, PLAN, SPEC, TIER, Signal, Size
from ballast.kernel.market import Market, Run

HOUR_MS = 3_600_000
START_MS = 1_609_459_200_000  # 2021-01-01 00:00
BITS = {
    "L": Signal.ENTER_LONG,
    "l": Signal.EXIT_LONG,
    "S": Signal.ENTER_SHORT,
    "s": Signal.EXIT_SHORT,
    "N": Signal.NO_FILL,
    "E": Signal.SEGMENT_END,
}
DEFAULTS = {"v": 1_000.0, "a": 1.0, "c": 1.0, "f": 0.0, "z": 0.0, "p": np.nan, "g": 0.02, "d": 0.0}
PLAIN_PLAN: dict[str, Any] = {
    "allow_long": 1,
    "allow_short": 1,
    "close_on_signal": 1,
    "entry_ttl_bars": 1,
    "size_mode": int(Size.FIXED_QTY),
    "size_value": 1.0,
    "leverage": 1.0,
    "entry_bar_exposed": 1,
}
PLAIN_SPEC: dict[str, Any] = {
    "tick_num": 1,
    "tick_den": 100,
    "lot_num": 1,
    "lot_den": 1_000,
    "cluster": -1,
    "timeframe_ms": HOUR_MS,
    "slip_stop_multiple": 1.0,
}


@dataclass
class Leg:
    """One symbol of a market: its rows and what its plan and instrument have beyond the plain."""

    rows: list[str]
    plan: dict[str, Any] = field(default_factory=dict)
    spec: dict[str, Any] = field(default_factory=dict)
    funding: list[tuple[int, float, float]] = field(default_factory=list)
    fees: list[tuple[int, float, float]] = field(default_factory=list)
    tiers: list[tuple[float, float, float, float, float]] = field(default_factory=list)
    depth: list[tuple[float, float]] = field(default_factory=list)
    missing: tuple[int, ...] = ()
    first: int = 0
    fine: dict[int, list[tuple[float, float, float, float, float]]] = field(default_factory=dict)


def at(bar: int, frame_ms: int = HOUR_MS) -> int:
    """Return the open time of the bar in place `bar`."""
    return START_MS + bar * frame_ms


def one_symbol(rows: list[str], *, limits: dict[str, Any] | None = None, **leg: Any) -> Market:
    """Return the market of one symbol."""
    return of_legs([Leg(rows, **leg)], limits=limits)


def of_legs(legs: list[Leg], *, limits: dict[str, Any] | None = None) -> Market:
    """Return the market of several symbols, in their declared order."""
    spec, plan = _records(SPEC, len(legs)), _records(PLAN, len(legs))
    columns: dict[str, list[Any]] = {}
    ts: list[int] = []
    for s, leg in enumerate(legs):
        _fill(spec[s], PLAIN_SPEC | leg.spec)
        _fill(plan[s], PLAIN_PLAN | leg.plan)
        spec[s].first = len(ts)
        places = [p for p in range(leg.first, 10**6) if p not in leg.missing]
        ts += [at(p, int(spec[s].timeframe_ms)) for p, _ in zip(places, leg.rows, strict=False)]
        spec[s].last = len(ts)
        for row in leg.rows:
            for name, value in _parse(row).items():
                columns.setdefault(name, []).append(value)
    extra = {
        name: _slices(spec, name, [getattr(leg, attribute) for leg in legs], dtype)
        for name, attribute, dtype in (
            ("fund", "funding", FUNDING),
            ("fee", "fees", FEE),
            ("tier", "tiers", TIER),
            ("depth", "depth", DEPTH),
        )
    }
    limit = _records(LIMITS, 1)
    _fill(limit[0], limits or {})
    fine_first, fine = _fine(legs)
    bars = {name: np.array(values) for name, values in columns.items() if name != "signals"}
    return Market(
        spec=spec, plan=plan, limits=limit, ts=np.array(ts, np.int64),
        signals=np.array(columns["signals"], np.uint8), funding=extra["fund"], fees=extra["fee"],
        tiers=extra["tier"], depth=extra["depth"], fine_first=fine_first, fine=fine, **bars,
    )  # fmt: skip


def filled(run: Run, symbol: int | None = None) -> list[tuple[int, str, float, int]]:
    """Return (bar, reason, price, lots) of every fill, or of one symbol's."""
    return [
        (int(f.bar), Exit(f.reason).name, float(f.price), int(f.lots))
        for f in run.fills
        if symbol is None or f.symbol == symbol
    ]


def refused(run: Run) -> list[tuple[int, str]]:
    """Return (decision bar, reason) of every refused entry."""
    return [(int(r.bar), Refusal(r.reason).name) for r in run.refused]


def _records(dtype: np.dtype[np.void], n: int) -> Any:
    return np.zeros(n, dtype).view(np.recarray)


def _fill(row: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        if isinstance(value, (list, tuple)):
            row[name][: len(value)] = value
        else:
            row[name] = value


def _slices(spec: Any, name: str, rows: list[list[Any]], dtype: np.dtype[np.void]) -> Any:
    start = 0
    for s, own in enumerate(rows):
        spec[s][f"{name}_first"], spec[s][f"{name}_last"] = start, start + len(own)
        start += len(own)
    return np.array([row for own in rows for row in own], dtype).view(np.recarray)


def _parse(row: str) -> dict[str, float]:
    words = row.split()
    o, h, l, c = map(float, words[:4])
    assert l <= min(o, c), row
    assert max(o, c) <= h, row
    more = dict(DEFAULTS)
    marks = (l, h, c)
    bits = 0
    for word in words[4:]:
        key, _, value = word.partition("=")
        if key == "m":
            low, high, close = map(float, value.split(":"))
            marks = (low, high, close)
        elif value:
            more[key] = float(value)
        else:
            bits |= sum(BITS[letter] for letter in key)
    return {
        "open": o, "high": h, "low": l, "close": c, "volume": more["v"], "mark_low": marks[0],
        "mark_high": marks[1], "mark_close": marks[2], "signals": bits, "atr": more["a"],
        "stop": more["p"], "confidence": more["c"], "floor": more["f"], "volatility": more["z"],
        "sigma": more["g"], "quote_volume": more["d"],
    }  # fmt: skip


def _fine(legs: list[Leg]) -> tuple[Any, Any]:
    if not any(leg.fine for leg in legs):
        return np.zeros(0, np.int64), np.zeros((5, 0))
    counts = [len(leg.fine.get(k, ())) for leg in legs for k in range(len(leg.rows))]
    rows = [r for leg in legs for k in range(len(leg.rows)) for r in leg.fine.get(k, ())]
    edges = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    return edges, np.ascontiguousarray(np.array(rows, float).T)
