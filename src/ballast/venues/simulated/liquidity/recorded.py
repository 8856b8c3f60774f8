"""A recorded book in the exchange: its levels are those of the recording, our orders queue in it.

    rise       joins the end of the queue, behind our orders
    fall       cancelled from the back, unless another rule is chosen: what stood there when our
               order came is ahead of it until it is traded or nothing else is left
    trade      takes from the front: what is ahead, then our order
    through    a trade or depth beyond our price trades with our order first, at its own price

A trade is told before the update that shows it. What it took is remembered (`_traded`) and put back
when the next update comes, which then takes it away itself, or shows that others have joined since.
So after each update the book is exactly the recorded one, and a trade moves the queue once.

Changes are applied, not totals: what our orders took stays taken while the level stands in the
recording. Without orders of ours both are the same.

A gap empties the street. Trades go on; one at the very price of our order does not fill it, because
nobody knows the queue, one beyond it does. When the book is known again all of it stands ahead of
our orders: the worst that can be true.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ballast.core.marketdata import LOST, SNAPSHOT
from ballast.core.orders import Side
from ballast.kernel.exchange import layout

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ballast.venues.simulated.engine.street import Street

Level = tuple[int, int]
"""Side and price in ticks."""
CANCELS = {
    "back": layout.FROM_BACK,
    "front": layout.FROM_FRONT,
    "proportional": layout.PROPORTIONAL,
}
"""Whose lots a fall of a level cancels: those behind ours first, those ahead, or both alike."""


class RecordedBook:
    """The recorded book of one symbol, and how its changes are put into the street."""

    def __init__(self, symbol: str, rule: int = layout.FROM_BACK) -> None:
        """Begin with a book that is not known."""
        self.symbol = symbol
        self.rule = rule
        self.is_known = False
        self.levels: dict[Level, int] = {}
        """What the recording shows, by level."""
        self.traded: dict[Level, int] = {}
        """What recorded trades took since the last update, by level."""

    def apply(self, street: Street, rows: NDArray[np.void]) -> None:
        """Carry out an event of the book: all levels, some of them, or the loss of all."""
        flags = int(rows["flags"][0])
        if flags & LOST:
            self.lose(street)
            return
        columns = (rows["side"].tolist(), rows["price_ticks"].tolist(), rows["qty_lots"].tolist())
        stated = {(side, price): qty for side, price, qty in zip(*columns, strict=True) if side}
        if flags & SNAPSHOT:
            stated = dict.fromkeys(self.levels, 0) | stated
        elif not self.is_known:
            return
        self._change(street, stated, 0 if self.is_known else layout.AHEAD)
        self.is_known = True

    def lose(self, street: Street) -> None:
        """Empty the street: the book is not known from here."""
        gone = np.array([(*level, 0) for level in self.levels], np.int64).reshape(-1, 3)
        standing = street.standing(self.symbol, gone)
        self._send(street, standing[standing[:, 2] > 0, :2], None, 0)
        self.levels.clear()
        self.traded.clear()
        self.is_known = False

    def trade(self, street: Street, taker: Side, price_ticks: int, qty_lots: int) -> None:
        """Replay a trade, and remember what it took from the street."""
        if not self.is_known:
            street.trade(self.symbol, taker, price_ticks, qty_lots, queue_known=False)
            return
        before = street.standing_until(self.symbol, Side(-taker), price_ticks)
        street.trade(self.symbol, taker, price_ticks, qty_lots)
        after = street.standing(self.symbol, before.copy())
        for (side, price, was), (_, _, now) in zip(before.tolist(), after.tolist(), strict=True):
            if was > now:
                self.traded[side, price] = self.traded.get((side, price), 0) + was - now

    def _change(self, street: Street, stated: dict[Level, int], flags: int) -> None:
        """Move levels by what the recording says changed, and put back what trades took."""
        levels, traded = self.levels, self.traded
        for level in traded:
            stated.setdefault(level, levels.get(level, 0))
        if not stated:
            return
        wanted = np.array([(*level, 0) for level in stated], np.int64)
        street.standing(self.symbol, wanted)
        now = np.fromiter(stated.values(), np.int64, len(stated))
        back = [traded.get(level, 0) - levels.get(level, 0) for level in stated]
        standing = wanted[:, 2]
        target = np.clip(standing + np.array(back, np.int64) + now, 0, now)
        moved = target != standing
        falls = moved & (target < standing)  # first, so that the book never crosses on the way
        order = np.concatenate([np.flatnonzero(falls), np.flatnonzero(moved & ~falls)])
        self._send(street, wanted[order, :2], target[order], flags)
        traded.clear()
        for level, qty in stated.items():
            if qty:
                levels[level] = qty
            else:
                levels.pop(level, None)

    def _send(
        self, street: Street, where: NDArray[np.int64], lots: NDArray[np.int64] | None, flags: int
    ) -> None:
        """Set levels (side, price) to so many lots, or to none, in one call."""
        if not len(where):
            return
        commands = np.zeros((len(where), layout.COMMAND_WORDS), np.int64)
        commands[:, layout.OP] = layout.SET_LEVEL
        commands[:, layout.C_SIDE] = where[:, 0]
        commands[:, layout.C_PRICE] = where[:, 1]
        commands[:, layout.C_FLAGS] = flags
        commands[:, layout.C_DISPLAY] = self.rule
        if lots is not None:
            commands[:, layout.C_LOTS] = lots
        street.apply(self.symbol, commands)
