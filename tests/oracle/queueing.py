"""One resting order in a recorded market, written from the rules alone: when and how it fills.

The second opinion on `liquidity/recorded.py`. Plain dictionaries, no exchange: the order has so
many lots ahead of it; trades at its price take these first, falls of its level cancel what is
behind; whatever goes beyond its price trades with it first.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Level = tuple[int, int]


@dataclass
class Queueing:
    """Events in; `filled` counts the lots of the order. Sides are 1 and -1."""

    known: bool = False
    recorded: dict[Level, int] = field(default_factory=dict)
    standing: dict[Level, int] = field(default_factory=dict)
    """Like `recorded`, less what trades and our order have taken."""
    traded: dict[Level, int] = field(default_factory=dict)
    side: int = 0
    price: int = 0
    left: int = 0
    ahead: int = 0
    filled: int = 0

    def place(self, side: int, price: int, lots: int) -> None:
        self.side, self.price, self.left, self.filled = side, price, lots, 0
        self.ahead = self.standing.get((side, price), 0)

    def _fill(self, lots: int) -> int:
        taken = min(lots, self.left)
        self.left -= taken
        self.filled += taken
        return taken

    def trade(self, taker: int, price: int, lots: int) -> None:
        meets = self.left and taker == -self.side
        beyond = meets and self.side * price < self.side * self.price
        if beyond:
            lots -= self._fill(lots)
        for level in list(self.standing):  # better than the trade: stale
            if level[0] == -taker and level[0] * level[1] > level[0] * price:
                self._take(level, self.standing[level])
        self.ahead = min(self.ahead, self.standing.get((self.side, self.price), 0))
        here = (-taker, price)
        if meets and not beyond and price == self.price:
            ahead = min(lots, self.ahead)
            self.ahead -= ahead
            self._take(here, ahead)
            lots -= ahead
            lots -= self._fill(lots) if self.known else 0
        self._take(here, min(lots, self.standing.get(here, 0)))

    def _take(self, level: Level, lots: int) -> None:
        if lots:
            self.standing[level] -= lots
            self.traded[level] = self.traded.get(level, 0) + lots

    def lose(self) -> None:
        self.known, self.recorded, self.standing, self.traded, self.ahead = False, {}, {}, {}, 0

    def book(self, stated: dict[Level, int], *, is_whole: bool) -> None:
        if not is_whole and not self.known:
            return
        if is_whole:
            stated = dict.fromkeys(self.recorded, 0) | stated
        stated = {level: self.recorded.get(level, 0) for level in self.traded} | stated
        wanted = {}
        for level, qty in stated.items():
            change = qty - self.recorded.get(level, 0) + self.traded.get(level, 0)
            wanted[level] = min(qty, max(0, self.standing.get(level, 0) + change))
        falls = [one for one in wanted if wanted[one] < self.standing.get(one, 0)]
        for level in falls:
            self.standing[level] = wanted[level]
        for level in (one for one in wanted if one not in set(falls)):
            rise = wanted[level] - self.standing.get(level, 0)
            crosses = level[0] == -self.side and self.side * level[1] <= self.side * self.price
            taken = self._fill(rise) if self.left and crosses else 0
            self.standing[level] = wanted[level] - taken
        self.traded = {}
        self.recorded |= stated
        here = self.standing.get((self.side, self.price), 0)
        self.ahead = min(self.ahead, here) if self.known else here
        self.known = True
