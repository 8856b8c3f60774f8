"""Rules: instruments of OKX as markets of ours.

Sizes of a swap are contracts of `ctVal * ctMult` base units; what is here is base units. A spot
market order is limited in dollars (`maxMktAmt`), which is no number of units, so only the limit of
limit orders is taken. OKX states no least notional. Inverse swaps are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.instrument import Kind
from ballast.core.marketdata import Grid
from ballast.venues.clients.market import Market, OffGridError, number
from ballast.venues.clients.okx.words import SPOT, SWAP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LIVE = "live"


def markets_of(rows: Iterable[dict[str, Any]]) -> Iterator[Market]:
    """Yield the markets that are spot, or linear perpetual swaps; a broken one is left out."""
    for row in rows:
        try:
            if row.get("instType") == SPOT:
                yield _spot(row)
            elif row.get("instType") == SWAP and row.get("ctType") == "linear":
                yield _swap(row)
        except (OffGridError, KeyError, ArithmeticError):
            continue


def grids_of(markets: Iterable[Market]) -> dict[str, Grid]:
    """Return the grids by the venue's names, lots in the venue's units, as its frames count."""
    return {one.name: Grid(one.tick, one.lot / one.contract) for one in markets}


def _spot(row: dict[str, Any]) -> Market:
    base, quote = row["baseCcy"], row["quoteCcy"]
    return Market(
        symbol=f"{base}{quote}",
        name=row["instId"],
        base=base,
        quote=quote,
        kind=Kind.SPOT,
        tick=_step(row, "tickSz"),
        lot=_step(row, "lotSz"),
        min_qty=number(row.get("minSz")),
        max_qty=number(row.get("maxLmtSz")),
        is_trading=row["state"] == LIVE,
        status=row["state"],
        listed_ms=_ms(row, "listTime"),
        delists_ms=_ms(row, "expTime"),
    )


def _swap(row: dict[str, Any]) -> Market:
    base, quote = row["ctValCcy"], row["settleCcy"]
    contract = _step(row, "ctVal") * (number(row.get("ctMult")) or 1)
    return Market(
        symbol=f"{base}{quote}",
        name=row["instId"],
        base=base,
        quote=quote,
        kind=Kind.PERPETUAL,
        tick=_step(row, "tickSz"),
        lot=_step(row, "lotSz") * contract,
        contract=contract,
        min_qty=number(row.get("minSz")) * contract,
        max_qty=number(row.get("maxLmtSz")) * contract,
        market_max_qty=number(row.get("maxMktSz")) * contract,
        is_trading=row["state"] == LIVE,
        status=row["state"],
        leverage_max=number(row.get("lever")) or number("1"),
        listed_ms=_ms(row, "listTime"),
        delists_ms=_ms(row, "expTime"),
    )


def _step(row: dict[str, Any], name: str) -> Any:  # noqa: ANN401 - a Decimal
    found = number(row[name])
    if found <= 0:
        raise OffGridError(f"{name} of {row.get('instId')} is {row[name]!r}")
    return found


def _ms(row: dict[str, Any], name: str) -> int | None:
    text = str(row.get(name) or "")
    return int(text) if text.isdigit() else None
