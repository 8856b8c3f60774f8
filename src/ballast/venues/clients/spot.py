"""Spot: what a desk of spot answers of things that only perpetuals have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.orders import RejectReason
from ballast.venues.clients.calls import CallError, Verdict

if TYPE_CHECKING:
    from decimal import Decimal

    from ballast.core.orders import MarginMode
    from ballast.venues.clients.account import SymbolSetting
    from ballast.venues.clients.desk import Paid


class SpotOnly:
    """The part of `VenueDesk` about funding, leverage and margin, for desks of spot."""

    async def funding(self, symbol: str, since_ms: int) -> list[Paid]:
        """Return nothing: there is no funding on spot."""
        del symbol, since_ms
        return []

    async def setting(self, symbol: str) -> SymbolSetting | None:
        """Return None: spot has no leverage."""
        del symbol
        return None

    async def set_up(self, symbol: str, leverage: Decimal, margin_mode: MarginMode) -> None:
        """Do nothing, for there is nothing to set; raise `CallError` for any leverage but 1."""
        del symbol, margin_mode
        if leverage != 1:
            text = "spot has no leverage"
            raise CallError(Verdict.REFUSED, text, reason=RejectReason.LEVERAGE)
