"""A venue's public data: one client, every question bounded, every fault named.

ccxt's exceptions are sorted by what they mean for a *question*: wrong for ever (`DataError`, exit
code 2) or worth asking again (`VenueFaultError`, retried by `Patience`).
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ballast.core.errors import DataError
from ballast.core.instrument import Kind
from ballast.core.time import DAY_MS, Timeframe
from ballast.venues.download.exchange import find_venue, load_ccxt, open_exchange
from ballast.venues.download.plan import align_up
from ballast.venues.download.retry import Patience
from ballast.venues.download.rows import Page, read_page
from ballast.venues.errors import VenueFaultError, VenueUnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from ballast.core.ports import Clock
    from ballast.venues.download.names import VenueName

T = TypeVar("T")

DAILY = Timeframe(DAY_MS)
UNKNOWN_PAGE = 200
"""Page to start with at a venue that does not publish its limit; `Pager` shrinks it if need be."""
MALFORMED_PAGES = 2
"""An answer with rejected rows is asked for once more: transmission errors do not repeat."""
MARK_SUFFIX = ".mark"


@dataclass(frozen=True, slots=True)
class Listing:
    """One market: its name in the store, ccxt's name, and since when it is traded (if known)."""

    symbol: str
    ccxt_symbol: str
    listed_ms: int | None


