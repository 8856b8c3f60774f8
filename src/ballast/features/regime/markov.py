"""A hidden Markov model with Gaussian states: filter forwards, learn by expectation maximisation.

Theory (Hamilton 1989; Rabiner 1989). The market is in one of K states, which it leaves for another
with fixed probabilities; in each state the features of a bar are normal and independent of each
other, with a mean and a variance of the state. Nobody sees the state. The *filter* gives its
probabilities after each bar from that bar and those before it:

    predicted_j = sum_i filtered_i * move_ij
    filtered_j  = predicted_j * density_j(row) / likelihood,  likelihood = sum of the numerators

The sum of the logarithms of the likelihoods is what a fit makes as large as it can. A fit looks at
all rows of its window at once (Baum-Welch: filter forwards, smooth backwards, take means); what it
yields may be used only on rows after the window, and only through the filter. Smoothed
probabilities therefore never leave `fit`.

Densities are divided by the largest of the row before they are added up, and the logarithm of that
is added back: a bar far from every state costs a large but finite number, never 0 / 0.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ballast.core.jit import jit, jit_inline, jit_inner

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ROUNDS_MAX = 60
"""Rounds of a fit. From a sensible start the gain of one falls under GAIN_MIN after 10 to 40."""
GAIN_MIN = 1e-5
"""A fit ends when a round adds less than this to the log-likelihood of a row."""
VARIANCE_FLOOR = 0.01
"""Least variance of a state, a share of the window's: none may shrink to a few equal rows."""
STAY = 0.95
"""Probability to stay in a state, before the first round: regimes last longer than a bar."""
HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)


class Model(NamedTuple):
    """K states of D features, written in place."""

    start: Floats
    """Probabilities before the first row, length K."""
    move: Floats
    """`move[i, j]`: from state i to state j in one row, K x K."""
    means: Floats
    """K x D."""
    variances: Floats
    """K x D, all > 0."""


class Freedom(NamedTuple):
    """What a fit may not do."""

    least: Floats
    """Smallest variance of a state, one a feature."""
    tied: int
    """The first `tied` states share the mean of feature 0, all states its variance; 0: all free."""
    prior_moves: float
    """Moves between each two states added to those seen: what never happened may happen yet."""


@jit
def new_model(states: int, features: int) -> Model:
    """Return a model in which every state is equally likely and looks the same."""
    model = Model(
        np.empty(states),
        np.empty((states, states)),
        np.empty((states, features)),
        np.empty((states, features)),
    )
    for i in range(states):
        model.start[i] = 1.0 / states
        for j in range(states):
            model.move[i, j] = 1.0 / states
        for d in range(features):
            model.means[i, d] = 0.0
            model.variances[i, d] = 1.0
    return model


@jit_inner
def scales(model: Model, out: Floats) -> None:
    """Write the logarithm of each state's density at its own mean."""
    for state in range(out.size):
        out[state] = 0.0
        for d in range(model.variances.shape[1]):
            out[state] -= 0.5 * math.log(model.variances[state, d]) + HALF_LOG_TWO_PI


@jit_inline
def densities(model: Model, scale: Floats, row: Floats, out: Floats) -> float:
    """Write a row's density in each state over the largest of them; return the log of that."""
    top = -math.inf
    for state in range(out.size):
        total = scale[state]
        for d in range(row.size):
            away = row[d] - model.means[state, d]
            total -= 0.5 * away * away / model.variances[state, d]
        out[state] = total
        top = max(top, total)
    for state in range(out.size):
        out[state] = math.exp(out[state] - top)
    return top


@jit_inline
def predict(model: Model, filtered: Floats, out: Floats) -> None:
    """Write the probabilities of the states of the next row."""
    for j in range(out.size):
        total = 0.0
        for i in range(out.size):
            total += filtered[i] * model.move[i, j]
        out[j] = total


@jit_inline
def weigh(filtered: Floats, density: Floats) -> float:
    """Multiply predicted probabilities by densities in place, make their sum 1, return the sum."""
    total = 0.0
    for state in range(filtered.size):
        filtered[state] *= density[state]
        total += filtered[state]
    if total <= 0.0:  # all that explains the row was held impossible: the row alone decides
        for state in range(filtered.size):
            filtered[state] = density[state]
            total += density[state]
    for state in range(filtered.size):
        filtered[state] /= total
    return total


@jit
def filter_step(model: Model, filtered: Floats, row: Floats, room: Floats) -> float:
    """Move filtered probabilities one row on, in place; return the row's log-likelihood.

    `room` is scratch, 3 x K.
    """
    predicted, density, scale = room[0], room[1], room[2]
    predict(model, filtered, predicted)
    scales(model, scale)
    top = densities(model, scale, row, density)
    for state in range(filtered.size):
        filtered[state] = predicted[state]
    return top + math.log(weigh(filtered, density))


@jit
def filter_rows(model: Model, rows: Floats, filtered: Floats) -> float:
    """Write the filtered probabilities of every row (T x K); return the log-likelihood."""
    count, states = filtered.shape
    density, scale = np.empty(states), np.empty(states)
    scales(model, scale)
    total = 0.0
    for t in range(count):
        now = filtered[t]
        if t == 0:
            for state in range(states):
                now[state] = model.start[state]
        else:
            predict(model, filtered[t - 1], now)
        total += densities(model, scale, rows[t], density)
        total += math.log(weigh(now, density))
    return total


