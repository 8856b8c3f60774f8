"""The least confidence by regime (A-GATE-06, A-GATE-10, R-GATE-06, R-GATE-21)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ballast.core.settings import Settings
from ballast.features.regime.labels import Regime, regimes_of
from ballast.risk.confidence import confidence_floor, confidence_floors

#        regime           blocks  passes
CASES = [
    (Regime.TREND, 0.649, 0.65),
    (Regime.RANGE, 0.699, 0.70),
    (Regime.VOLATILE, 0.749, 0.75),
    (Regime.UNKNOWN, 0.749, 0.75),
]


@pytest.mark.parametrize(("regime", "blocks", "passes"), CASES)
def test_each_regime_has_its_floor(regime: Regime, blocks: float, passes: float) -> None:
    """A-GATE-06: the value under the floor is blocked, the floor itself passes."""
    floor = confidence_floor(regime, Settings())
    assert not blocks >= floor
    assert passes >= floor


@pytest.mark.parametrize("regime", Regime)
@pytest.mark.parametrize("confidence", [0.516, 0.504, 0.307])
def test_the_signals_of_the_audited_bot_pass_in_no_regime(
    regime: Regime, confidence: float
) -> None:
    """A-GATE-10: 51.6 %, 50.4 % and 30.7 % were traded; none of them is enough."""
    assert not confidence >= confidence_floor(regime, Settings())


def test_a_raised_minimum_holds_in_every_regime() -> None:
    """A calm market must not ask for more than a wild one."""
    plain = Settings()
    strict = replace(plain, risk=replace(plain.risk, confidence=0.72))
    floors = {regime: confidence_floor(regime, strict) for regime in Regime}
    assert floors == {
        Regime.TREND: 0.72,
        Regime.RANGE: 0.72,
        Regime.VOLATILE: 0.75,
        Regime.UNKNOWN: 0.75,
    }
    stricter = replace(plain, risk=replace(plain.risk, confidence=0.9))
    assert {confidence_floor(regime, stricter) for regime in Regime} == {0.9}


def test_a_column_of_floors_is_the_floor_of_each_bar() -> None:
    """Warm-up and holes (NaN) ask for the strictest."""
    codes = regimes_of(np.array([np.nan, 0.0, 1.0, 2.0, np.nan, 1.0]))
    floors = confidence_floors(codes, Settings())
    assert floors.tolist() == [0.75, 0.70, 0.65, 0.75, 0.75, 0.65]
    assert floors.tolist() == [confidence_floor(Regime(int(c)), Settings()) for c in codes]
