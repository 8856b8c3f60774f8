"""Sums of decimals that are decimals again.

Exchanges add volumes as decimals; an ordinary float sum differs from theirs in the last digit (0.1
and 0.2 make no 0.3). Where all values are decimals of at most eight places and small enough, they
are added as whole numbers of the last place, which is exact; otherwise with one rounding at the
end.
"""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

PLACES_MAX = 8  # exchanges print volumes with at most eight decimals
_EXACT = 2.0**53  # above this a float64 no longer holds every whole number


def exact_sums(values: NDArray[np.float64], starts: NDArray[np.intp]) -> NDArray[np.float64]:
    """Sum each group `values[starts[i]:starts[i + 1]]` without accumulating rounding errors."""
    if not len(starts):
        return np.empty(0, np.float64)
    for places in range(PLACES_MAX + 1):
        scale = 10.0**places
        whole = np.rint(values * scale)
        if not (whole / scale == values).all():
            continue
        if np.add.reduceat(np.abs(whole), starts).max() >= _EXACT:
            break
        exact: NDArray[np.float64] = np.add.reduceat(whole, starts) / scale
        return exact
    ends = np.append(starts[1:], len(values))
    pairs = zip(starts.tolist(), ends.tolist(), strict=True)
    return np.array([fsum(values[start:end]) for start, end in pairs], np.float64)
