"""Announced shocks on a line that loses things: no entry is sent for a symbol while one lasts.

R-DATA-23, S-16. Announcements are drawn, replaced and withdrawn, and the process dies meanwhile;
whoever announced keeps a list of its own, which every entry is held against.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from ballast.core.ids import Purpose
from ballast.core.rng import stream
from ballast.risk.halt import shocks
from ballast.runtime.node import events as told
from tests.fakes.guarded import KINDS
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.noded import NodedClient
from tests.fakes.venue import SECOND
from tests.sim.test_protection import played

if TYPE_CHECKING:
    from ballast.runtime.node.events import Effect

SEEDS = int(os.environ.get("BALLAST_EXAMPLES", "3"))
NAMES = ("cpi", "war", "hack")
CHANCE, OVER = 0.02, 0.3
"""Of an announcement at a step, and of one that withdraws."""


class ShockedClient(NodedClient):
    """A node that hears of shocks, and somebody who remembers them."""

    def start(self) -> None:
        if not hasattr(self, "lasting"):
            self.lasting: dict[str, tuple[tuple[str, ...], int]] = {}
            self.news = stream(self.line.seed, "shocks")
            self.seen: Counter[str] = Counter()
        super().start()

    def holds_back(self) -> bool:
        return any(
            until_ns > self.line.now_ns and (not symbols or self.symbol in symbols)
            for symbols, until_ns in self.lasting.values()
        )

    def carry_out(self, effect: Effect) -> None:
        if isinstance(effect, told.Submit) and effect.purpose is Purpose.ENTRY:
            assert not self.holds_back(), f"entered while {self.lasting} last"
            self.seen["entries"] += 1
        if isinstance(effect, told.Judged):
            self.seen["refused"] += any(one.startswith("announced") for one in effect.reasons)
        super().carry_out(effect)

    def step(self) -> None:
        if self.news.random() < CHANCE:
            self.announce()
        super().step()

    def announce(self) -> None:
        now_ns = self.line.now_ns
        name = NAMES[int(self.news.integers(len(NAMES)))]
        symbols: Any = ((), (self.symbol,), ("OTHER",))[int(self.news.integers(3))]
        until_ns = now_ns + int(self.news.integers(1, 30)) * SECOND
        if self.news.random() < OVER:
            until_ns = now_ns
        self.lasting[name] = (symbols, until_ns)
        event = told.Announced(
            name, "sim", "a shock", symbols, until_ns, tightens=True, at_ns=now_ns
        )
        self.tell(event, dies=self.dies())


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_nothing_is_opened_in_an_announced_shock(name: str, seed: int) -> None:
    played(name, seed, (0.0, 0.25, 0.5)[seed % 3], Counter(), ShockedClient)


def test_entries_refusals_and_crashes_all_happen() -> None:
    """R9: or the runs above prove nothing; and what an announcer forgot the node forgot too."""
    seen: Counter[str] = Counter()
    for seed in range(1_000, 1_006):
        client = played("perpetual, amends", seed, 0.5, Counter(), ShockedClient).client
        assert isinstance(client, ShockedClient)
        seen += client.seen
        seen["crashes"] += client.crashes
        assert len(client.live.node.shocks.every) <= len(NAMES)
        assert list(MemoryJournal(client.memory, "later").records())
    assert seen["entries"] > 20, seen
    assert seen["refused"] > 20, seen
    assert seen["crashes"] > 10, seen


def test_a_node_that_forgets_a_shock_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """R9: the ledger of the announcer sees it."""
    monkeypatch.setattr(shocks.Shocks, "against", lambda _, __: None)
    with pytest.raises(AssertionError, match="entered while"):
        _played_all()


def _played_all() -> None:
    for seed in range(6):
        played("perpetual, amends", seed, 0.0, Counter(), ShockedClient)
