"""Recorded depth and trades in the exchange: queue, gaps, order of events (R-EXCH-16)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.fakes.venue import SPOT, START_NS, limit, market, only, rich, taken

from ballast.core.marketdata import (
    EMPTY,
    FIRST,
    LAST,
    LOST,
    OFF_BOOK,
    REPLAY,
    SNAPSHOT,
    Row,
    Side,
)
from ballast.core.orders import OrderKind, OrderRequest, OrderStatus
from ballast.core.orders import Side as OrderSide
from ballast.kernel.exchange import layout
from ballast.venues.simulated.engine.events import MarkChanged, Traded
from ballast.venues.simulated.engine.exchange import Exchange
from ballast.venues.simulated.engine.profile import Listing, VenueProfile
from ballast.venues.simulated.liquidity.books import BookReplay
from ballast.venues.simulated.liquidity.playorder import in_play_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

B, S = Side.BUY, Side.SELL
BUY, SELL = OrderSide.BUY, OrderSide.SELL
MS = 1_000_000
T0 = 5_000_000_000 * MS
LISTING = Listing(SPOT, "BTC", "USDT", Decimal("0.01"), Decimal("0.0001"))
Levels = list[tuple[Side, int, int]]


def book(at: int, levels: Levels, flags: int = 0, *, seen: int = 0) -> NDArray[np.void]:
    """An update received at `at` ms, of the venue's time `seen`."""
    rows = np.zeros(max(1, len(levels)), REPLAY)
    rows["received_ns"], rows["at_ns"], rows["frame"] = T0 + at * MS, seen and T0 + seen * MS, at
    rows["kind"] = Row.LEVEL
    rows["flags"] = flags
    for row, (side, price, lots) in zip(rows, levels, strict=False):
        row["side"], row["price_ticks"], row["qty_lots"] = side, price, lots
    rows["flags"][0] |= FIRST
    rows["flags"][-1] |= LAST
    return rows


def whole(at: int, levels: Levels) -> NDArray[np.void]:
    return book(at, levels, SNAPSHOT)


def lost(at: int) -> NDArray[np.void]:
    return book(at, [], LOST | EMPTY)


def trade(
    at: int, side: Side, price: int, lots: int, flags: int = 0, *, seen: int = 0
) -> NDArray[np.void]:
    rows = np.zeros(1, REPLAY)
    rows["received_ns"], rows["at_ns"], rows["frame"] = T0 + at * MS, seen and T0 + seen * MS, at
    rows["kind"], rows["side"], rows["flags"] = Row.TRADE, side, FIRST | LAST | flags
    rows["price_ticks"], rows["qty_lots"] = price, lots
    return rows


#                         bids                      asks
WHOLE = whole(0, [(B, 9_999, 50), (B, 9_998, 70), (S, 10_001, 40), (S, 10_002, 60)])


class Stage:
    """An exchange that plays these events; times are ms after the first."""

    def __init__(
        self, *events: NDArray[np.void], rule: int = layout.FROM_BACK, mark: bool = False
    ) -> None:
        self.exchange = Exchange(VenueProfile(), [LISTING], start_ns=START_NS)
        self.source = BookReplay(
            SPOT, lambda: [np.concatenate(events)], shift_ns=START_NS - T0, rule=rule,
            sets_mark=mark,
        )  # fmt: skip
        self.exchange.attach(self.source)
        self.me = rich(self.exchange)

    def to(self, ms: int) -> None:
        self.exchange.advance(START_NS + ms * MS)

    def rest(self, side: OrderSide, price: int, lots: int) -> int:
        order = taken(self.exchange.submit(self.me, limit(side, price, lots))).order
        assert order.status is OrderStatus.NEW
        return order.order_id

    def ahead(self, order_id: int) -> int:
        return self.exchange.lots_ahead(SPOT, order_id)

    def fills(self) -> list[tuple[int, int]]:
        return [(one.price_ticks, one.qty_lots) for one in self.exchange.fills(self.me)]

    def bids(self) -> list[tuple[int, int]]:
        return list(self.exchange.book(SPOT).bids)


