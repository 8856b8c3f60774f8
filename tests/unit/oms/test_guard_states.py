"""R-STOP-35: a stop at the venue, as docs/orders.md lists its states and as the guard moves it.

Every row of the table is driven at every kind of venue it names; what the guard wants is carried
out as a venue would, and the state after it must be the row's. Drawn cases find no other way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from tests.fakes.doc_tables import table_of
from tests.unit.oms.orders import SECOND
from tests.unit.oms.test_guard import (
    BINANCE,
    BYBIT,
    FUTURES,
    KNOWN,
    LONG,
    NOW,
    PRICE,
    SPOT,
    UNTRIGGERED,
    ask,
    stop,
)

from ballast.core.ids import Purpose
from ballast.core.orders import OrderStatus
from ballast.core.rng import stream
from ballast.oms.protection.cover import Amend, Cancel, Cover, Memory, Place, Replace, Verdict
from ballast.oms.record import OrderRecord, Phase, Wish

ROWS = {one["#"]: one for one in table_of("orders.md", "A stop at the venue, as states")}
VENUES = {"in place": BYBIT, "beside": FUTURES, "in one": BINANCE, "after": SPOT}
KINDS = {
    "any": list(VENUES),
    "reducing": ["in place", "beside"],
    "spot": ["in one", "after"],
}
LATE = NOW - 60 * SECOND


@dataclass(frozen=True)
class Case:
    """What is known of a position and its orders."""

    orders: tuple[OrderRecord, ...] = ()
    cover: Cover = LONG
    memory: Memory = KNOWN
    price: int = PRICE

    def verdict(self, venue: str) -> Verdict:
        return ask(
            list(self.orders), VENUES[venue], cover=self.cover, memory=self.memory,
            price=self.price,
        )  # fmt: skip

    def state(self) -> str:
        """Name the state as the page does: the first that fits."""
        held, orders = self.cover, self.orders
        best = max(self.memory.best_ticks, held.stop_ticks)
        rests = [one for one in orders if one.phase is Phase.LIVE and one.cancel is Wish.NONE]
        fits = {
            "none": not held.direction,
            "closing": any(one.purpose is Purpose.FLATTEN for one in orders),
            "crossed": best and held.is_crossed(best, self.price),
            "bare": not rests,
            "double": len(rests) > 1,
            "fired": any(one.status is not UNTRIGGERED for one in rests),
            "moving": any(one.amend is not Wish.NONE for one in rests),
            "wrong": any(one.open_lots != held.lots for one in rests),
            "behind": any(one.request.trigger_ticks < best for one in rests),
            "covered": True,
        }
        return next(name for name, is_it in fits.items() if is_it)

    def after(self, verdict: Verdict) -> Case:
        """Return it as it is when the venue has done what was wanted."""
        orders = {one.client_id: one for one in self.orders}
        number = 100
        for act in verdict.acts:
            number += 1
            match act:
                case Place(request=asked, purpose=purpose):
                    made = stop(number, asked.qty_lots, asked.trigger_ticks, purpose=purpose)
                    orders[made.client_id] = made
                case Replace(client_id=name, place=place):
                    del orders[name]
                    asked = place.request
                    made = stop(number, asked.qty_lots, asked.trigger_ticks)
                    orders[made.client_id] = made
                case Cancel(client_id=name):
                    del orders[name]
                case Amend():
                    old = orders[act.client_id]
                    asked = replace(
                        old.request, qty_lots=act.qty_lots, trigger_ticks=act.trigger_ticks
                    )
                    orders[act.client_id] = replace(old, request=asked)
        return replace(self, orders=tuple(orders.values()), memory=verdict.memory)


def sent(verdict: Verdict) -> str:
    """Say what kind of request is wanted; several of one kind are one."""
    names = {
        ("market order" if act.purpose is Purpose.FLATTEN else "stop")
        if isinstance(act, Place)
        else type(act).__name__.lower()
        for act in verdict.acts
    }
    return " and ".join(sorted(names)) or "nothing"


def seen(case: Case, venue: str) -> tuple[str, str, str]:
    verdict = case.verdict(venue)
    return case.state(), sent(verdict), case.after(verdict).state()


BETTER = replace(LONG, stop_ticks=9_600)
UNKNOWN = stop(phase=Phase.UNKNOWN)
FIRED = stop(status=OrderStatus.PARTIALLY_FILLED, filled_lots=4, booked_lots=4)
CLOSING = stop(5, purpose=Purpose.FLATTEN)
LOST_CLOSING = replace(CLOSING, phase=Phase.UNKNOWN)
GONE = replace(LONG, lots=0)


def bare_since(at_ns: int) -> Memory:
    return replace(KNOWN, bare_since_ns=at_ns)


STOP_PASSED = 9_499


def crossed(at_ns: int, *orders: OrderRecord) -> Case:
    return Case(orders, memory=replace(KNOWN, crossed_since_ns=at_ns), price=STOP_PASSED)


def leaves(case: Case) -> Cover:
    return replace(case.cover, closes=True)


SMALL = (stop(1, 8), stop(2, 6))
HELD = [
    Case(), Case((stop(),)), Case((stop(),), BETTER), Case((stop(lots=8),)), Case(SMALL),
    Case((stop(amend=Wish.ASKED),)), Case((FIRED,), replace(LONG, lots=6)), crossed(0),
]  # fmt: skip
"""A position in each state that no closing order is part of."""
RESTING = {"covered", "behind", "wrong", "double", "moving", "fired"}
TRIED = replace(KNOWN, flattened_ns=NOW - SECOND + 1)
JUST = replace(KNOWN, moved_ns=NOW - SECOND)
RECENT = replace(KNOWN, moved_ns=NOW - 4 * SECOND)
DRIVEN: dict[str, list[Case]] = {
    "G1": [Case((stop(),), GONE)],
    "G2": [Case()],
    "G3": [Case((stop(phase=Phase.SENT),)), Case((UNKNOWN,), memory=bare_since(NOW - SECOND))],
    "G4": [Case((UNKNOWN,), memory=bare_since(NOW - 2 * SECOND))],
    "G5": [Case((UNKNOWN,), memory=bare_since(NOW - 2 * SECOND))],
    "G6": [Case(memory=replace(KNOWN, refusals=2)), Case(memory=bare_since(NOW - 15 * SECOND))],
    "G7": [Case(cover=Cover("X", 10, 0, may_be_bare=True), memory=Memory())],
    "G8": [Case((stop(),)), Case((stop(),), replace(LONG, stop_ticks=9_000))],
    "G9": [Case((stop(),), replace(LONG, stop_ticks=9_504)), Case((stop(),), BETTER, RECENT)],
    "G10": [Case((stop(),), BETTER)],
    "G11": [Case((stop(),), BETTER)],
    "G12": [Case((stop(),), BETTER)],
    "G13": [Case((stop(),), BETTER)],
    "G14": [Case((stop(lots=8),), memory=RECENT)],
    "G15": [Case((stop(lots=8),), memory=RECENT)],
    "G16": [Case((stop(lots=8),), memory=RECENT)],
    "G17": [Case((stop(lots=8),), memory=RECENT)],
    "G18": [Case((stop(lots=8), stop(2, phase=Phase.SENT)), memory=JUST)],
    "G19": [Case((stop(lots=8), stop(2, phase=Phase.SENT)))],
    "G20": [
        Case((stop(1), stop(2, trigger=9_600)), BETTER),
        Case((stop(1), stop(2, trigger=9_550)), BETTER),
        Case((stop(1), stop(2, trigger=9_600, amend=Wish.ASKED)), BETTER),
        Case((stop(1), stop(2, trigger=9_600, status=OrderStatus.PARTIALLY_FILLED)), BETTER),
    ],
    "G21": [Case(SMALL)],
    "G22": [Case(SMALL)],
    "G23": [Case(SMALL)],
    "G24": [Case(SMALL)],
    "G25": [Case((*SMALL, stop(3, phase=Phase.SENT)), memory=JUST)],
    "G26": [Case((*SMALL, stop(3, phase=Phase.SENT)))],
    "G27": [Case((stop(amend=Wish.ASKED),), BETTER)],
    "G28": [Case((FIRED,), replace(LONG, lots=6))],
    "G29": [crossed(NOW - 4 * SECOND, stop())],
    "G30": [crossed(NOW - 5 * SECOND, stop()), crossed(0)],
    "G31": [crossed(NOW - 5 * SECOND, stop())],
    "G32": [crossed(0)],
    "G33": [Case((CLOSING, stop())), Case((replace(CLOSING, phase=Phase.SENT),))],
    "G34": [Case((LOST_CLOSING,), memory=replace(KNOWN, flattened_ns=NOW - 2 * SECOND))],
    "G35": [Case((CLOSING, stop())), Case((LOST_CLOSING,))],
    "G36": [replace(case, cover=leaves(case)) for case in HELD],
    "G37": [replace(case, cover=leaves(case)) for case in HELD if case.state() in RESTING],
    "G38": [Case((), leaves(Case()))],
    "G39": [replace(case, cover=leaves(case), memory=TRIED) for case in HELD],
    "G40": [Case((), leaves(Case()), TRIED)],
}


def venues_of(row: dict[str, str]) -> list[str]:
    return KINDS.get(row["Venue"], [row["Venue"]])


def lines_of(row: dict[str, str]) -> set[tuple[str, str, str]]:
    return {
        (state, act, state if after == "as it was" else after)
        for state in row["State"].split(", ")
        for act in row["Sent"].split(" or ")
        for after in row["Next"].split(" or ")
    }


def test_each_row_is_driven_and_each_drive_has_a_row() -> None:
    assert list(ROWS) == list(DRIVEN)


@pytest.mark.parametrize("number", DRIVEN)
def test_the_guard_does_what_the_row_says(number: str) -> None:
    row = ROWS[number]
    for venue in venues_of(row):
        found = {seen(case, venue) for case in DRIVEN[number]}
        assert found == lines_of(row), venue


def drawn(seed: int) -> Case:
    """Return a position with what may rest, be on its way or be lost beside it."""
    draw: Any = stream(seed, "guard states")

    def of(*choices: Any) -> Any:
        return choices[int(draw.integers(len(choices)))]

    orders = [
        stop(
            number, of(10, 10, 10, 8), of(9_500, 9_600, 9_400),
            phase=of(Phase.LIVE, Phase.LIVE, Phase.SENT, Phase.UNKNOWN),
            cancel=of(Wish.NONE, Wish.NONE, Wish.NONE, Wish.ASKED),
            amend=of(Wish.NONE, Wish.NONE, Wish.NONE, Wish.ASKED),
            status=of(*[UNTRIGGERED] * 5, OrderStatus.PARTIALLY_FILLED),
        )
        for number in range(1, int(draw.integers(1, 4)))
    ]  # fmt: skip
    if draw.random() < 0.15:
        orders.append(stop(9, purpose=Purpose.FLATTEN, phase=of(Phase.LIVE, Phase.UNKNOWN)))
    times = {
        name: of(0, LATE, NOW - 3 * SECOND, NOW - SECOND)
        for name in ("bare_since_ns", "crossed_since_ns", "moved_ns", "flattened_ns")
    }
    memory = replace(KNOWN, refusals=of(0, 0, 0, 1, 2), **times)
    cover = replace(of(LONG, LONG, BETTER), closes=bool(draw.random() < 0.1))
    return Case(tuple(orders), cover, memory, of(PRICE, PRICE, PRICE, STOP_PASSED, 9_550))


@pytest.mark.parametrize("venue", VENUES)
def test_no_drawn_case_goes_another_way(venue: str) -> None:
    allowed = {line for row in ROWS.values() if venue in venues_of(row) for line in lines_of(row)}
    found = {seen(drawn(seed), venue): seed for seed in range(4_000)}
    assert found.keys() <= allowed, {one: found[one] for one in found.keys() - allowed}
    assert len(found) > len(allowed) / 2
