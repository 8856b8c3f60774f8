"""Binance: `exchangeInfo` of spot and USD-M futures of all ages, and leverage brackets.

Filters of the schema: PRICE_FILTER (tickSize, maxPrice), LOT_SIZE (stepSize, minQty, maxQty),
MARKET_LOT_SIZE (maxQty of a market order), MIN_NOTIONAL (minNotional on spot, notional on futures)
and, since 2023, NOTIONAL. Newer answers carry every field in every filter, null where it is none.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

from ballast.core.errors import DataError
from ballast.core.instrument import Instrument, Kind, LeverageTier
from ballast.store.metadata.model import Metadata, exact

NEVER_MS = 4_000_000_000_000
"""Binance dates the delivery of a perpetual to the year 2100; before this it is a delisting."""


def read_exchange_info(document: dict[str, Any], venue: str | None) -> Metadata:
    """Read an `exchangeInfo` answer, spot or USD-M."""
    futures = any("contractType" in symbol for symbol in document["symbols"])
    name = venue or ("BINANCEUSDM" if futures else "BINANCE")
    found = Metadata(name, at_ms=document.get("serverTime"))
    for symbol in document["symbols"]:
        kind = symbol.get("contractType")
        if futures and kind not in ("PERPETUAL", "TRADIFI_PERPETUAL"):
            found.skipped[symbol["symbol"]] = f"not a perpetual: {kind or 'no contract type'}"
            continue
        try:
            found.add(_instrument(symbol, name, Kind.PERPETUAL if futures else Kind.SPOT))
        except (KeyError, DataError) as error:
            found.skipped[symbol["symbol"]] = f"incomplete: {error}"
    return found


def _instrument(symbol: dict[str, Any], venue: str, kind: Kind) -> Instrument:
    filters = {item["filterType"]: item for item in symbol["filters"]}
    lots, prices = filters["LOT_SIZE"], filters["PRICE_FILTER"]
    market = filters.get("MARKET_LOT_SIZE", lots)
    largest = [exact(item["maxQty"]) for item in (lots, market)]
    notional = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL") or {}
    smallest = notional.get("minNotional") or notional.get("notional") or 0
    delisted = symbol.get("deliveryDate")
    status = symbol.get("status", "TRADING")
    return Instrument(
        venue=venue,
        symbol=symbol["symbol"],
        base=symbol["baseAsset"],
        quote=symbol["quoteAsset"],
        kind=kind,
        tick=exact(prices["tickSize"]),
        lot=exact(lots["stepSize"]),
        min_qty=exact(lots["minQty"]),
        max_qty=min((size for size in largest if size > 0), default=Decimal(0)),
        min_notional=exact(smallest),
        max_price=exact(prices["maxPrice"]) or Decimal(10_000_000),
        listed_ms=symbol.get("onboardDate"),
        delisted_ms=delisted if delisted is not None and delisted < NEVER_MS else None,
        tags=() if status == "TRADING" else (f"status:{status}",),
    )


def read_leverage_tiers(document: dict[str, Any], venue: str | None) -> Metadata:
    """Read leverage brackets in ccxt's form: symbol -> list of brackets with the raw one inside."""
    found = Metadata(venue or "BINANCEUSDM")
    for symbol, rows in document.items():
        found.tiers[symbol] = tuple(
            LeverageTier(
                floor=float(row["minNotional"]),
                cap=float(row["maxNotional"]),
                max_leverage=float(row["maxLeverage"]),
                maintenance=float(row["maintenanceMarginRate"]),
                deduction=float(row["info"]["cum"]) if "info" in row else _deduction(rows, at),
            )
            for at, row in enumerate(rows)
        )
    return found


def _deduction(rows: list[dict[str, Any]], at: int) -> float:
    """Return the amount that makes maintenance margin continuous at the bracket's floor."""
    amount = 0.0
    for before, row in pairwise(rows[: at + 1]):
        step = float(row["maintenanceMarginRate"]) - float(before["maintenanceMarginRate"])
        amount += float(row["minNotional"]) * step
    return amount
