"""What Bybit allows, and how its stops move."""

from __future__ import annotations

from tests.unit.venues.clients.bybit.markets import LINEAR, SPOT, market_of

from ballast.venues.clients.bybit.access import ACCESS, ACCESS_LINEAR, abilities_of
from ballast.venues.clients.bybit.words import QUESTION


def test_ten_orders_and_fifty_questions_of_a_kind_fit_into_a_second() -> None:
    """R-NET-01: the venue's published limits, path by path."""
    for access in (ACCESS, ACCESS_LINEAR):
        assert (access.path_budget, access.path_window_s) == (10.0, 1.0)
        assert access.path_budget / QUESTION == 50.0
        assert access.data_minute / QUESTION <= 600 * 60 / 5
        assert access.data_second / QUESTION + access.path_budget <= 600 / 5


def test_both_markets_share_a_venue_and_move_their_stops_in_place() -> None:
    """R-STOP-32."""
    assert (ACCESS.venue, ACCESS_LINEAR.venue) == ("BYBIT", "BYBITLINEAR")
    assert ACCESS.ccxt_id == ACCESS_LINEAR.ccxt_id == "bybit"
    spot, linear = abilities_of(market_of(SPOT)), abilities_of(market_of(LINEAR))
    assert spot.amends_stops
    assert linear.amends_stops
    assert not spot.holds_two  # a stop of spot locks the coins it would sell
    assert linear.holds_two
