"""The least confidence of an entry, by what the market is doing (R-GATE-06, U-12).

| regime | setting | default |
| --- | --- | --- |
| trend | `risk.confidence` | 0.65 |
| range | `risk.confidence_ranging` | 0.70 |
| volatile | `risk.confidence_volatile` | 0.75 |
| unknown | the strictest of the three | 0.75 |

A calmer regime never asks for more than a wilder one: a raised `risk.confidence` holds everywhere.
An entry passes at its floor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ballast.features.regime.labels import Regime

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ballast.core.settings import Settings


def confidence_floor(regime: Regime, settings: Settings) -> float:
    """Return the least confidence of an entry made in `regime`."""
    trending = settings.risk.confidence
    ranging = max(trending, settings.risk.confidence_ranging)
    volatile = max(ranging, settings.risk.confidence_volatile)
    match regime:
        case Regime.TREND:
            return trending
        case Regime.RANGE:
            return ranging
        case Regime.VOLATILE | Regime.UNKNOWN:
            return volatile


def confidence_floors(codes: NDArray[np.int8], settings: Settings) -> NDArray[np.float64]:
    """Return the floor of each bar; `codes` are those of `Regime`, as `regimes_of` gives them."""
    floors = np.empty(len(Regime))
    for regime in Regime:
        floors[regime] = confidence_floor(regime, settings)  # UNKNOWN, -1, is the last place
    return floors[codes]
