"""Market: the trading rules of one symbol at a venue, and exact numbers as the venue writes them.

Quantities of some venues are contracts: `contract` base units each. A lot is always base units, so
`qty_text` divides. Nothing here rounds: what is between two ticks or lots is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal, InvalidOperation

from ballast.core.instrument import Kind
from ballast.core.orders import OrderKind

ALL_KINDS = frozenset(OrderKind)
FEE_DIGITS = 8
"""Decimals in which cash and fees are kept: no venue of ours charges in finer units that matter."""


class OffGridError(ValueError):
    """A number of the venue's that is no whole tick or lot, or no number."""


@dataclass(frozen=True, slots=True)
class Market:
    """One symbol. `name` is the venue's own; limits are in base units and quote, 0: none stated."""

    symbol: str
    name: str
    base: str
    quote: str
    kind: Kind
    tick: Decimal
    lot: Decimal
    contract: Decimal = Decimal(1)
    min_qty: Decimal = Decimal(0)
    max_qty: Decimal = Decimal(0)
    market_max_qty: Decimal = Decimal(0)
    min_notional: Decimal = Decimal(0)
    min_price: Decimal = Decimal(0)
    max_price: Decimal = Decimal(0)
    is_trading: bool = True
    status: str = ""
    """The venue's own word for it."""
    kinds: frozenset[OrderKind] = ALL_KINDS
    """Kinds of orders the venue takes for it, as it states them."""
    takes_pairs: bool = False
    """Whether it says that a take and a stop may rest for the same coins (OCO)."""
    leverage_max: Decimal = Decimal(1)
    listed_ms: int | None = None
    delists_ms: int | None = None
    """When its trading ends, where the venue has announced it."""

    @property
    def is_perpetual(self) -> bool:
        """Whether it is a perpetual contract."""
        return self.kind is Kind.PERPETUAL

    def price_text(self, ticks: int) -> str:
        """Return a price as the venue takes it: plain decimals, no exponent."""
        return plain(self.tick * ticks)

    def qty_text(self, lots: int) -> str:
        """Return a quantity in the venue's units (base or contracts)."""
        return plain(self.lot * lots / self.contract)

    def ticks_of(self, text: object) -> int:
        """Return a price in ticks, 0 for none given; raise `OffGridError`."""
        return whole(number(text), self.tick)

    def nearest_ticks(self, text: object) -> int:
        """Return a price in the nearest ticks: averages and marks need not lie on the grid."""
        return round(number(text) / self.tick)

    def lots_of(self, text: object) -> int:
        """Return a quantity in lots, signed as it is; raise `OffGridError`."""
        return whole(number(text) * self.contract, self.lot)


def plain(value: Decimal) -> str:
    """Return a decimal without exponent and without trailing zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def number(text: object) -> Decimal:
    """Return a venue's number, 0 for '' and None; raise `OffGridError` for what is none."""
    if text is None or text == "":
        return Decimal(0)
    try:
        found = Decimal(str(text))
    except InvalidOperation as error:
        raise OffGridError(f"{text!r} is no number") from error
    if not found.is_finite():
        raise OffGridError(f"{text!r} is no finite number")
    return found


def whole(value: Decimal, step: Decimal) -> int:
    """Return a value in steps; raise `OffGridError` between two steps."""
    count = value / step
    if count != count.to_integral_value():
        raise OffGridError(f"{value} is no multiple of {step}")
    return int(count)


def fee_atoms(text: object, digits: int = FEE_DIGITS) -> int:
    """Return a fee in atoms, rounded against us; negative for a rebate."""
    return int(number(text).scaleb(digits).to_integral_value(ROUND_CEILING))
