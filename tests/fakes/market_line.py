"""The lossy line to a market of several symbols that moves by itself; time goes to where it may."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ballast.core.orders import AmendRequest, OrderRef, OrderRequest, RejectReason
from ballast.core.reports import Source
from ballast.core.rng import stream
from ballast.venues.simulated.engine.events import Filled, OrderUpdated
from ballast.venues.simulated.engine.outcomes import Rejected
from tests.fakes.lossy_line import Asked, Both, Line, Swap, parts, report_of
from tests.fakes.parity import CASH
from tests.fakes.venue import SECOND

if TYPE_CHECKING:
    from ballast.core.reports import Report
    from ballast.oms.record import OrderRecord
    from ballast.oms.resolver import Step
    from ballast.venues.simulated.engine.exchange import Exchange

FAULTS = (
    "lost", "late", "reply lost", "refusal lies", "read lost", "read lags", "frame dropped",
    "frame doubled", "trades listed", "price lost", "bar lost", "clock", "write failed", "crash",
    "crash at start", "down", "stop refused",
)  # fmt: skip
"""Everything that can go wrong; each seed draws how much of each, nothing included (swarm)."""
NO_STOP = "stop refused"
FACTORS = (0.0, 0.5, 1.0, 1.5)


def symbol_of(asked: Asked) -> str:
    """Return the symbol that a request is about."""
    match asked:
        case OrderRequest() | OrderRef():
            return asked.symbol
        case AmendRequest() | Swap():
            return asked.ref.symbol
        case Both():
            return asked.stop.symbol


class MarketLine(Line):
    """One account on an exchange whose prices are attached; `lots` is what it truly holds."""

    def __init__(
        self,
        seed: int,
        rate: float,
        seen: Counter[str],
        exchange: Exchange,
        without: frozenset[str] = frozenset(),
    ) -> None:
        self.exchange = exchange
        draw = stream(seed, "swarm")
        self.factors = {
            one: 0.0 if one in without else factor
            for one, factor in zip(FAULTS, draw.choice(FACTORS, len(FAULTS)), strict=True)
        }
        self.lots: Counter[str] = Counter()
        self.no_stops_ns = 0
        super().__init__(seed, rate, seen)

    def __post_init__(self) -> None:
        self.account = self.exchange.open_account("ours", {"USDT": CASH})
        self.draw = stream(self.seed, "line")

    def is_hit(self, fault: str) -> bool:
        hit = bool(self.draw.random() < self.rate * self.factors[fault])
        self.seen[fault] += hit
        return hit

    def send(self, asked: Asked) -> None:
        self.symbol = symbol_of(asked)
        orders = [asked.take, asked.stop] if isinstance(asked, Both) else [asked]
        stops = [one for one in orders if isinstance(one, OrderRequest) and one.trigger_ticks]
        if stops and self.refuses_stops():
            why = Rejected(RejectReason.MAX_CONDITIONAL_ORDERS, "no more of them")
            for name, action in parts(asked):
                self.back.append((self.soon_ns(), self.refusal(name, action, why)))
            return
        super().send(asked)

    def refuses_stops(self) -> bool:
        """Tell whether the venue takes no stops for a while (X5, X12)."""
        if self.now_ns >= self.no_stops_ns and self.draw.random() < 0.2 and self.is_hit(NO_STOP):
            self.no_stops_ns = self.now_ns + 20 * SECOND
        return self.now_ns < self.no_stops_ns

    def carry_out(self, asked: Asked) -> list[Report]:
        self.symbol = symbol_of(asked)
        replies = super().carry_out(asked)
        self.pump()
        return replies

    def look(self, record: OrderRecord, step: Step) -> None:
        self.symbol = record.symbol
        super().look(record, step)

    def next_ns(self) -> int | None:
        """Return when something happens next by itself."""
        times = [at_ns for at_ns, _ in self.later] + [at_ns for at_ns, _ in self.back]
        at_ns = self.exchange.next_ns()
        return min([*times, at_ns] if at_ns is not None else times, default=None)

    def advance_to(self, to_ns: int) -> list[Report]:
        """Let time pass; return what arrives."""
        self.exchange.advance(to_ns)
        self.pump()
        for at_ns, asked in [one for one in self.later if one[0] <= to_ns]:
            self.later.remove((at_ns, asked))
            self.carry_out(asked)
        due = sorted((one for one in self.back if one[0] <= to_ns), key=lambda one: one[0])
        self.back = [one for one in self.back if one[0] > to_ns]
        return [report for _, report in due]

    def pump(self) -> None:
        """Count what was filled, and put what the exchange tells on the stream."""
        for event in self.exchange.drain():
            match event:
                case OrderUpdated(order=order) if order.account == self.account:
                    self.stream(report_of(order, Source.STREAM, event.at_ns))
                case Filled(fill=fill) if fill.account == self.account:
                    self.lots[fill.symbol] += int(fill.side) * fill.qty_lots
                    self.stream(fill)
                case _:
                    pass
