"""Rows: what Binance sends, as typed structures; an answer of another shape is not read at all.

Numbers are text, times milliseconds. Names are Binance's own, in snake case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from ballast.core.ids import is_ours
from ballast.venues.clients.market import OffGridError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
NS_MS = 1_000_000
MINUTE_MS = 60_000


class ShapeError(ValueError):
    """An answer or a frame that is not what Binance's documents say."""


class UnsayableError(ValueError):
    """A request that Binance has no words for; nothing is sent."""


UNREADABLE = (ShapeError, OffGridError, ArithmeticError)
"""What reading a row may raise: another shape, a number off the grid, one beyond all bounds."""


def read(value: Any, into: type[T]) -> T:  # noqa: ANN401 - decoded JSON
    """Read decoded JSON into a structure; raise `ShapeError`."""
    try:
        return msgspec.convert(value, into)
    except msgspec.ValidationError as error:
        raise ShapeError(str(error)) from None


def of_ours(name: str, make: Callable[[], T], otherwise: T) -> T:
    """Return what is read of an order; what is not ours and cannot be read is passed over."""
    try:
        return make()
    except UNREADABLE:
        if is_ours(name):
            raise
        return otherwise


class Row(msgspec.Struct, rename="camel"):
    """Base of what REST sends."""


class Commission(Row):
    """A trade in the answer to an order."""

    trade_id: int
    price: str
    qty: str
    commission: str
    commission_asset: str


class SpotOrder(Row):
    """An order of spot: answers to placing, cancelling, asking, listing."""

    order_id: int
    status: str
    executed_qty: str
    orig_qty: str
    price: str
    type: str
    side: str
    client_order_id: str
    symbol: str = ""
    orig_client_order_id: str = ""
    time_in_force: str = "GTC"
    stop_price: str = ""
    transact_time: int = 0
    update_time: int = 0
    time: int = 0
    working_time: int = 0
    is_working: bool = False
    order_list_id: int = -1
    fills: tuple[Commission, ...] = ()

    @property
    def at_ms(self) -> int:
        """When the venue says that it stood so."""
        return self.transact_time or self.update_time or self.time


class SpotTrade(Row):
    """A trade of the account."""

    id: int
    order_id: int
    price: str
    qty: str
    commission: str
    commission_asset: str
    time: int
    is_buyer: bool
    is_maker: bool


class SpotBalance(Row):
    """An asset of the account."""

    asset: str
    free: str
    locked: str


class SpotAccount(Row):
    """The account."""

    balances: tuple[SpotBalance, ...]
    can_trade: bool = False
    can_withdraw: bool = False
    account_type: str = ""


class Restrictions(Row):
    """What a key may do."""

    enable_reading: bool
    ip_restrict: bool
    enable_spot_and_margin_trading: bool = False
    enable_futures: bool = False
    enable_withdrawals: bool = False
    enable_internal_transfer: bool = False
    permits_universal_transfer: bool = False
    trading_authority_expiration_time: int | None = None


class Rates(Row):
    """Fees of one kind."""

    maker: str
    taker: str


class SpotFees(Row):
    """Fees of the account for a symbol."""

    standard_commission: Rates
    special_commission: Rates | None = None
    tax_commission: Rates | None = None


class SystemStatus(Row):
    """Whether Binance is open: 0, or 1 for maintenance."""

    status: int
    msg: str


class ServerTime(Row):
    """The venue's clock."""

    server_time: int


class Depth(Row):
    """The best levels, as pairs of price and quantity."""

    bids: tuple[tuple[str, str], ...]
    asks: tuple[tuple[str, str], ...]
    e: int = msgspec.field(name="E", default=0)


class DayRow(Row):
    """The last 24 hours of a symbol; USD-M tells best prices elsewhere."""

    symbol: str
    last_price: str
    quote_volume: str
    bid_price: str = ""
    ask_price: str = ""


class BestRow(Row):
    """Best prices of a symbol."""

    symbol: str
    bid_price: str
    ask_price: str


class Ticker(Row):
    """Last price of a symbol."""

    symbol: str
    price: str
