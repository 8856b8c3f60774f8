"""Base: what the desks of spot and USD-M do alike with their calls."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from ballast.core.orders import RejectReason
from ballast.core.reports import Action, Rejection, Report, Unclear
from ballast.venues.clients.account import Flow, VenueStatus
from ballast.venues.clients.binance.public import (
    candles_of,
    depth_limit,
    interval_of,
    tickers_of,
    top_of,
)
from ballast.venues.clients.binance.rows import (
    NS_MS,
    UNREADABLE,
    Restrictions,
    ServerTime,
    SystemStatus,
    Ticker,
    UnsayableError,
    read,
)
from ballast.venues.clients.binance.talk import MarketTalk, grids_of, streams_of
from ballast.venues.clients.calls import Call, CallError, Urgency, Verdict
from ballast.venues.clients.market import number
from ballast.venues.clients.outcomes import outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ballast.core.orders import OrderRequest
    from ballast.core.time import Timeframe
    from ballast.venues.clients.account import CandleRow, DayTicker, TopOfBook
    from ballast.venues.clients.binance.flows import Move
    from ballast.venues.clients.calls import Asker
    from ballast.venues.clients.market import Market

T = TypeVar("T")


class BinanceDesk:
    """Sends calls and reads answers; `methods` begins the names of ccxt's public methods."""

    venue: str
    methods: str
    candle_costs: tuple[tuple[int, float], ...]
    depth_costs: tuple[tuple[int, float], ...]
    """Rows or levels at most, and the weight of a question for so many."""
    prices: Call
    """The question for the last prices of all symbols."""
    day_cost: float
    """The weight of the last 24 hours of all symbols."""
    best: Call | None = None
    """The question for the best prices of all symbols, where the 24 hours do not tell them."""

    def __init__(self, asker: Asker, now_ns: Callable[[], int]) -> None:
        """Ask through `asker`; `now_ns` is the machine's clock, for what we did ourselves."""
        self._asker = asker
        self._now_ns = now_ns
        self.markets: Mapping[str, Market] = {}

    # Questions ------------------------------------------------------------------------------

    async def _ask(self, call: Call, into: Callable[[Any], T]) -> T:
        """Ask, and read the answer; one that cannot be read is a `CallError` of its own."""
        answer = await self._asker.ask(call)
        return self._read(lambda: into(answer))

    @staticmethod
    def _read(make: Callable[[], T]) -> T:
        """Return what is read out of rows; raise `CallError` for what cannot be read."""
        try:
            return make()
        except UNREADABLE as error:
            raise CallError(Verdict.UNCLEAR, f"an answer that cannot be read: {error}") from error

    def _market(self, symbol: str) -> Market:
        """Return a market for a question; only an order may name one that is not listed."""
        market = self.markets.get(symbol)
        if market is None:
            raise CallError(
                Verdict.REFUSED,
                f"{symbol} is not listed at {self.venue}",
                reason=RejectReason.UNKNOWN_SYMBOL,
            )
        return market

    async def status(self) -> VenueStatus:
        """Return whether Binance is open; it has one answer for all its markets."""
        call = Call("sapiGetSystemStatus")
        found = await self._ask(call, lambda answer: read(answer, SystemStatus))
        return VenueStatus(is_open=found.status == 0, text=found.msg)

    async def _rights(self) -> Restrictions:
        """Return what the wallet says of the key."""
        call = Call("sapiGetAccountApiRestrictions", urgency=Urgency.ASK)
        return await self._ask(call, lambda answer: read(answer, Restrictions))

    async def server_ms(self) -> int:
        """Return the venue's time."""
        call = Call(f"{self.methods}GetTime")
        return await self._ask(call, lambda answer: read(answer, ServerTime).server_time)

    async def candles(
        self, symbol: str, timeframe: Timeframe, since_ms: int, limit: int
    ) -> list[CandleRow]:
        """Return closed and growing bars from a time on, oldest first; at most 1,000."""
        params = {
            "symbol": self._market(symbol).name,
            "interval": interval_of(timeframe),
            "startTime": since_ms,
            "limit": limit,
        }
        call = Call(f"{self.methods}GetKlines", params, cost=cost_of(limit, self.candle_costs))
        return await self._ask(call, candles_of)

    async def top(self, symbol: str, depth: int) -> TopOfBook:
        """Return the best levels of the book."""
        market = self._market(symbol)
        limit = depth_limit(depth)
        params, cost = {"symbol": market.name, "limit": limit}, cost_of(limit, self.depth_costs)
        call = Call(f"{self.methods}GetDepth", params, Urgency.ASK, cost=cost)
        return await self._ask(
            call, lambda answer: top_of(market, answer, depth, self._asker.now_ms() * NS_MS)
        )

    async def tickers(self) -> list[DayTicker]:
        """Return the last 24 hours of all symbols."""
        days = await self._asker.ask(Call(f"{self.methods}GetTicker24hr", cost=self.day_cost))
        best = await self._asker.ask(self.best) if self.best is not None else ()
        return self._read(lambda: tickers_of(self.markets, days, best))

    async def _worth(self, amounts: Mapping[str, Decimal], quote: str) -> Decimal:
        """Return what assets are worth in `quote`; one without a price in it counts nothing."""
        return sum(await self._worths(list(amounts.items()), quote), Decimal(0))

    async def _worths(self, amounts: Sequence[tuple[str, Decimal]], quote: str) -> list[Decimal]:
        """Return what each of some amounts is worth; prices are asked for where one is needed."""
        prices: dict[str, Decimal] = {}
        if any(amount and asset != quote for asset, amount in amounts):
            rows = await self._ask(self.prices, lambda answer: read(answer, list[Ticker]))
            prices = self._read(lambda: {row.symbol: number(row.price) for row in rows})
        return [_worth_of(asset, amount, quote, prices) for asset, amount in amounts]

    async def _valued(self, moves: Sequence[Move], quote: str) -> list[Flow]:
        """Return what came and left with its worth, which is what equity counts it as."""
        worths = await self._worths([(one.asset, one.amount) for one in moves], quote)
        return [
            Flow(one.asset, one.amount, worth, one.at_ns, one.flow_id)
            for one, worth in zip(moves, worths, strict=True)
        ]

    # Sockets --------------------------------------------------------------------------------

    def _talk(
        self,
        name: str,
        address: str,
        symbols: Sequence[str],
        kinds: Sequence[str],
        timeframe: Timeframe | None = None,
    ) -> MarketTalk:
        markets = [self._market(symbol) for symbol in symbols]
        streams = streams_of(markets, kinds, timeframe)
        return MarketTalk(name, address, self.venue, streams, grids_of(markets))

    # Orders ---------------------------------------------------------------------------------

    async def _do(
        self,
        action: Action,
        symbol: str,
        client_id: str,
        make: Callable[[Market], Call],
        into: Callable[[Market, Any], Sequence[Report]],
    ) -> Sequence[Report]:
        """Send what changes an order; what cannot be said is refused here, nothing is raised."""
        market = self.markets.get(symbol)
        if market is None:
            return [self._no(action, symbol, client_id, RejectReason.UNKNOWN_SYMBOL, "not listed")]
        try:
            call = make(market)
        except UnsayableError as error:
            return [self._no(action, symbol, client_id, RejectReason.NOT_SUPPORTED, str(error))]
        try:
            answer = await self._asker.ask(call)
        except CallError as error:
            return [outcome(error, action, symbol, client_id, self._now_ns())]
        try:
            return into(market, answer)
        except UNREADABLE as error:
            return [
                Unclear(symbol, client_id, action, f"unreadable answer: {error}", self._now_ns())
            ]

    def _no(
        self, action: Action, symbol: str, client_id: str, reason: RejectReason, text: str
    ) -> Rejection:
        return Rejection(symbol, client_id, action, reason, text, self._now_ns())

    def _neither(
        self, request: OrderRequest, old_id: str, reason: RejectReason, text: str
    ) -> list[Report]:
        """Return that neither half of a cancel and an order was even sent."""
        symbol = request.symbol
        return [
            self._no(Action.CANCEL, symbol, old_id, RejectReason.NOT_DONE, text),
            self._no(Action.SUBMIT, symbol, request.client_id, reason, text),
        ]


