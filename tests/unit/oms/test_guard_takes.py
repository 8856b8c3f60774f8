"""Takes: parts of a position that are sold on the way up, beside the stop or in its stead."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.oms.test_guard import FUTURES, KNOWN, LONG, SPOT, ask, stop, told

from ballast.core.ids import Purpose, client_id
from ballast.core.orders import OrderKind, OrderRequest, OrderStatus, Side
from ballast.oms.protection.cover import Alarm, Place, Take
from ballast.oms.protection.guard import refused
from ballast.oms.record import OrderRecord, Phase, Wish

FIRST, SECOND_TAKE = Take(0, 10_200, 5), Take(1, 10_400, 3)
COVER = replace(LONG, takes=(FIRST, SECOND_TAKE))


def resting(number: int, take: Take, *, phase: Phase = Phase.LIVE, **more: Any) -> OrderRecord:
    name = client_id(Purpose.TAKE, account="a", strategy="s", symbol="X", decision=number)
    request = OrderRequest(
        "X", Side.SELL, OrderKind.LIMIT, take.lots, take.ticks, name, reduce_only=True
    )
    shown = OrderStatus.NEW if phase is Phase.LIVE else None
    return OrderRecord(name, Purpose.TAKE, request, number, 0, phase, shown, number, **more)


def test_each_take_rests_beside_the_stop_as_an_order_that_only_reduces() -> None:
    verdict = ask([stop()], cover=COVER)
    assert told(verdict) == ["take 10200 SELL 5", "take 10400 SELL 3"]
    places = [act for act in verdict.acts if isinstance(act, Place)]
    assert all(one.request.reduce_only for one in places)
    assert [one.take for one in places] == [0, 1]


def test_the_stop_comes_first() -> None:
    assert told(ask([], cover=COVER)) == [
        "stop 9500 SELL 10",
        "take 10200 SELL 5",
        "take 10400 SELL 3",
    ]


def test_takes_that_rest_are_left_alone() -> None:
    orders = [stop(), resting(2, FIRST), resting(3, SECOND_TAKE)]
    assert ask(orders, cover=COVER).is_calm


@pytest.mark.parametrize("phase", [Phase.SENT, Phase.UNKNOWN])
def test_a_take_nobody_knows_about_is_not_sent_twice(phase: Phase) -> None:
    orders = [stop(), resting(2, FIRST, phase=phase), resting(3, SECOND_TAKE)]
    assert ask(orders, cover=COVER).is_calm


def test_a_take_that_moved_goes_and_the_new_one_comes() -> None:
    orders = [stop(), resting(2, replace(FIRST, ticks=10_100)), resting(3, SECOND_TAKE)]
    assert told(ask(orders, cover=COVER)) == ["cancel", "take 10200 SELL 5"]


def test_a_take_that_is_being_cancelled_does_not_count() -> None:
    orders = [stop(), resting(2, FIRST, cancel=Wish.ASKED), resting(3, SECOND_TAKE)]
    assert told(ask(orders, cover=COVER)) == ["take 10200 SELL 5"]


def test_what_a_take_has_booked_is_no_longer_wanted_of_it() -> None:
    half = resting(2, FIRST, filled_lots=2, booked_lots=2)
    cover = replace(COVER, lots=8, takes=(replace(FIRST, lots=3), SECOND_TAKE))
    assert ask([stop(lots=8), half, resting(3, SECOND_TAKE)], cover=cover).is_calm


def test_while_fills_of_a_take_are_missing_no_other_is_placed() -> None:
    """The venue said filled, the fill is on its way: what is still wanted is not known (B6)."""
    gone = resting(2, FIRST, phase=Phase.ENDED, filled_lots=5, booked_lots=0)
    assert told(ask([stop(lots=5), gone, resting(3, SECOND_TAKE)], cover=COVER)) == []


def test_takes_go_with_the_position() -> None:
    flat = replace(COVER, lots=0, takes=())
    assert told(ask([resting(2, FIRST), resting(3, SECOND_TAKE)], cover=flat)) == ["cancel"] * 2


def test_on_spot_a_take_waits_for_its_price_because_the_stop_holds_the_coins() -> None:
    assert ask([stop()], SPOT, cover=COVER, price=10_200).is_calm  # touched is not past
    assert told(ask([stop()], SPOT, cover=COVER, price=10_201)) == ["cancel"]
    verdict = ask([], SPOT, cover=COVER, price=10_201)
    assert told(verdict) == ["take SELL 5"]
    assert verdict.acts[0] == Place(
        OrderRequest("X", Side.SELL, OrderKind.MARKET, 5), Purpose.TAKE, 0
    )


def test_on_spot_a_take_on_its_way_is_waited_for() -> None:
    assert ask([resting(2, FIRST)], SPOT, cover=COVER, price=10_201).is_calm


def test_on_spot_the_stop_comes_back_where_the_price_does() -> None:
    assert told(ask([], SPOT, cover=COVER, price=10_100)) == ["stop 9500 SELL 10"]


def test_a_position_decided_without_a_stop_may_be_held_without_one() -> None:
    bare = replace(LONG, stop_ticks=0, takes=(FIRST,), may_be_bare=True)
    none = replace(KNOWN, best_ticks=0)
    assert told(ask([], FUTURES, cover=bare, memory=none)) == ["take 10200 SELL 5"]
    later = replace(bare, stop_ticks=9_000)
    assert told(ask([], FUTURES, cover=later, memory=none)) == [
        "stop 9000 SELL 10",
        "take 10200 SELL 5",
    ]


def test_where_stops_are_refused_all_of_it_goes_not_the_part_that_is_due() -> None:
    """Found by the simulation: two refused stops, and a take of a third left the rest bare (B4)."""
    twice = refused(refused(KNOWN))
    gone = ask([], SPOT, cover=COVER, memory=twice, price=10_250)
    assert (told(gone), gone.alarms) == (["flatten SELL 10"], (Alarm.REFUSED,))
    once = ask([], SPOT, cover=COVER, memory=refused(KNOWN), price=10_250)
    assert told(once) == ["take SELL 5"]
