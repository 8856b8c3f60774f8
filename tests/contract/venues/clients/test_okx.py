"""What is special at OKX, over its sockets and under its names (R-EXCH-09)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.contract.venues.clients.listening import listening
from tests.contract.venues.clients.rig import Rig, serving
from tests.contract.venues.clients.rows import ROWS

from ballast.core.ids import Purpose
from ballast.core.marketdata import BookUpdate, Grid
from ballast.core.orders import (
    AmendRequest,
    EndReason,
    OrderKind,
    OrderRef,
    OrderStatus,
    RejectReason,
    Side,
)
from ballast.core.reports import OrderReport, Rejection
from ballast.core.time import Timeframe
from ballast.venues.books.builder import BookBuilder
from ballast.venues.books.rules import rules_of
from ballast.venues.clients.asking import wire
from ballast.venues.clients.asking.asker import VenueAsker
from ballast.venues.clients.calls import CallError, Urgency, Verdict
from ballast.venues.clients.venues import TESTNETS

if TYPE_CHECKING:
    from collections.abc import Iterator

MINUTE = Timeframe.parse("1m")


@pytest.fixture(scope="module", params=["OKX", "OKXSWAP"])
def served(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """Serve OKX for all tests of the file."""
    with serving(ROWS[request.param]) as rig:
        yield rig


def test_demo_trading_has_a_header_and_sockets_of_its_own(rig: Rig) -> None:
    """A key of the real venue is none of the demo's: nothing is traded by mistake."""
    demo = TESTNETS[rig.row.venue]
    asker = VenueAsker(demo.access, rig.session, rig.now_ns, rig.keys)
    desk = demo.desk(asker, rig.now_ns)
    with pytest.raises(CallError) as refused:
        rig.run(desk.balances())
    assert (refused.value.verdict, refused.value.code) == (Verdict.KEY, "50101")
    desk.markets = rig.desk.markets
    talks = [
        *desk.private(["BTCUSDT"]),
        *desk.public(["BTCUSDT"], MINUTE),
        *desk.depth(["BTCUSDT"]),
    ]
    urls = {rig.run(one.url()) for one in talks}
    assert {one.rpartition("/")[0] for one in urls} == {"wss://wspap.okx.com:8443/ws/v5"}
    assert demo.hosts == ("www.okx.com", "wspap.okx.com")


def test_a_post_only_order_that_would_trade_is_taken_and_then_ended(rig: Rig) -> None:
    """exchanges.md 4.9: no refusal tells it, so the order itself must."""
    request = rig.order(OrderKind.LIMIT, Side.BUY, off=0.01, post_only=True)
    with listening(rig, lambda: rig.desk.private([rig.row.symbol])) as private:
        assert isinstance(rig.told(rig.submit(request)), OrderReport)
        ended = (OrderStatus.CANCELLED, EndReason.POST_ONLY)

        def told() -> bool:
            mine = [o for o in private.of(OrderReport) if o.client_id == request.client_id]
            return ended in {(one.status, one.reason) for one in mine}

        rig.eventually(told)
    seen = rig.seen(request.client_id)
    assert (seen.status, seen.reason, seen.filled_lots) == (*ended, 0)


@pytest.mark.parametrize(
    ("offset_s", "is_taken"), [(-4.0, False), (-1.0, True), (20.0, True), (58.0, False)]
)
def test_a_request_is_good_for_three_seconds_as_the_fence_of_an_order_has_it(
    rig: Rig, offset_s: float, *, is_taken: bool
) -> None:
    """A4: the venue takes what is dated half a minute back; so all is, but for three seconds."""
    rig.asker.offset_ns = int(offset_s * 1e9)
    request = rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05)
    told = rig.told(rig.submit(request))
    rig.asker.offset_ns = 0
    assert isinstance(told, OrderReport if is_taken else Rejection), told
    if isinstance(told, Rejection):
        assert (told.reason, told.code) == (RejectReason.NOT_DONE, "50102")
    assert (rig.truth(request.client_id) is not None) is is_taken


def test_an_end_point_is_never_asked_more_than_it_allows(rig: Rig) -> None:
    """R-NET-01: `account/balance` takes ten calls in two seconds, and no budget tells so."""
    for _ in range(14):
        assert rig.run(rig.desk.balances())


