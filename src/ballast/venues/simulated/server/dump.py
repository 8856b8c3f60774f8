"""Dump: what an exchange holds, as people read it: prices and quantities as the venue writes them.

Only a look: nothing here changes the exchange. `Exchange.snapshot` is what can be read back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.instrument import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.core.orders import Fill, Order
    from ballast.venues.simulated.engine.events import Position
    from ballast.venues.simulated.engine.exchange import Exchange
    from ballast.venues.simulated.engine.profile import Listing

NS_MS = 1_000_000
LEVELS = 20
FILLS = 100
"""Levels a side and last fills of an account that are shown."""


def state_of(exchange: Exchange, accounts: Sequence[int]) -> dict[str, Any]:
    """Return books, and balances, positions, open orders and last fills of these accounts."""
    return {
        "now_ms": exchange.now_ns // NS_MS,
        "books": {symbol: _book(exchange, symbol) for symbol in exchange.listings},
        "accounts": [_account(exchange, one) for one in accounts],
    }


def open_orders(exchange: Exchange, accounts: Sequence[int]) -> list[dict[str, Any]]:
    """Return the open orders of accounts, oldest first in each."""
    found = [one for account in accounts for one in exchange.open_orders(account)]
    return [_order(one, exchange.listings[one.request.symbol]) for one in found]


def _book(exchange: Exchange, symbol: str) -> dict[str, Any]:
    listing, view = exchange.listings[symbol], exchange.book(symbol, LEVELS)
    mark_ticks = exchange.perpetual(symbol).mark_ticks if listing.kind is Kind.PERPETUAL else 0
    return {
        "sequence": view.sequence,
        "trading": exchange.trading(symbol),
        "last": _price(listing, exchange.last_ticks(symbol)),
        "mark": _price(listing, mark_ticks),
        "bids": [_level(listing, *one) for one in view.bids],
        "asks": [_level(listing, *one) for one in view.asks],
    }


def _level(listing: Listing, ticks: int, lots: int) -> list[str]:
    return [str(listing.price(ticks)), str(listing.qty(lots))]


def _account(exchange: Exchange, account: int) -> dict[str, Any]:
    amount, listings = exchange.amount, exchange.listings
    return {
        "account": account,
        "balances": [
            {
                "asset": one.asset,
                "free": str(amount(one.asset, one.free_atoms)),
                "locked": str(amount(one.asset, one.locked_atoms)),
            }
            for one in exchange.balances(account)
        ],
        "positions": [_position(exchange, one) for one in exchange.positions(account)],
        "orders": open_orders(exchange, [account]),
        "fills": [
            _fill(exchange, one, listings[one.symbol])
            for one in exchange.fills(account, limit=FILLS)
        ],
    }


def _position(exchange: Exchange, position: Position) -> dict[str, Any]:
    listing = exchange.listings[position.symbol]
    profit = exchange.amount(listing.quote, position.unrealised_atoms)
    return {
        "symbol": position.symbol,
        "side": position.side,
        "qty": str(listing.qty(position.qty_lots)),
        "leverage": position.leverage,
        "margin_mode": position.margin_mode,
        "unrealised": str(profit),
        "liquidation": _price(listing, position.liquidation_ticks),
    }


def _fill(exchange: Exchange, fill: Fill, listing: Listing) -> dict[str, Any]:
    return {
        "symbol": fill.symbol,
        "trade_id": fill.trade_id,
        "order_id": fill.order_id,
        "side": fill.side.name.lower(),
        "price": str(listing.price(fill.price_ticks)),
        "qty": str(listing.qty(fill.qty_lots)),
        "is_maker": fill.is_maker,
        "fee": str(exchange.amount(fill.fee_asset, fill.fee_atoms)),
        "fee_asset": fill.fee_asset,
        "at_ms": fill.at_ns // NS_MS,
    }


def _order(order: Order, listing: Listing) -> dict[str, Any]:
    """Return an order as people read it; a price of 0 is none."""
    wanted = order.request
    return {
        "account": order.account,
        "symbol": wanted.symbol,
        "order_id": order.order_id,
        "client_id": wanted.client_id,
        "side": wanted.side.name.lower(),
        "kind": wanted.kind,
        "status": order.status,
        "price": _price(listing, wanted.price_ticks),
        "trigger": _price(listing, order.stop_ticks),
        "qty": str(listing.qty(wanted.qty_lots)),
        "filled": str(listing.qty(order.filled_lots)),
    }


def _price(listing: Listing, ticks: int) -> str | None:
    return str(listing.price(ticks)) if ticks else None
