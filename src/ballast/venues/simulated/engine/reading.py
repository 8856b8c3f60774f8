"""Reading: everything that can be asked of the exchange without changing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.errors import InternalError
from ballast.core.orders import PositionSide
from ballast.kernel.exchange import views
from ballast.venues.simulated.engine import desk, looking, margin, standing, stops
from ballast.venues.simulated.engine.outcomes import PerpetualView

if TYPE_CHECKING:
    from decimal import Decimal

    from ballast.core.orders import (
        Fill,
        MarginMode,
        Order,
        OrderRef,
        PositionMode,
        PositionStops,
    )
    from ballast.venues.simulated.engine.events import Amount, Position, Trade, Trading
    from ballast.venues.simulated.engine.notices import Notices
    from ballast.venues.simulated.engine.outcomes import BookView
    from ballast.venues.simulated.engine.world import Account, Market, World


class Reading:
    """The reading half of an `Exchange`."""

    _world: World

    @property
    def now_ns(self) -> int:
        """The exchange's time."""
        return self._world.now_ns

    @property
    def notices(self) -> Notices:
        """What the venue has announced."""
        return self._world.notices

    def order(self, account: int, ref: OrderRef) -> Order | None:
        """Return an order, open or closed not too long ago."""
        found = desk.find(self._account(account), ref)
        return found.view() if found is not None else None

    def open_orders(self, account: int, symbol: str | None = None) -> list[Order]:
        """Return open orders, oldest first."""
        return looking.open_orders(self._account(account), symbol)

    def orders(self, account: int, symbol: str, limit: int = 500) -> list[Order]:
        """Return the last orders of a symbol, open and closed, oldest first."""
        return looking.all_orders(self._account(account), symbol, limit)

    def fills(
        self, account: int, symbol: str | None = None, from_id: int = 0, limit: int = 500
    ) -> list[Fill]:
        """Return fills from a trade id on, oldest first; without one, the last."""
        return looking.fills(self._account(account), symbol, from_id, limit)

    def balances(self, account: int) -> list[Amount]:
        """Return what an account has, by asset."""
        mine = self._account(account)
        return [mine.amount(asset) for asset in sorted(mine.wallets)]

    def balance(self, account: int, asset: str) -> Amount:
        """Return what an account has of one asset."""
        return self._account(account).amount(asset)

    def book(self, symbol: str, depth: int = 20) -> BookView:
        """Return the best levels of a symbol."""
        return looking.book_view(self._market(symbol), depth)

    def best(self, symbol: str) -> tuple[int, int]:
        """Return best bid and ask in ticks, 0 where a side is empty."""
        book = self._market(symbol).book
        return int(views.best_price(book, 1)), int(views.best_price(book, -1))

    def trades(self, symbol: str, limit: int = 500) -> list[Trade]:
        """Return the last public trades, oldest first."""
        return list(self._market(symbol).tape)[-limit:]

    def last_ticks(self, symbol: str) -> int:
        """Return the price of the last trade, 0 before the first."""
        return self._market(symbol).last_ticks

    def lots_ahead(self, symbol: str, order_id: int) -> int:
        """Return the visible lots in front of a resting order at its price; -1 if it rests not."""
        return int(views.lots_ahead(self._market(symbol).book, order_id))

    def positions(self, account: int, symbol: str | None = None) -> list[Position]:
        """Return the open positions of an account."""
        return standing.all_of(self._world, self._account(account), symbol)

    def position(
        self, account: int, symbol: str, side: PositionSide = PositionSide.BOTH
    ) -> Position:
        """Return a position, open or empty, with the leverage and margin mode chosen for it."""
        return standing.of(self._world, self._account(account), self._market(symbol), side)

    def position_stops(
        self, account: int, symbol: str, side: PositionSide = PositionSide.BOTH
    ) -> PositionStops:
        """Return the stops a position has."""
        return stops.present_stops(self._account(account), symbol, side)

    def position_mode(self, account: int) -> PositionMode:
        """Return the account's position mode."""
        return self._account(account).position_mode

    def available(self, account: int, asset: str) -> int:
        """Return the atoms that new perpetual orders can use as margin."""
        return margin.available(self._world, self._account(account), asset)

    def insurance(self, asset: str) -> int:
        """Return what the insurance fund has, in atoms."""
        return self._world.insurance.get(asset, 0)

    def trading(self, symbol: str) -> Trading:
        """Return what may be done with a symbol."""
        return self._market(symbol).trading

    def leverage(self, account: int, symbol: str) -> tuple[int, MarginMode]:
        """Return the leverage and the margin mode an account chose for a perpetual."""
        chosen = self._account(account).chosen(symbol)
        return chosen.leverage, chosen.margin_mode

    def perpetual(self, symbol: str) -> PerpetualView:
        """Return mark, index and funding of a perpetual."""
        market = self._market(symbol)
        return PerpetualView(
            symbol, market.mark_ticks, market.index_ticks, market.funding_rate_e9,
            market.next_funding_ns,
        )  # fmt: skip

    def amount(self, asset: str, atoms: int) -> Decimal:
        """Return atoms of an asset as a decimal."""
        return looking.decimal_of(atoms, self._world.digits[asset])

    def _account(self, account: int) -> Account:
        found = self._world.accounts.get(account)
        if found is None:
            raise InternalError(f"no account {account}")
        return found

    def _market(self, symbol: str) -> Market:
        found = self._world.markets.get(symbol)
        if found is None:
            raise InternalError(f"{symbol} is not listed")
        return found
