"""The whole node on a line that loses things, killed at any step and started again (C8, G2)."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ballast.core.errors import DataError
from ballast.runtime.node.journalled import CODEC, EFFECT, replayed
from ballast.runtime.node.state import packed
from tests.fakes.guarded import KINDS
from tests.fakes.lossy_line import Line
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.noded import NodedClient
from tests.sim.test_protection import Auditor, played

if TYPE_CHECKING:
    from ballast.runtime.node.journalled import Replay
    from ballast.runtime.node.node import Node

SEEDS = int(os.environ.get("BALLAST_EXAMPLES", "6"))


def noded(auditor: Auditor) -> NodedClient:
    client = auditor.client
    assert isinstance(client, NodedClient)
    return client


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_node_keeps_what_it_holds_protected(name: str, seed: int) -> None:
    """B1 to B9 at every step; a crash loses nothing, sends nothing twice, leaves nothing bare."""
    auditor = played(name, seed, (0.0, 0.1, 0.25, 0.5)[seed % 4], Counter(), NodedClient)
    client = noded(auditor)
    assert max(client.line.accepted.values(), default=1) == 1, "at most once (A2)"
    for _ in range(40):
        client.step()  # what was under way arrives; nothing new is decided
    held = client.book.holding(client.symbol)
    assert held.lots == client.line.true_lots(), "the book ends where the venue is (C2)"


def test_crashes_orders_and_faults_all_happen() -> None:
    """R9: over twelve seeds, or the runs above prove nothing."""
    seen: Counter[str] = Counter()
    crashes = orders = alarms = 0
    for seed in range(1_000, 1_012):
        client = noded(played("perpetual, amends", seed, 0.5, seen, NodedClient))
        crashes += client.crashes
        orders += len(client.line.accepted)
        alarms += sum(record.body.find("Alert") > 0 for record in client.memory.records)
    assert crashes > 20, crashes
    assert orders > 80, orders
    assert alarms > 20, alarms
    assert all(seen[fault] > 10 for fault in ("lost", "late", "reply lost", "frame dropped")), seen


def test_a_replay_is_the_same_to_the_byte_and_says_where_it_is_not() -> None:
    """C8: the journal alone gives the node, and every effect it wanted."""
    client = noded(played("spot, replaces", 3, 0.25, Counter(), NodedClient))
    records = list(MemoryJournal(client.memory, "later").load().tail)
    replay = replayed(records)
    again = replay.node
    assert again is not None
    assert replay.starts == client.crashes + 1
    assert replay.events + replay.effects + 1 == len(records)
    node = client.live.node
    assert vars(again.book) == vars(node.book)
    assert (again.desks, again.gate, again.halt, again.pace, again.levels, again.decision) == (
        node.desks, node.gate, node.halt, node.pace, node.levels, node.decision
    )  # fmt: skip
    at = next(k for k, one in enumerate(records) if one.kind == "node.effect")
    with pytest.raises(DataError, match="missing"):
        replayed([*records[:at], *records[at + 1 :]])
    effect = next(
        k
        for k, one in enumerate(records)
        if "Submit" in one.body and records[k + 1].kind == "node.effect"
    )
    changed = CODEC.entry(CODEC.value(records[at]), 0)
    assert changed.body == records[at].body
    with pytest.raises(DataError, match="another effect"):
        replayed([*records[:effect], records[effect + 1], *records[effect + 1 :]])
    with pytest.raises(DataError, match="not whole"):
        replayed(records[:at])


def test_a_start_holds_orders_against_the_journal_and_not_words() -> None:
    """C8: a later version may say another thing; one that sends another order does not start."""
    client = noded(played("spot, replaces", 3, 0.25, Counter(), NodedClient))
    records = list(MemoryJournal(client.memory, "later").load().tail)
    reworded = [
        replace(one, body=one.body.replace('"text":"', '"text":"so said the last version: '))
        if one.kind == EFFECT
        else one
        for one in records
    ]
    silent = [one for one in records if one.kind != EFFECT or '"type":"Alert"' not in one.body]
    assert reworded != records
    assert len(silent) < len(records)
    ends = [packed(node_of(replayed(one, acts_only=True))) for one in (records, reworded, silent)]
    assert ends[0] == ends[1] == ends[2]
    with pytest.raises(DataError, match="another effect"):
        replayed(reworded)
    at = next(k for k, one in enumerate(records) if '"type":"Ask"' in one.body)
    unknown = replace(records[at], body='{"value":{},"version":1,"type":"Whisper"}')
    with pytest.raises(DataError, match="another effect"):
        replayed([*records[:at], unknown, *records[at + 1 :]])
    for act in ('"type":"Submit"', '"type":"CancelOrder"'):
        at = next(k for k, one in enumerate(records) if act in one.body)
        with pytest.raises(DataError, match=r"another effect|are missing"):
            replayed([*records[:at], *records[at + 1 :]], acts_only=True)


def node_of(replay: Replay) -> Node:
    assert replay.node is not None
    return replay.node


def test_a_run_is_the_same_run_again() -> None:
    """One seed, one digest."""
    heads = []
    for _ in range(2):
        client = noded(played("perpetual, new first", 5, 0.25, Counter(), NodedClient))
        heads.append(client.memory.records[-1].hash)
    assert heads[0] == heads[1]


def test_without_a_start_by_a_person_nothing_is_sent() -> None:
    """A new account is paused; F7, R-GATE-24."""
    line = Line(1, 0.0, Counter(), symbol=KINDS["spot, cancels"].symbol)
    client = NodedClient(line, KINDS["spot, cancels"])
    client.live.node.halt = type(client.live.node.halt)()
    for _ in range(200):
        client.move()
        client.act()
        client.step()
    assert line.accepted == {}
