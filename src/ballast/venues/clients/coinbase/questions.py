"""What is asked of Coinbase that is not about orders: rules, rights, fees, balances, candles."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.orders import RejectReason
from ballast.venues.clients.account import (
    Balance,
    CandleRow,
    DayTicker,
    Flow,
    Grants,
    TopOfBook,
    VenuePosition,
    VenueStatus,
    free_of,
)
from ballast.venues.clients.calls import Call, CallError, Urgency, Verdict
from ballast.venues.clients.coinbase.access import PUBLIC, SIGNED
from ballast.venues.clients.coinbase.products import Products
from ballast.venues.clients.known import Known
from ballast.venues.clients.market import number
from ballast.venues.clients.reading import reads_answers
from ballast.venues.clients.spot import SpotOnly

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ballast.core.time import Timeframe
    from ballast.venues.clients.calls import Asker
    from ballast.venues.clients.market import Market

WALLETS_PAGE, CANDLES_MOST, BOOK_MOST = 250, 350, 5_000
SPANS_MOST = 50
"""Spans without a bar that are passed over on the way to the first one."""
PAGES_MOST = 100
"""Pages walked of any list; an account with more is not ours to page through."""
GRANULARITIES = {
    1: "ONE_MINUTE", 5: "FIVE_MINUTE", 15: "FIFTEEN_MINUTE", 30: "THIRTY_MINUTE", 60: "ONE_HOUR",
    120: "TWO_HOUR", 240: "FOUR_HOUR", 360: "SIX_HOUR", 1_440: "ONE_DAY",
}  # fmt: skip
"""Minutes of the bars there are."""


class CoinbaseQuestions(SpotOnly):
    """An account's questions."""

    venue = "COINBASE"

    def __init__(self, asker: Asker, now_ns: Callable[[], int]) -> None:
        """Work through an asker; `now_ns` dates what the venue does not."""
        self._asker = asker
        self._now_ns = now_ns
        self._products = Products()
        self._known = Known()
        self.markets: Mapping[str, Market] = self._products.markets

    async def _get(
        self,
        name: str,
        params: Mapping[str, Any] | None = None,
        urgency: Urgency = Urgency.ASK,
    ) -> Any:  # noqa: ANN401 - JSON
        """Ask a signed question."""
        method = f"v3PrivateGetBrokerage{name}"
        return await self._asker.ask(Call(method, params or {}, urgency, cost=SIGNED))

    async def _data(self, name: str, params: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """Ask for market data: signed where there is a key, for others get it a second old."""
        if self._asker.key:
            return await self._get(name, params, Urgency.ROUTINE)
        return await self._asker.ask(
            Call(f"v3PublicGetBrokerageMarket{name}", params, Urgency.ROUTINE, cost=PUBLIC)
        )

    async def _pages(
        self, name: str, rows: str, params: Mapping[str, Any], urgency: Urgency = Urgency.ASK
    ) -> list[Any]:
        """Return the rows of all pages; raise `CallError` where there is no end to them."""
        found: list[Any] = []
        cursor = ""
        for _ in range(PAGES_MOST):
            said = await self._get(name, {**params, **({"cursor": cursor} if cursor else {})},
                                   urgency)  # fmt: skip
            found += said[rows]
            cursor = said.get("cursor") or ""
            if not cursor or said.get("has_next") is False:
                return found
        raise CallError(Verdict.UNCLEAR, f"more than {PAGES_MOST} pages of {rows}")

    # What the venue is ----------------------------------------------------------------------

    @reads_answers
    async def load(self) -> None:
        """Ask for the rules of all products of spot."""
        call = Call("v3PublicGetBrokerageMarketProducts", {"product_type": "SPOT"}, cost=PUBLIC)
        self._products.read((await self._asker.ask(call))["products"])

    @reads_answers
    async def server_ms(self) -> int:
        """Return the venue's time."""
        call = Call("v3PublicGetBrokerageTime", cost=PUBLIC)
        return int((await self._asker.ask(call))["epochMillis"])

    async def status(self) -> VenueStatus:
        """Return that the venue is open if it answers: it states its state for products alone."""
        await self.server_ms()
        return VenueStatus(is_open=True, text="answers")

    @reads_answers
    async def grants(self) -> Grants:
        """Return what the key may do; whether it is bound to an address is not told."""
        said = await self._get("KeyPermissions")
        return Grants(
            can_read=bool(said["can_view"]),
            can_trade=bool(said["can_trade"]),
            can_withdraw=bool(said["can_transfer"]),
            account_kind=str(said.get("portfolio_type") or ""),
        )

    @reads_answers
    async def fees(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Return maker and taker fee as fractions: one tier for all products."""
        del symbol
        said = await self._get("TransactionSummary", {"product_type": "SPOT"}, Urgency.ROUTINE)
        tier = said["fee_tier"]
        return number(tier["maker_fee_rate"]), number(tier["taker_fee_rate"])

    # What is owned --------------------------------------------------------------------------

    @reads_answers
    async def balances(self) -> list[Balance]:
        """Return all assets that are not zero."""
        rows = await self._pages("Accounts", "accounts", {"limit": str(WALLETS_PAGE)})
        free: dict[str, Decimal] = {}
        total: dict[str, Decimal] = {}
        for row in rows:
            asset, amount = row["currency"], number(row["available_balance"]["value"])
            held = number((row.get("hold") or {}).get("value"))
            free[asset] = free.get(asset, Decimal(0)) + amount
            total[asset] = total.get(asset, Decimal(0)) + amount + held
        return [Balance(one, total[one], free[one]) for one in total if total[one]]

    @reads_answers
    async def positions(self, symbols: Sequence[str]) -> list[VenuePosition]:
        """Return the coins of each symbol, in whole lots."""
        totals = {one.asset: one.total for one in await self.balances()}
        found = []
        for symbol in symbols:
            market = self.markets[symbol]
            lots = int(totals.get(market.base, Decimal(0)) // market.lot)
            found.append(VenuePosition(symbol, lots))
        return found

    async def free(self, quote: str) -> Decimal:
        """Return the coins of a quote asset that no order holds."""
        return free_of(await self.balances(), quote)

    async def flows(self, quote: str, since_ms: int) -> list[Flow] | None:
        """Return None: this desk asks for no deposits."""
        del quote, since_ms
        return None

    @reads_answers
    async def equity(self, quote: str) -> Decimal:
        """Return cash in a quote asset and all that has a product in it, at last prices.

        What has none counts nothing: the venue states no total in any asset.
        """
        owned = {one.asset: one.total for one in await self.balances()}
        names = {
            self.markets[asset + quote].name: total
            for asset, total in owned.items()
            if asset + quote in self.markets
        }
        worth = owned.get(quote, Decimal(0))
        if names:
            said = await self._data("Products", {"product_ids": sorted(names)})
            prices = {row["product_id"]: number(row["price"]) for row in said["products"]}
            worth += sum((prices[name] * total for name, total in names.items()), Decimal(0))
        return worth

    # Market data ----------------------------------------------------------------------------

    @reads_answers
    async def candles(
        self, symbol: str, timeframe: Timeframe, since_ms: int, limit: int
    ) -> list[CandleRow]:
        """Return bars from a time on, 350 at most; minutes without trades have none.

        The venue answers for a span: one that is empty, before a listing, is followed by the next.
        """
        word = GRANULARITIES[minutes_of(timeframe)]
        span_s, count = timeframe.ms // 1_000, min(limit, CANDLES_MOST)
        start_s = -(-since_ms // timeframe.ms) * span_s
        for _ in range(SPANS_MOST):
            asked = {
                "product_id": self.markets[symbol].name,
                "start": str(start_s),
                "end": str(start_s + count * span_s - 1),
                "granularity": word,
            }
            rows = (await self._data("ProductsProductIdCandles", asked))["candles"]
            start_s += count * span_s
            if rows or start_s * 1_000 > self._asker.now_ms():
                return sorted(map(_bar, rows), key=lambda one: one.open_ms)[:limit]
        return []

    @reads_answers
    async def top(self, symbol: str, depth: int) -> TopOfBook:
        """Return the best levels of the book."""
        market = self.markets[symbol]
        asked = {"product_id": market.name, "limit": str(min(depth, BOOK_MOST))}
        book = (await self._data("ProductBook", asked))["pricebook"]
        bids, asks = (
            tuple(
                (market.ticks_of(one["price"]), market.lots_of(one["size"])) for one in book[side]
            )
            for side in ("bids", "asks")
        )
        return TopOfBook(symbol, bids[:depth], asks[:depth], self._now_ns())

    @reads_answers
    async def tickers(self) -> list[DayTicker]:
        """Return the last 24 hours of all products, whose rows tell no best prices."""
        call = Call("v3PublicGetBrokerageMarketProducts", {"product_type": "SPOT"}, cost=PUBLIC)
        rows = (await self._asker.ask(call))["products"]
        found = ((self._products.find(row["product_id"]), row) for row in rows)
        return [
            DayTicker(
                market.symbol,
                number(row["price"]),
                number(row.get("approximate_quote_24h_volume")),
            )
            for market, row in found
            if market is not None
        ]


def _bar(row: Mapping[str, Any]) -> CandleRow:
    open_ms = int(row["start"]) * 1_000
    o, h, l, c, volume = (number(row[name]) for name in ("open", "high", "low", "close", "volume"))
    return CandleRow(open_ms, o, h, l, c, volume)


def minutes_of(timeframe: Timeframe) -> int:
    """Return the minutes of a timeframe; raise `CallError` where the venue has none of it."""
    minutes, rest = divmod(timeframe.ms, 60_000)
    if rest or minutes not in GRANULARITIES:
        text = f"no bars of {timeframe}: there are 1m, 5m, 15m, 30m, 1h, 2h, 4h, 6h and 1d"
        raise CallError(Verdict.REFUSED, text, reason=RejectReason.NOT_SUPPORTED)
    return minutes
