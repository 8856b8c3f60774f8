"""Auditing: what a venue's own engine says of a trader, held against what the trader believes.

The trader knows nothing of it. `look` as often as possible while it trades, `require_whole` at the
end: no client id twice, every fill booked once, equal holdings, nothing bare for longer than the
node may take, no entry while something was held, nobody else's order touched.
"""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ballast.core.ids import Purpose, is_ours, purpose_of
from ballast.core.orders import Fill, Order, OrderKind, OrderRef, OrderRequest, OrderStatus, Side
from ballast.runtime.node.journalled import replayed
from ballast.store.journal import JournalReader, Query
from ballast.store.journal.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.contract.venues.clients.rows import Row

    from ballast.runtime.node.node import Node
    from ballast.service.testing.venue import ServedVenue

BARE_S = 15.0
"""The node closes what is bare for longer (B4); so must nothing be found bare for longer."""
SPOT_DUST_LOTS = 50
"""Of a spot position: what fees left that cannot be sold alone."""
LIVE = frozenset({OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED, OrderStatus.UNTRIGGERED})
ALL = 100_000
ALGO = "algo/"
"""What the engine of OKX writes before the id of a conditional order: two orders may share one."""


def name_of(order: Order | Fill) -> str:
    """Return the client id as whoever sent it wrote it."""
    request = order.request if isinstance(order, Order) else order
    return request.client_id.removeprefix(ALGO)


