"""Names: how Kraken calls assets, pairs and transactions.

An asset has an old code and a new name: XXBT and XBT for bitcoin, ZUSD and USD for the dollar. A
pair of two old codes is called by both together, others by their new names; v2 streams say BTC/USD.
A transaction has an id of three groups; here it is the number of an order or trade, multiplied so
that neighbours do not look alike, and read back by the inverse.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ballast.venues.simulated.engine.profile import asset_digits, digits_of
from ballast.venues.simulated.fronts.numbers import fixed, ratio, scaled_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ballast.venues.simulated.engine.profile import Listing

OLD_COINS = {
    "BTC": "XXBT", "ETH": "XETH", "LTC": "XLTC", "XRP": "XXRP", "XLM": "XXLM", "ETC": "XETC",
    "XMR": "XXMR", "ZEC": "XZEC", "DOGE": "XXDG",
}  # fmt: skip
OLD_MONEY = {one: f"Z{one}" for one in ("USD", "EUR", "GBP", "CAD", "JPY", "AUD")}
RENAMED = {"BTC": "XBT", "DOGE": "XDG"}
TXID = re.compile(r"[A-Z][A-Z2-7]{5}-[A-Z2-7]{5}-[A-Z2-7]{6}")
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_DIGITS = 16
_SPAN = 1 << 80
_FACTOR = 0x9E37_79B9_7F4A_7C15_F39D
_INVERSE = pow(_FACTOR, -1, _SPAN)
ORDER, TRADE, LEDGER = "O", "T", "L"
"""First letters of ids, by what they are of."""


def code_of(asset: str) -> str:
    """Return the code of an asset in balances: XXBT, ZUSD, USDT."""
    return OLD_COINS.get(asset) or OLD_MONEY.get(asset) or asset


def altname_of(asset: str) -> str:
    """Return the new name of an asset: XBT, USD, USDT."""
    return RENAMED.get(asset, asset)


def txid(letter: str, number: int) -> str:
    """Return the id of a transaction."""
    value = number * _FACTOR % _SPAN
    text = "".join(_ALPHABET[value >> 5 * place & 31] for place in reversed(range(_DIGITS)))
    return f"{letter}{text[:5]}-{text[5:10]}-{text[10:]}"


def number_of(letter: str, text: str) -> int | None:
    """Return the number behind an id, None for a text that is no id of this kind."""
    if not TXID.fullmatch(text) or text[0] != letter:
        return None
    value = 0
    for sign in text[1:].replace("-", ""):
        value = value << 5 | _ALPHABET.index(sign)
    return value * _INVERSE % _SPAN


@dataclass(frozen=True, slots=True)
class Pair:
    """A listing under all its names, and the decimals it is printed with."""

    listing: Listing
    quote_digits: int
    price_digits: int = field(init=False)
    """Decimals of a price."""
    lot_digits: int = field(init=False)
    """Decimals of a volume."""
    _tick: int = field(init=False)
    _lot: int = field(init=False)

    def __post_init__(self) -> None:
        """Reckon the steps once, as whole numbers of the last decimal: books print many."""
        tick, lot = self.listing.tick, self.listing.lot
        for name, step in (("price", tick), ("lot", lot)):
            object.__setattr__(self, f"{name}_digits", digits_of(step))
        object.__setattr__(self, "_tick", int(tick.scaleb(self.price_digits)))
        object.__setattr__(self, "_lot", int(lot.scaleb(self.lot_digits)))

    @property
    def symbol(self) -> str:
        """The name of streams, which is the engine's: BTC/USD."""
        return self.listing.symbol

    @property
    def altname(self) -> str:
        """The new names together: XBTUSD."""
        return altname_of(self.listing.base) + altname_of(self.listing.quote)

    @property
    def key(self) -> str:
        """The name of answers: the old codes where both assets have one (XXBTZUSD)."""
        base, quote = self.listing.base, self.listing.quote
        if base in OLD_COINS and (quote in OLD_MONEY or quote in OLD_COINS):
            return OLD_COINS[base] + code_of(quote)
        return self.altname

    @property
    def wsname(self) -> str:
        """The name of the first streams: XBT/USD."""
        return f"{altname_of(self.listing.base)}/{altname_of(self.listing.quote)}"

    def price(self, ticks: int) -> str:
        """Print a price."""
        return scaled_text(ticks * self._tick, self.price_digits)

    def volume(self, lots: int) -> str:
        """Print a volume."""
        return scaled_text(lots * self._lot, self.lot_digits)

    def cost(self, value: int) -> str:
        """Print ticks times lots in quote."""
        return fixed(self.listing.tick * self.listing.lot * value, self.quote_digits)

    def average(self, value: int, lots: int) -> str:
        """Print the average price of so many lots."""
        return ratio(value, lots, self.listing.tick, self.price_digits)


class Pairs:
    """All pairs of a venue, found by any of their names."""

    def __init__(self, listings: Mapping[str, Listing]) -> None:
        """Name these listings."""
        self.digits = asset_digits(listings.values())
        self._pairs = {
            symbol: Pair(one, self.digits[one.quote]) for symbol, one in listings.items()
        }
        self._names: dict[str, Pair] = {}
        for one in self._pairs.values():
            joined = one.listing.base + one.listing.quote
            for name in (one.key, one.altname, one.wsname, one.symbol, joined):
                self._names[name] = one

    def __iter__(self) -> Iterator[Pair]:
        """Walk all pairs."""
        return iter(self._pairs.values())

    def of(self, symbol: str) -> Pair:
        """Return the pair of a symbol of the engine."""
        return self._pairs[symbol]

    def get(self, name: str) -> Pair | None:
        """Return the pair of any of its names."""
        return self._names.get(name)

    def streamed(self, name: str) -> Pair | None:
        """Return the pair that streams call so."""
        return self._pairs.get(name)
