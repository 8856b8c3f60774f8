"""Jumps: how far prices went within a minute and within five; a market event refuses entries.

A crash or a squeeze shows in the price before anything else does (R-RISK-19): 5 % in a minute, or
10 % in five, of any symbol that is watched, refuse entries in all of them until it is five minutes
past. Positions are looked after as ever: the gate asks for their stops by itself.

Prices are kept as the lowest and highest of each five seconds, for six minutes: memory is bounded,
and a move counts as within a minute up to five seconds more, never less.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

BUCKET_NS = 5_000_000_000
MINUTE = 12
"""Buckets of a minute, and of five."""
FIVE = 5 * MINUTE


@dataclass(slots=True)
class _Bucket:
    number: int
    low: int
    high: int


class Jumps:
    """The last minutes of some symbols' prices, in ticks."""

    def __init__(self) -> None:
        """Know no price yet."""
        self._kept: dict[str, deque[_Bucket]] = {}
        self._newest = 0

    def take(self, symbol: str, ticks: int, at_ns: int) -> None:
        """Hear of a price."""
        number = at_ns // BUCKET_NS
        kept = self._kept.setdefault(symbol, deque(maxlen=FIVE + MINUTE + 1))
        self._newest = max(self._newest, number)
        if kept and kept[-1].number >= number:
            last = kept[-1]
            last.low, last.high = min(last.low, ticks), max(last.high, ticks)
        else:
            kept.append(_Bucket(number, ticks, ticks))

    def worst(self) -> tuple[float, float]:
        """Return the largest move within a minute, and within five, of the last five minutes.

        As a part of the price before it, up or down, of the symbol that moved most.
        """
        found = [_moves(list(kept), self._newest) for kept in self._kept.values()]
        return (
            max((one[0] for one in found), default=0.0),
            max((one[1] for one in found), default=0.0),
        )


def _moves(kept: list[_Bucket], newest: int) -> tuple[float, float]:
    minute = five = 0.0
    for place, after in enumerate(kept):
        if newest - after.number > FIVE:
            continue
        for before in kept[: place + 1]:
            apart = after.number - before.number
            if apart > FIVE:
                continue
            move = max(after.high / before.low - 1.0, 1.0 - after.low / before.high)
            five = max(five, move)
            if apart <= MINUTE:
                minute = max(minute, move)
    return minute, five
