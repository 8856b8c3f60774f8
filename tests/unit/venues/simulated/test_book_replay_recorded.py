"""Recorded minutes in the exchange: beside the book builder, and beside a queue counted by hand.

R-EXCH-16: the book of the exchange is the recorded one after every update, and an order of ours
fills when, and only when, the tape allows it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.data import SHARED, needs_data
from tests.fakes.venue import SPOT, START_NS, limit, taken
from tests.oracle.queueing import Queueing

from ballast.core.marketdata import (
    EMPTY,
    FIRST,
    LAST,
    LOST,
    OFF_BOOK,
    REPLAY,
    SNAPSHOT,
    BookUpdate,
    Grid,
    Row,
    TheirFault,
)
from ballast.core.orders import OrderRef
from ballast.core.orders import Side as OrderSide
from ballast.store.books import StoredBook
from ballast.venues.books.builder import BookBuilder, Step
from ballast.venues.books.capture import Capture, batches
from ballast.venues.books.recording import frames_of
from ballast.venues.books.rules import rules_of
from ballast.venues.normalise.parse import normalise
from ballast.venues.simulated.engine.exchange import Exchange
from ballast.venues.simulated.engine.profile import Listing, VenueProfile
from ballast.venues.simulated.liquidity.books import BookReplay
from ballast.venues.simulated.liquidity.playorder import in_play_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ballast.core.marketdata import Levels

pytestmark = needs_data
MOST = 1_000
"""Levels a side that the exchange shows at once."""


@dataclass(frozen=True)
class Day:
    """A recording of the shared data."""

    venue: str
    symbol: str
    files: tuple[str, ...]
    grid: Grid


USDM = Day(
    "BINANCEUSDM", "BTCUSDT", ("binance-usdm_btcusdt_20240808.txt.zst",),
    Grid(Decimal("0.1"), Decimal("0.001")),
)  # fmt: skip
SPOT_DAYS = Day(
    "BINANCE", "BTCUSDT",
    ("binance-spot_btcusdt_20240808.txt.zst", "binance-spot_btcusdt_20240809.txt.zst"),
    Grid(Decimal("0.01"), Decimal("1e-8")),  # old orders of a finer lot rest far away
)  # fmt: skip
BYBIT = Day(
    "BYBITLINEAR", "XRPUSDT", ("bybit-linear-xrpusdt-ob500-2024-12-01.jsonl.zst",),
    Grid(Decimal("0.0001"), Decimal(1)),
)  # fmt: skip


@cache
def rows_of(day: Day) -> NDArray[np.void]:
    capture = Capture(day.venue, day.symbol, day.grid)
    paths = [SHARED / "l2" / name for name in day.files]
    rows = np.concatenate(list(batches(capture, frames_of(paths))))
    return rows[rows["kind"] != Row.QUOTE]


def opened(grid: Grid, rows: NDArray[np.void]) -> tuple[Exchange, int]:
    """Open an exchange that plays rows; return it, and what to add to a time of receipt."""
    listing = Listing(SPOT, "BTC", "USDT", grid.tick, grid.lot)
    exchange = Exchange(VenueProfile(), [listing], start_ns=START_NS)
    shift_ns = START_NS - int(rows["received_ns"][0])
    exchange.attach(BookReplay(SPOT, lambda: [rows], shift_ns=shift_ns))
    return exchange, shift_ns


# The book ---------------------------------------------------------------------------------------


def books_of(day: Day) -> Iterator[tuple[int, BookBuilder]]:
    """Yield when an update was received, and the book builder with it applied."""
    builder, now_ns = BookBuilder(rules_of(day.venue), day.grid), 0
    for frame in frames_of([SHARED / "l2" / name for name in day.files]):
        events = normalise(day.venue, frame.body, {day.symbol: day.grid}, day.symbol)
        assert not isinstance(events, TheirFault)
        at_ns = frame.received_ns or max(getattr(event, "at_ns", 0) for event in events)
        now_ns = max(now_ns, at_ns)
        for event in events:
            if isinstance(event, BookUpdate):
                step = builder.take(event)
                assert step is not Step.LOST
                if step in {Step.LOADED, Step.APPLIED}:
                    yield now_ns, builder


def best(levels: Levels) -> tuple[tuple[int, int], ...]:
    return tuple((price, lots) for price, lots, _ in levels.tolist())


@pytest.mark.parametrize(
    ("day", "updates", "alone"),
    [
        (BYBIT, 50, 50),
        (USDM, 6_546, 6_501),
        pytest.param(SPOT_DAYS, 6_493, 6_354, marks=pytest.mark.slow),
    ],
)
def test_the_book_of_the_exchange_is_that_of_the_builder_after_every_update(
    day: Day, updates: int, alone: int
) -> None:
    """Twenty levels each time, a thousand now and then; an instant with a trade in it is no end."""
    rows = rows_of(day)
    exchange, shift_ns = opened(day.grid, rows)
    trades_ns = {one.at_ns for one in in_play_order([rows]) if one.is_trade}
    seen = compared = 0
    for at_ns, builder in books_of(day):
        exchange.advance(at_ns + shift_ns)
        exchange.drain()
        seen += 1
        if at_ns in trades_ns:
            continue
        compared += 1
        depth = MOST if seen % 100 == 0 else 20
        bids, asks = (best(side) for side in builder.book.top(depth))
        view = exchange.book(SPOT, depth)
        assert (view.bids, view.asks) == (bids, asks), seen
    assert (seen, compared) == (updates, alone)


# The queue --------------------------------------------------------------------------------------


def with_a_gap(rows: NDArray[np.void]) -> NDArray[np.void]:
    """Lose the book a third of the way, and find it again a little later."""
    firsts = np.flatnonzero((rows["kind"] == Row.LEVEL) & (rows["flags"] & FIRST != 0))
    lost_at, found_at = int(firsts[len(firsts) // 3]), int(firsts[len(firsts) // 3 + 40])
    book = StoredBook()
    book.apply(rows[:found_at])
    lost = np.zeros(1, REPLAY)
    lost["received_ns"], lost["kind"] = rows["received_ns"][lost_at], Row.LEVEL
    lost["flags"] = FIRST | LAST | LOST | EMPTY
    between = rows[lost_at:found_at]
    found = book.rows(int(rows["received_ns"][found_at]))
    found["kind"] = Row.LEVEL
    return np.concatenate([rows[:lost_at], lost, between, found, rows[found_at:]])


@dataclass
class Tape:
    """The most an order could have got: all that traded or came to its price, or beyond it."""

    side: int = 0
    price: int = 0
    lots: int = 0

    def take(self, rows: NDArray[np.void]) -> None:
        meets = rows["side"] == -self.side
        reaches = self.side * rows["price_ticks"] <= self.side * self.price
        self.lots += int(rows["qty_lots"][meets & reaches].sum())


class Beside:
    """The exchange and the oracle, instant by instant, with one order of ours at a time."""

    def __init__(self, grid: Grid, rows: NDArray[np.void], seed: int) -> None:
        self.exchange, self.shift_ns = opened(grid, rows)
        self.me = self.exchange.open_account("me", {"USDT": Decimal(10**9), "BTC": Decimal(10**5)})
        self.oracle = Queueing()
        self.rng = np.random.default_rng(seed)
        self.order_id = 0
        self.tape = Tape()
        self.count: Counter[str] = Counter()

    def take(self, instant: list[NDArray[np.void]], at_ns: int) -> None:
        """Play what happens at one time on both, compare, and now and then send an order."""
        for rows in instant:
            self._tell(rows)
        self.exchange.advance(at_ns + self.shift_ns)
        self.exchange.drain()
        if self.order_id:
            self._compare()
        elif self.rng.random() < 0.2:
            self._place()

    def _tell(self, rows: NDArray[np.void]) -> None:
        flags = int(rows["flags"][0])
        if flags & OFF_BOOK and rows["kind"][0] == Row.TRADE:
            return
        if flags & LOST:
            self.oracle.lose()
            return
        self.tape.take(rows)
        columns = [rows[name].tolist() for name in ("side", "price_ticks", "qty_lots")]
        if rows["kind"][0] == Row.TRADE:
            self.oracle.trade(*(column[0] for column in columns))
            return
        stated = {(side, price): lots for side, price, lots in zip(*columns, strict=True) if side}
        self.oracle.book(stated, is_whole=bool(flags & SNAPSHOT))

    def _place(self) -> None:
        """Rest an order within the spread, at the touch or behind it."""
        bid, ask = self.exchange.best(SPOT)
        side = int(self.rng.choice([1, -1]))
        touch, other = (bid, ask) if side > 0 else (ask, bid)
        price = touch - side * int(self.rng.choice([-1, 0, 0, 1, 5]))
        if not bid or not ask or side * price >= side * other:
            return
        lots = int(self.rng.integers(1, 3_000))
        request = limit(OrderSide.BUY if side > 0 else OrderSide.SELL, price, lots)
        self.order_id = taken(self.exchange.submit(self.me, request)).order.order_id
        self.oracle.place(side, price, lots)
        self.tape = Tape(side, price)
        self.count["orders"] += 1

    def _compare(self) -> None:
        ref = OrderRef(SPOT, order_id=self.order_id)
        order = self.exchange.order(self.me, ref)
        assert order is not None
        assert order.filled_lots == self.oracle.filled
        assert order.filled_lots <= self.tape.lots
        assert order.value == order.filled_lots * self.oracle.price
        if self.oracle.left:
            assert self.exchange.lots_ahead(SPOT, self.order_id) == self.oracle.ahead
            self.count["behind a queue"] += self.oracle.ahead > 0
            self.count["while the book is lost"] += not self.oracle.known
            if self.rng.random() < 0.99:
                return
            taken(self.exchange.cancel(self.me, ref))
            self.oracle.left = 0
        self.count["whole"] += order.left_lots == 0
        self.count["partly"] += 0 < order.filled_lots < order.request.qty_lots
        self.order_id = 0


def instants(rows: NDArray[np.void]) -> Iterator[tuple[int, list[NDArray[np.void]]]]:
    for at_ns, events in groupby(in_play_order([rows]), lambda one: one.at_ns):
        yield at_ns, [one.rows for one in events]


@pytest.mark.parametrize(("seed", "parts"), [(1, 4), pytest.param(2, 1, marks=pytest.mark.slow)])
def test_our_orders_fill_as_a_queue_counted_by_hand_and_never_beyond_the_tape(
    seed: int, parts: int
) -> None:
    """A quarter of the recording, or all of it; two thirds of that after a gap."""
    rows = rows_of(USDM)
    rows = with_a_gap(rows[: len(rows) // parts])
    both = Beside(USDM.grid, rows, seed)
    for at_ns, instant in instants(rows):
        both.take(instant, at_ns)
    assert both.count["orders"] > 50
    assert min(both.count["whole"], both.count["partly"]) > 2
    assert both.count["behind a queue"] > 1_000
    assert both.count["while the book is lost"] > 10
