"""Venue facts: what is known of a venue for the gate, gathered from news; not known is None."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ballast.core.marketdata import Candle, Quote, Trade
from ballast.risk.gate.facts import Link
from ballast.risk.halt.jumps import Jumps
from ballast.runtime.shell.depths import Depths
from ballast.venues.clients.desk import Listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ballast.risk.halt.breaker import Gate
    from ballast.venues.clients.account import VenueStatus
    from ballast.venues.clients.desk import News
    from ballast.venues.clients.market import Market

MS_NS = 1_000_000
SECOND_NS = 1_000_000_000
LEAVES_NS = 3 * 86_400 * 1_000_000_000
"""Before an announced end of trading nothing is opened: depth leaves earlier than the symbol."""
CLOSES_NS = 15 * 60 * 1_000_000_000
"""Before an announced maintenance nothing is opened: what is opened now could not be left then."""
SLIPPAGE_SHARE = 0.5
"""Largest part of equity whose slippage the gate is told: no position may be larger."""
RUNGS = 8
"""Sizes whose slippage is told; each is twice the one before it, so none is taken for more than
twice what it is."""


@dataclass(slots=True)
class Seen:
    """What was heard of one symbol. Times are ours; 0: never."""

    bid_ticks: int = 0
    ask_ticks: int = 0
    last_ticks: int = 0
    data_ns: int = 0
    """When anything last changed: a repeated quote does not count (E3)."""
    is_trading: bool | None = None
    is_leaving: bool = False
    """Whether its end of trading is announced and near: nothing is opened any more."""
    is_left_out: bool = False
    """Whether it fails the rules that the session's symbols are chosen by: nothing is opened."""
    is_contiguous: bool | None = None
    rungs: tuple[tuple[float, float], ...] = ()
    depths: Depths = field(default_factory=Depths)


@dataclass(frozen=True, slots=True)
class Timing:
    """The venue's clock against ours, and when that was measured; None: never."""

    offset_ns: int | None = None
    measured_ns: int | None = None


