"""A-OMS: orders between the node and its venue: silence, refusals, parts, and what is sent."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from ballast.core.ids import Purpose, purpose_of
from ballast.core.instrument import Kind
from ballast.core.orders import (
    OrderKind,
    OrderRef,
    OrderRequest,
    OrderStatus,
    RejectReason,
    Side,
)
from ballast.core.reports import Action, Rejection, Unclear
from ballast.core.rng import stream
from ballast.kernel.run import simulate
from ballast.oms.protection.cover import Abilities
from ballast.oms.resolver import Step
from ballast.risk.gate.facts import Funds
from ballast.risk.gate.memory import State
from ballast.risk.halt.modes import Mode
from ballast.runtime.node import purse as purses
from ballast.runtime.node.events import (
    Ask,
    CancelOrder,
    Decided,
    Effect,
    Elapsed,
    FundsShown,
    Judged,
    Reported,
    Submit,
)
from ballast.strategies import percent_stop, percent_trail, pull_back
from ballast.venues.simulated.engine.outcomes import Accepted
from tests.fakes.market import filled, one_symbol, refused
from tests.fakes.scripted import NAMES, Scripted
from tests.unit.runtime import test_node as by_hand
from tests.unit.runtime.test_node import NOW, RULES, SECOND, SYMBOL, ready

STOP = percent_stop(0.05)


def sent(effects: list[Effect]) -> list[Submit]:
    return [one for one in effects if isinstance(one, Submit)]


def test_a_oms_01_after_a_time_out_the_order_is_asked_for_by_its_id_and_never_sent_again() -> None:
    """S-28: the answer is lost; the venue has it. Until that is known it is asked for."""
    node = ready()
    entry = by_hand.entry(node)
    name = entry.request.client_id
    effects = node.handle(Reported(Unclear(SYMBOL, name, Action.SUBMIT, "timeout", NOW), NOW))
    for second in range(1, 60):
        effects += node.handle(Elapsed(NOW + second * SECOND))
    asked = [one for one in effects if isinstance(one, Ask)]
    assert asked[0] == Ask(SYMBOL, name, Step.ASK_BY_ID)
    assert {one.client_id for one in asked} == {name}
    assert not sent(effects)
    later = NOW + 60 * SECOND
    found = replace(by_hand.filled(entry), at_ns=later)
    (stop,) = sent(node.handle(Reported(found, later)))
    assert (stop.purpose, stop.request.qty_lots) == (Purpose.STOP, 10)
    assert node.book.holding(SYMBOL).lots == 10


def test_a_oms_02_a_part_that_filled_is_protected_and_the_rest_is_taken_back() -> None:
    """S-12: 4 of 10 lots, then silence: a stop for 4 at once; a minute later the rest goes."""
    node = ready()
    entry = by_hand.entry(node)
    node.handle(Reported(by_hand.shown(entry), NOW + SECOND))
    part = by_hand.filled(entry, lots=4)
    (stop,) = sent(node.handle(Reported(part, NOW + SECOND)))
    assert (stop.purpose, stop.request.qty_lots) == (Purpose.STOP, 4)
    status = replace(by_hand.shown(entry, OrderStatus.PARTIALLY_FILLED), filled_lots=4)
    node.handle(Reported(status, NOW + SECOND))
    end_ns = NOW + RULES.entry_ns
    early = node.handle(Elapsed(end_ns - 1))
    assert not [one for one in early if isinstance(one, CancelOrder)]
    late = node.handle(Elapsed(end_ns))
    assert CancelOrder(SYMBOL, entry.request.client_id) in late
    assert not [one for one in sent(late) if one.purpose is Purpose.ENTRY]


REFUSALS = sorted(set(RejectReason) - {RejectReason.DUPLICATE_CLIENT_ID})


@pytest.mark.parametrize("reason", REFUSALS)
def test_a_oms_03_a_refused_entry_is_over_and_the_fifth_alike_stops_the_account(
    reason: RejectReason,
) -> None:
    """No refusal is answered with the same order; its slot is free for another decision.

    Not enough coins or margin may be what an accepted order holds: it is looked for first (B6).
    """
    node = ready()
    for number in range(5):
        at_ns = NOW + number * 400 * SECOND
        node.handle(by_hand.PositionShown(SYMBOL, 0, at_ns, at_ns))
        (entry,) = sent(by_hand.decide(node, at_ns))
        no = Rejection(SYMBOL, entry.request.client_id, Action.SUBMIT, reason, "-1", at_ns)
        effects = node.handle(Reported(no, at_ns))
        for second in range(10, 60, 10):
            effects += node.handle(Elapsed(at_ns + second * SECOND))
        assert not sent(effects)
        assert node.gate.of(SYMBOL).state is State.IDLE
        assert node.halt.mode is (Mode.ALERT if number == 4 else Mode.RUNNING), number
    assert node.halt.reason == "refused for one reason in a row"


def test_a_oms_03_a_name_that_is_taken_is_looked_for() -> None:
    """An order of that name is there, and it may be this one: asked for, and not sent again."""
    node = ready()
    entry = by_hand.entry(node)
    name = entry.request.client_id
    taken = RejectReason.DUPLICATE_CLIENT_ID
    no = Rejection(SYMBOL, name, Action.SUBMIT, taken, "-4015", NOW + SECOND)
    effects = node.handle(Reported(no, NOW + SECOND))
    assert Ask(SYMBOL, name, Step.ASK_BY_ID) in effects
    assert not sent(effects)


@pytest.mark.parametrize("kind", [Kind.PERPETUAL, Kind.SPOT])
def test_a_oms_04_every_order_lies_on_the_venues_grid(kind: Kind) -> None:
    """Prices of no whole tick and sizes of no whole lot come out whole; stops away from the loss.

    Orders are counted in ticks and lots from the decision on, so that nothing else can be sent.
    """
    rows = ["99.997 100.003 99.994 100 L", *[f"{p} {p + 1} {p} {p + 1}" for p in range(100, 108)]]
    table = Scripted(rows, kind=kind, stop=percent_stop(0.0333), trail=percent_trail(0.011, 0.017))
    table.finish()
    orders = table.exchange.orders(table.client.account, NAMES[0], limit=1_000)
    listing = table.listings[0]
    assert len(orders) > 1
    for one in orders:
        asked = one.request
        assert asked.qty_lots >= 1
        for ticks in (asked.price_ticks, asked.trigger_ticks):
            assert listing.price(ticks) % Decimal("0.01") == 0
        assert listing.qty(asked.qty_lots) % Decimal("0.0001") == 0
    assert {one.status for one in orders} <= {
        OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.UNTRIGGERED, OrderStatus.EXPIRED,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("plan", "spec", "reason", "lots"),
    [
        ({"size_value": 0.0509}, {"min_lots": 50}, "MIN_QTY", 0),
        ({"size_value": 0.051}, {"min_lots": 50}, "", 51),
        ({"size_value": 0.09}, {"min_notional": 10.0}, "MIN_NOTIONAL", 0),
        ({"size_value": 0.1}, {"min_notional": 10.0}, "", 100),
        ({"size_value": 5.0}, {"max_lots": 400}, "", 400),
        ({"size_value": 1.2345678}, {}, "", 1_234),
    ],
)
def test_a_oms_04_what_the_venue_would_not_take_is_refused_or_cut_before_it_is_sent(
    plan: dict[str, float], spec: dict[str, float], reason: str, lots: int
) -> None:
    """Lots of 0.001 at 100: down to whole lots, to the largest, and never under the smallest.

    The least is 1.02 of the venue's own: what is less could not be sold again (SEMANTICS 3).
    """
    bars = ["100 100 100 100 L", "100 100 100 100"]
    run = simulate(one_symbol(bars, plan=plan, spec=spec), 10_000.0)
    assert [why for _, why in refused(run)] == ([reason] if reason else [])
    assert [one[3] for one in filled(run)] == ([lots] if lots else [])


def test_a_oms_05_what_the_balance_does_not_pay_is_not_sent() -> None:
    """Ten of 100 are wanted and cash is 5: not a lot of it. With 50 it is what 50 pay, fees too.

    The balance is that of the account's own books; the gate asks for the venue's besides.
    """
    bars = ["100 100 100 100 L", "100 100 100 100"]
    plan, spec = {"size_value": 10.0}, {"lot_den": 10, "taker": 0.01}
    run = simulate(one_symbol(bars, plan=plan, spec=spec), 5.0)
    assert refused(run) == [(0, "NO_CASH")]
    assert len(run.fills) == 0
    run = simulate(one_symbol(bars, plan=plan, spec=spec), 50.0)
    assert filled(run) == [(1, "ENTRY", 100.0, 4)]


@pytest.mark.parametrize("kind", [Kind.SPOT, Kind.PERPETUAL])
def test_a_oms_05_what_an_order_of_somebody_else_holds_at_the_venue_is_not_spent(
    kind: Kind,
) -> None:
    """R-OMS-12, S-11: a foreign order has all but 1 % of the cash; the books know nothing of it.

    The entry is refused with both numbers and not sent; the position that is held keeps its stop
    and is left, for neither asks what is free. When the order is gone the next entry passes.
    """
    rows = ["100 100 100 100"] * 8
    rows[1], rows[4] = rows[1] + " L", rows[4] + " L"
    other = ["100 100 100 100"] * 8
    other[0], other[2] = other[0] + " L", other[2] + " l"
    off = {"loss_cooldown_ms": 0, "entry_spacing_ms": 0, "correlation_refuses": False}
    table = Scripted(rows, other, kind=kind, risk=off, stop=STOP)
    table.play(0)
    symbol = table.bars[0].symbol
    if kind is Kind.PERPETUAL:
        table.exchange.set_leverage(table.client.account, symbol, 1)
    free = table.client.free_atoms("USDT") / 10 ** table.client.digits()["USDT"]
    listing = table.exchange.listings[symbol]
    lots = int(0.99 * free / 1.01 / float(listing.price(9_000) * listing.qty(1)))
    theirs = OrderRequest(symbol, Side.BUY, OrderKind.LIMIT, lots, 9_000, client_id="by-hand")
    assert isinstance(table.exchange.submit(table.client.account, theirs), Accepted)
    table.play(1)
    ((bar, reason),) = [one for one in table.refused() if one[1].startswith("funds")]
    assert bar == 1
    assert re.fullmatch(r"funds: [0-9.]+ needed", reason), reason
    table.play(3)
    assert not table.node.book.holding(table.bars[1].symbol).lots, "an exit asks nobody"
    table.exchange.cancel(table.client.account, OrderRef(symbol, client_id="by-hand"))
    table.play(5)
    assert table.entered() == [0, 4]


def test_a_oms_05_what_is_free_is_asked_within_five_seconds_and_promised_once() -> None:
    """Two entries of one close share one answer; an old answer, or none, refuses."""
    free = purses.shown(purses.Purse(), FundsShown(100, NOW, NOW))
    assert purses.funds_for(free, 60.0, 1.0) == Funds(60.0, 100.0, NOW)
    spent = purses.promised(free, 60.0, NOW + 1)
    assert purses.funds_for(spent, 60.0, 1.0).free == 40.0
    assert purses.shown(spent, FundsShown(100, NOW - 1, NOW + 2)) == spent, "asked before"
    assert purses.shown(spent, FundsShown(40, NOW + 2, NOW + 3)).promised == ()
    node = ready()
    asked = by_hand.decide(node, NOW)
    assert sent(asked), "it is free"
    late = Decided(
        replace(by_hand.CANDIDATE, signalled_ns=NOW + 6 * SECOND), by_hand.link(NOW + 6 * SECOND),
        10, 10_001, 9_500, NOW + 6 * SECOND,
    )  # fmt: skip
    (verdict,) = (one for one in node.handle(late) if isinstance(one, Judged))
    assert "funds: 6 s old, limit 5" in verdict.reasons


@pytest.mark.slow
def test_a_oms_06_after_five_thousand_orders_books_and_venue_agree() -> None:
    """R-OMS-23: entries, stops, exits: no name twice, every fill booked once, nothing left."""
    draw, rows, price = stream(6, "orders"), [], 100.0
    for _ in range(5_400):
        after = round(min(max(price * (1.0 + draw.normal(0.0, 0.002)), 50.0), 200.0), 2)
        high, low = max(price, after), min(price, after)
        rows.append(f"{price} {high} {low} {after} {'LS'[int(draw.integers(2))]}")
        price = after
    rows += [f"{price} {price} {price} {price}"] * 3
    off = dict.fromkeys(("loss_streak", "loss_cooldown_ms", "entries_hour", "entries_day"), 0)
    off |= dict.fromkeys(("entry_spacing_ms", "daily_loss", "rolling_drawdown"), 0)
    table = Scripted(rows, frame="15m", risk=off, exit_after_bars=1, stop=percent_stop(0.003))
    table.finish()
    orders = table.exchange.orders(table.client.account, NAMES[0], limit=100_000)
    names = [one.request.client_id for one in orders]
    assert len(names) >= 5_000
    assert len(set(names)) == len(names)
    at_venue: dict[str, int] = {}
    for fill in table.exchange.fills(table.client.account, NAMES[0], limit=100_000):
        at_venue[fill.client_id] = at_venue.get(fill.client_id, 0) + fill.qty_lots
    booked = {one.client_id: one.booked_lots for one in table.node.book.state().orders}
    assert {name: lots for name, lots in booked.items() if lots}.items() <= at_venue.items()
    decider = table.node.decider
    assert decider is not None
    worth = table.client.equity_atoms("USDT") / 10 ** table.client.digits()["USDT"]
    assert decider.live.account.equity[0] == pytest.approx(worth, abs=0.01)
    assert table.node.book.holding(NAMES[0]).lots == table.client.position_lots(NAMES[0])


def test_a_oms_07_amend_cancel_and_expiry_work_in_simulation_and_on_paper() -> None:
    """A limit entry that is not reached ends by itself; a stop is amended; a take is cancelled."""
    rows = ["100 100 100 100 L", "100 101 100 101", "101 101 101 101 L", "101 101 98 98"]
    rows += [f"{p} {p + 2} {p} {p + 2}" for p in range(98, 114, 2)] + ["114 114 90 90"]
    table = Scripted(
        rows, entry_limit=pull_back(1.0, 1), stop=STOP, trail=percent_trail(0.02, 0.03)
    )
    table.rules_of_node = replace(table.rules_of_node, abilities=Abilities(amends_stops=True))
    table.restart()
    amended: list[int] = []
    amend = table.client.amend
    table.client.amend = lambda request: amended.append(request.trigger_ticks) or amend(request)  # type: ignore[method-assign,func-returns-value]
    fills, run = table.loop()
    table.finish()
    assert [(one.side, one.price_ticks, one.qty_lots) for one in table.fills()] == [
        (one.side, one.ticks, one.lots) for one in fills
    ]
    assert [why for _, why in refused(run)] == ["EXPIRED"]
    orders = table.exchange.orders(table.client.account, NAMES[0], limit=100)
    ends = [one.status for one in orders if purpose_of(one.request.client_id) is Purpose.ENTRY]
    assert ends == [OrderStatus.CANCELLED, OrderStatus.FILLED]
    assert len(amended) >= 3
    assert amended == sorted(amended)


def test_a_oms_10_an_order_above_a_tenth_of_the_volume_fills_in_parts() -> None:
    """25 are wanted where 100 trade in a bar: 10, 10, 5, for as long as the order may work."""
    rows = ["100 100 100 100 L v=100", *["100 100 100 100 v=100"] * 5]
    plan = {"size_value": 25.0, "entry_ttl_bars": 3}
    run = simulate(one_symbol(rows, plan=plan, spec={"participation": 0.1}), 10_000.0)
    assert [one[3] for one in filled(run)] == [10_000, 10_000, 5_000]
