"""Health: what a process that trades needs of its machine, and what refuses entries. Pure.

    vital      warns                       refuses entries too
    lag        loop lag of 0.5 s (G8)      of 5 s, within the last minute
    memory     from four fifths of it      at `operations.memory_mb`, where it is known
    disk       under 1 GB free             under 200 MB, or not known: the journal must go on (G5)
    silence    300 s without a word        never: each symbol's data has its own limit

Exits, stops and questions go on whatever it says. A supervisor restarts what reached the limit of
memory; alone, a process stays and watches what is held.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MEMORY_WARNING = 0.8
"""Of the limit: enough is left to wait for a flat moment."""


class Vital(StrEnum):
    """What is measured."""

    LAG = "loop lag"
    MEMORY = "memory"
    DISK = "free disk"
    SILENCE = "silence of the venue"


@dataclass(frozen=True, slots=True)
class Health:
    """A measurement. None: the system does not say."""

    lag_s: float
    """The longest the event loop kept others waiting in the last minute."""
    memory_mb: float | None
    disk_mb: float | None
    """Free where the journal lies."""
    silent_s: float
    """Since the venue's last word on any stream."""
    cpu: float | None = None
    """Share of a core in the last minute; None before there was one. It is told, and no fault."""


@dataclass(frozen=True, slots=True)
class HealthLimits:
    """Seconds and megabytes."""

    memory_mb: float
    lag_s: float = 5.0
    lag_warning_s: float = 0.5
    disk_mb: float = 200.0
    """A day of ten symbols' journal is under 50 MB; a snapshot and a checkpoint come on top."""
    disk_warning_mb: float = 1_000.0
    silent_s: float = 300.0


@dataclass(frozen=True, slots=True)
class HealthFault:
    """What is beyond its limit, in words that are stored and shown."""

    vital: Vital
    measured: str
    limit: str
    blocks: bool
    """Whether it refuses entries."""

    @property
    def line(self) -> str:
        """Say it in one line."""
        return f"{self.vital} {self.measured}, limit {self.limit}"


def faults_of(health: Health, limits: HealthLimits) -> tuple[HealthFault, ...]:
    """Return what is beyond its limit, in the order of `Vital`."""
    found = []
    blocks = health.lag_s > limits.lag_s
    if blocks or health.lag_s > limits.lag_warning_s:
        limit = limits.lag_s if blocks else limits.lag_warning_s
        found.append(HealthFault(Vital.LAG, f"{health.lag_s:.1f} s", f"{limit:g} s", blocks))
    if health.memory_mb is not None:
        blocks = health.memory_mb > limits.memory_mb
        limit = limits.memory_mb * (1.0 if blocks else MEMORY_WARNING)
        if health.memory_mb > limit:
            said = f"{health.memory_mb:.0f} MB"
            found.append(HealthFault(Vital.MEMORY, said, f"{limit:.0f} MB", blocks))
    if health.disk_mb is None:
        found.append(HealthFault(Vital.DISK, "not known", f"{limits.disk_mb:.0f} MB", blocks=True))
    else:
        blocks = health.disk_mb < limits.disk_mb
        limit = limits.disk_mb if blocks else limits.disk_warning_mb
        if health.disk_mb < limit:
            said = f"{health.disk_mb:.0f} MB"
            found.append(HealthFault(Vital.DISK, said, f"{limit:.0f} MB", blocks))
    if health.silent_s > limits.silent_s:
        said = f"{health.silent_s:.0f} s"
        found.append(HealthFault(Vital.SILENCE, said, f"{limits.silent_s:.0f} s", blocks=False))
    return tuple(found)