class WithoutWallet(BinanceDesk):
    """A desk of demo trading: it has no pages of the wallet, and nothing to withdraw."""

    async def status(self) -> VenueStatus:
        """Return open if it answers at all."""
        await self.server_ms()
        return VenueStatus(is_open=True, text="demo")

    async def _rights(self) -> Restrictions:
        return Restrictions(
            enable_reading=True,
            ip_restrict=False,
            enable_spot_and_margin_trading=True,
            enable_futures=True,
        )


def _worth_of(asset: str, amount: Decimal, quote: str, prices: Mapping[str, Decimal]) -> Decimal:
    if asset == quote:
        return amount
    if f"{asset}{quote}" in prices:
        return amount * prices[f"{asset}{quote}"]
    inverse = prices.get(f"{quote}{asset}")
    return amount / inverse if inverse else Decimal(0)


def cost_of(count: int, costs: tuple[tuple[int, float], ...]) -> float:
    """Return the weight of a question for so many."""
    return next((cost for most, cost in costs if count <= most), costs[-1][1])


def is_lost(report: Report) -> bool:
    """Tell whether a cancel found no order."""
    return (
        isinstance(report, Rejection)
        and report.action is Action.CANCEL
        and report.reason is RejectReason.UNKNOWN_ORDER
    )
