"""Lifecycle: what each fact makes of a record. Any fact in any phase gives a legal record.

Rules, with the invariants of the design they keep:

- Status moves forward only and cumulative fills never fall: an older report is STALE (A7).
- A cancel is a request. An order is gone on the venue's word alone, and a fill that comes later is
  applied all the same (A6).
- A refused cancel or amend that says "unknown order" proves nothing: by-id reads lag (A4, X6).
- Coins that do not suffice may be held by the very order that was refused: look for it (B6).
- A duplicate client id is no refusal: an order of that name is there, and it may be this one.
- More filled than asked is applied, because it is owned, and remarked, because it may not be.
- A venue's second id under our client id is not this order: nothing of it is applied (D7).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from ballast.core.ids import REDUCING
from ballast.core.orders import TERMINAL, Fill, OrderRequest, OrderStatus, RejectReason
from ballast.core.reports import Action, Look, Miss, OrderReport, Rejection, Report, Source, Unclear
from ballast.oms.record import NO_EVIDENCE, OVER, Evidence, OrderRecord, Phase, Wish

RANK = {
    OrderStatus.PENDING: 0,
    OrderStatus.UNTRIGGERED: 1,
    OrderStatus.NEW: 2,
    OrderStatus.PARTIALLY_FILLED: 3,
    **dict.fromkeys(TERMINAL, 4),
}
"""Which status can follow which: a higher one, or the same."""
_HELD = frozenset({RejectReason.INSUFFICIENT_BALANCE, RejectReason.INSUFFICIENT_MARGIN})
"""What a venue also says when an order that it has accepted holds the coins: perhaps this one. A
sale that could be doubled is not sent again on such a word; it is looked for first (B6)."""
_LOST = frozenset({RejectReason.UNKNOWN_ORDER, RejectReason.ALREADY_FILLED})


class Remark(StrEnum):
    """What a fact showed besides its news; the runtime journals it and alerts where it must."""

    STALE = "stale"
    REAPPEARED = "reappeared"
    """It was taken as refused or absent, and the venue has it: adopt and protect (A5)."""
    LATE_FILL = "late_fill"
    OVERFILLED = "overfilled"
    OTHER_ORDER = "other_order"
    CONTRADICTED = "contradicted"
    """A refusal of an order that the venue has shown."""
    FORGOTTEN = "forgotten"
    """A fill of ours from before the oldest order that the book may still know: not booked."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A record after a fact, and what was remarkable."""

    record: OrderRecord
    remarks: tuple[Remark, ...] = ()


def sent(record: OrderRecord, at_ns: int, fence_ns: int) -> OrderRecord:
    """Return the record of an order that is on its way; raise where it was sent before (A4)."""
    assert record.phase is Phase.PREPARED, (record.client_id, record.phase)
    assert fence_ns > at_ns, (record.client_id, at_ns, fence_ns)
    return replace(record, phase=Phase.SENT, sent_ns=at_ns, fence_ns=fence_ns, updated_ns=at_ns)


UNSTAMPED_NS = 120_000_000_000
"""Fence of an order whose request was stamped nobody knows when: at the latest now, and the longest
window (60 s), ten seconds of the venue's engine and its margin later it can no longer arrive."""


def unheard(record: OrderRecord, at_ns: int) -> OrderRecord:
    """Return the record after silence, or after a crash: nobody knows (A5)."""
    if record.phase not in {Phase.PREPARED, Phase.SENT}:
        return _doubted(record, at_ns)
    fence_ns = record.fence_ns or at_ns + UNSTAMPED_NS
    return replace(record, phase=Phase.UNKNOWN, fence_ns=fence_ns, updated_ns=at_ns)


def asked(record: OrderRecord, at_ns: int) -> OrderRecord:
    """Return the record after a look at the venue was sent off."""
    return replace(record, asked_ns=at_ns, asks=record.asks + 1)


def absent(record: OrderRecord, at_ns: int) -> OrderRecord:
    """Return the record of an order that is taken as not accepted, or gone without a word."""
    assert record.phase in {Phase.UNKNOWN, Phase.LIVE}, (record.client_id, record.phase)
    assert is_proven_absent(record), record.client_id
    return replace(record, phase=Phase.ABSENT, cancel=Wish.NONE, amend=Wish.NONE, updated_ns=at_ns)


LOOKS_APART_NS = 2_000_000_000
"""Between two looks by id that count as two: a lagging read answers twice alike within a second."""


def is_proven_absent(record: OrderRecord) -> bool:
    """Tell whether all looks agree, after the fence: twice by id, the open orders, the trades."""
    seen = record.evidence
    apart = seen.last_id_ns - seen.first_id_ns >= LOOKS_APART_NS
    return seen.first_id_ns > 0 and apart and seen.open_ns > 0 and seen.trades_ns > 0


