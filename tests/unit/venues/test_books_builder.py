"""The builder: every way a book becomes live, and every way it is lost."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from ballast.core.errors import DataError
from ballast.core.marketdata import FORM_SHIFT, NONE, BookUpdate, Grid, Levels, Side
from ballast.venues.books import builder as builder_module
from ballast.venues.books.book import ROOM_FIRST, Book, Level, Taken
from ballast.venues.books.builder import BookBuilder, Cause, State, Step
from ballast.venues.books.checksum import kraken_checksum, okx_checksum
from ballast.venues.books.levels import sorted_side
from ballast.venues.books.rules import rules_of

GRID = Grid(Decimal("0.1"), Decimal("0.001"))
BIDS = [(99, 5), (98, 3)]
ASKS = [(101, 4), (103, 2)]


def levels(rows: list[tuple[int, int]]) -> Levels:
    return np.array([(price, qty, 0) for price, qty in rows], np.int64).reshape(-1, 3)


def snapshot(last: int = NONE, *, bids: object = None, asks: object = None) -> BookUpdate:
    return BookUpdate(
        "X",
        0,
        is_snapshot=True,
        bids=levels(BIDS if bids is None else bids),  # type: ignore[arg-type]  # rows of a table
        asks=levels(ASKS if asks is None else asks),  # type: ignore[arg-type]  # rows of a table
        last_id=last,
    )


def change(first: int, last: int, prev: int = NONE, *, qty: int = 7, price: int = 99) -> BookUpdate:
    bids = levels([(price, qty)])
    return BookUpdate("X", 0, False, bids, levels([]), first, last, prev)


def build(venue: str) -> BookBuilder:
    return BookBuilder(rules_of(venue), GRID)


# venue, updates in order, what each does, the state at the end, the best bid's lots
STORIES = [
    ("BINANCE", [change(1, 4), change(5, 9), snapshot(4), change(10, 12)],
     ["waiting", "waiting", "loaded", "applied"], State.LIVE, 7),
    ("BINANCE", [change(1, 4), snapshot(9), change(5, 9), change(8, 12)],
     ["waiting", "loaded", "stale", "applied"], State.LIVE, 7),
    ("BINANCE", [change(8, 9), snapshot(5)], ["waiting", "lost"], State.GAP, None),
    ("BINANCE", [change(8, 9), snapshot(5), snapshot(8), change(10, 11)],
     ["waiting", "lost", "loaded", "applied"], State.LIVE, 7),
    ("BINANCE", [snapshot(5), change(6, 7), change(9, 9), change(10, 10), snapshot(8)],
     ["loaded", "applied", "lost", "waiting", "loaded"], State.LIVE, 7),
    ("BINANCE", [snapshot(5), change(6, 7), change(6, 7), snapshot(6)],
     ["loaded", "applied", "stale", "stale"], State.LIVE, 7),
    ("BINANCE", [snapshot(5), change(7, 8)], ["loaded", "lost"], State.GAP, None),
    ("BINANCEUSDM", [change(10, 20, 9), change(25, 30, 20), snapshot(15), change(40, 44, 30)],
     ["waiting", "waiting", "loaded", "applied"], State.LIVE, 7),
    ("BINANCEUSDM", [change(25, 30, 20), snapshot(22)], ["waiting", "loaded"], State.LIVE, 7),
    ("BINANCEUSDM", [change(25, 30, 20), snapshot(19)], ["waiting", "lost"], State.GAP, None),
    ("BINANCEUSDM", [snapshot(9), change(10, 20, 9), change(10, 20, 9), change(31, 40, 30)],
     ["loaded", "applied", "stale", "lost"], State.GAP, None),
    ("BYBIT", [change(5, 5), snapshot(7), change(8, 8), change(8, 8), change(9, 9)],
     ["waiting", "loaded", "applied", "stale", "applied"], State.LIVE, 7),
    ("BYBIT", [snapshot(7), change(9, 9), change(10, 10), snapshot(1), change(2, 2)],
     ["loaded", "lost", "waiting", "loaded", "applied"], State.LIVE, 7),
    ("OKX", [snapshot(7), change(NONE, 9, 7), change(NONE, 9, 9), change(NONE, 3, 9)],
     ["loaded", "applied", "applied", "applied"], State.LIVE, 7),
    ("OKX", [snapshot(7), change(NONE, 9, 7), change(NONE, 9, 7)],
     ["loaded", "applied", "stale"], State.LIVE, 7),
    ("OKX", [snapshot(7), change(NONE, 9, 8)], ["loaded", "lost"], State.GAP, None),
    ("DERIBIT", [snapshot(7), change(NONE, 9, 7), change(NONE, 11, 10)],
     ["loaded", "applied", "lost"], State.GAP, None),
    ("COINBASE", [change(NONE, NONE), snapshot(), change(NONE, NONE)],
     ["waiting", "loaded", "applied"], State.LIVE, 7),
    ("HYPERLIQUID", [snapshot(), snapshot()], ["loaded", "loaded"], State.LIVE, 5),
]  # fmt: skip


@pytest.mark.parametrize(("venue", "updates", "steps", "state", "lots"), STORIES)
def test_updates_are_linked_by_the_rules_of_the_venue(
    venue: str, updates: list[BookUpdate], steps: list[str], state: State, lots: int | None
) -> None:
    """R-DATA-11, and what ccxt does not do: Bybit's gaps are seen (exchanges.md 6.3)."""
    built = build(venue)
    assert [str(built.take(update)) for update in updates] == steps
    assert built.state is state
    best = built.book.best_bid
    assert (best and best.qty_lots) == lots
    if state is State.GAP:
        assert built.cause in {Cause.SEQUENCE, Cause.OLD_SNAPSHOT}
        assert built.reason
        assert built.book.count(Side.SELL) == 0, "a gap shows no levels"


