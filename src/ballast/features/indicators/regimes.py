"""What the market is doing: trend, range or high volatility (R-STRAT-15, X-51).

Two detectors with the same codes (`features/regime/labels.py`: 0 range, 1 trend, 2 volatile):

- `regime_clusters` learns nothing. Volatility is high when few of the last `window` values were as
  high; else it trends where much of the way prices went led somewhere (Kaufman's efficiency ratio).
- `regime_hmm` asks a hidden Markov model, learnt from the past only. Its features are the log
  volatility of the last half `period` and the net move of the last `period` bars, in deviations of
  a random walk. Of its states all but the last are calm: they share their mean volatility, so that
  they can differ only by how far prices get; and all states share its variance, so that a bar that
  is more volatile never looks more calm. 2 states are calm and wild; the third splits the calm into
  near and far, the fourth the far into up and down.

When a model is learnt does not depend on where the data start: at every multiple of `refit` bars of
the calendar, counted from 1970, from the `window` bars before it. The bars up to the next such time
are judged by that model, through its filter. Each fit starts from quantiles of its own window, not
from the fit before: what a model knows is in its window, and nothing is drawn.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.jit import jit, jit_inline, jit_inner
from ballast.features.indicators.definition import ParamSpec, indicator, number, period
from ballast.features.indicators.volatility import HOURS_A_YEAR, SECONDS_A_YEAR
from ballast.features.indicators.windows import (
    lag_size,
    mean_size,
    push_lag,
    push_mean,
    share_below,
)
from ballast.features.regime.labels import FAR, Regime, name_states
from ballast.features.regime.markov import (
    Model,
    begin,
    filter_step,
    fit,
    freedom_of,
    new_model,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ballast.features.indicators.definition import Vector, Vectors

NAN = math.nan
YEAR_MS = SECONDS_A_YEAR * 1_000.0
LEAST_WINDOW = 20
"""Bars of the shortest memory: with fewer there is nothing to compare with."""
STILL = 1e-5
"""Volatility a bar under which prices stand still: a tenth of a basis point."""
WILD_SHARE = 0.25
"""Bars that are taken for wild where a fit begins."""
HALF = 0.5
HALVINGS = 50
PRIOR_MOVES = 0.1
"""Moves between each two states that are added to those seen; see `Freedom`."""
FEATURES = 2

_RANGE = float(Regime.RANGE)
_TREND = float(Regime.TREND)
_VOLATILE = float(Regime.VOLATILE)


@indicator(
    "regime_clusters",
    inputs=("series",),
    params={
        "period": period(48, low=4),
        "window": period(1000, low=LEAST_WINDOW),
        "quantile": number(0.8, 0.5, 0.99),
        "level": number(0.2, 0.01, 1.0),
    },
    outputs=("regime", "rank", "efficiency"),
    state=lambda period, window, _quantile, _level: (
        2 + lag_size(period) + mean_size(period) + mean_size(period // 2) + lag_size(window)
    ),
    warmup=("period + window", lambda period, window, _quantile, _level: period + window),
    convention="2 volatile where at least `quantile` of the last `window` volatilities (each of "
    "half a `period`) were lower, rank; else 1 trend where efficiency, the net move over the way "
    "gone in `period` bars, is above `level`; else 0 range. A price <= 0 counts as a hole.",
)
@jit
def regime_clusters(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the detector that learns nothing."""
    series = inputs[0]
    regime, rank, efficiency = outs
    length, window = int(params[0]), int(params[1])
    half = length // 2
    a = 2 + lag_size(length)
    b = a + mean_size(length)
    c = b + mean_size(half)
    last, lags, ways, squares, levels = state[:2], state[2:a], state[a:b], state[b:c], state[c:]
    for i in range(series.size):
        regime[i], rank[i], efficiency[i] = NAN, NAN, NAN
        if not (series[i] > 0.0 and math.isfinite(series[i])):
            state[:] = 0.0
            continue
        move, price = push_move(last, series[i])
        before = push_lag(lags, length, price)
        if math.isnan(move):
            continue
        way = push_mean(ways, length, abs(move)) * length
        level = push_mean(squares, half, move * move)
        if math.isnan(before):
            continue
        share = share_below(levels, window, level)
        if math.isnan(share):
            continue
        rank[i] = share
        efficiency[i] = min(1.0, abs(price - before) / way) if way > 0.0 else 0.0
        if share >= params[2]:
            regime[i] = _VOLATILE
        else:
            regime[i] = _TREND if efficiency[i] > params[3] else _RANGE


