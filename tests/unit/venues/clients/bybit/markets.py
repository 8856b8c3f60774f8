"""The pair of the simulated Bybit, as its desks know it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from ballast.venues.clients.bybit.words import LINEAR, SPOT
from ballast.venues.clients.market import Market

if TYPE_CHECKING:
    from ballast.venues.clients.bybit.words import Category

__all__ = ["LINEAR", "SPOT", "market_of"]


def market_of(category: Category, symbol: str = "BTCUSDT", name: str = "") -> Market:
    """Return the pair in one category."""
    tick, lot = ("0.01", "0.00001") if category.is_spot else ("0.1", "0.001")
    return Market(
        symbol, name or symbol, symbol[:3], symbol[3:], category.kind, Decimal(tick), Decimal(lot)
    )
