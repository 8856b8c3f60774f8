"""Bybit (v2 symbols), Kraken (AssetPairs), Coinbase (products)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ballast.core.errors import DataError
from ballast.core.instrument import FeeRate, Instrument, Kind
from ballast.store.metadata.model import PRICE_TICKS, Metadata, exact

_KRAKEN_NAMES = {"XBT": "BTC", "XDG": "DOGE"}
_PERCENT = 100


def read_bybit(document: dict[str, Any], venue: str | None) -> Metadata:
    """Read `v2/public/symbols`: linear USDT perpetuals; inverse ones are left out."""
    at_ms = int(float(document["time_now"]) * 1_000)
    found = Metadata(venue or "BYBITLINEAR", at_ms=at_ms)
    for row in document["result"]:
        if row["quote_currency"] != "USDT":
            found.skipped[row["name"]] = "inverse contract: settled in the base"
            continue
        try:
            found.add(_bybit(row, found.venue, at_ms))
        except (KeyError, DataError) as error:
            found.skipped[row["name"]] = f"incomplete: {error}"
    return found


def _bybit(row: dict[str, Any], venue: str, at_ms: int) -> Instrument:
    lots, prices = row["lot_size_filter"], row["price_filter"]
    status = row["status"]
    return Instrument(
        venue=venue,
        symbol=row["name"],
        base=row["base_currency"],
        quote=row["quote_currency"],
        kind=Kind.PERPETUAL,
        tick=exact(prices["tick_size"]),
        lot=exact(lots["qty_step"]),
        min_qty=exact(lots["min_trading_qty"]),
        max_qty=exact(lots["max_trading_qty"]),
        max_price=exact(prices["max_price"]),
        fees=(FeeRate(at_ms, float(row["maker_fee"]), float(row["taker_fee"])),),
        tags=() if status == "Trading" else (f"status:{status}",),
    )


def read_kraken(pairs: dict[str, Any], venue: str | None, at_ms: int | None) -> Metadata:
    """Read AssetPairs; the symbol is the wsname with today's asset names (XBT/USD is BTC/USD).

    The fee is the first step of the schedule, for the smallest volume.
    """
    found = Metadata(venue or "KRAKEN", at_ms=at_ms)
    for name, row in pairs.items():
        if name.endswith(".d"):
            found.skipped[name] = "dark pool"
            continue
        try:
            found.add(_kraken(row, found.venue, at_ms))
        except (KeyError, IndexError, DataError) as error:
            found.skipped[name] = f"incomplete: {error}"
    return found


def _kraken(row: dict[str, Any], venue: str, at_ms: int | None) -> Instrument:
    base, quote = (_KRAKEN_NAMES.get(part, part) for part in row["wsname"].split("/"))
    tick = exact(row.get("tick_size") or Decimal(1).scaleb(-int(row["pair_decimals"])))
    maker = row.get("fees_maker") or row["fees"]
    rate = FeeRate(at_ms or 0, float(maker[0][1]) / _PERCENT, float(row["fees"][0][1]) / _PERCENT)
    return Instrument(
        venue=venue,
        symbol=f"{base}/{quote}",
        base=base,
        quote=quote,
        tick=tick,
        lot=Decimal(1).scaleb(-int(row["lot_decimals"])),
        min_qty=exact(row["ordermin"]),
        min_notional=exact(row.get("costmin") or 0),
        max_price=tick * PRICE_TICKS,
        fees=(rate,),
    )


def read_coinbase(rows: list[dict[str, Any]], venue: str | None, at_ms: int | None) -> Metadata:
    """Read products; newer answers state no sizes but the smallest order value."""
    found = Metadata(venue or "COINBASE", at_ms=at_ms)
    for row in rows:
        try:
            found.add(_coinbase(row, found.venue))
        except (KeyError, DataError) as error:
            found.skipped[str(row.get("id"))] = f"incomplete: {error}"
    return found


def _coinbase(row: dict[str, Any], venue: str) -> Instrument:
    tick = exact(row["quote_increment"])
    status = row["status"]
    return Instrument(
        venue=venue,
        symbol=row["id"],
        base=row["base_currency"],
        quote=row["quote_currency"],
        tick=tick,
        lot=exact(row["base_increment"]),
        min_qty=exact(row.get("base_min_size") or 0),
        max_qty=exact(row.get("base_max_size") or 0),
        min_notional=exact(row.get("min_market_funds") or 0),
        max_price=tick * PRICE_TICKS,
        tags=() if status == "online" else (f"status:{status}",),
    )
