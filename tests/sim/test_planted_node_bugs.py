"""Planted bugs: each step of the node left out must be found (R8; incidents 5, 11, 60 to 62)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from ballast.core.errors import BallastError
from ballast.runtime.node import journalled
from ballast.runtime.node.events import Started
from ballast.runtime.node.journalled import Replay
from ballast.runtime.node.node import Node
from tests.fakes.noded import NodedClient
from tests.sim.test_protection import played

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.runtime.node.events import Event, PositionShown

SEEDS = 24
APPLY = Node._apply


def nothing(*_: Any, **__: Any) -> None:
    return None


def never_asks_for_trades(node: Node, event: PositionShown) -> None:
    desk = node.desk(event.symbol)
    desk.venue_lots, desk.asked_ns = event.lots, event.asked_ns


def believes_it_arrived(node: Node, event: Event) -> None:
    """A restart that takes what was on its way as sent and answered."""
    if not isinstance(event, Started):
        APPLY(node, event)


def forgets_all(*_: Any, **__: Any) -> Replay:
    """Incident 62: a start that does not read what was before; a person resumes it."""
    return Replay()


BUGS: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "the guard is not asked": (Node, "_look_after", nothing),
    "silence is not asked about": (Node, "_resolve", nothing),
    "orders are never compared": (Node, "_compare", nothing),
    "positions are never compared": (Node, "_position", never_asks_for_trades),
    "a restart believes that all arrived": (Node, "_apply", believes_it_arrived),
    "a restart without its past": (journalled, "replayed", forgets_all),
}


@pytest.mark.slow
@pytest.mark.parametrize("bug", BUGS)
def test_the_simulation_finds(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, wrong = BUGS[bug]
    monkeypatch.setattr(owner, name, wrong)
    kinds = ("perpetual, new first", "spot, cancels")
    for seed in range(SEEDS):
        for kind in kinds:
            try:
                auditor = played(kind, seed, 0.5, Counter(), NodedClient)
                client = auditor.client
                assert isinstance(client, NodedClient)
                for _ in range(40):
                    client.step()
                assert client.book.holding(client.symbol).lots == client.line.true_lots()
            except (AssertionError, BallastError):
                return
    pytest.fail(f"{bug}: not found in {SEEDS} seeds")
