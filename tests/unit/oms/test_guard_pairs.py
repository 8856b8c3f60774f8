"""Pairs: on spot a take of all rests with the stop, and ends with it (R-STOP-28)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.oms.orders import SECOND
from tests.unit.oms.test_guard import BINANCE, KNOWN, LONG, NOW, PRICE, ask, stop, told

from ballast.core.ids import Purpose, client_id
from ballast.core.orders import OrderKind, OrderRequest, OrderStatus, Side
from ballast.oms.protection.cover import Alarm, Cancel, Memory, Pair, PlacePair, Take
from ballast.oms.protection.guard import refused
from ballast.oms.record import OrderRecord, Phase, Wish

PAIRS = replace(BINANCE, pairs=True)
ALL = Take(0, 10_400, 10)
COVER = replace(LONG, takes=(ALL,))
FREEING, SENT, OVER = (replace(KNOWN, pair=one) for one in (Pair.FREEING, Pair.SENT, Pair.OVER))


def leg(
    number: int = 2, *, phase: Phase = Phase.LIVE, take: Take = ALL, **more: Any
) -> OrderRecord:
    name = client_id(Purpose.TAKE, account="a", strategy="s", symbol="X", decision=number)
    request = OrderRequest(
        "X", Side.SELL, OrderKind.LIMIT, take.lots, take.ticks, name, post_only=True
    )
    shown = OrderStatus.NEW if phase is Phase.LIVE else None
    return OrderRecord(name, Purpose.TAKE, request, number, NOW, phase, shown, number, **more)


def names(verdict: Any) -> list[str]:
    return [act.client_id for act in verdict.acts if isinstance(act, Cancel)]


def test_a_whole_position_gets_take_and_stop_at_once() -> None:
    verdict = ask([], PAIRS, cover=COVER)
    assert told(verdict) == ["pair 10400 9500 10"]
    (pair,) = verdict.acts
    assert isinstance(pair, PlacePair)
    assert (pair.take.request.post_only, pair.take.request.kind) == (True, OrderKind.LIMIT)
    assert (pair.take.take, pair.take.purpose, pair.stop.purpose) == (
        0, Purpose.TAKE, Purpose.STOP,
    )  # fmt: skip
    assert verdict.memory.pair is Pair.SENT


@pytest.mark.parametrize(
    ("cover", "memory", "price"),
    [
        (replace(COVER, is_whole=False), KNOWN, PRICE),  # more of it is on its way
        (replace(COVER, takes=(replace(ALL, lots=6),)), KNOWN, PRICE),  # a part would stay
        (replace(COVER, takes=(replace(ALL, lots=5), Take(1, 10_500, 5))), KNOWN, PRICE),
        (COVER, OVER, PRICE),  # once is enough
        (COVER, SENT, PRICE),
        (COVER, refused(KNOWN), PRICE),  # where stops are refused no other order is tried
        (COVER, KNOWN, 0),  # no price is known, and the venue would look at one
    ],
)
def test_else_the_stop_comes_alone(cover: Any, memory: Memory, price: int) -> None:
    verdict = ask([], PAIRS, cover=cover, memory=memory, price=price)
    assert told(verdict) == ["stop 9500 SELL 10"]


def test_where_the_venue_has_none_or_they_are_not_wanted_the_take_is_watched() -> None:
    assert told(ask([], BINANCE, cover=COVER)) == ["stop 9500 SELL 10"]
    both = replace(PAIRS, reduces_only=True)
    assert told(ask([], both, cover=COVER)) == ["stop 9500 SELL 10", "take 10400 SELL 10"]


def test_a_stop_that_rests_makes_room_once_all_of_the_position_is_there() -> None:
    early = ask([stop()], PAIRS, cover=replace(COVER, is_whole=False))
    assert early.is_calm
    room = ask([stop()], PAIRS, cover=COVER)
    assert told(room) == ["cancel"]
    assert room.memory.pair is Pair.FREEING
    assert told(ask([], PAIRS, cover=COVER, memory=room.memory)) == ["pair 10400 9500 10"]
    assert ask([stop(cancel=Wish.ASKED)], PAIRS, cover=COVER, memory=room.memory).is_calm


def test_room_that_was_made_is_used_by_the_stop_where_the_price_went_on() -> None:
    """Past the take it sells; a venue would refuse a pair that is not around the price."""
    assert told(ask([], PAIRS, cover=COVER, memory=FREEING, price=10_401)) == ["take SELL 10"]
    at = ask([], PAIRS, cover=COVER, memory=FREEING, price=10_400)
    assert told(at) == ["stop 9500 SELL 10"]
    assert ask([stop()], PAIRS, cover=COVER, memory=at.memory).is_calm, "and not again"


def test_a_pair_that_rests_is_left_alone() -> None:
    rests = ask([stop(), leg()], PAIRS, cover=COVER, memory=SENT)
    assert (rests.is_calm, rests.memory.pair) == (True, Pair.OVER)
    off = ask([stop(), leg()], BINANCE, cover=COVER, memory=OVER)
    assert off.is_calm, "also after a start that wants no pairs any more"


def test_nothing_is_sent_beside_a_pair_nobody_knows_about() -> None:
    lost = [stop(phase=Phase.UNKNOWN), leg(phase=Phase.UNKNOWN)]
    assert ask(lost, PAIRS, cover=COVER, memory=SENT).is_calm
    half = [leg(phase=Phase.UNKNOWN)]  # the stop is known to be absent
    assert ask(half, PAIRS, cover=COVER, memory=SENT).is_calm


def test_a_refused_pair_is_no_refused_stop() -> None:
    after = refused(SENT)
    assert (after.pair, after.refusals) == (Pair.OVER, 0)
    assert told(ask([], PAIRS, cover=COVER, memory=after)) == ["stop 9500 SELL 10"]
    assert refused(after).refusals == 1


def test_a_stop_that_moves_goes_on_alone() -> None:
    moved = replace(COVER, stop_ticks=9_600)
    verdict = ask([stop(), leg()], PAIRS, cover=moved, memory=OVER)
    assert told(verdict) == ["replace 9600 10"]  # the venue ends the take with the old stop
    after = [stop(3, trigger=9_600), leg()]
    assert ask(after, PAIRS, cover=moved, memory=verdict.memory).is_calm
    assert ask(after[:1], PAIRS, cover=moved, memory=verdict.memory).is_calm


def test_a_take_that_trades_in_part_has_five_seconds_for_the_rest() -> None:
    """Its stop is gone that moment; a rest that waits longer would be bare (B1)."""
    part = leg(filled_lots=4, booked_lots=4)
    left = replace(COVER, lots=6, takes=(replace(ALL, lots=6),))
    first = ask([part], PAIRS, cover=left, memory=OVER, price=10_400)
    assert (first.is_calm, first.wake_ns) == (True, NOW + 5 * SECOND)
    later = ask([part], PAIRS, cover=left, memory=first.memory, price=10_400, now_ns=first.wake_ns)
    assert names(later) == [part.client_id]
    gone = ask([], PAIRS, cover=left, memory=later.memory, price=10_400, now_ns=first.wake_ns)
    assert told(gone) == ["stop 9500 SELL 6"]
    past = ask([], PAIRS, cover=left, memory=later.memory, price=10_401, now_ns=first.wake_ns)
    assert told(past) == ["take SELL 6"]


def test_the_end_of_a_stop_whose_take_trades_is_brought_to_light() -> None:
    """Nobody told that it is gone: a cancel of it is answered, and leaves the take alone."""
    part = leg(filled_lots=4, booked_lots=4)
    left = replace(COVER, lots=6, takes=(replace(ALL, lots=6),))
    verdict = ask([stop(), part], PAIRS, cover=left, memory=OVER, price=10_400)
    assert names(verdict) == [stop().client_id]
    waits = ask([stop(cancel=Wish.ASKED), part], PAIRS, cover=left, memory=OVER, price=10_400)
    assert waits.is_calm


def test_a_take_that_is_left_without_its_stop_is_not_believed_for_long() -> None:
    first = ask([leg()], PAIRS, cover=COVER, memory=OVER)
    assert (first.is_calm, first.wake_ns) == (True, NOW + SECOND)
    later = ask([leg()], PAIRS, cover=COVER, memory=first.memory, now_ns=first.wake_ns)
    assert names(later) == [leg().client_id]
    assert told(ask([], PAIRS, cover=COVER, memory=later.memory)) == ["stop 9500 SELL 10"]


def test_a_price_past_a_take_that_rests_has_five_seconds_to_fill_it() -> None:
    orders = [stop(), leg()]
    first = ask(orders, PAIRS, cover=COVER, memory=OVER, price=10_401)
    assert (first.is_calm, first.wake_ns) == (True, NOW + 5 * SECOND)
    back = ask(orders, PAIRS, cover=COVER, memory=first.memory, price=10_399)
    assert back.memory.passed_since_ns == 0
    due = ask(orders, PAIRS, cover=COVER, memory=first.memory, price=10_401, now_ns=first.wake_ns)
    assert names(due) == [stop().client_id]


def test_a_pair_for_another_take_goes() -> None:
    other = leg(take=replace(ALL, ticks=10_300))
    verdict = ask([stop(), other], PAIRS, cover=COVER, memory=OVER)
    assert names(verdict) == [stop().client_id]
    assert told(ask([], PAIRS, cover=COVER, memory=verdict.memory)) == ["stop 9500 SELL 10"]


def test_a_close_frees_the_coins_of_a_pair_first() -> None:
    closes = replace(COVER, closes=True)
    verdict = ask([stop(), leg()], PAIRS, cover=closes, memory=OVER)
    assert names(verdict) == [stop().client_id]
    waits = ask([stop(cancel=Wish.ASKED), leg()], PAIRS, cover=closes, memory=OVER)
    assert waits.is_calm, "a cancel of either is one of both"
    assert names(ask([leg()], PAIRS, cover=closes, memory=OVER)) == [leg().client_id]
    free = ask([], PAIRS, cover=closes, memory=OVER)
    assert (told(free), free.alarms) == (["flatten SELL 10"], (Alarm.ORDERED,))


def test_a_price_beyond_the_stop_sells_what_a_take_alone_holds() -> None:
    beyond = ask([leg()], PAIRS, cover=COVER, memory=OVER, price=9_500)
    assert names(beyond) == [leg().client_id]
    assert told(ask([], PAIRS, cover=COVER, memory=beyond.memory, price=9_500)) == [
        "flatten SELL 10"
    ]


def test_no_position_leaves_no_leg() -> None:
    flat = replace(COVER, lots=0, takes=())
    assert names(ask([leg()], PAIRS, cover=flat, memory=OVER)) == [leg().client_id]
