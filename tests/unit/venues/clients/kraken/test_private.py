"""Kraken's private socket: it tells what REST tells, each fill once, and ends where it must."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from tests.fakes.kraken_desk import KrakenDesk
from tests.unit.venues.clients.kraken.venue import SYMBOL, Line, names_of

from ballast.core.orders import EndReason, Fill, OrderStatus, Side
from ballast.core.reports import OrderReport, Source
from ballast.venues.books.capture import number_of
from ballast.venues.clients.account import Balance
from ballast.venues.clients.calls import Verdict
from ballast.venues.clients.known import Known
from ballast.venues.clients.kraken.private import PrivateTalk
from ballast.venues.clients.kraken.rows import fill_of, order_report

OWN, OTHER = "blsaaaaaaaaaaaaaaa", "bleaaaaaaaaaaaaaaa"


@pytest.fixture
def venue() -> KrakenDesk:
    return KrakenDesk()


def talk_of(venue: KrakenDesk, known: Known | None = None) -> PrivateTalk:
    async def token() -> str:
        return str(venue.ask("GetWebSocketsToken")["token"])

    return PrivateTalk(names_of(venue), known or Known(), token)


def line_of(venue: KrakenDesk, known: Known | None = None) -> Line:
    return Line(venue, talk_of(venue, known), private=True)


def reports(news: list[Any]) -> list[OrderReport]:
    return [one for one in news if isinstance(one, OrderReport)]


def by_rest(venue: KrakenDesk, txid: str) -> OrderReport:
    found = order_report(names_of(venue), txid, numbered(venue.one(txid)), venue.now_ns)
    assert found is not None
    return found


def numbered(row: Any) -> Any:
    """Return JSON as our asker decodes it: numbers with a point are text."""
    return json.loads(json.dumps(row), parse_float=str)


def test_it_is_ready_once_both_snapshots_have_come(venue: KrakenDesk) -> None:
    line = line_of(venue)
    assert (line.times_ready, line.ends) == (1, "")
    first = next(at for at, one in enumerate(line.heard) if one.is_ready)
    assert sum(bool(one.news) for one in line.heard[: first + 1]) >= 1  # balances were told by then
    venue.pass_time(10**10)
    line.take()
    assert line.times_ready == 1


def test_the_life_of_a_limit_order_is_told_as_rest_tells_it(venue: KrakenDesk) -> None:
    line = line_of(venue)
    txid = venue.order("buy", "limit", "0.1", price="50000", cl_ord_id=OTHER)
    told = reports(line.take())
    seen = by_rest(venue, txid)
    assert {one.status for one in told} == {OrderStatus.NEW}
    assert replace(told[-1], at_ns=0, source=Source.QUERY) == replace(seen, at_ns=0)
    venue.ask("AmendOrder", cl_ord_id=OTHER, order_qty="0.2", limit_price="50001")
    (changed,) = reports(line.take())
    assert (changed.qty_lots, changed.price_ticks) == (20_000, 5_000_100)
    venue.ask("CancelOrder", cl_ord_id=OTHER)
    (ended,) = reports(line.take())
    assert (ended.status, ended.reason) == (OrderStatus.CANCELLED, EndReason.REQUESTED)
    assert replace(ended, at_ns=0, source=Source.QUERY) == replace(by_rest(venue, txid), at_ns=0)


def test_a_fill_is_told_once_and_as_the_history_tells_it(venue: KrakenDesk) -> None:
    line = line_of(venue)
    txid = venue.order("buy", "market", "1.5", cl_ord_id=OTHER)  # two levels of the book
    news = line.take()
    fills = [one for one in news if isinstance(one, Fill)]
    rows = venue.ask("TradesHistory")["trades"]
    theirs = [fill_of(names_of(venue), name, numbered(row), "") for name, row in rows.items()]
    assert {one.trade_id for one in fills} == {number_of(name) for name in rows}
    assert sorted(fills, key=lambda one: one.trade_id) == sorted(
        (replace(one, at_ns=fills[0].at_ns) for one in theirs if one is not None),
        key=lambda one: one.trade_id,
    )
    assert sum(one.qty_lots for one in fills) == 150_000
    assert {(one.client_id, one.fee_asset, one.is_maker) for one in fills} == {
        (OTHER, "USD", False),
    }
    last = reports(news)[-1]
    assert (last.status, last.filled_lots) == (OrderStatus.FILLED, 150_000)
    assert last.order_id == number_of(txid)


def test_a_stop_waits_is_moved_fires_and_fills(venue: KrakenDesk) -> None:
    line = line_of(venue)
    venue.order("sell", "stop-loss", "0.1", price="59000", cl_ord_id=OWN)
    waiting = reports(line.take())[-1]
    assert (waiting.status, waiting.trigger_ticks) == (OrderStatus.UNTRIGGERED, 5_900_000)
    venue.ask("AmendOrder", cl_ord_id=OWN, trigger_price="59500")
    moved = reports(line.take())[-1]
    assert (moved.status, moved.trigger_ticks) == (OrderStatus.UNTRIGGERED, 5_950_000)
    venue.exchange.street.place("BTC/USD", Side.BUY, price_ticks=5_940_000, qty_lots=100_000)
    venue.walk("59500")
    news = line.take()
    assert reports(news)[-1].status is OrderStatus.FILLED
    assert sum(one.qty_lots for one in news if isinstance(one, Fill)) == 10_000


def test_a_stop_limit_that_fired_rests_as_an_order_in_the_book(venue: KrakenDesk) -> None:
    line = line_of(venue)
    txid = venue.order(
        "sell", "take-profit-limit", "0.1", price="60500", price2="61000", cl_ord_id=OWN
    )
    line.take()
    venue.walk("60500")
    (fired,) = reports(line.take())
    assert (fired.status, fired.price_ticks) == (OrderStatus.NEW, 6_100_000)
    assert by_rest(venue, txid).status is OrderStatus.NEW


def test_a_new_connection_begins_with_what_is_open_and_what_traded_last(venue: KrakenDesk) -> None:
    venue.order("buy", "market", "0.1", cl_ord_id=OTHER)
    venue.order("sell", "stop-loss", "0.1", price="59000", cl_ord_id=OWN)
    line = line_of(venue)
    told = [one for heard in line.heard for one in heard.news]
    assert {one.client_id: one.status for one in reports(told)}[OWN] is OrderStatus.UNTRIGGERED
    assert [one.client_id for one in told if isinstance(one, Fill)] == [OTHER]


def test_balances_are_totals_of_which_nothing_says_what_is_held(venue: KrakenDesk) -> None:
    line = line_of(venue)
    told = [one for heard in line.heard for one in heard.news]
    assert Balance("BTC", Decimal(2), Decimal(2), has_free=False) in told
    venue.order("buy", "market", "0.1")
    news = line.take()
    (quote,) = (one for one in news if isinstance(one, Balance) and one.asset == "USD")
    assert quote.total == Decimal(venue.ask("Balance")["ZUSD"])


# Where it ends -----------------------------------------------------------------------------


def frame(channel: str, number: int, *rows: dict[str, Any], kind: str = "update") -> bytes:
    said = {"channel": channel, "type": kind, "data": rows, "sequence": number}
    return json.dumps(said).encode()


ROW: dict[str, Any] = {
    "order_id": "OK4GJX-KSTLS-7DZZO5", "symbol": "BTC/USD", "order_qty": 0.005, "cum_cost": 0.0,
    "time_in_force": "GTC", "exec_type": "pending_new", "side": "sell", "order_type": "limit",
    "limit_price_type": "static", "limit_price": 26500.0, "stop_price": 0.0,
    "order_status": "pending_new", "fee_usd_equiv": 0.0, "fee_ccy_pref": "fciq",
    "timestamp": "2023-09-22T10:33:05.709950Z", "cl_ord_id": OTHER,
}  # fmt: skip
"""A row as the venue's documents show it."""