AWAITED = frozenset({Phase.PREPARED, Phase.SENT})
"""Phases that time alone turns into UNKNOWN."""


def is_doubtful(record: OrderRecord) -> bool:
    """Tell whether something about an order can only be learnt by asking the venue."""
    if record.phase is Phase.UNKNOWN or record.booked_lots < record.filled_lots:
        return True
    if record.phase is not Phase.LIVE:
        return False
    return Wish.UNCLEAR in {record.cancel, record.amend} or record.evidence != NO_EVIDENCE


def is_awaited(record: OrderRecord) -> bool:
    """Tell whether an answer is due: time alone will make it silence."""
    return record.phase in AWAITED or (
        record.is_open and Wish.ASKED in {record.cancel, record.amend}
    )


def cancelling(record: OrderRecord, at_ns: int) -> OrderRecord:
    """Return the record after a cancel was journalled."""
    assert record.is_open, (record.client_id, record.phase)
    return replace(record, cancel=Wish.ASKED, wished_ns=at_ns)


def amending(record: OrderRecord, at_ns: int) -> OrderRecord:
    """Return the record after an amend was journalled; its terms change when the venue says so."""
    assert record.is_open, (record.client_id, record.phase)
    return replace(record, amend=Wish.ASKED, wished_ns=at_ns)


def _doubted(record: OrderRecord, at_ns: int) -> OrderRecord:
    """Return the record when a wish got no answer: it may have been granted."""
    if not record.is_open:
        return record
    cancel, amend = (
        Wish.UNCLEAR if wish is Wish.ASKED else wish for wish in (record.cancel, record.amend)
    )
    return replace(record, cancel=cancel, amend=amend, updated_ns=max(at_ns, record.updated_ns))


def apply(record: OrderRecord, report: Report) -> Applied:
    """Return what a report makes of the record; it must name this order."""
    assert report.symbol == record.symbol, (report.symbol, record.symbol)
    match report:
        case OrderReport():
            return _shown(record, report)
        case Fill():
            return _filled(record, report)
        case Rejection():
            return _refused(record, report)
        case Unclear():
            return Applied(_unclear(record, report))
        case Miss():
            return Applied(_missed(record, report))


def _shown(record: OrderRecord, report: OrderReport) -> Applied:
    if record.order_id not in {0, report.order_id}:
        return Applied(record, (Remark.OTHER_ORDER,))
    remarks = []
    if record.phase in OVER - {Phase.ENDED}:
        remarks.append(Remark.REAPPEARED)
    status = report.status
    if record.status is not None and _is_behind(record, report):
        remarks.append(Remark.STALE)
        status = record.status
    filled = max(record.filled_lots, report.filled_lots)
    if _is_over(record, filled):
        remarks.append(Remark.OVERFILLED)
    ended = status in TERMINAL
    # Asked, the venue shows it as it is: whoever still wants something asks again.
    answered = report.source is Source.QUERY
    terms, terms_ns = _terms(record, report, is_stale=Remark.STALE in remarks)
    amend = _left(record.amend, ended=ended, answered=answered)
    made = replace(
        record,
        request=terms,
        terms_ns=terms_ns,
        phase=Phase.ENDED if ended else Phase.LIVE,
        status=status,
        order_id=report.order_id,
        filled_lots=filled,
        updated_ns=max(record.updated_ns, report.at_ns),
        evidence=NO_EVIDENCE,
        asks=0,
        cancel=_left(record.cancel, ended=ended, answered=answered),
        amend=amend if terms == record.request else Wish.NONE,  # granted
        end=record.end if not ended or record.end is not None else report.reason,
    )
    return Applied(made, tuple(remarks))


def _left(wish: Wish, *, ended: bool, answered: bool) -> Wish:
    """Return what is left of a wish: nothing of it once the order ended or a query settled it."""
    return Wish.NONE if ended or (answered and wish is Wish.UNCLEAR) else wish


def _terms(record: OrderRecord, report: OrderReport, *, is_stale: bool) -> tuple[OrderRequest, int]:
    """Return the order as the venue has it now, and since when; what it does not tell stays."""
    request = record.request
    if is_stale or report.at_ns < record.terms_ns:
        return request, record.terms_ns
    told = (report.qty_lots, report.price_ticks, report.trigger_ticks)
    if told in {(0, 0, 0), (request.qty_lots, request.price_ticks, request.trigger_ticks)}:
        return request, record.terms_ns
    made = replace(
        request,
        qty_lots=report.qty_lots or request.qty_lots,
        price_ticks=report.price_ticks or request.price_ticks,
        trigger_ticks=report.trigger_ticks or request.trigger_ticks,
    )
    return made, report.at_ns