def test_a_venue_that_is_closed_says_so_and_refuses_nothing_it_did(rig: Rig) -> None:
    rig.fault("maintenance", rig.row.private)
    with pytest.raises(CallError) as closed:
        rig.run(rig.desk.balances())
    assert closed.value.verdict is Verdict.MAINTENANCE
    for name in ("BTC-USDT", "BTC-USDT-SWAP"):
        rig.venue.command("POST", "/halt", symbol=name)
    try:
        assert not rig.run(rig.desk.status()).is_open
        told = rig.told(rig.submit(rig.order(OrderKind.LIMIT, Side.BUY, off=-0.05)))
        assert isinstance(told, Rejection)
        assert told.reason is RejectReason.NOT_TRADING
    finally:
        for name in ("BTC-USDT", "BTC-USDT-SWAP"):
            rig.venue.command("POST", "/resume", symbol=name)


def test_a_stop_that_is_refused_under_a_code_of_success_is_refused(rig: Rig) -> None:
    rig.hold()
    told = rig.told(rig.submit(rig.stop(off=0.02)))
    assert isinstance(told, Rejection)
    assert (told.reason, told.code) == (RejectReason.WOULD_TRIGGER, "51280")


def test_a_stop_that_cannot_be_moved_stays_where_it_is(rig: Rig) -> None:
    """B7: a refused amend leaves the old stop."""
    rig.hold()
    stop = rig.stop(off=-0.05)
    rig.rest(stop)
    ref = OrderRef(rig.row.symbol, client_id=stop.client_id)
    above = rig.stop(off=0.05).trigger_ticks
    told = rig.told(rig.run(rig.desk.amend(AmendRequest(ref, 0, 0, above), Urgency.PROTECT)))
    assert isinstance(told, Rejection)
    assert told.reason is RejectReason.WOULD_TRIGGER
    seen = rig.seen(stop.client_id)
    assert (seen.status, seen.trigger_ticks) == (OrderStatus.UNTRIGGERED, stop.trigger_ticks)


def test_an_amend_whose_answer_is_lost_is_found_by_a_look(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "TIMEOUT_S", 0.5)
    rig.hold()
    stop = rig.stop(off=-0.05)
    rig.rest(stop)
    rig.fault("lose_reply", "POST /api/v5/trade/amend-algos$")
    moved = stop.trigger_ticks + 100
    ref = OrderRef(rig.row.symbol, client_id=stop.client_id)
    told = rig.told(rig.run(rig.desk.amend(AmendRequest(ref, 0, 0, moved), Urgency.PROTECT)))
    assert not isinstance(told, OrderReport | Rejection)
    assert rig.seen(stop.client_id).trigger_ticks == moved


def test_a_purchase_that_waits_for_a_rise_becomes_one_order(rig: Rig) -> None:
    """An entry by a stop is sized in the coin, on spot as on the swap."""
    request = rig.order(OrderKind.STOP_MARKET, Side.BUY, off=0.005, purpose=Purpose.ENTRY)
    rig.rest(request)
    high, back = (rig.market.tick * (request.trigger_ticks * part // 100) for part in (101, 100))
    rig.venue.command("POST", "/path", points=[[0.3, str(high)], [3, str(high)], [4, str(back)]])
    rig.eventually(lambda: rig.seen(request.client_id).status is OrderStatus.FILLED, seconds=15)
    assert rig.seen(request.client_id).filled_lots == rig.lots


def test_the_book_builder_keeps_the_book_that_the_venue_shows(rig: Rig) -> None:
    """Changes are chained by number; sizes of the swap are contracts in frames as in questions."""
    market, symbol = rig.market, rig.row.symbol
    builder = BookBuilder(rules_of(rig.row.venue), Grid(market.tick, market.lot))
    heard = 0

    def agrees() -> bool:
        nonlocal heard
        updates = listener.of(BookUpdate)
        for update in updates[heard:]:
            builder.take(update)
        heard = len(updates)
        top = rig.run(rig.desk.top(symbol, 5))
        if not builder.is_live or len(updates) < 20:
            return False
        bids, asks = builder.book.top(5)
        found = tuple(tuple((int(one[0]), int(one[1])) for one in side) for side in (bids, asks))
        return found == (top.bids, top.asks)

    with listening(rig, lambda: rig.desk.depth([symbol])) as listener:
        rig.eventually(agrees, seconds=20)
