"""Ids of OKX. An order of the engine has one number; the venue tells it under up to two names.

A conditional order is an algo order (`algoId`) until it is triggered, and an order (`ordId`) from
then on. The two orders of an OCO pair, and of what is attached to an order, are one algo order. The
names are the numbers plus a base a kind, so nothing has to be remembered.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ballast.core.orders import CONDITIONAL
from ballast.venues.simulated.fronts.numbers import whole_number

if TYPE_CHECKING:
    from ballast.core.orders import Fill, Order

ORDER_BASE = 1_000_000_000_000_000_000
ALGO_BASE = 2_000_000_000_000_000_000
LIST_BASE = 3_000_000_000_000_000_000
BILL_BASE = 4_000_000_000_000_000_000
FILL_BASE = 4_500_000_000_000_000_000
POSITION_BASE = 5_000_000_000_000_000_000
SPAN = 1_000_000_000_000_000_000
OWN = re.compile(r"[A-Za-z0-9]{1,32}")
TAG = re.compile(r"[A-Za-z0-9]{1,16}")
ALGO_MARK = "algo/"
"""Begins the engine's client ids of algo orders: their names are apart from those of orders."""


def order_id(number: int) -> str:
    """Return the `ordId` of an order."""
    return str(ORDER_BASE + number)


def order_number(text: str) -> int | None:
    """Return the number behind an `ordId`, None for a text that is none."""
    value = whole_number(text)
    if value is None or not ORDER_BASE < value < ORDER_BASE + SPAN:
        return None
    return value - ORDER_BASE


def algo_number(order: Order) -> int:
    """Return the `algoId` of a conditional order, as a number."""
    return LIST_BASE + order.list_id if order.list_id else ALGO_BASE + order.order_id


def is_algo(order: Order) -> bool:
    """Tell whether an order is, or was before it triggered, an algo order."""
    return order.request.kind in CONDITIONAL


def algo_own(order: Order) -> str:
    """Return the `algoClOrdId` of an algo order."""
    own = order.request.client_id
    return own.removeprefix(ALGO_MARK).partition("/")[0] if own.startswith(ALGO_MARK) else ""


def own_id(order: Order) -> str:
    """Return the `clOrdId` of an order; what an algo order placed has none."""
    own = order.request.client_id
    return "" if own.startswith(ALGO_MARK) else own


def fill_bill(fill: Fill) -> int:
    """Return the `billId` of a fill: two of one trade may be of one account."""
    return FILL_BASE + 2 * fill.trade_id + fill.is_maker
