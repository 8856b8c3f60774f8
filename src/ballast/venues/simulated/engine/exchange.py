"""The exchange: one simulated venue, in memory, in virtual time. The door of the engine.

Every method that changes something is one request: it is carried out whole, conditional orders,
lists and positions react, and then everything that happened waits in `drain()`. Prices and sizes
are integers here; `Listing` converts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.errors import ConfigError, InternalError
from ballast.core.orders import EndReason, PositionSide, RejectReason
from ballast.kernel.exchange import views
from ballast.venues.simulated.engine import (
    amending,
    choices,
    clock,
    desk,
    funding,
    funds,
    lists,
    looking,
    margin,
    reactions,
    standing,
    stops,
    telling,
)
from ballast.venues.simulated.engine.events import Amount, Cause, HaltChanged, Trading
from ballast.venues.simulated.engine.outcomes import Accepted, HalfDone, PerpetualView, Rejected
from ballast.venues.simulated.engine.profile import asset_digits, terms_of
from ballast.venues.simulated.engine.street import Street
from ballast.venues.simulated.engine.world import Account, Market, World

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from ballast.core.orders import (
        AmendRequest,
        Fill,
        ListRequest,
        MarginMode,
        Order,
        OrderRef,
        OrderRequest,
        PositionMode,
    )
    from ballast.venues.simulated.engine.events import Event, Position, Trade
    from ballast.venues.simulated.engine.outcomes import BookView, Outcome
    from ballast.venues.simulated.engine.profile import Listing, VenueProfile
    from ballast.venues.simulated.engine.stops import PositionStops
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
        for market in markets.values():
            if market.terms.is_perpetual:
                funding.schedule(self._world, market)
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
        reactions.run(world)
        telling.tell_books(world)
        telling.tell_positions(world)
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

    def fee_rates_ppm(self, account: int, symbol: str) -> tuple[int, int]:
        """Return the maker and the taker rate an account pays on a symbol."""
        mine, terms = self._account(account), self._market(symbol).terms
        return (
            mine.maker_ppm.get(symbol, terms.maker_ppm),
            mine.taker_ppm.get(symbol, terms.taker_ppm),
        )

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

    def submit_list(self, account: int, request: ListRequest) -> Outcome:
        """Send an OCO pair or a bracket; all of it is taken, or nothing."""
        market = self._world.markets.get(request.symbol)
        if market is None:
            return Rejected(RejectReason.UNKNOWN_SYMBOL, request.symbol)
        return self._done(lists.submit(self._world, self._account(account), market, request))

    def amend(self, account: int, request: AmendRequest) -> Outcome:
        """Change quantity, price or trigger of an open order; it keeps its id."""
        market = self._world.markets.get(request.ref.symbol)
        if market is None:
            return Rejected(RejectReason.UNKNOWN_SYMBOL, request.ref.symbol)
        mine = self._account(account)
        order = desk.find_open(mine, request.ref)
        if isinstance(order, Rejected):
            return order
        return self._done(amending.amend(self._world, mine, market, order, request))

    def cancel(self, account: int, ref: OrderRef) -> Outcome:
        """Cancel an open order."""
        market = self._world.markets.get(ref.symbol)
        if market is None:
            return Rejected(RejectReason.UNKNOWN_SYMBOL, ref.symbol)
        return self._done(desk.cancel(self._world, self._account(account), market, ref))

    def cancel_replace(
        self, account: int, ref: OrderRef, request: OrderRequest, *, stop_on_failure: bool = True
    ) -> Outcome | HalfDone:
        """Cancel an order, then place another; `HalfDone` when only the cancel succeeded.

        Without `stop_on_failure` the new order is placed even if there was nothing to cancel.
        """
        market = self._world.markets.get(ref.symbol)
        if market is None or request.symbol != ref.symbol:
            return Rejected(RejectReason.UNKNOWN_SYMBOL, ref.symbol)
        mine = self._account(account)
        outcome = desk.cancel_replace(
            self._world, mine, market, ref, request, stop_on_failure=stop_on_failure
        )
        self.settle()
        return outcome

    def cancel_all(self, account: int, symbol: str | None = None) -> Accepted:
        """Cancel all open orders of an account, or of one of its symbols."""
        reason = EndReason.REQUESTED
        outcome = desk.cancel_all(self._world, self._account(account), symbol, reason)
        self.settle()
        return outcome

    def countdown(self, account: int, symbol: str | None, ms: int) -> None:
        """Cancel all of a symbol (None: of the account) in `ms`, unless called again; 0 disarms."""
        clock.set_countdown(self._world, self._account(account), symbol or "", ms)

    # Perpetuals --------------------------------------------------------------------------

    def set_leverage(self, account: int, symbol: str, leverage: int) -> Outcome:
        """Set the leverage of a symbol."""
        mine, market = self._account(account), self._market(symbol)
        return self._done(choices.set_leverage(self._world, mine, market, leverage))

    def set_margin_mode(self, account: int, symbol: str, mode: MarginMode) -> Outcome:
        """Choose cross or isolated margin for a symbol without position and orders."""
        mine, market = self._account(account), self._market(symbol)
        return self._done(choices.set_margin_mode(self._world, mine, market, mode))

    def set_position_mode(self, account: int, mode: PositionMode) -> Outcome:
        """Choose one-way or hedged positions for an account without perpetual positions."""
        return self._done(choices.set_position_mode(self._world, self._account(account), mode))

    def add_margin(self, account: int, symbol: str, side: PositionSide, atoms: int) -> Outcome:
        """Add margin to an isolated position, or (negative) take some out."""
        mine, market = self._account(account), self._market(symbol)
        return self._done(choices.add_margin(self._world, mine, market, side, atoms))

    def set_position_stops(
        self, account: int, symbol: str, side: PositionSide, wanted: PositionStops
    ) -> Outcome:
        """Replace all stops of a position in one step."""
        mine, market = self._account(account), self._market(symbol)
        return self._done(stops.set_stops(self._world, mine, market, side, wanted))

    def positions(self, account: int, symbol: str | None = None) -> list[Position]:
        """Return the open positions of an account."""
        return standing.all_of(self._world, self._account(account), symbol)

    def position(
        self, account: int, symbol: str, side: PositionSide = PositionSide.BOTH
    ) -> Position:
        """Return a position, open or empty, with the leverage and margin mode chosen for it."""
        return standing.of(self._world, self._account(account), self._market(symbol), side)

    def position_mode(self, account: int) -> PositionMode:
        """Return the account's position mode."""
        return self._account(account).position_mode

    def available(self, account: int, asset: str) -> int:
        """Return the atoms that new perpetual orders can use as margin."""
        return margin.available(self._world, self._account(account), asset)

    def perpetual(self, symbol: str) -> PerpetualView:
        """Return mark, index and funding of a perpetual."""
        market = self._market(symbol)
        return PerpetualView(
            symbol, market.mark_ticks, market.index_ticks, market.funding_rate_e9,
            market.next_funding_ns,
        )  # fmt: skip

    def insure(self, asset: str, atoms: int) -> None:
        """Give the insurance fund money."""
        world = self._world
        world.insurance[asset] = world.insurance.get(asset, 0) + atoms
        world.street[asset] = world.street.get(asset, 0) - atoms

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
