"""Products of Coinbase as markets: BTC-USD is our BTCUSD. A flag says why one is not traded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ballast.core.instrument import Kind
from ballast.venues.clients.coinbase.access import KINDS
from ballast.venues.clients.market import Market, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CLOSED = (
    "is_disabled", "trading_disabled", "view_only", "cancel_only", "limit_only", "post_only",
    "auction_mode",
)  # fmt: skip
"""Flags of a product that is not fully open: each forbids market orders at least."""
ONLINE = "online"


@dataclass(slots=True)
class Products:
    """What is traded, by our symbol and by the venue's name."""

    markets: dict[str, Market] = field(default_factory=dict)
    _symbols: dict[str, str] = field(default_factory=dict)

    def read(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take the products of spot in place of what was known."""
        found = [market_of(row) for row in rows if row.get("product_type", "SPOT") == "SPOT"]
        self.markets.clear()
        self.markets.update({one.symbol: one for one in found})
        self._symbols = {one.name: one.symbol for one in found}

    def find(self, name: str) -> Market | None:
        """Return the market of a product's id."""
        return self.markets.get(self._symbols.get(name, ""))


def market_of(row: Mapping[str, Any]) -> Market:
    """Return the rules of a product."""
    base, quote = row["base_currency_id"], row["quote_currency_id"]
    status = next((flag for flag in CLOSED if row.get(flag)), str(row.get("status") or ONLINE))
    return Market(
        symbol=base + quote,
        name=row["product_id"],
        base=base,
        quote=quote,
        kind=Kind.SPOT,
        tick=number(row.get("price_increment") or row["quote_increment"]),
        lot=number(row["base_increment"]),
        min_qty=number(row.get("base_min_size")),
        max_qty=number(row.get("base_max_size")),
        min_notional=number(row.get("quote_min_size")),
        is_trading=status == ONLINE,
        status=status,
        kinds=KINDS,
    )
