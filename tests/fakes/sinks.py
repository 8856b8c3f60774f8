"""In-memory stores that follow `core.ports`, and can be killed at any write."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.bars import Bars
from ballast.core.errors import DataError
from ballast.core.records import FUNDING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ballast.core.time import Timeframe

COLUMNS = ("open", "high", "low", "close", "volume")


@dataclass
class MemorySink:
    """A `CandleSink`; refuses to be given a bar it already holds, which no download may do."""

    series: dict[tuple[str, str, Timeframe], Bars] = field(default_factory=dict)
    writes: list[Bars] = field(default_factory=list)

    def has(self, venue: str, symbol: str, timeframe: Timeframe) -> bool:
        return (venue, symbol, timeframe) in self.series

    def read(self, venue: str, symbol: str, timeframe: Timeframe) -> Bars:
        try:
            return self.series[venue, symbol, timeframe]
        except KeyError:
            raise DataError("no such series") from None

    def write(self, bars: Bars) -> None:
        key = (bars.venue, bars.symbol, bars.timeframe)
        self.writes.append(bars)
        if key in self.series:
            held = self.series[key]
            assert not np.isin(bars.ts, held.ts).any(), "a stored bar was fetched again"
            ts = np.concatenate([held.ts, bars.ts])
            order = np.argsort(ts)
            columns = {
                name: np.concatenate([getattr(held, name), getattr(bars, name)])[order]
                for name in COLUMNS
            }
            bars = Bars.of(*key, ts[order], columns)
        self.series[key] = bars


@dataclass
class MemoryBook:
    """A `HoleBook`."""

    spans: dict[tuple[str, str, Timeframe], list[tuple[int, int]]] = field(default_factory=dict)

    def known(self, venue: str, symbol: str, timeframe: Timeframe) -> list[tuple[int, int]]:
        return sorted(self.spans.get((venue, symbol, timeframe), []))

    def confirm(
        self, venue: str, symbol: str, timeframe: Timeframe, spans: Sequence[tuple[int, int]]
    ) -> None:
        self.spans.setdefault((venue, symbol, timeframe), []).extend(spans)


@dataclass
class MemoryFunding:
    """A `FundingSink`."""

    rows: dict[tuple[str, str], NDArray[np.void]] = field(default_factory=dict)

    def read(self, venue: str, symbol: str) -> NDArray[np.void]:
        return self.rows.get((venue, symbol), np.empty(0, FUNDING))

    def write(self, venue: str, symbol: str, rows: NDArray[np.void]) -> None:
        self.rows[venue, symbol] = np.sort(
            np.concatenate([self.read(venue, symbol), rows]), order="at_ms"
        )
