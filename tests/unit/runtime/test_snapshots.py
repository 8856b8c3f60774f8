"""Snapshots: a node from one goes on exactly as the node that it was taken of (C8)."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.noded import NodedClient
from tests.fakes.papers import Sessions
from tests.sim.test_protection import played

from ballast.core.codec import body_of
from ballast.core.errors import DataError
from ballast.core.instrument import Kind
from ballast.core.journal import BODY_BYTES_MAX, Entry, Snapshot
from ballast.risk.gate.checks import Limits
from ballast.risk.gate.facts import Permission
from ballast.runtime.node import journalled
from ballast.runtime.node.desk import NodeRules
from ballast.runtime.node.journalled import CODEC, EVENT, RULES, replayed, restored
from ballast.runtime.node.node import Node
from ballast.runtime.node.session import Trader
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
    """R-STATE-11: peak, day, gate, cool-downs, streak, trails: all of it is in the state."""
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
    """R-STATE-14: what happened is appended; the whole state is written once in many records."""
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


def test_a_process_that_ends_again_and_again_takes_snapshots_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """C8: no run of it lasts as long as the distance of two; what a start replays stays bounded."""
    monkeypatch.setattr(journalled, "SNAPSHOT_RECORDS", 100)
    sessions = Sessions(Kind.SPOT)
    for _ in range(30):
        for _ in range(10):
            sessions.running.step()
        sessions.start()
    later = MemoryJournal(sessions.memory, "later")
    assert len(sessions.memory.snapshots) > 3
    assert sum(1 for _ in later.load().tail) < 200 < sum(1 for _ in later.records())


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
    before = len(sessions.memory.snapshots)
    sessions.start()
    assert len(sessions.memory.snapshots) == before + 1, "it is made anew at once"
    assert unpacked(sessions.memory.snapshots[-1].state).now_ns == sessions.running.node.now_ns


def test_a_snapshot_may_be_longer_than_a_record() -> None:
    """Found by the simulation: ten symbols of 4,096 bars would have stopped the node for good."""
    node = Node(NodeRules("main" * 2_000_000, "4f1c"))
    data = packed(node)
    assert len(data) > BODY_BYTES_MAX
    assert unpacked(data).rules == node.rules


def test_rows_of_another_version_are_not_taken() -> None:
    sessions = Sessions(Kind.SPOT)
    data = packed(sessions.running.node)
    layout = data.split(b'"layout":"')[1].split(b'"')[0]
    with pytest.raises(DataError, match="another version"):
        unpacked(data.replace(layout, b"0" * len(layout)))


NEW_SINCE = (
    (2, "keeping"), (3, "slices"), (4, "settle_ns"), (4, "slip_alarm"), (5, "drawdown_warning"),
    (5, "tells_lost"), (7, "books_strange"), (9, "names_birth"),
    (12, "tells_sizes"), (14, "tighten_atr"), (14, "has_source"), (15, "tells_kill"),
    (17, "tells_all"), (17, "recosts_slices"),
)  # fmt: skip
"""Versions of the rules, and what each brought."""


def of_version_1(record: Record) -> Record:
    """Return a record as the first version wrote it."""
    body = json.loads(record.body)
    if record.kind == RULES:
        for _, name in NEW_SINCE:
            del body[name]
        (body["permission"],) = body.pop("permissions")
        for name in ("mean_return", "slippage"):
            del body["permission"][name]
        for name in ("moved_1m", "moved_5m", "funds_age_ns"):
            del body["limits"][name]
        with_sector(body)
    elif "link" in body:
        for name in ("rungs", "moved_1m", "moved_5m", "depth_share"):
            del body["link"][name]
    return replace(record, body=body_of(body), version=1)


class OlderClient(NodedClient):
    """One of before: other ids, and it does not ask the venue what is free."""

    names_birth = False
    limits = replace(NodedClient.limits, funds_age_ns=0)


def with_sector(rules: dict[str, Any]) -> None:
    """Make of rules those of version 9 and before: the gate said of sectors what nobody fed."""
    rules["limits"]["sector_share"] = 0.3
    for name in ("offset_atr", "pairs", "trails", "trail_ppm"):
        del rules["abilities"][name]


def test_a_journal_of_the_first_version_is_replayed() -> None:
    """Its entries were not cut, its orders not hurried, their costs not told: nor are they now."""
    client = played("perpetual, new first", 3, 0.5, Counter(), OlderClient).client
    assert isinstance(client, NodedClient)
    records = list(MemoryJournal(client.memory, "later").records())
    assert {one.version for one in records} > {1}
    before = [of_version_1(one) for one in records]
    again = replayed(before).node
    assert again is not None
    assert packed(again) == packed(client.live.node)


def old_rules(version: int) -> str:
    """Return rules as an earlier version wrote them: one strategy, one permission."""
    now = json.loads(CODEC.entry(NodeRules("main", "4f1c"), 0).body)
    del now["permissions"]
    now["permission"] = {
        "expires_ns": 9, "is_passed": True, "notional_max": 1000.0, "strategy_hash": "4f1c",
        "symbols": ["BTCUSDT"],
    }  # fmt: skip
    now["session"] = {
        "strategy": "", "strategy_hash": "4f1c", "params": {"fast": 9.0}, "venue": "BINANCE",
        "timeframe": "1h", "limits": {"positions": [5.0]}, "fees": [], "tiers": [], "reads": [],
        "detector": "", "floors": [], "cash": 1000.0, "room": 4096,
        "seats": [
            {
                "symbol": "BTCUSDT", "base": "BTC", "quote": "USDT",
                "digits": {"BTC": 8, "USDT": 8},
                "spec": {"tick_den": [100.0]}, "plan": {"stop_value": [0.02]},
            }
        ],
    }  # fmt: skip
    for since, name in NEW_SINCE:
        if version < since:
            del now[name]
    with_sector(now)
    del now["limits"]["funds_age_ns"]
    return json.dumps(now)


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5])
def test_rules_of_earlier_versions_are_read(version: int) -> None:
    """What they did not say has the numbers of today; one strategy owned all symbols (F6)."""
    found: NodeRules = CODEC.value(Entry(RULES, old_rules(version), 0, version=version))
    assert found.session is not None
    (seat,) = found.session.seats
    assert (seat.symbol, seat.trader) == ("BTCUSDT", 0)
    assert found.session.traders == (Trader("", "4f1c", {"fast": 9.0}, "any name"),)
    assert found.permissions == (Permission("4f1c", True, 9, ("BTCUSDT",), 1000.0),)
    limits = Limits(funds_age_ns=0)
    now = NodeRules("main", "4f1c", found.permissions, limits, session=found.session)
    assert found == now


def test_rules_without_permission_and_session_are_read() -> None:
    before = json.loads(old_rules(5)) | {"permission": None, "session": None}
    found = CODEC.value(Entry(RULES, json.dumps(before), 0, version=5))
    assert found == NodeRules("main", "4f1c", limits=Limits(funds_age_ns=0))


def test_what_was_forgotten_stays_forgotten_over_a_start() -> None:
    """A8, G6: the snapshot has the numbers of the trades and the time before which orders left."""
    node = Node(NodeRules("main", "4f1c"))
    node.book.forget("BTCUSDT", 77)
    assert unpacked(packed(node)).book.forgotten_ns("BTCUSDT") == 77
