"""Planted bugs: each rule of `oms` taken away by itself must be found by the simulation (R8)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ballast.core.orders import OrderStatus
from ballast.oms import book, lifecycle, resolver
from ballast.oms.record import Phase
from tests.fakes import lossy_line
from tests.sim.test_order_records import agrees, played

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.core.orders import Fill
    from ballast.core.reports import Miss, Rejection
    from ballast.oms.record import OrderRecord

SEEDS = 60
"""Most bugs show within five seeds; the rarest needs some twenty."""


def no_fence(record: OrderRecord, at_ns: int, _: int) -> OrderRecord:
    return replace(record, phase=Phase.SENT, sent_ns=at_ns, fence_ns=at_ns, updated_ns=at_ns)


def silence_is_refusal(record: OrderRecord, at_ns: int) -> OrderRecord:
    return replace(record, phase=Phase.REFUSED, updated_ns=at_ns)


def one_look_is_enough(record: OrderRecord) -> bool:
    return record.evidence.first_id_ns > 0


def not_shown_is_gone(record: OrderRecord, report: Miss) -> OrderRecord:
    if record.phase not in {Phase.LIVE, Phase.UNKNOWN}:
        return record
    return replace(record, phase=Phase.ABSENT, updated_ns=report.at_ns)


def cancel_is_done_when_asked(record: OrderRecord, at_ns: int) -> OrderRecord:
    return replace(record, phase=Phase.ENDED, status=OrderStatus.CANCELLED, updated_ns=at_ns)


def unknown_order_means_gone(record: OrderRecord, report: Rejection) -> OrderRecord:
    return replace(record, phase=Phase.ABSENT, updated_ns=report.at_ns)


def trade_without_its_order(fill: Fill) -> tuple[str, int]:
    return fill.symbol, fill.trade_id


def every_copy_counts(fill: Fill, counter: list[int] = []) -> tuple[str, int]:  # noqa: B006
    counter.append(0)
    return fill.symbol, len(counter)


def late_fills_are_dropped(record: OrderRecord, fill: Fill) -> lifecycle.Applied:
    if record.phase is Phase.ENDED:
        return lifecycle.Applied(record)
    return FILLED(record, fill)


def never_reappears(record: OrderRecord, report: Any) -> lifecycle.Applied:
    if record.phase in {Phase.ABSENT, Phase.REFUSED}:
        return lifecycle.Applied(record)
    return SHOWN(record, report)


def status_goes_back(*_: Any) -> bool:
    return False


def missing_fills_are_no_doubt(record: OrderRecord) -> bool:
    return record.phase is Phase.UNKNOWN


def nothing_is_compared(*_: Any) -> None:
    return None


FILLED, SHOWN = lifecycle._filled, lifecycle._shown
BUGS: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "a fence that protects nothing": (lifecycle, "sent", no_fence),
    "silence read as a refusal": (lifecycle, "unheard", silence_is_refusal),
    "one look that finds nothing": (lifecycle, "is_proven_absent", one_look_is_enough),
    "not shown read as gone": (lifecycle, "_missed", not_shown_is_gone),
    "a cancel believed when asked": (lifecycle, "cancelling", cancel_is_done_when_asked),
    "unknown order read as gone": (lifecycle, "_request_refused", unknown_order_means_gone),
    "a trade told by its number alone": (book, "_key_of", trade_without_its_order),
    "a doubled frame booked twice": (book, "_key_of", every_copy_counts),
    "fills after the end dropped": (lifecycle, "_filled", late_fills_are_dropped),
    "what reappears ignored": (lifecycle, "_shown", never_reappears),
    "an older report believed": (lifecycle, "_is_behind", status_goes_back),
    "fills never asked for": (lifecycle, "is_doubtful", missing_fills_are_no_doubt),
    "the venue never compared": (lossy_line, "compare_orders", nothing_is_compared),
}


@pytest.mark.parametrize("bug", BUGS)
def test_the_simulation_finds(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, name, wrong = BUGS[bug]
    monkeypatch.setattr(module, name, wrong)
    if module is lifecycle and hasattr(resolver, name):
        monkeypatch.setattr(resolver, name, wrong)
    for seed in range(SEEDS):
        try:
            agrees(*played(seed, (0.2, 0.5)[seed % 2], Counter()))
        except AssertionError:
            return
    pytest.fail(f"{bug}: not found in {SEEDS} seeds")
