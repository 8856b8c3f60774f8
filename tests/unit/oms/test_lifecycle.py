"""Each fact in each phase (A4 to A8; R-OMS-01, R-OMS-13 to R-OMS-16)."""

from __future__ import annotations

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
    sent,
    shown,
)

from ballast.core.orders import TERMINAL, OrderStatus, RejectReason
from ballast.core.reports import Action, Look, Miss, OrderReport, Rejection, Report, Source, Unclear
from ballast.oms import lifecycle
from ballast.oms.lifecycle import Remark, apply
from ballast.oms.record import OVER, OrderRecord, Phase, Wish

LATER = FENCE_NS + SECOND


def unclear(action: Action = Action.SUBMIT) -> Unclear:
    return Unclear(SYMBOL, NAME, action, "504", SENT_NS)


def refusal(reason: RejectReason, action: Action = Action.SUBMIT) -> Rejection:
    return Rejection(SYMBOL, NAME, action, reason, "-2010", SENT_NS)


def miss(place: Look, at_ns: int = LATER) -> Miss:
    return Miss(SYMBOL, NAME, place, at_ns)


def after(record: OrderRecord, *reports: Report) -> OrderRecord:
    for report in reports:
        record = apply(record, report).record
    return record


N = OrderStatus
CASES = [
    # what comes after it was sent                                   phase           status  filled
    ([shown(N.NEW)], Phase.LIVE, N.NEW, 0),
    ([shown(N.PARTIALLY_FILLED, 4)], Phase.LIVE, N.PARTIALLY_FILLED, 4),
    ([fill(4)], Phase.LIVE, N.PARTIALLY_FILLED, 4),
    ([fill(4), fill(6, 2)], Phase.ENDED, N.FILLED, 10),
    # A fill before its acknowledgement; the older report changes nothing.
    ([fill(4), shown(N.NEW)], Phase.LIVE, N.PARTIALLY_FILLED, 4),
    ([shown(N.FILLED, 10), shown(N.PARTIALLY_FILLED, 4)], Phase.ENDED, N.FILLED, 10),
    # A cancel and a fill race: what traded stays traded.
    ([shown(N.CANCELLED, 0), fill(4)], Phase.ENDED, N.CANCELLED, 4),
    ([shown(N.CANCELLED, 4), shown(N.NEW)], Phase.ENDED, N.CANCELLED, 4),
    ([unclear()], Phase.UNKNOWN, None, 0),
    ([unclear(), shown(N.NEW)], Phase.LIVE, N.NEW, 0),
    ([refusal(RejectReason.MIN_NOTIONAL)], Phase.REFUSED, None, 0),
    ([refusal(RejectReason.MIN_NOTIONAL), shown(N.NEW)], Phase.LIVE, N.NEW, 0),
    # "Duplicate" says that an order of this name is there.
    ([refusal(RejectReason.DUPLICATE_CLIENT_ID)], Phase.UNKNOWN, None, 0),
    # The stream was faster than the refusal: it is there, whatever the answer says.
    ([shown(N.NEW), refusal(RejectReason.INSUFFICIENT_BALANCE)], Phase.LIVE, N.NEW, 0),
]  # fmt: skip


@pytest.mark.parametrize(("reports", "phase", "status", "filled"), CASES)
def test_what_comes_after_sending(
    reports: list[Report], phase: Phase, status: OrderStatus | None, filled: int
) -> None:
    record = after(sent(), *reports)
    assert (record.phase, record.status, record.filled_lots) == (phase, status, filled)


def test_a_refusal_that_lied_and_a_late_fill_are_remarked() -> None:
    wrong = after(sent(), refusal(RejectReason.INSUFFICIENT_BALANCE))
    assert apply(wrong, fill(4)).remarks == (Remark.REAPPEARED,)
    assert apply(wrong, shown(N.NEW)).remarks == (Remark.REAPPEARED,)
    cancelled = after(sent(), shown(N.CANCELLED))
    assert apply(cancelled, fill(4)).remarks == (Remark.LATE_FILL,)
    assert apply(after(sent(), shown(N.NEW)), refusal(RejectReason.NO_PRICE)).remarks == (
        Remark.CONTRADICTED,
    )


def test_more_than_was_asked_is_booked_and_remarked() -> None:
    applied = apply(sent(), fill(11))
    assert applied.record.booked_lots == 11
    assert applied.remarks == (Remark.OVERFILLED,)


def test_another_order_under_our_name_is_not_ours() -> None:
    record = after(sent(), shown(N.NEW, order_id=7))
    for report in (shown(N.FILLED, 10, order_id=8), fill(10, order_id=8)):
        applied = apply(record, report)
        assert applied.record == record
        assert applied.remarks == (Remark.OTHER_ORDER,)