def test_a_documented_row_is_read(venue: KrakenDesk) -> None:
    (report,) = talk_of(venue).hear(frame("executions", 8, ROW), 0).news
    assert report == OrderReport(
        SYMBOL, OTHER, number_of(ROW["order_id"]), OrderStatus.NEW, 0, 1_695_378_785_709_950_000,
        Source.STREAM, EndReason.NONE, 500, 2_650_000, 0,
    )  # fmt: skip


def test_what_is_said_twice_is_heard_once_and_a_hole_ends_the_connection(
    venue: KrakenDesk,
) -> None:
    talk = talk_of(venue)
    assert talk.hear(frame("executions", 8, ROW), 0).news
    assert talk.hear(frame("executions", 8, ROW), 0).news == ()
    assert talk.hear(frame("balances", 1), 0).ends == ""  # each channel counts for itself
    heard = talk.hear(frame("executions", 10, ROW), 0)
    assert (heard.ends, heard.news) == ("executions: message 9 is followed by 10", ())


def test_a_row_that_does_not_tell_what_traded_takes_nothing_of_it_away(venue: KrakenDesk) -> None:
    talk = talk_of(venue)
    filled = ROW | {"cum_qty": 0.001, "order_status": "partially_filled", "exec_type": "restated"}
    talk.hear(frame("executions", 1, filled), 0)
    bare = {"order_id": ROW["order_id"], "exec_type": "status", "order_status": "new"}
    (report,) = talk.hear(frame("executions", 2, bare), 5).news
    assert isinstance(report, OrderReport)
    assert (report.filled_lots, report.status) == (100, OrderStatus.PARTIALLY_FILLED)
    assert (report.qty_lots, report.price_ticks, report.at_ns) == (500, 2_650_000, 5)


