"""What a served venue can be made to suffer, and to announce (R-EXCH-14 to R-EXCH-16)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.okx_desk import SPOT as OKX_SPOT
from tests.fakes.okx_desk import SWAP, OkxDesk
from tests.fakes.toy_venue import SECOND_NS, ToyVenue, asked
from tests.fakes.venue import START_NS, only, venue

from ballast.core.errors import ConfigError
from ballast.venues.simulated.engine.events import HaltChanged, Trading
from ballast.venues.simulated.wire.faults import Command, Fault, FaultPlan
from ballast.venues.simulated.wire.gateway import Gateway
from ballast.venues.simulated.wire.messages import Answer, Close, Request, Reset, Response, Text
from ballast.venues.simulated.wire.streams import Connection

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.exchange import Exchange

HOUR_NS = 3_600 * SECOND_NS


def stream(gate: Gateway) -> Connection:
    opened = gate.connect(asked("GET", "/stream"), gate.now_ns)
    assert isinstance(opened, Connection)
    return opened


def test_in_an_outage_nothing_reaches_the_venue_and_its_streams_break() -> None:
    toy = ToyVenue()
    gate = Gateway([toy])
    open_stream = stream(gate)
    gate.cut(10 * SECOND_NS, 0)
    assert [*gate.take(open_stream, 1)] == [Close(1006)]
    assert gate.request(asked("POST", "/order"), SECOND_NS) == Reset()
    refused = gate.connect(asked("GET", "/stream"), SECOND_NS)
    assert isinstance(refused, Response)
    assert refused.status == 503
    assert (toy.market.orders, gate.requests, gate.turned_away) == (0, 0, 2)
    assert isinstance(gate.request(asked("POST", "/order"), 10 * SECOND_NS), Answer)
    assert toy.market.orders == 1


def test_an_outage_ends_when_it_is_told_to() -> None:
    gate = Gateway([ToyVenue()])
    gate.cut(HOUR_NS, 0)
    gate.cut(0, SECOND_NS)
    assert isinstance(gate.request(asked("GET", "/time"), 2 * SECOND_NS), Answer)
    assert isinstance(stream(gate), Connection)


def test_a_venue_without_words_closes_the_streams_it_dismisses() -> None:
    gate = Gateway([ToyVenue()])
    both = [stream(gate), stream(gate)]
    assert gate.dismiss(SECOND_NS) == 2
    assert [[*gate.take(one, SECOND_NS)] for one in both] == [[Close(1001, "going away")]] * 2
    assert gate.connections == ()


def test_okx_announces_an_upgrade_and_closes_half_a_minute_later() -> None:
    desk = OkxDesk()
    request = Request("GET", "ws.okx.com", "/ws/v5/public", "", {}, b"")
    opened = desk.gateway.connect(request, desk.now_ns)
    assert isinstance(opened, Connection)
    desk.gateway.dismiss(desk.now_ns)
    (said,) = desk.gateway.take(opened, desk.now_ns)
    assert isinstance(said, Text)
    assert json.loads(said.text)["code"] == "64008"
    desk.pass_time(29 * SECOND_NS)
    desk.gateway.receive(opened, "ping", desk.now_ns)
    assert Close(1006) not in [*desk.gateway.take(opened, desk.now_ns)]
    desk.pass_time(2 * SECOND_NS)
    assert Close(1006) in [*desk.gateway.take(opened, desk.now_ns)]


def test_faults_that_wait_are_taken_back() -> None:
    plan = FaultPlan()
    plan.command(Command(Fault.UNAVAILABLE, count=5))
    assert plan.withdraw() == 1
    assert plan.for_request(0, "toy GET /time", is_order=False) is None


def test_an_address_that_okx_sends_away_is_sent_away_for_a_minute() -> None:
    desk = OkxDesk(faults=FaultPlan())
    desk.gateway.faults.command(Command(Fault.BANNED))
    for passed_s, status in ((0, 403), (0, 403), (59, 403), (2, 200)):
        desk.pass_time(passed_s * SECOND_NS)
        outcome = desk.gateway.request(desk.signed("GET", "public/time"), desk.now_ns)
        assert isinstance(outcome, Answer)
        assert outcome.response.status == status, passed_s


# What is announced ----------------------------------------------------------------------------


def trading(exchange: Exchange) -> set[Trading]:
    return {exchange.trading(one) for one in exchange.listings}


def test_a_maintenance_halts_all_and_ends_for_what_it_halted() -> None:
    exchange = venue()
    first, *others = exchange.listings
    exchange.set_trading(first, Trading.CANCEL_ONLY)
    exchange.announce_maintenance(START_NS + HOUR_NS, START_NS + 2 * HOUR_NS)
    exchange.advance(START_NS + HOUR_NS - 1)
    assert exchange.trading(others[0]) is Trading.TRADING
    exchange.advance(START_NS + HOUR_NS)
    assert {exchange.trading(one) for one in others} == {Trading.HALTED}
    exchange.advance(START_NS + 2 * HOUR_NS)
    assert {exchange.trading(one) for one in others} == {Trading.TRADING}
    assert exchange.trading(first) is Trading.CANCEL_ONLY
    assert exchange.notices.maintenance is None


def test_a_maintenance_that_is_put_off_does_not_begin_at_its_old_time() -> None:
    exchange = venue()
    exchange.announce_maintenance(START_NS + HOUR_NS, START_NS + 2 * HOUR_NS)
    exchange.announce_maintenance(START_NS + 5 * HOUR_NS, START_NS + 6 * HOUR_NS)
    exchange.advance(START_NS + 4 * HOUR_NS)
    assert trading(exchange) == {Trading.TRADING}
    assert not only(exchange.drain(), HaltChanged)


def test_what_is_announced_outlives_a_snapshot() -> None:
    exchange = venue()
    symbol = next(iter(exchange.listings))
    exchange.announce_end(symbol, START_NS + HOUR_NS)
    exchange.announce_maintenance(START_NS + 2 * HOUR_NS, START_NS + 3 * HOUR_NS)
    again = venue()
    again.restore(exchange.snapshot())
    assert again.notices == exchange.notices
    again.advance(START_NS + HOUR_NS)
    assert again.trading(symbol) is Trading.DELISTED
    again.advance(START_NS + 3 * HOUR_NS)
    assert again.trading(symbol) is Trading.DELISTED


@pytest.mark.parametrize(("from_h", "until_h"), [(0, 1), (2, 2), (3, 2)])
def test_a_maintenance_that_cannot_be_is_refused(from_h: int, until_h: int) -> None:
    exchange = venue()
    with pytest.raises(ConfigError):
        exchange.announce_maintenance(START_NS + from_h * HOUR_NS, START_NS + until_h * HOUR_NS)
    with pytest.raises(ConfigError):
        exchange.announce_end(next(iter(exchange.listings)), START_NS)


def test_okx_tells_what_is_planned_and_when_a_symbol_ends() -> None:
    desk = OkxDesk()
    begin_ns = desk.now_ns + HOUR_NS
    desk.exchange.announce_maintenance(begin_ns, begin_ns + HOUR_NS)
    desk.exchange.announce_end(SWAP, desk.now_ns + 9 * HOUR_NS)

    def rows(**params: str) -> list[dict[str, Any]]:
        desk.pass_time(5 * SECOND_NS)  # one question in five seconds
        return [*desk.get("system/status", **params)["data"]]

    (row,) = rows()
    assert (row["state"], row["begin"]) == ("scheduled", str(begin_ns // 1_000_000))
    assert rows(state="ongoing") == []
    desk.pass_time(HOUR_NS)
    (row,) = rows(state="ongoing")
    assert row["end"] == str((begin_ns + HOUR_NS) // 1_000_000)
    ends = desk.one("public/instruments", instType="SWAP")["expTime"]
    assert int(ends) * 1_000_000 == desk.exchange.notices.ends_ns[SWAP] // 1_000_000 * 1_000_000
    assert desk.one("public/instruments", instType="SPOT", instId=OKX_SPOT)["expTime"] == ""
