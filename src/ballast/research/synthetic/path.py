"""The compiled recursions of the synthetic market: volatility, regimes, and the price in ticks.

Each function calls no other of ours, so a cached copy is never older than its source.

Every state that lives long is either contractive (volatility) or rounded to a tick in each step
(the price). Machines whose `exp` differs in the last bit therefore agree in every price.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@jit
def autoregress(shocks: Floats, keep: float) -> Floats:
    """Return the stationary AR(1) process of unit variance: x' = keep x + sqrt(1 - keep^2) e."""
    out = np.empty(len(shocks))
    state = 0.0
    fresh = math.sqrt(1.0 - keep * keep)
    for i in range(len(shocks)):
        state = shocks[i] if i == 0 else keep * state + fresh * shocks[i]
        out[i] = state
    return out


@jit
def markov(draws: Floats, choices: Floats, leave: Floats, ways: Floats) -> NDArray[np.int8]:
    """Return a Markov chain: leave state s if the draw is below `leave[s]`, then choose by `ways`.

    `ways[s]` holds the cumulative probabilities of the next state. It starts in state 0.
    """
    out = np.empty(len(draws), np.int8)
    state = 0
    for i in range(len(draws)):
        if draws[i] < leave[state]:
            row = state
            state = 0
            while choices[i] >= ways[row, state]:
                state += 1
        out[i] = state
    return out


@jit
def walk(
    start_ticks: int,
    moves: Floats,
    sigma: Floats,
    pull: Floats,
    fresh: NDArray[np.bool_],
    dead: NDArray[np.bool_],
    above: Floats,
    below: Floats,
    jitter: Ints,
    home: float,
) -> Ints:
    """Return open, high, low, close in ticks, shape (4, n).

    The close moves by `moves`, is pulled to where the regime began by `pull` (a range) and, weakly,
    home to the first price, so that years do not end at zero. High and low are drawn from the exact
    laws of the maximum and the minimum of a Brownian bridge from open to close with `sigma`:
    (r +- sqrt(r^2 - 2 sigma^2 ln u)) / 2. On a `dead` bar nothing trades: it is flat.
    """
    n = len(moves)
    out = np.empty((4, n), np.int64)
    last = np.int64(start_ticks)
    first = math.log(start_ticks)
    anchor = first
    for i in range(n):
        here = math.log(last)
        if fresh[i]:
            anchor = here
        if dead[i]:
            out[:, i] = last
            continue
        move = moves[i] - pull[i] * (here - anchor) - home * (here - first)
        close = max(np.int64(100), np.int64(np.rint(last * math.exp(move))))
        open_ = max(np.int64(100), last + jitter[i])
        ratio = math.log(close / open_)
        spread = 2.0 * sigma[i] * sigma[i]
        high = 0.5 * (ratio + math.sqrt(ratio * ratio - spread * math.log(above[i])))
        low = 0.5 * (ratio - math.sqrt(ratio * ratio - spread * math.log(below[i])))
        out[0, i] = open_
        out[1, i] = max(open_, close, np.int64(math.floor(open_ * math.exp(high))))
        out[2, i] = min(open_, close, np.int64(math.ceil(open_ * math.exp(low))))
        out[3, i] = close
        last = close
    return out
