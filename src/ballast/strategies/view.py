"""What an on-bar class sees: this bar and the bars before it, and nothing later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.errors import StrategyError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ballast.core.bars import Bars


class BarView:
    """A window on closed bars that ends at the current one. The driver calls `move`.

    Single values are plain Python numbers; `closes(n)` and its like are arrays of the last n values
    (fewer at the start), oldest first.
    """

    __slots__ = ("_bars", "_close", "_high", "_low", "_open", "_row", "_ts", "_volume")

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._row = -1
        # A memoryview gives a Python number at a third of the cost of a numpy scalar.
        self._ts = bars.ts.data
        self._open = bars.open.data
        self._high = bars.high.data
        self._low = bars.low.data
        self._close = bars.close.data
        self._volume = bars.volume.data

    def move(self, row: int) -> None:
        """Make `row` the current bar."""
        self._row = row

    @property
    def index(self) -> int:
        """Row of the current bar in its segment, from 0."""
        return self._row

    @property
    def ts(self) -> int:
        """Open time of the bar, ms UTC."""
        return self._ts[self._row]

    @property
    def open(self) -> float:
        """First price of the bar."""
        return self._open[self._row]

    @property
    def high(self) -> float:
        """Highest price of the bar."""
        return self._high[self._row]

    @property
    def low(self) -> float:
        """Lowest price of the bar."""
        return self._low[self._row]

    @property
    def close(self) -> float:
        """Last price of the bar."""
        return self._close[self._row]

    @property
    def volume(self) -> float:
        """Base units traded."""
        return self._volume[self._row]

    def closes(self, n: int) -> NDArray[np.float64]:
        """Return the last n closes, this one included."""
        return self.last("close", n)

    def highs(self, n: int) -> NDArray[np.float64]:
        """Return the last n highs."""
        return self.last("high", n)

    def lows(self, n: int) -> NDArray[np.float64]:
        """Return the last n lows."""
        return self.last("low", n)

    def volumes(self, n: int) -> NDArray[np.float64]:
        """Return the last n volumes."""
        return self.last("volume", n)

    def last(self, column: str, n: int) -> NDArray[np.float64]:
        """Return the last n values of a column; raise `StrategyError` for n < 1."""
        if n < 1:
            raise StrategyError(
                f"the last {n} bars", expected="n >= 1", fix="later bars are not known yet"
            )
        stop = self._row + 1
        values: NDArray[np.float64] = getattr(self._bars, column)[max(0, stop - n) : stop]
        return values

    def at(self, column: str, row: int) -> float:
        """Return a column at an earlier row; raise `StrategyError` for a later one."""
        if not 0 <= row <= self._row:
            raise StrategyError(
                f"bar {row} is asked for at bar {self._row}",
                expected=f"a row from 0 to {self._row}",
                fix="later bars are not known yet",
            )
        return float(getattr(self._bars, column)[row])
