"""Words of Bybit: names of symbols and orders, numbers as text.

A price has the decimals of its tick, everything else none that it does not need. Orders of spot are
numbered, those of derivatives named by a UUID; both are the engine's number in another dress.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING

from ballast.core.errors import ConfigError
from ballast.core.orders import MarginMode, PositionMode, PositionSide, Side, TriggerBy
from ballast.venues.simulated.engine.profile import digits_of
from ballast.venues.simulated.fronts.bybit.call import category_of, wire_name
from ballast.venues.simulated.fronts.numbers import fixed, shortest, whole_number

if TYPE_CHECKING:
    from ballast.core.orders import Order
    from ballast.venues.simulated.engine.exchange import Exchange
    from ballast.venues.simulated.engine.profile import Listing, Tier
    from ballast.venues.simulated.fronts.bybit.call import Listed

NS_MS = 1_000_000
SIDES = {"Buy": Side.BUY, "Sell": Side.SELL}
SIDE_WORDS = {Side.BUY: "Buy", Side.SELL: "Sell"}
TRIGGERS = {
    "LastPrice": TriggerBy.LAST,
    "MarkPrice": TriggerBy.MARK,
    "IndexPrice": TriggerBy.INDEX,
}
TRIGGER_WORDS = {by: word for word, by in TRIGGERS.items()}
POSITIONS = {0: PositionSide.BOTH, 1: PositionSide.LONG, 2: PositionSide.SHORT}
POSITION_INDEXES = {side: index for index, side in POSITIONS.items()}
MARGIN_MODES = {"REGULAR_MARGIN": MarginMode.CROSS, "ISOLATED_MARGIN": MarginMode.ISOLATED}
POSITION_MODES = {0: PositionMode.ONE_WAY, 3: PositionMode.HEDGE}
SPOT_ID_FIRST = 1_900_000_000_000_000_000
UUID_HEAD = "5a17b0c1-0000-4000-8000-"
UUID_BASE = 16
ORDER_ID_MAX = 1 << 48
AVERAGE_DIGITS = 8


def milli(at_ns: int) -> str:
    """Print a time."""
    return str(at_ns // NS_MS)


def rate(ppm: int) -> str:
    """Print a fee rate."""
    return shortest(Decimal(ppm).scaleb(-6))


def price_text(listing: Listing, price: Decimal) -> str:
    """Print a price with the decimals of its tick."""
    return fixed(price, digits_of(listing.tick))


def order_name(listing: Listing, order_id: int) -> str:
    """Return the id of an order, or of a trade, as its category writes it."""
    if category_of(listing) == "spot":
        return str(SPOT_ID_FIRST + order_id)
    return f"{UUID_HEAD}{order_id:012x}"


def order_number(listing: Listing, name: str) -> int:
    """Return the engine's number of an order, 0 for a name that is none."""
    if category_of(listing) == "spot":
        number = (whole_number(name) or 0) - SPOT_ID_FIRST
        return number if 0 < number < ORDER_ID_MAX else 0
    tail = name.removeprefix(UUID_HEAD)
    if tail == name or len(tail) != 12 or set(tail) - set("0123456789abcdef"):  # noqa: PLR2004
        return 0
    return int(tail, UUID_BASE)


def tier_for(listing: Listing, value: Decimal) -> Tier:
    """Return the leverage bracket of a position's value."""
    return next(
        (one for one in listing.tiers if not one.cap or value <= one.cap), listing.tiers[-1]
    )


class Words:
    """Prints in the units of one exchange."""

    def __init__(self, market: Exchange) -> None:
        """Name its listings; raise `ConfigError` for two of one name."""
        self.market = market
        self.listed: Listed = {}
        for one in market.listings.values():
            name = (category_of(one), wire_name(one))
            if name in self.listed:
                raise ConfigError(f"two listings are the {name[0]} {name[1]} of Bybit")
            self.listed[name] = one

    def listing(self, symbol: str) -> Listing:
        """Return a listing by the engine's name."""
        return self.market.listings[symbol]

    def price(self, symbol: str, ticks: int) -> str:
        """Print a price."""
        listing = self.listing(symbol)
        return price_text(listing, listing.price(ticks))

    def maybe_price(self, symbol: str, ticks: int) -> str:
        """Print a price, nothing for none."""
        return self.price(symbol, ticks) if ticks else ""

    def qty(self, symbol: str, lots: int) -> str:
        """Print a quantity."""
        listing = self.listing(symbol)
        return shortest(listing.qty(lots) * listing.contract)

    def rate_e9(self, rate_e9: int) -> str:
        """Print a funding rate."""
        return shortest(Decimal(rate_e9).scaleb(-9))

    def money(self, asset: str, atoms: int) -> str:
        """Print an amount of an asset."""
        return shortest(self.market.amount(asset, atoms))

    def worth(self, symbol: str, value: int) -> Decimal:
        """Return ticks times lots in quote."""
        listing = self.listing(symbol)
        return listing.tick * listing.lot * listing.contract * value

    def average(self, order: Order) -> str:
        """Print the average price of an order's fills, nothing before the first."""
        if not order.filled_lots:
            return ""
        listing = self.listing(order.request.symbol)
        return average(listing.tick * order.value, Decimal(order.filled_lots))

    def usd(self, asset: str, amount: Decimal) -> Decimal:
        """Return what an amount is worth in dollars: a quote coin is one, others at the market."""
        quotes = {one.quote for one in self.market.listings.values()}
        if asset in quotes:
            return amount
        for one in self.market.listings.values():
            last = self.market.last_ticks(one.symbol)
            if one.base == asset and last:
                return amount * one.price(last)
        return Decimal(0)  # nothing of it has traded yet


def average(total: Decimal, parts: Decimal) -> str:
    """Print a quotient with at most eight decimals, cut."""
    if not parts:
        return "0"
    cut = (total / parts).quantize(Decimal(1).scaleb(-AVERAGE_DIGITS), ROUND_DOWN)
    return shortest(cut)
