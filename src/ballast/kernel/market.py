"""Market: everything a run reads, as flat arrays that compiled code walks.

All per-bar arrays hold the bars of symbol 0, then of symbol 1, and so on; `spec[s].first/last` are
the slices. A run of one symbol passes views of the candle cache: nothing is copied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Records = NDArray[np.void]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


NEUTRAL = {"stop": 0.0, "confidence": 1.0, "volatility": 0.0}
"""What an optional column holds for a symbol whose strategy does not state it, where another's
does: the value the steps take where the column is not there at all."""


@dataclass(frozen=True, slots=True)
class Market:
    """The inputs of one run. Optional columns have length 0 where they are not used."""

    spec: Records  # SPEC[S]
    plan: Records  # PLAN[S]
    limits: Records  # LIMITS[1]
    ts: Ints  # open time, ms
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats  # base units
    mark_high: Floats  # mark price; the same arrays as high, low, close where there is none
    mark_low: Floats
    mark_close: Floats
    signals: NDArray[np.uint8]  # records.Signal bits
    atr: Floats  # ATR at the close of the bar, price units
    stop: Floats  # optional: stop price for an entry decided on this bar (Level.COLUMN)
    confidence: Floats  # optional: 0..1
    floor: Floats  # optional: least confidence of an entry decided on this bar
    volatility: Floats  # optional: z-score of historical volatility
    sigma: Floats  # optional: standard deviation of daily log returns (impact, vol target)
    quote_volume: Floats  # optional: mean quote volume of a bar, over the last 20 and this one
    funding: Records  # FUNDING[...]
    fees: Records  # FEE[...]
    tiers: Records  # TIER[...]
    depth: Records  # DEPTH[...]
    fine_first: (
        Ints  # optional, length bars + 1: finer bars of bar i are fine_first[i]:fine_first[i+1]
    )
    fine: Floats  # optional, shape (5, n): open, high, low, close, volume of the finer bars


@dataclass(frozen=True, slots=True)
class Run:
    """What came out. Arrays are owned by the caller; row types are in `core.records`."""

    account: Any  # ACCOUNT row
    positions: Records  # POSITION[S]
    fills: Records  # FILL[...]
    trades: Records  # TRADE[...], in order of closing; open ones at the end with reason END
    refused: Records  # REFUSED[...]
    sized: Records  # SIZED[...]: each entry that was sized, in the order of the decisions
    refusals: Ints  # count per core.reasons.Refusal
    clock_ms: Ints  # [T] close times of the global clock
    equity: Floats  # [T] marked equity at each close time
    exposure: Floats  # [T] gross notional / equity; 0 where no equity is left
    day_ms: Ints  # [D] end of each UTC day
    daily: Floats  # [D] equity at the end of each UTC day
    identity_gap: float | None = None  # largest relative error of the equity identity, if audited
