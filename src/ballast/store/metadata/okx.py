"""OKX: `public/instruments` of spot and swap.

Swap sizes are in contracts of `ctVal` units of the base, so lots and minimum are multiplied by it.
The largest market order of spot (`maxMktSz`) is in USDT and therefore no quantity: none is taken.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ballast.core.errors import DataError
from ballast.core.instrument import Instrument, Kind
from ballast.store.metadata.model import PRICE_TICKS, Metadata, exact

_VENUES = {"SPOT": "OKX", "SWAP": "OKXSWAP"}


def read_okx(rows: list[dict[str, Any]], venue: str | None, at_ms: int | None) -> list[Metadata]:
    """Read instruments; spot and swap are two venues of the store unless one name is given."""
    pages: dict[str, Metadata] = {}
    for row in rows:
        kind = row["instType"]
        name = venue or _VENUES.get(kind, "OKX")
        page = pages.setdefault(name, Metadata(name, at_ms=at_ms))
        if kind not in _VENUES:
            page.skipped[row["instId"]] = f"not spot or perpetual: {kind.lower()}"
        elif kind == "SWAP" and row["ctType"] != "linear":
            page.skipped[row["instId"]] = "inverse contract: settled in the base"
        else:
            try:
                page.add(_spot(row, name) if kind == "SPOT" else _swap(row, name))
            except (KeyError, DataError) as error:
                page.skipped[row["instId"]] = f"incomplete: {error}"
    return list(pages.values())


def _spot(row: dict[str, Any], venue: str) -> Instrument:
    tick = exact(row["tickSz"])
    return Instrument(
        venue=venue,
        symbol=row["instId"],
        base=row["baseCcy"],
        quote=row["quoteCcy"],
        tick=tick,
        lot=exact(row["lotSz"]),
        min_qty=exact(row["minSz"]),
        max_price=tick * PRICE_TICKS,
        listed_ms=int(row["listTime"]) if row.get("listTime") else None,
        tags=_tags(row),
    )


def _swap(row: dict[str, Any], venue: str) -> Instrument:
    tick, contract = exact(row["tickSz"]), exact(row["ctVal"]) * exact(row.get("ctMult") or 1)
    base, _, quote = row["uly"].partition("-")
    return Instrument(
        venue=venue,
        symbol=row["instId"],
        base=base,
        quote=quote,
        kind=Kind.PERPETUAL,
        tick=tick,
        lot=exact(exact(row["lotSz"]) * contract),
        min_qty=exact(exact(row["minSz"]) * contract),
        max_qty=exact(exact(row.get("maxMktSz") or Decimal(0)) * contract),
        max_price=tick * PRICE_TICKS,
        listed_ms=int(row["listTime"]) if row.get("listTime") else None,
        tags=_tags(row),
    )


def _tags(row: dict[str, Any]) -> tuple[str, ...]:
    return () if row["state"] == "live" else (f"status:{row['state']}",)
