"""Facts: what a session did, read from its journal and from nothing else."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ballast.core.ids import purpose_of
from ballast.core.orders import Fill
from ballast.core.time import format_ms
from ballast.runtime.node.events import (
    Alert,
    BarsClosed,
    Commanded,
    Judged,
    Reported,
    Settled,
    Started,
    Submit,
    SubmitPair,
    Valued,
)
from ballast.runtime.node.journalled import CODEC, EFFECT, EVENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ballast.core.journal import Record
    from ballast.venues.simulated.engine.profile import Listing

MS_NS = 1_000_000
BPS = 10_000.0


@dataclass(slots=True)
class Costs:
    """What orders of one purpose came to; `slippage` in quote units, against their decisions."""

    orders: int = 0
    notional: float = 0.0
    slippage: float = 0.0

    @property
    def bps(self) -> float:
        """Slippage as basis points of what was traded."""
        return self.slippage / self.notional * BPS if self.notional else 0.0


@dataclass(slots=True)
class Facts:
    """What the journal of a session says; times are ms, prices and quantities decimal numbers."""

    records: int = 0
    starts: list[int] = field(default_factory=list)
    equity: list[tuple[int, float]] = field(default_factory=list)
    closes: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    fills: list[dict[str, object]] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    costs: dict[str, Costs] = field(default_factory=dict)
    """By what the orders were for."""
    alerts: list[tuple[int, str, str]] = field(default_factory=list)
    commands: list[tuple[int, str, str, str]] = field(default_factory=list)
    _seen: set[tuple[str, int, int]] = field(default_factory=set)


def facts_of(records: Iterable[Record], listings: Mapping[str, Listing], scale: float) -> Facts:
    """Read the facts; `scale` is the atoms of a quote unit."""
    facts = Facts()
    for record in records:
        facts.records += 1
        if record.kind not in {EVENT, EFFECT}:
            continue
        at_ms = record.at_ns // MS_NS
        value = CODEC.value(record)
        if isinstance(value, Reported):
            if isinstance(value.report, Fill):
                _take(facts, value.report, listings, scale)
        elif isinstance(value, Settled):
            _cost(facts, value, listings)
        else:
            _note(facts, value, at_ms, scale)
    return facts


def _note(facts: Facts, value: object, at_ms: int, scale: float) -> None:
    """Add what one record says."""
    match value:
        case Started():
            facts.starts.append(at_ms)
        case Valued(equity=equity):
            facts.equity.append((at_ms, equity / scale))
        case BarsClosed(bars=bars):
            for bar in bars:
                facts.closes.setdefault(bar.symbol, []).append((at_ms, bar.prices[3]))
        case Submit(purpose=purpose):
            facts.sent[purpose.name.lower()] += 1
        case SubmitPair(take=take, stop=stop):
            facts.sent.update(one.purpose.name.lower() for one in (take, stop))
        case Judged(reasons=reasons):
            facts.accepted += not reasons
            facts.refused.update(_rule(reason) for reason in reasons)
        case Alert(symbol=symbol, text=text):
            facts.alerts.append((at_ms, symbol, text))
        case Commanded(order=order, who=who, reason=reason):
            facts.commands.append((at_ms, str(order), who, reason))
        case _:
            pass


def _cost(facts: Facts, settled: Settled, listings: Mapping[str, Listing]) -> None:
    """Add what an order cost."""
    listing = listings.get(settled.symbol)
    if listing is None:
        return
    worth = float(listing.price(1)) * float(listing.qty(settled.lots))
    costs = facts.costs.setdefault(settled.purpose.name.lower(), Costs())
    costs.orders += 1
    costs.notional += settled.mean_ticks * worth
    costs.slippage += settled.slippage_bps / BPS * settled.decided_ticks * worth


def _rule(reason: str) -> str:
    """Return which rule refused: the check, and of the kernel's which limit."""
    check, _, why = reason.partition(": ")
    return f"{check}: {why.split(' ')[0]}" if check == "kernel" else check


def _take(facts: Facts, fill: Fill, listings: Mapping[str, Listing], scale: float) -> None:
    key = (fill.symbol, fill.trade_id, fill.order_id)
    listing = listings.get(fill.symbol)
    purpose = purpose_of(fill.client_id)
    if key in facts._seen or listing is None or purpose is None:  # noqa: SLF001
        return
    facts._seen.add(key)  # noqa: SLF001 - the two halves of one reading
    facts.fills.append(
        {
            "at_ms": fill.at_ns // MS_NS,
            "time": format_ms(fill.at_ns // MS_NS),
            "symbol": fill.symbol,
            "what": purpose.name.lower(),
            "side": fill.side.name.lower(),
            "price": float(listing.price(fill.price_ticks)),
            "qty": float(listing.qty(fill.qty_lots)),
            "fee": fill.fee_atoms / scale,
            "liquidity": "maker" if fill.is_maker else "taker",
        }
    )