def test_word_of_an_order_that_was_never_introduced_ends_the_connection(venue: KrakenDesk) -> None:
    row = {name: one for name, one in ROW.items() if name not in {"symbol", "cl_ord_id"}}
    heard = talk_of(venue).hear(frame("executions", 1, row), 0)
    assert heard.ends == "order OK4GJX-KSTLS-7DZZO5 was never introduced"
    known = Known()
    known.learn(ROW["order_id"], SYMBOL, OTHER)  # but the desk may know it
    (report,) = talk_of(venue, known).hear(frame("executions", 1, row), 0).news
    assert isinstance(report, OrderReport)
    assert report.client_id == OTHER


def test_orders_of_other_pairs_and_fees_in_two_assets_are_left_to_rest(venue: KrakenDesk) -> None:
    talk = talk_of(venue)
    share = ROW | {"symbol": "AAPLx/USD", "order_id": "OSHARE"}
    assert talk.hear(frame("executions", 1, share), 0).news == ()
    later = {name: one for name, one in share.items() if name != "symbol"}
    heard = talk.hear(frame("executions", 2, later | {"exec_type": "canceled"}), 0)
    assert (heard.news, heard.ends) == ((), "")
    trade = {
        "exec_type": "trade", "order_status": "partially_filled", "exec_id": "TX", "order_id": "O",
        "cum_qty": 0.001, "last_qty": 0.001, "last_price": 26500.0,
        "fees": [{"asset": "USD", "qty": 0.1}, {"asset": "KFEE", "qty": 0.1}],
    }  # fmt: skip
    (report,) = talk.hear(frame("executions", 3, ROW | trade), 0).news
    assert isinstance(report, OrderReport)
    assert report.filled_lots == 100  # more than is booked: the history is asked


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[1]", b"{", b'{"channel":"book","data":[]}', b'{"channel":"executions"}',
        b'{"channel":"executions","sequence":1,"data":5}',
        b'{"channel":"executions","sequence":1,"data":[{"order_id":"O"}]}',
        frame("executions", 1, ROW | {"order_qty": 0.0000001}),
        frame("executions", 1, ROW | {"timestamp": "yesterday"}),
        frame("balances", 1, {"asset": "USD"}),
        frame("balances", 1, {"asset": "USD", "balance": "much"}),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_value_error(venue: KrakenDesk, body: bytes) -> None:
    """A frame that cannot be read ends its connection, never its task."""
    with pytest.raises(ValueError, match=r"\S"):
        talk_of(venue).hear(body, 0)


def test_a_refused_subscription_ends_the_connection(venue: KrakenDesk) -> None:
    async def bad() -> str:
        return "no token"

    line = Line(venue, PrivateTalk(names_of(venue), Known(), bad), private=True)
    assert line.ends == "refused: ESession:Invalid session"
    refused = PrivateTalk(names_of(venue), Known(), bad).hear(
        b'{"method": "subscribe", "success": false, "error": "ESession:Invalid session"}', 0
    )
    assert refused.verdict is Verdict.KEY
    assert line.times_ready == 0


def test_its_ping_is_answered(venue: KrakenDesk) -> None:
    line = line_of(venue)
    text = line.talk.ping(0)
    assert text is not None
    venue.gateway.receive(line.stream.connection, text, venue.now_ns)
    assert line.take() == []
    assert line.ends == ""
