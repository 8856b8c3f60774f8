"""Order books of files: every shape, what each says of itself, and the raw book as the judge."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zstandard
from tests.data import SHARED, needs_data

from ballast.core.errors import DataError, UserError
from ballast.core.time import parse_ms
from ballast.store.depth import walk
from ballast.store.importers.books import read_books, read_ladders

if TYPE_CHECKING:
    from pathlib import Path

PAIRS = {"bids": [["99", "1"], ["98", "3"]], "asks": [["101", "2"], ["102", "1"]]}
TAKEN_MS = 1_700_000_000_000
FUTURES = {"lastUpdateId": 1, "E": TAKEN_MS + 9, "T": TAKEN_MS, **PAIRS}
OKX = {"code": "0", "msg": "", "data": [{**PAIRS, "ts": str(TAKEN_MS)}]}
BYBIT = {
    "retCode": 0,
    "result": {"s": "BTCUSDT", "b": PAIRS["bids"], "a": PAIRS["asks"], "ts": TAKEN_MS},
}
KRAKEN = {
    "error": [],
    "result": {
        "XBTUSDT": {
            "bids": [["99", "1", 1_699_999_000], ["98", "3", 1_700_000_000]],
            "asks": [["101", "2", 1_699_999_999], ["102", "1", 5]],
        }
    },
}
KRAKEN_FUTURES = {
    "result": "success",
    "serverTime": "2023-11-14T22:13:20.000Z",
    "orderBook": {"bids": [[99, 1], [98, 3]], "asks": [[101, 2], [102, 1]]},
}


def saved(folder: Path, content: object, name: str = "book.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def ladders(path: Path, symbol: str = "BTCUSDT", **more: Any) -> dict[int, list[Any]]:
    chosen = {"venue": "V", "levels": 20, **more}
    return {
        at_ms: one.tolist() for at_ms, one in read_ladders(path, symbol=symbol, **chosen).items()
    }


@pytest.mark.parametrize("answer", [FUTURES, OKX, BYBIT, KRAKEN, KRAKEN_FUTURES])
def test_answers_of_exchanges_are_one_book(tmp_path: Path, answer: dict[str, Any]) -> None:
    """R-DATA-11."""
    (found,) = read_books(saved(tmp_path, answer))
    assert found.at_ms == TAKEN_MS
    assert found.bids.tolist() == [[99.0, 1.0], [98.0, 3.0]]
    assert found.asks.tolist() == [[101.0, 2.0], [102.0, 1.0]]
    (rungs,) = ladders(saved(tmp_path, answer)).values()
    assert rungs[0] == pytest.approx((0.01, 100.0))


def test_a_book_without_a_time_needs_one(tmp_path: Path) -> None:
    """Spot answers of Binance carry an id and no time."""
    spot = saved(tmp_path, {"lastUpdateId": 1, **PAIRS})
    with pytest.raises(DataError, match="does not say when it was taken; give --at"):
        ladders(spot)
    assert list(ladders(spot, at_ms=77)) == [77]


def test_a_recorded_stream_gives_its_books_and_nothing_else(tmp_path: Path) -> None:
    """The time of receipt, in nanoseconds, dates a book that has no time."""
    delta = {"e": "depthUpdate", "u": 5, "b": [["99", "0"]], "a": []}
    lines = [
        f"1700000000000999999 {json.dumps(delta)}",
        f"1700000001000999999 {json.dumps({'lastUpdateId': 1, **PAIRS})}",
        f"1700000009000999999 {json.dumps(FUTURES)}",
    ]
    path = saved(tmp_path, "\n".join(lines), "stream.txt")
    assert list(ladders(path)) == [TAKEN_MS + 1_000, TAKEN_MS]
    with pytest.raises(DataError, match="2 books in one file cannot all be of 1970"):
        ladders(path, at_ms=0)


def test_a_t_depth_file_is_split_by_time(tmp_path: Path) -> None:
    head = "symbol,timestamp,first_update_id,last_update_id,side,update_type,price,qty,pu"
    rows = [
        f"BTCUSDT,{at_ms},1,1,{side},{kind},{price},{size},-1"
        for at_ms in (TAKEN_MS, TAKEN_MS + 5)
        for kind in ("snap", "set")
        for side, price, size in (("b", 99, 1), ("a", 101, 2), ("b", 98, 3), ("a", 102, 1))
    ]
    found = ladders(saved(tmp_path, "\n".join([head, *rows]), "book.csv"))
    assert list(found) == [TAKEN_MS, TAKEN_MS + 5]
    assert found[TAKEN_MS][0] == pytest.approx((0.01, 100.0))
    only_updates = "\n".join([head, rows[4], rows[5]])
    with pytest.raises(DataError, match="no order book snapshot in this file"):
        ladders(saved(tmp_path, only_updates, "book.csv"))


def test_contracts_are_turned_into_base_units(tmp_path: Path) -> None:
    """OKX counts swaps in contracts and its answer does not say so."""
    path = saved(tmp_path, OKX)
    (spot,) = ladders(path, "BTC-USDT").values()
    for symbol, venue in (("BTC-USDT-SWAP", "OKX"), ("BTC/USDT:USDT", "V"), ("BTCUSDT", "OKXSWAP")):
        with pytest.raises(DataError, match="the quantities are contracts; give --contract"):
            ladders(path, symbol, venue=venue)
        (swap,) = ladders(path, symbol, venue=venue, contract=0.01).values()
        assert [slip for slip, _ in swap] == [slip for slip, _ in spot]
        assert [size for _, size in swap] == pytest.approx([size / 100 for _, size in spot])
    with pytest.raises(UserError, match="a contract of 0 base units"):
        ladders(path, "BTC-USDT-SWAP", contract=0.0)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no order book snapshot"),
        ("[1, 2]", "no order book snapshot"),
        ({"code": 1, "data": [1, {"a": 2}]}, "no order book snapshot"),
        ({"type": "snapshot", "data": {}}, "no order book snapshot"),
        ("time,price\n1,2\n", "no order book snapshot"),
        ("symbol,price\nA,2\n", "no order book snapshot"),
        ({"topic": "orderbook.500.X", "type": "delta", "data": {"s": "X"}}, "no order book"),
        ({"lastUpdateId": 1, "bids": []}, "the order book is damaged: KeyError 'asks'"),
        ({**FUTURES, "bids": [["x", "1"]]}, "the order book is damaged: ValueError"),
        ({**FUTURES, "bids": []}, "the book has no bids"),
        ({**FUTURES, "bids": [["105", "1"]]}, "book.json: the book is crossed"),
        ({**FUTURES, "pair": "BTCUSD", "symbol": "BTCUSDT"}, "an inverse contract"),
        ({**FUTURES, "symbol": "ETHUSDT"}, "a book of ETHUSDT, not of BTCUSDT"),
        ('5 {"lastUpdateId": 1, "bids"', "line 1: not JSON"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(
    tmp_path: Path, content: object, said: str
) -> None:
    with pytest.raises(DataError, match=said) as caught:
        ladders(saved(tmp_path, content))
    assert "\n" not in caught.value.line()


def test_inverse_perpetuals_of_bybit_are_refused(tmp_path: Path) -> None:
    inverse = {"result": {**BYBIT["result"], "s": "BTCUSD"}}  # type: ignore[dict-item]
    with pytest.raises(DataError, match="an inverse contract"):
        ladders(saved(tmp_path, inverse), "BTCUSD")


def lines_of(name: str) -> list[bytes]:
    with (SHARED / name).open("rb") as file:
        return zstandard.ZstdDecompressor().stream_reader(file).read().splitlines()


def paid(levels: list[list[str]], quantity: float) -> float:
    """The quote units that `quantity` base units fetch or cost, level by level."""
    total = 0.0
    for price, size in levels:
        take = min(quantity, float(size))
        total += take * float(price)
        quantity -= take
    assert quantity <= 1e-9, "beyond the book"
    return total


@needs_data
@pytest.mark.parametrize("levels", [20, 1_000])
@pytest.mark.parametrize("market", ["spot", "usdm"])
def test_walking_the_ladder_is_walking_the_recorded_book(market: str, levels: int) -> None:
    """R-COST-14: for orders within the levels, to 1e-9 of the price."""
    name = f"l2/binance-{market}_btcusdt_20240808.txt.zst"
    ((at_ms, rungs),) = read_ladders(
        SHARED / name, venue="BINANCE", symbol="BTCUSDT", levels=levels
    ).items()
    assert abs(at_ms - parse_ms("2024-08-08T23:54:15")) < 2_000
    (line,) = [line for line in lines_of(name) if b"lastUpdateId" in line]
    book = json.loads(line.partition(b" ")[2])
    bids, asks = book["bids"][:levels], book["asks"][:levels]
    mid = (float(bids[0][0]) + float(asks[0][0])) / 2.0
    most = min(sum(float(size) for _, size in side) for side in (bids, asks))
    assert np.diff(rungs["slip"]).min() >= 0.0
    for quantity in np.geomspace(1e-3, most, 40):
        buying = paid(asks, quantity) / (quantity * mid) - 1.0
        selling = 1.0 - paid(bids, quantity) / (quantity * mid)
        assert walk(rungs, quantity * mid) == pytest.approx((buying + selling) / 2, abs=1e-9)


@needs_data
def test_recorded_answers_of_exchanges_are_read(tmp_path: Path) -> None:
    """The fixtures are what the venues document or sent."""
    wanted = {
        "http_spot_market_depth": (None, 60_650.0, 60_650.01),
        "http_futures_market_depth": (1_589_436_922_959, 4.0, 4.000002),
        "http_get_orderbook": (1_709_891_679_000, 27_450.5, 27_451.0),
        "http_get_order_book": (1_704_067_200_000, 41_006.7, 41_006.8),
        "http_order_book": (1_762_820_249_000, 105_944.2, 105_944.3),
        "http_futures_orderbook": (parse_ms("2025-07-11T12:00"), 105_900.0, 105_950.0),
    }
    lines = lines_of("api/fixtures/kraken.jsonl.zst")
    for venue in ("binance", "bybit", "okx"):
        lines += (SHARED / f"api/fixtures/{venue}.jsonl").read_bytes().splitlines()
    seen = {}
    for line in lines:
        record = json.loads(line)
        if record["name"] in wanted:
            (book,) = read_books(saved(tmp_path, record["payload"]))
            best = float(book.bids[:, 0].max()), float(book.asks[:, 0].min())
            seen[record["name"]] = (book.at_ms, *best)
    assert seen == wanted


@needs_data
def test_recordings_without_a_usable_book_say_why() -> None:
    bybit = SHARED / "l2/bybit-linear-xrpusdt-ob500-2024-12-01.jsonl.zst"
    (one,) = read_books(bybit)
    assert (one.symbol, one.at_ms, len(one.bids)) == ("XRPUSDT", 1_733_011_200_691, 500)
    for name, said in (
        ("formats/binance-btcusdt-depth-snap.csv", "the book has no asks"),
        ("formats/binance-btcusdt-depth-update.csv", "no order book snapshot"),
        ("l2/binance-spot_btcusdt_20240809.txt.zst", "no order book snapshot"),
    ):
        with pytest.raises(DataError, match=said):
            ladders(SHARED / name)
    with pytest.raises(DataError, match="an inverse contract"):
        ladders(SHARED / "l2/binance-cm_btcusd_perp_20240808.txt.zst", "BTCUSD_PERP")
