"""What must be true of the simulated exchange after every request, computed the slow way."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ballast.core.orders import (
    PRICED,
    TERMINAL,
    OrderKind,
    OrderStatus,
    PositionSide,
    Side,
)
from ballast.venues.simulated.engine.events import BookChanged, Filled, OrderUpdated
from ballast.venues.simulated.engine.positions import is_reducing

if TYPE_CHECKING:
    from ballast.core.orders import Order
    from ballast.venues.simulated.engine.events import Event
    from ballast.venues.simulated.engine.exchange import Exchange
    from ballast.venues.simulated.engine.world import Account, Live, World


def conserved(exchange: Exchange) -> None:
    """Each asset over accounts, margins, street, fees and fund, less positions' costs, is 0."""
    world = exchange._world
    total: dict[str, int] = defaultdict(int)
    lots: dict[str, int] = defaultdict(int)
    for purse in (world.street, world.fees, world.insurance):
        for asset, atoms in purse.items():
            total[asset] += atoms
    for account in world.accounts.values():
        for asset, wallet in account.wallets.items():
            total[asset] += wallet.total
        for symbol, sides in account.holdings.items():
            for held in sides.values():
                total[world.markets[symbol].terms.quote] += held.margin - held.cost
                lots[symbol] += held.qty
                assert bool(held.qty) == bool(held.cost), "a flat position costs nothing"
    for symbol, cost in world.street_cost.items():
        total[world.markets[symbol].terms.quote] -= cost
        lots[symbol] += world.street_qty[symbol]
    assert not any(total.values()), dict(total)
    assert not any(lots.values()), dict(lots)
    assert min(world.insurance.values(), default=0) >= 0


def locked(exchange: Exchange) -> None:
    """What is locked is what open spot orders need, pair by pair; nothing is negative."""
    world = exchange._world
    for account in world.accounts.values():
        wanted: dict[str, int] = defaultdict(int)
        for symbol, orders in account.open.items():
            terms = world.markets[symbol].terms
            units: dict[object, int] = {}
            for order in orders.values():
                asset = terms.quote if order.request.side is Side.BUY else terms.base
                key = (asset, order.list_id or -order.order_id, order.request.side)
                units[key] = max(units.get(key, 0), _need(world, symbol, order))
            for (asset, *_), atoms in units.items():  # type: ignore[misc]
                wanted[asset] += atoms
        for asset, wallet in account.wallets.items():
            assert wallet.locked == wanted[asset], (account.account, asset)
            perpetual = any(
                world.markets[symbol].terms.quote == asset for symbol in account.holdings
            )
            assert wallet.total >= wallet.locked or perpetual, (account.account, asset)


def _need(world: World, symbol: str, order: Live) -> int:
    terms, request = world.markets[symbol].terms, order.request
    if terms.is_perpetual or order.status is OrderStatus.PENDING:
        return 0
    left = request.qty_lots - order.filled_lots
    if request.side is Side.SELL:
        return left * terms.lot_atoms
    ticks = request.price_ticks if request.kind in PRICED else order.stop_ticks
    ticks = ticks or request.activation_ticks
    cost = left * ticks * terms.point_atoms
    if world.profile.buy_fee.value == "quote":
        cost += cost * max(terms.maker_ppm, terms.taker_ppm) // 1_000_000
    return cost


def books(exchange: Exchange) -> None:
    """No book is crossed; what rests is in it; what waits is watched; all was told."""
    world = exchange._world
    for symbol, market in world.markets.items():
        bid, ask = exchange.best(symbol)
        assert not bid or not ask or bid < ask, (symbol, bid, ask)
        resting = {
            order.order_id
            for account in world.accounts.values()
            for order in account.open.get(symbol, {}).values()
            if order.in_book
        }
        for order_id in resting:
            assert exchange.lots_ahead(symbol, order_id) >= 0
        waiting = {
            order.order_id
            for account in world.accounts.values()
            for order in account.open.get(symbol, {}).values()
            if order.status is OrderStatus.UNTRIGGERED
        }
        assert set(market.waiting) == waiting
        assert not market.changed


