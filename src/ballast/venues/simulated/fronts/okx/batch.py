"""Batch: one or up to twenty requests about orders in one call, each answered by itself.

The answer's code is 0 if all were done, 1 if none, 2 if some. A request sent alone that is wrong as
a request (a code below 51000) is refused whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ballast.venues.simulated.fronts.okx import errors
from ballast.venues.simulated.fronts.okx.errors import Refusal
from ballast.venues.simulated.fronts.parameters import BadParameter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ballast.venues.simulated.fronts.okx.call import Call
    from ballast.venues.simulated.fronts.okx.front import OkxFront

MOST = 20


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of each request."""

    items: list[dict[str, Any]]

    @property
    def code(self) -> str:
        """The code of the whole."""
        failed = sum(one["sCode"] != "0" for one in self.items)
        if not failed:
            return "0"
        return "1" if failed == len(self.items) else "2"

    @property
    def text(self) -> str:
        """The words of the whole."""
        return {"0": "", "1": "All operations failed", "2": "Bulk operation partially succeeded"}[
            self.code
        ]


def each(
    front: OkxFront,
    call: Call,
    act: Callable[[OkxFront, Call], dict[str, Any]],
    echoes: Sequence[str],
    *,
    many: bool = False,
    most: int = MOST,
) -> Batch:
    """Carry out a request, or each of a list; what fails says which one it was."""
    if not many:
        return Batch([_one(front, call, act, echoes, alone=True)])
    if not isinstance(call.body, list):
        raise errors.NO_JSON
    if not call.body:
        raise errors.EMPTY_BODY
    if len(call.body) > most:
        raise Refusal(51111, f"Maximum {most} orders can be placed in bulk")
    calls = [call.of(one) for one in call.body]  # all are read before one is carried out
    return Batch([_one(front, one, act, echoes, alone=False) for one in calls])


def _one(
    front: OkxFront,
    call: Call,
    act: Callable[[OkxFront, Call], dict[str, Any]],
    echoes: Sequence[str],
    *,
    alone: bool,
) -> dict[str, Any]:
    try:
        return act(front, call) | {"sCode": "0", "sMsg": ""}
    except BadParameter as problem:
        refusal = errors.parameter(problem)
    except Refusal as problem:
        refusal = problem
    if alone and not refusal.is_of_order:
        raise refusal
    return failure(call, refusal, echoes)


def failure(call: Call, refusal: Refusal, echoes: Sequence[str]) -> dict[str, Any]:
    """Return what is said of a request that failed: its own ids come back as they were sent."""
    kept = {name: call.given.values.get(name, "") for name in echoes}
    return kept | {
        "ts": str(call.now_ms), "sCode": str(refusal.code), "sMsg": refusal.text, "subCode": "",
    }  # fmt: skip
