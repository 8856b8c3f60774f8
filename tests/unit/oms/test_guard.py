"""The guard of one position, case by case (B1 to B9; R-STOP-03 to R-STOP-06, R-STOP-24 to -33)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.oms.orders import SECOND

from ballast.core.ids import Purpose, client_id
from ballast.core.orders import OrderKind, OrderRequest, OrderStatus, Side
from ballast.oms.protection.cover import (
    Abilities,
    Alarm,
    Amend,
    Cancel,
    Cover,
    Memory,
    Patience,
    Place,
    PlacePair,
    Replace,
    Verdict,
)
from ballast.oms.protection.guard import guard, refused
from ballast.oms.record import OrderRecord, Phase, Wish

NOW = 10_000 * SECOND
STOP, PRICE = 9_500, 10_000
LONG = Cover("X", 10, STOP)
SHORT = Cover("X", -10, 10_500)
FUTURES, BYBIT = Abilities(), Abilities(amends_stops=True)
SPOT = Abilities(reduces_only=False)
BINANCE = Abilities(reduces_only=False, replaces=True)
KNOWN = Memory(direction=1, best_ticks=STOP)
UNTRIGGERED = OrderStatus.UNTRIGGERED


def stop(
    number: int = 1, lots: int = 10, trigger: int = STOP, *, phase: Phase = Phase.LIVE,
    status: OrderStatus | None = UNTRIGGERED, purpose: Purpose = Purpose.STOP,
    side: Side = Side.SELL, **more: Any,
) -> OrderRecord:  # fmt: skip
    name = client_id(purpose, account="a", strategy="s", symbol="X", decision=number)
    request = OrderRequest(
        "X", side, OrderKind.STOP_MARKET, lots, client_id=name, reduce_only=True,
        trigger_ticks=trigger,
    )  # fmt: skip
    shown = status if phase is Phase.LIVE else None
    return OrderRecord(name, purpose, request, number, NOW, phase, shown, number, **more)


def ask(
    orders: list[OrderRecord], abilities: Abilities = FUTURES, *, cover: Cover = LONG,
    memory: Memory = KNOWN, price: int = PRICE, now_ns: int = NOW,
) -> Verdict:  # fmt: skip
    return guard(cover, memory, orders, price_ticks=price, now_ns=now_ns, abilities=abilities)


def told(verdict: Verdict) -> list[str]:
    """Say in short what is to be done."""
    lines = []
    for act in verdict.acts:
        match act:
            case Place(request=asked, purpose=purpose):
                level = f" {asked.trigger_ticks or asked.price_ticks}"
                what = purpose.name.lower() + (level if level != " 0" else "")
                lines.append(f"{what} {asked.side.name} {asked.qty_lots}")
            case Amend():
                lines.append(f"amend {act.trigger_ticks} {act.qty_lots}")
            case Replace(place=place):
                lines.append(f"replace {place.request.trigger_ticks} {place.request.qty_lots}")
            case PlacePair(take=take, stop=rest):
                level, trigger = take.request.price_ticks, rest.request.trigger_ticks
                lines.append(f"pair {level} {trigger} {rest.request.qty_lots}")
            case Cancel():
                lines.append("cancel")
    return lines


def test_a_bare_position_gets_a_stop_of_its_size() -> None:
    verdict = ask([])
    assert told(verdict) == ["stop 9500 SELL 10"]
    (place,) = verdict.acts
    assert isinstance(place, Place)
    assert place.request.reduce_only
    assert told(ask([], cover=SHORT, memory=Memory())) == ["stop 10500 BUY 10"]
    assert told(ask([], SPOT)) == ["stop 9500 SELL 10"]


def test_a_right_stop_is_left_alone() -> None:
    assert ask([stop()]).is_calm
    assert ask([stop()]).memory == KNOWN


@pytest.mark.parametrize(
    ("abilities", "acts"),
    [
        (BYBIT, ["amend 9600 10"]),
        (FUTURES, ["stop 9600 SELL 10"]),  # the old one goes when the new one is seen
        (BINANCE, ["replace 9600 10"]),
        (SPOT, ["cancel"]),  # the new one when the old one is seen to be gone
    ],
)
def test_a_stop_is_moved_in_the_way_of_the_venue(abilities: Abilities, acts: list[str]) -> None:
    """R-STOP-05."""
    cover = replace(LONG, stop_ticks=9_600)
    moved = ask([stop()], abilities, cover=cover)
    assert told(moved) == acts
    assert moved.memory.best_ticks == 9_600
    assert moved.memory.moved_ns == NOW
    bigger = replace(LONG, lots=15)
    expected = [line.replace("9600", "9500").replace("10", "15") for line in acts]
    assert told(ask([stop()], abilities, cover=bigger)) == expected


def test_moves_are_throttled_and_sizes_are_not() -> None:
    """R-STOP-31: at least 5 s and 5 bps apart; a wrong size is urgent."""
    better = replace(LONG, stop_ticks=9_600)
    recent = replace(KNOWN, moved_ns=NOW - 4 * SECOND)
    waits = ask([stop()], cover=better, memory=recent)
    assert (told(waits), waits.wake_ns) == ([], NOW + SECOND)
    assert ask([stop()], cover=replace(LONG, stop_ticks=9_504)).is_calm
    assert told(ask([stop(lots=8)], BYBIT, memory=recent)) == ["amend 9500 10"]


def test_a_stop_never_moves_away() -> None:
    """R-STOP-09: B9: the tightest stop that was ever asked for stays the stop."""
    loose = replace(LONG, stop_ticks=9_000)
    assert ask([stop()], cover=loose).is_calm
    assert told(ask([], cover=loose)) == ["stop 9500 SELL 10"]
    turned = ask([], cover=SHORT)
    assert told(turned) == ["stop 10500 BUY 10"], "another position begins anew"


def test_of_several_stops_the_tightest_of_the_right_size_stays() -> None:
    old, new, small = stop(1), stop(2, trigger=9_600), stop(3, lots=4, trigger=9_700)
    verdict = ask([old, new, small], memory=replace(KNOWN, best_ticks=9_600))
    assert verdict.acts == (Cancel(old.client_id), Cancel(small.client_id))
    going = replace(old, cancel=Wish.ASKED)
    assert ask([going, new], memory=replace(KNOWN, best_ticks=9_600)).is_calm


def test_no_position_has_no_orders() -> None:
    """S-36: a stop whose position is gone goes too."""
    flat = replace(LONG, lots=2, dust_lots=2)
    orders = [stop(), stop(2, purpose=Purpose.TAKE), stop(3, phase=Phase.UNKNOWN)]
    assert told(ask(orders, cover=flat)) == ["cancel", "cancel"]
    assert ask(orders, cover=flat).memory == Memory()


def test_a_price_beyond_the_stop_gives_a_live_stop_five_seconds() -> None:
    """R-STOP-25: B3, R-STOP-03, R-STOP-42."""
    first = ask([stop()], price=9_499)
    assert (told(first), first.wake_ns) == ([], NOW + 5 * SECOND)
    late = ask([stop()], price=9_499, memory=first.memory, now_ns=NOW + 5 * SECOND)
    assert (told(late), late.alarms) == (["flatten SELL 10"], (Alarm.CROSSED,))
    assert told(ask([], price=9_500)) == ["flatten SELL 10"], "no stop is sent that would trigger"
    back = ask([stop()], memory=first.memory)
    assert back.memory.crossed_since_ns == 0
    coins = ask([stop()], SPOT, price=9_499, memory=first.memory, now_ns=NOW + 5 * SECOND)
    assert told(coins) == ["cancel"], "the coins must be free first"


def test_a_close_is_waited_for_but_not_a_lost_one() -> None:
    """Found by the simulation: a flatten nobody knew about was waited for while nothing covered."""
    memory = replace(KNOWN, flattened_ns=NOW - 2 * SECOND)
    closing = stop(5, purpose=Purpose.FLATTEN, phase=Phase.SENT)
    lost = replace(closing, phase=Phase.UNKNOWN)
    assert ask([closing], memory=memory).is_calm
    assert told(ask([lost], memory=memory)) == ["flatten SELL 10"]
    assert ask([lost], memory=replace(memory, flattened_ns=NOW - SECOND)).wake_ns == NOW + SECOND
    assert ask([lost], SPOT, memory=memory).is_calm, "there it could sell twice"


def test_refused_twice_or_bare_for_fifteen_seconds_is_closed() -> None:
    """R-STOP-41: B4."""
    once = refused(KNOWN)
    assert told(ask([], memory=once)) == ["stop 9500 SELL 10"]
    twice = ask([], memory=refused(once))
    assert (told(twice), twice.alarms) == (["flatten SELL 10"], (Alarm.REFUSED,))
    bare = replace(KNOWN, bare_since_ns=NOW - 15 * SECOND)
    long = ask([], memory=bare)
    assert (told(long), long.alarms) == (["flatten SELL 10"], (Alarm.BARE,))
    covered = ask([stop()], memory=refused(bare))
    assert (covered.memory.refusals, covered.memory.bare_since_ns) == (0, 0)


def test_a_lost_stop_is_doubled_only_where_that_is_harmless() -> None:
    lost = stop(phase=Phase.UNKNOWN)
    bare = replace(KNOWN, bare_since_ns=NOW - 2 * SECOND)
    assert told(ask([lost], memory=bare)) == ["stop 9500 SELL 10"]
    assert ask([lost], memory=replace(bare, bare_since_ns=NOW - SECOND)).wake_ns == NOW + SECOND
    assert ask([lost], SPOT, memory=bare).is_calm
    many = [stop(k, phase=Phase.UNKNOWN) for k in range(1, 5)]
    assert ask(many, memory=bare).is_calm, "a venue takes only so many"


def test_what_was_sold_without_our_knowing_is_not_sold_again() -> None:
    """B6: the stop filled 6 of 10 and its fills have not come; then all of it."""
    partly = stop(status=OrderStatus.CANCELLED, filled_lots=6)
    ended = replace(partly, phase=Phase.ENDED)
    assert told(ask([ended], price=9_400)) == ["flatten SELL 4"]
    assert told(ask([replace(ended, filled_lots=10)], price=9_400)) == []


def test_a_stop_that_has_fired_is_left_to_trade() -> None:
    fired = stop(lots=10, status=OrderStatus.PARTIALLY_FILLED, filled_lots=4, booked_lots=4)
    for abilities in (BYBIT, FUTURES, BINANCE, SPOT):
        assert ask([fired], abilities, cover=replace(LONG, lots=9)).is_calm


def test_a_stop_limit_has_room_on_the_right_side() -> None:
    limited = Abilities(reduces_only=False, stops_at_market=False, offset_ppm=5_000)
    for cover, price in ((LONG, 9_452), (SHORT, 10_553)):
        (place,) = ask([], limited, cover=cover, memory=Memory()).acts
        assert isinstance(place, Place)
        assert place.request.kind is OrderKind.STOP_LIMIT
        assert place.request.price_ticks == price


@pytest.mark.parametrize(
    ("atr_ticks", "long", "short"),
    [(0.0, 9_452, 10_553), (90.0, 9_452, 10_553), (400.0, 9_300, 10_700), (40_000.0, 1, 30_500)],
)
def test_a_stop_limit_has_more_room_where_the_market_moves_more(
    atr_ticks: float, long: int, short: int
) -> None:
    """R-STOP-04: half a percent of the stop, or half an ATR of the entry where that is more."""
    limited = Abilities(reduces_only=False, stops_at_market=False, offset_ppm=5_000, offset_atr=0.5)
    for cover, price in ((LONG, long), (SHORT, short)):
        wide = replace(cover, atr_ticks=atr_ticks)
        (place,) = ask([], limited, cover=wide, memory=Memory()).acts
        assert isinstance(place, Place)
        assert place.request.price_ticks == price


def test_the_numbers_are_those_of_the_design() -> None:
    """R-STOP-36."""
    patience = Patience()
    assert (patience.bare_ns, patience.refusals) == (15 * SECOND, 2)
    assert patience.crossed_ns == 5 * SECOND
