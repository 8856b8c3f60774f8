"""Steps on both books, and all that must be equal, or true, after each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ballast.kernel.exchange import depth, layout, match, views
from ballast.kernel.exchange.growth import with_room
from tests.oracle.orderbook import PlainBook

if TYPE_CHECKING:
    from collections.abc import Sequence

Step = tuple[int, ...]
PRICES, IDS = 12, 40


class Both:
    """The compiled book and the plain one, side by side."""

    def __init__(self, rows: int = 64) -> None:
        """Start small, so that growth and full outputs happen."""
        self.m = layout.new_book(4, 4)
        self.out = layout.new_output(rows)
        self.plain = PlainBook()
        self.next_id = 1

    def step(self, step: Step) -> None:
        """Do one step on both; compare."""
        kind, *numbers = step
        self.m = with_room(self.m)
        (self._place, self._cancel, self._reduce, self._set_level, self._trade)[kind](numbers)
        for side in (1, -1):
            rows = np.zeros((64, 2), dtype=np.int64)
            count = views.levels(self.m, side, rows)
            assert [tuple(row) for row in rows[:count].tolist()] == self.plain.shown(side), step
        bid, ask = views.best_price(self.m, 1), views.best_price(self.m, -1)
        assert not bid or not ask or bid < ask, "crossed"

    def _facts(self) -> tuple[list[tuple[int, int, int, int]], list[int]]:
        facts = self.out[1 : int(self.out[0, 0]) + 1].tolist()
        fills = [(f[1], f[2], f[3], f[4]) for f in facts if f[0] == layout.FILL]
        return fills, [f[1] for f in facts if f[0] == layout.REMOVED]

    def _compare(self, result: int, expected: int, facts: Sequence[object], step: object) -> None:
        assert result == expected, step
        assert facts == (self.plain.fills, self.plain.removed), step

    def _loop(self, first: int, again: object) -> tuple[int, tuple[list, list]]:  # type: ignore[type-arg]
        fills, removed = self._facts()
        result = first
        while result == layout.MORE:
            result = again()  # type: ignore[operator]
            more, gone = self._facts()
            fills, removed = fills + more, removed + gone
        return result, (fills, removed)

    def _place(self, numbers: list[int]) -> None:
        owner, side, price, lots, flags, display = numbers
        order_id, self.next_id = self.next_id, self.next_id + 1
        m, out = self.m, self.out

        def call(extra: int = layout.RESUMED) -> int:
            left = lots if not extra else int(m[layout.LEFT])
            return match.place(m, out, order_id, owner, side, price, left, flags | extra, display)

        result, facts = self._loop(call(0), call)
        expected = self.plain.place(order_id, owner, side, price, lots, flags, display)
        self._compare(result, expected, facts, ("place", order_id, numbers))
        if result not in {layout.DONE, layout.WOULD_TRADE, layout.KILLED}:
            assert int(m[layout.LEFT]) == self.plain.left

    def _cancel(self, numbers: list[int]) -> None:
        order_id = max(1, self.next_id - numbers[0])
        result = match.cancel(self.m, self.out, order_id)
        self._compare(result, self.plain.cancel(order_id), self._facts(), ("cancel", order_id))

    def _reduce(self, numbers: list[int]) -> None:
        order_id = max(1, self.next_id - numbers[0])
        result = match.reduce(self.m, self.out, order_id, numbers[1])
        expected = self.plain.reduce(order_id, numbers[1])
        self._compare(result, expected, self._facts(), ("reduce", order_id, numbers))

    def _set_level(self, numbers: list[int]) -> None:
        side, price, lots, rule, ahead = numbers
        m, out, flags = self.m, self.out, layout.PAUSE | ahead

        def again() -> int:
            return depth.add_level(m, out, side, price, int(m[layout.LEFT]), flags)

        first = depth.set_level(m, out, side, price, lots, flags, rule)
        result, facts = self._loop(first, again)
        expected = self.plain.set_level(side, price, lots, rule, ahead=bool(ahead))
        self._compare(result, expected, facts, ("set_level", numbers))

    def _trade(self, numbers: list[int]) -> None:
        side, price, lots = numbers
        m, out = self.m, self.out

        def again() -> int:
            return depth.trade_through(m, out, side, price, int(m[layout.LEFT]), layout.PAUSE)

        first = depth.trade_through(m, out, side, price, lots, layout.PAUSE)
        _, facts = self._loop(first, again)
        self.plain.trade(side, price, lots)
        assert facts == (self.plain.fills, self.plain.removed), ("trade", numbers)
        assert int(m[layout.LEFT]) == self.plain.left


def queues(both: Both) -> None:
    """Compare every queue of the compiled book, link by link, with the plain one."""
    m = both.m
    for order in both.plain.orders:
        if order.order_id:
            at = int(views.where(m, order.order_id))
            assert at >= 0
            words = (layout.OWNER, layout.SIDE, layout.PRICE, layout.LOTS, layout.HIDDEN)
            assert [int(m[at + word]) for word in words] == [
                order.owner, order.side, order.price, order.lots, order.hidden,
            ]  # fmt: skip
            queue = both.plain.level(order.side, order.price)
            ahead = sum(o.lots for o in queue[: queue.index(order)])
            assert int(views.lots_ahead(m, order.order_id)) == ahead
    assert int(m[layout.ORDERS]) == len(both.plain.orders)
    assert int(m[layout.LEVELS]) == len({(o.side, o.price) for o in both.plain.orders})


def draw(rng: np.random.Generator) -> Step:
    """Draw a step: mostly placements near the touch, of every kind."""
    kind = int(rng.choice([0, 0, 0, 0, 1, 1, 2, 3, 3, 4]))
    side = int(rng.choice([1, -1]))
    price, lots = int(rng.integers(1, PRICES)), int(rng.integers(1, 30))
    if kind == 0:
        flags = int(rng.choice([0, 0, 0, 1, 2, 4, 12])) | int(rng.choice([0, 16]))
        flags |= int(rng.integers(0, 4)) << 8 | int(rng.choice([0, 64]))
        display = int(rng.integers(1, 5)) if rng.random() < 0.3 and not flags & 3 else 0
        return kind, int(rng.integers(0, 4)), side, price, lots, flags, display
    if kind in {1, 2}:
        return kind, int(rng.integers(1, IDS)), lots
    if kind == 3:
        shown, rule = int(rng.choice([0, lots, lots * 2])), int(rng.integers(0, 3))
        return kind, side, price, shown, rule, int(rng.choice([0, 0, layout.AHEAD]))
    return kind, side, price, lots
