"""Grids: the coarsest steps of ten on which everything lies that a recording prints of a symbol."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import DataError
from ballast.core.marketdata import PRICE, QTY, BookUpdate, Grid, Quote, TheirFault, Trade
from ballast.venues.normalise.parse import normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ballast.core.marketdata import Event, Levels
    from ballast.venues.books.recording import Frame

FINEST = (
    (Decimal("1e-12"), Decimal("1e-9")),
    (Decimal("1e-9"), Decimal("1e-9")),
    (Decimal("1e-9"), Decimal("1e-6")),
    (Decimal("1e-6"), Decimal("1e-9")),
    (Decimal("1e-6"), Decimal("1e-6")),
    (Decimal("1e-4"), Decimal("1e-4")),
)
"""Grids that are tried: the first on which the frames can be counted. Prices of 9 million fit the
first, of 9 billion the second; the coarser ones are for coins of which a cent buys a million."""


def find_grid(venue: str, frames: Callable[[], Iterable[Frame]], symbol: str) -> Grid:
    """Return the grid of what frames print of a symbol; raise `DataError` if they print nothing.

    `frames` is called once or a few times to read them from the beginning. Only powers of ten are
    found: a tick of 0.5 is seen as 0.1.
    """
    best: tuple[int, Grid] | None = None
    for tick, lot in FINEST:
        fine = Grid(tick, lot)
        seen, faults = _measured(venue, frames(), symbol, fine)
        if seen and (best is None or faults < best[0]):
            ticks, lots = seen
            found = (tick * _power(ticks)).normalize(), (lot * _power(lots)).normalize()
            best = faults, Grid(*found)
        if best is not None and not faults:
            break
    if best is None:
        raise DataError(
            f"no price of '{symbol}' in these frames",
            where=venue,
            expected="the symbol as the venue writes it",
            fix="see which symbols the frames name; give --venue if it is another one",
        )
    return best[1]


def _measured(
    venue: str, frames: Iterable[Frame], symbol: str, grid: Grid
) -> tuple[tuple[int, int] | None, int]:
    """Return the greatest common divisors of ticks and lots, and how many frames do not fit."""
    ticks = lots = faults = 0
    grids = {symbol: grid}
    for frame in frames:
        events = normalise(venue, frame.body, grids, frame.symbol or symbol)
        if isinstance(events, TheirFault):
            faults += 1
            continue
        for event in events:
            found = _numbers(event)
            ticks, lots = math.gcd(ticks, found[0]), math.gcd(lots, found[1])
    return ((ticks, lots) if ticks and lots else None), faults


def _numbers(event: Event) -> tuple[int, int]:
    """Return the common divisors of the prices and the quantities of an event, 0 without any."""
    match event:
        case BookUpdate():
            both = np.concatenate([event.bids, event.asks])
            return _divisor(both, PRICE), _divisor(both, QTY)
        case Trade():
            return event.price_ticks, event.qty_lots
        case Quote():
            ticks = math.gcd(event.bid_ticks, event.ask_ticks)
            return ticks, math.gcd(event.bid_lots, event.ask_lots)
        case _:
            return 0, 0


def _divisor(levels: Levels, column: int) -> int:
    return int(np.gcd.reduce(levels[:, column])) if len(levels) else 0


def _power(number: int) -> int:
    """Return the largest power of ten that divides a number above 0."""
    power = 1
    while number % (power * 10) == 0:
        power *= 10
    return power
