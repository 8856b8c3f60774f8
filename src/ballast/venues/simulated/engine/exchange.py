"""The exchange: one simulated venue, in memory, in virtual time. The door of the engine.

Every method that changes something is one request: it is carried out whole, conditional orders,
lists and positions react, and then everything that happened waits in `drain()`. Prices and sizes
are integers here; `Listing` converts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.errors import ConfigError, InternalError
from ballast.core.orders import EndReason, OrderRef, OrderRequest, RejectReason
from ballast.kernel.exchange import views
from ballast.venues.simulated.engine import clock, desk, funds, looking, telling
from ballast.venues.simulated.engine.events import Amount, Cause, HaltChanged, Trading
from ballast.venues.simulated.engine.outcomes import Accepted, Rejected
from ballast.venues.simulated.engine.profile import asset_digits, terms_of
from ballast.venues.simulated.engine.street import Street
from ballast.venues.simulated.engine.world import Account, Market, World

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from ballast.core.orders import Fill, Order
    from ballast.venues.simulated.engine.events import Event, Trade
    from ballast.venues.simulated.engine.outcomes import BookView, Outcome
    from ballast.venues.simulated.engine.profile import Listing, VenueProfile
    from ballast.venues.simulated.engine.street import LiquiditySource


class Exchange:
    """One simulated venue: listings, books, accounts, clock.

    Deterministic: the same seed and the same calls give the same events. No I/O, reads no clock.
    """

    def __init__(
        self,
        profile: VenueProfile,
        listings: Sequence[Listing],
        *,
        seed: int = 0,
        start_ns: int,
    ) -> None:
        """Open the venue; raise `ConfigError` for listings that cannot be."""
        digits = asset_digits(listings)
        self.profile = profile
        self.seed = seed
        self.listings: dict[str, Listing] = {one.symbol: one for one in listings}
        if len(self.listings) != len(listings):
            raise ConfigError("a symbol is listed twice")
        markets = {one.symbol: Market(terms_of(one, digits)) for one in listings}
        self._world = World(profile, digits, start_ns, markets)
        self._sources: list[LiquiditySource] = []
        self.street = Street(self._world)

    # Time and liquidity ------------------------------------------------------------------

    @property
    def now_ns(self) -> int:
        """The exchange's time."""
        return self._world.now_ns

    def attach(self, source: LiquiditySource) -> None:
        """Let a source act for the street from now on; sources of one time act in this order."""
        self._sources.append(source)

    def next_ns(self) -> int | None:
        """Return when something happens by itself next, or None."""
        return clock.next_ns(self._world, self._sources)

    def advance(self, to_ns: int) -> None:
        """Let time pass: timers and sources act, in time order, timers first."""
        if to_ns < self.now_ns:
            raise InternalError(f"time went back from {self.now_ns} to {to_ns}")
        world = self._world
        while (due := clock.next_ns(world, self._sources)) is not None and due <= to_ns:
            world.now_ns = max(world.now_ns, due)
            clock.run_due(world, self._sources, self.street)
            self.settle()
        world.now_ns = to_ns

    def settle(self, cause: Cause = Cause.ORDER) -> None:
        """Let everything react to what just happened, then tell it (for callers of `street`)."""
        world = self._world
        world.todo.clear()
        world.fired.clear()
        world.marked.clear()
        telling.tell_books(world)
        telling.tell_balances(world, cause)

    def drain(self) -> list[Event]:
        """Return, once, all events since the last time."""
        events = self._world.events
        self._world.events = []
        return events

    # Accounts ----------------------------------------------------------------------------

    def open_account(self, name: str, balances: Mapping[str, Decimal] | None = None) -> int:
        """Open an account with these balances (asset units); return its number."""
        number = len(self._world.accounts) + 1
        self._world.accounts[number] = Account(number, name)
        for asset, amount in (balances or {}).items():
            self.transfer(number, asset, self.atoms(asset, amount))
        return number

    def transfer(self, account: int, asset: str, atoms: int) -> Accepted | Rejected:
        """Deposit (positive) or withdraw (negative)."""
        wallet = self._account(account).wallet(asset)
        if wallet.total - wallet.locked + atoms < 0:
            return Rejected(RejectReason.INSUFFICIENT_BALANCE)
        wallet.total += atoms
        self._world.street[asset] = self._world.street.get(asset, 0) - atoms
        self._world.touch(account, asset)
        self.settle(Cause.TRANSFER)
        return Accepted()

    def atoms(self, asset: str, amount: Decimal) -> int:
        """Return an amount of an asset in atoms; raise `ConfigError` when it is not whole."""
        if asset not in self._world.digits:
            raise ConfigError(f"no listing knows the asset {asset}")
        scaled = amount * 10 ** self._world.digits[asset]
        if scaled != int(scaled):
            raise ConfigError(f"{amount} {asset} has more digits than the asset is kept in")
        return int(scaled)

    def amount(self, asset: str, atoms: int) -> Decimal:
        """Return atoms of an asset as a decimal."""
        return looking.decimal_of(atoms, self._world.digits[asset])

    def set_fees(self, account: int, symbol: str, *, maker_ppm: int, taker_ppm: int) -> None:
        """Give an account fee rates of its own for a symbol."""
        mine = self._account(account)
        mine.maker_ppm[symbol], mine.taker_ppm[symbol] = maker_ppm, taker_ppm
        for order in mine.open.get(symbol, {}).values():
            funds.relock(self._world, mine, self._world.markets[symbol], order)
        self.settle()

    def set_discount(self, account: int, *, pays_discounted: bool) -> None:
        """Let an account pay its fees in the venue's discount token."""
        self._account(account).pays_discounted = pays_discounted

    # Orders ------------------------------------------------------------------------------

    def submit(self, account: int, request: OrderRequest) -> Outcome:
        """Send an order; it has traded what it could when this returns."""
        market = self._world.markets.get(request.symbol)
        if market is None:
            return Rejected(RejectReason.UNKNOWN_SYMBOL, request.symbol)
        return self._done(desk.submit(self._world, self._account(account), market, request))

    def cancel(self, account: int, ref: OrderRef) -> Outcome:
        """Cancel an open order."""
        market = self._world.markets.get(ref.symbol)
        if market is None:
            return Rejected(RejectReason.UNKNOWN_SYMBOL, ref.symbol)
        return self._done(desk.cancel(self._world, self._account(account), market, ref))

    def cancel_all(self, account: int, symbol: str | None = None) -> Outcome:
        """Cancel all open orders of an account, or of one of its symbols."""
        reason = EndReason.REQUESTED
        return self._done(desk.cancel_all(self._world, self._account(account), symbol, reason))

    def _done(self, outcome: Outcome) -> Outcome:
        self.settle()
        return outcome

    # Looking -----------------------------------------------------------------------------

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
        return self.street.best(symbol)

    def trades(self, symbol: str, limit: int = 500) -> list[Trade]:
        """Return the last public trades, oldest first."""
        return list(self._market(symbol).tape)[-limit:]

    def last_ticks(self, symbol: str) -> int:
        """Return the price of the last trade, 0 before the first."""
        return self._market(symbol).last_ticks

    def lots_ahead(self, symbol: str, order_id: int) -> int:
        """Return the visible lots in front of a resting order at its price; -1 if it rests not."""
        return int(views.lots_ahead(self._market(symbol).book, order_id))

    # Command and control -----------------------------------------------------------------

    def set_trading(self, symbol: str, trading: Trading) -> None:
        """Halt, resume or delist a symbol; delisting cancels what is open."""
        market = self._market(symbol)
        market.trading = trading
        self._world.emit(lambda sequence, at_ns: HaltChanged(sequence, at_ns, symbol, trading))
        if trading is Trading.DELISTED:
            for account in self._world.accounts.values():
                desk.cancel_all(self._world, account, symbol, EndReason.DELISTED)
        self.settle()

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