@jit_inline
def push_move(last: Vector, price: float) -> tuple[float, float]:
    """Return (log return, log price); the return is NaN for the first price.

    `last` is (1 once there is one, the log price before).
    """
    now = math.log(price)
    move = now - last[1] if last[0] != 0.0 else NAN
    last[0], last[1] = 1.0, now
    return move, now


# ------------------------------------------------------------------ the hidden Markov model

# The state vector: a head, the cells of the features, the model, the ring of rows it learns from.
_SLOT, _FITTED, _AT, _ROWS, _LAST, _HEAD = 0, 1, 2, 3, 4, 6


@jit
def cells_size(length: int) -> int:
    """Return the length of the cells that the features of a bar are made from."""
    return lag_size(length) + mean_size(length) + mean_size(length // 2)


@jit
def model_size(states: int) -> int:
    """Return the length of a stored model: moves, means, variances, probabilities, codes."""
    return states * (states + 2 * FEATURES + 2)


@indicator(
    "regime_hmm",
    inputs=("ts", "close"),
    params={
        "states": ParamSpec(4, 2, 4),
        "window": period(2000, low=LEAST_WINDOW),
        "refit": period(168),
        "period": period(48, low=4),
        "bars_per_year": number(HOURS_A_YEAR, 1, SECONDS_A_YEAR),
    },
    outputs=("regime", "p_trend", "p_range", "p_volatile"),
    state=lambda states, window, _refit, period, _bars: (
        _HEAD + cells_size(period) + model_size(states) + FEATURES * window
    ),
    warmup=(
        "period + window + refit",
        lambda _states, window, refit, period, _bars: period + window + refit,
    ),
    convention="Most likely regime (2 volatile, 1 trend, 0 range) by a Gaussian hidden Markov "
    "model of log volatility and net move, learnt at every multiple of `refit` bars since 1970 "
    "from the `window` bars before; filtered, never smoothed. A price <= 0 counts as a hole.",
)
@jit
def regime_hmm(inputs: Vectors, params: Vector, state: Vector, outs: Vectors) -> None:
    """Run the detector that learns from the past."""
    ts, close = inputs
    states, window, refit, length = int(params[0]), int(params[1]), int(params[2]), int(params[3])
    a = _HEAD + cells_size(length)
    b = a + model_size(states)
    last, cells, stored, ring = state[_LAST:_HEAD], state[_HEAD:a], state[a:b], state[b:]
    slot_ms = refit * YEAR_MS / params[4]
    row, room, codes = np.empty(FEATURES), np.empty((3, states)), np.empty(states)
    model = new_model(states, FEATURES)
    recall(model, codes, stored)
    for i in range(close.size):
        for out in outs:
            out[i] = NAN
        if not (close[i] > 0.0 and math.isfinite(close[i]) and math.isfinite(ts[i])):
            state[:] = 0.0
            continue
        if not push_features(last, cells, length, close[i], row):
            continue
        slot = math.floor(ts[i] / slot_ms)
        is_due = state[_ROWS] >= window + refit
        is_turn = state[_ROWS] >= window and slot != state[_SLOT]
        if is_turn or (is_due and state[_FITTED] == 0.0):  # the latter where bars are not of a year
            model = relearn(ring, int(state[_AT]), states)
            name_states(model.means, model.variances, codes)
            state[_FITTED] = 1.0
        if state[_FITTED] != 0.0:
            filter_step(model, model.start, row, room)
            if is_due:
                tell(model.start, codes, outs, i)
        state[_SLOT] = slot
        at = FEATURES * int(state[_AT])
        ring[at], ring[at + 1] = row[0], row[1]
        state[_AT] = (state[_AT] + 1.0) % window
        state[_ROWS] = min(state[_ROWS] + 1.0, window + refit)
    keep(model, codes, stored)


@jit_inline
def push_features(last: Vector, cells: Vector, length: int, price: float, row: Vector) -> bool:
    """Add a price; write the features of its bar, or return False before there are any."""
    half = length // 2
    a = lag_size(length)
    b = a + mean_size(length)
    move, now = push_move(last, price)
    before = push_lag(cells[:a], length, now)
    if math.isnan(move):
        return False
    whole = push_mean(cells[a:b], length, move * move)
    recent = push_mean(cells[b:], half, move * move)
    if math.isnan(before):
        return False
    reach = math.sqrt(whole * length)
    row[0] = math.log(max(math.sqrt(recent), STILL))
    away = (now - before) / reach if reach > 0.0 else 0.0
    row[1] = min(FAR, max(-FAR, away))
    return True


@jit_inner
def recall(model: Model, codes: Vector, stored: Vector) -> None:
    """Read a model and the codes of its states from the state vector."""
    states, at = codes.size, 0
    for i in range(states):
        model.start[i], codes[i] = stored[at], stored[at + 1]
        at += 2
        for j in range(states):
            model.move[i, j] = stored[at]
            at += 1
        for d in range(FEATURES):
            model.means[i, d], model.variances[i, d] = stored[at], stored[at + 1]
            at += 2


@jit_inner
def keep(model: Model, codes: Vector, stored: Vector) -> None:
    """Write a model and the codes of its states to the state vector."""
    states, at = codes.size, 0
    for i in range(states):
        stored[at], stored[at + 1] = model.start[i], codes[i]
        at += 2
        for j in range(states):
            stored[at] = model.move[i, j]
            at += 1
        for d in range(FEATURES):
            stored[at], stored[at + 1] = model.means[i, d], model.variances[i, d]
            at += 2


@jit_inner
def relearn(ring: Vector, at: int, states: int) -> Model:
    """Fit a model to the rows of the ring, oldest first from `at`.

    Its `start` is where the filter stands after the last row.
    """
    window = ring.size // FEATURES
    rows = np.empty((window, FEATURES))
    for t in range(window):
        place = FEATURES * ((at + t) % window)
        rows[t, 0], rows[t, 1] = ring[place], ring[place + 1]
    freedom = freedom_of(rows, states - 1, PRIOR_MOVES)
    model = begin(rows, groups_of(rows, states), states, freedom)
    filtered = np.empty((window, states))
    fit(model, rows, filtered, freedom)
    for i in range(states):
        model.start[i] = filtered[window - 1, i]
    return model


@jit_inner
def groups_of(rows: Vector, states: int) -> NDArray[np.int64]:
    """Return the state each row is taken for before the first round of a fit, by quantiles."""
    count = rows.shape[0]
    sizes = np.empty(count)
    for t in range(count):
        sizes[t] = rows[t, 0]
    wild = exceeded(sizes, count, WILD_SHARE)
    calm = 0
    for t in range(count):
        if rows[t, 0] <= wild:
            sizes[calm] = abs(rows[t, 1])
            calm += 1
    far = exceeded(sizes, calm, HALF)
    groups = np.zeros(count, np.int64)
    for t in range(count):
        if rows[t, 0] > wild:
            groups[t] = states - 1
        elif states > 2 and abs(rows[t, 1]) > far:
            groups[t] = 2 if states > 3 and rows[t, 1] < 0.0 else 1
    return groups


@jit_inner
def exceeded(values: Vector, count: int, share: float) -> float:
    """Return a value that at most `share` of the first `count` are above, by halving the range.

    Fifty halvings leave nothing between two floats that could matter, without sorting.
    """
    low = high = float(values[0])
    for t in range(count):
        low, high = min(low, values[t]), max(high, values[t])
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        above = 0
        for t in range(count):
            if values[t] > middle:
                above += 1
        if above > share * count:
            low = middle
        else:
            high = middle
    return high


@jit_inline
def tell(filtered: Vector, codes: Vector, outs: Vectors, i: int) -> None:
    """Write the most likely regime and the probability of each; the milder one wins a tie."""
    trend, wild = 0.0, 0.0
    for state in range(codes.size):
        if codes[state] == _TREND:
            trend += filtered[state]
        elif codes[state] == _VOLATILE:
            wild += filtered[state]
    calm = max(0.0, 1.0 - trend - wild)
    code = _TREND if trend > calm else _RANGE
    outs[0][i] = _VOLATILE if wild > max(trend, calm) else code
    outs[1][i], outs[2][i], outs[3][i] = trend, calm, wild
