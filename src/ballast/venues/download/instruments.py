"""Trading rules: a ccxt market becomes an `Instrument` with exact decimals.

Steps come in two dialects: as a size ("0.01") or as a number of decimal places (2); a third,
significant digits, has no fixed step and is refused. Contracts are turned into base units: a venue
that trades 0.01 BTC a contract in steps of 0.1 contracts has a lot of 0.001 BTC.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from ballast.core.errors import DataError
from ballast.core.instrument import FeeRate, Instrument, Kind, LeverageTier

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ballast.venues.download.client import Listing, VenueClient
    from ballast.venues.download.names import VenueName

DECIMAL_PLACES = 2  # ccxt's constants
SIGNIFICANT_DIGITS = 3
TICK_SIZE = 4
OPEN_BRACKETS = frozenset({"bybit"})
"""Venues that show leverage brackets to everyone, and in quote currency. Binance shows its own to
account holders only; OKX states them in contracts, which no notional can be derived from."""


async def fetch_instrument(client: VenueClient, listing: Listing, *, now_ms: int) -> Instrument:
    """Return the rules of one market as the venue states them now."""
    market = client.exchange.markets[listing.ccxt_symbol]
    tiers = await _fetch_tiers(client, listing)
    mode = int(client.exchange.precisionMode)
    return to_instrument(client.venue, listing.symbol, market, mode, tiers=tiers, now_ms=now_ms)


def to_instrument(
    venue: VenueName,
    symbol: str,
    market: Mapping[str, Any],
    precision_mode: int,
    *,
    tiers: Sequence[Mapping[str, Any]] = (),
    now_ms: int,
) -> Instrument:
    """Translate a ccxt market; raise `DataError` where a step is missing or makes no sense."""
    where = f"{venue.name}-{symbol}"
    size = _decimal(market.get("contractSize")) or Decimal(1)
    contract = size if market.get("contract") else Decimal(1)
    limits = market["limits"]
    largest = _limit(limits, "market", "max") or _limit(limits, "amount", "max")
    return Instrument(
        venue=venue.name,
        symbol=symbol,
        base=str(market["base"]),
        quote=str(market["quote"]),
        kind=Kind.PERPETUAL if market.get("swap") else Kind.SPOT,
        tick=_step(market["precision"].get("price"), precision_mode, where, "price"),
        lot=_step(market["precision"].get("amount"), precision_mode, where, "quantity") * contract,
        min_qty=_limit(limits, "amount", "min") * contract,
        max_qty=largest * contract,
        min_notional=_limit(limits, "cost", "min"),
        max_price=_limit(limits, "price", "max") or Decimal(10_000_000),
        listed_ms=market.get("created"),
        fees=_fees(market, now_ms),
        tiers=to_tiers(tiers),
    )


def to_tiers(tiers: Sequence[Mapping[str, Any]]) -> tuple[LeverageTier, ...]:
    """Translate ccxt's brackets and add the deduction that keeps margin continuous across them.

    Maintenance at a notional N in bracket k is `N * rate_k - deduction_k`; continuity at the floor
    of the bracket gives `deduction_k = deduction_(k-1) + floor_k * (rate_k - rate_(k-1))`.
    """
    done: list[LeverageTier] = []
    for tier in sorted(tiers, key=lambda row: Decimal(str(row["minNotional"] or 0))):
        floor, rate = (
            Decimal(str(tier["minNotional"] or 0)),
            Decimal(str(tier["maintenanceMarginRate"])),
        )
        cap = float(tier["maxNotional"]) if tier.get("maxNotional") else float("inf")
        deduction = Decimal(0)
        if done:
            previous = done[-1]
            deduction = Decimal(str(previous.deduction)) + floor * (
                rate - Decimal(str(previous.maintenance))
            )
        leverage = float(tier["maxLeverage"])
        done.append(LeverageTier(float(floor), cap, leverage, float(rate), float(deduction)))
    return tuple(done)


async def _fetch_tiers(client: VenueClient, listing: Listing) -> Sequence[Mapping[str, Any]]:
    """Return the leverage brackets where the venue shows them without an account, else nothing."""
    if client.venue.kind is Kind.SPOT or client.venue.ccxt_id not in OPEN_BRACKETS:
        return ()
    tiers: Sequence[Mapping[str, Any]] = await client.ask(
        lambda: client.exchange.fetch_market_leverage_tiers(listing.ccxt_symbol)
    )
    return tiers


def _step(stated: object, mode: int, where: str, what: str) -> Decimal:
    """Return the size of one step, exact."""
    number = _decimal(stated)
    unusable = mode == SIGNIFICANT_DIGITS or (mode == TICK_SIZE and number == 0)
    if number is None or unusable:  # a step of 0: a market announced, not yet open
        raise DataError(
            f"the venue states no {what} step",
            where=where,
            fix="import the rules from a file instead",
        )
    return Decimal(1).scaleb(-int(number)) if mode == DECIMAL_PLACES else number


def _limit(limits: Mapping[str, Any], group: str, side: str) -> Decimal:
    """Return a stated limit, 0 if the venue states none."""
    return _decimal((limits.get(group) or {}).get(side)) or Decimal(0)


def _decimal(stated: object) -> Decimal | None:
    """Read the venue's own digits; a float would have lost them."""
    if stated is None or isinstance(stated, float):
        return None
    try:
        return Decimal(str(stated)).normalize()
    except InvalidOperation:
        return None


def _fees(market: Mapping[str, Any], now_ms: int) -> tuple[FeeRate, ...]:
    """Return the base tier's fees, valid from now on: of the past the venue says nothing."""
    maker, taker = market.get("maker"), market.get("taker")
    if maker is None or taker is None:
        return ()
    return (FeeRate(now_ms, float(maker), float(taker)),)