def _is_behind(record: OrderRecord, report: OrderReport) -> bool:
    assert record.status is not None
    if record.status in TERMINAL:
        return report.status is not record.status
    return RANK[report.status] < RANK[record.status]


def _is_over(record: OrderRecord, filled_lots: int) -> bool:
    """Tell whether more was filled than asked; an order sized by money has no such size."""
    return 0 < record.request.qty_lots < filled_lots


def _filled(record: OrderRecord, fill: Fill) -> Applied:
    """Book a fill. The book has seen to it that this trade was not booked before (A8)."""
    assert fill.qty_lots > 0, fill.trade_id
    assert fill.side is record.request.side, (fill.trade_id, fill.side)
    if record.order_id not in {0, fill.order_id}:
        return Applied(record, (Remark.OTHER_ORDER,))
    remarks = []
    if record.phase is Phase.ENDED and record.booked_lots + fill.qty_lots > record.filled_lots:
        remarks.append(Remark.LATE_FILL)
    if record.phase in OVER - {Phase.ENDED}:
        remarks.append(Remark.REAPPEARED)
    booked = record.booked_lots + fill.qty_lots
    filled = max(record.filled_lots, booked)
    if _is_over(record, filled):
        remarks.append(Remark.OVERFILLED)
    made = replace(
        record,
        order_id=fill.order_id,
        booked_lots=booked,
        filled_lots=filled,
        updated_ns=max(record.updated_ns, fill.at_ns),
        evidence=NO_EVIDENCE,
    )
    if record.phase is not Phase.ENDED:
        whole = 0 < record.request.qty_lots <= filled
        made = replace(
            made,
            phase=Phase.ENDED if whole else Phase.LIVE,
            status=OrderStatus.FILLED if whole else OrderStatus.PARTIALLY_FILLED,
            cancel=Wish.NONE if whole else record.cancel,
            amend=Wish.NONE if whole else record.amend,
        )
    return Applied(made, tuple(remarks))


def _refused(record: OrderRecord, report: Rejection) -> Applied:
    if report.action is not Action.SUBMIT:
        return Applied(_request_refused(record, report))
    if record.phase in {Phase.LIVE, Phase.ENDED}:
        return Applied(record, (Remark.CONTRADICTED,))
    if report.reason is RejectReason.DUPLICATE_CLIENT_ID:
        return Applied(unheard(record, report.at_ns))
    if record.phase is Phase.ABSENT:
        return Applied(record)
    if report.reason in _HELD and record.purpose in REDUCING and not record.is_harmless_twice:
        made = replace(record, phase=Phase.UNKNOWN, fence_ns=report.at_ns, updated_ns=report.at_ns)
        return Applied(made)
    made = replace(
        record, phase=Phase.REFUSED, refused=report.reason, updated_ns=report.at_ns,
        evidence=NO_EVIDENCE,
    )  # fmt: skip
    return Applied(made)


def _request_refused(record: OrderRecord, report: Rejection) -> OrderRecord:
    """Return what a refused cancel or amend means: of an order that is over, nothing."""
    if not record.is_open:
        return record
    left = Wish.UNCLEAR if report.reason in _LOST else Wish.NONE
    if report.action is Action.CANCEL:
        return replace(record, cancel=left, updated_ns=report.at_ns)
    return replace(record, amend=left, updated_ns=report.at_ns)


def _unclear(record: OrderRecord, report: Unclear) -> OrderRecord:
    match report.action:
        case Action.SUBMIT:
            is_new = record.phase in AWAITED
            return unheard(record, report.at_ns) if is_new else record
        case Action.CANCEL | Action.AMEND:
            return _doubted(record, report.at_ns)


def _missed(record: OrderRecord, report: Miss) -> OrderRecord:
    """Keep a look that found nothing, if it counts: the order is open and the fence has passed."""
    if record.phase not in {Phase.UNKNOWN, Phase.LIVE} or report.at_ns <= record.fence_ns:
        return record
    seen = record.evidence
    match report.look:
        case Look.BY_ID:
            first = seen.first_id_ns or report.at_ns
            seen = Evidence(first, report.at_ns, seen.open_ns, seen.trades_ns)
        case Look.OPEN_ORDERS:
            seen = replace(seen, open_ns=report.at_ns)
        case Look.TRADES:
            seen = replace(seen, trades_ns=report.at_ns)
    return replace(record, evidence=seen)
