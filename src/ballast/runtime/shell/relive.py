"""Relive: the simulated exchange of a session, made again from the journal.

The exchange of a paper session lives in the process and dies with it. It does what it is told and
draws nothing, so telling it the same at the same times makes it again: every request that the
journal holds is carried out, at its time. What was in the journal and not yet sent when the process
died is sent now; the node takes it as unknown, asks, and finds it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.orders import AmendRequest, OrderRef
from ballast.runtime.node.events import AmendOrder, CancelOrder, ReplaceOrder, Submit, SubmitPair
from ballast.runtime.node.journalled import CODEC, EFFECT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ballast.core.journal import Record
    from ballast.venues.simulated.client import SimulatedClient


def relive(client: SimulatedClient, records: Iterable[Record]) -> int:
    """Carry out every request of a journal at its time; return how many there were."""
    count = 0
    for record in records:
        client.exchange.advance(max(record.at_ns, client.exchange.now_ns))
        client.exchange.drain()
        if record.kind == EFFECT and _again(client, CODEC.value(record)):
            client.exchange.drain()
            count += 1
    return count


def _again(client: SimulatedClient, effect: object) -> bool:
    match effect:
        case Submit():
            client.again(effect.request)
        case CancelOrder():
            client.cancel(effect.symbol, effect.client_id)
        case AmendOrder():
            ref = OrderRef(effect.symbol, client_id=effect.client_id)
            client.amend(
                AmendRequest(ref, effect.qty_lots, effect.price_ticks, effect.trigger_ticks)
            )
        case ReplaceOrder():
            client.replace(effect.client_id, effect.submit.request)
        case SubmitPair():
            client.submit_pair(effect.take.request, effect.stop.request)
        case _:
            return False
    return True
