"""Capture: recorded frames of one symbol to rows of a replay, and what there was to say of them.

Only what is known goes into the rows: a whole book when the builder becomes live, each change while
it is, and a row `LOST` when it is not any more. Every hour, so at the start of every day, the whole
book is written again: a reader who begins there needs nothing from before. Rows are in the order of
receipt; a frame received "before" the one that precedes it takes that one's time, and is counted.
"""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.marketdata import (
    EMPTY,
    FIRST,
    LAST,
    LOST,
    NONE,
    OFF_BOOK,
    PRICE,
    QTY,
    REPLAY,
    SNAPSHOT,
    BookUpdate,
    Quote,
    Row,
    Side,
    TheirFault,
    Trade,
)
from ballast.venues.books.builder import BookBuilder, Step
from ballast.venues.books.quality import Gap, Quality, TradeNumbers
from ballast.venues.books.recording import Frame
from ballast.venues.books.rules import rules_of
from ballast.venues.normalise.parse import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from ballast.core.marketdata import Event, Grid, Levels

CHECKPOINT_NS = 3_600 * 1_000_000_000
BATCH_ROWS = 1 << 16
QUOTES_KEPT = 4_096
"""Quotes ahead of the book; a busy second has some 500."""
_INT63 = 2**63 - 1


class Capture:
    """Frames in, rows out: `take` a frame, `drain` the rows so far; `quality` counts."""

    def __init__(self, venue: str, symbol: str, grid: Grid, *, counts_frames: bool = True) -> None:
        """Read frames of a symbol; `counts_frames`: all frames of the connection are given."""
        self.quality = Quality()
        self.rows = 0
        """Rows waiting to be drained."""
        self._venue, self._symbol = venue, symbol
        self._grids = {symbol: grid}
        rules = rules_of(venue)
        self._rules = rules if counts_frames else replace(rules, counts_frames=False)
        self._builder = BookBuilder(self._rules, grid)
        self._parts: list[NDArray[np.void]] = []
        self._singles: list[tuple[int, ...]] = []
        self._numbers = TradeNumbers()
        self._aggregates: bool | None = None
        self._last_frame = NONE
        self._hour = -1
        self._quotes: deque[Quote] = deque(maxlen=QUOTES_KEPT)
        self._at = (0, 0)  # receipt and number of the frame being read

    def take(self, frame: Frame) -> None:
        """Read one frame."""
        quality = self.quality
        quality.frames += 1
        events = normalise(self._venue, frame.body, self._grids, frame.symbol or self._symbol)
        if isinstance(events, TheirFault):
            quality.fault(frame.source, events.where, events.why)
            return
        self._tell(events, frame)

    def hear(self, events: Sequence[Event], received_ns: int, source: str) -> None:
        """Take what was read of a frame elsewhere; prices and quantities count in our grid."""
        self.quality.frames += 1
        self._tell(events, Frame(received_ns, b"", source))

    def lose(self, received_ns: int, why: str) -> None:
        """Be told that the line broke: the book is not known until a whole one comes."""
        if self._builder.is_live:
            self._at = max(received_ns, self.quality.last_ns or 0), self.quality.frames
            self.quality.last_ns = self._at[0]
            self._builder.lose(why)
            self._lost(why)

    def begin_part(self, received_ns: int) -> None:
        """Begin to count anew, with the whole book where it is known: a recording of its own."""
        last_ns = self.quality.last_ns
        at_ns = received_ns if last_ns is None else max(received_ns, last_ns + 1)
        self.quality = Quality(first_ns=at_ns, last_ns=at_ns)
        self._at = at_ns, 0
        if self._builder.is_live:
            self._whole_book(0)

    def _tell(self, events: Sequence[Event], frame: Frame) -> None:
        """Take the events of a frame."""
        quality = self.quality
        received_ns = self._received(frame, events)
        if received_ns is None:
            return
        self._at = received_ns, quality.frames
        self._checkpoint(received_ns)
        self._count_frames(events, frame.source)
        for event in events:
            quality.events[type(event).__name__.lower()] += 1
            at_ns = getattr(event, "at_ns", 0)
            if at_ns and frame.received_ns is not None and not _is_answer(event):
                quality.latency.add(frame.received_ns, at_ns)
            match event:
                case BookUpdate():
                    self._book(event, frame.source)
                case Trade():
                    self._trade(event)
                case Quote():
                    self._best(event)
                case _:
                    pass

    @property
    def is_live(self) -> bool:
        """Say whether the book is known now."""
        return self._builder.is_live

    @property
    def middle_ticks(self) -> int | None:
        """Return the middle of the best prices, None unless both are known."""
        middle = self._builder.book.mid()
        return None if middle is None else round(middle)

    def drain(self) -> NDArray[np.void]:
        """Return the rows since the last call."""
        self._gather()
        rows = np.concatenate(self._parts) if self._parts else np.empty(0, REPLAY)
        self._parts.clear()
        self.rows = 0
        self.quality.checksums = self._builder.checked
        return rows

    def _received(self, frame: Frame, events: Sequence[Event]) -> int | None:
        """Return when the frame was received, or else when its own event was; never going back."""
        quality = self.quality
        at_ns = frame.received_ns
        if at_ns is None:
            at_ns = max((getattr(event, "at_ns", 0) for event in events), default=0) or None
        if at_ns is None:
            quality.undated += 1
            return quality.last_ns
        if quality.first_ns is None:
            quality.first_ns = at_ns
        if quality.last_ns is not None and at_ns < quality.last_ns:
            quality.backwards += 1
            at_ns = quality.last_ns
        quality.last_ns = at_ns
        return at_ns

    def _checkpoint(self, received_ns: int) -> None:
        hour = received_ns // CHECKPOINT_NS
        if hour != self._hour:
            if self._hour >= 0 and self._builder.is_live:
                self._whole_book(0)
            self._hour = hour

    def _count_frames(self, events: Sequence[Event], source: str) -> None:
        """Notice a missing frame of a connection that numbers them all."""
        number = getattr(events[0], "frame_id", NONE) if self._rules.counts_frames else NONE
        if number == NONE:
            return
        expected = self._last_frame + 1
        missing = number != expected and self._last_frame != NONE and number != 0
        self._last_frame = number
        if missing and self._builder.is_live:
            self._builder.lose(f"frame {expected} is followed by {number}")
            self._lost(source)

    def _book(self, update: BookUpdate, source: str) -> None:
        was_live = self._builder.is_live
        book = self._builder.book
        before = book.top(book.depth) if book.depth and was_live else None
        step = self._builder.take(update)
        self.quality.steps[step.value] += 1
        match step:
            case Step.LOADED:
                self._whole_book(update.at_ns)
            case Step.APPLIED:
                bids, asks = update.bids, update.asks
                if before is not None:
                    after = book.top(book.depth)
                    bids, asks = cut(before[0], after[0], bids), cut(before[1], after[1], asks)
                self._levels(bids, asks, update.at_ns, 0)
                self._compare(update)
            case Step.LOST:
                self._lost(source, row=was_live)
            case Step.STALE | Step.WAITING:
                pass

    def _whole_book(self, at_ns: int) -> None:
        book = self._builder.book
        self._levels(book.side(Side.BUY), book.side(Side.SELL), at_ns, SNAPSHOT)

    def _lost(self, source: str, *, row: bool = True) -> None:
        builder = self._builder
        cause = builder.cause.value if builder.cause else ""
        self.quality.gap(Gap(self._at[0], cause, builder.reason, source))
        if row:
            rows = self._new(1, 0, NONE)
            rows["flags"] |= LOST | EMPTY

    def _levels(self, bids: Levels, asks: Levels, at_ns: int, flags: int) -> None:
        count = len(bids) + len(asks)
        if not count and not flags:
            return
        rows = self._new(max(count, 1), at_ns, self._builder.last_id)
        rows["flags"] |= flags
        if not count:
            rows["flags"] |= EMPTY
            return
        rows["price_ticks"] = np.concatenate([bids[:, PRICE], asks[:, PRICE]])
        rows["qty_lots"] = np.concatenate([bids[:, QTY], asks[:, QTY]])
        rows["side"][: len(bids)] = Side.BUY
        rows["side"][len(bids) :] = Side.SELL

    def _trade(self, trade: Trade) -> None:
        """Keep single trades, or aggregates where they come first: both together count twice."""
        if self._aggregates is None:
            self._aggregates = trade.is_aggregate
        if self._rules.buffers and trade.is_aggregate != self._aggregates:
            self.quality.aggregates_dropped += 1
            return
        new, missing = self._numbers.is_new(trade.trade_id, trade.first_id, trade.last_id)
        self.quality.trades_missing += missing
        if not new:
            self.quality.trades_repeated += 1
            return
        number = number_of(trade.trade_id)
        flags = FIRST | LAST | (OFF_BOOK if trade.off_book else 0)
        found = trade.price_ticks, trade.qty_lots, Row.TRADE, trade.side, flags
        self._singles.append((*self._times(trade.at_ns), number, *found))
        self.rows += 1

    def _best(self, quote: Quote) -> None:
        times, number = self._times(quote.at_ns), quote.update_id
        bid = quote.bid_ticks, quote.bid_lots, Row.QUOTE, Side.BUY, FIRST
        ask = quote.ask_ticks, quote.ask_lots, Row.QUOTE, Side.SELL, LAST
        self._singles += ((*times, number, *bid), (*times, number, *ask))
        self.rows += 2
        if quote.update_id != NONE:
            self._quotes.append(quote)

    def _compare(self, update: BookUpdate) -> None:
        """Compare the book with the newest quote that was taken within the update.

        The stream of quotes is often ahead of the book's: quotes beyond the update wait.
        """
        quotes = self._quotes
        quote = None
        while quotes and quotes[0].update_id <= update.last_id:
            quote = quotes.popleft()
        if quote is None or quote.update_id < update.first_id or update.first_id == NONE:
            return
        book = self._builder.book
        bid, ask = book.best_bid or (0, 0), book.best_ask or (0, 0)
        prices = (bid[0], ask[0]) == (quote.bid_ticks, quote.ask_ticks)
        self.quality.quotes_compared += 1
        self.quality.quotes_equal_price += prices
        self.quality.quotes_equal += prices and (bid[1], ask[1]) == (quote.bid_lots, quote.ask_lots)

    def _times(self, at_ns: int) -> tuple[int, int, int]:
        received_ns, frame = self._at
        return received_ns, at_ns, frame

    def _gather(self) -> None:
        """Make an array of the single rows: one by one they would cost as much as all else."""
        if self._singles:
            self._parts.append(np.array(self._singles, REPLAY))
            self._singles.clear()

    def _new(self, count: int, at_ns: int, number: int) -> NDArray[np.void]:
        self._gather()
        rows = np.zeros(count, REPLAY)
        rows["received_ns"], rows["at_ns"], rows["frame"] = self._times(at_ns)
        rows["event_id"] = number
        rows["kind"] = Row.LEVEL
        rows["flags"][0] = FIRST
        rows["flags"][-1] |= LAST
        self._parts.append(rows)
        self.rows += count
        return rows


