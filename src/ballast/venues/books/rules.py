"""How each venue links the updates of a book, and what else it lets us check.

    RANGE  spot Binance: an update holds the changes `first_id` to `last_id`, the next begins at
           `last_id + 1`
    CHAIN  Binance futures, OKX, Deribit: an update names the one before it (`prev_id`)
    COUNT  Bybit: `last_id` grows by one
    NONE   Kraken (checksum), Coinbase (frames of the connection are counted), Hyperliquid (whole
           books only)

Binance sends no whole book on the stream: updates are kept until a snapshot of the REST interface
has come (`buffers`), and the first one used must overlap it. The others send the snapshot first.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ballast.core.errors import DataError, suggest
from ballast.venues.books.checksum import kraken_checksum, okx_checksum

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.core.marketdata import Grid
    from ballast.venues.books.book import Book


class Link(StrEnum):
    """How an update says what it follows."""

    RANGE = "range"
    CHAIN = "chain"
    COUNT = "count"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Rules:
    """The protocol of a book. `depths`: levels leave the book at the first depth that holds them.

    `counts_frames`: the messages of a connection are numbered, whatever they hold.
    """

    link: Link
    buffers: bool = False
    checksum: Callable[[Book, Grid], int] | None = None
    depths: tuple[int, ...] = ()
    counts_frames: bool = False

    def depth_for(self, stated: int, levels: int) -> int:
        """Return how many levels a side to keep, 0 for all, of a snapshot of `levels`."""
        if not self.depths:
            return 0
        return stated or next((depth for depth in self.depths if depth >= levels), 0)


_BYBIT = Rules(Link.COUNT)
_OKX = Rules(Link.CHAIN, checksum=okx_checksum)
_FUTURES = Rules(Link.CHAIN, buffers=True)
RULES: dict[str, Rules] = {
    "BINANCE": Rules(Link.RANGE, buffers=True),
    "BINANCEUSDM": _FUTURES,
    "BINANCECOINM": _FUTURES,
    "BYBIT": _BYBIT,
    "BYBITLINEAR": _BYBIT,
    "BYBITINVERSE": _BYBIT,
    "OKX": _OKX,
    "OKXSWAP": _OKX,
    "KRAKEN": Rules(Link.NONE, checksum=kraken_checksum, depths=(10, 25, 100, 500, 1_000)),
    "COINBASE": Rules(Link.NONE, counts_frames=True),
    "HYPERLIQUID": Rules(Link.NONE),
    "DERIBIT": Rules(Link.CHAIN),
}


def rules_of(venue: str) -> Rules:
    """Return the rules of a venue; raise `DataError` if they are not known."""
    rules = RULES.get(venue.strip().upper())
    if rules is None:
        raise DataError(
            f"how '{venue}' links the updates of a book is not known",
            expected="one of " + ", ".join(RULES),
            fix=suggest(venue.upper(), RULES),
        )
    return rules