def reducing(exchange: Exchange) -> None:
    """R-PERP-05: resting reduce-only orders never exceed the position they reduce."""
    world = exchange._world
    for account in world.accounts.values():
        for symbol, orders in account.open.items():
            for which in PositionSide:
                for side in Side:
                    rest = _resting_reductions(orders, side, which)
                    held = account.holdings.get(symbol, {}).get(which)
                    room = abs(held.qty) if held is not None and held.qty * side < 0 else 0
                    assert rest <= room, (symbol, which, side)


def _resting_reductions(orders: dict[int, Live], side: Side, which: PositionSide) -> int:
    return sum(
        order.left_lots
        for order in orders.values()
        if order.in_book
        and order.request.side is side
        and order.request.position_side is which
        and is_reducing(order.request)
    )


def hedged(account: Account) -> None:
    """A long position is never short, nor a short one long."""
    for sides in account.holdings.values():
        assert sides.get(PositionSide.LONG) is None or sides[PositionSide.LONG].qty >= 0
        assert sides.get(PositionSide.SHORT) is None or sides[PositionSide.SHORT].qty <= 0


class Stream:
    """Follows the events as a client would; every event must make sense after the ones before."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.sequence = 0
        self.at_ns = 0
        self.orders: dict[int, Order] = {}
        self.trades: set[tuple[int, int, bool]] = set()
        self.levels: dict[str, dict[tuple[int, int], int]] = defaultdict(dict)
        self.book_last: dict[str, int] = defaultdict(int)
        self.fills = 0
        self.kinds: set[str] = set()

    def read(self, events: list[Event]) -> None:
        """Take the next events."""
        for event in events:
            self.sequence += 1
            assert event.sequence == self.sequence
            self.kinds.add(type(event).__name__)
            assert event.at_ns >= self.at_ns
            self.at_ns = event.at_ns
            if isinstance(event, OrderUpdated):
                self._order(event.order)
            elif isinstance(event, Filled):
                self._fill(event)
            elif isinstance(event, BookChanged):
                self._book(event)

    def _order(self, order: Order) -> None:
        before = self.orders.get(order.order_id)
        if before is not None:
            assert before.status not in TERMINAL or (before.status, before.filled_lots) == (
                order.status, order.filled_lots,
            ), "a closed order came back"  # fmt: skip
            assert order.filled_lots >= before.filled_lots
        assert 0 <= order.filled_lots <= order.request.qty_lots or order.request.close_position
        if order.status is OrderStatus.FILLED:
            assert order.filled_lots == order.request.qty_lots
        self.orders[order.order_id] = order

    def _fill(self, event: Filled) -> None:
        fill, request = event.fill, event.order.request
        self.fills += 1
        key = (fill.trade_id, fill.order_id, fill.is_maker)
        assert key not in self.trades, "a trade was told twice"
        self.trades.add(key)
        if request.kind in PRICED or (request.kind is OrderKind.MARKET and request.price_ticks):
            assert fill.side * fill.price_ticks <= fill.side * request.price_ticks, (
                "beyond its limit"
            )

    def _book(self, event: BookChanged) -> None:
        assert event.book_first == self.book_last[event.symbol] + 1
        self.book_last[event.symbol] = event.book_last
        for side, rows in ((1, event.bids), (-1, event.asks)):
            for ticks, lots in rows:
                self.levels[event.symbol][side, ticks] = lots
                if not lots:
                    del self.levels[event.symbol][side, ticks]

    def same_books(self, exchange: Exchange) -> None:
        """The book put together from the changes is the book."""
        for symbol in exchange.listings:
            view = exchange.book(symbol, 5_000)
            shown = {(1, t): n for t, n in view.bids} | {(-1, t): n for t, n in view.asks}
            assert shown == self.levels[symbol]
            assert view.sequence == self.book_last[symbol]


def all_of(exchange: Exchange) -> None:
    """Check everything."""
    conserved(exchange)
    locked(exchange)
    books(exchange)
    reducing(exchange)
    for account in exchange._world.accounts.values():
        hedged(account)
