"""The market and the rules that every engine is measured on. Needs numpy and nothing else.

W1  one run over 1,051,200 one-minute bars; W2  1,000 combinations over the first 100,000 of them.

    signal     EMA(9) crosses EMA(21); alpha = 2 / (n + 1), seeded with the first close
    entry      at the next open, 95 % of equity; ATR(14, Wilder) of the signal bar is kept
    stop       entry - 3 ATR, from the entry bar on; a gap through it fills at the open
    trailing   from entry + 5.5 ATR on: highest high before the bar - 5.5 ATR
    exit       EMA(9) crosses below: at the next open, before that bar's stop
    costs      0.07 % fee and 0.01 % slippage a side; an open position is marked at the end

The market is synthetic and the same on every machine: one-minute returns with volatility that
clusters and a drift that wanders, weakly pulled to 30,000. Without the drift 16,000 round trips of
cost would leave every engine at zero, and equities could not be compared.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

W1_BARS, W2_BARS, N_SYMBOLS, SYMBOL_BARS = 1_051_200, 100_000, 10, 525_600
CASH, FEE, SLIP, SHARE = 1e8, 0.0007, 0.0001, 0.95
FAST, SLOW, ATR, STOP, ACTIVATE, TRAIL = 9, 21, 14, 3.0, 5.5, 5.5
W2_FAST = tuple(range(5, 15))
W2_SLOW = tuple(range(20, 70, 5))
W2_STOP = tuple(1.5 + 0.5 * step for step in range(10))
W1_TRADES = 16_591
"""Trades of W1 under exactly these rules; an engine with other rules has another number."""
W1_SEED, SYMBOL_SEED = 20_240_601, 777_000
START_MS = 1_640_995_200_000  # 2022-01-01
COLUMNS = ("ts", "open", "high", "low", "close", "volume")


def combinations() -> list[tuple[int, int, float]]:
    """Return the (fast, slow, stop) of W2, stop varying fastest."""
    return [(fast, slow, stop) for fast in W2_FAST for slow in W2_SLOW for stop in W2_STOP]


def load(name: str = "w1", n_bars: int | None = None) -> dict[str, np.ndarray]:
    """Return the columns of a market, `w1` or `symbol_00` to `symbol_09`; make it if need be."""
    path = folder() / f"{name}.npz"
    if not path.exists():
        seed = W1_SEED if name == "w1" else SYMBOL_SEED + int(name[-2:])
        _save(path, make_market(W1_BARS if name == "w1" else SYMBOL_BARS, seed))
    with np.load(path) as file:
        return {column: file[column][:n_bars].copy() for column in COLUMNS}


def folder() -> Path:
    """Return where the markets are kept: `$BALLAST_BENCH`/data."""
    return Path(os.environ["BALLAST_BENCH"]) / "data"


def make_market(n_bars: int, seed: int) -> dict[str, np.ndarray]:
    """Return a market of one-minute bars on a grid of 0.01; the same bytes for the same seed."""
    rng = np.random.Generator(np.random.PCG64(seed))
    base_vol, start_price = 0.00045, 30_000.0
    volatility = base_vol * np.exp(_wander(n_bars, 720.0, 0.45, rng) - 0.5 * 0.45**2)
    drift = _wander(n_bars, 25.0, 0.000113, rng)
    returns = (volatility * rng.standard_normal(n_bars) + drift * (volatility / base_vol)).tolist()
    pull = 1.0 / (20 * 1440.0)
    logs = np.empty(n_bars)
    level = 0.0
    for bar in range(n_bars):
        level = level - pull * level + returns[bar]
        logs[bar] = level
    close = start_price * np.exp(logs)
    gap = rng.standard_normal(n_bars) * 0.00002
    opened = np.empty(n_bars)
    opened[0] = start_price
    opened[1:] = close[:-1] * np.exp(gap[1:])
    up = np.abs(rng.standard_normal(n_bars)) * volatility * 0.5
    down = np.abs(rng.standard_normal(n_bars)) * volatility * 0.5
    high = np.maximum(opened, close) * np.exp(up)
    low = np.minimum(opened, close) * np.exp(-down)
    opened, close = np.round(opened, 2), np.round(close, 2)
    noise = np.exp(rng.standard_normal(n_bars) * 0.6)
    return {
        "ts": START_MS + np.arange(n_bars, dtype=np.int64) * 60_000,
        "open": opened,
        "high": np.maximum(np.round(high, 2), np.maximum(opened, close)),
        "low": np.minimum(np.round(low, 2), np.minimum(opened, close)),
        "close": close,
        "volume": np.maximum(
            np.round(noise * (1 + 50 * volatility / base_vol / 50) * 10, 3), 0.001
        ),
    }


def _wander(n_bars: int, half_life: float, spread: float, rng: np.random.Generator) -> np.ndarray:
    """Return an autoregressive path with the given half-life and standard deviation."""
    keep = 0.5 ** (1.0 / half_life)
    shocks = (rng.standard_normal(n_bars) * (spread * np.sqrt(1 - keep * keep))).tolist()
    path = np.empty(n_bars)
    value = 0.0
    for bar in range(n_bars):
        value = keep * value + shocks[bar]
        path[bar] = value
    return path


def _save(path: Path, market: dict[str, np.ndarray]) -> None:
    """Write a market so that another process never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{os.getpid()}-{path.name}")
    np.savez(draft, **market)
    draft.replace(path)
