"""Profiles and listings: how one venue behaves, and what may be traded there.

A `Listing` is written in decimals, as venues publish it; `Terms` is the same in integers. The
atoms of an asset are chosen fine enough that one tick times one lot of every listing is whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from ballast.core.errors import ConfigError
from ballast.core.instrument import INT64_MAX, Kind
from ballast.core.orders import SelfTrade

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DIGITS = 8
"""Decimal digits an asset is kept in, unless a listing needs more."""
DIGITS_MAX = 30
PPM = 1_000_000


class ClientIds(StrEnum):
    """When a client order id may be used again."""

    OPEN = "open"
    """Once the order that carries it is closed (a blind re-send after a fast fill buys twice)."""
    EVER = "ever"
    """Never again."""


class PostOnly(StrEnum):
    """What happens to a post-only order that would trade."""

    REJECT = "reject"
    EXPIRE = "expire"
    """Accepted, then ended at once."""
    REPRICE = "reprice"
    """Moved one tick behind the best opposite price."""


class ReduceOnly(StrEnum):
    """What happens to a reduce-only order larger than what is left to reduce."""

    REJECT = "reject"
    SHRINK = "shrink"
    CANCEL = "cancel"


class BuyFee(StrEnum):
    """Which asset the fee of a spot buy is taken from; a sell always pays in quote."""

    BASE = "base"
    QUOTE = "quote"


class BracketEntry(StrEnum):
    """When the legs behind a bracket's entry become live."""

    FILLED = "filled"
    """When the entry is filled in full: a partly filled entry has no stop."""
    EVERY_FILL = "every_fill"
    """With each fill, sized by what the entry has traded."""


@dataclass(frozen=True, slots=True)
class VenueProfile:
    """The rules in which venues differ.

    `market_protection_ppm` bounds how far a market order may trade from the best price (0: no
    bound). `discount_asset` pays fees at `discount_ppm` off, at the last price of
    `discount_symbol`, while an account that asked for it has enough of it.
    """

    name: str = "simulated"
    client_ids: ClientIds = ClientIds.OPEN
    post_only: PostOnly = PostOnly.REJECT
    reduce_only: ReduceOnly = ReduceOnly.SHRINK
    reduce_only_on_entry: ReduceOnly = ReduceOnly.SHRINK
    amend_keeps_priority: bool = True
    """A smaller quantity at the same price keeps its place; otherwise every amend loses it."""
    trigger_at_once: bool = False
    """Whether an order whose trigger is already passed fires (True) or is refused."""
    self_trade: SelfTrade = SelfTrade.NONE
    buy_fee: BuyFee = BuyFee.BASE
    bracket: BracketEntry = BracketEntry.FILLED
    market_protection_ppm: int = 0
    discount_asset: str = ""
    discount_symbol: str = ""
    discount_ppm: int = 0
    funding_hours: int = 8
    liquidation_fee_ppm: int = 5_000
    history_max: int = 2_000
    """Closed orders a symbol, and fills, that an account can still ask for: some two megabytes. A
    client id that may never be used again is remembered as long as its order is."""
    tape_max: int = 1_000
    """Public trades of a symbol that can still be asked for."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Bounds of one listing's orders; 0 means the venue states none."""

    min_price: Decimal = Decimal(0)
    max_price: Decimal = Decimal(0)
    min_qty: Decimal = Decimal(0)
    max_qty: Decimal = Decimal(0)
    market_min_qty: Decimal = Decimal(0)
    market_max_qty: Decimal = Decimal(0)
    market_step: Decimal = Decimal(0)
    min_notional: Decimal = Decimal(0)
    min_notional_applies_to_market: bool = True
    max_notional: Decimal = Decimal(0)
    percent_up: Decimal = Decimal(0)
    """A limit price may be at most the reference price times this."""
    percent_down: Decimal = Decimal(0)
    max_orders: int = 200
    max_conditional_orders: int = 100
    max_iceberg_parts: int = 10
    max_position: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Tier:
    """A leverage bracket: applies while notional is at most `cap` (quote units, 0: no cap)."""

    cap: Decimal
    max_leverage: int
    maintenance: Decimal
    deduction: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Listing:
    """One symbol. A perpetual is linear: `lot` counts contracts of `contract` base units each."""

    symbol: str
    base: str
    quote: str
    tick: Decimal
    lot: Decimal
    kind: Kind = Kind.SPOT
    contract: Decimal = Decimal(1)
    filters: Filters = field(default_factory=Filters)
    maker_ppm: int = 1_000
    taker_ppm: int = 1_000
    tiers: tuple[Tier, ...] = (Tier(Decimal(0), 100, Decimal("0.005")),)

    def ticks(self, price: Decimal) -> int | None:
        """Return a price in ticks, or None when it is not on the grid."""
        return _whole(price / self.tick)

    def lots(self, qty: Decimal) -> int | None:
        """Return a quantity in lots, or None when it is not on the grid."""
        return _whole(qty / self.lot)

    def price(self, ticks: int) -> Decimal:
        """Return a price as the venue writes it."""
        return self.tick * ticks

    def qty(self, lots: int) -> Decimal:
        """Return a quantity as the venue writes it."""
        return self.lot * lots


