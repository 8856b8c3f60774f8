"""Trails: a stop that the venue moves rests beside the node's own, and never in its stead."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.oms.orders import SECOND
from tests.unit.oms.test_guard import FUTURES, KNOWN, LONG, NOW, SHORT, SPOT, ask, stop, told

from ballast.core.errors import UserError
from ballast.core.ids import Purpose, client_id
from ballast.core.orders import OrderKind, OrderRequest, OrderStatus, Side
from ballast.core.settings.tree import Settings
from ballast.oms.protection.cover import Abilities, Cancel, Memory, Place
from ballast.oms.protection.trails import refused
from ballast.oms.record import OrderRecord, Phase, Wish
from ballast.service.sessions import with_room

PPM = 30_000
TRAILS = replace(FUTURES, trails=True, trail_ppm=PPM)


def trail(
    number: int = 2, lots: int = 10, *, ppm: int = PPM, phase: Phase = Phase.LIVE, **more: Any
) -> OrderRecord:
    name = client_id(Purpose.TRAIL, account="a", strategy="s", symbol="X", decision=number)
    request = OrderRequest(
        "X", Side.SELL, OrderKind.TRAILING_STOP, lots, client_id=name, reduce_only=True,
        trail_ppm=ppm,
    )  # fmt: skip
    shown = OrderStatus.UNTRIGGERED if phase is Phase.LIVE else None
    return OrderRecord(name, Purpose.TRAIL, request, number, NOW, phase, shown, number, **more)


def names(verdict: Any) -> list[str]:
    return [act.client_id for act in verdict.acts if isinstance(act, Cancel)]


def test_it_rests_beside_a_stop_and_only_reduces() -> None:
    """R-STOP-27."""
    verdict = ask([stop()], TRAILS)
    (place,) = verdict.acts
    assert isinstance(place, Place)
    asked = place.request
    assert (asked.kind, asked.qty_lots, asked.trail_ppm) == (OrderKind.TRAILING_STOP, 10, PPM)
    assert (asked.side, asked.reduce_only, place.purpose) == (Side.SELL, True, Purpose.TRAIL)
    assert ask([stop(), trail()], TRAILS, memory=verdict.memory).is_calm
    short = ask([stop(side=Side.BUY, trigger=10_500)], TRAILS, cover=SHORT, memory=Memory())
    assert [one.request.side for one in short.acts if isinstance(one, Place)] == [Side.BUY]


@pytest.mark.parametrize(
    ("orders", "cover", "abilities"),
    [
        ([stop()], LONG, FUTURES),  # not wanted
        ([stop()], LONG, replace(SPOT, trails=True, trail_ppm=PPM)),  # it would find no coins
        ([stop()], LONG, replace(TRAILS, trails=False)),  # the venue has none
        ([stop()], replace(LONG, is_whole=False), TRAILS),
        ([stop(), trail(phase=Phase.UNKNOWN)], LONG, TRAILS),
    ],
)
def test_else_there_is_none(orders: Any, cover: Any, abilities: Abilities) -> None:
    assert ask(orders, abilities, cover=cover).is_calm


def test_the_own_stop_comes_first_and_alone() -> None:
    """A position is bare without it, whatever else rests (B1)."""
    assert told(ask([], TRAILS)) == ["stop 9500 SELL 10"]
    assert told(ask([trail()], TRAILS)) == ["stop 9500 SELL 10"]
    assert ask([stop(phase=Phase.SENT)], TRAILS).is_calm


def test_it_follows_the_size_and_the_new_one_comes_first() -> None:
    more = replace(LONG, lots=15)
    orders = [stop(lots=15), trail()]
    grown = ask(orders, TRAILS, cover=more)
    assert [one.request.qty_lots for one in grown.acts if isinstance(one, Place)] == [15]
    assert names(grown) == []
    both = [*orders, trail(3, lots=15)]
    assert names(ask(both, TRAILS, cover=more, memory=grown.memory)) == [trail().client_id]
    sent = [*orders, trail(3, lots=15, phase=Phase.SENT)]
    assert ask(sent, TRAILS, cover=more, memory=grown.memory).is_calm


def test_no_more_than_two_are_under_way_and_not_in_quick_succession() -> None:
    more = replace(LONG, lots=15)
    lost = [stop(lots=15), trail(phase=Phase.UNKNOWN), trail(3, lots=12, phase=Phase.UNKNOWN)]
    assert ask(lost, TRAILS, cover=more).is_calm
    soon = replace(KNOWN, trailed_ns=NOW - 2 * SECOND)
    verdict = ask([stop()], TRAILS, memory=soon)
    assert (verdict.is_calm, verdict.wake_ns) == (True, NOW + 3 * SECOND)


def test_another_distance_or_none_is_wanted_after_a_start() -> None:
    wider = ask([stop(), trail(ppm=50_000)], TRAILS)
    assert [type(one) for one in wider.acts] == [Place]
    off = ask([stop(), trail()], replace(TRAILS, trail_ppm=0))
    assert names(off) == [trail().client_id]
    assert ask([stop(), trail(cancel=Wish.ASKED)], replace(TRAILS, trail_ppm=0)).is_calm


def test_one_that_is_refused_is_not_tried_again_for_this_position() -> None:
    assert ask([stop()], TRAILS, memory=refused(KNOWN)).is_calm
    other = replace(refused(KNOWN), direction=-1)
    assert not ask([stop()], TRAILS, memory=other).is_calm


def test_it_goes_with_the_position_and_what_it_sold_is_not_sold_again() -> None:
    flat = replace(LONG, lots=0)
    assert names(ask([trail()], TRAILS, cover=flat)) == [trail().client_id]
    fired = trail(phase=Phase.ENDED, filled_lots=10, booked_lots=0)
    assert ask([stop(), fired], TRAILS).is_calm, "its fill is on its way (B6)"


# What is set ----------------------------------------------------------------------------------


def exits(**values: object) -> Settings:
    whole = Settings()
    return replace(whole, exits=replace(whole.exits, **values))


@pytest.mark.parametrize(("share", "ppm"), [(0.0, 0), (0.0214, 21_000), (0.1, 100_000)])
def test_the_distance_is_one_that_venues_take(share: float, ppm: int) -> None:
    able = with_room(Abilities(trails=True), exits(native_trail=share))
    assert able.trail_ppm == ppm


@pytest.mark.parametrize(
    ("setting", "value"), [("exits.native_trail", 0.02), ("exits.pairs", True)]
)
def test_what_a_market_does_not_have_is_refused_at_the_start(setting: str, value: object) -> None:
    name = setting.removeprefix("exits.")
    with pytest.raises(UserError) as caught:
        with_room(Abilities(), exits(**{name: value}))
    assert setting in str(caught.value)
