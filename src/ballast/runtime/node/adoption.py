"""Adoption: what a venue holds and the journal does not know becomes ours (R-RECON-05).

It was opened by hand, or by a journal that is lost, or it changed while an older journal was put
back. A person says that the node shall have it; the event carries everything that was read at the
venue, so that a replay needs nobody to ask.

Nothing is special about such a position afterwards. Each missed trade is booked through an order of
the book, made for it and over at once, so holdings are what fills come to, and the kernel hears of
the fills like of any other: entry, mean price, parts that were sold. Orders of ours that still rest
for it get their records back and are looked after again; what must not rest is cancelled. The guard
places the stop in the same step, for it looks after whatever is held.

An order that closed a part counts as a take where our name says so, or, where the venue tells no
names, where it rested at the price of one or has the size of one that was reached: no take is to be
done twice. Other closings count as exits.

Numbers of decisions go on from the time in seconds: client ids of journals from before version 9 of
the rules are made of them alone, and one that began anew would give the venue ids that it has seen.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import ConfigError, InternalError
from ballast.core.ids import Purpose, purpose_of
from ballast.core.orders import OrderKind, OrderRequest, Side
from ballast.core.ticks import from_steps
from ballast.oms import lifecycle, resolver
from ballast.risk.gate import memory as remembering
from ballast.runtime.node.entering import Entering
from ballast.runtime.node.events import Alert, CancelOrder
from ballast.runtime.node.execution import WINDOW_NS

if TYPE_CHECKING:
    from ballast.core.orders import Fill
    from ballast.core.reports import OrderReport
    from ballast.oms.protection.cover import Take
    from ballast.runtime.node.decider import Decider
    from ballast.runtime.node.events import Adopted

MS_NS, SECOND_NS = 1_000_000, 1_000_000_000
PPM = 1_000_000
NEAR_PPM = 1_000
"""How far a take may have traded from where it is reckoned now: levels follow the first stop, which
was rounded, or may have been a person's."""