@pytest.mark.parametrize("venue", ["BINANCE", "BYBIT", "OKX", "COINBASE"])
def test_a_crossed_book_is_a_gap(venue: str) -> None:
    built = build(venue)
    built.take(snapshot(5))
    assert built.take(change(6, 6, 5, price=101)) is Step.LOST
    assert built.cause is Cause.CROSSED
    assert build(venue).take(snapshot(5, bids=[(101, 1)])) is Step.LOST


def test_a_loss_told_from_outside_waits_for_the_next_snapshot() -> None:
    built = build("COINBASE")
    assert built.lose("nothing was there to lose") is Step.WAITING
    built.take(snapshot())
    assert built.lose("frames 5 to 7 are missing") is Step.LOST
    assert (built.state, built.cause) == (State.GAP, Cause.OUTSIDE)
    assert built.take(change(NONE, NONE)) is Step.WAITING
    assert built.take(snapshot()) is Step.LOADED


def test_what_waits_for_a_snapshot_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder_module, "BUFFER_MOST", 3)
    built = build("BINANCE")
    assert [built.take(change(n, n)) for n in range(1, 4)] == [Step.WAITING] * 3
    assert built.take(change(4, 4)) is Step.LOST
    assert built.cause is Cause.TOO_MANY
    assert built.take(snapshot(3)) is Step.LOADED


def test_kraken_keeps_the_depth_it_subscribed_to() -> None:
    """A level that leaves the depth is not deleted by the venue: who keeps the book cuts it."""
    built = build("KRAKEN")
    first = snapshot(bids=[(90 - n, 1) for n in range(10)])
    built.take(first)
    assert built.book.depth == 10
    built.take(change(NONE, NONE, price=95))
    assert built.book.count(Side.BUY) == 10
    assert built.book.qty_at(Side.BUY, 81) == 0
    assert built.book.qty_at(Side.BUY, 82) == 1


