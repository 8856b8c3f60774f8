"""The afternoon on spot in words of no venue: `scenario.py` for venues that are not Binance.

Left out is what only Binance has: icebergs, a smallest value of an order, cancel-and-replace. A
pair is one order with one id. What is refused is named by its reason, as in `perp_scenario.py`.
"""

from __future__ import annotations

from typing import Any

from tests.e2e.venues.clients.scenario import STEPS, Step

KINDS = {
    "LIMIT_MAKER": "LIMIT", "STOP_LOSS": "STOP", "STOP_LOSS_LIMIT": "STOP_LIMIT",
}  # fmt: skip
WAITING = ("stop-1", "stop-2", "take-1", "take-2")
ONLY_THERE = frozenset({"ice-1", "little-1", "move-1", "move-2", "move-3", "move-4"})
REASONS = {
    "rest-1": "duplicate", "stop-3": "would trigger", "much-1": "margin", "large-1": "size",
    "dear-1": "price",
}  # fmt: skip
ENDED = frozenset({"CANCELED", "EXPIRED", "ALL_DONE"})
LEGS = {"above-1": "pair-1", "below-1": "pair-1"}


def status(own: str, word: str) -> str:
    """Return where an order stands, in neutral words."""
    if word in ENDED:
        return "ENDED"
    return "WAITING" if own in WAITING or word == "EXECUTING" else word


def ids(found: list[str]) -> list[str]:
    """Return ids without those of Binance only, and pairs by their own."""
    return sorted({LEGS.get(own, own) for own in found} - ONLY_THERE)


def told(step: Step) -> Any:
    """Return what is told of a step."""
    own, said = step.with_.get("id", ""), step.told
    if isinstance(said, list):
        return said
    if "code" in said:
        reason = {"cancel": "unknown order", "cancel pair": "unknown order"}.get(
            step.do, "no order"
        )
        return {"refused": REASONS[own] if step.do == "new" else reason}
    if step.do in {"all orders", "streamed orders"}:
        ends = {LEGS.get(own, own): [status(own, word), filled]
                for own, (word, filled) in said.items() if own not in ONLY_THERE}  # fmt: skip
        return ends | {"maker-2": ["ENDED", "0"]}
    if "status" in said:
        return {"id": own, "status": status(own, said["status"]), "filled": said.get("filled", "0")}
    return {"ids": ids(said["ids"])} if "ids" in said else said


def neutral(step: Step) -> Step | None:
    """Return a step in neutral words, None for one that only Binance has."""
    own = step.with_.get("id", "")
    if own in ONLY_THERE or step.do in {"replace", "streamed pairs"}:
        return None
    values = dict(step.with_)
    if step.do == "new":
        values["type"] = KINDS.get(values["type"], values["type"])
        if step.with_["type"] == "LIMIT_MAKER":
            values["post"] = "yes"
    if own == "maker-2":  # taken, then ended
        return Step("new", values, {"id": own, "status": "ENDED", "filled": "0"})
    if step.do == "cancel all" and "code" in step.told:
        return Step(step.do, values, {"ids": []})
    return Step(step.do.replace(" pair", ""), values, told(step))


NEUTRAL = [one for one in map(neutral, STEPS) if one is not None]
