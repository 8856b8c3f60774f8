"""Snapshots: a node from one goes on exactly as the node that it was taken of (C8)."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.noded import NodedClient
from tests.fakes.papers import Sessions
from tests.sim.test_protection import played

from ballast.core.codec import body_of
from ballast.core.errors import DataError
from ballast.core.instrument import Kind
from ballast.core.journal import BODY_BYTES_MAX, Snapshot
from ballast.runtime.node import journalled
from ballast.runtime.node.desk import NodeRules
from ballast.runtime.node.journalled import EVENT, RULES, replayed, restored
from ballast.runtime.node.node import Node
from ballast.runtime.node.state import packed, unpacked

if TYPE_CHECKING:
    from ballast.core.journal import Record


def cuts(records: list[Record], count: int) -> list[int]:
    """Return places in a journal at which a step begins."""
    starts = [place for place, one in enumerate(records) if one.kind == EVENT]
    return [starts[len(starts) * (k + 1) // (count + 1)] for k in range(count)]


def check(records: list[Record], count: int) -> None:
    """Go on from snapshots at some places; every effect and the end must be the same."""
    end = replayed(records).node
    assert end is not None
    for cut in cuts(records, count):
        before = replayed(records[:cut]).node
        assert before is not None
        data = packed(before)
        assert packed(unpacked(data)) == data
        after = replayed(records[cut:], node=unpacked(data)).node
        assert after is not None
        assert packed(after) == packed(end), cut


@pytest.mark.parametrize("kind", [Kind.SPOT, Kind.PERPETUAL])
def test_a_deciding_node_goes_on_from_a_snapshot_at_any_place(kind: Kind) -> None:
    sessions = Sessions(kind, rate=0.2)
    for _ in range(150):
        sessions.running.step()
    assert sessions.fills()
    check(list(MemoryJournal(sessions.memory, "later").records()), 5)


@pytest.mark.parametrize("name", ["perpetual, new first", "spot, cancels"])
def test_a_node_amid_silence_and_doubt_goes_on_from_a_snapshot(name: str) -> None:
    """Orders nobody knows about are asked for in the same order as before."""
    client = played(name, 3, 0.5, Counter(), NodedClient).client
    assert isinstance(client, NodedClient)
    records = list(MemoryJournal(client.memory, "later").records())
    check(records, 8)


def test_a_start_takes_the_newest_snapshot_and_what_came_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = Sessions(Kind.SPOT)
    whole.finish()
    monkeypatch.setattr(journalled, "SNAPSHOT_RECORDS", 300)
    again = Sessions(Kind.SPOT)
    for _ in range(3):
        for _ in range(90):
            again.running.step()
        again.start()
    again.finish()
    assert len(again.memory.snapshots) > 3
    assert again.fills() == whole.fills()
    node: Node | None = restored(MemoryJournal(again.memory, "later"))
    assert node is not None
    assert packed(node) == packed(again.running.node)


@pytest.mark.parametrize("state", [b"{}", b"\xff\xfe", b""])
def test_a_snapshot_that_cannot_be_read_is_passed_over(state: bytes) -> None:
    sessions = Sessions(Kind.SPOT)
    for _ in range(120):
        sessions.running.step()
    records = sessions.memory.records
    sessions.memory.snapshots.append(Snapshot(len(records), len(records), state))
    with pytest.raises(DataError):
        unpacked(state)
    node = restored(MemoryJournal(sessions.memory, "later"))
    assert node is not None
    assert packed(node) == packed(sessions.running.node)


def test_a_snapshot_may_be_longer_than_a_record() -> None:
    """Found by the simulation: ten symbols of 4,096 bars would have stopped the node for good."""
    node = Node(NodeRules("main" * 2_000_000, "4f1c", None))
    data = packed(node)
    assert len(data) > BODY_BYTES_MAX
    assert unpacked(data).rules == node.rules


def test_rows_of_another_version_are_not_taken() -> None:
    sessions = Sessions(Kind.SPOT)
    data = packed(sessions.running.node)
    layout = data.split(b'"layout":"')[1].split(b'"')[0]
    with pytest.raises(DataError, match="another version"):
        unpacked(data.replace(layout, b"0" * len(layout)))


NEW_RULES = ("keeping", "slices", "settle_ns", "slip_alarm", "drawdown_warning", "tells_lost")


def of_version_1(record: Record) -> Record:
    """Return a record as the first version wrote it."""
    body = json.loads(record.body)
    if record.kind == RULES:
        body = {name: one for name, one in body.items() if name not in NEW_RULES}
    elif "link" in body:
        del body["link"]["rungs"]
    return replace(record, body=body_of(body), version=1)


def test_a_journal_of_the_first_version_is_replayed() -> None:
    """Its entries were not cut, its orders not hurried, their costs not told: nor are they now."""
    client = played("perpetual, new first", 3, 0.5, Counter(), NodedClient).client
    assert isinstance(client, NodedClient)
    records = list(MemoryJournal(client.memory, "later").records())
    assert {one.version for one in records} > {1}
    before = [of_version_1(one) for one in records]
    again = replayed(before).node
    assert again is not None
    assert packed(again) == packed(client.live.node)


def test_what_was_forgotten_stays_forgotten_over_a_start() -> None:
    """A8, G6: the snapshot has the numbers of the trades and the time before which orders left."""
    node = Node(NodeRules("main", "4f1c", None))
    node.book.forget("BTCUSDT", 77)
    assert unpacked(packed(node)).book.forgotten_ns("BTCUSDT") == 77