class Adopting(Entering):
    """An account whose positions may have begun elsewhere."""

    def _adopt(self, event: Adopted) -> None:
        symbol, desk = event.symbol, self.desk(event.symbol)
        if not event.stop_ticks and self.decider is None:
            raise InternalError(f"{symbol} is adopted without a stop, and nobody decides one")
        self.decision = max(self.decision, event.at_ns // SECOND_NS)
        was = self.book.holding(symbol).lots
        bars = 0
        if not was and event.fills:
            bars = self._foresee(event.fills[0])
        open_orders = {one.order_id: one for one in event.orders}
        names: dict[int, str] = {}
        for place, fill in enumerate(event.fills):
            name = names.get(fill.order_id)
            if name is None:
                shown = open_orders.get(fill.order_id)
                lots = sum(
                    one.qty_lots for one in event.fills[place:] if one.order_id == fill.order_id
                )
                name = self._kept(shown, fill.side) if shown else self._ended_order(fill, lots)
                names[fill.order_id] = name
            self._take(replace(fill, client_id=name))
        held = self.book.holding(symbol).lots
        for shown in event.orders:
            if shown.order_id not in names:
                self._kept(shown, Side.SELL if held > 0 else Side.BUY)
            self._take(shown)
        if desk.aside_lots:
            desk.aside_lots = max(desk.aside_lots - max(held - was, 0), 0)
        desk.closes = False
        self._out += [CancelOrder(symbol, one) for one in event.cancels]
        self._out.append(
            Alert(symbol, f"adopted: {was} lots became {held} ({event.who}: {event.reason})")
        )
        if held:
            self.gate = remembering.reappeared(self.gate, symbol)
            self._restop(event, bars, is_new=not was)

    # The kernel's side ----------------------------------------------------------------------

    def _foresee(self, first: Fill) -> int:
        """Prepare the kernel for a position that began with a fill; return how many bars ago."""
        decider = self.decider
        if decider is None or first.symbol not in decider.places:
            return 0
        s, at_ms = decider.places[first.symbol], first.at_ns // MS_NS
        spec, bars = decider.live.spec[s], decider.bars(first.symbol)
        span = decider.timeframe.ms
        closed_ms = int(bars.ts[-1]) + span if len(bars) else 0
        ago = max(-(-(closed_ms - at_ms) // span), 0) if closed_ms else 0
        values = {"atr": 0.0, "stop": 0.0, "confidence": 0.0}
        if len(bars):
            values |= _values_at(decider, first.symbol, len(bars) - 1 - ago)
        price = from_steps(first.price_ticks, spec.tick_num, spec.tick_den)
        decider.live.foreseen(s, int(first.side), at_ms, price, bars=ago, **values)
        return ago

    def _restop(self, event: Adopted, bars: int, *, is_new: bool) -> None:
        """Let the position be as old as it is, and its stop where it is wanted."""
        desk, decider = self.desk(event.symbol), self.decider
        if event.stop_ticks:
            desk.stop_ticks = event.stop_ticks
        if decider is None or event.symbol not in decider.places:
            return
        s = decider.places[event.symbol]
        if is_new:
            decider.live.begun(s, bars)
        if event.stop_ticks:
            spec = decider.live.spec[s]
            price = from_steps(event.stop_ticks, spec.tick_num, spec.tick_den)
            decider.live.restopped(s, price)
        decider.entry_over(event.symbol)  # what it said before is not so any more
        if not decider.held(event.symbol).stop_ticks and not self.rules.may_be_bare:
            raise ConfigError(
                f"the strategy has no stop for {event.symbol}", fix="say --stop PRICE"
            )

    # The book's side ------------------------------------------------------------------------

    def _ended_order(self, fill: Fill, lots: int) -> str:
        """Enter the order of some fills into the book, all of whose lots they are."""
        held = self.book.holding(fill.symbol).lots
        opens = held * int(fill.side) >= 0
        purpose, take = (Purpose.ENTRY, None) if opens else self._closing(fill, lots)
        request = OrderRequest(
            fill.symbol, fill.side, OrderKind.MARKET, lots,
            reduce_only=not opens and self.rules.abilities.reduces_only,
        )  # fmt: skip
        name = self._enter(purpose, request).request.client_id
        desk = self.desk(fill.symbol)
        desk.costs.pop(name, None)  # it was decided elsewhere: there is no price to measure it by
        if take is not None:
            desk.taking[name] = take
        return name

    def _closing(self, fill: Fill, lots: int) -> tuple[Purpose, int | None]:
        """Return what an order that closed a part was for, and the take's number if it was one."""
        said, direction = purpose_of(fill.client_id), -int(fill.side)
        takes = self._takes(fill.symbol)
        near = min(takes, key=lambda one: abs(one.ticks - fill.price_ticks), default=None)
        if near is not None and said is Purpose.TAKE:
            return Purpose.TAKE, near.number
        if near is not None and said is None:
            beyond = direction * (fill.price_ticks - near.ticks)
            slack = near.ticks * NEAR_PPM // PPM
            rested = fill.is_maker and abs(beyond) <= slack
            if rested or (lots == near.lots and beyond >= -slack):
                return Purpose.TAKE, near.number
        if said in {Purpose.STOP, Purpose.EXIT, Purpose.FLATTEN, Purpose.TRAIL}:
            return said, None
        return Purpose.EXIT, None

    def _kept(self, shown: OrderReport, side: Side) -> str:
        """Give an order of ours that rests at the venue its record back."""
        name, purpose = shown.client_id, purpose_of(shown.client_id)
        if purpose not in {Purpose.STOP, Purpose.TAKE}:
            raise InternalError(f"{name} protects nothing: it is not kept")
        at_market = OrderKind.STOP_MARKET if shown.trigger_ticks else OrderKind.MARKET
        at_limit = OrderKind.STOP_LIMIT if shown.trigger_ticks else OrderKind.LIMIT
        request = OrderRequest(
            shown.symbol, side, at_limit if shown.price_ticks else at_market, shown.qty_lots,
            shown.price_ticks, reduce_only=self.rules.abilities.reduces_only,
            trigger_ticks=shown.trigger_ticks, client_id=name,
        )  # fmt: skip
        self.decision += 1
        made = self.book.prepare(name, purpose, request, decision=self.decision, at_ns=self.now_ns)
        fence_ns = resolver.fence_ns(self.now_ns, WINDOW_NS)
        self.book.keep(lifecycle.sent(made, self.now_ns, fence_ns))
        for take in self._takes(shown.symbol) if purpose is Purpose.TAKE else ():
            if take.ticks == shown.price_ticks:
                self.desk(shown.symbol).taking[name] = take.number
        return name

    def _takes(self, symbol: str) -> tuple[Take, ...]:
        """Return the takes that the kernel still wants."""
        decider = self.decider
        is_decided = decider is not None and symbol in decider.places
        return decider.held(symbol).takes if decider is not None and is_decided else ()


def _values_at(decider: Decider, symbol: str, place: int) -> dict[str, float]:
    """Return what the strategy said at a bar; else at the last one, where it said nothing there."""
    every = {seat.symbol: decider.bars(seat.symbol) for seat in decider.session.seats}
    columns = decider.plans[decider.places[symbol]].evaluate(
        {name: one for name, one in every.items() if len(one)}, symbol
    )
    found = {}
    for name in ("atr", "stop", "confidence"):
        column = np.asarray(getattr(columns, name))
        if not len(column):
            found[name] = 0.0
            continue
        value = float(column[place]) if place >= 0 else np.nan
        found[name] = value if np.isfinite(value) else float(column[-1])
    return found
