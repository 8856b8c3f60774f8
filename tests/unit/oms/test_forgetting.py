"""What the book lets go, and that nothing is booked twice for it (A8, G6)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.oms.orders import FENCE_NS, SECOND, SENT_NS, SYMBOL, fill, request, shown

from ballast.core.ids import Purpose, client_id
from ballast.core.orders import Fill, OrderStatus, Side
from ballast.oms import lifecycle
from ballast.oms.book import BookOfRecord, Keeping
from ballast.oms.lifecycle import Remark
from ballast.oms.reconcile import compare_orders

FEW = Keeping(ns=0, orders=0, trades=0)
HOUR = 3_600 * SECOND


def name_of(number: int) -> str:
    return client_id(Purpose.ENTRY, account="a", strategy="s", symbol=SYMBOL, decision=number)


def enter(book: BookOfRecord, number: int, at_ns: int) -> None:
    """Enter an order of ten lots whose venue number is its own."""
    side = Side.BUY if number % 2 else Side.SELL
    asked = replace(request(), client_id=name_of(number), side=side)
    record = book.prepare(name_of(number), Purpose.ENTRY, asked, decision=number, at_ns=at_ns)
    book.keep(lifecycle.sent(record, at_ns, at_ns + FENCE_NS - SENT_NS))


def trade(number: int, trade_id: int, lots: int, at_ns: int) -> Fill:
    side = Side.BUY if number % 2 else Side.SELL
    made = fill(lots, trade_id, side=side, order_id=number)
    return replace(made, client_id=name_of(number), at_ns=at_ns)


def ended(book: BookOfRecord, number: int, filled: int, at_ns: int) -> None:
    report = shown(OrderStatus.CANCELLED, filled, order_id=number, at_ns=at_ns)
    book.take(replace(report, client_id=name_of(number)))


def over(count: int) -> BookOfRecord:
    """Return a book of orders that filled a lot each, one an hour, and are over."""
    book = BookOfRecord()
    for number in range(1, count + 1):
        at_ns = SENT_NS + number * HOUR
        enter(book, number, at_ns)
        book.take(trade(number, number, 1, at_ns))
        ended(book, number, 1, at_ns)
    return book


def test_what_is_old_and_over_leaves_and_what_came_of_it_stays() -> None:
    book = over(10)
    held = book.holding(SYMBOL)
    assert book.forget(SYMBOL, SENT_NS + 8 * HOUR, Keeping(orders=2, trades=4)) == 7
    state = book.state()
    assert [one.decision for one in state.orders] == [8, 9, 10]
    assert [key[1] for key in state.trades] == [7, 8, 9, 10]
    assert (book.holding(SYMBOL), book.fees()) == (held, {"USDT": 50})


def test_the_newest_orders_stay_when_a_clock_that_jumped_makes_all_look_old() -> None:
    book = over(10)
    assert book.forget(SYMBOL, SENT_NS + 10**6 * HOUR, Keeping(orders=4, trades=0)) == 6
    assert [key[1] for key in book.state().trades] == [7, 8, 9, 10], "trades of what is known"


def test_another_symbol_is_left_alone() -> None:
    book = over(3)
    assert book.forget("ETHUSDT", SENT_NS + 99 * HOUR, FEW) == 0
    assert len(book.state().trades) == 3
    assert book.forgotten_ns(SYMBOL) == 0


def test_what_may_still_trade_or_has_fills_missing_stays() -> None:
    book = BookOfRecord()
    for number, report in enumerate((None, OrderStatus.NEW, OrderStatus.FILLED), start=2):
        enter(book, number, SENT_NS)
        if report is not None:
            there = shown(report, 5 if report is OrderStatus.FILLED else 0, order_id=number)
            book.take(replace(there, client_id=name_of(number)))
    assert book.forget(SYMBOL, SENT_NS + 99 * HOUR, FEW) == 0
    assert book.take(trade(4, 1, 5, SENT_NS)).record is not None
    assert book.forget(SYMBOL, SENT_NS + 99 * HOUR, FEW) == 1


@pytest.mark.parametrize(
    ("at_ns", "client", "remarks"),
    [
        (SENT_NS, name_of(1), (Remark.FORGOTTEN,)),
        (SENT_NS + 99 * HOUR, name_of(1), ()),
        (SENT_NS, "somebody", ()),
        (SENT_NS, "", ()),
    ],
)
def test_a_fill_of_what_was_forgotten_is_not_booked_and_said(
    at_ns: int, client: str, remarks: tuple[Remark, ...]
) -> None:
    """It comes again, or for the first time: there is nothing to book it on."""
    book = over(2)
    held = book.holding(SYMBOL)
    book.forget(SYMBOL, SENT_NS + 9 * HOUR, FEW)
    taken = book.take(replace(trade(1, 77, 3, at_ns), client_id=client))
    assert (taken.record, taken.remarks) == (None, remarks)
    assert taken.is_new is not bool(remarks)
    assert book.holding(SYMBOL) == held


def test_a_list_of_trades_that_comes_again_says_nothing_new() -> None:
    book = over(9)
    book.forget(SYMBOL, SENT_NS + 99 * HOUR, Keeping(orders=0, trades=9))
    for number in range(1, 10):
        taken = book.take(trade(number, number, 1, SENT_NS + number * HOUR))
        assert (taken.record, taken.is_new, taken.remarks) == (None, False, ())


def test_an_order_that_was_forgotten_and_rests_is_a_stray() -> None:
    """A9: named by us and in no record; nothing is made of it silently."""
    book = over(1)
    book.forget(SYMBOL, SENT_NS + 9 * HOUR, FEW)
    report = replace(shown(OrderStatus.NEW, order_id=1), client_id=name_of(1))
    assert compare_orders(book, [report], SENT_NS).strays == (report,)


@dataclass
class Both:
    """A book that forgets beside one that does not, and what the first refused."""

    forgets: BookOfRecord = field(default_factory=BookOfRecord)
    keeps: BookOfRecord = field(default_factory=BookOfRecord)
    refused: list[Fill] = field(default_factory=list)
    told: list[Fill] = field(default_factory=list)
    now_ns: int = SENT_NS
    orders: int = 0

    def act(self, what: str, pick: int, keeping: Keeping) -> None:
        self.now_ns += HOUR
        number = pick % self.orders + 1 if self.orders else 0
        if what == "order" or not number:
            self.orders += 1
            for book in (self.forgets, self.keeps):
                enter(book, self.orders, self.now_ns)
        elif what == "end":
            record = self.keeps.get(name_of(number))
            assert record is not None
            for book in (self.forgets, self.keeps):
                ended(book, number, record.filled_lots, self.now_ns)
        elif what == "fill":
            self.told.append(trade(number, len(self.told), 1 + pick % 3, self.now_ns))
            self.fill(self.told[-1])
        elif what == "again" and self.told:
            self.fill(self.told[pick % len(self.told)])
        elif what == "forget":
            self.forgets.forget(SYMBOL, self.now_ns - pick % 20 * HOUR, keeping)

    def fill(self, one: Fill) -> None:
        before = self.forgets.holding(SYMBOL)
        ours, theirs = self.forgets.take(one), self.keeps.take(one)
        if not theirs.is_new:
            assert self.forgets.holding(SYMBOL) == before, "booked again"
        elif ours.record is None:
            self.refused.append(one)
            assert self.forgets.holding(SYMBOL) == before
            assert ours.is_new or ours.remarks == (Remark.FORGOTTEN,)


@given(
    acts=st.lists(
        st.tuples(
            st.sampled_from(["order", "end", "fill", "fill", "again", "again", "forget"]),
            st.integers(0, 10_000),
        ),
        max_size=120,
    ),
    orders=st.integers(0, 4),
    trades=st.integers(0, 6),
)
def test_whatever_is_forgotten_when_no_fill_is_booked_twice(
    acts: list[tuple[str, int]], orders: int, trades: int
) -> None:
    """A8: what is held differs from a book that never forgets by the refused fills, and no more."""
    both = Both()
    keeping = Keeping(ns=0, orders=orders, trades=trades)
    for what, pick in acts:
        both.act(what, pick, keeping)
    lots = sum(int(one.side) * one.qty_lots for one in both.refused)
    assert both.forgets.holding(SYMBOL).lots == both.keeps.holding(SYMBOL).lots - lots
    fees = both.keeps.fees().get("USDT", 0) - sum(one.fee_atoms for one in both.refused)
    assert both.forgets.fees().get("USDT", 0) == fees
    again = BookOfRecord()
    again.restore(both.forgets.state())
    assert vars(again) == vars(both.forgets)
    both.forgets.forget(SYMBOL, both.now_ns + HOUR, keeping)
    state = both.forgets.state()
    assert sum(one.is_settled for one in state.orders) <= orders
    known = {one.order_id for one in state.orders}
    assert sum(key[2] not in known for key in state.trades) <= trades
