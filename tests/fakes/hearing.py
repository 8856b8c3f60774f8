"""What an auditor may know of a client that decides, beside the venue and the journal."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ballast.core.ids import REDUCING, Purpose, purpose_of
from ballast.core.orders import TERMINAL, Fill, RejectReason
from ballast.core.reports import Action, OrderReport, Rejection
from ballast.oms.record import Phase
from ballast.risk.halt.modes import Mode
from ballast.runtime.node import events as told

if TYPE_CHECKING:
    from ballast.core.orders import OrderRequest
    from ballast.runtime.node.events import Effect, Event
    from ballast.runtime.node.node import Node

HELD = {RejectReason.INSUFFICIENT_BALANCE, RejectReason.INSUFFICIENT_MARGIN}
"""No refusal of a stop: an order that nobody has heard of may hold the coins."""


@dataclass
class Heard:
    """What the auditor may know of the client beside the venue and the journal."""

    triggers: dict[str, list[int | None]] = field(default_factory=dict)
    entries: list[tuple[str, int, int]] = field(default_factory=list)
    """Symbol, lots and time of each entry that was sent."""
    unwritten: list[str] = field(default_factory=list)
    """Orders that were sent before their journal."""
    running: bool = False
    """What people commanded last, and what the node's own alarm said."""
    while_halted: list[str] = field(default_factory=list)
    ticks: dict[str, tuple[int, int]] = field(default_factory=dict)
    """The newest price of a symbol that the node was told, and its time."""
    crossed: list[str] = field(default_factory=list)
    """Stops that were sent although the price had passed them."""
    refused: Counter[str] = field(default_factory=Counter)
    """Stops of a symbol that were refused in a row."""
    unmoved: list[str] = field(default_factory=list)
    """Symbols of which the venue refused stops twice, and the account went on."""
    approved: dict[str, list[int]] = field(default_factory=dict)
    """Lots of each entry of a symbol that the gate approved, as the kernel sized it."""
    wanted: Counter[str] = field(default_factory=Counter)
    """Lots of the newest entry of a symbol that are neither written as sent nor told as dropped."""
    begun_ns: list[int] = field(default_factory=list)
    """When each approved entry began."""
    since_ns: Counter[str] = field(default_factory=Counter)
    """When the newest one of a symbol did."""
    left: set[str] = field(default_factory=set)
    """Symbols of which something was reduced since their entry was approved."""
    after_exit: list[str] = field(default_factory=list)
    """Slices that were sent all the same."""
    paired: set[str] = field(default_factory=set)
    """Stops that were sent in a pair with a take; the stop alone is still to be tried then."""
    trails: int = 0
    """Stops that the venue moves by itself that were sent."""
    unsent: list[str] = field(default_factory=list)
    """Entries of which nobody ever said what became of the rest."""

    def stop(self, request: OrderRequest) -> None:
        """Note a stop that is sent."""
        self.triggers[request.symbol].append(request.trigger_ticks)
        ticks = self.ticks.get(request.symbol, (0, 0))[0]
        if ticks and int(request.side) * (request.trigger_ticks - ticks) <= 0:
            self.crossed.append(f"{request.client_id} at {request.trigger_ticks}, price {ticks}")

    def note(self, event: Event, effects: list[Effect], node: Node) -> None:
        """Note what the node knows of prices and refused stops after an event."""
        match event:
            case told.Priced():
                self.ticks[event.symbol] = event.ticks, event.at_ns
            case told.Reported(report=Fill() as fill):
                if fill.at_ns >= self.ticks.get(fill.symbol, (0, 0))[1]:
                    self.ticks[fill.symbol] = fill.price_ticks, fill.at_ns
            case told.Reported(report=OrderReport() as report):
                if purpose_of(report.client_id) is Purpose.STOP and report.status not in TERMINAL:
                    self.refused[report.symbol] = 0
            case told.Reported(report=Rejection() as no) if no.action is Action.SUBMIT:
                self._refused(no, effects, node)
            case _:
                pass
        for symbol in self.triggers:
            if not node.book.holding(symbol).lots:
                self.refused[symbol] = 0

    def entries_of(self, event: Event, effects: list[Effect], node: Node) -> None:
        """Note what an event brought to entries and exits."""
        fill = event.report if isinstance(event, told.Reported) else None
        is_reducing = isinstance(fill, Fill) and purpose_of(fill.client_id) in REDUCING
        if is_reducing and fill.at_ns >= self.since_ns[fill.symbol]:  # else it is told again
            self.left.add(fill.symbol)
        for effect in effects:
            self._entered(effect, node)

    def _entered(self, effect: Effect, node: Node) -> None:
        """Follow an entry from its approval to its last slice."""
        match effect:
            case told.Judged(symbol=symbol, reasons=()) if node.decider is not None:
                if self.wanted[symbol]:
                    self.unsent.append(f"{symbol}: {self.wanted[symbol]} lots")
                lots = int(node.decider.live.pos[node.decider.places[symbol]].in_lots)
                self.approved.setdefault(symbol, []).append(lots)
                self.wanted[symbol] = lots
                self.begun_ns.append(node.now_ns)
                self.since_ns[symbol] = node.now_ns
                self.left.discard(symbol)
            case told.Submit(purpose=Purpose.ENTRY, request=request):
                self.wanted[request.symbol] -= request.qty_lots
                if request.symbol in self.left:
                    self.after_exit.append(request.client_id)
            case told.Submit(purpose=Purpose.FLATTEN, request=request):
                self.left.add(request.symbol)
            case told.SubmitPair(stop=stop):
                self.paired.add(stop.request.client_id)
            case told.Sliced():
                self.wanted[effect.symbol] -= effect.dropped_lots
            case _:
                pass

    def _refused(self, no: Rejection, effects: list[Effect], node: Node) -> None:
        record = node.book.get(no.client_id)
        is_stop = purpose_of(no.client_id) is Purpose.STOP and no.reason not in HELD
        if not is_stop or record is None or record.phase is not Phase.REFUSED:
            return
        if no.client_id in self.paired:
            return
        stops = [one for one in node.book.open_orders(no.symbol) if one.purpose is Purpose.STOP]
        if any(one.phase is Phase.LIVE for one in stops):
            return  # it was to take the place of one that rests, and holds the position still
        self.refused[no.symbol] += 1
        leaves = any(isinstance(one, told.Submit | told.CancelOrder) for one in effects)
        if self.refused[no.symbol] == 2 and leaves and node.halt.mode is Mode.RUNNING:
            self.unmoved.append(no.symbol)
