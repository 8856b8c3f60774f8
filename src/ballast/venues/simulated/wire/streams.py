"""Streams: the frames on their way to one client, and what befalls them."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ballast.venues.simulated.wire.faults import Fault, FaultPlan
from ballast.venues.simulated.wire.messages import Close, Ping, Text

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.latency import Leg
    from ballast.venues.simulated.wire.frontend import FrontEnd, Session
    from ballast.venues.simulated.wire.interests import Choosy, Interest
    from ballast.venues.simulated.wire.messages import Frame

BROKEN_FRAME = '{"e":"depthUpd'
CLOSE_CODES = (1000, 1001, 1006, 1011)
WAITING_MAX = 65_536
"""Frames held for one client at most; one that reads nothing is dropped then, as venues do."""
NEVER_NS = 1 << 63
TOO_SLOW = Close(1008, "too slow")


@dataclass(slots=True)
class Way:
    """The way to a client, or from it: what sets out later does not arrive earlier."""

    leg: Leg
    seed: int
    name: str
    sent: int = 0
    last_ns: int = 0

    def due_ns(self, at_ns: int) -> int:
        """Return when what sets out at `at_ns` arrives."""
        self.sent += 1
        due_ns = at_ns + self.leg.draw_ns(self.seed, self.name, self.sent)
        self.last_ns = max(self.last_ns, due_ns)
        return self.last_ns


@dataclass(slots=True)
class Connection:
    """One open stream: its session, what is on its way to the client, and what ails it."""

    number: int
    front: FrontEnd
    session: Session
    target: str
    silent: bool = False  # no more data, pings go on
    dead: bool = False  # nothing goes out or comes in any more
    ended: bool = False
    waiting: list[tuple[int, int, Frame]] = field(default_factory=list)  # a heap by arrival
    sent: int = 0
    held: Frame | None = None  # waits for the frame after it, to be swapped
    feed: Way | None = None  # how long frames are on their way; None: no time
    ack: Way | None = None  # the same of replies
    choosy: Choosy | None = None  # the session, where it says what it wants to be asked about
    interests: frozenset[Interest] | None = None  # which events it is asked about; None: all

    @property
    def is_mute(self) -> bool:
        """Tell whether no data goes out any more."""
        return self.silent or self.dead

    @property
    def due_ns(self) -> int:
        """Return when the next frame reaches the client; `NEVER_NS` if none is on its way."""
        return self.waiting[0][0] if self.waiting else NEVER_NS

    def push(self, frame: Frame, at_ns: int, *, late_ns: int = 0) -> None:
        """Send a frame at `at_ns`; one that is late besides is overtaken by those after it."""
        self._put(frame, (self.feed.due_ns(at_ns) if self.feed else at_ns) + late_ns)

    def reply(self, frame: Frame, at_ns: int) -> None:
        """Answer a frame of the client; what was sent before comes first, as on one line."""
        if self.ack is None:
            self.push(frame, at_ns)
            return
        due_ns = self.ack.due_ns(at_ns)
        if self.feed:
            due_ns = self.feed.last_ns = max(self.feed.last_ns, due_ns)
        self._put(frame, due_ns)

    def _put(self, frame: Frame, due_ns: int) -> None:
        if len(self.waiting) >= WAITING_MAX:
            self.dead = True
            self.waiting.clear()
            frame = TOO_SLOW
        heapq.heappush(self.waiting, (due_ns, self.sent, frame))
        self.sent += 1

    def pop(self, now_ns: int) -> Frame | None:
        """Return the next frame that has arrived by now."""
        if self.waiting and self.waiting[0][0] <= now_ns:
            return heapq.heappop(self.waiting)[2]
        return None

    def send(self, frame: Frame, now_ns: int, faults: FaultPlan) -> None:
        """Send a frame of the venue, with whatever goes wrong on the way."""
        if isinstance(frame, Ping | Close):
            self.push(frame, now_ns)
            return
        if self.silent or self.dead:
            return
        fault = faults.for_frame(now_ns, self.target)
        if fault is Fault.SWAP_FRAMES and self.held is None:
            self.held = frame
            return
        if not self._fail(fault):
            self._deliver(frame, now_ns, faults, fault)
        if self.held is not None and not self.dead:
            held, self.held = self.held, None
            self.push(held, now_ns)

    def fall_dead(self) -> None:
        """Let nothing more go out or come in, nor what is on its way arrive."""
        self.dead = True
        self.waiting.clear()

    def _fail(self, fault: Fault | None) -> bool:
        """Apply a fault after which this frame does not arrive; tell whether there was one."""
        if fault is Fault.GO_SILENT:
            self.silent = True
        elif fault is Fault.HALF_OPEN:
            self.fall_dead()
        return fault in {Fault.DROP_FRAME, Fault.GO_SILENT, Fault.HALF_OPEN}

    def _deliver(self, frame: Frame, now_ns: int, faults: FaultPlan, fault: Fault | None) -> None:
        if fault is Fault.BREAK_FRAME:
            self.push(Text(BROKEN_FRAME), now_ns)
        elif fault is Fault.CLOSE_STREAM:
            self.push(Close(CLOSE_CODES[faults.count % len(CLOSE_CODES)]), now_ns)
        elif fault is Fault.DELAY_FRAME:
            self.push(frame, now_ns, late_ns=faults.hold_ns)
        else:
            self.push(frame, now_ns)
            if fault is Fault.REPEAT_FRAME:
                self.push(frame, now_ns)
