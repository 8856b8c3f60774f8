"""Settings: margin mode, leverage and position mode, as OKX lets an account choose them.

At OKX the margin mode belongs to each order (`tdMode`), and a leverage to each mode of a swap. The
engine has one of both a swap: the mode of the last order, which can change while the swap has
neither position nor open orders, with the leverage that was set for that mode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.instrument import Kind
from ballast.core.orders import MarginMode, PositionMode, PositionSide, RejectReason
from ballast.venues.simulated.engine.outcomes import Rejected
from ballast.venues.simulated.fronts.okx import errors

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.exchange import Exchange
    from ballast.venues.simulated.engine.profile import Listing
    from ballast.venues.simulated.fronts.okx.call import Call

MODES = {"cross": MarginMode.CROSS, "isolated": MarginMode.ISOLATED}
SIDES = {"net": PositionSide.BOTH, "long": PositionSide.LONG, "short": PositionSide.SHORT}


class Settings:
    """What accounts chose, beyond what the engine knows."""

    def __init__(self, exchange: Exchange) -> None:
        """Remember nothing yet."""
        self._exchange = exchange
        self._levers: dict[tuple[int, str, MarginMode], int] = {}

    def lever(self, account: int, symbol: str, mode: MarginMode) -> int:
        """Return the leverage of a mode of a swap."""
        now, current = self._exchange.leverage(account, symbol)
        default = min(now, self._exchange.listings[symbol].tiers[0].max_leverage)
        return now if mode is current else self._levers.get((account, symbol, mode), default)

    def set_lever(self, account: int, symbol: str, mode: MarginMode, lever: int) -> None:
        """Set the leverage of a mode; raise a `Refusal` for one that cannot be."""
        _, current = self._exchange.leverage(account, symbol)
        if mode is not current:
            most = self._exchange.listings[symbol].tiers[0].max_leverage
            if not 1 <= lever <= most:
                raise errors.rejected(Rejected(RejectReason.LEVERAGE))
            self._levers[account, symbol, mode] = lever
            return
        outcome = self._exchange.set_leverage(account, symbol, lever)
        if isinstance(outcome, Rejected) and outcome.reason is not RejectReason.NO_CHANGE:
            if outcome.reason is RejectReason.INSUFFICIENT_MARGIN:
                raise errors.Refusal(
                    59108, "Low leverage and insufficient margin, please adjust the leverage"
                )
            raise errors.rejected(outcome)

    def use(self, account: int, symbol: str, mode: MarginMode) -> None:
        """Let the next orders of a swap be of this mode; raise a `Refusal` where it is in use."""
        now, current = self._exchange.leverage(account, symbol)
        if mode is current:
            return
        wanted = self.lever(account, symbol, mode)
        if isinstance(self._exchange.set_margin_mode(account, symbol, mode), Rejected):
            raise errors.MODE
        self._levers[account, symbol, current] = now
        self._exchange.set_leverage(account, symbol, wanted)


def trade_mode(call: Call, listing: Listing, *, as_algo: bool = False) -> str:
    """Read `tdMode`: cash for spot, cross or isolated for swaps.

    A conditional order of spot may also say `cross`: some clients do, and there is no margin here.
    """
    mode = call.choice("tdMode", ("cash", "cross", "isolated", "spot_isolated"))
    if listing.kind is Kind.SPOT:
        if mode != "cash" and not (as_algo and mode == "cross"):
            raise errors.MODE
        return "cash"
    if mode not in MODES:
        raise errors.wrong("tdMode")
    return mode


def position_side(call: Call, listing: Listing, mode: PositionMode) -> PositionSide:
    """Read `posSide`: required in long/short mode, and only `net` fits net mode."""
    text = call.given.optional("posSide")
    if text is not None and text not in SIDES:
        raise errors.wrong("posSide")
    if listing.kind is Kind.SPOT:
        return PositionSide.BOTH
    if (mode is PositionMode.HEDGE) != (text in {"long", "short"}):
        raise errors.wrong("posSide")
    return SIDES[text or "net"]