class VenueFacts:
    """What is known of a venue for some symbols."""

    def __init__(self, markets: Mapping[str, Market], symbols: Iterable[str]) -> None:
        """Know nothing yet but what the rules of the symbols say."""
        self.is_maintenance: bool | None = None
        """Whether it is closed, or is about to be."""
        self.jumps = Jumps()
        self._was_closing = self._is_adrift = False
        self._seen = {one: Seen() for one in symbols}
        self.refresh(markets, now_ns=0)

    def refresh(self, markets: Mapping[str, Market], now_ns: int) -> list[str]:
        """Take the rules as they are now; return the symbols that were found to leave soon."""
        leaving = []
        for symbol, seen in self._seen.items():
            market = markets.get(symbol)
            seen.is_trading = market is not None and market.is_trading
            if market is not None and leaves_soon(market, now_ns):
                seen.is_trading = False
                if not seen.is_leaving:
                    leaving.append(symbol)
                seen.is_leaving = True
        return leaving

    def opens(self, status: VenueStatus | None, now_ns: int) -> str:
        """Learn whether the venue is open; return what is news about that, '' for nothing."""
        if status is None:
            self.is_maintenance = None
            return ""
        closes = status.closes_ms is not None and status.closes_ms * MS_NS - now_ns <= CLOSES_NS
        self.is_maintenance = is_closing = closes or not status.is_open
        was_closing, self._was_closing = self._was_closing, is_closing
        if was_closing == is_closing:
            return ""
        if not is_closing:
            return "the venue is open again"
        verb = "closes soon" if status.is_open else "is closed"
        return f"the venue {verb} ({status.text or 'maintenance'}): nothing is opened"

    def drifts(self, offset_ns: int, most_ns: int) -> str:
        """Learn how far the venue's clock is from this machine's; return what is news about that.

        What is signed follows the venue's clock, and the machine's is left alone (R-EXCH-07).
        """
        was, self._is_adrift = self._is_adrift, abs(offset_ns) > most_ns
        if was == self._is_adrift:
            return ""
        seconds = f"{abs(offset_ns) / SECOND_NS:.1f} s"
        if not self._is_adrift:
            return f"the clocks agree again, to {seconds}"
        where = "ahead of" if offset_ns > 0 else "behind"
        limit = f"limit {most_ns / SECOND_NS:g} s"
        return f"the venue's clock is {seconds} {where} this machine's, {limit}: nothing is opened"

    def of(self, symbol: str) -> Seen:
        """Return what was heard of a symbol."""
        return self._seen[symbol]

    def take(self, news: News, received_ns: int) -> str:
        """Learn from news; return the symbol whose last price changed, '' for none."""
        seen = self._seen.get(getattr(news, "symbol", ""))
        if seen is None:
            return ""
        match news:
            case Quote():
                best = (news.bid_ticks or seen.bid_ticks, news.ask_ticks or seen.ask_ticks)
                if best != (seen.bid_ticks, seen.ask_ticks):
                    seen.bid_ticks, seen.ask_ticks = best
                    seen.data_ns = received_ns
            case Trade() if not news.off_book:
                return self._priced(news.symbol, seen, news.price_ticks, received_ns)
            case Candle():
                return self._priced(news.symbol, seen, news.close_ticks, received_ns)
            case Listed():
                seen.is_trading = news.is_trading and not seen.is_leaving
            case _:
                pass
        return ""

    def _priced(self, symbol: str, seen: Seen, ticks: int, received_ns: int) -> str:
        self.jumps.take(symbol, ticks, received_ns)
        if ticks == seen.last_ticks:
            return ""
        seen.last_ticks, seen.data_ns = ticks, received_ns
        return symbol

    def link(self, symbol: str, gate: Gate, timing: Timing) -> Link:
        """Return what the gate is told of a symbol."""
        seen = self._seen[symbol]
        has_best = 0 < seen.bid_ticks <= seen.ask_ticks
        moved_1m, moved_5m = self.jumps.worst()
        return Link(
            gate,
            is_trading=False if seen.is_left_out else seen.is_trading,
            is_maintenance=self.is_maintenance,
            data_ns=seen.data_ns or None,
            is_contiguous=seen.is_contiguous,
            spread=seen.ask_ticks / seen.bid_ticks - 1.0 if has_best else None,
            slippage=largest_of(seen.rungs),
            clock_offset_ns=timing.offset_ns,
            clock_ns=timing.measured_ns,
            rungs=seen.rungs,
            moved_1m=moved_1m,
            moved_5m=moved_5m,
            depth_share=seen.depths.share,
        )


def leaves_soon(market: Market, now_ns: int) -> bool:
    """Tell whether a symbol's announced end of trading is near (R-EXCH-15)."""
    return market.delists_ms is not None and market.delists_ms * MS_NS - now_ns <= LEAVES_NS


def rungs_of(
    bids: Sequence[tuple[int, int]],
    asks: Sequence[tuple[int, int]],
    *,
    lot_worth: float,
    equity: float,
) -> tuple[tuple[float, float], ...]:
    """Return what sizes up to half of equity cost in the visible depth, on the worse side.

    Pairs of notional and slippage, rising; sizes that the depth does not hold are left out. Levels
    are ticks and lots, best first; `lot_worth` is a lot's price in the unit of equity.
    """
    found = []
    for place in reversed(range(RUNGS)):
        notional = equity * SLIPPAGE_SHARE / 2**place
        lots = int(notional / lot_worth)
        costs = [walked(side, lots) if side else None for side in (bids, asks)]
        known = [one for one in costs if one is not None]
        if len(known) < len(costs):
            break
        found.append((notional, max(known)))
    return tuple(found)


def largest_of(rungs: Sequence[tuple[float, float]]) -> float | None:
    """Return the slippage of the largest size; None: the depth does not hold it."""
    return rungs[-1][1] if len(rungs) == RUNGS else None


def walked(levels: Sequence[tuple[int, int]], lots: int) -> float | None:
    """Return how far the mean price of so many lots is from the best; None: there are too few."""
    left, value = max(lots, 1), 0
    wanted = left
    best = levels[0][0]
    for ticks, shown in levels:
        taken = min(left, shown)
        value += taken * ticks
        left -= taken
        if not left:
            return abs(value / wanted / best - 1.0)
    return None
