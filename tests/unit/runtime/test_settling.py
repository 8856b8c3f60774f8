"""Orders that do not end are ended; what each cost is told (R-OMS-15, R-OMS-18, R-COST-08)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.unit.runtime.test_node import (
    NOW,
    RULES,
    SECOND,
    SYMBOL,
    cancels,
    entry,
    filled,
    placed,
    ready,
    shown,
    told,
)

from ballast.core.ids import Purpose
from ballast.core.orders import OrderStatus
from ballast.runtime.node.events import (
    Effect,
    Elapsed,
    Left,
    OrdersShown,
    Priced,
    Reported,
    Settled,
    Submit,
    Wake,
)

if TYPE_CHECKING:
    from ballast.runtime.node.node import Node

TIMED = replace(RULES, settle_ns=10 * SECOND, slip_alarm=0.005)


def closing(node: Node) -> Submit:
    """Enter, fill, and leave: return the market order that closes."""
    submit = entry(node)
    node.handle(Reported(filled(submit), NOW + SECOND))
    effects = node.handle(Left(SYMBOL, "signal", NOW + 2 * SECOND))
    (made,) = (one for one in effects if isinstance(one, Submit))
    assert made.purpose is Purpose.FLATTEN
    return made


def settled(effects: list[Effect]) -> Settled:
    (found,) = (one for one in effects if isinstance(one, Settled))
    return found


def test_a_market_exit_that_does_not_end_is_cancelled_told_and_sent_again() -> None:
    node = ready(TIMED)
    made = closing(node)
    name = made.request.client_id
    effects = node.handle(Reported(shown(made, order_id=9), NOW + 3 * SECOND))
    assert Wake(NOW + 12 * SECOND) in effects
    assert not cancels(node.handle(Elapsed(NOW + 12 * SECOND - 1)))
    late = node.handle(Elapsed(NOW + 12 * SECOND))
    assert cancels(late) == [name]
    assert told(late) == [f"{name} did not end within 10 s: cancelled"]
    assert not cancels(node.handle(Elapsed(NOW + 13 * SECOND))), "asked once"
    gone = shown(made, OrderStatus.CANCELLED, order_id=9)
    again = node.handle(Reported(gone, NOW + 14 * SECOND))
    assert placed(again) == [Purpose.FLATTEN], "what was not sold is sold"


def test_without_a_time_it_is_waited_for() -> None:
    """Rules of a journal from before: it must replay as it was."""
    node = ready()
    made = closing(node)
    node.handle(Reported(shown(made, order_id=9), NOW + 3 * SECOND))
    assert not cancels(node.handle(Elapsed(NOW + 900 * SECOND)))


def test_an_order_nobody_knows_of_for_ninety_seconds_is_told_once() -> None:
    node = ready(TIMED)
    name = entry(node).request.client_id
    at_ns = NOW + 4 * SECOND
    effects = node.handle(Elapsed(at_ns))
    assert Wake(at_ns + 90 * SECOND) in node.handle(Elapsed(at_ns + SECOND))
    assert not told(effects) + told(node.handle(Elapsed(at_ns + 90 * SECOND - 1)))
    (text,) = told(node.handle(Elapsed(at_ns + 90 * SECOND)))
    assert text.startswith(f"nobody has known of {name} for 90 s")
    assert not told(node.handle(Elapsed(at_ns + 92 * SECOND)))


def test_the_cost_of_an_order_is_told_when_it_is_over_and_booked() -> None:
    """Decided at 10,000, the last price that was known; filled at 10,001 and 10,011."""
    node = ready(TIMED)
    submit = entry(node)
    part = node.handle(Reported(filled(submit, 4), NOW + SECOND))
    assert not [one for one in part if isinstance(one, Settled)]
    rest = replace(filled(submit, 6), trade_id=2, price_ticks=10_011)
    found = settled(node.handle(Reported(rest, NOW + SECOND)))
    assert (found.lots, found.mean_ticks, found.decided_ticks) == (10, 10_007.0, 10_000)
    assert found.slippage_bps == pytest.approx(7.0)
    assert node.desk(SYMBOL).slipped == 70


def test_a_stop_is_measured_against_its_trigger_and_a_large_cost_is_told() -> None:
    """A-OMS-09: 0.6 % is more than 0.5 %."""
    node = ready(TIMED)
    effects = node.handle(Reported(filled(entry(node)), NOW + SECOND))
    (stop,) = (one for one in effects if isinstance(one, Submit))
    assert stop.request.trigger_ticks == 9_500
    node.handle(Reported(shown(stop, OrderStatus.UNTRIGGERED, order_id=9), NOW + SECOND))
    fill = replace(filled(stop), trade_id=5, order_id=9, price_ticks=9_443)
    hit = node.handle(Reported(fill, NOW + 2 * SECOND))
    assert settled(hit).slippage_bps == pytest.approx(60.0)
    (text,) = [one for one in told(hit) if "slippage" in one]
    assert text == f"slippage of stop {stop.request.client_id}: 0.60%, limit 0.50%"


def test_a_market_exit_is_measured_against_the_price_it_was_sent_at() -> None:
    node = ready(TIMED)
    submit = entry(node)
    node.handle(Reported(filled(submit), NOW + SECOND))
    node.handle(Priced(SYMBOL, 10_100, NOW + 2 * SECOND))
    effects = node.handle(Left(SYMBOL, "signal", NOW + 2 * SECOND))
    (made,) = (one for one in effects if isinstance(one, Submit))
    better = replace(filled(made), trade_id=6, order_id=11, price_ticks=10_110)
    found = settled(node.handle(Reported(better, NOW + 3 * SECOND)))
    assert found.slippage_bps == pytest.approx(-9.9010, abs=1e-4), "a gain is negative"
    assert not [one for one in told(effects) if "slippage" in one]


def test_an_order_that_comes_to_nothing_leaves_nothing_behind() -> None:
    node = ready(TIMED)
    submit = entry(node)
    effects = node.handle(Reported(shown(submit, OrderStatus.CANCELLED), NOW + SECOND))
    assert not [one for one in effects if isinstance(one, Settled)]
    assert not node.desk(SYMBOL).costs


def test_the_list_of_open_orders_does_not_hide_a_late_one() -> None:
    """The venue shows it as open again and again: it is cancelled all the same."""
    node = ready(TIMED)
    made = closing(node)
    report = shown(made, order_id=9)
    node.handle(Reported(report, NOW + 3 * SECOND))
    at_ns = NOW + 13 * SECOND
    assert cancels(node.handle(OrdersShown((report,), at_ns, at_ns))) == [made.request.client_id]


def test_an_entry_that_fills_in_part_and_falls_silent_is_protected_and_then_cancelled() -> None:
    """A-OMS-02: a stop for the 40 % that came, and no rest that fills a minute later."""
    node = ready(TIMED)
    submit = entry(node)
    effects = node.handle(Reported(filled(submit, 4), NOW + SECOND))
    (stop,) = (one for one in effects if isinstance(one, Submit))
    assert (stop.purpose, stop.request.qty_lots) == (Purpose.STOP, 4)
    assert not cancels(node.handle(Elapsed(NOW + 59 * SECOND)))
    assert cancels(node.handle(Elapsed(NOW + 60 * SECOND))) == [submit.request.client_id]
