"""Orders: the words for what is asked of a venue, what became of it, and what was traded.

Prices are ticks, quantities lots, cash atoms (the smallest unit an asset is kept in), times
nanoseconds UTC: integers all of them. 0 stands for "not given" where a price or a quantity is
optional, for neither can be 0. Conversion from and to decimals is the doors' business.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Side(IntEnum):
    """Which way an order trades; the number is the sign of what it adds to a position."""

    BUY = 1
    SELL = -1


class OrderKind(StrEnum):
    """What an order does, and, with a trigger, what it waits for."""

    MARKET = "market"
    LIMIT = "limit"
    STOP_MARKET = "stop_market"
    STOP_LIMIT = "stop_limit"
    TAKE_PROFIT_MARKET = "take_profit_market"
    TAKE_PROFIT_LIMIT = "take_profit_limit"
    TRAILING_STOP = "trailing_stop"


CONDITIONAL = frozenset(
    {
        OrderKind.STOP_MARKET,
        OrderKind.STOP_LIMIT,
        OrderKind.TAKE_PROFIT_MARKET,
        OrderKind.TAKE_PROFIT_LIMIT,
        OrderKind.TRAILING_STOP,
    }
)
"""Kinds that wait for a price before they reach the book."""
PRICED = frozenset({OrderKind.LIMIT, OrderKind.STOP_LIMIT, OrderKind.TAKE_PROFIT_LIMIT})
"""Kinds that carry a limit price."""


class TimeInForce(StrEnum):
    """How long what does not trade at once stays."""

    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    GTD = "gtd"


class OrderStatus(StrEnum):
    """Where an order stands. `PENDING` waits for its list's entry, `UNTRIGGERED` for its price."""

    PENDING = "pending"
    UNTRIGGERED = "untriggered"
    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"


TERMINAL = frozenset(
    {OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.REJECTED}
)
"""States nothing leads out of."""


class SelfTrade(StrEnum):
    """Whose order goes when two orders of one account would trade with each other."""

    NONE = "none"
    CANCEL_TAKER = "cancel_taker"
    CANCEL_MAKER = "cancel_maker"
    CANCEL_BOTH = "cancel_both"


class PositionMode(StrEnum):
    """One signed position per symbol, or a long and a short one side by side."""

    ONE_WAY = "one_way"
    HEDGE = "hedge"


class PositionSide(StrEnum):
    """Which position of a symbol is meant: `BOTH` in one-way mode, the other two in hedge mode."""

    BOTH = "both"
    LONG = "long"
    SHORT = "short"


class MarginMode(StrEnum):
    """Whether a position answers with the account's cash, or with its own margin only."""

    CROSS = "cross"
    ISOLATED = "isolated"


class TriggerBy(StrEnum):
    """Which price sets a conditional order off."""

    LAST = "last"
    MARK = "mark"
    INDEX = "index"


class RejectReason(StrEnum):
    """Why a venue refuses a request. Front ends map each to the venue's own code."""

    UNKNOWN_SYMBOL = "unknown_symbol"
    UNKNOWN_ORDER = "unknown_order"
    DUPLICATE_CLIENT_ID = "duplicate_client_id"
    NOT_TRADING = "not_trading"
    BAD_REQUEST = "bad_request"
    NOT_SUPPORTED = "not_supported"
    PRICE_RANGE = "price_range"
    PRICE_PERCENT = "price_percent"
    QTY_TOO_SMALL = "qty_too_small"
    QTY_TOO_LARGE = "qty_too_large"
    QTY_STEP = "qty_step"
    MIN_NOTIONAL = "min_notional"
    MAX_NOTIONAL = "max_notional"
    ICEBERG_PARTS = "iceberg_parts"
    MAX_ORDERS = "max_orders"
    MAX_CONDITIONAL_ORDERS = "max_conditional_orders"
    MAX_POSITION = "max_position"
    NO_PRICE = "no_price"
    NO_LIQUIDITY = "no_liquidity"
    WOULD_TRADE = "would_trade"
    WOULD_TRIGGER = "would_trigger"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    INSUFFICIENT_MARGIN = "insufficient_margin"
    REDUCE_ONLY = "reduce_only"
    POSITION_SIDE = "position_side"
    NO_POSITION = "no_position"
    OPEN_ORDERS_OR_POSITION = "open_orders_or_position"
    NO_CHANGE = "no_change"
    LEVERAGE = "leverage"
    EXPIRY = "expiry"
    ALREADY_FILLED = "already_filled"
    NOT_DONE = "not_done"
    """Nothing is wrong with the order: no connection, too many requests, clock, key, maintenance.
    It was definitely not carried out."""


