"""Paper: a node and the simulated exchange in one process, in virtual time.

`Paper` brings the exchange's events and the bars that close to the node, in the order in which they
happen. At a close the node hears what is held, what the venue is like and what the account is
worth, and then the bars: so it decides on what is known then (SEMANTICS 1.6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ballast.risk.gate.facts import Link
from ballast.risk.halt.breaker import Gate
from ballast.risk.halt.jumps import Jumps
from ballast.runtime.node.events import (
    BarsClosed,
    Funded,
    FundsShown,
    Linked,
    OrdersShown,
    PositionShown,
    Priced,
    Reported,
    Valued,
)
from ballast.runtime.shell.venue_facts import largest_of, rungs_of
from ballast.venues.simulated.engine.events import Traded, Trading

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ballast.runtime.node.events import ClosedBar
    from ballast.runtime.shell.shell import Shell
    from ballast.venues.simulated.client import SimulatedClient
    from ballast.venues.simulated.engine.events import Event, FundingPaid, Trade
    from ballast.venues.simulated.engine.exchange import Exchange

DEPTH = 20


class BarFeed(Protocol):
    """Says when bars close, and what they are."""

    def next_close_ns(self, now_ns: int) -> int | None:
        """Return the next close time after `now_ns`; None: there are no more."""

    def observe(self, trade: Trade) -> None:
        """See a public trade."""

    def closed(self, close_ns: int) -> Sequence[ClosedBar]:
        """Return the bars of a close time, in declared order."""


class Paper:
    """One session. `run` lets time pass; it can be called again and again."""

    def __init__(
        self, client: SimulatedClient, shell: Shell, feed: BarFeed, symbols: Sequence[str]
    ) -> None:
        """Trade these symbols."""
        self.client = client
        self.exchange: Exchange = client.exchange
        self.shell = shell
        self.feed = feed
        self.symbols = tuple(symbols)
        self.quote = self.exchange.listings[self.symbols[0]].quote
        self._data_ns: dict[str, int] = {}
        self._contiguous: dict[str, bool] = {}
        self._jumps = Jumps()
        shell.look = self.look

    # Time -----------------------------------------------------------------------------------

    def run(self, until_ns: int) -> bool:
        """Let time pass until then; return False when nothing more will close."""
        while True:
            now_ns = self.exchange.now_ns
            close_ns = self.feed.next_close_ns(now_ns)
            soonest = [
                one
                for one in (close_ns, self.exchange.next_ns(), self.shell.next_wake_ns(), until_ns)
                if one is not None
            ]
            to_ns = max(min(soonest), now_ns)
            self.exchange.advance(to_ns)
            self.bring()
            self.shell.wake(to_ns)  # an entry whose time ends here is gone before the next one
            self.bring()
            if close_ns is not None and to_ns >= close_ns:
                self.close(close_ns)
                self.bring()
            if close_ns is None:
                return False
            if to_ns >= until_ns:
                return True

    def bring(self) -> None:
        """Bring what the exchange has told since the last time, and what came of that."""
        while events := self.exchange.drain():
            for symbol in self._watch(events):
                ticks = self.exchange.last_ticks(symbol)
                self.shell.tell(Priced(symbol, ticks, self.exchange.now_ns))
            for report in self.client.reports(events):
                self.shell.tell(Reported(report, self.exchange.now_ns))
            for paid in self.client.fundings(events):
                self._funded(paid)

    def _watch(self, events: Iterable[Event]) -> list[str]:
        """Show public trades to the feed; return the symbols whose price matters to the node."""
        book = self.shell.node.book
        moved: dict[str, None] = {}
        for event in events:
            if isinstance(event, Traded):
                self.feed.observe(event.trade)
                self._data_ns[event.trade.symbol] = event.at_ns
                self._jumps.take(event.trade.symbol, event.trade.price_ticks, event.at_ns)
                moved[event.trade.symbol] = None
        return [
            symbol
            for symbol in moved
            if symbol in self.symbols
            and (book.holding(symbol).lots or any(book.open_orders(symbol)))
        ]

    def _funded(self, paid: FundingPaid) -> None:
        if paid.paid_atoms:
            self.shell.tell(Funded(paid.symbol, -paid.paid_atoms, self.exchange.now_ns))

    # A close --------------------------------------------------------------------------------

    def close(self, close_ns: int) -> None:
        """Let the bars of a close time be decided, on what is known then."""
        bars = tuple(self.feed.closed(close_ns))
        if not bars:
            return
        now_ns = self.exchange.now_ns
        decider = self.shell.node.decider
        for bar in bars:
            # What the node knows, not what this process saw: a gap may lie over a restart.
            last_ms = decider.last_open_ms(bar.symbol) if decider is not None else -1
            span_ms = close_ns // 1_000_000 - bar.open_ms
            self._contiguous[bar.symbol] = last_ms < 0 or last_ms + span_ms == bar.open_ms
            self._data_ns[bar.symbol] = now_ns  # a bar that closed is news
        self.show(now_ns)
        for bar in bars:
            self.shell.tell(Priced(bar.symbol, self.exchange.last_ticks(bar.symbol), now_ns))
            self.shell.tell(Linked(bar.symbol, self.link(bar.symbol), now_ns))
        self.shell.tell(BarsClosed(bars, close_ns, now_ns))

    def show(self, now_ns: int) -> None:
        """Show the node what the venue says of the account: worth, positions, open orders."""
        shell = self.shell
        shell.tell(Valued(self.client.equity_atoms(self.quote), now_ns))
        self._show_funds(now_ns)
        for symbol in self.symbols:
            lots = self.client.position_lots(symbol)
            shell.tell(PositionShown(symbol, lots, now_ns, now_ns))
        shell.tell(OrdersShown(self.client.open_orders(), now_ns, now_ns))

    def _show_funds(self, now_ns: int) -> None:
        self.shell.tell(FundsShown(self.client.free_atoms(self.quote), now_ns, now_ns))

    def look(self, symbol: str) -> None:
        """Show the node what is held of a symbol and what its market is like now."""
        now_ns = self.exchange.now_ns
        lots = self.client.position_lots(symbol)
        self._data_ns[symbol] = now_ns  # candles tell a price now and then: no stream has stopped
        self.shell.tell(PositionShown(symbol, lots, now_ns, now_ns))
        self._show_funds(now_ns)
        self.shell.tell(Priced(symbol, self.exchange.last_ticks(symbol), now_ns))
        self.shell.tell(Linked(symbol, self.link(symbol), now_ns))

    def link(self, symbol: str) -> Link:
        """Say what is known of the venue for a symbol; what is not known is None, and refuses."""
        exchange = self.exchange
        bid, ask = exchange.best(symbol)
        now_ns, rungs = exchange.now_ns, self._rungs(symbol)
        moved_1m, moved_5m = self._jumps.worst()
        return Link(
            Gate.CLOSED,
            is_trading=exchange.trading(symbol) is Trading.TRADING,
            is_maintenance=False,
            data_ns=self._data_ns.get(symbol),
            is_contiguous=self._contiguous.get(symbol),
            spread=ask / bid - 1.0 if bid and ask else None,
            slippage=largest_of(rungs),
            clock_offset_ns=0,
            clock_ns=now_ns,
            rungs=rungs,
            moved_1m=moved_1m,
            moved_5m=moved_5m,
        )

    def _rungs(self, symbol: str) -> tuple[tuple[float, float], ...]:
        """Return what sizes up to half of equity would cost in the visible depth."""
        listing = self.exchange.listings[symbol]
        equity = self.exchange.amount(self.quote, self.client.equity_atoms(self.quote))
        view = self.exchange.book(symbol, DEPTH)
        if not view.bids or not view.asks:
            return ()
        worth = float(listing.price(view.asks[0][0]) * listing.qty(1))
        return rungs_of(view.bids, view.asks, lot_worth=worth, equity=float(equity))
