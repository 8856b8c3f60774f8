"""Rows: what the contract's tests must know of each venue; a new venue adds one."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Row:
    """What a test must know of a venue. Targets are patterns of what faults befall."""

    venue: str
    exchange: str
    """As `simulated_exchange` calls it."""
    listing: str
    """As the simulated engine calls the listing of `symbol`."""
    submits: str
    cancels: str
    looks: str
    """A question by our id."""
    private: str
    """Any signed question that changes nothing, here for balances."""
    tick: Decimal = Decimal("0.01")
    lot: Decimal = Decimal("0.00001")
    symbol: str = "BTCUSDT"
    contract: Decimal = Decimal(1)
    """Base units of a contract, which is what the venue's own state counts in."""
    submits_stop: str = ""
    """'': as every other order."""
    qty: Decimal = Decimal("0.01")
    too_much: int = 90_000
    """Times the usual quantity: more than there is money for, and not more than may be asked."""
    little_off: float = -0.5
    """Where one lot is worth less than the least an order must be worth."""
    is_slow: bool = False
    """It counts in small numbers: neither it nor our budget does in tests."""
    streamed: str = "1m"
    """A timeframe whose candles a stream tells."""
    lacks: frozenset[str] = field(default_factory=frozenset)
    """Tests that make no sense at this venue, by what they are about."""


ROWS = {
    row.venue: row
    for row in (
        Row(
            "BINANCE",
            "binance",
            "BTCUSDT",
            submits="POST /api/v3/order$",
            cancels="DELETE /api/v3/order$",
            looks="GET /api/v3/order$",
            private="GET /api/v3/account$",
            lacks=frozenset({"amend"}),
        ),
        Row(
            "BINANCEUSDM",
            "binance-usdm",
            "BTCUSDT",
            submits="POST /fapi/v1/order$",
            cancels="DELETE /fapi/v1/order$",
            looks="GET /fapi/v1/(order|algoOrder)$",
            private="GET /fapi/v3/account$",
            tick=Decimal("0.1"),
            lot=Decimal("0.001"),
            submits_stop="POST /fapi/v1/algoOrder$",
            little_off=-0.95,
        ),
        Row(
            "OKX",
            "okx",
            "BTC-USDT",
            submits="POST /api/v5/trade/order$",
            cancels="POST /api/v5/trade/cancel-order$",
            looks="GET /api/v5/trade/order$",
            private="GET /api/v5/account/balance$",
            tick=Decimal("0.1"),
            submits_stop="POST /api/v5/trade/order-algo$",
            lacks=frozenset({"post_only"}),
        ),
        Row(
            "OKXSWAP",
            "okx",
            "BTC-USDT-SWAP",
            submits="POST /api/v5/trade/order$",
            cancels="POST /api/v5/trade/cancel-order$",
            looks="GET /api/v5/trade/order$",
            private="GET /api/v5/account/balance$",
            tick=Decimal("0.1"),
            lot=Decimal("0.0001"),
            contract=Decimal("0.01"),
            submits_stop="POST /api/v5/trade/order-algo$",
            lacks=frozenset({"post_only", "other_coins"}),
        ),
        Row(
            "BYBIT",
            "bybit",
            "BTCUSDT",
            submits="POST /v5/order/create$",
            cancels="POST /v5/order/cancel$",
            looks="GET /v5/order/realtime$",
            private="GET /v5/account/wallet-balance$",
            lacks=frozenset({"post_only", "reduce_only", "trigger"}),
        ),
        Row(
            "BYBITLINEAR",
            "bybit",
            "BTCUSDT.P",
            submits="POST /v5/order/create$",
            cancels="POST /v5/order/cancel$",
            looks="GET /v5/order/realtime$",
            private="GET /v5/account/wallet-balance$",
            tick=Decimal("0.1"),
            lot=Decimal("0.001"),
            little_off=-0.95,
            lacks=frozenset({"post_only"}),
        ),
        Row(
            "COINBASE",
            "coinbase",
            "BTC-USDT",
            submits="POST /api/v3/brokerage/orders$",
            cancels="POST /api/v3/brokerage/orders/batch_cancel$",
            looks="GET /api/v3/brokerage/orders/historical/batch$",
            private="GET /api/v3/brokerage/accounts$",
            is_slow=True,
            streamed="5m",
            lacks=frozenset(
                {
                    "clock",
                    "duplicate",
                    "streamed_fills",
                    "streamed_balances",
                    "best_prices",
                    "flows",
                }
            ),
        ),
        Row(
            "KRAKEN",
            "kraken",
            "BTC/USDT",
            submits="POST /0/private/AddOrder$",
            cancels="POST /0/private/CancelOrder$",
            looks="POST /0/private/OpenOrders$",
            private="POST /0/private/BalanceEx$",
            tick=Decimal("0.1"),
            lot=Decimal("1E-8"),
            too_much=900,
            is_slow=True,
            lacks=frozenset({"trigger", "clock"}),
        ),
    )
}