def _whole(value: Decimal) -> int | None:
    whole = int(value)
    return whole if whole == value else None


def digits_of(value: Decimal) -> int:
    """Return the decimal digits a number needs."""
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def asset_digits(listings: Iterable[Listing]) -> dict[str, int]:
    """Return for each asset the digits that make every tick times lot a whole number of atoms."""
    digits: dict[str, int] = {}
    for one in listings:
        base = digits_of(one.lot * one.contract)
        quote = digits_of(one.tick * one.lot * one.contract)
        digits[one.base] = max(digits.get(one.base, DIGITS), base)
        digits[one.quote] = max(digits.get(one.quote, DIGITS), quote)
    for asset, count in digits.items():
        if count > DIGITS_MAX:
            raise ConfigError(
                f"{asset} would need {count} digits", expected=f"at most {DIGITS_MAX}"
            )
    return digits


@dataclass(frozen=True, slots=True)
class TierTerms:
    """A leverage bracket in atoms and parts per million; a `cap_atoms` of 0 has no end."""

    cap_atoms: int
    max_leverage: int
    maintenance_ppm: int
    deduction_atoms: int


@dataclass(frozen=True, slots=True)
class Terms:
    """A listing in integers. `point_atoms` is what one tick times one lot is worth in quote."""

    symbol: str
    base: str
    quote: str
    is_perpetual: bool
    lot_atoms: int
    point_atoms: int
    min_ticks: int
    max_ticks: int
    min_lots: int
    max_lots: int
    market_min_lots: int
    market_max_lots: int
    market_step_lots: int
    min_notional_atoms: int
    min_notional_applies_to_market: bool
    max_notional_atoms: int
    percent_up_ppm: int
    percent_down_ppm: int
    max_orders: int
    max_conditional_orders: int
    max_iceberg_parts: int
    max_position_lots: int
    maker_ppm: int
    taker_ppm: int
    tiers: tuple[TierTerms, ...]


def terms_of(listing: Listing, digits: Mapping[str, int]) -> Terms:
    """Return a listing in integers; refuse one whose largest order would not fit 63 bits."""
    bounds = listing.filters
    if listing.tick <= 0 or listing.lot <= 0 or listing.contract <= 0:
        raise ConfigError("tick, lot and contract must be positive", where=listing.symbol)
    money = 10 ** digits[listing.quote]
    max_lots = int(bounds.max_qty / listing.lot) or 2**31
    max_ticks = int(bounds.max_price / listing.tick) or 2**31
    if max_lots * max_ticks > INT64_MAX:
        raise ConfigError(
            "largest price times largest quantity does not fit 63 bits",
            where=listing.symbol,
            fix="state a smaller max_price or max_qty",
        )
    return Terms(
        symbol=listing.symbol,
        base=listing.base,
        quote=listing.quote,
        is_perpetual=listing.kind is Kind.PERPETUAL,
        lot_atoms=int(listing.lot * listing.contract * 10 ** digits[listing.base]),
        point_atoms=int(listing.tick * listing.lot * listing.contract * money),
        min_ticks=max(1, _ceil(bounds.min_price / listing.tick)),
        max_ticks=max_ticks,
        min_lots=max(1, _ceil(bounds.min_qty / listing.lot)),
        max_lots=max_lots,
        market_min_lots=_ceil(bounds.market_min_qty / listing.lot),
        market_max_lots=int(bounds.market_max_qty / listing.lot) or max_lots,
        market_step_lots=max(1, int(bounds.market_step / listing.lot)),
        min_notional_atoms=int(bounds.min_notional * money),
        min_notional_applies_to_market=bounds.min_notional_applies_to_market,
        max_notional_atoms=int(bounds.max_notional * money),
        percent_up_ppm=int(bounds.percent_up * PPM),
        percent_down_ppm=int(bounds.percent_down * PPM),
        max_orders=bounds.max_orders,
        max_conditional_orders=bounds.max_conditional_orders,
        max_iceberg_parts=bounds.max_iceberg_parts,
        max_position_lots=int(bounds.max_position / listing.lot),
        maker_ppm=listing.maker_ppm,
        taker_ppm=listing.taker_ppm,
        tiers=tuple(_tier(tier, money) for tier in listing.tiers),
    )


def _tier(tier: Tier, money: int) -> TierTerms:
    return TierTerms(
        cap_atoms=int(tier.cap * money),
        max_leverage=tier.max_leverage,
        maintenance_ppm=int(tier.maintenance * PPM),
        deduction_atoms=int(tier.deduction * money),
    )


def _ceil(value: Decimal) -> int:
    whole = int(value)
    return whole if whole == value else whole + 1
