"""The street: the anonymous rest of the market, and the port its sources drive it through.

A source of liquidity (a recording, candles, agents, a script) is stepped by the exchange at the
times it asks for, and acts on the market through `Street`. It never sees an account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from ballast.core.errors import InternalError
from ballast.core.orders import Side, TimeInForce, TriggerBy
from ballast.kernel.exchange import batch, depth, layout, match, views
from ballast.kernel.exchange.growth import with_room
from ballast.venues.simulated.engine import matching
from ballast.venues.simulated.engine.events import MarkChanged, Trade
from ballast.venues.simulated.engine.looking import book_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.kernel.exchange.layout import Words
    from ballast.venues.simulated.engine.outcomes import BookView
    from ballast.venues.simulated.engine.world import Market, World

BATCH_ROOM = 4096
"""Free records made before a batch goes on."""
_TIF = {TimeInForce.GTC: 0, TimeInForce.IOC: layout.IOC, TimeInForce.FOK: layout.FOK}


class LiquiditySource(Protocol):
    """Something that acts for the street. Equal state and equal calls must give equal acts."""

    def next_ns(self, now_ns: int) -> int | None:
        """Return when it wants to act next (after `now_ns`), or None when it has ended."""
        ...

    def step(self, street: Street, now_ns: int) -> None:
        """Act at the time it asked for."""
        ...

    def snapshot(self) -> bytes:
        """Return its state (never pickled)."""
        ...

    def restore(self, state: bytes) -> None:
        """Go back to a state."""
        ...


@runtime_checkable
class Speaking(Protocol):
    """A source that can say how it is doing."""

    def says(self) -> str:
        """Return one line for people."""
        ...


@runtime_checkable
class Steerable(Protocol):
    """A source that does what it is told, now and then."""

    symbol: str

    def schedule(self, script: str, at_ns: int) -> None:
        """Let a script begin at a time; raise `UserError` for one that is not known."""
        ...

    def check_path(self, points: Sequence[tuple[int, int]], now_ns: int) -> None:
        """Raise `UserError` for `(at_ns, ticks)` points that the price cannot be led to."""
        ...

    def follow(self, points: Sequence[tuple[int, int]], now_ns: int) -> None:
        """Lead the price to points, in place of any others."""
        ...


class Street:
    """What a source may do. Prices in ticks, quantities in lots."""

    def __init__(self, world: World) -> None:
        """Act on this world."""
        self._world = world

    @property
    def now_ns(self) -> int:
        """The exchange's time."""
        return self._world.now_ns

    def book(self, symbol: str, depth: int = 20) -> BookView:
        """Return the best levels."""
        return book_view(self._world.markets[symbol], depth)

    def best(self, symbol: str) -> tuple[int, int]:
        """Return best bid and best ask in ticks; 0 where a side is empty."""
        book = self._world.markets[symbol].book
        return int(views.best_price(book, 1)), int(views.best_price(book, -1))

    def last_ticks(self, symbol: str) -> int:
        """Return the price of the last trade, 0 before the first."""
        return self._world.markets[symbol].last_ticks

    def waiting_between(self, symbol: str, low_ticks: int, high_ticks: int) -> list[int]:
        """Return where, strictly between two prices, somebody's order waits; not whose.

        Triggers on the last price and the limits of resting orders of customers, in rising order.
        """
        market = self._world.markets[symbol]
        found = {
            order.stop_ticks
            for order in market.waiting.values()
            if order.request.trigger_by is TriggerBy.LAST
        }
        for account in self._world.accounts.values():
            found |= {
                order.request.price_ticks
                for order in account.open.get(symbol, {}).values()
                if order.order_id not in market.waiting
            }
        return sorted(ticks for ticks in found if low_ticks < ticks < high_ticks)

    def mark_ticks(self, symbol: str) -> int:
        """Return the mark price, 0 before the first."""
        return self._world.markets[symbol].mark_ticks

    def place(
        self,
        symbol: str,
        side: Side,
        *,
        price_ticks: int,
        qty_lots: int,
        tif: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
    ) -> int:
        """Place an order of the street; return its id, or 0 when nothing of it rests."""
        market = self._market(symbol)
        order_id = self.new_ids(1)
        flags = matching.market_flags(market) | _TIF[tif]
        flags |= layout.POST_ONLY if post_only else 0
        left = qty_lots

        def call(extra: int) -> int:
            nonlocal left
            result = match.place(
                market.book, market.out, order_id, 0, int(side), price_ticks, left,
                flags | extra, 0,
            )  # fmt: skip
            left = int(market.book[layout.LEFT])
            return result

        result = matching.work(self._world, market, None, call)
        return order_id if result == layout.RESTS else 0

    def cancel(self, symbol: str, order_id: int) -> bool:
        """Cancel an order of the street; False when it is gone already."""
        market = self._market(symbol)
        done = match.cancel(market.book, market.out, order_id) == layout.DONE
        matching.read_output(self._world, market, None)
        return done

    def set_level(
        self, symbol: str, side: Side, price_ticks: int, qty_lots: int,
        rule: int = layout.FROM_BACK,
    ) -> None:  # fmt: skip
        """Make recorded depth show `qty_lots` at a price; `rule` says whose lots a fall cancels."""
        market = self._market(symbol)
        flags = matching.market_flags(market)

        left = qty_lots

        def call(extra: int) -> int:
            nonlocal left
            book, out = market.book, market.out
            if extra:
                result = depth.add_level(book, out, int(side), price_ticks, left, flags)
            else:
                result = depth.set_level(book, out, int(side), price_ticks, left, flags, rule)
            left = int(book[layout.LEFT])
            return result

        matching.work(self._world, market, None, call)

    def standing(self, symbol: str, rows: Words) -> Words:
        """Fill column 2 of rows (side, price, -) with the recorded depth that stands there."""
        views.street_lots(self._market(symbol).book, rows)
        return rows

    def standing_until(self, symbol: str, side: Side, limit_ticks: int) -> Words:
        """Return (side, price, recorded depth) of every level up to a limit, the best first."""
        book, count = self._market(symbol).book, 16
        while True:
            rows = np.empty((count, 3), np.int64)
            found = views.street_until(book, int(side), limit_ticks, rows)
            if found < count:
                return rows[:found]
            count *= 8

    def trade(
        self, symbol: str, taker: Side, price_ticks: int, qty_lots: int, *, queue_known: bool = True
    ) -> None:
        """Replay a trade: it takes what the queue holds; the rest is printed on the tape only.

        Where the queue is not known, orders at the very price are passed over, better ones not.
        """
        world, market = self._world, self._market(symbol)
        flags = matching.market_flags(market)
        limit = price_ticks if queue_known else price_ticks - taker
        left = qty_lots

        def call(_extra: int) -> int:
            nonlocal left
            result = depth.trade_through(market.book, market.out, int(taker), limit, left, flags)
            left = int(market.book[layout.LEFT])
            return result

        matching.work(world, market, None, call)
        if left:
            trade_id = world.next_trade_id
            world.next_trade_id += 1
            printed = Trade(symbol, trade_id, price_ticks, left, taker, 0, 0, world.now_ns)
            matching.print_trade(world, market, printed)

    def apply(self, symbol: str, commands: Words) -> None:
        """Carry out a batch of `layout` commands in one compiled call (owner 0, ids `new_ids`)."""
        market = self._market(symbol)
        if commands[:, layout.C_OWNER].any():
            raise InternalError("a batch of the street names an owner")
        commands[:, layout.C_FLAGS] |= matching.market_flags(market)
        done = 0
        while done < len(commands):
            room = min(BATCH_ROOM, len(commands) - done)
            market.book = with_room(market.book, room)
            begun = batch.apply(market.book, market.out, commands[: done + room], done)
            paused = int(market.book[layout.STATUS]) == layout.MORE
            left = int(market.book[layout.LEFT])
            matching.read_output(self._world, market, None)
            if paused:
                self._complete(market, commands[begun - 1], left)
            done = begun

    def _complete(self, market: Market, command: Words, left: int) -> None:
        """Go on with the command at which a batch paused."""
        op, order_id, _, side, price, _, flags, _ = (int(word) for word in command)

        def call(_extra: int) -> int:
            nonlocal left
            book, out = market.book, market.out
            if op == layout.SET_LEVEL:
                result = depth.add_level(book, out, side, price, left, flags)
            elif op == layout.TRADE:
                result = depth.trade_through(book, out, side, price, left, flags)
            else:
                resumed = flags | layout.RESUMED
                result = match.place(book, out, order_id, 0, side, price, left, resumed, 0)
            left = int(book[layout.LEFT])
            return result

        matching.work(self._world, market, None, call)

    def new_ids(self, count: int) -> int:
        """Reserve `count` order ids for the street; return the first."""
        first = self._world.next_order_id
        self._world.next_order_id += count
        return first

    def set_mark(self, symbol: str, ticks: int, *, index_ticks: int = 0) -> None:
        """Set mark and index price of a perpetual; positions and triggers see them at once."""
        market = self._market(symbol)
        market.mark_ticks = ticks
        market.index_ticks = index_ticks or ticks
        self._world.marked.append(symbol)
        self._tell_mark(market)

    def set_funding(self, symbol: str, rate_e9: int) -> None:
        """Set the rate that will be paid at the next funding time, in 1e-9 of notional."""
        market = self._market(symbol)
        market.funding_rate_e9 = rate_e9
        self._tell_mark(market)

    def _tell_mark(self, market: Market) -> None:
        self._world.emit(
            lambda sequence, at_ns: MarkChanged(
                sequence, at_ns, market.terms.symbol, market.mark_ticks, market.index_ticks,
                market.funding_rate_e9, market.next_funding_ns,
            )
        )  # fmt: skip

    def _market(self, symbol: str) -> Market:
        market = self._world.markets.get(symbol)
        if market is None:
            raise InternalError(f"a source acts on {symbol}, which is not listed")
        return market
