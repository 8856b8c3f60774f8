"""Venue names: `BINANCE`, `BINANCEUSDM`, `BYBITLINEAR`, `OKXSWAP`, or any id ccxt knows.

A stored series is named by one word for the venue, and one symbol must mean one market there. Where
a venue lists spot and perpetuals under the same symbol the name says which: `BYBIT` and
`BYBITLINEAR`, `KUCOIN` and `KUCOINSWAP`.
"""

from __future__ import annotations

from dataclasses import dataclass

from ballast.core.errors import DataError, suggest
from ballast.core.instrument import Kind


@dataclass(frozen=True, slots=True)
class VenueName:
    """The name in the store, the class of ccxt, and what is traded there."""

    name: str
    ccxt_id: str
    kind: Kind


_KNOWN = {
    known.name: known
    for known in (
        VenueName("BINANCE", "binance", Kind.SPOT),
        VenueName("BINANCEUSDM", "binanceusdm", Kind.PERPETUAL),
        VenueName("BYBIT", "bybit", Kind.SPOT),
        VenueName("BYBITLINEAR", "bybit", Kind.PERPETUAL),
        VenueName("OKX", "okx", Kind.SPOT),
        VenueName("OKXSWAP", "okx", Kind.PERPETUAL),
        VenueName("HYPERLIQUID", "hyperliquid", Kind.PERPETUAL),
    )
}
_SWAP = "SWAP"


def venue_name(text: str, ccxt_ids: list[str]) -> VenueName:
    """Resolve what a user typed; raise `DataError` with a suggestion.

    The plain id of a venue means its spot markets.
    """
    name = text.strip().upper()
    if name in _KNOWN:
        return _KNOWN[name]
    ids = {ccxt_id.upper(): ccxt_id for ccxt_id in ccxt_ids}
    if name in ids:
        return VenueName(name, ids[name], Kind.SPOT)
    if name.endswith(_SWAP) and name.removesuffix(_SWAP) in ids:
        return VenueName(name, ids[name.removesuffix(_SWAP)], Kind.PERPETUAL)
    raise DataError(
        f"'{text}' is not a venue",
        expected="BINANCE, BINANCEUSDM, BYBIT, BYBITLINEAR, OKX, OKXSWAP or an id ccxt knows",
        fix=suggest(name, [*_KNOWN, *ids]),
    )
