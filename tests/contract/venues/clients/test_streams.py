"""What the sockets of every venue tell is what its REST tells, each fill once (R-EXCH-06)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.contract.venues.clients.listening import Listener, listening

from ballast.core.marketdata import BookUpdate, Candle, Quote, Trade
from ballast.core.orders import Fill, OrderKind, OrderStatus, Side
from ballast.core.reports import Look, OrderReport, Source
from ballast.core.time import Timeframe
from ballast.venues.clients.account import Balance, VenuePosition
from ballast.venues.clients.streams.state import Phase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.venues.clients.rig import Rig

    from ballast.core.orders import OrderRequest


@pytest.fixture
def private(rig: Rig) -> Iterator[Listener]:
    """Listen to one's own events."""
    with listening(rig, lambda: rig.desk.private([rig.row.symbol])) as listener:
        yield listener


def reports(listener: Listener, request: OrderRequest) -> list[OrderReport]:
    return [one for one in listener.of(OrderReport) if one.client_id == request.client_id]


def fills(listener: Listener, request: OrderRequest) -> list[Fill]:
    """Return the fills that were told; where no stream tells any, what is asked for then."""
    found: list[Fill] = listener.of(Fill)
    if "streamed_fills" in listener.rig.row.lacks:
        assert not found
        told = listener.rig.look(request.client_id, Look.TRADES)
        found = [one for one in told if isinstance(one, Fill)]
    return [one for one in found if one.client_id == request.client_id]


def statuses(listener: Listener, request: OrderRequest) -> set[OrderStatus]:
    """Return all that were told: two sockets of one venue may tell them out of order."""
    return {one.status for one in reports(listener, request)}


def test_a_resting_order_is_told_when_it_comes_and_when_it_goes(
    rig: Rig, private: Listener
) -> None:
    request = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05)
    placed = rig.rest(request)
    rig.eventually(lambda: OrderStatus.NEW in statuses(private, request))
    told = next(one for one in reports(private, request) if one.status is placed.status)
    assert told == replace(placed, source=Source.STREAM, at_ns=told.at_ns)
    rig.cancel(request.client_id)
    rig.eventually(lambda: OrderStatus.CANCELLED in statuses(private, request))
    told = next(one for one in reports(private, request) if one.status is OrderStatus.CANCELLED)
    seen = rig.seen(request.client_id)
    assert told == replace(seen, source=Source.STREAM, at_ns=told.at_ns, reason=told.reason)


def test_a_stop_is_told_as_waiting_and_then_as_gone(rig: Rig, private: Listener) -> None:
    rig.hold()
    request = rig.stop()
    placed = rig.rest(request)
    rig.eventually(lambda: OrderStatus.UNTRIGGERED in statuses(private, request))
    told = next(one for one in reports(private, request) if one.status is placed.status)
    assert told == replace(placed, source=Source.STREAM, at_ns=told.at_ns)
    rig.cancel(request.client_id)
    rig.eventually(lambda: OrderStatus.CANCELLED in statuses(private, request))


def test_each_fill_is_told_once_and_as_the_list_of_trades_tells_it(
    rig: Rig, private: Listener
) -> None:
    request = rig.order(OrderKind.MARKET, Side.BUY)
    rig.submit(request)
    rig.eventually(lambda: OrderStatus.FILLED in statuses(private, request))
    rig.eventually(lambda: sum(one.qty_lots for one in fills(private, request)) >= rig.lots)
    told = fills(private, request)
    assert set(Counter(one.trade_id for one in told).values()) == {1}
    listed = [one for one in rig.look(request.client_id, Look.TRADES) if isinstance(one, Fill)]
    assert alike(told, listed)
    assert max(one.filled_lots for one in reports(private, request)) == rig.lots


def by_id(fill: Fill) -> int:
    return fill.trade_id


