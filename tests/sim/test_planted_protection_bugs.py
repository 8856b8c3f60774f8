"""Planted bugs: each rule of the guard taken away must be found (R8; incidents 19 to 32)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ballast.oms.protection import guard as guarding
from ballast.oms.protection.cover import Verdict
from tests.fakes.guarded import KINDS
from tests.sim.test_protection import played

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.oms.protection.cover import Alarm, Cover, Memory

SEEDS = 24
_Case = guarding._Case
FLATTEN, MOVED, CROSSED, KEPT, FIRST, CLOSING = (
    _Case.flatten, _Case._moved, _Case.crossed, _Case._kept, _Case._first, _Case.closing
)  # fmt: skip
GUARD = guarding.guard


def forgets_the_ratchet(memory: Memory, cover: Cover) -> Memory:
    return replace(memory, best_ticks=cover.stop_ticks, direction=cover.direction)


def never_flattens(case: Any, _: Alarm) -> Verdict:
    return Verdict(case.memory)


def cancels_first(case: Any, old: Any, **_: Any) -> Verdict:
    """Incident 19: the old stop goes before the new one is there."""
    return Verdict(case.memory, tuple(guarding._cancels([old])))


def never_resizes(case: Any, old: Any, *, is_urgent: bool) -> Verdict:
    return Verdict(case.memory) if is_urgent else MOVED(case, old, is_urgent=is_urgent)


def keeps_all(case: Any) -> Verdict:
    return KEPT(case) if len(case.resting) < 2 else Verdict(case.memory)


def waits_for_ever(case: Any, since_ns: int) -> Verdict:
    return Verdict(case.memory) if case.hidden else FIRST(case, since_ns)


def leaves_orders_behind(*_: Any) -> list[Any]:
    return []


def ignores_a_passed_price(case: Any) -> Verdict:
    return Verdict(case.memory)


def closes_again_and_again(case: Any, _: Any) -> Verdict:
    return FLATTEN(case, guarding.Alarm.BARE)


def may_enlarge(case: Any, alarm: Alarm) -> Verdict:
    """Incident 32: an emergency order that is not reduce-only, and sized by habit."""
    verdict = FLATTEN(case, alarm)
    acts = tuple(
        replace(one, request=replace(one.request, qty_lots=2 * one.request.qty_lots,
                                     reduce_only=False))
        if isinstance(one, guarding.Place) else one
        for one in verdict.acts
    )  # fmt: skip
    return replace(verdict, acts=acts)


def believes_no_stop(cover: Cover, memory: Memory, orders: Any, **more: Any) -> Verdict:
    """Incident 27: a stop that was triggered is filed as closed, so another one is made."""
    return GUARD(cover, memory, [one for one in orders if one.order_id % 2], **more)


def forgets_missing_fills(cover: Cover, memory: Memory, orders: Any, **more: Any) -> Verdict:
    return GUARD(cover, memory, [one for one in orders if one.is_open], **more)


Bug = tuple[Any, str, "Callable[..., Any]", str]
BUGS: dict[str, Bug] = {
    "the stop may be loosened": (guarding, "_of_this_position", forgets_the_ratchet, "perpetual"),
    "what cannot be protected is kept": (_Case, "flatten", never_flattens, "spot, cancels"),
    "cancel, then perhaps create": (_Case, "_moved", cancels_first, "perpetual, new first"),
    "a stop of the old size": (_Case, "_moved", never_resizes, "perpetual, amends"),
    "two live stops": (_Case, "_kept", keeps_all, "perpetual, new first"),
    "waiting for a lost stop for ever": (_Case, "_first", waits_for_ever, "perpetual, amends"),
    "orders of a closed position": (guarding, "_cancels", leaves_orders_behind, "perpetual"),
    "a price beyond the stop": (_Case, "crossed", ignores_a_passed_price, "spot, stop-limit"),
    "an emergency order too large": (_Case, "flatten", may_enlarge, "spot, cancels"),
    "a second stop beside the first": (guarding, "guard", believes_no_stop, "perpetual"),
    "a sale of what was sold already": (guarding, "guard", forgets_missing_fills, "spot"),
}


@pytest.mark.parametrize("bug", BUGS)
def test_the_simulation_finds(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, name, wrong, where = BUGS[bug]
    monkeypatch.setattr(module, name, wrong)
    kinds = [kind for kind in KINDS if kind.startswith(where)]
    assert kinds
    for seed in range(SEEDS):
        for kind in kinds:
            try:
                played(kind, seed, (0.25, 0.5)[seed % 2], Counter())
            except AssertionError:
                return
    pytest.fail(f"{bug}: not found in {SEEDS} seeds")
