"""Live: listens to the public streams of a real exchange, and gives what it hears to the market.

Public data only: no key, no order ever leaves. Each connection has a capture of its own, which
believes a book only as far as its sequence reaches; when that or the line breaks, the market is
told that the book is not known, and a new connection begins after a pause that grows.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp

from ballast.core.errors import UserError
from ballast.venues.books.capture import Capture
from ballast.venues.books.recording import Frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.core.marketdata import Grid
    from ballast.venues.simulated.liquidity.live import LiveBook

SILENCE_S = 60.0
"""A market that says nothing for so long has no line any more: all of these speak every second."""
ANSWER_S = 15.0
FRAME_MAX = 1 << 24
PING_S = 15.0
PAUSE_S, PAUSE_MAX_S = 1.0, 60.0
FAILURES_MAX = 30
"""Connections that brought no book, one after the other: half an hour; then somebody must look."""
SNAPSHOTS_MAX = 10
GOODBYE_S = 0.25


@dataclass(frozen=True, slots=True)
class Tap:
    """Where an exchange tells depth and trades of a pair, and what it wants to be asked."""

    venue: str
    """Its name in `venues.normalise`."""
    spelling: str
    """Of a pair of `{base}` and `{quote}`."""
    url: str
    subscribe: tuple[str, ...] = ()
    """What is said first; nothing where the address says it all."""
    snapshot_url: str = ""
    """Where the whole book is asked for, if the stream does not send it."""
    ping: str = ""

    def symbol(self, base: str, quote: str) -> str:
        """Return how the exchange spells a pair."""
        return self.spelling.format(base=base, quote=quote)


def _asked(**words: Any) -> str:  # noqa: ANN401 - JSON
    return json.dumps(words)


TAPS = {
    "binance": Tap(
        "BINANCE",
        "{base}{quote}",
        "wss://stream.binance.com:9443/stream?streams={low}@depth@100ms/{low}@trade",
        snapshot_url="https://api.binance.com/api/v3/depth?symbol={symbol}&limit=1000",
    ),
    "bybit": Tap(
        "BYBIT",
        "{base}{quote}",
        "wss://stream.bybit.com/v5/public/spot",
        (_asked(op="subscribe", args=["orderbook.200.SYMBOL", "publicTrade.SYMBOL"]),),
        ping=_asked(op="ping"),
    ),
    "okx": Tap(
        "OKX",
        "{base}-{quote}",
        "wss://ws.okx.com:8443/ws/v5/public",
        (
            _asked(
                op="subscribe",
                args=[{"channel": one, "instId": "SYMBOL"} for one in ("books", "trades")],
            ),
        ),
        ping="ping",
    ),
    "kraken": Tap(
        "KRAKEN",
        "{base}/{quote}",
        "wss://ws.kraken.com/v2",
        (
            _asked(
                method="subscribe",
                params={"channel": "book", "symbol": ["SYMBOL"], "depth": 1_000},
            ),
            _asked(
                method="subscribe",
                params={"channel": "trade", "symbol": ["SYMBOL"], "snapshot": False},
            ),
        ),
    ),
    "coinbase": Tap(
        "COINBASE",
        "{base}-{quote}",
        "wss://advanced-trade-ws.coinbase.com",
        tuple(
            _asked(type="subscribe", product_ids=["SYMBOL"], channel=channel)
            for channel in ("heartbeats", "level2", "market_trades")
        ),
    ),
}


class LostError(Exception):
    """The book is not known any more; a new connection is needed."""


class LiveFeed:
    """One pair of one exchange, for as many books as listings want it."""

    def __init__(
        self,
        tap: Tap,
        symbol: str,
        grid: Grid,
        *,
        session: Callable[[], aiohttp.ClientSession] = aiohttp.ClientSession,
        pause_s: float = PAUSE_S,
    ) -> None:
        """Prepare to listen; `session` opens what connections are made with."""
        self.books: list[LiveBook] = []
        self.failures = 0
        """Connections that brought no book, since the last one that did."""
        self._tap = tap
        self._symbol = symbol
        self._grid = grid
        self._session = session
        self._pause_s = pause_s

    async def listen(self, now_ns: Callable[[], int]) -> None:
        """Listen for ever, in the time of the venue; raise `UserError` when it is of no use."""
        while True:
            try:
                capture = Capture(self._tap.venue, self._symbol, self._grid)
                await self._visit(now_ns, capture)
            except (aiohttp.ClientError, OSError, TimeoutError, LostError) as problem:
                why = str(problem) or type(problem).__name__
            else:
                why = "the exchange closed the stream"
            for book in self.books:
                book.lose(now_ns())
            self.failures += 1
            if self.failures > FAILURES_MAX:
                raise UserError(
                    f"no book of {self._symbol} from {self._tap.venue} in {FAILURES_MAX} attempts:"
                    f" {why}",
                    fix="see whether the exchange can be reached and lists the pair",
                )
            await asyncio.sleep(min(PAUSE_MAX_S, self._pause_s * 2 ** (self.failures - 1)))

    async def first_price_ticks(self, now_ns: Callable[[], int], within_s: float = ANSWER_S) -> int:
        """Return the middle of the book, in ticks; raise `UserError` if none comes in time."""
        heard = Capture(self._tap.venue, self._symbol, self._grid)

        async def look() -> int:
            await self._visit(now_ns, heard, until_live=True)
            if heard.middle_ticks is None:
                raise LostError("a side of the book is empty")
            return heard.middle_ticks

        try:
            return await asyncio.wait_for(look(), within_s)
        except (aiohttp.ClientError, OSError, TimeoutError, LostError) as problem:
            why = next(iter(heard.quality.first_faults), "") or str(problem) or "no answer"
            raise UserError(
                f"no book of {self._symbol} from {self._tap.venue}: {why}",
                where="--market",
                fix="see whether the exchange can be reached, lists the pair, and has these steps",
            ) from None

    async def _visit(
        self, now_ns: Callable[[], int], capture: Capture, *, until_live: bool = False
    ) -> None:
        try:
            async with self._session() as session:
                await self._connection(session, now_ns, capture, until_live=until_live)
        finally:
            # A TLS line says goodbye after its session is closed; a loop cannot end before that.
            await asyncio.sleep(GOODBYE_S)

    async def _connection(
        self,
        session: aiohttp.ClientSession,
        now_ns: Callable[[], int],
        capture: Capture,
        *,
        until_live: bool = False,
    ) -> None:
        """Listen on one connection until it ends, or raise what broke it."""
        tap, symbol = self._tap, self._symbol
        url = tap.url.format(low=symbol.lower(), symbol=symbol)
        async with session.ws_connect(url, max_msg_size=FRAME_MAX) as stream:
            for words in tap.subscribe:
                await stream.send_str(words.replace("SYMBOL", symbol))
            reader = asyncio.create_task(self._read(stream, now_ns, capture, until_live=until_live))
            tasks: set[asyncio.Task[None]] = {reader}
            if tap.snapshot_url:
                tasks.add(asyncio.create_task(self._ask(session, capture, now_ns)))
            if tap.ping:
                tasks.add(asyncio.create_task(_ping(stream, tap.ping)))
            waiting = tasks
            try:
                while reader in waiting:
                    done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                    for one in done:
                        one.result()
            finally:
                for one in tasks:
                    one.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(
        self,
        stream: aiohttp.ClientWebSocketResponse,
        now_ns: Callable[[], int],
        capture: Capture,
        *,
        until_live: bool,
    ) -> None:
        was_live = False
        while True:
            message = await stream.receive(SILENCE_S)
            if message.type is not aiohttp.WSMsgType.TEXT:
                return
            if message.data == "pong":
                continue
            capture.take(Frame(now_ns(), message.data.encode(), self._tap.venue))
            self._hand_on(capture)
            if was_live and not capture.is_live:
                raise LostError("a hole in the sequence of the book")
            was_live = capture.is_live
            if was_live and until_live:
                return

    async def _ask(
        self, session: aiohttp.ClientSession, capture: Capture, now_ns: Callable[[], int]
    ) -> None:
        """Ask for the whole book, until one fits the changes that have come."""
        url = self._tap.snapshot_url.format(symbol=self._symbol)
        for _ in range(SNAPSHOTS_MAX):
            await asyncio.sleep(self._pause_s)  # changes must be there before the book they follow
            async with session.get(url, timeout=aiohttp.ClientTimeout(ANSWER_S)) as answer:
                body = await answer.read()
            capture.take(Frame(now_ns(), body, "snapshot", self._symbol))
            self._hand_on(capture)
            if capture.is_live:
                return
        raise LostError("no whole book fits the changes")

    def _hand_on(self, capture: Capture) -> None:
        if capture.is_live:
            self.failures = 0
        if capture.rows:
            rows = capture.drain()
            for book in self.books:
                book.push(rows)


async def _ping(stream: aiohttp.ClientWebSocketResponse, text: str) -> None:
    while True:
        await asyncio.sleep(PING_S)
        await stream.send_str(text)
