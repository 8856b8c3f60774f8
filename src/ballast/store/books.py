"""Books from recordings: replay of all events in the order of receipt, a book at any moment.

    for rows in read_events(root, "BINANCE", "BTCUSDT", from_ns, to_ns): ...

A replay that begins in the middle begins with the whole book of that moment, so that a reader needs
nothing from before. Memory holds one row group of each kind, whatever the length of the replay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import DataError
from ballast.core.marketdata import FIRST, LAST, LOST, NONE, REPLAY, SNAPSHOT, Row, Side
from ballast.store.depth import ladder
from ballast.store.tickfile import KINDS
from ballast.store.ticks import TickStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ballast.core.marketdata import Grid
    from ballast.store.tickfile import Rows

_MS = 1_000_000
_KEY = ("received_ns", "frame")


class StoredBook:
    """A book that is built from the rows of a replay; `is_known` says whether it may be used."""

    def __init__(self) -> None:
        self.is_known = False
        self.last_id = NONE
        self._sides: dict[int, dict[int, int]] = {1: {}, -1: {}}

    def apply(self, rows: Rows) -> None:
        """Apply level rows in their order; rows of other kinds are passed over."""
        levels = rows[rows["kind"] == Row.LEVEL]
        starts = np.flatnonzero(levels["flags"] & (SNAPSHOT | LOST) != 0)
        starts = starts[levels["flags"][starts] & FIRST != 0]
        if len(starts):  # nothing before the last new beginning matters
            levels = levels[starts[-1] :]
            self._sides = {1: {}, -1: {}}
            self.is_known = not int(levels["flags"][0]) & LOST
        if not len(levels) or not self.is_known:
            return
        self.last_id = int(levels["event_id"][-1])
        columns = (levels[name].tolist() for name in ("side", "price_ticks", "qty_lots"))
        for side, price, qty in zip(*columns, strict=True):
            if qty:
                self._sides[side][price] = qty
            elif side:
                self._sides[side].pop(price, None)

    def side(self, side: Side, most: int | None = None) -> NDArray[np.int64]:
        """Return rows of (ticks, lots), the best first."""
        levels = sorted(self._sides[int(side)].items(), reverse=side is Side.BUY)[:most]
        return np.array(levels, np.int64).reshape(-1, 2)

    def rows(self, received_ns: int) -> Rows:
        """Return the book as the rows of a snapshot received at a time; none if it is not known."""
        bids, asks = self.side(Side.BUY), self.side(Side.SELL)
        rows = np.zeros(len(bids) + len(asks) if self.is_known else 0, REPLAY)
        if len(rows):
            rows["received_ns"] = received_ns
            rows["frame"] = NONE
            rows["event_id"] = self.last_id
            rows["price_ticks"] = np.concatenate([bids[:, 0], asks[:, 0]])
            rows["qty_lots"] = np.concatenate([bids[:, 1], asks[:, 1]])
            rows["side"] = [Side.BUY] * len(bids) + [Side.SELL] * len(asks)
            rows["flags"] = SNAPSHOT
            rows["flags"][0] |= FIRST
            rows["flags"][-1] |= LAST
        return rows


def read_events(
    root: Path,
    venue: str,
    symbol: str,
    from_ns: int | None = None,
    to_ns: int | None = None,
    *,
    kinds: Sequence[Row] = tuple(KINDS),
) -> Iterator[Rows]:
    """Yield all that was received in `[from_ns, to_ns)`, as arrays of `core.marketdata.REPLAY`.

    Rows are in the order of receipt, within a message as sent; an event is never cut by the order,
    but its rows may lie in two arrays (`FIRST` and `LAST` mark its ends). If a book is known at
    `from_ns`, the first array is that book: `SNAPSHOT` rows received at `from_ns`, of frame -1.
    Raises `DataError` if nothing is recorded, or a file is damaged.
    """
    store = TickStore(root)
    manifest = store.manifest(venue, symbol)
    if from_ns is not None and Row.LEVEL in kinds:
        before = book_at(store, manifest.venue, manifest.symbol, from_ns).rows(from_ns)
        if len(before):
            yield before
    streams = [store.rows(manifest.venue, manifest.symbol, kind, from_ns, to_ns) for kind in kinds]
    yield from merged(streams)


def book_at(store: TickStore, venue: str, symbol: str, at_ns: int) -> StoredBook:
    """Return the book as it was just before a time of receipt."""
    book = StoredBook()
    first_ns = _last_beginning(store, venue, symbol, at_ns)
    if first_ns is not None:
        for rows in store.rows(venue, symbol, Row.LEVEL, first_ns, at_ns):
            book.apply(rows)
    return book


def _last_beginning(store: TickStore, venue: str, symbol: str, at_ns: int) -> int | None:
    """Return when the last whole book before a time was received; None if there is none."""
    manifest = store.manifest(venue, symbol)
    prefix = f"{KINDS[Row.LEVEL]}/"
    days = [entry for name, entry in manifest.days.items() if name.startswith(prefix)]
    for entry in sorted(days, key=lambda each: each.first_ns, reverse=True):
        if entry.first_ns >= at_ns:
            continue
        found = None
        for rows in store.rows(venue, symbol, Row.LEVEL, entry.first_ns, at_ns):
            wanted = rows["flags"] & (SNAPSHOT | FIRST) == SNAPSHOT | FIRST
            if wanted.any():
                found = int(rows["received_ns"][np.flatnonzero(wanted)[-1]])
        if found is not None:
            return found
    return None


def merged(streams: Sequence[Iterator[Rows]]) -> Iterator[Rows]:
    """Merge streams that are each in order of (receipt, frame); hold one array of each."""
    heads = {
        number: head
        for number, each in enumerate(streams)
        if (head := next(each, None)) is not None
    }
    while heads:
        horizon = min(_key(rows, -1) for rows in heads.values())
        parts = []
        for number in sorted(heads):
            rows = heads[number]
            cut = len(rows) if _key(rows, -1) <= horizon else _first_beyond(rows, horizon)
            parts.append(rows[:cut])
            rest: Rows | None = rows[cut:]
            if rest is not None and not len(rest):
                rest = next(streams[number], None)
            if rest is None:
                del heads[number]
            else:
                heads[number] = rest
        ready = np.concatenate(parts)
        yield ready[np.lexsort((ready["frame"], ready["received_ns"]))]


def _key(rows: Rows, at: int) -> tuple[int, int]:
    row = rows[at]
    return int(row["received_ns"]), int(row["frame"])


def _first_beyond(rows: Rows, horizon: tuple[int, int]) -> int:
    """Return the first row after (receipt, frame) `horizon`."""
    received_ns, frame = horizon
    times = rows["received_ns"]
    low = int(np.searchsorted(times, received_ns, side="left"))
    high = int(np.searchsorted(times, received_ns, side="right"))
    return low + int(np.searchsorted(rows["frame"][low:high], frame, side="right"))


def ladders(
    store: TickStore, venue: str, symbol: str, every_ns: int, levels: int, contract: float = 1.0
) -> dict[int, NDArray[np.void]]:
    """Return ladders of slippage, by their time in ms, of the stored book every so often.

    A moment at which the book is not known, or lacks a side, has none. `contract` is the base units
    of a lot's unit (OKX swaps). Raises `DataError` if no moment has one.
    """
    manifest = store.manifest(venue, symbol)
    found: dict[int, NDArray[np.void]] = {}
    book, due = StoredBook(), None
    for rows in store.rows(venue, symbol, Row.LEVEL):
        part = rows
        while len(part):
            if due is None:
                due = (int(part["received_ns"][0]) // every_ns + 1) * every_ns
            cut = int(np.searchsorted(part["received_ns"], due, side="left"))
            book.apply(part[:cut])
            part = part[cut:]
            if len(part):
                _keep(found, book, due, manifest.grid, levels, contract)
                due = (int(part["received_ns"][0]) // every_ns + 1) * every_ns
    if due is not None:
        _keep(found, book, due, manifest.grid, levels, contract)
    if not found:
        raise DataError("no book was known at any of these times", where=f"{venue}-{symbol}")
    return found


def _keep(
    found: dict[int, NDArray[np.void]], book: StoredBook, at_ns: int, grid: Grid, levels: int,
    contract: float,
) -> None:  # fmt: skip
    bids, asks = (
        _floats(book.side(side, levels), grid, contract) for side in (Side.BUY, Side.SELL)
    )
    if book.is_known and len(bids) and len(asks):
        found[at_ns // _MS] = ladder(bids, asks, levels)


def _floats(levels: NDArray[np.int64], grid: Grid, contract: float) -> NDArray[np.float64]:
    price, qty = grid.price, grid.qty
    prices = levels[:, 0] * price.step / 10.0**price.places
    return np.stack([prices, levels[:, 1] * qty.step / 10.0**qty.places * contract], axis=1)
