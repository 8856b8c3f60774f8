"""Orders made up for the tests of `oms`."""

from __future__ import annotations

from typing import Any

from ballast.core.ids import Purpose, client_id
from ballast.core.orders import Fill, OrderKind, OrderRequest, OrderStatus, PositionSide, Side
from ballast.core.reports import OrderReport, Source
from ballast.oms import lifecycle, resolver
from ballast.oms.record import OrderRecord

SECOND = 1_000_000_000
SENT_NS = 1_000 * SECOND
SYMBOL = "BTCUSDT"
NAME = client_id(Purpose.ENTRY, account="a", strategy="s", symbol=SYMBOL, decision=1)
FENCE_NS = resolver.fence_ns(SENT_NS, 3 * SECOND)


def request(lots: int = 10, **more: Any) -> OrderRequest:
    return OrderRequest(SYMBOL, Side.BUY, OrderKind.LIMIT, lots, 100, client_id=NAME, **more)


def prepared(**more: Any) -> OrderRecord:
    purpose = more.pop("purpose", Purpose.ENTRY)
    return OrderRecord(NAME, purpose, request(**more), 1, SENT_NS, updated_ns=SENT_NS)


def sent(**more: Any) -> OrderRecord:
    return lifecycle.sent(prepared(**more), SENT_NS, FENCE_NS)


def shown(
    status: OrderStatus, filled: int = 0, *, order_id: int = 7, at_ns: int = SENT_NS + SECOND,
    source: Source = Source.STREAM,
) -> OrderReport:  # fmt: skip
    return OrderReport(SYMBOL, NAME, order_id, status, filled, at_ns, source)


def fill(
    lots: int, trade_id: int = 1, *, side: Side = Side.BUY, price: int = 100, order_id: int = 7
) -> Fill:
    return Fill(
        trade_id, order_id, NAME, 1, SYMBOL, side, PositionSide.BOTH, price, lots, False,
        "USDT", 5, 0, SENT_NS + SECOND,
    )  # fmt: skip
