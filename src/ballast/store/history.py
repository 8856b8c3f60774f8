"""History: a series as it has to be read today, joined and scaled by its dated events.

The store keeps candles as they were traded. What reads them to decide or to judge wants one unit
and one name for the whole span; that is made here, in memory, and only where there are events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.store.events import MOVING, NAMES_MOST, adjust

if TYPE_CHECKING:
    from ballast.core.bars import Bars
    from ballast.core.time import Timeframe
    from ballast.store.candles import CandleStore
    from ballast.store.eventbook import EventBook


def read_history(
    store: CandleStore,
    book: EventBook,
    venue: str,
    symbol: str,
    timeframe: Timeframe,
    *,
    from_ms: int | None = None,
    to_ms: int | None = None,
) -> Bars:
    """Return the stored bars in today's units, with those of the symbol's older names before them.

    Without events this is `store.read`, nothing copied. An older name that is not stored is left
    out. Raises `DataError` for an unknown series or events that contradict each other or the data.
    """
    bars = store.read(venue, symbol, timeframe)
    events = book.events(bars.venue)
    if events:
        origins = {each.successor: each.symbol for each in events if each.kind in MOVING}
        older: dict[str, Bars] = {}
        name = bars.symbol
        for _ in range(NAMES_MOST):
            before = origins.get(name)
            if before is None or not store.has(bars.venue, before, timeframe):
                break
            name = before
            older[name] = store.read(bars.venue, name, timeframe)
        bars = adjust(bars, events, older=older)
    return bars.period(from_ms, to_ms)
