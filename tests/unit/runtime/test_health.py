"""The process and its machine: what is measured, what refuses entries, what a journal holds."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

import pytest
from tests.fakes.live_sessions import LiveSession
from tests.unit.runtime.test_node import NOW, decide, ready

from ballast.core.instrument import Kind
from ballast.risk.halt.health import Health, HealthLimits, Vital, faults_of
from ballast.runtime.node.events import Alert, HealthShown, Judged, Started, Submit
from ballast.runtime.node.journalled import EVENT
from ballast.runtime.node.state import packed, unpacked
from ballast.runtime.shell.health import LAG_KEPT_S, HealthWatch
from ballast.runtime.shell.machine import BYTES_MB, free_mb, kept_for_good, own_mb

if TYPE_CHECKING:
    from pathlib import Path

LIMITS = HealthLimits(memory_mb=500.0)
WELL = Health(0.01, 120.0, 50_000.0, 1.0)
SICK = faults_of(Health(0.01, 501.0, 50_000.0, 1.0), LIMITS)


@pytest.mark.parametrize(
    ("health", "vital", "blocks"),
    [
        (Health(0.51, 120.0, 50_000.0, 1.0), Vital.LAG, False),
        (Health(5.01, 120.0, 50_000.0, 1.0), Vital.LAG, True),
        (Health(0.01, 401.0, 50_000.0, 1.0), Vital.MEMORY, False),
        (Health(0.01, 501.0, 50_000.0, 1.0), Vital.MEMORY, True),
        (Health(0.01, 120.0, 999.0, 1.0), Vital.DISK, False),
        (Health(0.01, 120.0, 199.0, 1.0), Vital.DISK, True),
        (Health(0.01, 120.0, None, 1.0), Vital.DISK, True),
        (Health(0.01, 120.0, 50_000.0, 301.0), Vital.SILENCE, False),
    ],
)
def test_what_is_beyond_a_limit_is_a_fault(health: Health, vital: Vital, *, blocks: bool) -> None:
    """G5, G8, R-DEP-02."""
    (found,) = faults_of(health, LIMITS)
    assert (found.vital, found.blocks) == (vital, blocks)


@pytest.mark.parametrize(
    "health",
    [
        WELL,
        Health(0.5, 400.0, 1_000.0, 300.0),
        Health(0.01, None, 50_000.0, 1.0),  # a system that does not say what is resident
    ],
)
def test_what_is_within_its_limits_is_none(health: Health) -> None:
    assert faults_of(health, LIMITS) == ()


def test_a_fault_that_blocks_refuses_entries_until_it_is_over() -> None:
    """Gate check `health`; a warning alone refuses nothing."""
    node = ready()
    (told,) = node.handle(HealthShown(SICK, NOW))
    assert isinstance(told, Alert)
    assert told.text == "memory 501 MB, limit 500 MB; no entries"
    (judged,) = (one for one in decide(node) if isinstance(one, Judged))
    assert judged.reasons == ("health: memory 501 MB, limit 500 MB",)
    warned = faults_of(Health(0.01, 450.0, 50_000.0, 1.0), LIMITS)
    (told,) = node.handle(HealthShown(warned, NOW))
    assert isinstance(told, Alert)
    assert told.text == "memory 450 MB, limit 400 MB"
    (over,) = node.handle(HealthShown((), NOW))
    assert isinstance(over, Alert)
    assert "within its limits again" in over.text
    later_ns = NOW + 61 * 10**9  # beyond the window of duplicates
    node.handle(HealthShown(warned, later_ns))
    reasons = [one.reasons for one in decide(node, later_ns) if isinstance(one, Judged)]
    assert not any("health" in line for lines in reasons for line in lines)


def test_a_warning_alone_lets_an_entry_pass() -> None:
    node = ready()
    node.handle(HealthShown(faults_of(Health(0.6, 120.0, 50_000.0, 1.0), LIMITS), NOW))
    assert any(isinstance(one, Submit) for one in decide(node))


def test_faults_are_in_a_snapshot_and_end_with_their_process() -> None:
    node = ready()
    node.handle(HealthShown(SICK, NOW))
    again = unpacked(packed(node))
    assert again.health == SICK
    again.handle(Started(NOW))
    assert again.health == ()


def watched(session: LiveSession, folder: Path, measured: dict[str, float | None]) -> HealthWatch:
    return HealthWatch(
        session.live, LIMITS, folder, lambda: measured["memory"], lambda _: measured["disk"]
    )


def events_of(session: LiveSession) -> list[str]:
    return [
        record.body for record in session.memory.records
        if record.kind == EVENT and "HealthShown" in record.body
    ]  # fmt: skip


def test_the_node_is_told_when_faults_change_and_not_of_every_figure(tmp_path: Path) -> None:
    session = LiveSession(Kind.PERPETUAL)
    measured: dict[str, float | None] = {"memory": 120.0, "disk": 50_000.0}
    watch = watched(session, tmp_path, measured)
    watch.look(0.0)
    assert events_of(session) == []
    for used in (501.0, 502.0, 503.0):
        measured["memory"] = used
        watch.look(1.0)
    assert len(events_of(session)) == 1
    assert watch.now.memory_mb == 503.0
    measured["memory"] = 450.0
    watch.look(2.0)
    measured["memory"] = 120.0
    watch.look(3.0)
    assert len(events_of(session)) == 3
    assert session.shell.node.health == ()


def test_a_loop_that_was_blocked_is_told_at_once_and_counts_for_a_minute(tmp_path: Path) -> None:
    session = LiveSession(Kind.PERPETUAL)
    watch = watched(session, tmp_path, {"memory": 120.0, "disk": 50_000.0})
    watch.pulse(10.0, 0.2)
    watch.pulse(20.0, 5.5)
    assert [one.vital for one in session.shell.node.health] == [Vital.LAG]
    for second in range(21, 20 + int(LAG_KEPT_S)):
        watch.pulse(float(second), 0.01)
        watch.look(float(second))
    assert watch.now.lag_s == 5.5
    watch.look(20.0 + LAG_KEPT_S)
    assert watch.now.lag_s == 0.01
    assert session.shell.node.health == ()


def test_silence_counts_from_the_last_word_of_a_stream(tmp_path: Path) -> None:
    session = LiveSession(Kind.PERPETUAL)
    watch = watched(session, tmp_path, {"memory": 120.0, "disk": 50_000.0})
    watch.look(0.0)
    assert watch.now.silent_s == 0.0, "nothing was heard yet: the start waits for the streams"
    session.live.figures.heard_ns = session.now_ns() - 301 * 10**9
    watch.look(0.0)
    assert [one.vital for one in session.shell.node.health] == [Vital.SILENCE]


def test_a_process_and_its_disk_are_measured(tmp_path: Path) -> None:
    mine = own_mb()
    assert mine is not None
    assert 5.0 < mine < 100_000.0
    held = bytearray(os.urandom(1)) * (64 * BYTES_MB)
    grown = own_mb(os.getpid())
    assert grown is not None
    assert grown - mine > 50.0, len(held)
    assert own_mb(2**22 + 1) is None
    assert free_mb(tmp_path / "not" / "there") == pytest.approx(free_mb(tmp_path), rel=0.5)


def test_the_collector_passes_over_what_stays_and_only_for_the_block() -> None:
    """G8: a full collection of all modules and compiled code stops the loop for 0.1 s."""
    assert gc.get_freeze_count() == 0
    with kept_for_good():
        assert gc.get_freeze_count() > 10_000
        assert len(gc.get_objects()) < 10_000
    assert gc.get_freeze_count() == 0


def test_the_share_of_a_core_is_that_of_the_last_minute(tmp_path: Path) -> None:
    """R-OBS-06: none before there was a minute; an old burst is forgotten."""
    used = {"cpu": 0.0}
    watch = HealthWatch(
        LiveSession(Kind.PERPETUAL).live, LIMITS, tmp_path, lambda: 1.0, lambda _: 9_999.0,
        lambda: used["cpu"],
    )  # fmt: skip
    shares = []
    for at_s, cpu_s in ((0.0, 5.0), (30.0, 35.0), (59.0, 35.0), (60.0, 35.0), (95.0, 35.7)):
        used["cpu"] = cpu_s
        watch.look(at_s)
        shares.append(watch.now.cpu)
    assert shares[:3] == [None, None, None]
    assert shares[3:] == [pytest.approx(0.5), pytest.approx(0.7 / 65.0)]
