"""Reconcile: hold the book against what the venue shows, and say what does not agree.

Streams lose frames without a word (N9, N10), so nothing may be believed for long because nothing
else was heard: every minute, after each reconnect and at start the venue is asked for its open
orders and positions (R-RECON-03). What it shows is applied as any report is. What it does not show
is a doubt, not an answer: reads lag, so the order is asked for by id before anything is concluded
(A4, A6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.core.ids import is_ours
from ballast.core.reports import Look, Miss
from ballast.oms.record import Phase

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ballast.core.orders import Fill, PositionSide
    from ballast.core.reports import OrderReport
    from ballast.oms.book import BookOfRecord, Taken

READ_LAG_NS = 10_000_000_000
"""A read may be this much older than it says: what is younger is not missed yet (X6)."""


@dataclass(frozen=True, slots=True)
class OrdersFound:
    """What a list of open orders came to. Nothing of it is acted on here."""

    taken: tuple[tuple[OrderReport, Taken], ...]
    """Ours, as the venue shows them, applied to the book."""
    doubted: tuple[str, ...]
    """Open in the book and not shown: to be asked for by id."""
    strays: tuple[OrderReport, ...]
    """Named by us and in no record: an older journal was put back, or another writer is at work."""
    foreign: tuple[OrderReport, ...]
    """Somebody else's: reported and never touched (A9)."""


@dataclass(frozen=True, slots=True)
class PositionGap:
    """A position that differs: ours by fills, theirs as the venue says, in signed lots."""

    symbol: str
    side: PositionSide
    ours_lots: int
    venue_lots: int


def compare_orders(book: BookOfRecord, shown: Sequence[OrderReport], asked_ns: int) -> OrdersFound:
    """Apply the venue's complete list of open orders, as asked for at `asked_ns`."""
    taken, strays, foreign = [], [], []
    for report in shown:
        if not is_ours(report.client_id):
            foreign.append(report)
        elif book.find(report) is None:
            strays.append(report)
        else:
            taken.append((report, book.take(report)))
    seen = {one.record.client_id for _, one in taken if one.record is not None}
    doubted = []
    for record in list(book.open_orders()):
        young = record.updated_ns > asked_ns - READ_LAG_NS
        if record.client_id in seen or record.phase is not Phase.LIVE or young:
            continue
        book.take(Miss(record.symbol, record.client_id, Look.OPEN_ORDERS, asked_ns))
        doubted.append(record.client_id)
    return OrdersFound(tuple(taken), tuple(doubted), tuple(strays), tuple(foreign))


def compare_positions(
    book: BookOfRecord, shown: Mapping[tuple[str, PositionSide], int]
) -> tuple[PositionGap, ...]:
    """Return every position that is not what our fills come to (C2); empty: they agree.

    Positions lag behind fills (X7): a gap is one when two looks `READ_LAG_NS` apart show it.
    """
    ours = {key: one.lots for key, one in book.holdings().items()}
    keys = sorted(ours.keys() | {key for key, lots in shown.items() if lots})
    pairs = [(key, ours.get(key, 0), shown.get(key, 0)) for key in keys]
    return tuple(PositionGap(*key, mine, theirs) for key, mine, theirs in pairs if mine != theirs)


def closed_by(gap: PositionGap, strange: Sequence[Fill], agreed_ns: int) -> tuple[Fill, ...]:
    """Return the trades of others that took from a position what is missing, to the lot; else ().

    `agreed_ns` is when the venue last held what our fills come to: what was traded before counts in
    that already, but for what a read may have lagged behind.
    """
    fills = tuple(
        one
        for one in strange
        if one.at_ns >= agreed_ns - READ_LAG_NS and one.position_side is gap.side
    )
    change = sum(int(one.side) * one.qty_lots for one in fills)
    ours, left = gap.ours_lots, gap.venue_lots
    is_smaller = abs(left) < abs(ours) and left * ours >= 0
    return fills if is_smaller and ours + change == left else ()
