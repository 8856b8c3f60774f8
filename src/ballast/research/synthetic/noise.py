"""Markets without an edge, to see what a proof says of them; and markets with a known one.

Each kind has an expected return of zero in every bar (in prices, so that holding earns nothing on
average), whatever came before: no rule that trades it can earn more than luck, less its costs.

- `gbm`: geometric Brownian motion, the textbook's market.
- `garch`: GARCH(1,1) with Student-t shocks (Bollerslev 1987): clustered volatility, fat tails.
- `bootstrap`: bars of a real market, drawn in blocks of random length (the stationary bootstrap,
  Politis and Romano 1994), each bar turned upside down or not by a coin: real shapes of bars and
  real clusters of volatility, and no bar says which way the next one goes.

`edge` adds a drift that lives for some days and is then drawn anew: a market that trend followers
can earn from, by an amount that the caller sets.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.bars import Bars
from ballast.core.errors import UserError, suggest
from ballast.core.jit import jit
from ballast.core.rng import stream
from ballast.core.time import DAY_MS, YEAR_DAYS, Timeframe
from ballast.research.synthetic.market import BARS_MOST, START_MS, VENUE, on_grid
from ballast.research.synthetic.path import autoregress, walk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

KINDS = ("gbm", "garch", "bootstrap")
TICK = Decimal("0.01")
START_TICKS = 3_000_000
TAIL = 5.0
"""Degrees of freedom of the shocks of `garch`."""
ARCH, KEEP = 0.06, 0.93
"""GARCH(1,1) of hourly returns: weight of the last shock, and of the last variance."""
BLOCK_BARS = 24.0
"""Mean length of a bootstrapped block."""
BARS_MIN = 2
HALF = 0.5
VOLATILITY_MOST = 10.0
"""A thousand percent a year: beyond it the price leaves the range of whole ticks."""
EDGE_MOST = 100.0


@dataclass(frozen=True, slots=True)
class Edge:
    """A drift that can be earned: its size as a yearly Sharpe ratio of who knows it, its life."""

    sharpe: float = 0.0
    half_life_days: float = 10.0


NO_EDGE = Edge()


@jit
def garch_scale(shocks: Floats, arch: float, keep: float) -> Floats:
    """Return the volatility of each bar, of mean square 1, known before the bar's own shock."""
    out = np.empty(len(shocks))
    variance = 1.0
    for i in range(len(shocks)):
        out[i] = np.sqrt(variance)
        moved = variance * shocks[i] * shocks[i]
        variance = (1.0 - arch - keep) + arch * moved + keep * variance
    return out


def noise_bars(
    kind: str,
    seed: int,
    n_bars: int = 43_800,
    *,
    symbol: str = "NOISEUSDT",
    timeframe: Timeframe | None = None,
    yearly_volatility: float = 0.6,
    source: Bars | None = None,
    edge: Edge = NO_EDGE,
) -> Bars:
    """Return `n_bars` bars of a market of this kind; the same arguments give the same bytes.

    `source` are the real bars that `bootstrap` draws from; its timeframe is theirs. Raise
    `UserError` for a kind that is not known, or a bootstrap without a source.
    """
    if kind not in KINDS:
        raise UserError(
            f"unknown market '{kind}'",
            expected=f"one of {', '.join(KINDS)}",
            fix=suggest(kind, KINDS),
        )
    if not BARS_MIN <= n_bars <= BARS_MOST:
        raise UserError(f"{n_bars} bars of noise", expected=f"from {BARS_MIN} to {BARS_MOST}")
    if not 0.0 < yearly_volatility <= VOLATILITY_MOST:
        raise UserError(
            f"a yearly volatility of {yearly_volatility:g}",
            expected=f"above 0, at most {VOLATILITY_MOST:g}",
        )
    if not (abs(edge.sharpe) <= EDGE_MOST and edge.half_life_days > 0.0):
        raise UserError(
            f"an edge of {edge.sharpe:g} that lives {edge.half_life_days:g} days",
            expected=f"a ratio up to {EDGE_MOST:g} and a life above 0",
        )
    frame = timeframe or Timeframe.parse("1h")
    if kind == "bootstrap":
        if source is None or len(source) < BARS_MIN:
            raise UserError("a bootstrapped market without real bars", expected="source=bars")
        return _bootstrapped(seed, n_bars, symbol, source, edge)
    sigma = yearly_volatility * sqrt(frame.ms / (YEAR_DAYS * DAY_MS))
    draw = stream(seed, f"noise/{kind}")
    if kind == "gbm":
        shocks = draw.standard_normal(n_bars)
        scale = np.full(n_bars, sigma)
    else:
        shocks = draw.standard_t(TAIL, n_bars) * sqrt((TAIL - 2.0) / TAIL)
        scale = sigma * garch_scale(shocks, ARCH, KEEP)
    moves = scale * shocks - 0.5 * scale * scale
    moves += _drift(seed, n_bars, frame, edge) * scale
    ticks = walk(
        START_TICKS,
        moves,
        scale,
        np.zeros(n_bars),
        np.zeros(n_bars, np.bool_),
        np.zeros(n_bars, np.bool_),
        _open_unit(draw, n_bars),
        _open_unit(draw, n_bars),
        np.zeros(n_bars, np.int64),
        0.0,
    )
    volume = np.exp(draw.normal(4.0, 0.7, n_bars)) * scale / sigma
    return _bars(symbol, frame, ticks, volume)


