"""Looking: what can be read without changing anything."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from ballast.kernel.exchange.views import levels
from ballast.venues.simulated.engine.outcomes import BookView

if TYPE_CHECKING:
    from ballast.core.orders import Fill, Order
    from ballast.venues.simulated.engine.world import Account, Market

DEPTH_MAX = 5_000
"""Levels a side that can be asked for: what the deepest venue gives."""


def book_view(market: Market, depth: int) -> BookView:
    """Return the best levels of both sides."""
    depth = max(1, min(depth, DEPTH_MAX))
    sides = []
    for side in (1, -1):
        rows = np.zeros((depth, 2), dtype=np.int64)
        count = levels(market.book, side, rows)
        sides.append(tuple((ticks, lots) for ticks, lots in rows[:count].tolist()))
    return BookView(market.terms.symbol, market.book_sequence, sides[0], sides[1])


def open_orders(account: Account, symbol: str | None) -> list[Order]:
    """Return open orders, oldest first."""
    symbols = [symbol] if symbol is not None else list(account.open)
    orders = [order for one in symbols for order in account.open.get(one, {}).values()]
    return [order.view() for order in sorted(orders, key=lambda order: order.order_id)]


def all_orders(account: Account, symbol: str, limit: int) -> list[Order]:
    """Return the last orders of a symbol, open and closed, oldest first."""
    orders = [*account.open.get(symbol, {}).values(), *account.closed.get(symbol, {}).values()]
    return [order.view() for order in sorted(orders, key=lambda order: order.order_id)[-limit:]]


def fills(account: Account, symbol: str | None, from_id: int, limit: int) -> list[Fill]:
    """Return fills from a trade id on, oldest first; without one, the last."""
    found = [
        fill
        for fill in account.fills
        if (symbol is None or fill.symbol == symbol) and fill.trade_id >= from_id
    ]
    return found[:limit] if from_id else found[-limit:]


def decimal_of(atoms: int, digits: int) -> Decimal:
    """Return atoms as a decimal, exactly."""
    return Decimal(f"{atoms}e-{digits}")