def alike(one: list[Fill], other: list[Fill]) -> bool:
    """Tell whether two lists hold the same fills; a time may be told with fewer digits."""
    first, second = (
        sorted((replace(fill, at_ns=fill.at_ns // 1_000_000) for fill in found), key=by_id)
        for found in (one, other)
    )
    return first == second


def test_a_stop_that_is_set_off_fills_under_our_own_name(rig: Rig, private: Listener) -> None:
    """B1: the fills of a protective stop are ours, whatever order the venue makes of it."""
    rig.hold()
    request = rig.stop(off=-0.01)
    placed = rig.rest(request)
    # In whole units, for a path is one of all listings, and they have different ticks.
    low, back = (int(rig.market.tick * request.trigger_ticks * part / 100) for part in (98, 101))
    rig.venue.command("POST", "/path", points=[[0.5, str(low)], [4, str(low)], [5, str(back)]])
    rig.eventually(lambda: OrderStatus.FILLED in statuses(private, request), seconds=15)
    rig.eventually(lambda: sum(one.qty_lots for one in fills(private, request)) >= rig.lots)
    told = fills(private, request)
    assert sum(one.qty_lots for one in told) == rig.lots
    assert {one.side for one in told} == {Side.SELL}
    seen = rig.seen(request.client_id)
    assert (seen.status, seen.filled_lots) == (OrderStatus.FILLED, rig.lots)
    found = [one for one in rig.look(request.client_id, Look.TRADES) if isinstance(one, Fill)]
    assert alike(found, told)
    told_ids = {one.order_id for one in (*reports(private, request), seen, placed)}
    ids = told_ids | {one.order_id for one in (*told, *found)}
    assert len(ids) == 1, "the book of record holds a second id for another order"
    since_ms = min(one.at_ns for one in told) // 1_000_000
    listed = [
        replace(one, client_id=request.client_id)
        for one in rig.run(rig.desk.trades(rig.row.symbol, since_ms))
        if one.order_id == placed.order_id
    ]
    assert alike(listed, told)
    # The next test finds the price where it was.
    rig.eventually(lambda: rig.touch()[0] > request.trigger_ticks, seconds=15)


def test_balances_are_told_as_rest_tells_them(rig: Rig, private: Listener) -> None:
    rig.hold()
    if "streamed_balances" in rig.row.lacks:
        assert not private.of(Balance)
        return
    rig.eventually(lambda: any(one.asset == "USDT" for one in private.of(Balance)))

    def agrees() -> bool:
        told = [one for one in private.of(Balance) if one.asset == "USDT"]
        rest = {one.asset: one for one in rig.run(rig.desk.balances())}
        return bool(told[-1].total == rest["USDT"].total)

    rig.eventually(agrees)


def test_positions_are_told_as_rest_tells_them(rig: Rig, private: Listener) -> None:
    if not rig.market.is_perpetual:
        assert not private.of(VenuePosition)
        return
    lots = rig.hold()
    rig.eventually(lambda: bool(private.of(VenuePosition)))
    rig.eventually(lambda: private.of(VenuePosition)[-1].lots == lots)
    (rest,) = rig.run(rig.desk.positions([rig.row.symbol]))
    told = private.of(VenuePosition)[-1]
    assert (told.symbol, told.side, told.entry) == (rest.symbol, rest.side, rest.entry)
    rig.clear()
    rig.eventually(lambda: private.of(VenuePosition)[-1].lots == 0)


@pytest.mark.parametrize("fault", ["close_stream", "break_frame"])
def test_a_connection_that_fails_is_made_anew_and_says_what_may_be_missing(
    rig: Rig, private: Listener, fault: str
) -> None:
    rig.venue.fault(fault, "STREAM")
    request = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05)
    rig.rest(request)
    rig.eventually(lambda: any(one.phase is Phase.DOWN for one in private.states))
    rig.eventually(lambda: private.is_ready)
    ready = [one for one in private.states if one.phase is Phase.READY]
    assert len(ready) >= 2
    assert ready[-1].missed_since_ns is not None
    again = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.06)
    rig.rest(again)
    rig.eventually(lambda: OrderStatus.NEW in statuses(private, again))


def test_the_market_is_told_in_our_ticks_and_lots(rig: Rig) -> None:
    """R-DATA-03: quotes lie around what REST says, trades between, in the growing candle."""
    symbol, timeframe = rig.row.symbol, Timeframe.parse(rig.row.streamed)
    with listening(rig, lambda: rig.desk.public([symbol], timeframe)) as listener:
        rig.hold()
        rig.eventually(lambda: bool(listener.of(Candle) and listener.of(Trade)))
        rig.eventually(lambda: bool(listener.of(Quote) or listener.of(BookUpdate)))
        bid, ask = rig.touch()
    near = range(bid - bid // 20, ask + ask // 20)  # another test may have moved it
    for trade in listener.of(Trade):
        assert trade.symbol == symbol
        assert trade.price_ticks in near
        assert trade.qty_lots > 0
    for quote in listener.of(Quote):
        assert quote.symbol == symbol
        assert quote.bid_ticks < quote.ask_ticks
        assert quote.bid_ticks in near
    candle = listener.of(Candle)[-1]
    assert candle.symbol == symbol
    assert candle.open_ns % (timeframe.ms * 1_000_000) == 0
    assert candle.low_ticks <= candle.close_ticks <= candle.high_ticks
    assert candle.close_ticks in near


def test_the_book_is_told_for_recording(rig: Rig) -> None:
    symbol = rig.row.symbol
    with listening(rig, lambda: rig.desk.depth([symbol])) as listener:
        rig.eventually(lambda: bool(listener.of(BookUpdate)))
    assert {one.symbol for one in listener.of(BookUpdate)} == {symbol}
