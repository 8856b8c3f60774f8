"""Floors: the least confidence of an entry on each bar, by the regime known there (R-GATE-06).

`risk.confidence_regimes` names the detector. Its labels are causal, so a floor never changes when
later bars arrive; while it warms up the regime is unknown and the strictest floor holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import StrategyError
from ballast.features.regime.labels import regimes_of
from ballast.risk.confidence import confidence_floors
from ballast.strategies.column import column_of
from ballast.strategies.parsing import parse
from ballast.strategies.regimes import detectors, is_regime

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ballast.core.bars import Bars
    from ballast.core.settings import Settings
    from ballast.strategies.cache import ColumnCache

OFF = "off"


def labels_of(
    bars: Sequence[Bars], detector: str, cache: ColumnCache | None = None
) -> tuple[NDArray[np.int8], ...]:
    """Return the regime of each bar of each series, by a formula such as `regime_hmm()`.

    Raise `StrategyError` on a formula that is not a detector.
    """
    node = parse(detector, where="detector")
    if not is_regime(node):
        raise StrategyError(
            f"'{detector}' is not a regime",
            where="detector",
            expected=f"one of {', '.join(f'{name}()' for name in detectors())}",
        )
    market = {one.symbol: one for one in bars}
    return tuple(regimes_of(column_of(node, market, one.symbol, cache)) for one in bars)


def floors_of(
    bars: Sequence[Bars], settings: Sequence[Settings], cache: ColumnCache | None = None
) -> NDArray[np.float64]:
    """Return the floors of all series, one after the other; length 0 where regimes are off.

    `settings` are those of each series; the account's, the first, name the detector.
    """
    detector = settings[0].risk.confidence_regimes
    if detector == OFF or not settings[0].risk.enforce:
        return np.zeros(0)
    labels = labels_of(bars, f"{detector}()", cache)
    parts = [confidence_floors(codes, one) for codes, one in zip(labels, settings, strict=True)]
    return np.concatenate(parts)