def batches(capture: Capture, frames: Iterable[Frame]) -> Iterator[NDArray[np.void]]:
    """Yield the rows of frames, some `BATCH_ROWS` at a time."""
    for frame in frames:
        capture.take(frame)
        if capture.rows >= BATCH_ROWS:
            yield capture.drain()
    last = capture.drain()
    if len(last):
        yield last


def cut(before: Levels, after: Levels, changes: Levels) -> Levels:
    """Return the changes of a side that is kept to a depth, with what they pushed out of it.

    The venue tells what comes into the depth, not what leaves it: a reader of the rows that did not
    hear of it would keep such a level for ever.
    """
    kept = after[:, PRICE]
    stays = (changes[:, QTY] == 0) | np.isin(changes[:, PRICE], kept)
    stated = np.concatenate([before[:, PRICE], changes[~stays, PRICE]])
    told = changes[stays]
    gone = np.setdiff1d(np.setdiff1d(stated, kept), told[:, PRICE])
    zeros = np.zeros((len(gone), changes.shape[1]), changes.dtype)
    zeros[:, PRICE] = gone
    return np.concatenate([told, zeros])


def number_of(trade_id: str) -> int:
    """Return the number of a trade: its own, or for a name 63 bits of its hash; -1 without one."""
    if not trade_id:
        return NONE
    if trade_id.isascii() and trade_id.isdigit() and int(trade_id) <= _INT63:
        return int(trade_id)
    digest = hashlib.blake2b(trade_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") & _INT63


def _is_answer(event: Event) -> bool:
    """Say whether an event is a snapshot, which may have been asked for long before."""
    return isinstance(event, BookUpdate) and event.is_snapshot
