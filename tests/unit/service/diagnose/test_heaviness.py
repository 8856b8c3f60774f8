"""A process that takes more than it should in rest is told of, once (R-OBS-06)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.acceptance.test_house import LookedAt
from tests.fakes.clock import OrderedClock

from ballast.core.settings import Settings
from ballast.service.cli.diagnose import _pace
from ballast.service.diagnose.health import heaviness
from ballast.service.diagnose.issues import Kind, Severity
from ballast.service.diagnose.memory import Memory
from ballast.service.diagnose.session import Diagnosis
from ballast.service.diagnose.views import View


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"memory_mb": 150.0, "cpu": 0.02}, ""),
        ({"memory_mb": 188.0, "cpu": 0.02}, "memory 188 MB, target 150 MB"),
        ({"memory_mb": 120.0, "cpu": 0.031}, "3.1% of a core, target 2.0%"),
        (
            {"memory_mb": 188.0, "cpu": 0.5},
            "memory 188 MB, target 150 MB; 50.0% of a core, target 2.0%",
        ),
        ({"memory_mb": None, "cpu": None}, ""),
        ({"memory_mb": 188.0}, "memory 188 MB, target 150 MB"),  # of an earlier version
        ({}, ""),
    ],
)
def test_what_is_above_a_target_is_said_with_it(said: dict[str, Any], told: str) -> None:
    assert heaviness(said, 150.0, 0.02) == told


@pytest.mark.parametrize(("lots", "told"), [(0, 1), (7, 0)])
def test_a_heavy_process_is_told_once_and_only_in_rest(lots: int, told: int) -> None:
    """The targets are those of the settings; a position is no rest."""
    operations = replace(Settings().operations, target_memory_mb=90, target_cpu=0.5)
    clock = OrderedClock()
    memory = Memory(
        {"BTCUSDT": View("BTCUSDT", lots)}, 0, health={"memory_mb": 91.0, "cpu": 0.4, "faults": []}
    )
    session = Diagnosis(
        LookedAt(clock),  # type: ignore[arg-type]
        Silent(),  # type: ignore[arg-type]
        lambda: replace(memory, at_ns=round(clock.now_s * 1e9)),
        (),
        clock,
        lambda: round(clock.now_s * 1e9),
        pace=_pace(replace(Settings(), operations=operations), "1m"),
    )
    asyncio.run(clock.drive(session.run()))
    found = [(one.severity, one.text) for one in session.findings.issues if one.kind is Kind.HEAVY]
    assert found == [(Severity.LOW, "memory 91 MB, target 90 MB")] * told


class Silent:
    """A journal in which nothing happens."""

    seen = ()

    def look(self) -> None:
        """Find nothing new."""
