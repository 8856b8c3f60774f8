"""Recorded messages of real venues, and a grid fine enough for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec
import zstandard

from ballast.core.marketdata import BookUpdate, Control, Event, Grid
from tests.data import SHARED

FINE = Grid(Decimal("1e-9"), Decimal("1e-8"))

SESSIONS = {
    "binance-coinm-2021": "BINANCECOINM",
    "binance-spot-2021": "BINANCE",
    "binance-usdm-2021": "BINANCEUSDM",
    "bybit-v2-linear-2021": "BYBITLINEAR",
    "coinbase-2021": "COINBASE",
    "deribit-2021": "DERIBIT",
    "kraken-spot-book-2021": "KRAKEN",
    "kraken-spot-trade-2021": "KRAKEN",
    "okx-2022": "OKX",
}
FIXTURES = {
    "binance.jsonl": "BINANCE",
    "bybit.jsonl": "BYBIT",
    "coinbase.jsonl": "COINBASE",
    "deribit.jsonl": "DERIBIT",
    "hyperliquid.jsonl.zst": "HYPERLIQUID",
    "kraken.jsonl.zst": "KRAKEN",
    "okx.jsonl": "OKX",
}
PAIRED = {
    "okex-swap": "OKXSWAP",
    "binance-futures": "BINANCEUSDM",
    "coinbase": "COINBASE",
    "kraken": "KRAKEN",
    "bybit": "BYBITLINEAR",
    "hyperliquid": "HYPERLIQUID",
    "deribit": "DERIBIT",
}


class AnySymbol(Mapping[str, Grid]):
    """The same grid for every symbol."""

    def __init__(self, grid: Grid = FINE) -> None:
        self._grid = grid

    def __getitem__(self, _: str) -> Grid:
        return self._grid

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


@cache
def lines_of(name: str) -> list[bytes]:
    """Return the lines of a file of the shared data."""
    data = (SHARED / name).read_bytes()
    if name.endswith(".zst"):
        data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
    return data.splitlines()


def documents_of(name: str) -> list[Any]:
    """Return the JSON documents of a file, one a line."""
    return [msgspec.json.decode(line) for line in lines_of(name)]


def session(name: str) -> list[tuple[bytes, str]]:
    """Return the messages received in a recorded session, with the symbol their address names."""
    found = []
    for record in documents_of(f"api/{name}.jsonl.zst"):
        if record["dir"] in {"in", "http"}:
            _, _, rest = record["url"].partition("symbol=")
            found.append((record["text"].encode(), rest.partition("&")[0]))
    return found


def kinds_of(events: list[Event]) -> list[str]:
    """Name what events are: `BookUpdate`, `Snapshot`, `Trade`, `error` ..."""
    return [
        event.word.value
        if isinstance(event, Control)
        else "Snapshot"
        if isinstance(event, BookUpdate) and event.is_snapshot
        else type(event).__name__
        for event in events
    ]
