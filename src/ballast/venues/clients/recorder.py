"""Recorder: order books and trades of a venue as they come, as rows that the store keeps.

    recorder = Recorder(desk, asker, ["BTCUSDT"], session, clock, now_ns)
    await recorder.run()  # until it is cancelled; meanwhile:
    rows, numbers = recorder.part("BTCUSDT")

Books and trades come by connections of their own, each carried on through what a connection can do.
A book is believed as far as its sequence reaches: when that or the line breaks, a row says that it
is lost, and a whole one is asked for: by a question where the venue's stream has none (Binance), by
a new connection elsewhere. Each part begins with the whole book, so it needs nothing from before.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from ballast.core.marketdata import BookUpdate, Grid, TheirFault, Trade
from ballast.core.time import Timeframe
from ballast.venues.books.capture import Capture
from ballast.venues.books.rules import rules_of
from ballast.venues.clients.calls import Call, CallError, Urgency
from ballast.venues.clients.streams.carrier import Carrier
from ballast.venues.clients.streams.state import Phase
from ballast.venues.normalise.parse import normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import aiohttp
    import numpy as np
    from numpy.typing import NDArray

    from ballast.core.ports import Clock
    from ballast.venues.clients.calls import Asker
    from ballast.venues.clients.desk import Conversation, News, VenueDesk
    from ballast.venues.clients.streams.state import StreamState

MINUTE = Timeframe.parse("1m")
"""Of the bars that come with the trades, and are not kept."""
MEND_S = 1.0
PATIENCE_S = 10.0
"""A connection that brought no book for so long is made anew."""
NEWS_WITHIN_S = 60.0
"""Books of a market change every second."""
LEVELS = 1_000
SNAPSHOTS = {
    "BINANCE": ("publicGetDepth", 50.0),
    "BINANCEUSDM": ("fapiPublicGetDepth", 20.0),
}
"""How the whole book is asked for, where the stream does not send it, and what that costs."""


@dataclass(slots=True)
class Tape:
    """What is recorded of one symbol."""

    symbol: str
    name: str
    """The venue's."""
    grid: Grid
    capture: Capture
    line: int = 0
    """The connection whose whole book came last."""
    unknown_s: float = 0.0
    """Since when the book is not known."""
    books: int = 0
    trades: int = 0
    gaps: int = 0
    """Of parts that were taken already."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """How far a symbol has come, since the beginning."""

    symbol: str
    books: int
    trades: int
    gaps: int
    is_known: bool


@dataclass(slots=True)
class Recorder:
    """Records symbols of one venue; `desk` has loaded its markets."""

    desk: VenueDesk
    asker: Asker
    symbols: Sequence[str]
    session: aiohttp.ClientSession
    clock: Clock
    now_ns: Callable[[], int]
    states: dict[str, StreamState] = field(default_factory=dict)
    """Of each connection, as it was told last."""
    _tapes: dict[str, Tape] = field(default_factory=dict, init=False)
    _asks: bool = field(default=False, init=False)
    _books: list[Carrier] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        """Begin a tape for each symbol."""
        for symbol in self.symbols:
            market = self.desk.markets[symbol]
            grid = Grid(market.tick, market.lot / market.contract)
            capture = Capture(self.desk.venue, symbol, grid, counts_frames=False)
            self._tapes[symbol] = Tape(symbol, market.name, grid, capture)
        self._asks = rules_of(self.desk.venue).buffers

    async def run(self) -> None:
        """Record until cancelled; raise only defects of ours."""
        depth = partial(self.desk.depth, self.symbols)
        public = partial(self.desk.public, self.symbols, MINUTE)
        self._books = self._carriers(depth, NEWS_WITHIN_S, is_book=True)
        carriers = [*self._books, *self._carriers(public, 0.0, is_book=False)]
        works = [asyncio.create_task(one.run()) for one in carriers]
        works.append(asyncio.create_task(self._mend()))
        try:
            done, _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                one.result()
        finally:
            for one in works:
                one.cancel()
            await asyncio.gather(*works, return_exceptions=True)

    def part(self, symbol: str) -> tuple[NDArray[np.void], dict[str, int]]:
        """Take the rows since the last call, with their counts; what follows begins anew."""
        tape = self._tapes[symbol]
        rows = tape.capture.drain()
        numbers = tape.capture.quality.numbers()
        tape.gaps += tape.capture.quality.gaps
        tape.capture.begin_part(self.now_ns())
        return rows, numbers

    def drain(self, symbol: str) -> NDArray[np.void]:
        """Take the rows since the last call, which go on where the last ones ended."""
        return self._tapes[symbol].capture.drain()

    def grid(self, symbol: str) -> Grid:
        """Return the steps that the rows of a symbol count in."""
        return self._tapes[symbol].grid

    def recorded(self) -> tuple[Recorded, ...]:
        """Return how far each symbol has come."""
        return tuple(
            Recorded(
                one.symbol,
                one.books,
                one.trades,
                one.gaps + one.capture.quality.gaps,
                one.capture.is_live,
            )
            for one in self._tapes.values()
        )

    # What is heard --------------------------------------------------------------------------

    def _carriers(
        self, make: Callable[[], Sequence[Conversation]], news_within_s: float, *, is_book: bool
    ) -> list[Carrier]:
        carriers = []
        for place in range(len(make())):
            ear = _Ear(self._book if is_book else self._trade)
            carrier = Carrier(
                self.session,
                partial(_at, make, place),
                self.clock,
                self.now_ns,
                on_news=ear.hear,
                on_state=self._told_of_books if is_book else self._told,
                on_frame=ear.note,
                news_within_s=news_within_s,
                seed=place,
            )
            carriers.append(carrier)
        return carriers

    def _book(self, news: News, received_ns: int, line: int) -> None:
        if not isinstance(news, BookUpdate) or news.symbol not in self._tapes:
            return
        tape = self._tapes[news.symbol]
        if not self._asks:  # each connection begins with a whole book, and counts by itself
            if news.is_snapshot and line > tape.line:
                tape.line = line
            if line != tape.line:
                return
        was_known = tape.capture.is_live
        tape.capture.hear((news,), received_ns, "stream")
        tape.books += 1
        if was_known and not tape.capture.is_live:  # nothing on this connection can heal it
            tape.unknown_s = self.clock.monotonic() - PATIENCE_S

    def _trade(self, news: News, received_ns: int, line: int) -> None:
        del line  # trades have numbers: what two connections tell is kept once
        if isinstance(news, Trade) and news.symbol in self._tapes:
            tape = self._tapes[news.symbol]
            tape.capture.hear((news,), received_ns, "stream")
            tape.trades += 1

    def _told(self, state: StreamState) -> None:
        self.states[state.name] = state

    def _told_of_books(self, state: StreamState) -> None:
        self.states[state.name] = state
        if state.phase is Phase.DOWN:
            for tape in self._tapes.values():
                tape.capture.lose(state.at_ns, state.reason)
                tape.unknown_s = self.clock.monotonic()

    # Whole books ----------------------------------------------------------------------------

    async def _mend(self) -> None:
        """See to it that books which are not known become known again."""
        while True:
            await self.clock.sleep(MEND_S)
            lost = [one for one in self._tapes.values() if not one.capture.is_live]
            if not lost or not all(
                one.state is not None and one.state.phase is Phase.READY for one in self._books
            ):
                continue
            if self._asks:
                for tape in lost:
                    await self._ask(tape)
                continue
            now_s = self.clock.monotonic()
            if any(now_s - one.unknown_s >= PATIENCE_S for one in lost):
                for one in lost:
                    one.unknown_s = now_s
                for carrier in self._books:
                    carrier.restart("a hole in the sequence of the book")

    async def _ask(self, tape: Tape) -> None:
        """Ask for a whole book; one that does not fit the changes that came is asked for again."""
        method, cost = SNAPSHOTS[self.desk.venue]
        params = {"symbol": tape.name, "limit": LEVELS}
        try:
            answer = await self.asker.ask(Call(method, params, Urgency.ROUTINE, cost=cost))
        except CallError:
            return
        received_ns = self.now_ns()
        body = msgspec.json.encode(answer)
        events = normalise(self.desk.venue, body, {tape.name: tape.grid}, tape.name)
        if isinstance(events, TheirFault):
            tape.capture.quality.fault("snapshot", events.where, events.why)
            return
        tape.capture.hear(events, received_ns, "snapshot")


class _Ear:
    """Hears one carrier, and knows which of its connections speaks."""

    def __init__(self, take: Callable[[News, int, int], None]) -> None:
        self._take = take
        self._line = 0

    def note(self, line: int, frame: bytes, received_ns: int) -> None:
        del frame, received_ns
        self._line = line

    def hear(self, news: News, received_ns: int) -> None:
        self._take(news, received_ns, self._line)


def _at(make: Callable[[], Sequence[Conversation]], place: int) -> Conversation:
    """Return the conversation of one place, made anew: it begins without memory."""
    return make()[place]