def test_only_all_looks_behind_the_fence_together_prove_absence() -> None:
    """A4: two by id, two seconds apart, the open orders, the trades."""
    record = after(sent(), unclear())
    early = after(record, *(miss(place, FENCE_NS) for place in Look))
    assert early.evidence == record.evidence, "looks before the fence prove nothing"
    looks = [miss(Look.BY_ID), miss(Look.OPEN_ORDERS), miss(Look.TRADES)]
    once = after(record, *looks)
    assert not lifecycle.is_proven_absent(once)
    soon = after(once, miss(Look.BY_ID, LATER + 2 * SECOND - 1))
    assert not lifecycle.is_proven_absent(soon)
    for left in range(3):
        partly = after(record, *looks[:left], *looks[left + 1 :])
        assert not lifecycle.is_proven_absent(after(partly, miss(Look.OPEN_ORDERS)))
    proven = after(once, miss(Look.BY_ID, LATER + 2 * SECOND))
    assert lifecycle.absent(proven, LATER).phase is Phase.ABSENT
    assert after(proven, shown(N.NEW)).evidence == record.evidence, "one sight undoes all looks"


@pytest.mark.parametrize("reason", [RejectReason.UNKNOWN_ORDER, RejectReason.ALREADY_FILLED])
def test_a_cancel_of_an_unknown_order_proves_nothing(reason: RejectReason) -> None:
    """Incidents 10 and 24: the order had filled, or the read lagged."""
    live = lifecycle.cancelling(after(sent(), shown(N.NEW)), SENT_NS)
    doubted = after(live, refusal(reason, Action.CANCEL))
    assert (doubted.phase, doubted.cancel) == (Phase.LIVE, Wish.UNCLEAR)
    assert lifecycle.is_doubtful(doubted)
    still = after(doubted, shown(N.NEW, source=Source.QUERY))
    assert still.cancel is Wish.NONE
    assert not lifecycle.is_doubtful(still)
    gone = after(doubted, shown(N.FILLED, 10, source=Source.QUERY))
    assert gone.phase is Phase.ENDED
    assert lifecycle.is_doubtful(gone), "its fills have not come yet"


def test_nothing_is_sent_twice() -> None:
    with pytest.raises(AssertionError):
        lifecycle.sent(sent(), SENT_NS, FENCE_NS)


def test_after_a_crash_an_intent_may_have_been_sent() -> None:
    lost = lifecycle.unheard(prepared(), SENT_NS)
    assert lost.phase is Phase.UNKNOWN
    assert lost.fence_ns == SENT_NS + lifecycle.UNSTAMPED_NS


statuses = st.sampled_from(list(OrderStatus))
times = st.integers(SENT_NS, SENT_NS + 60 * SECOND)
reports: st.SearchStrategy[Report] = st.one_of(
    st.builds(
        OrderReport, st.just(SYMBOL), st.just(NAME), st.sampled_from([7, 7, 7, 8]), statuses,
        st.integers(0, 12), times, st.sampled_from(list(Source)),
    ),
    st.builds(
        Rejection, st.just(SYMBOL), st.just(NAME), st.sampled_from(list(Action)),
        st.sampled_from(list(RejectReason)), st.just(""), times,
    ),
    st.builds(
        Unclear, st.just(SYMBOL), st.just(NAME), st.sampled_from(list(Action)), st.just(""), times
    ),
    st.builds(Miss, st.just(SYMBOL), st.just(NAME), st.sampled_from(list(Look)), times),
    st.builds(fill, st.integers(1, 5), order_id=st.sampled_from([7, 7, 7, 8])),
)  # fmt: skip


@given(facts=st.lists(reports, max_size=30), start=st.sampled_from(["prepared", "sent", "cancel"]))
def test_any_fact_in_any_phase_gives_a_legal_record(facts: list[Report], start: str) -> None:
    record = prepared() if start == "prepared" else sent()
    if start == "cancel":
        record = lifecycle.cancelling(record, SENT_NS)
    for fact in facts:
        before, record = record, apply(record, fact).record
        assert record.filled_lots >= before.filled_lots
        assert record.filled_lots >= record.booked_lots >= before.booked_lots
        assert record.order_id == before.order_id or not before.order_id
        if before.phase is Phase.ENDED:
            assert record.phase is Phase.ENDED
            assert record.status is before.status, "the venue's last word stays"
        if before.status is not None and record.status is not None:
            assert lifecycle.RANK[record.status] >= lifecycle.RANK[before.status]
        assert (record.phase is Phase.ENDED) == (record.status in TERMINAL)
        assert record.phase not in {Phase.PREPARED, Phase.SENT} or record.status is None
        assert not (record.phase in OVER and record.open_lots)
        if record.phase is Phase.UNKNOWN:
            assert record.fence_ns > 0
        if isinstance(fact, OrderReport):
            assert apply(record, fact).record == record, "a report twice is a report once (A8)"
