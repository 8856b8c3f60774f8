"""Quiet bars are passed eight at a time: a stop that follows the price must not be passed along.

An audited run takes every bar by itself; the other passes what it can. Both give the same bytes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.fakes.runs import flat_bars

from ballast.core.records import ACCOUNT
from ballast.core.settings import Settings
from ballast.kernel.run import simulate
from ballast.research.assembly import assemble
from ballast.research.run import legs_of
from ballast.research.series import Series
from ballast.strategies.catalog import load

if TYPE_CHECKING:
    from ballast.kernel.market import Market, Run


def market(seed: int, bars: int, activation: float, distance: float) -> Market:
    """Return a market that wanders, with a trailing stop of `distance` ATR and no gate."""
    closes = 20_000.0 + np.random.default_rng(seed).normal(0.0, 40.0, bars).cumsum()
    base = Settings()
    exits = replace(base.exits, trail_activation=activation, trail_distance=distance)
    chosen = replace(base, exits=exits, risk=replace(base.risk, enforce=False))
    return assemble(legs_of(load("ema_cross"), [Series(flat_bars(list(closes)))], None, chosen))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("activation", "distance"), [(0.0, 3.0), (0.5, 2.0), (2.0, 5.5)])
def test_eight_bars_at_once_are_the_same_as_one_by_one(
    seed: int, activation: float, distance: float
) -> None:
    ran = market(seed, 6_000, activation, distance)
    passed, walked = simulate(ran, 1e6), simulate(ran, 1e6, audit=True)
    assert passed.account.trades > 50
    for name in ("fills", "trades", "equity", "exposure", "daily"):
        assert getattr(passed, name).tobytes() == getattr(walked, name).tobytes(), name
    assert_same_account(passed, walked)


def test_the_worst_bar_of_eight_is_not_passed_unseen() -> None:
    """In short runs the deepest drawdown often lies inside eight quiet bars."""
    for seed in range(60):
        ran = market(seed, 150, 5.5, 5.5)
        assert_same_account(simulate(ran, 1e6), simulate(ran, 1e6, audit=True))


def assert_same_account(passed: Run, walked: Run) -> None:
    for name in ACCOUNT.names or ():
        if name != "live":  # the list of symbols that only the general loop keeps
            assert passed.account[name].tobytes() == walked.account[name].tobytes(), name
