"""Measure what an update of a book costs, from its bytes, beside ccxt on the same recorded frames.

    python bench/bench_books.py [--rounds N] [--data FOLDER]

Ours is `normalise` and `BookBuilder.take`; ccxt's is its JSON parser (orjson) and `handle_message`
of the exchange class with the client's network left out. Both end with the same book, which is
checked. Rounds alternate and CPU time is counted, so a busy machine changes both alike; the best
round of each counts. Then messages a second of the parsers alone. No speed is asserted here.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from time import process_time
from typing import Any

import orjson
import zstandard

from ballast.core.marketdata import BookUpdate, Grid, Side, TheirFault
from ballast.venues.books.builder import BookBuilder
from ballast.venues.books.rules import rules_of
from ballast.venues.normalise.parse import normalise

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
ROUNDS = 3
TOP = 20


@dataclass(frozen=True)
class Load:
    """Recorded frames of one book: what we call it, what ccxt calls it, where its frames are."""

    name: str
    venue: str
    symbol: str
    grid: Grid
    ccxt_id: str
    ccxt_symbol: str
    url: str
    frames: list[bytes]


class Client:
    """What an exchange class of ccxt needs of its client when there is no network."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.subscriptions: dict[str, Any] = {}
        self.futures: dict[str, Any] = {}

    def resolve(self, result: object, message_hash: str) -> object:
        """Wake nobody."""
        del message_hash
        return result

    def reject(self, error: Exception, message_hash: str = "") -> None:
        """Let a failure of ccxt fail the benchmark."""
        raise RuntimeError(message_hash) from error


def capture(folder: Path, name: str, mark: bytes) -> list[bytes]:
    """Return the frames of a Binance capture that hold `mark`, or are the snapshot."""
    data = (
        zstandard.ZstdDecompressor()
        .decompressobj()
        .decompress((folder / f"l2/binance-{name}.txt.zst").read_bytes())
    )
    frames = (line.partition(b" ")[2] for line in data.splitlines())
    return [frame for frame in frames if mark in frame or b'"lastUpdateId"' in frame]


def okx(folder: Path) -> list[bytes]:
    """Return the frames of a book of OKX, with their checksums."""
    data = (
        zstandard.ZstdDecompressor()
        .decompressobj()
        .decompress((folder / "api/okx-2022.jsonl.zst").read_bytes())
    )
    texts = (json.loads(line)["text"] for line in data.splitlines())
    return [
        text.encode()
        for text in texts
        if '"books"' in text and "BTC-USDT" in text and "data" in text
    ]


def loads(folder: Path) -> list[Load]:
    """Return what is measured, each with its snapshot first: older frames are passed over."""
    found = []
    for name, file, venue, symbol, ticks, ccxt_id, ccxt_symbol, url in (
        ("spot BTC", "spot_btcusdt_20240808", "BINANCE", "BTCUSDT", ("0.01", "0.000001"),
         "binance", "BTC/USDT", "wss://stream.binance.com:9443/stream"),
        ("USD-M BTC", "usdm_btcusdt_20240808", "BINANCEUSDM", "BTCUSDT", ("0.1", "0.001"),
         "binanceusdm", "BTC/USDT:USDT", "wss://fstream.binance.com/ws"),
        ("COIN-M BTC", "cm_btcusd_perp_20240808", "BINANCECOINM", "BTCUSD_PERP", ("0.1", "1"),
         "binancecoinm", "BTC/USD:BTC", "wss://dstream.binance.com/ws"),
    ):  # fmt: skip
        frames = capture(folder, file, b'"depthUpdate"')
        frames.sort(key=lambda frame: b'"lastUpdateId"' not in frame)  # stable: the snapshot first
        grid = Grid(*map(Decimal, ticks))
        found.append(Load(name, venue, symbol, grid, ccxt_id, ccxt_symbol, url, frames))
    grid = Grid(Decimal("0.1"), Decimal("1e-8"))
    url = "wss://ws.okx.com:8443/ws/v5/public"
    found.append(
        Load("OKX BTC, checksums", "OKX", "BTC-USDT", grid, "okx", "BTC/USDT", url, okx(folder))
    )
    return found


def ours(load: Load) -> tuple[float, float, BookBuilder]:
    """Return CPU seconds of all frames, of the parser alone, and the builder at the end."""
    grids = {load.symbol: load.grid}
    builder = BookBuilder(rules_of(load.venue), load.grid)
    start = process_time()
    for frame in load.frames:
        events = normalise(load.venue, frame, grids, load.symbol)
        assert not isinstance(events, TheirFault), events
        for event in events:
            if type(event) is BookUpdate:
                builder.take(event)
    whole = process_time() - start
    start = process_time()
    for frame in load.frames:
        normalise(load.venue, frame, grids, load.symbol)
    return whole, process_time() - start, builder


