"""Permutation: the same bars in another order; what a rule could have learnt from is gone.

Each bar is kept whole: its open, high, low and close as ratios to the close before it, and its
volume. The order is drawn anew and prices are put together again, so the market ends where it ended
and has the same returns, gaps and wicks, but nothing that comes before them to announce them
(Masters 2018, Permutation and Randomization Tests for Trading System Development). Symbols are
permuted alike: bars of one moment stay together. Synthetic bars of a gap policy stay in place.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.bars import PRICE_COLUMNS, SYNTHETIC
from ballast.core.jit import jit
from ballast.core.rng import stream
from ballast.research.case import rebuilt
from ballast.research.series import no_funding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ballast.research.series import Series

    Ints = NDArray[np.int64]

CLOSE = PRICE_COLUMNS.index("close")


class Shuffler:
    """Makes permutations of some series; what does not depend on the order is computed once."""

    def __init__(self, series: Sequence[Series]) -> None:
        clock = series[0].bars.ts
        for one in series[1:]:
            if not np.array_equal(one.bars.ts, clock):
                clock = np.union1d(clock, one.bars.ts)
        self._count = len(clock)
        self._decks = tuple(_Deck(one, np.searchsorted(clock, one.bars.ts)) for one in series)

    def draw(self, seed: int, number: int = 0, *, driftless: bool = False) -> tuple[Series, ...]:
        """Return the series in random order.

        `driftless` divides each return by their mean and leaves the fundings out: a short that is
        paid to wait would earn where nothing can be known.
        """
        order = stream(seed, f"permutation/{number}").permutation(self._count)
        return tuple(deck.dealt(order, driftless=driftless) for deck in self._decks)


class _Deck:
    """The bars of one symbol, taken apart."""

    def __init__(self, series: Series, places: Ints) -> None:
        bars = series.bars
        self.series = series
        self.rows = 1 + np.flatnonzero((bars.flags[1:] & SYNTHETIC) == 0)  # the first is the anchor
        self.row_at = np.full(int(places[-1]) + 1, -1, np.int64)  # of a place on the clock
        self.row_at[places[self.rows]] = self.rows
        before = np.concatenate((bars.close[:1], bars.close[:-1]))
        columns = [getattr(bars, name) / before for name in PRICE_COLUMNS]
        self.ratios = np.stack((*columns, bars.volume), axis=1)  # a row is one cache line
        self.ratios[0, CLOSE] = 1.0
        self.drift = float(self.ratios[self.rows, CLOSE].mean()) if len(self.rows) else 1.0

    def dealt(self, order: Ints, *, driftless: bool) -> Series:
        """Return the bars in the given order of moments."""
        bars = self.series.bars
        drawn = self.row_at[order[order < len(self.row_at)]]
        opened, high, low, close, volume = (np.empty(len(bars)) for _ in range(5))
        scale = 1.0 / self.drift if driftless else 1.0
        columns = (opened, high, low, close, volume)
        deal(self.ratios, self.rows, drawn[drawn >= 0], float(bars.close[0]), scale, *columns)
        made = replace(bars, open=opened, high=high, low=low, close=close, volume=volume)
        dealt = rebuilt(self.series, made)
        return replace(dealt, funding=no_funding()) if driftless else dealt


@jit
def deal(
    ratios: Any,  # noqa: ANN401 - float64 [n, 5]: open, high, low, close, volume
    rows: Any,  # noqa: ANN401 - int64: rows that are dealt to, in order
    drawn: Any,  # noqa: ANN401 - int64: the rows they are dealt from
    anchor: float,
    scale: float,
    out_open: Any,  # noqa: ANN401 - float64 [n], as are the four below
    out_high: Any,  # noqa: ANN401
    out_low: Any,  # noqa: ANN401
    out_close: Any,  # noqa: ANN401
    out_volume: Any,  # noqa: ANN401
) -> None:
    """Write bars whose prices are `ratios` of the close before each, dealt ones times `scale`."""
    before = anchor
    at = 0
    for i in range(ratios.shape[0]):
        source = i
        factor = before
        if at < len(rows) and rows[at] == i:
            source = drawn[at]
            factor = before * scale
            at += 1
        opened = ratios[source, 0] * factor
        close = ratios[source, 3] * factor
        # Ratios of one bar times one factor: only the last bit of a product could break the bar.
        out_open[i] = opened
        out_high[i] = max(ratios[source, 1] * factor, opened, close)
        out_low[i] = min(ratios[source, 2] * factor, opened, close)
        out_close[i] = close
        out_volume[i] = ratios[source, 4]
        before = close
