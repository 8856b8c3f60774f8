"""A small simulated venue for tests: one spot symbol, one perpetual, two customers."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.instrument import Kind
from ballast.core.orders import OrderKind, OrderRequest, Side
from ballast.venues.simulated.engine.exchange import Exchange
from ballast.venues.simulated.engine.outcomes import Accepted, Outcome, Rejected
from ballast.venues.simulated.engine.profile import Filters, Listing, VenueProfile

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.events import Event

SPOT = "BTCUSDT"
SWAP = "BTCUSDT-PERP"
START_NS = 1_700_000_000_000_000_000
SECOND = 1_000_000_000
FILTERS = Filters(
    max_price=Decimal(100_000), max_qty=Decimal(1_000), min_notional=Decimal(5), max_orders=50
)
LISTINGS = (
    Listing(SPOT, "BTC", "USDT", Decimal("0.01"), Decimal("0.0001"), filters=FILTERS),
    Listing(
        SWAP, "BTC", "USDT", Decimal("0.1"), Decimal("0.001"), kind=Kind.PERPETUAL,
        filters=FILTERS, maker_ppm=200, taker_ppm=500,
    ),
)  # fmt: skip


def venue(profile: VenueProfile | None = None, **more: Any) -> Exchange:
    """Open the venue."""
    return Exchange(profile or VenueProfile(), LISTINGS, start_ns=START_NS, **more)


def rich(exchange: Exchange, name: str = "rich") -> int:
    """Open an account that can pay for anything here."""
    return exchange.open_account(name, {"USDT": Decimal(1_000_000), "BTC": Decimal(100)})


def limit(side: Side, ticks: int, lots: int, symbol: str = SPOT, **more: Any) -> OrderRequest:
    """Write a limit order."""
    return OrderRequest(symbol, side, OrderKind.LIMIT, lots, ticks, **more)


def market(side: Side, lots: int, symbol: str = SPOT, **more: Any) -> OrderRequest:
    """Write a market order."""
    return OrderRequest(symbol, side, OrderKind.MARKET, lots, **more)


def taken(outcome: Outcome) -> Accepted:
    """Return the outcome of a request that must have been accepted."""
    assert isinstance(outcome, Accepted), outcome
    return outcome


def refused(outcome: Outcome) -> str:
    """Return why a request that must have been refused was."""
    assert isinstance(outcome, Rejected), outcome
    return outcome.reason.value


def only(events: list[Event], kind: type) -> list[Any]:
    """Return the events of one kind."""
    return [event for event in events if isinstance(event, kind)]
