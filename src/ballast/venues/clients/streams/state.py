"""State: how a stream stands, as its owner is told, and what went through it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ballast.venues.clients.calls import Verdict


class Phase(StrEnum):
    """How a stream stands."""

    CONNECTING = "connecting"
    READY = "ready"
    STALE = "stale"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class StreamState:
    """How a stream stands since `at_ns`, and why.

    `missed_since_ns` of a READY: what happened after that time may not have been told (0: anything
    at all); None: nothing was missed. `retry_s` of a DOWN: when the next attempt begins.
    """

    name: str
    phase: Phase
    at_ns: int
    reason: str = ""
    missed_since_ns: int | None = None
    retry_s: float | None = None
    verdict: Verdict | None = None
    """Of what the venue refused, a call or a login: `KEY` needs a person."""


@dataclass(slots=True)
class Traffic:
    """What went through, for metrics."""

    frames: int = 0
    octets: int = 0
    news: int = 0
    waiting_max: int = 0
    """Most messages that ever waited to be heard."""
    delay_ns_max: int = 0
    """Longest time from reading a message to hearing it."""
    connects: int = 0
    losses: int = 0
    renewals: int = 0
    unreadable: int = 0
