"""Ports: what one room asks of another that it may not import.

`venues` downloads and `store` keeps, and neither knows the other: a door (`service`) hands the
stores to the downloader, which sees only these protocols.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ballast.core.bars import Bars
    from ballast.core.instrument import Instrument
    from ballast.core.notices import Heard
    from ballast.core.time import Timeframe


class Clock(Protocol):
    """Elapsed time and waiting, given from outside so that tests run in virtual time."""

    def monotonic(self) -> float:
        """Return seconds that never go back; only differences mean something."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        ...


class EventSource(Protocol):
    """Where somebody announces shocks: a file, a feed, whatever says so (R-DATA-23)."""

    name: str
    """As a person knows it; it stands in alerts and in the journal."""
    patience_s: float
    """How long it may not answer before nothing is opened any more."""

    async def read(self, now_ms: int) -> Heard:
        """Return what it has to say since the last look; raise `DataError` where it is silent.

        Saying the same again does no harm.
        """
        ...


class CandleSink(Protocol):
    """Where candles are kept: one series a venue, symbol and timeframe."""

    def has(self, venue: str, symbol: str, timeframe: Timeframe) -> bool:
        """Say whether the series holds any bar."""
        ...

    def read(self, venue: str, symbol: str, timeframe: Timeframe) -> Bars:
        """Return the whole series in time order; raise `DataError` when there is none."""
        ...

    def write(self, bars: Bars) -> object:
        """Merge `bars` into the series, atomically; raise `UserError` if that is impossible."""
        ...


class HoleBook(Protocol):
    """Which missing bars of a series the venue itself has confirmed not to have."""

    def known(self, venue: str, symbol: str, timeframe: Timeframe) -> list[tuple[int, int]]:
        """Return the confirmed spans `[from_ms, to_ms)` in time order."""
        ...

    def confirm(
        self, venue: str, symbol: str, timeframe: Timeframe, spans: Sequence[tuple[int, int]]
    ) -> None:
        """Add confirmed spans `[from_ms, to_ms)`, durably."""
        ...


class FundingSink(Protocol):
    """Where funding rates are kept, as `records.FUNDING` rows."""

    def read(self, venue: str, symbol: str) -> NDArray[np.void]:
        """Return all rows in time order, none if there are none."""
        ...

    def write(self, venue: str, symbol: str, rows: NDArray[np.void]) -> object:
        """Merge rows into the series, atomically."""
        ...


class InstrumentSink(Protocol):
    """Where dated trading rules are kept."""

    def put(self, instrument: Instrument, valid_from_ms: int) -> object:
        """Add the rules valid from that instant (UTC) on."""
        ...