def _open_unit(draw: np.random.Generator, n: int) -> Floats:
    """Return draws from (0, 1]: a logarithm of 0 would be a market that ends."""
    return 1.0 - draw.random(n)


def _drift(seed: int, n: int, frame: Timeframe, edge: Edge) -> Floats:
    """Return the drift of each bar in units of its volatility."""
    if edge.sharpe == 0.0:
        return np.zeros(n)
    shocks = stream(seed, "noise/edge").standard_normal(n)
    wave = autoregress(shocks, 0.5 ** (frame.ms / DAY_MS / edge.half_life_days))
    return edge.sharpe * sqrt(frame.ms / (YEAR_DAYS * DAY_MS)) * wave


def _bootstrapped(seed: int, n: int, symbol: str, source: Bars, edge: Edge) -> Bars:
    """Draw blocks of real bars, each bar as its distances from the close before it."""
    before = source.close[:-1]
    shape = np.log(
        np.stack([getattr(source, name)[1:] / before for name in ("open", "high", "low", "close")])
    )
    draw = stream(seed, "noise/bootstrap")
    rows = len(before)
    starts = draw.random(n) < 1.0 / BLOCK_BARS
    starts[0] = True
    block = np.cumsum(starts) - 1
    first = draw.integers(0, rows, int(block[-1]) + 1)
    since = np.arange(n) - np.maximum.accumulate(np.where(starts, np.arange(n), 0))
    at = (first[block] + since) % rows
    drawn = shape[:, at]
    # A mirrored bar has its high where its low was. Of the two, exp(move) is cosh(move) on average:
    # taking its logarithm out leaves no expected return in prices, bar by bar.
    side = np.where(draw.random(n) < HALF, -1.0, 1.0)
    drawn = side * drawn - np.log(np.cosh(drawn[3]))
    sigma = float(np.std(shape[3]))
    drawn = drawn + _drift(seed, n, source.timeframe, edge) * sigma
    close = START_TICKS * np.exp(np.cumsum(drawn[3]))
    last = np.concatenate(([START_TICKS], close[:-1]))
    prices = np.rint(last * np.exp(drawn)).astype(np.int64)
    prices = np.maximum(prices, 1)
    prices[1] = prices.max(axis=0)
    prices[2] = prices.min(axis=0)
    return _bars(symbol, source.timeframe, prices, source.volume[1:][at])


def _bars(symbol: str, frame: Timeframe, ticks: NDArray[np.int64], volume: Floats) -> Bars:
    ts = START_MS + np.arange(ticks.shape[1], dtype=np.int64) * frame.ms
    names = ("open", "high", "low", "close")
    columns = {name: on_grid(row, TICK) for name, row in zip(names, ticks, strict=True)}
    return Bars.of(VENUE, symbol, frame, ts, {**columns, "volume": volume})
