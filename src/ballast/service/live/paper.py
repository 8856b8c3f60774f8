"""Paper: a venue's market as it is now, and an account that is none of it (R-EXCH-20).

Candles, prices, rules and the clock come from the venue, without a key. Orders go to an exchange in
this process whose books are the venue's own, heard change by change: our orders queue behind what
stands there. The exchange is kept in a file after everything that changed the account.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ballast.core.errors import DataError, UserError
from ballast.core.instrument import Kind
from ballast.oms.protection.cover import Abilities
from ballast.store.disk import Disk, disk_errors, replace_file
from ballast.venues.clients.recorder import Recorder
from ballast.venues.simulated.client import SimulatedClient
from ballast.venues.simulated.desk import PaperDesk
from ballast.venues.simulated.engine.exchange import Exchange
from ballast.venues.simulated.engine.profile import BuyFee, Filters, Listing, VenueProfile
from ballast.venues.simulated.liquidity.live import LiveBook

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence
    from decimal import Decimal
    from pathlib import Path
    from typing import Any

    from ballast.core.settings import CostSettings
    from ballast.runtime.shell.live import Live
    from ballast.runtime.wiring import Line
    from ballast.service.live.opening import OpenedLive
    from ballast.venues.clients.market import Market

PPM = 1_000_000
MAX_QTY = 10**9


@dataclass(slots=True)
class PaperMarket:
    """A paper account at a venue that is heard."""

    line: Line
    """Its desk is the paper account's."""
    desk: PaperDesk
    recorder: Recorder
    books: dict[str, LiveBook]

    def works(self, live: Live) -> Sequence[Coroutine[Any, Any, None]]:
        """Return what must go on beside the session."""
        return (self.recorder.run(), self.desk.pump(live.hear, self.line.clock, feed=self._feed))

    def _feed(self) -> None:
        for symbol, book in self.books.items():
            rows = self.recorder.drain(symbol)
            if len(rows):
                book.push(rows)
        for symbol in self._unmarked():
            bid, ask = self.desk.client.exchange.best(symbol)
            if bid and ask:  # until the first trade the middle is the mark: 0 would be a fortune
                self.desk.client.exchange.street.set_mark(symbol, (bid + ask) // 2)

    def _unmarked(self) -> list[str]:
        exchange = self.desk.client.exchange
        return [
            one
            for one in self.books
            if exchange.listings[one].kind is Kind.PERPETUAL
            and not exchange.perpetual(one).mark_ticks
        ]

    @property
    def is_heard(self) -> bool:
        """Whether every book is known, and every perpetual has a mark."""
        return all(one.is_known for one in self.recorder.recorded()) and not self._unmarked()


def open_paper_market(
    line: Line, symbols: Sequence[str], costs: CostSettings, cash: Decimal, kept: Path
) -> PaperMarket:
    """Put a paper account at the venue of a line; go on with the one that is kept in a file.

    Raise `UserError` for symbols it does not list or that do not share one quote, `DataError` for
    a file that is of another account.
    """
    unknown = [one for one in symbols if one not in line.desk.markets]
    if unknown:
        raise UserError(f"{line.name} does not list {', '.join(unknown)}", where="--symbol")
    markets = [line.desk.markets[one] for one in symbols]
    if len({one.quote for one in markets}) > 1:
        raise UserError("symbols of different quote assets cannot share an account")
    listings = [listing_of(one, costs) for one in markets]
    profile = VenueProfile(name="paper", buy_fee=BuyFee.QUOTE)
    exchange = Exchange(profile, listings, seed=0, start_ns=line.now_ns())
    books = {
        one.symbol: LiveBook(one.symbol, sets_mark=one.kind is Kind.PERPETUAL) for one in markets
    }
    for book in books.values():
        exchange.attach(book)
    number = exchange.open_account("paper", {markets[0].quote: cash})
    if kept.is_file():
        _restore(exchange, kept)
    desk = PaperDesk(
        line.desk, SimulatedClient(exchange, number), line.now_ns, lambda data: _keep(kept, data)
    )
    recorder = Recorder(line.desk, line.asker, list(symbols), line.session, line.clock, line.now_ns)
    return PaperMarket(replace(line, desk=desk), desk, recorder, books)


def on_paper(opened: OpenedLive) -> OpenedLive:
    """Return a session with stops as the exchange in this process moves them.

    Pairs rest where the venue of the prices would let them.
    """
    is_perpetual = opened.instruments[0].kind is Kind.PERPETUAL
    abilities = Abilities(
        reduces_only=is_perpetual,
        amends_stops=is_perpetual,
        replaces=not is_perpetual,
        pairs=opened.rules.abilities.pairs,
        trails=is_perpetual,
        trail_ppm=opened.rules.abilities.trail_ppm,
    )
    return replace(opened, rules=replace(opened.rules, abilities=abilities))


def listing_of(market: Market, costs: CostSettings) -> Listing:
    """Return a venue's symbol as the exchange in this process lists it."""
    return Listing(
        market.symbol,
        market.base,
        market.quote,
        tick=market.tick,
        lot=market.lot,
        kind=market.kind,
        filters=Filters(
            min_price=market.tick,
            max_price=market.max_price or market.tick * 10**9,
            min_qty=market.min_qty or market.lot,
            max_qty=market.max_qty or market.lot * MAX_QTY,
            market_max_qty=market.market_max_qty,
            min_notional=market.min_notional,
        ),
        maker_ppm=round(costs.maker * PPM),
        taker_ppm=round(costs.taker * PPM),
    )


def _keep(path: Path, data: bytes) -> None:
    replace_file(Disk(), path, [data])


def _restore(exchange: Exchange, path: Path) -> None:
    """Go on with a kept exchange; raise `DataError` for another one's, or a damaged one."""
    with disk_errors(path):
        data = path.read_bytes()
    try:
        exchange.restore(data)
    except DataError as error:
        raise DataError(
            f"the paper account cannot go on: {error.what}",
            where=str(path),
            expected="the symbols, steps and fees it began with",
            fix="start it as before, take another account, or `ballast reset`",
        ) from None
