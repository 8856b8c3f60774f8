"""Words: sides, kinds, states, reasons and bars of OKX, and ours. Pure."""

from __future__ import annotations

from ballast.core.orders import (
    EndReason,
    MarginMode,
    OrderKind,
    OrderStatus,
    PositionSide,
    SelfTrade,
    Side,
    TriggerBy,
)
from ballast.core.time import DAY_MS, HOUR_MS, MINUTE_MS

SPOT, SWAP = "SPOT", "SWAP"
CASH = "cash"
AT_MARKET = "-1"
"""The order price of a conditional order that trades at market."""
SIDES = {Side.BUY: "buy", Side.SELL: "sell"}
SIDE_OF = {word: side for side, word in SIDES.items()}
POSITION_SIDES = {
    PositionSide.BOTH: "net",
    PositionSide.LONG: "long",
    PositionSide.SHORT: "short",
}
POSITION_SIDE_OF = {word: side for side, word in POSITION_SIDES.items()}
MARGIN_MODES = {MarginMode.CROSS: "cross", MarginMode.ISOLATED: "isolated"}
MARGIN_MODE_OF = {word: mode for mode, word in MARGIN_MODES.items()}
TRIGGERS = {TriggerBy.LAST: "last", TriggerBy.MARK: "mark", TriggerBy.INDEX: "index"}
SELF_TRADES = {
    SelfTrade.CANCEL_TAKER: "cancel_taker",
    SelfTrade.CANCEL_MAKER: "cancel_maker",
    SelfTrade.CANCEL_BOTH: "cancel_both",
}
STOPS = frozenset({OrderKind.STOP_MARKET, OrderKind.STOP_LIMIT})

STATES = {
    "live": OrderStatus.NEW,
    "partially_filled": OrderStatus.PARTIALLY_FILLED,
    "filled": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELLED,
    "mmp_canceled": OrderStatus.CANCELLED,
}
ALGO_STATES = {
    "live": OrderStatus.UNTRIGGERED,
    "pause": OrderStatus.UNTRIGGERED,
    "partially_effective": OrderStatus.NEW,
    "effective": OrderStatus.NEW,
    "canceled": OrderStatus.CANCELLED,
    "order_failed": OrderStatus.REJECTED,
    "partially_failed": OrderStatus.REJECTED,
}
"""`effective`: it has become an order, which says the rest."""
TRIGGERED = frozenset({"effective", "partially_effective", "partially_failed"})
CANCEL_SOURCES = {
    "1": EndReason.REQUESTED,
    "2": EndReason.REDUCE_ONLY,
    "3": EndReason.LIQUIDATION,
    "4": EndReason.INSUFFICIENT,
    "6": EndReason.LIQUIDATION,
    "7": EndReason.DELISTED,
    "9": EndReason.INSUFFICIENT,
    "13": EndReason.FILL_OR_KILL,
    "14": EndReason.IMMEDIATE_OR_CANCEL,
    "15": EndReason.PROTECTION_PRICE,
    "17": EndReason.POSITION_CLOSED,
    "20": EndReason.COUNTDOWN,
    "21": EndReason.POSITION_CLOSED,
    "22": EndReason.REDUCE_ONLY,
    "23": EndReason.REDUCE_ONLY,
    "27": EndReason.PROTECTION_PRICE,
    "31": EndReason.POST_ONLY,
    "32": EndReason.SELF_TRADE,
    "34": EndReason.INSUFFICIENT,
    "35": EndReason.INSUFFICIENT,
    "44": EndReason.INSUFFICIENT,
}
"""Why an order was cancelled; what is not listed was cancelled by the venue for its own reasons."""
FAIL_CODES = {
    "51008": EndReason.INSUFFICIENT,
    "51119": EndReason.INSUFFICIENT,
    "51127": EndReason.INSUFFICIENT,
    "51131": EndReason.INSUFFICIENT,
    "51023": EndReason.POSITION_CLOSED,
    "51043": EndReason.POSITION_CLOSED,
    "51058": EndReason.POSITION_CLOSED,
    "51112": EndReason.POSITION_CLOSED,
    "51169": EndReason.POSITION_CLOSED,
    "51170": EndReason.REDUCE_ONLY,
}
"""Why what an algo order would have placed was refused."""
BARS = {
    1 * MINUTE_MS: "1m",
    3 * MINUTE_MS: "3m",
    5 * MINUTE_MS: "5m",
    15 * MINUTE_MS: "15m",
    30 * MINUTE_MS: "30m",
    1 * HOUR_MS: "1H",
    2 * HOUR_MS: "2H",
    4 * HOUR_MS: "4H",
    6 * HOUR_MS: "6Hutc",
    12 * HOUR_MS: "12Hutc",
    1 * DAY_MS: "1Dutc",
}
"""Lengths of bars; from six hours on OKX counts from 16:00 UTC unless told otherwise."""
ACCOUNT_LEVELS = {"1": "spot", "2": "futures", "3": "multi-currency", "4": "portfolio"}
BORROWING_LEVELS = frozenset({"3", "4"})
"""Levels whose spot orders are of cross margin."""
NET_MODE, HEDGE_MODE = "net_mode", "long_short_mode"
