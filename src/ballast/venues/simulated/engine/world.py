"""World: all that the exchange remembers. Plain data, so that it can be stored and restored.

`emit` is the only way an event is made. The street (the anonymous rest of the market) has a purse
that may go negative: what its trades add and take keeps every asset's total exactly constant.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from heapq import heappush
from typing import TYPE_CHECKING, TypeVar

from ballast.core.errors import InternalError
from ballast.core.orders import (
    TERMINAL,
    AmendRequest,
    EndReason,
    Fill,
    ListKind,
    ListRequest,
    MarginMode,
    Order,
    OrderRef,
    OrderRequest,
    OrderStatus,
    PositionMode,
    PositionSide,
    TriggerBy,
)
from ballast.kernel.exchange.layout import new_book, new_output
from ballast.venues.simulated.engine.events import Amount, Event, Trade, Trading
from ballast.venues.simulated.engine.notices import Notices

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.kernel.exchange.layout import Words
    from ballast.venues.simulated.engine.profile import Terms, VenueProfile

EVENTS_MAX = 5_000_000
"""Events waiting to be drained; more means that nobody reads them."""

DEADLINE, COUNTDOWN, FUNDING, REQUEST = "deadline", "countdown", "funding", "request"
NOTICE = "notice"
"""Kinds of timers."""

_E = TypeVar("_E", bound="Event")
_Kept = TypeVar("_Kept")


def keep_last(items: list[_Kept], count: int) -> None:
    """Forget the oldest items beyond `count`, a few thousand at a time rather than one by one."""
    if len(items) > count + max(64, count // 4):
        del items[:-count]


@dataclass(slots=True)
class Live:
    """An order as the engine works on it. `request` holds its present terms."""

    order_id: int
    account: int
    request: OrderRequest
    status: OrderStatus
    created_ns: int
    updated_ns: int
    filled_lots: int = 0
    value: int = 0
    locked: int = 0
    list_id: int = 0
    triggered_ns: int = 0
    stop_ticks: int = 0
    """Present trigger: as asked, or where the trailing stop is (0: not active yet)."""
    extreme_ticks: int = 0
    """Best price since a trailing stop became active."""
    received: int = 0
    """Base atoms its fills brought, less fees taken from them."""
    guarded_lots: int = 0
    """What had been filled when the position was last given the stops of this order."""
    in_book: bool = False
    is_position_stop: bool = False
    is_liquidation: bool = False
    reason: EndReason = EndReason.NONE

    @property
    def left_lots(self) -> int:
        """What has not been traded."""
        return self.request.qty_lots - self.filled_lots

    @property
    def is_open(self) -> bool:
        """Whether anything can still happen to it."""
        return self.status not in TERMINAL

    def view(self) -> Order:
        """Return what others may see, frozen."""
        return Order(
            order_id=self.order_id,
            account=self.account,
            request=self.request,
            status=self.status,
            filled_lots=self.filled_lots,
            value=self.value,
            created_ns=self.created_ns,
            updated_ns=self.updated_ns,
            triggered_ns=self.triggered_ns,
            stop_ticks=self.stop_ticks,
            list_id=self.list_id,
            reason=self.reason,
        )


@dataclass(slots=True)
class OrderList:
    """Orders that depend on each other. A bracket's entry is not among its legs."""

    list_id: int
    client_id: str
    account: int
    symbol: str
    kind: ListKind
    legs: list[int]
    entry: int = 0
    sizes_by_fill: bool = False


@dataclass(slots=True)
class Wallet:
    """What an account has of one asset. Both never negative in spot; the total may be in cross."""

    total: int = 0
    locked: int = 0


@dataclass(slots=True)
class Holding:
    """A perpetual position as the engine works on it; quantity and cost carry its sign."""

    qty: int = 0
    cost: int = 0
    margin: int = 0
    realised: int = 0


@dataclass(slots=True)
class SymbolSettings:
    """What an account chose for one perpetual."""

    leverage: int = 20
    margin_mode: MarginMode = MarginMode.CROSS


@dataclass(slots=True)
class Account:
    """One customer."""

    account: int
    name: str
    wallets: dict[str, Wallet] = field(default_factory=dict)
    open: dict[str, dict[int, Live]] = field(default_factory=dict)
    """Open orders by symbol, oldest first."""
    closed: dict[str, dict[int, Live]] = field(default_factory=dict)
    """The last closed orders by symbol, in the order they closed."""
    client_ids: dict[str, int] = field(default_factory=dict)
    """`symbol/client id` of the orders above -> the last order that carried it."""
    fills: list[Fill] = field(default_factory=list)
    holdings: dict[str, dict[PositionSide, Holding]] = field(default_factory=dict)
    settings: dict[str, SymbolSettings] = field(default_factory=dict)
    position_mode: PositionMode = PositionMode.ONE_WAY
    maker_ppm: dict[str, int] = field(default_factory=dict)
    taker_ppm: dict[str, int] = field(default_factory=dict)
    pays_discounted: bool = False
    countdowns: dict[str, int] = field(default_factory=dict)
    """When to cancel everything of a symbol ("" for all of them)."""

    def wallet(self, asset: str) -> Wallet:
        """Return the wallet of an asset, an empty one if it was never used."""
        found = self.wallets.get(asset)
        if found is None:
            found = self.wallets[asset] = Wallet()
        return found

    def holding(self, symbol: str, side: PositionSide) -> Holding:
        """Return a position, an empty one if there never was one."""
        return self.holdings.setdefault(symbol, {}).setdefault(side, Holding())

    def chosen(self, symbol: str) -> SymbolSettings:
        """Return what the account chose for a perpetual."""
        return self.settings.setdefault(symbol, SymbolSettings())

    def orders(self, symbol: str) -> dict[int, Live]:
        """Return the open orders of a symbol, to be changed in place."""
        return self.open.setdefault(symbol, {})

    def find(self, symbol: str, order_id: int) -> Live | None:
        """Return an order, open or closed not too long ago."""
        found = self.open.get(symbol, {}).get(order_id)
        return found or self.closed.get(symbol, {}).get(order_id)

    def amount(self, asset: str) -> Amount:
        """Return what the account has of an asset."""
        wallet = self.wallet(asset)
        return Amount(asset, wallet.total, wallet.locked)


