"""Names of venues and symbols: as folders, and as the many spellings of one market.

A symbol is kept as its user wrote it (`BTCUSDT`, `BTC/USDT:USDT`, `kPEPE`). As a folder every
character outside a safe set is percent-encoded, which reads back exactly; so is what Windows does
not take: a name of a device (`AUX`), a dot at the end. Looking up is forgiving:
`BTCUSDT` finds `BTC/USDT`, but never silently one of two candidates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from ballast.core.errors import DataError, suggest

if TYPE_CHECKING:
    from collections.abc import Sequence

MARK_SUFFIX = ".mark"
"""`BTCUSDT.mark` names the mark price candles of `BTCUSDT`."""
LONGEST = 100  # encoded; file systems stop at 255 bytes, symbols of real venues at about 40
_DEVICES = {"con", "prn", "aux", "nul"} | {
    f"{one}{digit}" for one in ("com", "lpt") for digit in range(1, 10)
}
_SEPARATORS = str.maketrans("", "", "/-_ ")


def venue_name(venue: str) -> str:
    """Return the one spelling of a venue: upper case."""
    clean = venue.strip().upper()
    if not clean:
        raise DataError("the venue is empty", fix="name the exchange, for example BINANCE")
    return clean


def folder_name(name: str) -> str:
    """Encode a venue or symbol as a folder name; `folder_text` reads it back."""
    encoded = quote(name, safe="", errors="replace")
    if encoded.startswith("."):
        encoded = "%2E" + encoded[1:]
    if encoded.endswith("."):
        encoded = encoded[:-1] + "%2E"
    if is_device(encoded):
        encoded = f"%{ord(encoded[0]):02X}{encoded[1:]}"
    if not encoded or len(encoded) > LONGEST:
        raise DataError(f"'{name}' cannot name a market", expected=f"1 to {LONGEST} characters")
    return encoded


def is_device(name: str) -> bool:
    """Whether a name is that of a device on Windows, which no file can have, with any ending."""
    return name.partition(".")[0].lower() in _DEVICES


def folder_text(name: str) -> str:
    """Decode a folder name."""
    return unquote(name)


def market_key(symbol: str) -> tuple[str, str]:
    """Return (letters of the pair, settlement): equal for all spellings of one market.

    The expiry of a dated contract (`BTC/USDT:USDT-260327`) belongs to the letters: it is no
    spelling of the perpetual.
    """
    body, mark, _ = symbol.partition(MARK_SUFFIX)
    pair, _, settle = body.partition(":")
    settle, _, expiry = settle.partition("-")
    if pair.upper().endswith("-SWAP"):
        pair, settle = pair[: -len("-SWAP")], settle or "SWAP"
    return pair.upper().translate(_SEPARATORS) + expiry + mark, settle.upper()


def same_market(symbol: str, known: Sequence[str]) -> str | None:
    """Return the known spelling of exactly this market, or None."""
    if symbol in known:
        return symbol
    key = market_key(symbol)
    found = [name for name in known if market_key(name) == key]
    return found[0] if len(found) == 1 else None


def meant_symbol(symbol: str, known: Sequence[str], *, where: str = "") -> str | None:
    """Return the known spelling that `symbol` means, None if there is none.

    Raise `DataError` if several are meant and none is it exactly.
    """
    exact = same_market(symbol, known)
    if exact is not None:
        return exact
    letters = market_key(symbol)[0]
    found = [name for name in known if market_key(name)[0] == letters]
    if len(found) > 1:
        raise DataError(
            f"'{symbol}' may mean {' or '.join(sorted(found))}", where=where, fix="write it in full"
        )
    return found[0] if found else None


def find_symbol(symbol: str, known: Sequence[str], *, where: str) -> str:
    """Return the known spelling that `symbol` means; raise `DataError` if there is none."""
    found = meant_symbol(symbol, known, where=where)
    if found is None:
        raise DataError(
            f"no data for the symbol '{symbol}'",
            where=where,
            fix=suggest(symbol, known) or "`ballast data list` shows what is there",
        )
    return found