@jit
def smooth(model: Model, filtered: Floats, moves: Floats) -> None:
    """Turn filtered into smoothed probabilities in place; add up the expected moves (K x K).

    Backwards (Kim 1994): smoothed_i(t) = filtered_i(t) * sum_j move_ij * smoothed_j(t+1) /
    predicted_j(t+1). Needs no densities, and nothing that could underflow.
    """
    count, states = filtered.shape
    ratio = np.empty(states)
    for i in range(states):
        for j in range(states):
            moves[i, j] = 0.0
    for t in range(count - 2, -1, -1):
        now, after = filtered[t], filtered[t + 1]
        predict(model, now, ratio)
        for j in range(states):
            ratio[j] = after[j] / ratio[j] if ratio[j] > 0.0 else 0.0
        for i in range(states):
            total = 0.0
            for j in range(states):
                share = model.move[i, j] * ratio[j]
                moves[i, j] += now[i] * share
                total += share
            now[i] *= total


@jit
def learn(model: Model, rows: Floats, smoothed: Floats, moves: Floats, freedom: Freedom) -> None:
    """Set the model to what the smoothed rows say. A state without rows keeps how it looks."""
    states, features = model.means.shape
    for i in range(states):
        model.start[i] = smoothed[0, i]
        total = 0.0
        for j in range(states):
            total += moves[i, j] + freedom.prior_moves
        for j in range(states):
            if total > 0.0:
                model.move[i, j] = (moves[i, j] + freedom.prior_moves) / total
        for d in range(1 if freedom.tied > 0 else 0, features):
            place(model, rows, smoothed, i, i + 1, d)
            stretch(model, rows, smoothed, i, i + 1, d, freedom.least[d])
    if freedom.tied > 0:
        place(model, rows, smoothed, 0, freedom.tied, 0)
        place(model, rows, smoothed, freedom.tied, states, 0)
        stretch(model, rows, smoothed, 0, states, 0, freedom.least[0])


@jit_inner
def place(model: Model, rows: Floats, smoothed: Floats, first: int, stop: int, d: int) -> None:
    """Set the mean of feature `d` of the states `first` to `stop - 1`, as of one."""
    weight, total = 0.0, 0.0
    for t in range(rows.shape[0]):
        for i in range(first, stop):
            weight += smoothed[t, i]
            total += smoothed[t, i] * rows[t, d]
    if weight > 0.0:
        for i in range(first, stop):
            model.means[i, d] = total / weight


@jit_inner
def stretch(
    model: Model, rows: Floats, smoothed: Floats, first: int, stop: int, d: int, least: float
) -> None:
    """Set the variance of feature `d` of the states `first` to `stop - 1`, as of one."""
    weight, total = 0.0, 0.0
    for t in range(rows.shape[0]):
        for i in range(first, stop):
            away = rows[t, d] - model.means[i, d]
            weight += smoothed[t, i]
            total += smoothed[t, i] * away * away
    if weight > 0.0:
        for i in range(first, stop):
            model.variances[i, d] = max(total / weight, least)


@jit
def freedom_of(rows: Floats, tied: int, prior_moves: float) -> Freedom:
    """Return the limits of a fit on `rows`: variances that are not small beside the window's.

    A feature that never moves tells no state from another: any variance does, here that of 1.
    """
    least = np.empty(rows.shape[1])
    for d in range(least.size):
        mean, total = 0.0, 0.0
        for t in range(rows.shape[0]):
            mean += rows[t, d] / rows.shape[0]
        for t in range(rows.shape[0]):
            total += (rows[t, d] - mean) ** 2
        variance = total / rows.shape[0]
        least[d] = VARIANCE_FLOOR * (variance if variance > 0.0 else 1.0)
    return Freedom(least, tied, prior_moves)


@jit
def begin(rows: Floats, groups: NDArray[np.int64], states: int, freedom: Freedom) -> Model:
    """Return the model a fit starts from: each row is of the state that `groups` says."""
    certain = np.empty((rows.shape[0], states))
    for t in range(rows.shape[0]):
        for i in range(states):
            certain[t, i] = 1.0 if groups[t] == i else 0.0
    model = new_model(states, rows.shape[1])
    for i in range(states):  # what a state without rows keeps: the first row, and a wide variance
        for d in range(rows.shape[1]):
            model.means[i, d] = rows[0, d]
            model.variances[i, d] = freedom.least[d] / VARIANCE_FLOOR
    learn(model, rows, certain, model.move, freedom)
    for i in range(states):
        model.start[i] = 1.0 / states
        for j in range(states):
            model.move[i, j] = STAY if i == j else (1.0 - STAY) / (states - 1)
    return model


@jit
def fit(model: Model, rows: Floats, filtered: Floats, freedom: Freedom) -> float:
    """Improve `model` on `rows` (T x D) until a round adds little; return the log-likelihood.

    `filtered` (T x K) ends as the filtered probabilities of the fitted model: its last row is where
    the filter goes on. The same rows and start give the same bits, for nothing is drawn.
    """
    moves = np.empty(model.move.shape)
    best = filter_rows(model, rows, filtered)
    for _ in range(ROUNDS_MAX):
        smooth(model, filtered, moves)
        learn(model, rows, filtered, moves, freedom)
        found = filter_rows(model, rows, filtered)
        gain = found - best
        best = found
        if gain < GAIN_MIN * rows.shape[0]:
            break
    return best
