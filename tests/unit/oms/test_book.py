"""The book of record: each fill once, what is open, what is held (A3, A8, A9, C3, F3)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.oms.orders import (
    FENCE_NS,
    NAME,
    SECOND,
    SENT_NS,
    SYMBOL,
    fill,
    prepared,
    request,
    sent,
    shown,
)

from ballast.core.errors import InternalError
from ballast.core.ids import ID_LENGTH, Purpose, client_id, is_ours, purpose_of
from ballast.core.orders import OrderStatus, PositionSide, Side
from ballast.core.reports import Look, Miss
from ballast.oms import lifecycle, resolver
from ballast.oms.book import BookOfRecord
from ballast.oms.holdings import FLAT, Holding
from ballast.oms.reconcile import PositionGap, compare_orders, compare_positions
from ballast.oms.record import Evidence, Phase
from ballast.oms.resolver import Next, Step, next_step

LOOKS = {
    Step.ASK_BY_ID: Look.BY_ID,
    Step.ASK_OPEN_ORDERS: Look.OPEN_ORDERS,
    Step.ASK_TRADES: Look.TRADES,
}


def book(**more: object) -> BookOfRecord:
    made = BookOfRecord()
    record = made.prepare(NAME, Purpose.ENTRY, request(**more), decision=1, at_ns=SENT_NS)  # type: ignore[arg-type]
    made.keep(lifecycle.sent(record, SENT_NS, FENCE_NS))
    return made


def test_a_fill_is_booked_once_however_often_it_comes() -> None:
    one = book()
    first, again = one.take(fill(4)), one.take(fill(4))
    assert (first.is_new, again.is_new) == (True, False)
    assert one.holding(SYMBOL) == Holding(4, 400)
    assert one.fees() == {"USDT": 5}


def test_a_trade_between_two_orders_of_ours_is_two_fills() -> None:
    """Found by the simulation: one trade number, a buy and a sale, both ours."""
    one = book()
    other = client_id(Purpose.EXIT, account="a", strategy="s", symbol=SYMBOL, decision=2)
    sale = replace(request(), client_id=other, side=Side.SELL)
    one.prepare(other, Purpose.EXIT, sale, decision=2, at_ns=SENT_NS)
    one.take(fill(4))
    one.take(replace(fill(4, side=Side.SELL, order_id=9), client_id=other))
    assert one.holding(SYMBOL) == FLAT


def test_a_fill_that_does_not_carry_our_name_is_found_by_the_venues_number() -> None:
    one = book()
    one.take(shown(OrderStatus.NEW))
    taken = one.take(replace(fill(4), client_id=""))
    assert taken.record is not None
    assert taken.record.booked_lots == 4
    assert one.take(replace(fill(4, 2), client_id="", order_id=99)).record is None


def test_an_id_is_used_once_and_must_be_ours() -> None:
    one = book()
    with pytest.raises(InternalError, match="used before"):
        one.prepare(NAME, Purpose.ENTRY, request(), decision=1, at_ns=0)
    with pytest.raises(InternalError, match="not the client id"):
        one.prepare("mine", Purpose.ENTRY, request(), decision=1, at_ns=0)
    with pytest.raises(InternalError, match="no order"):
        BookOfRecord().keep(prepared())


def test_unknown_orders_count_at_their_full_size() -> None:
    one = book()
    record = one.get(NAME)
    assert record is not None
    one.keep(lifecycle.unheard(record, SENT_NS))
    assert one.enlarging_lots(SYMBOL) == 10
    assert [each.phase for each in one.doubtful()] == [Phase.UNKNOWN]
    one.take(fill(4))
    assert one.enlarging_lots(SYMBOL) == 6
    one.take(shown(OrderStatus.CANCELLED, 4))
    assert one.enlarging_lots(SYMBOL) == 0
    assert list(one.open_orders()) == list(one.doubtful()) == []
    assert book(reduce_only=True).enlarging_lots(SYMBOL) == 0


signed = st.tuples(st.sampled_from(list(Side)), st.integers(1, 40), st.integers(1, 10**6))


@given(trades=st.lists(signed, max_size=40), price=st.integers(1, 10**6))
def test_what_is_held_is_worth_what_was_paid_to_the_last_unit(
    trades: list[tuple[Side, int, int]], price: int
) -> None:
    """Against the plain sum; and the average price against exact fractions."""
    held, lots, spent = FLAT, 0, 0
    average = Fraction(0)
    for number, (side, size, at) in enumerate(trades):
        held = held.after(fill(size, number, side=side, price=at))
        change = int(side) * size
        if lots * change >= 0:
            average = (abs(lots) * average + size * at) / (abs(lots) + size)
        elif abs(change) > abs(lots):
            average = Fraction(at)
        lots += change
        spent += change * at
        assert held.lots == lots
        assert held.value(price) == lots * price - spent
        if not lots:
            assert held.cost == 0
        else:
            assert abs(Fraction(held.cost, lots) - average) <= number + 1, "rounding stays small"


def test_ids_are_derived_and_tell_what_they_are_for() -> None:
    parts = {"account": "a", "strategy": "s", "symbol": SYMBOL, "decision": 1}
    names = {
        client_id(purpose, **parts, leg=leg, attempt=attempt)  # type: ignore[arg-type]
        for purpose in Purpose
        for leg in range(3)
        for attempt in range(3)
    }
    assert len(names) == len(Purpose) * 9
    assert all(len(name) == ID_LENGTH and name.isalnum() and name.islower() for name in names)
    assert {purpose_of(name) for name in names} == set(Purpose)
    assert client_id(Purpose.ENTRY, **parts) == NAME  # type: ignore[arg-type]
    assert NAME == "blefo4dopc4l4i2fb2", "the same in every version: journals hold these"
    for foreign in ("", "web_1", "x-TKT5PX2F1", "bl" + "q" * 16, NAME[:-1], "BL" + NAME[2:]):
        assert not is_ours(foreign)


def test_what_the_venue_does_not_show_is_doubted_not_dropped() -> None:
    one = book()
    one.take(shown(OrderStatus.NEW))
    young = compare_orders(one, [], SENT_NS + 2 * SECOND)
    assert young.doubted == (), "reads lag"
    found = compare_orders(one, [], SENT_NS + 60 * SECOND)
    assert found.doubted == (NAME,)
    record = one.get(NAME)
    assert record is not None
    assert record.phase is Phase.LIVE
    assert next_step(record, SENT_NS + 60 * SECOND) == Next(Step.ASK_BY_ID)


def test_strays_and_strangers_are_named_and_left_alone() -> None:
    one = book()
    stray = client_id(Purpose.STOP, account="a", strategy="s", symbol=SYMBOL, decision=9)
    shown_there = [
        shown(OrderStatus.NEW),
        replace(shown(OrderStatus.NEW, order_id=8), client_id=stray),
        replace(shown(OrderStatus.NEW, order_id=9), client_id="web_42"),
    ]
    found = compare_orders(one, shown_there, SENT_NS + 60 * SECOND)
    assert [taken.record.client_id for _, taken in found.taken if taken.record] == [NAME]
    assert [report.order_id for report in found.strays] == [8]
    assert [report.order_id for report in found.foreign] == [9]


def test_positions_are_compared_both_ways() -> None:
    one = book()
    one.take(fill(4))
    there = {(SYMBOL, PositionSide.BOTH): 4}
    assert compare_positions(one, there) == ()
    there = {("ETHUSDT", PositionSide.BOTH): -3, ("XRPUSDT", PositionSide.BOTH): 0}
    assert compare_positions(one, there) == (
        PositionGap(SYMBOL, PositionSide.BOTH, 4, 0),
        PositionGap("ETHUSDT", PositionSide.BOTH, 0, -3),
    )


# ------------------------------------------------------------------ what to do about silence


def test_silence_is_asked_about_at_once_then_more_and_more_slowly() -> None:
    record = sent()
    due = SENT_NS + resolver.ANSWER_NS
    assert next_step(record, due - 1) == Next(Step.WAIT, due)
    assert next_step(record, due) == Next(Step.UNHEARD)
    record, now = lifecycle.unheard(record, due), due
    pauses = []
    for _ in range(8):
        assert next_step(record, now) == Next(Step.ASK_BY_ID)
        record = lifecycle.asked(record, now)
        wait = next_step(record, now)
        assert wait.step is Step.WAIT
        pauses.append((wait.at_ns - now) / SECOND)
        now = wait.at_ns
    assert pauses == pytest.approx([0.25, 0.5, 1, 2, 4, 7.25, 3, 3]), "the sixth ends at the fence"
    later = replace(record, asked_ns=FENCE_NS + resolver.PROOF_NS)
    assert next_step(later, later.asked_ns) == Next(Step.WAIT, later.asked_ns + 8 * SECOND)


def test_the_order_of_the_looks_and_their_end() -> None:
    unknown = lifecycle.unheard(sent(), SENT_NS)
    at = FENCE_NS + 10 * SECOND
    looks = [
        (Evidence(), Next(Step.ASK_BY_ID)),
        (Evidence(at, at), Next(Step.ASK_OPEN_ORDERS)),
        (Evidence(at, at, at), Next(Step.ASK_TRADES)),
        (Evidence(at, at, at, at), Next(Step.WAIT, at + 2 * SECOND)),
        (Evidence(at - 3 * SECOND, at - 3 * SECOND, at, at), Next(Step.ASK_BY_ID)),
        (Evidence(at - 3 * SECOND, at, at, at), Next(Step.ABSENT)),
    ]
    for evidence, expected in looks:
        assert next_step(replace(unknown, evidence=evidence), at) == expected
    assert resolver.next_wake_ns([unknown], at) == at
    assert resolver.next_wake_ns([sent()], SENT_NS) == SENT_NS + resolver.ANSWER_NS
    assert resolver.next_wake_ns([], at) == 0


@pytest.mark.parametrize(
    ("lost", "taken_s"), [((), 2), ((0,), 5), ((1,), 3), ((3,), 5), ((0, 1, 2, 3), 14)]
)
def test_absence_is_proven_as_soon_as_the_looks_behind_the_fence_agree(
    lost: tuple[int, ...], taken_s: int
) -> None:
    """B1: a stop that never arrived is sent again then. A look that is lost costs three seconds."""
    record = lifecycle.unheard(sent(), SENT_NS)
    now, asked = SENT_NS, 0
    while (step := next_step(record, now)).step is not Step.ABSENT:
        if step.step is Step.WAIT:
            now = step.at_ns
            continue
        record = lifecycle.asked(record, now)
        if now > FENCE_NS:
            asked += 1
        if now > FENCE_NS and asked - 1 not in lost:
            now += SECOND // 100
            record = lifecycle.apply(record, Miss(SYMBOL, NAME, LOOKS[step.step], now)).record
    assert (now - FENCE_NS) // SECOND == taken_s


def test_a_missing_fill_is_asked_for_after_a_second() -> None:
    one = book()
    record = one.take(shown(OrderStatus.PARTIALLY_FILLED, 4)).record
    assert record is not None
    at = SENT_NS + 2 * SECOND
    assert next_step(record, at - 1) == Next(Step.WAIT, at)
    assert next_step(record, at) == Next(Step.ASK_TRADES)
    settled = one.take(fill(4)).record
    assert settled is not None
    assert next_step(settled, at) == Next(Step.NOTHING)


def test_the_fence_is_the_window_ten_seconds_and_a_margin() -> None:
    assert resolver.fence_ns(0, 3 * SECOND) == 18 * SECOND
    assert resolver.fence_ns(0, 3 * SECOND, is_overloaded=True) == 73 * SECOND


@pytest.mark.parametrize(
    ("purpose", "more", "reserved", "may"),
    [
        (Purpose.ENTRY, {}, 0, False),
        (Purpose.ENTRY, {"reduce_only": True}, 100, False),  # an entry never
        (Purpose.STOP, {"reduce_only": True}, 0, True),
        (Purpose.STOP, {"close_position": True}, 0, True),
        (Purpose.EXIT, {}, 0, False),
        (Purpose.EXIT, {}, 10, True),  # spot: the balance set aside caps it
        (Purpose.EXIT, {}, 9, False),
    ],
)
def test_only_what_is_harmless_when_doubled_is_sent_again(
    purpose: Purpose, more: dict[str, bool], reserved: int, *, may: bool
) -> None:
    gone = replace(sent(purpose=purpose, **more), phase=Phase.ABSENT)
    assert resolver.may_resend(gone, reserved_lots=reserved) is may
    for phase in set(Phase) - {Phase.ABSENT, Phase.REFUSED}:
        assert not resolver.may_resend(replace(gone, phase=phase), reserved_lots=reserved)