def _sent(rows: list[tuple[str, str]]) -> Levels:
    found = []
    for price, qty in rows:
        places = len(price.partition(".")[2]) << FORM_SHIFT | len(qty.partition(".")[2])
        found.append((int(Decimal(price) / GRID.tick), int(Decimal(qty) / GRID.lot), places))
    return np.array(found, np.int64).reshape(-1, 3)


def test_checksums_are_over_the_digits_as_sent() -> None:
    """OKX's worked example of two uneven sides, and Kraken's rule, both by hand."""
    from zlib import crc32  # noqa: PLC0415 - the reference

    book = Book()
    bids = [("3366.1", "7"), ("3366", "6.50")]
    book.load(_sent(bids), _sent([("3366.8", "9"), ("3368", "8.000"), ("3372.0", "8")]))
    text = b"3366.1:7:3366.8:9:3366:6.50:3368:8.000:3372.0:8"
    assert okx_checksum(book, GRID) % 2**32 == crc32(text)
    digits = b"33668" + b"9" + b"3368" + b"8000" + b"33720" + b"8" + b"33661" + b"7" + b"3366650"
    assert kraken_checksum(book, GRID) == crc32(digits)


def test_a_wrong_checksum_is_a_gap() -> None:
    good = okx_checksum_of_tables()
    built = build("OKX")
    assert built.take(_with_checksum(good)) is Step.LOADED
    assert build("OKX").take(_with_checksum(0)) is Step.LOADED, "0 means none"
    built = build("OKX")
    assert built.take(_with_checksum(good ^ 1)) is Step.LOST
    assert built.cause is Cause.CHECKSUM
    assert built.checked == 1


def okx_checksum_of_tables() -> int:
    book = Book()
    book.load(levels(BIDS), levels(ASKS))
    return okx_checksum(book, GRID)


def _with_checksum(value: int) -> BookUpdate:
    return BookUpdate("X", 0, True, levels(BIDS), levels(ASKS), checksum=value)


def test_the_book_answers_questions_about_its_depth() -> None:
    book = Book()
    assert book.mid() is None
    assert book.microprice() is None
    assert book.imbalance() is None
    book.load(levels([(98, 3), (99, 5), (97, 0)]), levels([(103, 2), (101, 4), (101, 6)]))
    assert book.best_bid == Level(99, 5)
    assert book.best_ask == Level(101, 6), "the last of two equal prices counts"
    assert book.mid() == 100.0
    assert book.microprice() == pytest.approx(99 + 2 * 5 / 11)
    assert book.imbalance() == pytest.approx(-1 / 11)
    assert book.imbalance(5) == 0.0
    assert book.depth_to(Side.SELL, 102) == 6
    assert book.depth_to(Side.BUY, 90) == 8
    assert book.take(Side.BUY, 7) == Taken(7, 6 * 101 + 103, 103)
    assert book.take(Side.SELL, 100) == Taken(8, 5 * 99 + 3 * 98, 98)
    bids, asks = book.top(1)
    assert bids[:, :2].tolist() == [[99, 5]]
    assert asks[:, :2].tolist() == [[101, 6]]


def test_a_side_grows_and_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    book = Book()
    many = levels([(n, 1) for n in range(1, 3 * ROOM_FIRST)])
    book.apply(many, levels([]))
    assert book.count(Side.BUY) == len(many)
    assert book.best_bid == Level(3 * ROOM_FIRST - 1, 1)
    monkeypatch.setattr("ballast.venues.books.book.ROOM_MOST", 100)
    with pytest.raises(DataError, match="levels a side"):
        Book().load(levels([(n, 1) for n in range(1, ROOM_FIRST + 2)]), levels([]))


def test_an_empty_side_sorts_to_nothing() -> None:
    assert len(sorted_side(levels([]), 1)) == 0
    assert len(sorted_side(levels([(5, 0)]), -1)) == 0


def test_a_venue_without_rules_is_refused() -> None:
    with pytest.raises(DataError, match="did you mean 'BYBIT'"):
        rules_of("BYBT")
