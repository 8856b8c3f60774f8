"""Looks: each time a node was shown what its venue holds: what was found, and what was done.

Nothing is kept for it beside the journal: the venue's word is an event there, and whatever the node
made of it are the effects that follow it (R-RECON-10).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ballast.core.orders import Fill
from ballast.core.time import format_ms
from ballast.runtime.node.events import (
    Alert,
    AmendOrder,
    Ask,
    AskTrades,
    CancelOrder,
    OrdersShown,
    PositionShown,
    ReplaceOrder,
    Reported,
    Submit,
    SubmitPair,
)
from ballast.runtime.node.journalled import CODEC, EFFECT, EVENT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ballast.core.journal import Record

MS_NS = 1_000_000
SHOWN = ('"OrdersShown"', '"PositionShown"', '"Fill"')
"""Events that a look is made of; what else happened between is none of it."""


@dataclass(slots=True)
class Look:
    """One look: ends with the list of open orders, after positions and trades were told."""

    at_ns: int = 0
    run: str = ""
    orders: int = 0
    positions: dict[str, int] = field(default_factory=dict)
    fills: list[str] = field(default_factory=list)
    """Fills that were told since the look before, by any way."""
    findings: list[str] = field(default_factory=list)
    repairs: list[str] = field(default_factory=list)

    def as_plain(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "time": format_ms(self.at_ns // MS_NS),
            "run": self.run,
            "orders": self.orders,
            "positions": self.positions,
            "fills": self.fills,
            "findings": self.findings,
            "repairs": self.repairs,
        }


def looks_of(records: Iterable[Record], last: int) -> list[Look]:
    """Return the last looks among some records, oldest first."""
    found: deque[Look] = deque(maxlen=last)
    now, is_of_look = Look(), False
    for record in records:
        if record.kind == EVENT:
            if now.at_ns:  # its list of orders was told, and its effects are over
                found.append(now)
                now = Look()
            is_of_look = any(one in record.body for one in SHOWN)
            if is_of_look:
                _event(now, record)
        elif record.kind == EFFECT and is_of_look:
            _effect(now, CODEC.value(record))
    if now.at_ns:
        found.append(now)
    return list(found)


def _event(now: Look, record: Record) -> None:
    match CODEC.value(record):
        case OrdersShown(orders=orders):
            now.at_ns, now.run, now.orders = record.at_ns, record.run, len(orders)
        case PositionShown(symbol=symbol, lots=lots):
            now.positions[symbol] = lots
        case Reported(report=Fill() as fill):
            now.fills.append(f"{fill.symbol} {fill.client_id} {fill.qty_lots} lots")
        case _:
            pass


def _effect(now: Look, effect: object) -> None:
    match effect:
        case Alert(symbol=symbol, text=text):
            now.findings.append(f"{symbol} {text}".strip())
        case Submit(request=request, purpose=purpose):
            now.repairs.append(
                f"{request.symbol} {purpose.name.lower()} of {request.qty_lots} lots sent"
            )
        case SubmitPair(take=take, stop=stop):
            _effect(now, take)
            _effect(now, stop)
        case CancelOrder(symbol=symbol, client_id=name):
            now.repairs.append(f"{symbol} {name} cancelled")
        case (
            AmendOrder(symbol=symbol, client_id=name) | ReplaceOrder(symbol=symbol, client_id=name)
        ):
            now.repairs.append(f"{symbol} {name} moved")
        case Ask(symbol=symbol, client_id=name):
            now.repairs.append(f"{symbol} {name} asked for")
        case AskTrades(symbol=symbol):
            now.repairs.append(f"{symbol} trades asked for")
        case _:
            pass
