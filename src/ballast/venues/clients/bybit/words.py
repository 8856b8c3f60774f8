"""Words: ours and Bybit's for the same thing, and how its two markets differ."""

from __future__ import annotations

from dataclasses import dataclass

from ballast.core.instrument import Kind
from ballast.core.orders import (
    EndReason,
    MarginMode,
    OrderKind,
    OrderStatus,
    PositionSide,
    SelfTrade,
    Side,
    TimeInForce,
    TriggerBy,
)

NS_MS = 1_000_000
QUESTION = 0.2
"""What a question weighs beside an order: an account may ask fifty a second of a kind, and send
ten."""


@dataclass(frozen=True, slots=True)
class Category:
    """One of the markets that share the unified account."""

    name: str
    venue: str
    kind: Kind
    product: int
    """Its number in announcements of maintenance."""
    topics_most: int
    """Topics that one frame may subscribe."""

    @property
    def is_spot(self) -> bool:
        """Whether coins change hands, and nothing can be sold that is not there."""
        return self.kind is Kind.SPOT


SPOT = Category("spot", "BYBIT", Kind.SPOT, product=2, topics_most=10)
LINEAR = Category("linear", "BYBITLINEAR", Kind.PERPETUAL, product=1, topics_most=10)

SIDES = {Side.BUY: "Buy", Side.SELL: "Sell"}
SIDES_BACK = {word: side for side, word in SIDES.items()}
TIFS = {TimeInForce.GTC: "GTC", TimeInForce.IOC: "IOC", TimeInForce.FOK: "FOK"}
"""There is no good-till-date."""
POST_ONLY = "PostOnly"
MARKET, LIMIT = "Market", "Limit"
SENDABLE = frozenset(OrderKind) - {OrderKind.TRAILING_STOP}
"""A trailing stop belongs to a position here and is no order that could carry our id."""
GAINS = frozenset({OrderKind.TAKE_PROFIT_MARKET, OrderKind.TAKE_PROFIT_LIMIT})
TRIGGERS = {
    TriggerBy.LAST: "LastPrice",
    TriggerBy.MARK: "MarkPrice",
    TriggerBy.INDEX: "IndexPrice",
}
SELF_TRADES = {
    SelfTrade.NONE: "None",
    SelfTrade.CANCEL_MAKER: "CancelMaker",
    SelfTrade.CANCEL_TAKER: "CancelTaker",
    SelfTrade.CANCEL_BOTH: "CancelBoth",
}
POSITIONS = {PositionSide.BOTH: 0, PositionSide.LONG: 1, PositionSide.SHORT: 2}
POSITIONS_BACK = {index: side for side, index in POSITIONS.items()}
MARGIN_MODES = {MarginMode.CROSS: "REGULAR_MARGIN", MarginMode.ISOLATED: "ISOLATED_MARGIN"}
MARGIN_MODES_BACK = {
    **{word: mode for mode, word in MARGIN_MODES.items()},
    "PORTFOLIO_MARGIN": MarginMode.CROSS,
}
ONE_WAY = 0
"""`mode` of position/switch-mode: one position a symbol."""
RISES, FALLS = 1, 2
"""`triggerDirection`."""
ACTIVE, WAITING = "Order", "tpslOrder"
"""`orderFilter` of spot: an order in the book; one that waits for a price and holds its coins from
the start. `StopOrder` would take them only when it triggers, when they may be gone."""
BASE_COIN, QUOTE_COIN = "baseCoin", "quoteCoin"

STATUSES = {
    "Created": OrderStatus.NEW,
    "New": OrderStatus.NEW,
    "Active": OrderStatus.NEW,
    "Untriggered": OrderStatus.UNTRIGGERED,
    "Triggered": OrderStatus.NEW,
    "PartiallyFilled": OrderStatus.PARTIALLY_FILLED,
    "Filled": OrderStatus.FILLED,
    "PartiallyFilledCanceled": OrderStatus.CANCELLED,
    "Cancelled": OrderStatus.CANCELLED,
    "Deactivated": OrderStatus.CANCELLED,
    "Rejected": OrderStatus.REJECTED,
}
ENDED = frozenset(
    {
        OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED,
    }
)  # fmt: skip
REJECTED_FOR = {
    "EC_PostOnlyWillTakeLiquidity": EndReason.POST_ONLY,
    "EC_CancelForNoFullFill": EndReason.FILL_OR_KILL,
    "EC_NoEnoughQtyToFill": EndReason.FILL_OR_KILL,
    "EC_NoImmediateQtyToFill": EndReason.IMMEDIATE_OR_CANCEL,
    "EC_CancelByMatchValueZero": EndReason.SELF_TRADE,
    "EC_CancelByOrderValueZero": EndReason.NO_LIQUIDITY,
    "EC_CancelByCrossSelfMuch": EndReason.SELF_TRADE,
    "EC_PerCancelRequest": EndReason.REQUESTED,
}
"""`rejectReason`: how the matching ended what was accepted."""
CANCELLED_FOR = {
    "CancelByUser": EndReason.REQUESTED,
    "CancelByReduceOnly": EndReason.REDUCE_ONLY,
    "CancelByPrepareLiq": EndReason.LIQUIDATION,
    "CancelAllBeforeLiq": EndReason.LIQUIDATION,
    "CancelByPrepareAdl": EndReason.LIQUIDATION,
    "CancelAllBeforeAdl": EndReason.LIQUIDATION,
    "CancelBySettle": EndReason.DELISTED,
    "CancelByDelivery": EndReason.DELISTED,
    "CancelByAdmin": EndReason.DELISTED,
    "CancelByCannotAffordOrderCost": EndReason.INSUFFICIENT,
    "CancelByTpSlTsClear": EndReason.POSITION_CLOSED,
    "CancelBySmp": EndReason.SELF_TRADE,
    "CancelByCrossSelfMuch": EndReason.SELF_TRADE,
    "CancelByDCP": EndReason.COUNTDOWN,
}
"""`cancelType`: who ended it."""
NO_FILLS = frozenset({"Funding", "Delivery", "Settle"})
"""`execType` of what is no trade; liquidations (`BustTrade`) and deleveraging are."""