def test_an_order_waits_behind_what_stood_there_when_it_came() -> None:
    #    at  event                      ahead of our buy of 10 at 9999
    stage = Stage(
        WHOLE,                          # 50
        trade(2, S, 9_999, 20),         # 30: a trade takes from the front
        book(3, [(B, 9_999, 45)]),      # 30: 20 traded, 15 joined behind
        book(4, [(B, 9_999, 20)]),      # 20: 15 behind cancelled first, then 10 of those ahead
        book(5, [(B, 9_999, 80)]),      # 20: a rise joins behind
        trade(6, S, 9_999, 25),         # 0, and 5 of ours trade
        trade(7, S, 9_998, 1),          # beyond our price: ours first
    )  # fmt: skip
    stage.to(1)
    mine = stage.rest(BUY, 9_999, 10)
    seen = []
    for ms in range(1, 7):
        stage.to(ms)
        seen.append(stage.ahead(mine))
    assert seen == [50, 30, 30, 20, 20, 0]
    assert stage.fills() == [(9_999, 5)]
    stage.to(7)
    assert stage.fills() == [(9_999, 5), (9_999, 1)]


@pytest.mark.parametrize(
    ("rule", "ahead"),
    [(layout.FROM_BACK, 50), (layout.FROM_FRONT, 20), (layout.PROPORTIONAL, 35)],
)
def test_whose_lots_a_fall_cancels_is_a_rule(rule: int, ahead: int) -> None:
    """50 stood there, 50 joined behind our order, 30 go."""
    stage = Stage(WHOLE, book(2, [(B, 9_999, 100)]), book(3, [(B, 9_999, 70)]), rule=rule)
    stage.to(1)
    mine = stage.rest(BUY, 9_999, 10)
    stage.to(3)
    assert stage.ahead(mine) == ahead


def test_a_trade_that_an_earlier_update_shows_moves_the_queue_once() -> None:
    """The update of venue time 8 was received before the trade of venue time 7."""
    update, late = book(2, [(B, 9_999, 30)], seen=8), trade(4, S, 9_999, 20, seen=7)
    stage = Stage(WHOLE, update, late, book(6, [(B, 9_998, 71)], seen=9))
    stage.to(1)
    mine = stage.rest(BUY, 9_999, 10)
    stage.to(6)
    assert stage.ahead(mine) == 30
    later = trade(4, S, 9_999, 20, seen=9)
    assert [one.is_trade for one in in_play_order([WHOLE, update, later])] == [False, False, True]
    played = list(in_play_order([WHOLE, update, late]))
    assert [one.is_trade for one in played] == [False, True, False]
    assert played[1].at_ns == T0 + 2 * MS


def test_a_trade_beyond_the_window_is_played_when_it_was_received() -> None:
    update, late = book(2, [(B, 9_999, 30)], seen=8), trade(4, S, 9_999, 20, seen=7)
    played = in_play_order([WHOLE, update, late], window_ns=MS)
    assert [one.is_trade for one in played] == [False, False, True]


def test_an_event_that_lies_in_two_arrays_is_one_event() -> None:
    both = np.concatenate([WHOLE, trade(1, S, 9_999, 1)])
    for cut in range(len(both) + 1):
        played = list(in_play_order([both[:cut], both[cut:]]))
        assert [len(one.rows) for one in played] == [4, 1]


def test_the_book_between_updates_lacks_what_was_traded_and_gets_back_what_was_not() -> None:
    #    the level is 50 again in the next update: others joined
    stage = Stage(WHOLE, trade(1, S, 9_999, 20), book(2, [(B, 9_990, 1)]))
    stage.to(1)
    assert stage.bids() == [(9_999, 30), (9_998, 70)]
    stage.to(2)
    assert stage.bids() == [(9_999, 50), (9_998, 70), (9_990, 1)]


def test_what_our_order_took_stays_taken_while_the_level_stands() -> None:
    stage = Stage(
        WHOLE,
        book(2, [(S, 10_001, 45)]),
        book(3, [(S, 10_001, 30)]),
        book(4, [(S, 10_001, 0)]),
        book(5, [(S, 10_001, 8)]),
    )
    stage.to(1)
    stage.exchange.submit(stage.me, market(BUY, 25))
    seen = []
    for ms in range(1, 6):
        stage.to(ms)
        asks = dict(stage.exchange.book(SPOT).asks)
        seen.append(asks.get(10_001, 0))
    assert seen == [15, 20, 5, 0, 8]


