"""Random bars of one symbol on its grid, with everything that can be wrong with a market."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

HOUR_MS = 3_600_000
PRICES = (100.0, 3.0, 40_000.0)


@dataclass
class Series:
    """The columns of one symbol."""

    ts: Any
    open: Any
    high: Any
    low: Any
    close: Any
    volume: Any
    mark_high: Any
    mark_low: Any
    mark_close: Any
    signals: Any
    atr: Any
    stop: Any
    confidence: Any
    floor: Any
    volatility: Any
    sigma: Any
    quote_volume: Any
    fund: list[tuple[int, float, float]]
    fee: list[tuple[int, float, float]]
    tier: list[tuple[float, ...]]
    depth: list[tuple[float, float]]
    fine_count: Any
    fine: Any


def _sprinkle(rng: Any, values: Any, share: float, what: float) -> Any:
    values = values.astype(float)
    values[rng.random(len(values)) < share] = what
    return values


def _clock(rng: Any, frame: int, start_ms: int, bars: int, gaps: float) -> Any:
    """Return open times with holes, a later listing and an earlier end for some symbols."""
    first = rng.integers(0, bars // 3) if rng.random() < 0.4 else 0
    last = bars - (rng.integers(0, bars // 3) if rng.random() < 0.4 else 0)
    places = np.arange(first, last)
    keep = rng.random(len(places)) >= gaps
    keep[0] = True
    start = start_ms + int(rng.integers(0, 24)) * HOUR_MS
    return (start - start % frame + places[keep] * frame).astype(np.int64)


def _path(rng: Any, level: int, n: int, wild: float) -> tuple[Any, Any, Any, Any]:
    """Walk in whole ticks: equal extremes, gaps, and now and then a wick to one tick."""
    unit = max(1, level // 100)
    steps = rng.integers(-unit, unit + 1, n)
    steps[rng.random(n) < 0.1] = 0
    jumps = np.where(rng.random(n) < wild, rng.integers(-20 * unit, 20 * unit + 1, n), 0)
    floor = max(2, level // 10)
    close = np.empty(n, np.int64)
    open_ = np.empty(n, np.int64)
    at = level
    for i in range(n):
        open_[i] = max(floor, at + jumps[i])
        close[i] = at = max(floor, open_[i] + steps[i])
    wick = rng.integers(0, unit + 1, (2, n)) * rng.integers(0, 2, (2, n))
    high = np.maximum(open_, close) + wick[0]
    low = np.minimum(open_, close) - wick[1]
    spikes = rng.random(n)
    low[spikes < wild / 4] = 1
    high[spikes > 1 - wild / 4] *= 5
    return open_, high, np.maximum(low, 1), close


def _signals(rng: Any, spec: Any, n: int, density: float, wild: float) -> Any:
    """Return bytes: mostly one bit, sometimes any, rarely the bits of the gap policy."""
    bits = np.zeros(n, np.uint8)
    hit = rng.random(n) < density
    choice = [1, 1, 2, 4, 4, 8] if spec.perpetual else [1, 1, 1, 1, 2, 4]
    single = np.array(choice, np.uint8)[rng.integers(0, 6, n)]
    anything = rng.integers(0, 16, n).astype(np.uint8)
    bits[hit] = np.where(rng.random(n) < 0.9, single, anything)[hit]
    bits[rng.random(n) < wild / 2] |= 16
    bits[rng.random(n) < wild / 4] |= 32
    return bits


def _tiers(rng: Any) -> list[tuple[float, ...]]:
    """Return none, or two or three tiers whose deductions make the margin continuous."""
    if rng.random() < 0.4:
        return []
    caps = [5_000.0, 20_000.0, 1e12][-int(rng.integers(2, 4)) :]
    rates = [0.005, 0.02, 0.1]
    rows = []
    floor = deduction = 0.0
    for k, cap in enumerate(caps):
        if k:
            deduction += floor * (rates[k] - rates[k - 1])
        rows.append((floor, cap, [50.0, 20.0, 5.0][k], rates[k], deduction))
        floor = cap
    return rows


def _fundings(rng: Any, ts: Any, frame: int, price: float) -> list[tuple[int, float, float]]:
    """Return fundings at bar boundaries, inside bars and in gaps."""
    count = int(rng.integers(0, 12))
    span = int(ts[-1] - ts[0]) + frame
    at = ts[0] + rng.integers(0, span + 1, count)
    at = np.where(rng.random(count) < 0.6, at - at % frame, at)
    rate = rng.choice([0.0001, -0.0003, 0.02, 0.0], count)
    return [(int(t), float(r), price) for t, r in zip(np.unique(at), rate, strict=False)]


def _fine(rng: Any, series: tuple[Any, ...], volume: Any, scale: float) -> tuple[Any, Any]:
    """Cut each bar into none, one or three finer bars inside its range, both extremes met."""
    counts, rows = [], []
    for o, h, l, c, v in zip(*series, volume, strict=True):
        n = int(rng.choice([0, 1, 3]))
        counts.append(n)
        if n == 1:
            rows.append((o, h, l, c, v))
        if n == 3:
            first, second = (h, l) if rng.random() < 0.5 else (l, h)
            rows += [
                (o, max(o, first), min(o, first), first, v * scale),
                (first, h, l, second, v * scale),
                (second, max(second, c), min(second, c), c, 0.0),
            ]
    return np.array(counts, np.int64), np.array(rows).reshape(-1, 5).T


def series_of(
    rng: Any, spec: Any, start_ms: int, bars: int, density: float, wild: float, gaps: float
) -> Series:
    """Draw all columns of one symbol."""
    frame = int(spec.timeframe_ms)
    ts = _clock(rng, frame, start_ms, bars, gaps)
    n = len(ts)
    tick = spec.tick_num / spec.tick_den
    coarse = spec.lot_num / spec.lot_den > 0.01  # a lot that the cash can buy
    price = float(rng.choice(PRICES[:2] if coarse else PRICES))
    level = max(20, round(price / tick))
    ticks = _path(rng, level, n, wild)
    open_, high, low, close = (t * spec.tick_num / spec.tick_den for t in ticks)
    mark_high, mark_low, mark_close = high, low, close
    if spec.has_mark:
        shift = rng.integers(-level // 100 - 1, level // 100 + 2, n)
        calm = rng.random(n) < wild
        top = np.where(calm, np.maximum(ticks[0], ticks[3]), ticks[1] + shift)
        end = np.maximum(1, ticks[3] + shift)
        bottom = np.minimum(np.maximum(1, ticks[2] + shift), end)
        mark_high, mark_low, mark_close = (
            t * spec.tick_num / spec.tick_den for t in (np.maximum(top, end), bottom, end)
        )
    price = float(close[0])
    volume = rng.random(n) * 20 * 10_000 / price
    volume[rng.random(n) < 0.1] = 0.0
    atr = close * rng.uniform(0.005, 0.03, n)
    fine_count, fine = _fine(rng, (open_, high, low, close), volume, 0.5)
    side = rng.choice([-1, 1, 1], n)
    bits = _signals(rng, spec, n, density, wild)
    return Series(
        ts, open_, high, low, close, volume, mark_high, mark_low, mark_close,
        bits,
        np.where((rng.random(n) < 0.05) & (bits & 5 == 0), np.nan, atr),
        _sprinkle(rng, close * (1 - side * rng.uniform(0.0, 0.05, n)), 0.05, np.nan),
        _sprinkle(rng, rng.choice([0.3, 0.65, 0.7, 0.9], n), 0.05, np.nan),
        rng.choice([0.0, 0.65, 0.7, 0.75, 1.0], n),
        _sprinkle(rng, rng.normal(0, 1, n), 0.05, np.nan),
        _sprinkle(rng, rng.uniform(0.01, 0.06, n), 0.05, np.nan),
        _sprinkle(rng, volume * close * 10, 0.05, np.nan),
        _fundings(rng, ts, frame, price),
        [(start_ms + d * 12 * HOUR_MS, 0.0001 * d, 0.0005 * d)
         for d in range(int(rng.integers(0, 4)))],
        _tiers(rng) if spec.perpetual else [],
        [(0.001 * (k + 1), 10.0 ** (k + 2)) for k in range(int(rng.integers(0, 4)))],
        fine_count, fine,
    )  # fmt: skip
