"""How sure is a share: hit rates and odds counted from few cases (R-SIG-03, R-SIG-10)."""

from __future__ import annotations

import math
from statistics import NormalDist

from ballast.core.errors import InternalError
from ballast.research.metrics.significance import LEVEL, TRADES_MIN, Interval


def wilson_interval(successes: int, count: int, level: float = LEVEL) -> Interval | None:
    """Return the interval of a share of independent cases (Wilson, JASA 22, 1927); None for none.

    (p + z^2 / 2n +- z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n). It stays inside [0, 1] and
    says something at 0 of 10, where `p +- z sqrt(p (1 - p) / n)` claims certainty.
    """
    if not 0 <= successes <= count:
        raise InternalError(f"{successes} successes of {count}")
    if count == 0:
        return None
    share = successes / count
    z = NormalDist().inv_cdf((1.0 + level) / 2.0)
    spread = z * z / count
    centre = (share + spread / 2.0) / (1.0 + spread)
    inside = share * (1.0 - share) / count + spread / (4.0 * count)
    half = z * math.sqrt(inside) / (1.0 + spread)
    low = (
        0.0 if successes == 0 else centre - half
    )  # exactly 0 and 1 at the ends, not a last bit off
    high = 1.0 if successes == count else centre + half
    return Interval(share, low, high)


def is_evidence(trades: int, least: int = TRADES_MIN) -> bool:
    """Tell whether so many closed trades may be spoken of at all (R-WF-08: 30 by default)."""
    return trades >= least
