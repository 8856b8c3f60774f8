"""The builder against a dictionary: a live book equals it, or the builder says that it is not live.

Updates are drawn, then lost, doubled and swapped on the way. The reference applies those that a
perfect connection would have delivered, up to the number the builder's book has reached.
"""

from __future__ import annotations

from decimal import Decimal
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballast.core.marketdata import FORM_SHIFT, NONE, BookUpdate, Grid, Levels, Side
from ballast.venues.books.book import Book
from ballast.venues.books.builder import BookBuilder, State, Step
from ballast.venues.books.checksum import kraken_checksum, okx_checksum
from ballast.venues.books.rules import rules_of

GRID = Grid(Decimal(1), Decimal(1))
Side_ = dict[int, int]

bid_rows = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 5)), max_size=4)
ask_rows = st.lists(st.tuples(st.integers(60, 99), st.integers(0, 5)), max_size=4)
whole_bids = st.dictionaries(st.integers(1, 40), st.integers(1, 5), max_size=8)
whole_asks = st.dictionaries(st.integers(60, 99), st.integers(1, 5), max_size=8)
fates = st.lists(st.sampled_from(["kept"] * 6 + ["lost", "twice", "late"]), min_size=1, max_size=25)


def levels(rows: list[tuple[int, int]]) -> Levels:
    return np.array([(price, qty, 0) for price, qty in rows], np.int64).reshape(-1, 3)


def put(side: Side_, rows: list[tuple[int, int]]) -> None:
    for price, qty in rows:
        if qty:
            side[price] = qty
        else:
            side.pop(price, None)


