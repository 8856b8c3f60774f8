"""Scripted liquidity: a price path for tests and demonstrations.

At each point of the path a ladder of recorded depth is put around the price and a trade is printed
at it, so that resting orders, triggers and marks meet exactly the prices of the script.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from ballast.core.orders import Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.venues.simulated.engine.street import Street


@dataclass(frozen=True, slots=True)
class Ladder:
    """Shape of the depth around a scripted price."""

    lots: int = 100
    levels: int = 5
    spread_ticks: int = 2
    step_ticks: int = 1
    sets_mark: bool = True


def show_ladder(
    street: Street, symbol: str, shape: Ladder, ticks: int, shown: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Put recorded depth around a price in place of what is `shown`; return (side, price) of it."""
    half = shape.spread_ticks // 2
    wanted: list[tuple[int, int, int]] = []
    for level in range(shape.levels):
        away = level * shape.step_ticks
        wanted.append((-1, ticks + shape.spread_ticks - half + away, shape.lots))
        wanted.append((1, ticks - half - away, shape.lots))
    return show_levels(street, symbol, wanted, shown)


def show_levels(
    street: Street,
    symbol: str,
    levels: Sequence[tuple[int, int, int]],
    shown: Sequence[tuple[int, int]],
) -> list[tuple[int, int]]:
    """Put levels (side, price, lots) in place of what is `shown`; return (side, price) of them."""
    wanted = {(side, price): lots for side, price, lots in levels if price > 0}
    for side, price in shown:
        if (side, price) not in wanted:
            street.set_level(symbol, Side(side), price, 0)
    for (side, price), lots in wanted.items():
        street.set_level(symbol, Side(side), price, lots)
    return list(wanted)


class ScriptedPath:
    """A source that follows `(at_ns, ticks)` points of one symbol, in time order."""

    def __init__(
        self, symbol: str, points: Sequence[tuple[int, int]], ladder: Ladder | None = None
    ) -> None:
        """Follow these points."""
        self._symbol = symbol
        self._points = tuple(points)
        self._ladder = ladder or Ladder()
        self._next = 0
        self._shown: list[tuple[int, int]] = []

    def next_ns(self, now_ns: int) -> int | None:
        """Return the time of the next point; one that is past already is due at once."""
        if self._next >= len(self._points):
            return None
        return max(self._points[self._next][0], now_ns)

    def step(self, street: Street, now_ns: int) -> None:
        """Move to every point that is due."""
        while self._next < len(self._points) and self._points[self._next][0] <= now_ns:
            ticks = self._points[self._next][1]
            self._next += 1
            self._move(street, ticks)

    def _move(self, street: Street, ticks: int) -> None:
        shape = self._ladder
        self._shown = show_ladder(street, self._symbol, shape, ticks, self._shown)
        rises = ticks >= (street.last_ticks(self._symbol) or ticks)
        street.trade(self._symbol, Side.BUY if rises else Side.SELL, ticks, 1)
        if shape.sets_mark:
            street.set_mark(self._symbol, ticks)

    def snapshot(self) -> bytes:
        """Return how far it has come."""
        return msgspec.json.encode((self._next, self._shown))

    def restore(self, state: bytes) -> None:
        """Go back to where it was."""
        self._next, self._shown = msgspec.json.decode(state, type=tuple[int, list[tuple[int, int]]])
