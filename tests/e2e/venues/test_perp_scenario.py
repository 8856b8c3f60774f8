"""The afternoon on a perpetual says what the engine does, before any venue's words come in."""

from __future__ import annotations

import pytest
from tests.e2e.venues.clients.by_engine import Trader
from tests.e2e.venues.clients.perp_scenario import Rules, steps
from tests.fakes.perpetual import listing, perpetual_exchange

from ballast.venues.simulated.engine.profile import PostOnly, VenueProfile

START_NS = 1_700_000_000_000_000_000
BARE = Rules(
    refuses_post_only=False,
    refuses_passed_trigger=False,
    has_min_notional=False,
    has_close_position=False,
    has_symbol_margin=False,
)


@pytest.mark.parametrize(
    ("rules", "profile", "contract"),
    [
        (Rules(), VenueProfile(), "1"),
        (BARE, VenueProfile(post_only=PostOnly.EXPIRE), "0.01"),
    ],
)
def test_the_engine_does_what_the_scenario_says(
    rules: Rules, profile: VenueProfile, contract: str
) -> None:
    lot = {"1": "0.001", "0.01": "0.1"}[contract]
    listed = listing(lot=lot, contract=contract)
    exchange, account = perpetual_exchange(profile, listed, start_ns=START_NS)
    trader = Trader(exchange, account, listed)
    asked = steps(rules)
    assert len(asked) >= 30
    for number, step in enumerate(asked):
        told = trader.take(step.do, step.with_)
        assert told == step.told, f"step {number}: {step.do} {step.with_}"