def test_depth_that_crosses_trades_with_our_order_at_its_price_once() -> None:
    stage = Stage(
        WHOLE,
        book(2, [(S, 10_001, 0), (S, 10_002, 0), (S, 10_003, 9), (B, 10_001, 4)]),
        book(3, [(B, 10_001, 6)]),
        book(4, [(B, 10_001, 3)]),
    )
    stage.to(1)
    stage.rest(SELL, 10_001, 10)
    stage.to(2)
    assert stage.fills() == [(10_001, 4)]
    stage.to(3)
    assert stage.fills() == [(10_001, 4), (10_001, 2)]
    stage.to(4)
    assert len(stage.fills()) == 2


def test_a_gap_empties_the_street_and_says_so_until_the_next_whole_book() -> None:
    stage = Stage(
        WHOLE, lost(2), book(3, [(B, 9_999, 5)]), trade(4, S, 9_999, 30), trade(5, S, 9_998, 3),
        whole(6, [(B, 9_999, 12), (S, 10_001, 1)]), trade(7, S, 9_999, 11), trade(8, S, 9_999, 2),
    )  # fmt: skip
    stage.to(1)
    assert "the recorded book; gaps: 0" in stage.source.says()
    mine = stage.rest(BUY, 9_999, 10)
    stage.to(3)
    assert stage.bids() == [(9_999, 10)]  # ours alone
    assert stage.exchange.book(SPOT).asks == ()
    assert "gap in the recording" in stage.source.says()
    stage.to(4)
    assert stage.fills() == []  # at our price, but who was first?
    stage.to(5)
    assert stage.fills() == [(9_999, 3)]  # beyond it
    stage.to(6)
    assert stage.ahead(mine) == 12  # everything that stands there now
    assert "the recorded book; gaps: 1" in stage.source.says()
    stage.to(7)
    assert stage.ahead(mine) == 1
    stage.to(8)
    assert stage.fills() == [(9_999, 3), (9_999, 1)]
    assert "over" in stage.source.says()


def test_a_whole_book_again_moves_nothing_that_did_not_change() -> None:
    stage = Stage(WHOLE, whole(2, [(B, 9_999, 50), (S, 10_001, 40)]))
    stage.to(1)
    mine = stage.rest(BUY, 9_999, 10)
    stage.to(2)
    assert stage.ahead(mine) == 50
    assert stage.bids() == [(9_999, 60)]


def test_trades_fire_stops_and_off_book_ones_do_nothing() -> None:
    stage = Stage(WHOLE, trade(2, B, 10_050, 5, OFF_BOOK), trade(3, B, 10_001, 1))
    stage.to(1)
    stop = OrderRequest(SPOT, BUY, OrderKind.STOP_MARKET, 3, trigger_ticks=10_001)
    taken(stage.exchange.submit(stage.me, stop))
    stage.to(2)
    assert only(stage.exchange.drain(), Traded) == []
    stage.to(3)
    assert stage.fills() == [(10_001, 3)]


def test_a_mark_follows_the_trades_where_it_is_wanted() -> None:
    stage = Stage(WHOLE, trade(2, B, 10_001, 1), trade(3, B, 10_001, 1), mark=True)
    stage.to(3)
    marks = [one.mark_ticks for one in only(stage.exchange.drain(), MarkChanged)]
    assert marks == [10_000, 10_001]


def test_a_replay_goes_on_from_a_snapshot_byte_for_byte() -> None:
    events = (
        WHOLE, trade(2, S, 9_999, 20), lost(3), whole(4, [(B, 9_999, 12), (S, 10_001, 1)]),
        trade(5, S, 9_999, 11), book(6, [(B, 9_999, 9)]),
    )  # fmt: skip
    for stop in range(7):
        one, two = Stage(*events), Stage(*events)
        for stage in (one, two):
            stage.to(0)
            stage.rest(BUY, 9_999, 10)
        one.to(stop)
        one.exchange.drain()
        two.exchange.restore(one.exchange.snapshot())
        for stage in (one, two):
            stage.to(10)
        assert one.exchange.drain() == two.exchange.drain()
        assert one.exchange.snapshot() == two.exchange.snapshot()
        assert two.source.is_over