@dataclass
class Auditor:
    """Looks at the venue itself."""

    venue: ServedVenue
    row: Row
    bare_since: float | None = None
    longest_bare_s: float = 0.0
    looks: int = 0
    foreign: tuple[Order, ...] = ()
    """Orders of somebody else in the same account, as they were placed."""
    coins: int = field(init=False)
    _is_excused: bool = False

    def __post_init__(self) -> None:
        self.coins = self.held()

    def ask(self, question: Any) -> Any:
        return self.venue._there(lambda: question(self.venue._opened.exchange))

    @property
    def is_perpetual(self) -> bool:
        return bool(self.ask(lambda one: one.listings[self.row.listing].kind == "perpetual"))

    @property
    def dust(self) -> int:
        return 0 if self.is_perpetual else SPOT_DUST_LOTS

    @property
    def account(self) -> int:
        return self.venue._opened.key.account

    def held(self) -> int:
        """Return signed lots of the position; on spot, of all coins."""
        return int(self.ask(self._held_at))

    def _held_at(self, exchange: Any) -> int:
        listing = exchange.listings[self.row.listing]
        if listing.kind == "perpetual":
            return int(exchange.position(self.account, self.row.listing).qty_lots)
        atoms = exchange.balance(self.account, listing.base).total_atoms
        return int(exchange.amount(listing.base, atoms) // listing.lot)

    @property
    def position(self) -> int:
        """Return signed lots that were traded since the beginning."""
        return self.held() - self.coins

    def orders(self) -> list[Order]:
        return list(self.ask(lambda one: one.orders(self.account, self.row.listing, limit=ALL)))

    def fills(self) -> list[Fill]:
        return list(self.ask(lambda one: one.fills(self.account, self.row.listing, limit=ALL)))

    def ours(self, purpose: Purpose) -> list[Order]:
        """Return our orders for a purpose, oldest first."""
        return [one for one in self.orders() if purpose_of(name_of(one)) is purpose]

    @property
    def covered_lots(self) -> int:
        """Return the lots of the stops that live."""
        return sum(one.left_lots for one in self.ours(Purpose.STOP) if one.status in LIVE)

    @property
    def stop_ticks(self) -> list[int]:
        """Return the triggers of the stops that live."""
        live = [one for one in self.ours(Purpose.STOP) if one.status in LIVE]
        return [one.request.trigger_ticks for one in live]

    # What somebody else does --------------------------------------------------------------

    def place_foreign(self, count: int, **terms: Any) -> None:
        """Place orders of somebody else in the same account; they must stay as they are."""
        defaults: dict[str, Any] = {"side": Side.BUY, "kind": OrderKind.LIMIT}
        for number in range(count):
            name = f"person{len(self.foreign)}"
            wish = OrderRequest(self.row.listing, client_id=name, **(defaults | terms))
            outcome = self.ask(lambda one, wish=wish: one.submit(self.account, wish))
            assert hasattr(outcome, "orders"), (number, outcome)
            self.foreign = (*self.foreign, *outcome.orders)

    def withdraw_foreign(self) -> None:
        """Cancel them, as whoever placed them."""
        assert not self.touched(self.orders())
        for one in self.foreign:
            ref = OrderRef(self.row.listing, order_id=one.order_id)
            self.ask(lambda exchange, ref=ref: exchange.cancel(self.account, ref))
        self.foreign = ()

    # What is seen --------------------------------------------------------------------------

    @contextmanager
    def excused(self) -> Iterator[None]:
        """Count no bare time while the venue takes no orders: nobody can protect then."""
        self._is_excused = True
        try:
            yield
        finally:
            self._is_excused = False

    def look_at_open(self) -> None:
        """Look as `look` does, where there are very many old orders."""
        self._see(lambda one: one.open_orders(self.account, self.row.listing))

    def look(self) -> None:
        """See whether what is held has a stop of its size, and for how long it has not."""
        self._see(lambda one: one.orders(self.account, self.row.listing, limit=ALL))

    def _see(self, orders_of: Any) -> None:
        """Ask for stops and position at one moment: between two questions a stop may trade."""
        self.looks += 1
        found, now_held = self.ask(lambda one: (list(orders_of(one)), self._held_at(one)))
        covered = sum(
            one.left_lots
            for one in found
            if purpose_of(name_of(one)) is Purpose.STOP and one.status in LIVE
        )
        held, dust = abs(now_held - self.coins), self.dust
        now = time.monotonic()
        if held <= dust or covered >= held - dust or self._is_excused:
            self.bare_since = None
            return
        self.bare_since = self.bare_since or now
        self.longest_bare_s = max(self.longest_bare_s, now - self.bare_since)

    # What must hold ------------------------------------------------------------------------

    def require_whole(self, journal: Path, symbol: str) -> Node:
        """Hold the venue against the journal; return the node that the journal makes."""
        database = SqliteDatabase(journal, read_only=True)
        try:
            node = replayed(JournalReader(database).find(Query())).node
        finally:
            database.close()
        assert node is not None
        violations = self.violations(node, symbol)
        assert not violations, violations
        assert any(is_ours(name_of(one)) for one in self.orders()), "nothing was traded"
        return node

    def violations(self, node: Node, symbol: str) -> list[str]:
        """Return what is not as it must be, once all is flat and settled; best: nothing."""
        orders, fills = self.orders(), self.fills()
        found = []
        sent = Counter(one.request.client_id for one in orders)
        found += [f"{one} was accepted twice" for one, count in sent.items() if count > 1]
        at_venue: Counter[str] = Counter()
        for fill in fills:
            at_venue[name_of(fill)] += fill.qty_lots
        theirs = {one: lots for one, lots in at_venue.items() if is_ours(one)}
        booked = {
            one.client_id: one.filled_lots
            for one in node.book.state().orders
            if one.symbol == symbol and one.filled_lots
        }
        if booked != theirs:
            found.append(f"booked {booked}, at the venue {theirs}")
        ours, dust = node.book.holding(symbol).lots, node.desk(symbol).dust_lots + 1
        if abs(self.position - ours) > self.dust:
            found.append(f"{self.position} lots at the venue, {ours} by our fills")
        if abs(ours) > dust:
            found.append(f"{ours} lots are held at the end")
        found += [
            f"{name_of(one)} is left"
            for one in orders
            if one.status in LIVE and is_ours(name_of(one))
        ]
        found += self.wrong_entries(orders, fills)
        found += self.touched(orders)
        if self.longest_bare_s >= BARE_S:
            found.append(f"bare for {self.longest_bare_s:.1f} s")
        return found

    def wrong_entries(self, orders: list[Order], fills: list[Fill]) -> list[str]:
        """Return the entries that the venue took while something of ours was held."""
        wrong = []
        for one in orders:
            if purpose_of(name_of(one)) is not Purpose.ENTRY:
                continue
            before = [fill for fill in fills if fill.at_ns < one.created_ns]
            held = sum(int(fill.side) * fill.qty_lots for fill in before)
            if abs(held) > self.dust:
                wrong.append(f"the entry {name_of(one)} came upon {held} lots")
        return wrong

    def touched(self, orders: list[Order]) -> list[str]:
        """Return the foreign orders that are not as they were placed."""
        now = {one.order_id: one for one in orders}
        return [
            f"{one.request.client_id} of somebody else was touched"
            for one in self.foreign
            if now[one.order_id].status is not one.status
            or now[one.order_id].request != one.request
        ]
