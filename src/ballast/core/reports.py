"""Reports: what a venue says of our orders, in our words, and what it fails to say.

A trade client turns every answer, every frame and every failure into one of these. Only a listed
refusal is a `Rejection`; a time-out, a 5xx, a body that cannot be read, an answer without an id are
`Unclear`: nobody knows what became of the request (D7, A5).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ballast.core.orders import EndReason, Fill, OrderStatus, RejectReason


class Action(StrEnum):
    """What was asked."""

    SUBMIT = "submit"
    AMEND = "amend"
    CANCEL = "cancel"


class Source(StrEnum):
    """Where a report comes from. They contradict each other: reads lag behind streams (X6, X24)."""

    REPLY = "reply"
    STREAM = "stream"
    QUERY = "query"


class Look(StrEnum):
    """Where an order was looked for."""

    BY_ID = "by_id"
    OPEN_ORDERS = "open_orders"
    TRADES = "trades"


@dataclass(frozen=True, slots=True)
class OrderReport:
    """The venue has this order, and it stands so. `filled_lots` is cumulative.

    Its present terms may have been amended; 0 where the venue does not tell them.
    """

    symbol: str
    client_id: str
    order_id: int
    status: OrderStatus
    filled_lots: int
    at_ns: int
    source: Source
    reason: EndReason = EndReason.NONE
    qty_lots: int = 0
    price_ticks: int = 0
    trigger_ticks: int = 0


@dataclass(frozen=True, slots=True)
class Rejection:
    """The venue refuses a request, definitely: its code is on the list of those that mean it."""

    symbol: str
    client_id: str
    action: Action
    reason: RejectReason
    code: str
    at_ns: int


@dataclass(frozen=True, slots=True)
class Unclear:
    """Whether the venue did what was asked is not known; `why` is for people."""

    symbol: str
    client_id: str
    action: Action
    why: str
    at_ns: int


@dataclass(frozen=True, slots=True)
class Miss:
    """The venue was asked and does not show the order, in one place where it could be."""

    symbol: str
    client_id: str
    look: Look
    at_ns: int


Report = OrderReport | Rejection | Unclear | Miss | Fill
