"""A client that opens positions and has them guarded, on a market that walks, jumps and gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.core.ids import Purpose
from ballast.core.orders import AmendRequest, OrderKind, OrderRef, OrderRequest, Side
from ballast.core.reports import Rejection
from ballast.oms import lifecycle
from ballast.oms.protection import guard as guarding
from ballast.oms.protection.cover import (
    Abilities,
    Amend,
    Cancel,
    Cover,
    Memory,
    Place,
    PlacePair,
    Replace,
    Take,
)
from ballast.oms.record import Phase, Wish
from tests.fakes.lossy_line import Both, Client, Line, Swap
from tests.fakes.venue import SECOND, SPOT, SWAP

if TYPE_CHECKING:
    from collections import Counter

    from numpy.random import Generator

    from ballast.core.reports import Report
    from ballast.oms.book import Taken
    from ballast.oms.protection.cover import Act, Alarm

DEPTH_LOTS = 40
"""Less than most positions: entries, stops and market exits fill in parts."""
AWAY = 120
"""Units from the price to the stop: a fifth of a percent."""
NEAR = 40
"""Units from the price to a take of all, where the venue lets it rest with the stop."""
START = {SPOT: 6_000_000, SWAP: 600_000}
UNITS = 60_000
"""A unit is this part of the start price."""


@dataclass(frozen=True)
class VenueKind:
    """A way in which venues let protection be placed."""

    symbol: str
    direction: int
    abilities: Abilities


KINDS = {
    "perpetual, amends": VenueKind(SWAP, 1, Abilities(amends_stops=True)),
    "perpetual, new first": VenueKind(SWAP, -1, Abilities()),
    "spot, replaces": VenueKind(SPOT, 1, Abilities(reduces_only=False, replaces=True)),
    "spot, cancels": VenueKind(SPOT, 1, Abilities(reduces_only=False)),
    "spot, stop-limit": VenueKind(
        SPOT, 1, Abilities(reduces_only=False, replaces=True, stops_at_market=False, offset_ppm=5)
    ),
    "spot, pairs": VenueKind(SPOT, 1, Abilities(reduces_only=False, replaces=True, pairs=True)),
}


class Walking:
    """A market around a price that walks, and now and then jumps through a stop."""

    line: Line
    kind: VenueKind
    price: int
    unit: int
    draw: Generator

    def move(self) -> None:
        """Let the price walk; now and then it jumps."""
        self.price += self.unit * int(self.draw.integers(-12, 13))
        if self.draw.random() < 0.01:
            jump = int(self.draw.choice([-1, 1])) * int(self.draw.integers(100, 300))
            self.price += self.unit * jump
        self.quote()

    def quote(self) -> None:
        """Quote a thin book around the price, and print a trade at it."""
        exchange, other, symbol = self.line.exchange, self.line.other, self.kind.symbol
        exchange.cancel_all(other, symbol)
        for side in Side:
            ticks = self.price - int(side)
            exchange.submit(other, OrderRequest(symbol, side, OrderKind.LIMIT, DEPTH_LOTS, ticks))
        if symbol == SWAP:
            exchange.street.set_mark(symbol, self.price)
        exchange.street.trade(symbol, Side.BUY, self.price, 1)
        exchange.settle()


class GuardedClient(Walking, Client):
    """Enters at market when flat, trails its stop, and does what the guard says."""

    def __init__(self, line: Line, kind: VenueKind) -> None:
        super().__init__(line)
        self.kind = kind
        self.price = START[kind.symbol]
        self.unit = self.price // UNITS
        self.memory = Memory()
        self.stop_ticks = self.take_ticks = 0
        self.alarms: set[Alarm] = set()
        self.triggers: list[int | None] = []
        self.guarded: Counter[str] = line.seen
        self.quote()

    # The strategy -------------------------------------------------------------------------

    def act(self) -> None:
        """Enter where nothing is held or under way; else let the stop follow the price."""
        direction = self.kind.direction
        held = self.book.holding(self.kind.symbol).lots
        if held and not self.kind.abilities.pairs:  # a stop that moves ends its pair
            # Both ways: that a stop only ever tightens is the guard's business.
            self.stop_ticks = self.price - direction * AWAY * self.unit
        elif not held and not list(self.book.open_orders()) and self.draw.random() < 0.08:
            self.stop_ticks = self.price - direction * AWAY * self.unit
            self.take_ticks = self.price + direction * NEAR * self.unit
            lots = int(self.draw.integers(5, 60))
            side = Side(direction)
            # A limit a little beyond the touch: it may fill in parts, or rest.
            ticks = self.price + direction * int(self.draw.integers(-1, 3))
            self.submit(
                Purpose.ENTRY, OrderRequest(self.kind.symbol, side, OrderKind.LIMIT, lots, ticks)
            )
        for record in list(self.book.open_orders()):
            old = self.line.now_ns - record.prepared_ns > 10 * SECOND
            if record.purpose is Purpose.ENTRY and record.phase is Phase.LIVE and old:
                self.cancel_once(record.client_id)

    def cancel_once(self, name: str) -> None:
        record = self.book.get(name)
        assert record is not None
        if record.cancel is Wish.NONE:
            self.cancel(record)

    # The guard ----------------------------------------------------------------------------

    def take(self, report: Report) -> Taken:
        before = self.book.get(report.client_id)
        taken = super().take(report)
        stop = before is not None and before.purpose is Purpose.STOP
        now = taken.record
        if stop and isinstance(report, Rejection) and now and now.phase is Phase.REFUSED:
            self.memory = guarding.refused(self.memory)
        return taken

    def protect(self) -> None:
        """Ask the guard, and do what it says."""
        symbol = self.kind.symbol
        lots = self.book.holding(symbol).lots
        takes = (Take(0, self.take_ticks, abs(lots)),) if self.kind.abilities.pairs else ()
        is_whole = not self.book.is_entering(symbol)
        cover = Cover(symbol, lots, self.stop_ticks, takes=takes, is_whole=is_whole)
        verdict = guarding.guard(
            cover,
            self.memory,
            self.book.reducing(symbol),
            price_ticks=self.line.exchange.last_ticks(symbol),
            now_ns=self.line.now_ns,
            abilities=self.kind.abilities,
        )
        self.memory = verdict.memory
        if not cover.lots:
            self.triggers.append(None)
        self.alarms.update(verdict.alarms)
        for act in verdict.acts:
            self.carry_out(act)

    def carry_out(self, act: Act) -> None:
        now_ns, symbol = self.line.now_ns, self.kind.symbol
        self.guarded[type(act).__name__] += 1
        match act:
            case (
                Place(request=request)
                | Replace(place=Place(request=request))
                | PlacePair(stop=Place(request=request))
            ):
                if request.trigger_ticks:
                    self.triggers.append(request.trigger_ticks)
            case Amend():
                self.triggers.append(act.trigger_ticks)
            case Cancel():
                pass
        match act:
            case Place():
                self.guarded["flatten"] += act.purpose is Purpose.FLATTEN
                self.submit(act.purpose, act.request)
            case Cancel(client_id=name):
                self.cancel_once(name)
            case Amend():
                record = self.book.get(act.client_id)
                assert record is not None
                self.book.keep(lifecycle.amending(record, now_ns))
                ref = OrderRef(symbol, client_id=act.client_id)
                self.line.send(AmendRequest(ref, act.qty_lots, act.price_ticks, act.trigger_ticks))
            case Replace():
                record = self.book.get(act.client_id)
                assert record is not None
                self.book.keep(lifecycle.cancelling(record, now_ns))
                ref = OrderRef(symbol, client_id=act.client_id)
                self.line.send(Swap(ref, self.enter(Purpose.STOP, act.place.request)))
            case PlacePair():
                take = self.enter(Purpose.TAKE, act.take.request)
                self.line.send(Both(take, self.enter(Purpose.STOP, act.stop.request)))

    def step(self) -> None:
        super().step()
        self.protect()
