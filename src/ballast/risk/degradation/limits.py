"""Limits of sequential tests from the false alarms one is willing to have.

All scores are log-likelihood ratios: evidence in nats for "changed" over "as certified".

**CUSUM** (Page 1954): score' = max(0, score + increment), alarm at h. Its average run length
without a change follows from Siegmund's corrected diffusion (Sequential Analysis, 1985, ch. X; in
this form for any likelihood ratio):

    ARL = (exp(x) - x - 1) / drift,   x = h + overshoot

with `drift` the mean increment without a change, negated, and `overshoot` the mean excess of the
two-sided walk over its bound: 1.166 deviations for normal increments, taken as 0 (which raises the
limit) for counts. Alarms without a change come nearly as a Poisson stream, so that

    P(alarm within n) = 1 - exp(-n / ARL).

**SPRT** (Wald 1945): score' = score + increment, decided for "changed" at log((1 - b) / a) and for
"as certified" at log(b / (1 - a)), where it starts anew. A cycle takes Wald's expected sample
number, so a horizon of n has n / (that) cycles with a false alarm of at most a each.

Both treat observations as independent. Overshoot makes Wald's bounds err on the quiet side.
"""

from __future__ import annotations

import math

NORMAL_OVERSHOOT = 1.166
_HALVINGS = 200


def run_length(horizon: float, chance: float) -> float:
    """Return the average run length that alarms within `horizon` with `chance`."""
    assert horizon > 0.0
    assert 0.0 < chance < 1.0
    return -horizon / math.log1p(-chance)


def each_of(chance: float, tests: int) -> float:
    """Return the chance for each of `tests` that gives `chance` for any of them (Sidak)."""
    return -math.expm1(math.log1p(-chance) / tests)


def cusum_limit(length: float, *, drift: float, overshoot: float = 0.0) -> float:
    """Return the score at which to alarm so that the average run without a change is `length`."""
    assert length > 0.0
    assert drift > 0.0
    low, high = 0.0, 1.0
    while _run(high, drift) < length:
        high *= 2.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        if middle in {low, high}:
            break
        if _run(middle, drift) < length:
            low = middle
        else:
            high = middle
    return max(high - overshoot, overshoot)


def wald_upper(chance: float, miss: float) -> float:
    """Return the score that decides for a change."""
    return math.log((1.0 - miss) / chance)


def wald_lower(chance: float, miss: float) -> float:
    """Return the score (negative) that decides for no change."""
    return math.log(miss / (1.0 - chance))


def sprt_chance(horizon: float, chance: float, *, miss: float, drift: float) -> float:
    """Return Wald's false alarm a for one cycle, `chance` being that of the whole horizon.

    `drift` is the mean increment without a change, negated.
    """
    assert drift > 0.0
    low, high = 0.0, chance
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        if middle in {low, high}:
            break
        cycles = max(1.0, horizon / _cycle(middle, miss, drift))
        if -math.expm1(cycles * math.log1p(-middle)) < chance:
            low = middle
        else:
            high = middle
    return high


def _run(level: float, drift: float) -> float:
    return (math.expm1(level) - level) / drift


def _cycle(chance: float, miss: float, drift: float) -> float:
    """Return the expected sample number without a change (Wald), with its end at either bound."""
    down = -(1.0 - chance) * wald_lower(chance, miss)
    return (down - chance * wald_upper(chance, miss)) / drift