class Truth:
    """The book at the venue after every update, by the update's number."""

    def __init__(self, bids: Side_, asks: Side_) -> None:
        self.sides: tuple[Side_, Side_] = (dict(bids), dict(asks))
        self.at: dict[int, tuple[Side_, Side_]] = {0: (dict(bids), dict(asks))}

    def change(self, number: int, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> None:
        put(self.sides[0], bids)
        put(self.sides[1], asks)
        self.at[number] = (dict(self.sides[0]), dict(self.sides[1]))


def held(book: Book) -> tuple[Side_, Side_]:
    bids, asks = (book.side(side) for side in (Side.BUY, Side.SELL))
    return dict(bids[:, :2].tolist()), dict(asks[:, :2].tolist())


def delivered(updates: list[BookUpdate], fate: list[str]) -> list[BookUpdate]:
    """Lose, double and delay updates as drawn."""
    arrived: list[BookUpdate] = []
    late: list[BookUpdate] = []
    for update, what in zip(updates, fate, strict=False):
        if what == "late":
            late.append(update)
            continue
        arrived += [update] * {"lost": 0, "twice": 2}.get(what, 1)
        arrived += late
        late = []
    return arrived + late


@pytest.mark.parametrize("venue", ["BINANCE", "BINANCEUSDM", "BYBIT", "DERIBIT"])
@given(
    whole_bids, whole_asks, st.lists(st.tuples(bid_rows, ask_rows, st.integers(1, 3)), max_size=25),
    fates, st.integers(0, 25), st.integers(0, 25), st.booleans(),
)  # fmt: skip
def test_a_live_book_equals_the_venues_own_whatever_the_connection_did(
    venue: str, bids: Side_, asks: Side_,
    changes: list[tuple[list[tuple[int, int]], list[tuple[int, int]], int]],
    fate: list[str], snapshot_of: int, snapshot_when: int, second: bool,
) -> None:  # fmt: skip
    """R-DATA-11: never a wrong book; a doubt is a GAP with its reason."""
    truth, updates, last = Truth(bids, asks), [], 0
    for bid_changes, ask_changes, step in changes:
        number = last + (1 if venue == "BYBIT" else step)
        truth.change(number, bid_changes, ask_changes)
        updates.append(
            BookUpdate(
                "X", 0, False, levels(bid_changes), levels(ask_changes),
                last + 1, number, last,
            )
        )  # fmt: skip
        last = number
    arrived: list[BookUpdate] = delivered(updates, (fate * 25)[: len(updates)])
    numbers = sorted(truth.at)
    for chosen, when in ((snapshot_of, snapshot_when), (snapshot_of + 3, snapshot_when + 5)):
        number = numbers[chosen % len(numbers)]
        whole = [levels(sorted(side.items())) for side in truth.at[number]]
        if when is snapshot_when or second:
            arrived.insert(
                when % (len(arrived) + 1),
                BookUpdate("X", 0, True, whole[0], whole[1], NONE, number),
            )
    builder = BookBuilder(rules_of(venue), GRID)
    for update in arrived:
        step = builder.take(update)
        if builder.is_live:
            assert held(builder.book) == truth.at[builder.last_id]
            assert not builder.book.is_crossed
        else:
            assert held(builder.book) == ({}, {})
            assert step in {Step.LOST, Step.WAITING}
            assert builder.state is not State.GAP or builder.reason


@given(
    st.lists(st.tuples(bid_rows, ask_rows), max_size=30), whole_bids, whole_asks, st.integers(0, 6)
)
def test_the_sorted_arrays_are_a_dictionary(
    changes: list[tuple[list[tuple[int, int]], list[tuple[int, int]]]],
    bids: Side_, asks: Side_, depth: int,
) -> None:  # fmt: skip
    """Both sides, sorted from the best, cut to the depth after every update."""
    book = Book(depth)
    book.load(levels(list(bids.items())), levels(list(asks.items())))
    plain: tuple[Side_, Side_] = (dict(bids), dict(asks))
    best = (lambda price: -price, lambda price: price)
    for bid_changes, ask_changes in [([], []), *changes]:
        book.apply(levels(bid_changes), levels(ask_changes))
        for number, rows in enumerate((bid_changes, ask_changes)):
            put(plain[number], rows)
            for price in sorted(plain[number], key=best[number])[depth:] * (depth > 0):
                del plain[number][price]
        for number, side in enumerate((Side.BUY, Side.SELL)):
            wanted = sorted(plain[number].items(), key=lambda row: best[number](row[0]))
            assert book.side(side)[:, :2].tolist() == [list(row) for row in wanted]
            for price in (1, 20, 61, 98):
                assert book.qty_at(side, price) == plain[number].get(price, 0)


amounts = st.integers(1, 10**9)
sent = st.tuples(amounts, st.integers(0, 6), amounts, st.integers(0, 9))


@given(st.lists(sent, max_size=30), st.lists(sent, max_size=30), st.sampled_from(["1e-6", "1e-9"]))
def test_checksums_are_of_the_text_that_was_sent(
    bids: list[tuple[int, int, int, int]], asks: list[tuple[int, int, int, int]], step: str
) -> None:
    """Written digit by digit in compiled code, and here as Python prints decimals."""
    grid = Grid(Decimal("1e-6"), Decimal(step))
    book = Book()
    texts: list[list[tuple[str, str]]] = []
    sides = []
    for rows, sign in ((bids, -1), (asks, 1)):
        kept: dict[Decimal, tuple[str, str, int, int, int]] = {}
        for price, price_places, qty, qty_places in rows:
            places = min(qty_places, grid.qty.places)
            prices, sizes = Decimal(price).scaleb(-price_places), Decimal(qty).scaleb(-places)
            text = f"{prices:f}", f"{sizes:f}"
            form = price_places << FORM_SHIFT | places
            kept[prices] = (*text, int(prices / grid.tick), int(sizes / grid.lot), form)
        texts.append([kept[key][:2] for key in sorted(kept, key=lambda each: sign * each)])
        sides.append(np.array([row[2:] for row in kept.values()], np.int64).reshape(-1, 3))
    book.load(*sides)
    okx = [
        f"{side[row][0]}:{side[row][1]}" for row in range(25) for side in texts if row < len(side)
    ]
    assert okx_checksum(book, grid) % 2**32 == crc32(":".join(okx).encode())
    digits = [
        number.replace(".", "").lstrip("0")
        for side in (texts[1], texts[0])
        for row in side[:10]
        for number in row
    ]
    assert kraken_checksum(book, grid) == crc32("".join(digits).encode())
