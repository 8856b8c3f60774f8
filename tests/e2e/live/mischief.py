"""Mischief: what goes wrong at a venue during a soak, drawn from a seed."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ballast.core.rng import stream
from ballast.venues.simulated.wire.faults import Fault

if TYPE_CHECKING:
    from tests.e2e.live.auditing import Auditor

    from ballast.service.testing.venue import ServedVenue

PAUSE_S = 6.0
"""Of venue time, between two faults, in the mean."""
REQUESTS = (
    Fault.DELAY, Fault.LOSE_REPLY, Fault.RESET_REQUEST, Fault.RESET_REPLY, Fault.TRUNCATE,
    Fault.ERROR_BEFORE, Fault.ERROR_AFTER, Fault.UNAVAILABLE, Fault.NOT_JSON, Fault.TWICE,
    Fault.FALSE_NOT_FOUND, Fault.REJECT_THEN_APPEAR,
)  # fmt: skip
FRAMES = (
    Fault.DROP_FRAME, Fault.REPEAT_FRAME, Fault.SWAP_FRAMES, Fault.DELAY_FRAME, Fault.BREAK_FRAME,
    Fault.HALF_OPEN, Fault.GO_SILENT, Fault.CLOSE_STREAM,
)  # fmt: skip
OTHERS = ("outage", "dismiss", "halt", "skew", "crash")


class Mischief:
    """Draws one mishap after the other."""

    def __init__(self, venue: ServedVenue, auditors: list[Auditor], seed: int) -> None:
        self.done: Counter[str] = Counter()
        self._venue = venue
        self._auditors = auditors
        self._rng = stream(seed, "mischief")
        self._stopped = False

    @property
    def count(self) -> int:
        return self.done.total()

    def stop(self) -> None:
        """Let nothing go wrong any more."""
        self._stopped = True
        self._venue.command("DELETE", "/faults")
        self._venue.command("POST", "/outage", seconds=0.0)
        self._venue.command("POST", "/skew", seconds=0.0)
        for one in self._auditors:
            self._venue.command("POST", "/resume", symbol=one.row.listing)

    async def run(self) -> None:
        """Do mischief until it is cancelled; once stopped, only wait."""
        while True:
            await self._pause(PAUSE_S * float(self._rng.exponential()))
            if not self._stopped:
                await self._once()

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._venue._opened.pace.speed)

    async def _once(self) -> None:
        draw = float(self._rng.random())
        if draw < 0.55:
            self._fault(REQUESTS[int(self._rng.integers(len(REQUESTS)))], "")
        elif draw < 0.90:
            self._fault(FRAMES[int(self._rng.integers(len(FRAMES)))], " STREAM ")
        else:
            await self._other(OTHERS[int(self._rng.integers(len(OTHERS)))])

    def _fault(self, fault: Fault, pattern: str) -> None:
        self.done[fault.value] += 1
        self._venue.fault(fault.value, pattern)

    async def _other(self, name: str) -> None:
        self.done[name] += 1
        seconds = float(self._rng.uniform(2.0, 20.0))
        match name:
            case "outage":
                with self._excused():
                    self._venue.command("POST", "/outage", seconds=seconds)
                    await self._pause(seconds + 10.0)
            case "dismiss":
                self._venue.command("POST", "/dismiss")
            case "halt":
                chosen = self._auditors[int(self._rng.integers(len(self._auditors)))]
                with chosen.excused():
                    self._venue.command("POST", "/halt", symbol=chosen.row.listing)
                    await self._pause(seconds)
                    self._venue.command("POST", "/resume", symbol=chosen.row.listing)
                    await self._pause(5.0)
            case "skew":
                self._venue.command("POST", "/skew", seconds=float(self._rng.uniform(-0.4, 0.4)))
            case _:
                self._venue.command("POST", "/script", script="flash_crash", in_s=0.0)

    def _excused(self) -> ExitStack:
        stack = ExitStack()
        for one in self._auditors:
            stack.enter_context(one.excused())
        return stack
