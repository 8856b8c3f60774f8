"""What a parser of exchange metadata hands over."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from ballast.core.errors import DataError

if TYPE_CHECKING:
    from ballast.core.instrument import Instrument, LeverageTier

PRICE_TICKS = Decimal(10) ** 9
"""Largest price in ticks where the venue states none: nine digits of price."""
PRODUCT_MAX = Decimal(2**62)
"""Ticks x lots of the largest order after a cut: one bit under the limit of an int64."""


@dataclass(slots=True)
class Metadata:
    """Instruments (or leverage tiers by symbol) of a file, and what was left out and why."""

    venue: str
    at_ms: int | None = None
    instruments: list[Instrument] = field(default_factory=list)
    tiers: dict[str, tuple[LeverageTier, ...]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def add(self, instrument: Instrument) -> None:
        """Take an instrument, its absurd maxima cut to what compiled code can hold."""
        self.instruments.append(fitted(instrument))


def fitted(instrument: Instrument) -> Instrument:
    """Return the instrument with a maximum price, and if need be quantity, that fit 63 bits.

    Venues state maxima that no order ever comes near (10 million BTC at 10 million dollars). The
    maximum price is cut first, to nine, eight, seven digits of ticks; if that is not enough the
    largest order is cut, and a tag says so.
    """
    for digits in (None, 9, 8, 7):
        ceiling = instrument.tick * 10**digits if digits else instrument.max_price
        candidate = replace(instrument, max_price=min(instrument.max_price, ceiling))
        try:
            candidate.check_kernel_bounds()
        except DataError:
            continue
        return candidate
    price = min(instrument.max_price, instrument.tick * PRICE_TICKS)
    lots = int(PRODUCT_MAX / (price / instrument.tick))
    return replace(
        instrument,
        max_price=price,
        max_qty=exact(instrument.lot * lots),
        tags=(*instrument.tags, "max_qty:reduced"),
    )


def exact(value: Any) -> Decimal:  # noqa: ANN401 - text or number of a JSON document
    """Return a number of the document as an exact decimal without trailing zeros."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise DataError(f"'{value}' is not a number") from None
    if not number.is_finite():
        raise DataError(f"'{value}' is not a finite number")
    whole = number.normalize()
    return whole.quantize(Decimal(1)) if whole == whole.to_integral_value() else whole
