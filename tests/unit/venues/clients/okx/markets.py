"""The pairs of the simulated OKX, as its desks know them."""

from __future__ import annotations

from decimal import Decimal

from ballast.core.ids import Purpose, client_id
from ballast.core.instrument import Kind
from ballast.venues.clients.market import Market

SPOT = Market(
    "BTCUSDT", "BTC-USDT", "BTC", "USDT", Kind.SPOT, Decimal("0.01"), Decimal("0.00001"),
    status="live",
)  # fmt: skip
SWAP = Market(
    "BTCUSDT", "BTC-USDT-SWAP", "BTC", "USDT", Kind.PERPETUAL, Decimal("0.1"), Decimal("0.001"),
    contract=Decimal("0.01"), status="live",
)  # fmt: skip
"""Lots of 0.1 contracts of 0.01."""


def own(purpose: Purpose, decision: int = 1) -> str:
    """Return an id of ours."""
    return client_id(purpose, account="a", strategy="s", symbol="BTCUSDT", decision=decision)
