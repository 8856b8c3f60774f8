"""The afternoon on Binance spot as it goes on Bybit: the same steps, told in words of no venue.

What Bybit does not have is left out: order lists, icebergs (the order stays, whole), a trigger on
the wrong side (its direction follows from the price). Its amend takes the place of cancel-replace.
"""

from __future__ import annotations

from typing import Any

from tests.e2e.venues.clients.perp_scenario import Step, cancel, order, refused
from tests.e2e.venues.clients.scenario import STEPS

KINDS = {
    "LIMIT": "LIMIT", "LIMIT_MAKER": "LIMIT", "MARKET": "MARKET", "STOP_LOSS": "STOP",
    "STOP_LOSS_LIMIT": "STOP_LIMIT", "TAKE_PROFIT": "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT": "TAKE_PROFIT_LIMIT",
}  # fmt: skip
STATUS = {"CANCELED": "ENDED", "EXPIRED": "ENDED"}
REFUSALS = {
    "rest-1": "duplicate", "much-1": "margin", "little-1": "notional", "large-1": "size",
    "dear-1": "price",
}  # fmt: skip
TAKEN = {"maker-2": order("maker-2", "ENDED")}
"""Refused on Binance, accepted and ended on Bybit."""
LEFT_OUT = frozenset({"stop-3", "above-1", "below-1", "move-2"})


def steps() -> list[Step]:
    """Return the steps."""
    moves = [
        Step("amend", {"id": "move-1", "qty": "0.02", "price": "52000"}, {"done": "amend"}),
        Step("amend", {"id": "nobody", "qty": "0.02", "price": "52000"}, refused("no order")),
        cancel("move-1"),
    ]
    found: list[Step] = []
    for step in STEPS:
        told = _told(step)
        is_pair = "pair" in step.do or (step.do == "open orders" and "above-1" in told["ids"])
        if is_pair or step.with_.get("id") in LEFT_OUT - {"move-2"}:
            continue
        if step.do == "replace":
            found.append(moves.pop(0))
        elif step.do == "query" and step.with_["id"] == "move-1":
            found.append(Step("query", step.with_, order("move-1", "NEW")))
        elif step.do == "cancel all" and isinstance(step.told, dict) and "code" in step.told:
            found.append(Step("cancel all", {}, {"ids": []}))
        else:
            found.append(Step(step.do, _asked(step), told))
    return found


def _asked(step: Step) -> dict[str, str]:
    if step.do != "new":
        return step.with_
    values = {name: value for name, value in step.with_.items() if name != "shown"}
    post = {"post": "yes"} if values["type"] == "LIMIT_MAKER" else {}
    return {**values, "type": KINDS[values["type"]], **post}


def _told(step: Step) -> Any:
    told = step.told
    if step.do in {"all orders", "streamed orders"}:
        ends = {own: [STATUS.get(one, one), filled] for own, (one, filled) in told.items()}
        ends |= {"maker-2": ["ENDED", "0"]}
        return {own: end for own, end in ends.items() if own not in LEFT_OUT}
    if not isinstance(told, dict) or not {"code", "status"} & set(told):
        return told
    own = step.with_.get("id", "")
    if "code" in told and step.do == "new":
        return TAKEN.get(own) or refused(REFUSALS.get(own, "?"))
    if "code" in told:
        return refused("no order" if step.do == "query" else "unknown order")
    waits = step.do == "new" and "stop" in step.with_
    status = "WAITING" if waits else STATUS.get(told["status"], told["status"])
    return {**told, "status": status}