@dataclass(slots=True)
class Market:
    """One symbol: its book, its prices, and what has to be told about it."""

    terms: Terms
    book: Words = field(default_factory=new_book)
    out: Words = field(default_factory=new_output)
    trading: Trading = Trading.TRADING
    last_ticks: int = 0
    mark_ticks: int = 0
    index_ticks: int = 0
    funding_rate_e9: int = 0
    next_funding_ns: int = 0
    book_sequence: int = 0
    told_sequence: int = 0
    waiting: dict[int, Live] = field(default_factory=dict)
    """Conditional orders that wait for a price, by id."""
    bounds: dict[TriggerBy, tuple[int, int]] = field(default_factory=dict)
    """Lowest rising and highest falling trigger; between them nothing fires."""
    tape: list[Trade] = field(default_factory=list)
    changed: dict[tuple[int, int], int] = field(default_factory=dict)
    """(side, ticks) -> visible lots, of levels not told about yet."""


@dataclass(slots=True)
class Sent:
    """A request on its way; exactly one of the last four is given."""

    ticket: int
    account: int
    order: OrderRequest | None = None
    amend: AmendRequest | None = None
    cancel: OrderRef | None = None
    group: ListRequest | None = None


@dataclass(slots=True)
class World:
    """The whole state of one exchange."""

    profile: VenueProfile
    digits: dict[str, int]
    now_ns: int
    markets: dict[str, Market] = field(default_factory=dict)
    accounts: dict[int, Account] = field(default_factory=dict)
    sequence: int = 0
    next_order_id: int = 1
    next_trade_id: int = 1
    next_list_id: int = 1
    street: dict[str, int] = field(default_factory=dict)
    """The purse of the anonymous rest of the market, by asset."""
    fees: dict[str, int] = field(default_factory=dict)
    """What the venue has earned, by asset."""
    street_qty: dict[str, int] = field(default_factory=dict)
    """The street's net position in each perpetual, in lots."""
    street_cost: dict[str, int] = field(default_factory=dict)
    """What the street paid for it, in atoms, by symbol."""
    insurance: dict[str, int] = field(default_factory=dict)
    """The insurance fund, by asset."""
    events: list[Event] = field(default_factory=list)
    timers: list[tuple[int, int, str, str, int]] = field(default_factory=list)
    """Heap of (due, serial, kind, symbol, number)."""
    next_timer: int = 0
    lists: dict[int, OrderList] = field(default_factory=dict)
    """Lists that have something open."""
    sent: dict[int, Sent] = field(default_factory=dict)
    """Requests on their way, by ticket."""
    next_ticket: int = 1
    arrivals: dict[int, int] = field(default_factory=dict)
    """When the last request of an account arrives: later ones do not overtake it."""
    notices: Notices = field(default_factory=Notices)
    todo: deque[Live] = field(default_factory=deque)
    """Orders that traded, triggered or ended, whose lists and positions have not reacted yet."""
    fired: deque[tuple[str, int]] = field(default_factory=deque)
    """(symbol, ticks) of trades that conditional orders have not seen yet."""
    marked: deque[str] = field(default_factory=deque)
    """Symbols whose mark price changed, and that nothing has reacted to yet."""
    moved: dict[tuple[int, str, PositionSide], None] = field(default_factory=dict)
    """Positions that have not been told about yet."""
    dirty: dict[tuple[int, str], None] = field(default_factory=dict)
    """(account, asset) whose balance has not been told about yet."""

    def emit(self, make: Callable[[int, int], _E]) -> _E:
        """Make the next event from its sequence number and time."""
        if len(self.events) >= EVENTS_MAX:
            raise InternalError(f"{EVENTS_MAX} events wait: drain() is not called")
        self.sequence += 1
        event = make(self.sequence, self.now_ns)
        self.events.append(event)
        return event

    def set_timer(self, due_ns: int, kind: str, symbol: str = "", number: int = 0) -> None:
        """Have something done at a time; timers of one time go off in the order they were set."""
        self.next_timer += 1
        heappush(self.timers, (due_ns, self.next_timer, kind, symbol, number))

    def touch_position(self, account: int, symbol: str, side: PositionSide) -> None:
        """Note that a position changed."""
        self.moved[account, symbol, side] = None

    def touch(self, account: int, asset: str) -> None:
        """Note that a balance changed."""
        self.dirty[account, asset] = None
