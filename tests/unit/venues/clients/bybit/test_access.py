"""What the venue tells of its limits."""

from __future__ import annotations

from ballast.venues.clients.access import Usage
from ballast.venues.clients.bybit.access import (
    ABILITIES,
    ABILITIES_LINEAR,
    ACCESS,
    ACCESS_LINEAR,
    read_usage,
)
from ballast.venues.clients.calls import Pool


def test_the_limit_of_a_path_is_read_from_the_headers() -> None:
    """R-NET-01."""
    headers = {
        "x-bapi-limit": "20",
        "x-bapi-limit-status": "3",
        "x-bapi-limit-reset-timestamp": "1700000001250",
        "timenow": "1700000001000",
    }
    assert read_usage(headers) == (Usage(Pool.ORDERS, 17.0, 20.0, 0.25),)
    assert read_usage({"timenow": "1700000001000"}) == ()
    assert read_usage({**headers, "timenow": ""}) == (Usage(Pool.ORDERS, 17.0, 20.0, None),)


def test_both_markets_share_a_venue_and_move_their_stops_in_place() -> None:
    """R-STOP-32."""
    assert (ACCESS.venue, ACCESS_LINEAR.venue) == ("BYBIT", "BYBITLINEAR")
    assert ACCESS.ccxt_id == ACCESS_LINEAR.ccxt_id == "bybit"
    assert ABILITIES.amends_stops
    assert ABILITIES_LINEAR.amends_stops
    assert not ABILITIES.holds_two  # a stop of spot locks the coins it would sell
    assert ABILITIES_LINEAR.holds_two
