"""Planted bugs of take and stop as one pair: the simulation must find each (R8, R-STOP-28)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from ballast.oms.protection import guard as guarding
from ballast.oms.protection.cover import Verdict
from tests.sim.test_protection import played

if TYPE_CHECKING:
    from ballast.oms.protection.cover import Act

SEEDS = 48
_Case = guarding._Case


def waits_for_ever(case: Any, _: int) -> Verdict:
    """What is left of a take holds the coins, and the rest has no stop."""
    return Verdict(case.memory)


def only_the_stop(case: Any) -> tuple[Act, ...]:
    """A take that is left alone keeps the coins from every other order."""
    return tuple(guarding._cancels(case.stops))


BUGS: dict[str, tuple[Any, str, Any]] = {
    "a take alone is waited for for ever": (_Case, "_alone", waits_for_ever),
    "the coins of a take are not freed": (_Case, "_free_coins", only_the_stop),
}


@pytest.mark.parametrize("bug", BUGS)
def test_the_simulation_finds(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, wrong = BUGS[bug]
    monkeypatch.setattr(owner, name, wrong)
    for seed in range(SEEDS):
        try:
            played("spot, pairs", seed, (0.25, 0.0)[seed % 2], Counter())
        except AssertionError:
            return
    pytest.fail(f"{bug}: not found in {SEEDS} seeds")
