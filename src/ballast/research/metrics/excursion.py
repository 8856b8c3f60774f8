"""How far trades ran for and against us: R distribution, MAE and MFE.

MAE and MFE are the worst and best price of the trade against its entry, as fractions of the entry
price; the ledger has MAE negative, here both are positive (Sweeney 1997). A stop far beyond the MAE
of winners gives money away; an MFE of losers above the target says that exits come late.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.research.metrics.trades import mean, r_multiples

if TYPE_CHECKING:
    from ballast.kernel.market import Records
    from ballast.research.metrics.series import Floats

R_STEP = 0.5
R_LOW, R_HIGH = (
    -5.0,
    10.0,
)  # beyond lie the open end bins: few trades, and one would stretch the axis
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True)
class RBin:
    """Trades with `low <= R < high`; the end bins are open (None)."""

    low: float | None
    high: float | None
    count: int


@dataclass(frozen=True, slots=True)
class ExcursionStats:
    """Averages over closed trades; fractions of entry price, `r_quantiles` at 5 25 50 75 95 %."""

    mae: float | None
    mfe: float | None
    mae_of_wins: float | None
    mfe_of_losses: float | None
    r_quantiles: tuple[float, ...]
    r_bins: tuple[RBin, ...]


def excursion_stats(closed: Records) -> ExcursionStats:
    """Return MAE, MFE and the R distribution of closed TRADE rows."""
    mae, mfe = adverse(closed), favourable(closed)
    multiples = r_multiples(closed)
    quantiles = np.quantile(multiples, QUANTILES) if len(multiples) else np.empty(0)
    return ExcursionStats(
        mae=mean(mae),
        mfe=mean(mfe),
        mae_of_wins=mean(mae[closed["pnl"] > 0]),
        mfe_of_losses=mean(mfe[closed["pnl"] < 0]),
        r_quantiles=tuple(float(x) for x in quantiles),
        r_bins=r_histogram(multiples),
    )


def adverse(trades: Records) -> Floats:
    """Return the maximum adverse excursion of each trade, a positive fraction of entry."""
    return np.maximum(-np.asarray(trades["mae"], np.float64), 0.0)


def favourable(trades: Records) -> Floats:
    """Return the maximum favourable excursion of each trade, a positive fraction of entry."""
    return np.maximum(np.asarray(trades["mfe"], np.float64), 0.0)


def r_histogram(multiples: Floats) -> tuple[RBin, ...]:
    """Count R multiples in bins of half an R, open below -5 and above 10; empty without any."""
    if len(multiples) == 0:
        return ()
    clipped = np.clip(multiples, R_LOW - R_STEP / 2, R_HIGH + R_STEP / 2)
    first = math.floor(float(clipped.min()) / R_STEP)
    last = math.floor(float(clipped.max()) / R_STEP)
    index = np.floor(clipped / R_STEP).astype(np.int64) - first
    counts = np.bincount(index, minlength=last - first + 1)
    return tuple(_bin((first + i) * R_STEP, int(count)) for i, count in enumerate(counts))


def _bin(low: float, count: int) -> RBin:
    high = low + R_STEP
    return RBin(None if low < R_LOW else low, None if high > R_HIGH else high, count)
