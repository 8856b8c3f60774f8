"""What is asked of Kraken that is not about orders: rules, rights, fees, balances, market data."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.orders import RejectReason
from ballast.venues.clients.account import (
    Balance,
    CandleRow,
    DayTicker,
    Grants,
    TopOfBook,
    VenuePosition,
    VenueStatus,
    free_of,
)
from ballast.venues.clients.calls import Call, CallError, Urgency, Verdict
from ballast.venues.clients.known import Known
from ballast.venues.clients.kraken import flows
from ballast.venues.clients.kraken.access import HISTORY, NONCE, PUBLIC, QUESTION
from ballast.venues.clients.kraken.names import ONLINE, Names, asset_of
from ballast.venues.clients.kraken.public import MINUTES
from ballast.venues.clients.market import number
from ballast.venues.clients.reading import reads_answers
from ballast.venues.clients.spot import SpotOnly

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ballast.core.time import Timeframe
    from ballast.venues.clients.account import Flow
    from ballast.venues.clients.calls import Asker
    from ballast.venues.clients.market import Market

HALF_SECOND_MS = 500
DAY = 1
"""Of the pairs of figures in `Ticker`: today, and the last 24 hours."""
BOOK_MOST = 500
NONCES = 3
"""Times a request is sent whose nonce came behind a later one: it was refused unread."""
PERCENT = 100
TRADE_RIGHTS = frozenset({"modify-trades", "close-trades"})
READ_RIGHTS = frozenset({"query-funds", "query-open-trades", "query-closed-trades"})
WITHDRAW_RIGHT = "withdraw-funds"


class KrakenQuestions(SpotOnly):
    """An account's questions."""

    venue = "KRAKEN"

    def __init__(self, asker: Asker, now_ns: Callable[[], int]) -> None:
        """Work through an asker; `now_ns` dates what the venue does not."""
        self._asker = asker
        self._now_ns = now_ns
        self._names = Names()
        self._known = Known()
        self.markets: Mapping[str, Market] = self._names.markets

    async def _ask(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        """Return what is under `result`. Two requests may overtake each other: asked again."""
        for left in reversed(range(NONCES)):
            try:
                return (await self._asker.ask(call))["result"]
            except CallError as error:
                if error.code != NONCE or not left:
                    raise
        raise AssertionError  # the last time returns or raises

    async def _public(self, name: str, **params: str) -> Any:  # noqa: ANN401 - JSON
        return await self._ask(Call(f"publicGet{name}", params, cost=PUBLIC))

    async def _private(
        self,
        name: str,
        params: Mapping[str, str] | None = None,
        urgency: Urgency = Urgency.ASK,
        *,
        cost: float = QUESTION,
    ) -> Any:  # noqa: ANN401 - JSON
        call = Call(f"privatePost{name}", params or {}, urgency, cost=cost)
        return await self._ask(call)

    # What the venue is ----------------------------------------------------------------------

    @reads_answers
    async def load(self) -> None:
        """Ask for the rules of all pairs."""
        self._names.read(await self._public("AssetPairs"))

    @reads_answers
    async def server_ms(self) -> int:
        """Return the venue's time: it tells whole seconds, so the middle of one is taken."""
        return int((await self._public("Time"))["unixtime"]) * 1_000 + HALF_SECOND_MS

    @reads_answers
    async def status(self) -> VenueStatus:
        """Return whether the venue is open."""
        said = str((await self._public("SystemStatus"))["status"])
        return VenueStatus(said == ONLINE, said)

    @reads_answers
    async def grants(self) -> Grants:
        """Return what the key may do; cancels have a right of their own."""
        said = await self._private("GetApiKeyInfo")
        rights = said.get("permissions")
        found = None if rights is None else frozenset(rights)
        allowed = said.get("ip_allowlist")
        until_s = number(said.get("valid_until"))
        return Grants(
            can_read=found is None or found >= READ_RIGHTS,
            can_trade=None if found is None else found >= TRADE_RIGHTS,
            can_withdraw=None if found is None else WITHDRAW_RIGHT in found,
            is_ip_bound=None if allowed is None else bool(allowed),
            expires_ms=int(until_s * 1_000) or None,
            account_kind="spot",
        )

    @reads_answers
    async def fees(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Return maker and taker fee as fractions."""
        said = await self._private(
            "TradeVolume", {"pair": self.markets[symbol].name}, Urgency.ROUTINE
        )
        maker, taker = (next(iter(said[part].values()))["fee"] for part in ("fees_maker", "fees"))
        return number(maker) / PERCENT, number(taker) / PERCENT

    @reads_answers
    async def positions(self, symbols: Sequence[str]) -> list[VenuePosition]:
        """Return the coins of each symbol, in whole lots."""
        totals = {one.asset: one.total for one in await self.balances()}
        found = []
        for symbol in symbols:
            market = self.markets[symbol]
            total = totals.get(market.base, Decimal(0))
            found.append(VenuePosition(symbol, int(total // market.lot)))
        return found

    @reads_answers
    async def balances(self) -> list[Balance]:
        """Return all assets that are not zero."""
        rows = await self._private("BalanceEx")
        found = []
        for code, row in rows.items():
            total = number(row["balance"])
            free = total - number(row.get("hold_trade"))
            if total:
                found.append(Balance(asset_of(code), total, free))
        return found

    async def free(self, quote: str) -> Decimal:
        """Return the coins of a quote asset that no order holds."""
        return free_of(await self.balances(), quote)

    @reads_answers
    async def equity(self, quote: str) -> Decimal:
        """Return what the account is worth: its "equivalent balance" in an asset."""
        return number(
            (await self._private("TradeBalance", {"asset": self._names.code(quote)}))["eb"]
        )

    @reads_answers
    async def flows(self, quote: str, since_ms: int) -> list[Flow] | None:
        """Return deposits, withdrawals and transfers, worth what the last price says."""
        rows = await flows.entries(
            lambda params: self._private("Ledgers", params, cost=HISTORY), since_ms
        )
        pairs = flows.pairs_of(self._names, rows, quote)
        prices: dict[str, Decimal] = {}
        if pairs:
            said = await self._public("Ticker", pair=",".join(one.name for one in pairs))
            found = ((self._names.find(name), row) for name, row in said.items())
            prices = {one.symbol: number(row["c"][0]) for one, row in found if one is not None}
        return flows.flows_of(rows, quote, prices)

    # Market data ----------------------------------------------------------------------------

    @reads_answers
    async def candles(
        self, symbol: str, timeframe: Timeframe, since_ms: int, limit: int
    ) -> list[CandleRow]:
        """Return bars from a time on; the venue tells the last 720 at most."""
        said = await self._public(
            "OHLC",
            pair=self.markets[symbol].name,
            interval=str(minutes_of(timeframe)),
            since=str(max(since_ms // 1_000 - 1, 0)),
        )
        rows = next((one for one in said.values() if isinstance(one, list)), [])
        found = [
            CandleRow(int(at_s) * 1_000, number(o), number(h), number(l), number(c), number(v))
            for at_s, o, h, l, c, _average, v, _count in rows
        ]
        return [one for one in found if one.open_ms >= since_ms][:limit]

    @reads_answers
    async def top(self, symbol: str, depth: int) -> TopOfBook:
        """Return the best levels of the book."""
        market = self.markets[symbol]
        said = await self._public("Depth", pair=market.name, count=str(min(depth, BOOK_MOST)))
        book = next(iter(said.values()))
        bids, asks = (
            tuple((market.ticks_of(price), market.lots_of(qty)) for price, qty, _ in book[side])
            for side in ("bids", "asks")
        )
        return TopOfBook(symbol, bids, asks, self._now_ns())

    @reads_answers
    async def tickers(self) -> list[DayTicker]:
        """Return the last 24 hours of all pairs: volume times the average price it traded at."""
        said = await self._public("Ticker")
        found = ((self._names.find(name), row) for name, row in said.items())
        return [
            DayTicker(
                market.symbol,
                number(row["c"][0]),
                number(row["v"][DAY]) * number(row["p"][DAY]),
                number(row["b"][0]),
                number(row["a"][0]),
            )
            for market, row in found
            if market is not None
        ]


def minutes_of(timeframe: Timeframe) -> int:
    """Return the venue's interval of a timeframe; raise `CallError` where it has none."""
    minutes, rest = divmod(timeframe.ms, 60_000)
    if rest or minutes not in MINUTES:
        text = f"no bars of {timeframe}: there are 1m, 5m, 15m, 30m, 1h, 4h, 1d, 1w and 15d"
        raise CallError(Verdict.REFUSED, text, reason=RejectReason.NOT_SUPPORTED)
    return minutes