def theirs(load: Load) -> tuple[float, dict[str, Any]]:
    """Return CPU seconds of all frames after the snapshot, and ccxt's book at the end."""
    import ccxt.pro  # noqa: PLC0415 - a second of imports, only here

    exchange = getattr(ccxt.pro, load.ccxt_id)({"newUpdates": True})
    spot = ":" not in load.ccxt_symbol
    market = {
        "id": load.symbol, "symbol": load.ccxt_symbol, "base": "BTC", "quote": "USDT",
        "baseId": "BTC", "quoteId": "USDT", "type": "spot" if spot else "swap", "spot": spot,
        "swap": not spot, "contract": not spot, "linear": not spot, "inverse": False,
        "active": True,
        "precision": {"price": load.grid.tick, "amount": load.grid.lot},
        "limits": {"amount": {}, "price": {}, "cost": {}}, "info": {},
    }  # fmt: skip
    exchange.set_markets([market])
    client = Client(load.url)
    exchange.clients[load.url] = client
    first, frames = load.frames[0], load.frames
    if b'"lastUpdateId"' in first:
        document = orjson.loads(first)
        book = exchange.order_book({}, 1_000_000)
        book.reset(exchange.parse_order_book(document, load.ccxt_symbol))
        book["nonce"] = document["lastUpdateId"]
        book["timestamp"] = None
        exchange.orderbooks[load.ccxt_symbol] = book
        frames = frames[1:]
    start = process_time()
    for frame in frames:
        exchange.handle_message(client, orjson.loads(frame))
    return process_time() - start, exchange.orderbooks[load.ccxt_symbol]


def same(builder: BookBuilder, book: dict[str, Any], grid: Grid) -> bool:
    """Say whether both ended with the same best levels."""
    ours_top = [
        [(float(grid.price_of(int(p))), float(grid.qty_of(int(q)))) for p, q, _ in side.tolist()]
        for side in builder.book.top(TOP)
    ]
    theirs_top = [
        [tuple(map(float, row[:2])) for row in book[side][:TOP]] for side in ("bids", "asks")
    ]
    return ours_top == theirs_top


def parsing(frames: list[bytes]) -> float:
    """Return CPU seconds of the parser alone."""
    grids = {"BTCUSDT": Grid(Decimal("0.1"), Decimal("0.001"))}
    start = process_time()
    for frame in frames:
        normalise("BINANCEUSDM", frame, grids, "BTCUSDT")
    return process_time() - start


def measure(load: Load, rounds: int) -> None:
    """Print one line."""
    ours(load)  # compiles
    mine, parse, peer = [], [], []
    equal = False
    for _ in range(rounds):
        whole, parsing, builder = ours(load)
        seconds, book = theirs(load)
        equal = same(builder, book, load.grid)
        mine.append(whole)
        parse.append(parsing)
        peer.append(seconds)
    count = len(load.frames)
    levels = (builder.book.count(Side.BUY) + builder.book.count(Side.SELL)) // 2
    size = sum(map(len, load.frames)) // count
    us = [1e6 * min(each) / count for each in (mine, parse, peer)]
    print(
        f"{load.name:<20} {count:>7,} {size:>7,} {levels:>7,} {us[0]:>9.2f} {us[1]:>9.2f} "
        f"{us[2]:>9.2f} {us[2] / us[0]:>7.1f}x  {'yes' if equal else 'NO'}"
    )


def main() -> int:
    """Measure all loads, then the parsers alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--data", type=Path, default=SHARED)
    args = parser.parse_args()
    if not (args.data / "l2").is_dir():
        print(f"no recorded frames at {args.data}", file=sys.stderr)
        return 2
    print(
        f"{'book':<20} {'updates':>7} {'bytes':>7} {'levels':>7} {'ours us':>9} {'of it':>9} "
        f"{'ccxt us':>9} {'ratio':>8}  same book\n{'parsing':>64}"
    )
    for load in loads(args.data):
        measure(load, args.rounds)
    print(f"\n{'parser alone':<28} {'messages':>9} {'us each':>8} {'messages/s':>11}")
    for kind, mark in (
        ("trades", b"@trade"),
        ("best quotes", b"@bookTicker"),
        ("depth", b"@depth"),
    ):
        frames = capture(args.data, "usdm_btcusdt_20240808", mark)
        each = 1e6 * min(parsing(frames) for _ in range(args.rounds)) / len(frames)
        print(f"{'USD-M ' + kind:<28} {len(frames):>9,} {each:>8.2f} {1e6 / each:>11,.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
