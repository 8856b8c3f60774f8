"""The exchange: one simulated venue, in memory, in virtual time. The door of the engine.

Every method that changes something is one request: it is carried out whole, conditional orders,
lists and positions react, and then everything that happened waits in `drain()`. Prices and sizes
are integers here; `Listing` converts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.errors import ConfigError, InternalError
from ballast.core.orders import EndReason, PositionSide, RejectReason
from ballast.venues.simulated.engine import (
    amending,
    choices,
    clock,
    desk,
    funding,
    lists,
    reactions,
    state,
    stops,
    telling,
)
from ballast.venues.simulated.engine import trading as trades
from ballast.venues.simulated.engine.events import Cause, Trading, Transferred
from ballast.venues.simulated.engine.latency import Latency, answer, put_on_its_way
from ballast.venues.simulated.engine.outcomes import Accepted, HalfDone, Rejected
from ballast.venues.simulated.engine.profile import asset_digits, terms_of
from ballast.venues.simulated.engine.reading import Reading
from ballast.venues.simulated.engine.street import Street
from ballast.venues.simulated.engine.world import Account, Market, World

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from ballast.core.orders import (
        AmendRequest,
        ListRequest,
        MarginMode,
        OrderRef,
        OrderRequest,
        PositionMode,
        PositionStops,
    )
    from ballast.venues.simulated.engine.events import Event
    from ballast.venues.simulated.engine.latency import Request
    from ballast.venues.simulated.engine.outcomes import Outcome
    from ballast.venues.simulated.engine.profile import Listing, VenueProfile
    from ballast.venues.simulated.engine.street import LiquiditySource
    from ballast.venues.simulated.engine.world import Sent


class Exchange(Reading):
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
        latency: Latency | None = None,
    ) -> None:
        """Open the venue; raise `ConfigError` for listings that cannot be."""
        digits = asset_digits(listings)
        self.profile = profile
        self.seed = seed
        self.latency = latency or Latency()
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

    def attach(self, source: LiquiditySource) -> None:
        """Let a source act for the street from now on; sources of one time act in this order."""
        self._sources.append(source)

    @property
    def sources(self) -> tuple[LiquiditySource, ...]:
        """What acts for the street."""
        return tuple(self._sources)

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
            ticket = clock.run_due(world, self._sources, self.street)
            if ticket:
                self._arrive(world.sent.pop(ticket))
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

    def snapshot(self) -> bytes:
        """Return the whole state; with it an equal exchange goes on exactly as this one."""
        sources = [source.snapshot() for source in self._sources]
        return state.pack(self._world, self.seed, sources)

    def restore(self, data: bytes) -> None:
        """Go back to a state of an exchange with this profile, listings, seed and sources."""
        kept = state.unpack(data, self._world, self.seed, len(self._sources))
        for source, one in zip(self._sources, kept, strict=True):
            source.restore(one)

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
        self._world.emit(
            lambda sequence, at_ns: Transferred(sequence, at_ns, account, asset, atoms)
        )
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

    def set_fees(self, account: int, symbol: str, *, maker_ppm: int, taker_ppm: int) -> Outcome:
        """Give an account fee rates of its own for a symbol in which it has no open order."""
        mine = self._account(account)
        if mine.open.get(symbol):
            return Rejected(RejectReason.OPEN_ORDERS_OR_POSITION, "they locked the old fee")
        mine.maker_ppm[symbol], mine.taker_ppm[symbol] = maker_ppm, taker_ppm
        return Accepted()

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

    def send(self, account: int, request: Request) -> int:
        """Send a request that arrives after the entry leg; `Answered` tells of it by ticket."""
        self._account(account)
        return put_on_its_way(self._world, self.latency, self.seed, account, request)

    def _arrive(self, sent: Sent) -> None:
        """Carry out a request that has arrived."""
        if sent.order is not None:
            outcome = self.submit(sent.account, sent.order)
        elif sent.amend is not None:
            outcome = self.amend(sent.account, sent.amend)
        elif sent.cancel is not None:
            outcome = self.cancel(sent.account, sent.cancel)
        elif sent.group is not None:
            outcome = self.submit_list(sent.account, sent.group)
        else:
            raise InternalError(f"request {sent.ticket} asks for nothing")
        answer(self._world, self.latency, self.seed, sent, outcome)

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

    def insure(self, asset: str, atoms: int) -> None:
        """Give the insurance fund money."""
        world = self._world
        world.insurance[asset] = world.insurance.get(asset, 0) + atoms
        world.street[asset] = world.street.get(asset, 0) - atoms

    def _done(self, outcome: Outcome) -> Outcome:
        self.settle()
        return outcome

    # Command and control -----------------------------------------------------------------

    def set_trading(self, symbol: str, trading: Trading) -> None:
        """Halt, resume or delist a symbol; delisting cancels what is open."""
        trades.set_trading(self._world, self._market(symbol).terms.symbol, trading)
        self.settle()

    def announce_maintenance(self, from_ns: int, until_ns: int) -> None:
        """Announce a span in which nothing trades; raise `ConfigError` for one that cannot be."""
        if not self.now_ns < from_ns < until_ns:
            raise ConfigError("a maintenance that is past, or that ends before it begins")
        trades.announce_maintenance(self._world, from_ns, until_ns)

    def announce_end(self, symbol: str, at_ns: int) -> None:
        """Announce that a symbol will be delisted; raise `ConfigError` for a time that is past."""
        if at_ns <= self.now_ns:
            raise ConfigError("the end of a symbol is announced for the past", where=symbol)
        trades.announce_end(self._world, self._market(symbol).terms.symbol, at_ns)
