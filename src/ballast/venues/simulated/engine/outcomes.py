"""Outcomes: what a request is answered with. A refusal changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ballast.core.orders import Order, RejectReason


@dataclass(frozen=True, slots=True)
class Accepted:
    """The request was carried out; `orders` are the orders it touched, as they are now."""

    orders: tuple[Order, ...] = ()

    @property
    def order(self) -> Order:
        """The order, where a request is about one."""
        return self.orders[0]


@dataclass(frozen=True, slots=True)
class Rejected:
    """The request was refused, and why. `detail` is for people; `reason` is what to map."""

    reason: RejectReason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class HalfDone:
    """A cancel-replace whose cancel was done and whose new order was refused."""

    cancelled: Order
    rejected: Rejected


@dataclass(frozen=True, slots=True)
class PerpetualView:
    """Mark, index and funding of a perpetual; the rate is in 1e-9 of notional."""

    symbol: str
    mark_ticks: int
    index_ticks: int
    funding_rate_e9: int
    next_funding_ns: int


Outcome = Accepted | Rejected


@dataclass(frozen=True, slots=True)
class BookView:
    """The best levels, best first, as (ticks, visible lots); `sequence` counts level changes."""

    symbol: str
    sequence: int
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]
