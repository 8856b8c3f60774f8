"""Views: one symbol's position and its stops, as three places have them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ballast.core.errors import DataError
from ballast.core.ids import Purpose, purpose_of
from ballast.oms.record import Phase
from ballast.runtime.node.journalled import replayed
from ballast.runtime.node.state import unpacked
from ballast.store.journal import Query
from ballast.store.journal.whole import whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from ballast.core.journal import Record
    from ballast.runtime.node.node import Node
    from ballast.store.journal import JournalReader
    from ballast.strategies.plan import AnyStrategy
    from ballast.venues.clients.desk import VenueDesk

Stop = tuple[str, int, int]
"""Client id, trigger in ticks, lots."""


@dataclass(frozen=True, slots=True)
class View:
    """What one place says of one symbol. `dust_lots` and less is no position."""

    symbol: str
    lots: int
    stops: tuple[Stop, ...] = ()
    dust_lots: int = 0

    @property
    def is_held(self) -> bool:
        """Whether there is a position."""
        return abs(self.lots) > self.dust_lots

    def as_plain(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "symbol": self.symbol,
            "lots": self.lots,
            "stops": [list(one) for one in self.stops],
            "dust_lots": self.dust_lots,
        }

    @staticmethod
    def of_plain(plain: dict[str, Any]) -> View:
        """Read it from JSON; raise `DataError` for what is none."""
        try:
            stops = tuple((str(a), int(b), int(c)) for a, b, c in plain["stops"])
            return View(str(plain["symbol"]), int(plain["lots"]), stops, int(plain["dust_lots"]))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"no view of a symbol: {error}", where="the node's state") from None


def of_node(node: Node, symbols: Iterable[str]) -> dict[str, View]:
    """Return what a node says; a stop on its way is one: its journal has it."""
    found = {}
    for symbol in symbols:
        stops = tuple(
            (one.client_id, one.request.trigger_ticks, one.open_lots)
            for one in node.book.open_orders(symbol)
            if one.purpose is Purpose.STOP and one.phase is Phase.LIVE
        )
        lots = node.book.holding(symbol).lots
        found[symbol] = View(symbol, lots, tuple(sorted(stops)), node.desk(symbol).dust_lots)
    return found


async def of_venue(
    desk: VenueDesk, symbols: Sequence[str], aside: dict[str, int]
) -> dict[str, View]:
    """Ask a venue; raise `CallError`. `aside` are coins of a spot account that are a person's."""
    orders = await desk.open_orders(symbols)
    held = {one.symbol: one.lots for one in await desk.positions(symbols)}
    found = {}
    for symbol in symbols:
        stops = tuple(
            (one.client_id, one.trigger_ticks, one.qty_lots - one.filled_lots)
            for one in orders
            if one.symbol == symbol and purpose_of(one.client_id) is Purpose.STOP
        )
        lots = held.get(symbol, 0) - aside.get(symbol, 0)
        found[symbol] = View(symbol, lots, tuple(sorted(stops)))
    return found


class JournalView:
    """The node of a journal, replayed a little further at each look."""

    def __init__(
        self,
        reader: JournalReader,
        classes: Sequence[AnyStrategy] = (),
        archives: Path | None = None,
    ) -> None:
        """Read from this journal; strategies that are classes must be given.

        `archives` is where the archived records lie: they are read where the snapshot is of another
        version, or damaged.
        """
        self.node: Node | None = None
        self.seen: list[Record] = []
        """Records since the look before."""
        self._reader = reader
        self._classes = classes
        self._archives = archives
        self._seq = 0

    def look(self) -> Node | None:
        """Return the node as the journal has it now; None: it holds none yet."""
        if not self._reader.exists():
            return None
        self.seen = []
        if self._seq == 0:
            loaded = self._reader.load(self._archives)
            if loaded.snapshot is not None:
                try:
                    self.node = unpacked(loaded.snapshot.state, self._classes)
                except DataError:
                    self.node = None
            if self.node is not None or loaded.snapshot is None:
                return self._went_on(loaded.tail)
            if self._archives is not None:
                return self._went_on(whole(self._reader, self._archives))
        with closing(self._reader.find(Query(after_seq=self._seq))) as records:
            return self._went_on(records)

    def _went_on(self, records: Iterable[Record]) -> Node | None:
        replay = replayed(self._noted(records), self._classes, self.node, acts_only=True)
        self.node = replay.node
        return self.node

    def _noted(self, records: Iterable[Record]) -> Iterator[Record]:
        for record in records:
            self._seq = record.seq
            self.seen.append(record)
            yield record
