"""Trades in another order, and other trades of the same kind.

A *shuffle* keeps every trade and permutes the order. With results compounded the end is the same in
any order (a product commutes); what the order decides is the drawdown on the way. If nearly all
orders fall deeper than what was observed, the backtest's drawdown was a kind order, and the deeper
ones are what to expect; if hardly any does, losses came in clusters and trades are not independent.

A *redraw* draws trades with replacement (in blocks, if asked), so that the end varies too.

Both take the result of a trade as a fraction of the account at its entry, one after the other.
Where positions overlap that is an approximation: the bootstrap of daily returns is exact there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import InternalError
from ballast.core.rng import stream
from ballast.research.metrics.drawdown import max_drawdown
from ballast.research.montecarlo.arrays import checked_series
from ballast.research.montecarlo.blocks import chunked_draws
from ballast.research.montecarlo.outcomes import (
    DRAWS,
    DRAWS_MAX,
    Outcomes,
    fan_days,
    outcomes_of,
)
from ballast.research.montecarlo.paths import joined, log_growth, shuffled_depths, walk

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

TRADES_MIN = 5
"""Fewer trades have too few orders to speak of a distribution; see also `is_evidence`."""
_CHUNK_NUMBERS = 1_000_000  # random numbers held at once: 8 MB
_SAME = 1e-9  # orders that differ by rounding only are the same order


@dataclass(frozen=True, slots=True)
class Shuffle:
    """Drawdowns (negative, sorted) of `draws` orders of the same trades; `final` is in all of them.

    `p_deeper`: how often an order falls at least as deep as observed; small means that losses came
    in clusters. `p_shallower`: how often one falls no deeper; small means that the order was kind.
    """

    draws: int
    trades: int
    seed: int
    observed: float
    final: float
    drawdowns: Floats
    p_deeper: float
    p_shallower: float


def shuffle_trades(returns: ArrayLike, *, seed: int, draws: int = DRAWS) -> Shuffle:
    """Permute the order of trades, each a fraction of the account at its entry, compounded.

    The p-values count the observed order among the orders, (k + 1) / (draws + 1), so that none is
    ever zero (Davison and Hinkley 1997, 4.2). Raises `DataError` for fewer than five trades.
    """
    values = checked_series(returns, what="trades", least=TRADES_MIN)
    _check(draws)
    growth = log_growth(values)
    rng = stream(seed, "montecarlo.shuffle")
    each = max(1, _CHUNK_NUMBERS // len(values))
    parts = [
        shuffled_depths(growth, rng.random((min(each, draws - done), len(values) - 1)))
        for done in range(0, draws, each)
    ]
    drawdowns = np.sort(np.expm1(-np.concatenate(parts)))
    levels = np.concatenate(([1.0], np.exp(np.cumsum(growth))))
    observed = max_drawdown(levels)
    deeper = int(np.count_nonzero(drawdowns <= observed + _SAME))
    shallower = int(np.count_nonzero(drawdowns >= observed - _SAME))
    return Shuffle(
        draws=draws,
        trades=len(values),
        seed=seed,
        observed=observed,
        final=float(levels[-1]),
        drawdowns=drawdowns,
        p_deeper=(deeper + 1) / (draws + 1),
        p_shallower=(shallower + 1) / (draws + 1),
    )


def redraw_trades(
    returns: ArrayLike,
    *,
    seed: int,
    draws: int = DRAWS,
    horizon: int | None = None,
    block: float = 1.0,
) -> Outcomes:
    """Draw `horizon` trades (default: as many as there are) with replacement, compounded.

    `block` above 1 keeps runs of about so many trades together. The fan counts trades.
    """
    values = checked_series(returns, what="trades", least=TRADES_MIN)
    _check(draws)
    count = len(values) if horizon is None else horizon
    growth, kept = log_growth(values), fan_days(count)
    rng = stream(seed, "montecarlo.trades")
    turns = chunked_draws(rng, periods=len(values), draws=draws, block=block, horizon=count)
    return outcomes_of(joined([walk(part, growth, kept) for part in turns]), count)


def _check(draws: int) -> None:
    if not 0 < draws <= DRAWS_MAX:
        raise InternalError(f"the number of draws must be in [1, {DRAWS_MAX}], not {draws}")
