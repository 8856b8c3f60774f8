"""Desk: a paper account behind the port of real venues: their market, our money in this process.

Candles, rules, prices and the clock are the real venue's; orders go to an exchange in this process
whose book is the venue's own, as it is heard. Nobody out there knows of them. After everything that
changed the account the exchange is kept, before anybody is told: a process that dies goes on with
an account that knows at least what the journal does.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from ballast.core.orders import AmendRequest, Fill, MarginMode, OrderRequest
from ballast.core.reports import Look, OrderReport, Report
from ballast.venues.clients.account import (
    Balance,
    Grants,
    SymbolSetting,
    VenuePosition,
)
from ballast.venues.clients.desk import Paid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ballast.core.ports import Clock
    from ballast.core.time import Timeframe
    from ballast.venues.clients.account import CandleRow, DayTicker, Flow, TopOfBook, VenueStatus
    from ballast.venues.clients.calls import Urgency
    from ballast.venues.clients.desk import Conversation, News, VenueDesk
    from ballast.venues.clients.market import Market
    from ballast.venues.simulated.client import SimulatedClient
    from ballast.venues.simulated.engine.events import Event

MS_NS = 1_000_000
PUMP_S = 0.05


class PaperDesk:
    """Implements `VenueDesk`; `pump` lets time pass and tells what the exchange did by itself."""

    def __init__(
        self,
        outer: VenueDesk,
        client: SimulatedClient,
        now_ns: Callable[[], int],
        keep: Callable[[bytes], None],
    ) -> None:
        """Trade on paper at the venue of `outer`; `keep` makes a snapshot durable."""
        self.venue = outer.venue
        self.client = client
        self._outer = outer
        self._now_ns = now_ns
        self._keep = keep
        self._waiting: list[News] = []

    @property
    def markets(self) -> Mapping[str, Market]:
        """Return the venue's rules."""
        return self._outer.markets

    # The exchange in this process -----------------------------------------------------------

    async def pump(
        self,
        hear: Callable[[News, int], None],
        clock: Clock,
        every_s: float = PUMP_S,
        feed: Callable[[], None] = lambda: None,
    ) -> None:
        """Let time pass until cancelled, and tell what happened to the account.

        `feed` gives the exchange what the venue's market did meanwhile.
        """
        while True:
            feed()
            self._settle()
            told, self._waiting = self._waiting, []
            for one in told:
                hear(one, self._now_ns())
            await clock.sleep(every_s)

    def _settle(self) -> None:
        """Bring the exchange to the present, and keep it where our account changed."""
        exchange = self.client.exchange
        exchange.advance(max(self._now_ns(), exchange.now_ns))
        events = exchange.drain()
        news = self._news(events)
        if news:
            self._keep(exchange.snapshot())
            self._waiting += news

    def _news(self, events: Sequence[Event]) -> list[News]:
        found: list[News] = [
            one for one in self.client.reports(events) if isinstance(one, OrderReport | Fill)
        ]
        for paid in self.client.fundings(events):
            listing = self.client.exchange.listings[paid.symbol]
            amount = self.client.exchange.amount(listing.quote, paid.paid_atoms)
            found.append(Paid(paid.symbol, -amount, paid.at_ns))
        return found

    def _answered(self, reports: Sequence[Report]) -> Sequence[Report]:
        """Keep what a request did before its answer is told."""
        self._settle()
        return reports

    # What the venue is: the real one's -------------------------------------------------------

    async def load(self) -> None:
        """Refresh the rules."""
        await self._outer.load()

    async def server_ms(self) -> int:
        """Return the venue's time."""
        return await self._outer.server_ms()

    async def status(self) -> VenueStatus:
        """Return whether the venue is open."""
        return await self._outer.status()

    async def grants(self) -> Grants:
        """Return what paper may do: everything but harm."""
        return Grants(can_read=True, can_trade=True, can_withdraw=False, account_kind="paper")

    async def fees(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Return the fees that the exchange in this process takes."""
        listing = self.client.exchange.listings[symbol]
        return Decimal(listing.maker_ppm) / 1_000_000, Decimal(listing.taker_ppm) / 1_000_000

    # Orders ---------------------------------------------------------------------------------

    async def submit(self, request: OrderRequest, urgency: Urgency) -> Sequence[Report]:
        """Send an order."""
        del urgency
        self._settle()
        return self._answered(self.client.send(request))

    async def cancel(self, symbol: str, client_id: str, urgency: Urgency) -> Sequence[Report]:
        """Cancel an order."""
        del urgency
        self._settle()
        return self._answered(self.client.cancel(symbol, client_id))

    async def amend(self, request: AmendRequest, urgency: Urgency) -> Sequence[Report]:
        """Change a resting order in place."""
        del urgency
        self._settle()
        return self._answered(self.client.amend(request))

    async def replace(
        self, client_id: str, request: OrderRequest, urgency: Urgency
    ) -> Sequence[Report]:
        """Cancel an order and send another in one request."""
        del urgency
        self._settle()
        return self._answered(self.client.replace(client_id, request))

    async def place_pair(
        self, take: OrderRequest, stop: OrderRequest, urgency: Urgency
    ) -> Sequence[Report]:
        """Place a take and a stop for the same coins: both or neither."""
        del urgency
        self._settle()
        return self._answered(self.client.submit_pair(take, stop))

    async def look(self, symbol: str, client_id: str, look: Look) -> Sequence[Report]:
        """Look for an order in one place."""
        self._settle()
        return self.client.look(symbol, client_id, look)

    # Questions ------------------------------------------------------------------------------

    async def open_orders(self, symbols: Sequence[str]) -> tuple[OrderReport, ...]:
        """Return all open orders of these symbols."""
        self._settle()
        return tuple(one for one in self.client.open_orders() if one.symbol in symbols)

    async def trades(self, symbol: str, since_ms: int | None = None) -> list[Fill]:
        """Return own trades, oldest first."""
        self._settle()
        first_ns = (since_ms or 0) * MS_NS
        return [one for one in self.client.trades(symbol) if one.at_ns >= first_ns]

    async def positions(self, symbols: Sequence[str]) -> list[VenuePosition]:
        """Return what is held of each of these symbols."""
        self._settle()
        return [VenuePosition(one, self.client.position_lots(one)) for one in symbols]

    async def balances(self) -> list[Balance]:
        """Return all assets that are not zero."""
        exchange = self.client.exchange
        return [
            Balance(
                one.asset,
                exchange.amount(one.asset, one.total_atoms),
                exchange.amount(one.asset, one.free_atoms),
            )
            for one in exchange.balances(self.client.account)
            if one.total_atoms
        ]

    async def free(self, quote: str) -> Decimal:
        """Return what a new order may use of a quote asset."""
        self._settle()
        return self.client.exchange.amount(quote, self.client.free_atoms(quote))

    async def equity(self, quote: str) -> Decimal:
        """Return what the account is worth in a quote asset."""
        self._settle()
        return self.client.exchange.amount(quote, self.client.equity_atoms(quote))

    async def funding(self, symbol: str, since_ms: int) -> list[Paid]:
        """Return nothing: funding is told when it is paid."""
        del symbol, since_ms
        return []

    async def flows(self, quote: str, since_ms: int) -> list[Flow] | None:
        """Return nothing: a paper account is not paid into."""
        del quote, since_ms
        return []

    async def setting(self, symbol: str) -> SymbolSetting | None:
        """Return leverage and margin mode of a perpetual."""
        if not self.markets[symbol].is_perpetual:
            return None
        leverage, mode = self.client.exchange.leverage(self.client.account, symbol)
        return SymbolSetting(symbol, Decimal(leverage), mode)

    async def set_up(self, symbol: str, leverage: Decimal, margin_mode: MarginMode) -> None:
        """Set leverage and margin mode; what may not change now stays."""
        exchange, account = self.client.exchange, self.client.account
        if self.markets[symbol].is_perpetual:
            exchange.set_margin_mode(account, symbol, margin_mode)
            exchange.set_leverage(account, symbol, int(leverage))

    # Market data: the real one's --------------------------------------------------------------

    async def candles(
        self, symbol: str, timeframe: Timeframe, since_ms: int, limit: int
    ) -> list[CandleRow]:
        """Return bars of the venue."""
        return await self._outer.candles(symbol, timeframe, since_ms, limit)

    async def top(self, symbol: str, depth: int) -> TopOfBook:
        """Return the best levels of the venue's book."""
        return await self._outer.top(symbol, depth)

    async def tickers(self) -> list[DayTicker]:
        """Return the last 24 hours of the venue's symbols."""
        return await self._outer.tickers()

    def private(self, symbols: Sequence[str]) -> Sequence[Conversation]:
        """Return no conversation: `pump` tells of the account."""
        del symbols
        return ()

    def public(self, symbols: Sequence[str], timeframe: Timeframe) -> Sequence[Conversation]:
        """Return the venue's own."""
        return self._outer.public(symbols, timeframe)

    def depth(self, symbols: Sequence[str]) -> Sequence[Conversation]:
        """Return the venue's own."""
        return self._outer.depth(symbols)
