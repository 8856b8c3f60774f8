"""The door: bytes of a venue to events, or to a fault of theirs; nothing else, whatever the bytes.

    normalise("BINANCE", b'{"e":"trade",...}', {"BTCUSDT": Grid(tick, lot)})

A protocol serves several venues of the store: `BINANCE`, `BINANCEUSDM` and `BINANCECOINM` speak
one. A message that names no symbol (a REST book of Binance spot or OKX) needs `symbol`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ballast.core.errors import DataError, suggest
from ballast.core.marketdata import Control, TheirFault, Word
from ballast.venues.normalise.binance import parse_binance
from ballast.venues.normalise.bybit import parse_bybit
from ballast.venues.normalise.coinbase import parse_coinbase
from ballast.venues.normalise.deribit import parse_deribit
from ballast.venues.normalise.exact import BrokenError
from ballast.venues.normalise.hyperliquid import parse_hyperliquid
from ballast.venues.normalise.kraken import parse_kraken
from ballast.venues.normalise.market import Market, UnlistedError
from ballast.venues.normalise.okx import parse_okx

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ballast.core.marketdata import Event, Grid

PROTOCOLS: dict[str, Callable[[bytes, Market], list[Event]]] = {
    "BINANCE": parse_binance,
    "BINANCEUSDM": parse_binance,
    "BINANCECOINM": parse_binance,
    "BYBIT": parse_bybit,
    "BYBITLINEAR": parse_bybit,
    "BYBITINVERSE": parse_bybit,
    "OKX": parse_okx,
    "OKXSWAP": parse_okx,
    "KRAKEN": parse_kraken,
    "COINBASE": parse_coinbase,
    "HYPERLIQUID": parse_hyperliquid,
    "DERIBIT": parse_deribit,
}
FRAME_MOST = 64 * 1024 * 1024
"""Bytes of the largest message read; the largest seen, a whole Coinbase book, has about 5 MB."""


def normalise(
    venue: str, frame: bytes, grids: Mapping[str, Grid], symbol: str = ""
) -> list[Event] | TheirFault:
    """Return the events of a message, one or more, in its order; or what is wrong with it.

    Raises `DataError` only for a `venue` without a protocol: our mistake, not theirs.
    """
    protocol = PROTOCOLS.get(venue) or protocol_of(venue)
    if len(frame) > FRAME_MOST:
        return TheirFault("message", f"{len(frame)} bytes")
    try:
        return protocol(frame, Market(grids, symbol))
    except UnlistedError as unlisted:
        return [Control(Word.UNLISTED, unlisted.symbol)]
    except BrokenError as broken:
        return TheirFault(broken.where, broken.why)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return TheirFault("message", str(error))
    except RecursionError:
        return TheirFault("message", "nested too deeply")


def protocol_of(venue: str) -> Callable[[bytes, Market], list[Event]]:
    """Return the parser of a venue; raise `DataError` if its protocol is not known."""
    protocol = PROTOCOLS.get(venue.strip().upper())
    if protocol is None:
        raise DataError(
            f"no protocol of '{venue}' is known",
            expected="one of " + ", ".join(PROTOCOLS),
            fix=suggest(venue.upper(), PROTOCOLS),
        )
    return protocol
