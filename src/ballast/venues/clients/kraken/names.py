"""Names of Kraken: a pair has four, an asset up to three, and ours are the ones of today.

`AssetPairs` tells a pair under its key (XXBTZUSD) with an `altname` (XBTUSD) and a `wsname`
(XBT/USD); streams of version 2 say BTC/USD. Assets are XXBT in balances, XBT in names, BTC in
streams. Ours: BTC, and BTCUSD for the pair.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.instrument import Kind
from ballast.venues.clients.kraken.access import KINDS
from ballast.venues.clients.market import Market, number

if TYPE_CHECKING:
    from collections.abc import Mapping

RENAMED = {"XBT": "BTC", "XDG": "DOGE"}
OLD = {"XXBT": "BTC", "XXDG": "DOGE"} | {
    f"{letter}{name}": name
    for letter, names in (
        ("X", ("ETH", "LTC", "XRP", "XLM", "ETC", "XMR", "ZEC", "REP", "MLN")),
        ("Z", ("USD", "EUR", "GBP", "CAD", "JPY", "AUD")),
    )
    for name in names
}
ONLINE = "online"


def asset_of(code: str) -> str:
    """Return our name of an asset by any of the venue's."""
    return OLD.get(code) or RENAMED.get(code, code)


@dataclass(slots=True)
class Names:
    """The pairs that are traded, by all their names."""

    markets: dict[str, Market] = field(default_factory=dict)
    _symbols: dict[str, str] = field(default_factory=dict)
    _streams: dict[str, str] = field(default_factory=dict)
    _codes: dict[str, str] = field(default_factory=dict)

    def read(self, pairs: Mapping[str, Any]) -> None:
        """Take `AssetPairs` in place of what was known. What is no currency pair is left out."""
        markets: dict[str, Market] = {}
        symbols: dict[str, str] = {}
        for key, row in pairs.items():
            made = _market(key, row)
            if made is None or made.symbol in markets:
                continue
            stream = f"{made.base}/{made.quote}"
            markets[made.symbol] = made
            for name in (key, row["altname"], row["wsname"], stream, made.symbol):
                symbols[name] = made.symbol
            self._streams[made.symbol] = stream
            self._codes[made.base], self._codes[made.quote] = row["base"], row["quote"]
        self.markets.clear()
        self.markets.update(markets)
        self._symbols = symbols

    def find(self, name: str) -> Market | None:
        """Return the market of any of its names."""
        return self.markets.get(self._symbols.get(name, ""))

    def stream(self, symbol: str) -> str:
        """Return what streams call a symbol: BTC/USD."""
        return self._streams[symbol]

    def code(self, asset: str) -> str:
        """Return what questions about balances call an asset of ours: ZUSD."""
        return self._codes.get(asset, asset)


def _market(key: str, row: Mapping[str, Any]) -> Market | None:
    """Return the rules of a pair; None for a dark pool, or for what is not a pair of currencies."""
    if key.endswith(".d") or "/" not in str(row.get("wsname", "")):
        return None
    if {row.get("aclass_base"), row.get("aclass_quote")} != {"currency"}:
        return None
    base, quote = (asset_of(part) for part in row["wsname"].split("/"))
    tick = number(row.get("tick_size")) or Decimal(1).scaleb(-int(row["pair_decimals"]))
    status = str(row.get("status", ONLINE))
    return Market(
        symbol=base + quote,
        name=row["altname"],
        base=base,
        quote=quote,
        kind=Kind.SPOT,
        tick=tick,
        lot=Decimal(1).scaleb(-int(row["lot_decimals"])),
        min_qty=number(row.get("ordermin")),
        min_notional=number(row.get("costmin")),
        is_trading=status == ONLINE,
        status=status,
        kinds=KINDS,
    )
