"""A plain order book, written from the rules alone: one list of orders, oldest first.

The second opinion on the compiled book. Nothing of it is shared: no levels, no sums, no ids table.
"""

from __future__ import annotations

from dataclasses import dataclass, field

RESTS, DONE, EXPIRED, KILLED, WOULD_TRADE, SELF, UNKNOWN = 0, 1, 2, 3, 4, 5, 7
IOC, FOK, POST_ONLY, REPRICE = 1, 2, 4, 8
REDUCE_ONLY = 64
BACK, FRONT, EVENLY = 0, 1, 2


@dataclass
class Resting:
    order_id: int
    owner: int
    side: int
    price: int
    lots: int
    hidden: int = 0
    display: int = 0
    reduces: bool = False


@dataclass
class PlainBook:
    """Every method returns a result code; `fills` holds (maker, owner, price, lots) of the last."""

    orders: list[Resting] = field(default_factory=list)
    fills: list[tuple[int, int, int, int]] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    left: int = 0

    def best(self, side: int) -> int:
        prices = [order.price for order in self.orders if order.side == side]
        return (max(prices) if side > 0 else min(prices)) if prices else 0

    def level(self, side: int, price: int) -> list[Resting]:
        return [o for o in self.orders if o.side == side and o.price == price]

    def shown(self, side: int) -> list[tuple[int, int]]:
        prices = sorted({o.price for o in self.orders if o.side == side}, reverse=side > 0)
        return [(price, sum(o.lots for o in self.level(side, price))) for price in prices]

    def find(self, order_id: int) -> Resting | None:
        return next((o for o in self.orders if o.order_id == order_id), None)

    def _reachable(self, side: int, limit: int) -> list[Resting]:
        """Return what an order would meet, in the order in which it would."""
        found = [o for o in self.orders if o.side == -side and side * o.price <= side * limit]
        return sorted(found, key=lambda order: side * order.price)  # stable: time stays

    def _sweep(self, owner: int, side: int, limit: int, stp: int) -> bool:
        """Trade `left`; return whether self-trade prevention stopped it."""
        while self.left > 0 and (found := self._reachable(side, limit)):
            maker = found[0]
            if stp and owner and maker.owner == owner:
                if stp != 1:
                    self.orders.remove(maker)
                    self.removed.append(maker.order_id)
                if stp != 2:
                    return True
                continue
            lots = min(self.left, maker.lots)
            self.left -= lots
            maker.lots -= lots
            self.fills.append((maker.order_id, maker.owner, maker.price, lots))
            if maker.lots == 0:
                self.orders.remove(maker)
                if maker.hidden:
                    maker.lots = min(maker.display, maker.hidden)
                    maker.hidden -= maker.lots
                    self.orders.append(maker)
        return False

    def place(
        self, order_id: int, owner: int, side: int, limit: int, lots: int, flags: int,
        display: int = 0,
    ) -> int:  # fmt: skip
        self.fills, self.removed, self.left = [], [], lots
        stp = (flags >> 8) & 3
        price = limit
        crossing = bool(self._reachable(side, limit))
        if flags & POST_ONLY and crossing:
            if not flags & REPRICE:
                return WOULD_TRADE
            price = self.best(-side) - side
            if price <= 0:
                return WOULD_TRADE
        if flags & FOK:
            counted = sum(
                o.lots + o.hidden
                for o in self._reachable(side, limit)
                if not o.reduces and not (stp and owner and o.owner == owner)
            )
            if counted < lots:
                return KILLED
        if not flags & POST_ONLY:
            stopped = self._sweep(owner, side, price, stp)
            if self.left == 0 or stopped or flags & (IOC | FOK):
                return SELF if stopped and self.left else EXPIRED if self.left else DONE
        shown = min(display, self.left) if display else self.left
        reduces = bool(flags & REDUCE_ONLY)
        self.orders.append(
            Resting(order_id, owner, side, price, shown, self.left - shown, display, reduces)
        )
        return RESTS

    def cancel(self, order_id: int) -> int:
        self.fills, self.removed = [], []
        order = self.find(order_id)
        if order is None:
            return UNKNOWN
        self.orders.remove(order)
        return DONE

    def reduce(self, order_id: int, lots: int) -> int:
        self.fills, self.removed = [], []
        order = self.find(order_id)
        if order is None or not 0 < lots < order.lots + order.hidden:
            return UNKNOWN
        cut = order.lots + order.hidden - lots
        from_hidden = min(cut, order.hidden)
        order.hidden -= from_hidden
        order.lots -= cut - from_hidden
        return RESTS

    def _clear(self, side: int, beyond: int) -> None:
        self.orders = [
            o for o in self.orders
            if o.order_id or o.side != side or side * o.price <= side * beyond
        ]  # fmt: skip

    def set_level(self, side: int, price: int, lots: int, rule: int, *, ahead: bool = False) -> int:
        self.fills, self.removed, self.left = [], [], 0
        pieces = [o for o in self.level(side, price) if not o.order_id]
        shown = sum(piece.lots for piece in pieces)
        if lots < shown:
            self._cut(pieces, shown - lots, shown, rule)
        if lots <= shown:
            return DONE
        self.left = lots - shown
        self._clear(-side, price + side)
        self._sweep(0, side, price, 0)
        if self.left:
            queue = self.level(side, price)
            end = 0 if ahead else -1
            if queue and not queue[end].order_id:
                queue[end].lots += self.left
            elif queue and ahead:
                place = self.orders.index(queue[0])
                self.orders.insert(place, Resting(0, 0, side, price, self.left))
            else:
                self.orders.append(Resting(0, 0, side, price, self.left))
        return DONE

    def _cut(self, pieces: list[Resting], lots: int, total: int, rule: int) -> None:
        if rule == EVENLY:
            wanted = lots
            for piece in pieces:
                share = min(int(wanted * (piece.lots / total)), lots)
                piece.lots -= share
                lots -= share
        for piece in pieces if rule == FRONT else reversed(pieces):
            share = min(lots, piece.lots)
            piece.lots -= share
            lots -= share
        self.orders = [o for o in self.orders if o.lots]

    def trade(self, side: int, price: int, lots: int) -> int:
        self.fills, self.removed, self.left = [], [], lots
        self._clear(-side, price)
        self._sweep(0, side, price, 0)
        return DONE
