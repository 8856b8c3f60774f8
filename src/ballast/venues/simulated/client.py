"""Client: orders to the simulated exchange and its word on them, without a wire.

What a trade client of a real venue does, in the same process: requests in our words go out, and
everything the venue says comes back as `core.reports`. An entry needs the gate's approval.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.errors import InternalError
from ballast.core.ids import Purpose
from ballast.core.orders import (
    AmendRequest,
    ListKind,
    ListRequest,
    MarginMode,
    OrderRef,
    PositionSide,
)
from ballast.core.reports import Action, Look, Miss, OrderReport, Rejection, Source
from ballast.venues.simulated.engine.events import Filled, FundingPaid, OrderUpdated
from ballast.venues.simulated.engine.outcomes import Accepted, HalfDone, Rejected
from ballast.venues.simulated.engine.profile import asset_digits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ballast.core.orders import Fill, Order, OrderRequest
    from ballast.core.reports import Report
    from ballast.risk.gate.judge import Approved
    from ballast.venues.simulated.engine.events import Event
    from ballast.venues.simulated.engine.exchange import Exchange
    from ballast.venues.simulated.engine.outcomes import Outcome

TRADES_ASKED = 2_000
PRICE_SLACK = 1.005
"""The price may have moved by half a percent since an entry was approved, not by more."""


class SimulatedClient:
    """One account at one simulated exchange. Every answer is true and comes at once."""

    def __init__(self, exchange: Exchange, account: int) -> None:
        """Trade for this account."""
        self.exchange = exchange
        self.account = account

    # Requests -------------------------------------------------------------------------------

    def submit(
        self, request: OrderRequest, purpose: Purpose, approved: Approved | None
    ) -> list[Report]:
        """Send an order; raise `InternalError` for an entry that the gate did not approve."""
        if purpose is Purpose.ENTRY:
            self._check(request, approved)
        return self.send(request)

    def send(self, request: OrderRequest) -> list[Report]:
        """Send an order that somebody else has checked."""
        outcome = self.exchange.submit(self.account, request)
        return [self._answer(request.symbol, request.client_id, Action.SUBMIT, outcome)]

    def again(self, request: OrderRequest) -> None:
        """Carry out an order that the journal says was sent: it was approved then."""
        self.exchange.submit(self.account, request)

    def _check(self, request: OrderRequest, approved: Approved | None) -> None:
        if approved is None:
            raise InternalError(f"the entry {request.client_id} has no approval")
        listing = self.exchange.listings[request.symbol]
        ticks = request.price_ticks or self.exchange.last_ticks(request.symbol)
        value = float(listing.price(ticks) * listing.qty(request.qty_lots) * listing.contract)
        approved.check(request.symbol, request.side, value / PRICE_SLACK, self.exchange.now_ns)

    def cancel(self, symbol: str, client_id: str) -> list[Report]:
        """Cancel an order."""
        outcome = self.exchange.cancel(self.account, OrderRef(symbol, client_id=client_id))
        return [self._answer(symbol, client_id, Action.CANCEL, outcome)]

    def amend(self, request: AmendRequest) -> list[Report]:
        """Change a resting order in place."""
        outcome = self.exchange.amend(self.account, request)
        return [self._answer(request.ref.symbol, request.ref.client_id, Action.AMEND, outcome)]

    def replace(self, client_id: str, request: OrderRequest) -> list[Report]:
        """Cancel an order and send another in one request: done, half done, or neither."""
        symbol, new = request.symbol, request.client_id
        ref = OrderRef(symbol, client_id=client_id)
        outcome = self.exchange.cancel_replace(self.account, ref, request)
        if isinstance(outcome, HalfDone):
            gone = self._report(outcome.cancelled, Source.REPLY)
            return [gone, self._rejection(symbol, new, Action.SUBMIT, outcome.rejected)]
        if isinstance(outcome, Rejected):
            return [
                self._rejection(symbol, client_id, Action.CANCEL, outcome),
                self._rejection(symbol, new, Action.SUBMIT, outcome),
            ]
        return [self._report(one, Source.REPLY) for one in outcome.orders]

    def submit_pair(self, take: OrderRequest, stop: OrderRequest) -> list[Report]:
        """Send a take and a stop for the same coins in one request: both or neither."""
        both = (take, stop)
        wanted = ListRequest(take.symbol, ListKind.OCO, both, stop.client_id)
        outcome = self.exchange.submit_list(self.account, wanted)
        if isinstance(outcome, Accepted):
            return [self._report(one, Source.REPLY) for one in outcome.orders]
        return [self._rejection(take.symbol, one.client_id, Action.SUBMIT, outcome) for one in both]

    # Questions ------------------------------------------------------------------------------

    def look(self, symbol: str, client_id: str, look: Look) -> list[Report]:
        """Look for an order in one place."""
        if look is Look.TRADES:
            found = [one for one in self.trades(symbol) if one.client_id == client_id]
            return [*found] or [self._miss(symbol, client_id, look)]
        order = self.exchange.order(self.account, OrderRef(symbol, client_id=client_id))
        if order is None or (look is Look.OPEN_ORDERS and not order.left_lots):
            return [self._miss(symbol, client_id, look)]
        return [self._report(order, Source.QUERY)]

    def trades(self, symbol: str) -> list[Fill]:
        """Return the last trades of the account in a symbol."""
        return self.exchange.fills(self.account, symbol, limit=TRADES_ASKED)

    def open_orders(self) -> tuple[OrderReport, ...]:
        """Return all open orders."""
        orders = self.exchange.open_orders(self.account)
        return tuple(self._report(one, Source.QUERY) for one in orders)

    def position_lots(self, symbol: str) -> int:
        """Return what the venue says is held: the position, or on spot the coins, in whole lots."""
        listing = self.exchange.listings[symbol]
        if listing.kind == "perpetual":
            return self.exchange.position(self.account, symbol, PositionSide.BOTH).qty_lots
        coins = self.exchange.balance(self.account, listing.base).total_atoms
        return int(self.exchange.amount(listing.base, coins) // listing.lot)

    def equity_atoms(self, quote: str) -> int:
        """Return what the account is worth in a quote asset, at the last and mark prices."""
        total = self.exchange.balance(self.account, quote).total_atoms
        for symbol, listing in self.exchange.listings.items():
            if listing.quote != quote:
                continue
            if listing.kind == "perpetual":
                held = self.exchange.position(self.account, symbol)
                total += held.unrealised_atoms
                if held.margin_mode is MarginMode.ISOLATED:  # its margin left the wallet
                    total += held.margin_atoms
            else:
                coins = self.exchange.balance(self.account, listing.base).total_atoms
                owned = self.exchange.amount(listing.base, coins)
                price = listing.price(self.exchange.last_ticks(symbol))
                total += int(owned * price * 10 ** self.digits()[quote])
        return total

    def free_atoms(self, quote: str) -> int:
        """Return what a new order may use of a quote asset: free coins, or available margin."""
        kinds = {one.kind for one in self.exchange.listings.values() if one.quote == quote}
        if "perpetual" in kinds:
            return self.exchange.available(self.account, quote)
        return self.exchange.balance(self.account, quote).free_atoms

    def digits(self) -> dict[str, int]:
        """Return the decimal digits each asset is kept in."""
        return asset_digits(self.exchange.listings.values())

    # What it tells by itself ----------------------------------------------------------------

    def reports(self, events: Iterable[Event]) -> list[Report]:
        """Return what the events of the exchange say of our orders, in their order."""
        found: list[Report] = []
        for event in events:
            match event:
                case OrderUpdated(order=order) if order.account == self.account:
                    found.append(self._report(order, Source.STREAM, event.at_ns))
                case Filled(fill=fill) if fill.account == self.account:
                    found.append(fill)
                case _:
                    pass
        return found

    def fundings(self, events: Iterable[Event]) -> list[FundingPaid]:
        """Return the funding payments of the account among events."""
        return [
            one for one in events if isinstance(one, FundingPaid) and one.account == self.account
        ]

    # Words ----------------------------------------------------------------------------------

    def _answer(self, symbol: str, name: str, action: Action, outcome: Outcome) -> Report:
        if isinstance(outcome, Accepted):
            return self._report(outcome.order, Source.REPLY)
        return self._rejection(symbol, name, action, outcome)

    def _report(self, order: Order, source: Source, at_ns: int | None = None) -> OrderReport:
        asked = order.request
        return OrderReport(
            asked.symbol, asked.client_id, order.order_id, order.status, order.filled_lots,
            self.exchange.now_ns if at_ns is None else at_ns, source, order.reason,
            asked.qty_lots, asked.price_ticks, asked.trigger_ticks,
        )  # fmt: skip

    def _rejection(self, symbol: str, name: str, action: Action, why: Rejected) -> Rejection:
        return Rejection(symbol, name, action, why.reason, why.detail, self.exchange.now_ns)

    def _miss(self, symbol: str, name: str, look: Look) -> Miss:
        return Miss(symbol, name, look, self.exchange.now_ns)