class VenueClient:
    """Public data of one venue. Build with `VenueClient.open`, close when done."""

    def __init__(self, venue: VenueName, exchange: Any, patience: Patience) -> None:  # noqa: ANN401
        self.venue = venue
        self.exchange = exchange
        self.patience = patience

    @staticmethod
    def open(
        venue: str,
        clock: Clock,
        *,
        base_url: str | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> VenueClient:
        """Build the client; raise `UserError` for an unknown venue or when ccxt is missing."""
        name = find_venue(venue)
        exchange, budget = open_exchange(name, clock, base_url=base_url, config=config)
        return VenueClient(name, exchange, Patience(name.name, clock, budget))

    async def close(self) -> None:
        """Release the connections."""
        await self.exchange.close()

    async def load(self) -> None:
        """Fetch the list of markets, once."""
        await self.ask(self.exchange.load_markets)

    async def now_ms(self) -> int:
        """Return the venue's time: what is closed is decided by its clock, never by ours."""
        if self.exchange.has.get("fetchTime"):
            now = await self.ask(self.exchange.fetch_time)
        else:
            now = self.exchange.ballast_date_ms
        if not isinstance(now, int):
            raise VenueUnavailableError(
                "the venue does not say what time it is", where=self.venue.name
            )
        return now

    def listing(self, text: str) -> Listing:
        """Find a market by `BTCUSDT`, `BTC/USDT`, `BTC/USDT:USDT` or the venue's own id."""
        wanted = _compact(text)
        names: list[str] = []
        for market in self.exchange.markets.values():
            if not self._is_ours(market):
                continue
            symbol = f"{market['base']}{market['quote']}"
            names.append(symbol)
            if wanted in {_compact(symbol), _compact(market["id"]), _compact(market["symbol"])}:
                return Listing(_compact(symbol), market["symbol"], market.get("created"))
        close = difflib.get_close_matches(wanted, names, n=1, cutoff=0.6)
        raise DataError(
            f"{self.venue.name} has no {self.venue.kind} market '{text}'",
            fix=f"did you mean '{close[0]}'?" if close else "look the symbol up at the venue",
        )

    def check_timeframe(self, timeframe: Timeframe) -> str:
        """Return the venue's word for a timeframe; raise `DataError` if it has none."""
        offered = self.exchange.timeframes or {}
        for word in offered:
            if not word.endswith(("M", "y")) and Timeframe.parse(word) == timeframe:
                return str(word)
        raise DataError(
            f"{self.venue.name} has no {timeframe} candles",
            expected=", ".join(offered) or "a venue with candles",
            fix="download a shorter timeframe and use `ballast data resample`",
        )

    def page_bars(self, listing: Listing, *, mark: bool) -> int:
        """Return the largest page the venue states."""
        ask = self.exchange.feature_value
        limit = ask(listing.ccxt_symbol, "fetchOHLCV", "mark") if mark else None
        limit = limit or ask(listing.ccxt_symbol, "fetchOHLCV", "limit")
        return int(limit) if limit else UNKNOWN_PAGE

    async def candles(
        self,
        listing: Listing,
        timeframe: Timeframe,
        span: tuple[int, int],
        limit: int,
        *,
        mark: bool,
    ) -> Page:
        """Ask for the bars in `[from_ms, to_ms)`."""
        word = self.check_timeframe(timeframe)
        params: dict[str, Any] = {"until": span[1] - 1}
        if mark:
            params["price"] = "mark"
        page = read_page((), timeframe)
        for _ in range(MALFORMED_PAGES):
            rows = await self.ask(
                lambda: self.exchange.fetch_ohlcv(listing.ccxt_symbol, word, span[0], limit, params)
            )
            page = read_page(rows, timeframe, has_volume=not mark)
            if not page.rejected:
                break
        return page

    async def ask(self, question: Callable[[], Awaitable[T]]) -> T:
        """Ask with patience; see `Patience.ask`."""
        return await self.patience.ask(lambda: self._once(question))

    async def _once(self, question: Callable[[], Awaitable[T]]) -> T:
        ccxt = load_ccxt()
        try:
            return await question()
        except (
            ccxt.BadSymbol,
            ccxt.BadRequest,
            ccxt.ArgumentsRequired,
            ccxt.NotSupported,
            ccxt.AuthenticationError,
            ccxt.PermissionDenied,
        ) as error:
            raise DataError(
                f"the venue refuses the question: {_first_line(error)}", where=self.venue.name
            ) from error
        except ccxt.RequestTimeout as error:
            raise VenueFaultError("the venue did not answer in time") from error
        except ccxt.NetworkError as error:
            raise VenueFaultError(f"the venue cannot be reached: {_first_line(error)}") from error
        except ccxt.BaseError as error:
            raise VenueFaultError(f"the venue reports: {_first_line(error)}") from error

    def _is_ours(self, market: Mapping[str, Any]) -> bool:
        if self.venue.kind is Kind.SPOT:
            return bool(market["spot"])
        return bool(market["swap"]) and bool(market["linear"])


class ListingCandles:
    """The candles of one listing as a `pages.Source`."""

    def __init__(
        self, client: VenueClient, listing: Listing, timeframe: Timeframe, *, mark: bool = False
    ) -> None:
        self.client = client
        self.listing = listing
        self.timeframe = timeframe
        self.mark = mark
        self.requests = 0
        self.rejected = 0
        self.reason = ""
        self._has_days = True

    async def page(self, from_ms: int, to_ms: int, limit: int) -> Page:
        """Ask for one page."""
        self.requests += 1
        page = await self.client.candles(
            self.listing, self.timeframe, (from_ms, to_ms), limit, mark=self.mark
        )
        self.rejected += page.rejected
        self.reason = page.reason or self.reason
        return page

    async def next_day(self, from_ms: int, to_ms: int) -> int:
        """Look through daily bars for the next day with trade; `from_ms` if they cannot tell.

        Days without an answer are believed only where the days just before have one: a venue may
        keep minutes longer than days, or no days of this price at all.
        """
        offered = self.client.exchange.timeframes or {}
        if self.timeframe.ms >= DAY_MS or "1d" not in offered or not self._has_days:
            return from_ms
        length = self.client.page_bars(self.listing, mark=self.mark) * DAY_MS
        first = day = from_ms // DAY_MS * DAY_MS
        while day < to_ms:
            stop = min(day + length, align_up(to_ms, DAILY))
            page = await self._days(day, stop)
            if len(page):
                return max(from_ms, int(page.ts[0]))
            day = stop
        self._has_days = len(await self._days(first - length, first)) > 0
        return to_ms if self._has_days else from_ms

    async def _days(self, from_ms: int, to_ms: int) -> Page:
        self.requests += 1
        span = (from_ms, to_ms)
        limit = (to_ms - from_ms) // DAY_MS
        page = await self.client.candles(self.listing, DAILY, span, limit, mark=self.mark)
        return page.within(from_ms, to_ms)


def _compact(text: str) -> str:
    """Return a symbol's letters and digits only: `BTC/USDT` and `btc-usdt` are `BTCUSDT`."""
    return "".join(letter for letter in text.upper() if letter.isalnum())


def _first_line(error: BaseException) -> str:
    """Return the beginning of an error's text: some carry a whole web page."""
    return " ".join(str(error).split())[:160]
