"""The fence of a lost order counts on the receive window that requests are sent with (A4)."""

from __future__ import annotations

from ballast.runtime.node.execution import WINDOW_NS
from ballast.venues.clients.access import WINDOW_MS
from ballast.venues.clients.binance.access import SPOT, USDM


def test_no_venue_forwards_a_request_that_is_older_than_the_fence_assumes() -> None:
    assert WINDOW_MS * 1_000_000 == WINDOW_NS
    assert [one.options["recvWindow"] for one in (SPOT, USDM)] == [WINDOW_MS, WINDOW_MS]
