"""How much the ways of calculating StochRSI differ on given bars (R-CLI-05, R-CLI-06).

Charting sites and libraries agree on the name, not on the number: the RSI inside may be seeded or
averaged differently, and some show a smoothed line. `compare_stochrsi` measures what that means on
the user's own bars, as values and as disagreement about the entry filter `low < stochrsi < high`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import DataError
from ballast.features.indicators.registry import get, talib_indicator
from ballast.features.indicators.rsi import FLAT_POINTS

if TYPE_CHECKING:
    from ballast.core.bars import Bars
    from ballast.features.indicators.definition import Vector

FILTER_LOW, FILTER_HIGH = 0.05, 0.80  # the entry filter of the strategy family (R-STRAT-02)


@dataclass(frozen=True, slots=True)
class StochRsiVariant:
    """One way of calculation, measured against ours on the rows where both are defined."""

    name: str
    definition: str
    first_row: int
    last: float
    mean_difference: float
    max_difference: float
    filter_disagreement: float
    """Share of rows where one passes the entry filter and the other does not."""


def compare_stochrsi(
    bars: Bars,
    *,
    period: int = 14,
    window: int = 14,
    low: float = FILTER_LOW,
    high: float = FILTER_HIGH,
) -> tuple[StochRsiVariant, ...]:
    """Return every variant, ours first; raise `DataError` if the bars are too few for any value."""
    close = bars.close
    smoothed = get("stochrsi_kd")
    longest = smoothed.warmup((period, window, 3, 3))
    if len(bars) <= longest:
        raise DataError(
            f"{len(bars)} bars", where=bars.name, expected=f"more than {longest} for StochRSI"
        )
    ours = get("stochrsi").compute((close,), (period, window))[0]
    theirs = talib_indicator("STOCHRSI")
    fastk = theirs.compute((close,), theirs.bind(period, window, 1, 0))[0] / 100
    k = smoothed.compute((close,), (period, window, 3, 3))[0]
    columns = (
        ("ballast", "Wilder averages seeded with a mean; raw; flat = 0.5", ours),
        ("talib", "TA-Lib STOCHRSI fastk; flat = 0", fastk),
        ("first-seed", "Wilder averages seeded with the first change", _of(close, period, window)),
        ("ema", "averages with alpha 2 / (period + 1)", _of(close, period, window, "ema")),
        ("cutler", "simple averages of gains and losses", _of(close, period, window, "cutler")),
        ("smoothed", "mean of three raw values (the %K of charts)", k),
    )
    return tuple(_measure(name, text, column, ours, low, high) for name, text, column in columns)


def _of(close: Vector, period: int, window: int, kind: str = "first") -> Vector:
    """Return StochRSI over an RSI whose averages are of another `kind`."""
    change = np.diff(close, prepend=np.nan)
    up, down = np.maximum(change, 0.0), np.maximum(-change, 0.0)
    # ema_first(2 n - 1) has alpha = 1 / n: Wilder's weight, seeded with the first change.
    name, length = {
        "first": ("ema_first", 2 * period - 1),
        "ema": ("ema_first", period),
        "cutler": ("sma", period),
    }[kind]
    gain = get(name).compute((up,), (length,))[0]
    loss = get(name).compute((down,), (length,))[0]
    total = gain + loss
    strength = np.where(total == 0.0, 50.0, 100.0 * gain / np.where(total == 0.0, 1.0, total))
    top = get("highest").compute((strength,), (window,))[0]
    bottom = get("lowest").compute((strength,), (window,))[0]
    reach = top - bottom
    flat = reach <= FLAT_POINTS
    place = (strength - bottom) / np.where(flat, 1.0, reach)
    return np.where(flat, 0.5, place)


def _measure(
    name: str, text: str, column: Vector, ours: Vector, low: float, high: float
) -> StochRsiVariant:
    both = np.isfinite(column) & np.isfinite(ours)
    gap = np.abs(column[both] - ours[both])
    passes = [(low < each[both]) & (each[both] < high) for each in (column, ours)]
    return StochRsiVariant(
        name=name,
        definition=text,
        first_row=int(np.argmax(np.isfinite(column))),
        last=float(column[-1]),
        mean_difference=float(gap.mean()),
        max_difference=float(gap.max()),
        filter_disagreement=float((passes[0] != passes[1]).mean()),
    )