class EndReason(StrEnum):
    """Why an order ended, or shrank, without having traded in full."""

    NONE = ""
    REQUESTED = "requested"
    REPLACED = "replaced"
    IMMEDIATE_OR_CANCEL = "immediate_or_cancel"
    FILL_OR_KILL = "fill_or_kill"
    PROTECTION_PRICE = "protection_price"
    NO_LIQUIDITY = "no_liquidity"
    POST_ONLY = "post_only"
    SELF_TRADE = "self_trade"
    DEADLINE = "deadline"
    COUNTDOWN = "countdown"
    LIST = "list"
    REDUCE_ONLY = "reduce_only"
    POSITION_CLOSED = "position_closed"
    INSUFFICIENT = "insufficient"
    LIQUIDATION = "liquidation"
    DELISTED = "delisted"


@dataclass(frozen=True, slots=True)
class PositionStops:
    """The stops a position should have; 0 for none of a kind. All of them are set together."""

    take_profit_ticks: int = 0
    stop_loss_ticks: int = 0
    trail_ticks: int = 0
    activation_ticks: int = 0
    take_profit_by: TriggerBy = TriggerBy.LAST
    stop_loss_by: TriggerBy = TriggerBy.LAST
    trail_by: TriggerBy = TriggerBy.LAST


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What is asked of a venue: one order.

    `price_ticks` of a market order is the worst price it may trade at. `quote_atoms` sizes a market
    order by money instead of by `qty_lots`. `close_position` means whatever the position is when
    the order triggers. A trailing stop follows by `trail_ppm` of the price, or by `trail_ticks`,
    from `activation_ticks` on. `trigger_rises` overrides the direction the kind implies. `stops`
    become the position's with each fill; those it has of another kind stay.
    """

    symbol: str
    side: Side
    kind: OrderKind
    qty_lots: int = 0
    price_ticks: int = 0
    client_id: str = ""
    quote_atoms: int = 0
    tif: TimeInForce = TimeInForce.GTC
    expire_ns: int = 0
    post_only: bool = False
    reduce_only: bool = False
    close_position: bool = False
    position_side: PositionSide = PositionSide.BOTH
    trigger_ticks: int = 0
    trigger_by: TriggerBy = TriggerBy.LAST
    trigger_rises: bool | None = None
    trail_ppm: int = 0
    trail_ticks: int = 0
    activation_ticks: int = 0
    display_lots: int = 0
    self_trade: SelfTrade | None = None
    stops: PositionStops | None = None


@dataclass(frozen=True, slots=True)
class OrderRef:
    """Names an order of an account by the venue's id or by its owner's."""

    symbol: str
    order_id: int = 0
    client_id: str = ""


@dataclass(frozen=True, slots=True)
class AmendRequest:
    """What is asked about a live order; 0 leaves a field as it is. `qty_lots` is the new total."""

    ref: OrderRef
    qty_lots: int = 0
    price_ticks: int = 0
    trigger_ticks: int = 0
    stops: PositionStops | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """An order as the venue has it now.

    `request` holds its present terms (after amends). `value` is the sum of price ticks times lots
    of its fills: `value / filled_lots` is the average price in ticks.
    """

    order_id: int
    account: int
    request: OrderRequest
    status: OrderStatus
    filled_lots: int
    value: int
    created_ns: int
    updated_ns: int
    triggered_ns: int = 0
    stop_ticks: int = 0
    """Present trigger: as asked, or where a trailing stop has come to (0: not active yet)."""
    list_id: int = 0
    reason: EndReason = EndReason.NONE

    @property
    def left_lots(self) -> int:
        """What has not been traded."""
        return self.request.qty_lots - self.filled_lots


class ListKind(StrEnum):
    """How the orders of a list depend on each other."""

    OCO = "oco"
    """Two orders for one quantity: what happens to one cancels the other."""
    BRACKET = "bracket"
    """An entry, then one order or an OCO pair that becomes live with what the entry traded."""


@dataclass(frozen=True, slots=True)
class ListRequest:
    """Orders sent together, the entry of a bracket first.

    `sizes_by_fill` gives the legs of a bracket the quantity that the entry brought, fees taken off;
    they must then leave their own quantity out.
    """

    symbol: str
    kind: ListKind
    orders: tuple[OrderRequest, ...]
    client_id: str = ""
    sizes_by_fill: bool = False


@dataclass(frozen=True, slots=True)
class Fill:
    """One trade of one order. A negative fee is a rebate; `realised_atoms` is before fees."""

    trade_id: int
    order_id: int
    client_id: str
    account: int
    symbol: str
    side: Side
    position_side: PositionSide
    price_ticks: int
    qty_lots: int
    is_maker: bool
    fee_asset: str
    fee_atoms: int
    realised_atoms: int
    at_ns: int
