"""From marked equity at the end of each UTC day to returns per calendar day (SEMANTICS 7).

Crypto trades every day, so a day without a bar (an outage, a gap) is a day with a return of zero,
not a day that is missing: otherwise the same run would look more volatile with worse data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.time import DAY_MS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

FLAT = 1e-12
"""Below this a spread of returns, or a loss to divide by, is rounding noise, not a number."""


@dataclass(frozen=True, slots=True)
class Daily:
    """One row a calendar day: `day` counts UTC days since 1970, `equity` is at the day's end."""

    day: Ints
    equity: Floats
    returns: Floats

    def __len__(self) -> int:
        """Count the days."""
        return len(self.day)


def daily_series(day_ms: Ints, daily: Floats, initial: float) -> Daily:
    """Put day-end equities on the calendar; `day_ms` are the ends of days (the last may be early).

    The first return is measured from `initial`. Days without a row repeat the day before.
    """
    if len(day_ms) == 0:
        return Daily(np.empty(0, np.int64), np.empty(0), np.empty(0))
    days = (np.asarray(day_ms, np.int64) - 1) // DAY_MS
    full = np.arange(days[0], days[-1] + 1, dtype=np.int64)
    rows = np.searchsorted(days, full, side="right") - 1
    equity = np.asarray(daily, np.float64)[rows]
    return Daily(full, equity, simple_returns(np.concatenate(([initial], equity))))


def simple_returns(levels: Floats) -> Floats:
    """Return `levels[i + 1] / levels[i] - 1`; 0 after the account was ruined (level <= 0)."""
    before, after = levels[:-1], levels[1:]
    alive = before > 0
    safe = np.where(alive, before, 1.0)
    return np.where(alive, after / safe - 1.0, 0.0)


def varies(values: Floats) -> bool:
    """Tell whether a spread can be divided by: two values or more that are not all the same."""
    return len(values) >= 2 and float(np.std(values, ddof=1)) > FLAT  # noqa: PLR2004 - two
