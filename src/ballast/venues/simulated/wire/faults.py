"""Faults: what goes wrong, how often, and a log of every time it did.

A fault comes from the seed at its rate, or is commanded for the next request or frame that fits.
Rates may be limited to windows of the venue's time. The same seed and the same traffic give the
same faults. The names in brackets are those of the fault model of the design (N network, X venue,
T clock).
"""

from __future__ import annotations

import json
import re
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from ballast.core.errors import DataError, UserError, suggest
from ballast.core.rng import stream

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.random import Generator

LOG_MAX = 100_000
"""Injected faults remembered; the oldest go first, the count stays."""


class Fault(StrEnum):
    """Everything that can be made to go wrong."""

    # requests
    DELAY = "delay"  # N1: the answer is late
    LOSE_REQUEST = "lose_request"  # N2: never reaches the venue, no answer
    RESET_REQUEST = "reset_request"  # N2: never reaches the venue, the connection is reset
    LOSE_REPLY = "lose_reply"  # N3: done, no answer
    RESET_REPLY = "reset_reply"  # N3: done, the connection is reset
    TRUNCATE = "truncate"  # N4: done, the body breaks off
    ERROR_BEFORE = "error_before"  # X1: not done, the venue says that it does not know
    ERROR_AFTER = "error_after"  # X2: done, the venue says that it does not know
    UNAVAILABLE = "unavailable"  # X: not done, 503
    REJECT_THEN_APPEAR = "reject_then_appear"  # X: done, but the answer is a refusal
    FALSE_NOT_FOUND = "false_not_found"  # X6: a query of an order that exists finds nothing
    CHANGED_SHAPE = "changed_shape"  # X4: done, the answer has lost or gained fields
    NOT_JSON = "not_json"  # X4: done, the answer is a page
    TWICE = "twice"  # N11: the request arrives twice
    RATE_LIMITED = "rate_limited"
    BANNED = "banned"
    MAINTENANCE = "maintenance"
    # streams
    DROP_FRAME = "drop_frame"  # N: a gap in a sequence
    REPEAT_FRAME = "repeat_frame"  # N11
    SWAP_FRAMES = "swap_frames"  # N12
    DELAY_FRAME = "delay_frame"
    BREAK_FRAME = "break_frame"  # X4: a frame that is no JSON
    GO_SILENT = "go_silent"  # N10: alive for pings, but no more data
    HALF_OPEN = "half_open"  # N9: nothing comes any more, not even a pong
    CLOSE_STREAM = "close_stream"  # N5
    REFUSE_STREAM = "refuse_stream"


REQUEST_FAULTS = tuple(list(Fault)[: list(Fault).index(Fault.DROP_FRAME)])
FRAME_FAULTS = (
    Fault.DROP_FRAME, Fault.REPEAT_FRAME, Fault.SWAP_FRAMES, Fault.DELAY_FRAME,
    Fault.BREAK_FRAME, Fault.GO_SILENT, Fault.HALF_OPEN, Fault.CLOSE_STREAM,
)  # fmt: skip
CONNECT_FAULTS = (Fault.REFUSE_STREAM,)
Kinds = tuple[Fault, ...]
HARMLESS_FOR_READS = frozenset({Fault.TWICE, Fault.REJECT_THEN_APPEAR})
"""Faults that mean something only where an order is placed or changed."""


def fault_named(name: str) -> Fault:
    """Return the fault of a name; raise `UserError` with a suggestion for an unknown one."""
    try:
        return Fault(name)
    except ValueError:
        raise UserError(
            f"unknown fault '{name}'",
            expected=f"one of {', '.join(Fault)}",
            fix=suggest(name, list(Fault)),
        ) from None


@dataclass(frozen=True, slots=True)
class Window:
    """A span of the venue's time, `[from_ns, to_ns)`."""

    from_ns: int
    to_ns: int


@dataclass(frozen=True, slots=True)
class Command:
    """A fault for the next `count` requests or frames whose target matches `pattern`."""

    fault: Fault
    pattern: str = ""
    count: int = 1
    delay_ns: int = 0


@dataclass(frozen=True, slots=True)
class Injected:
    """One fault that happened."""

    number: int
    at_ns: int
    fault: Fault
    target: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """How far a plan has come: what it has drawn, and what waits."""

    count: int
    commands: list[Command]
    requests: str  # states of its streams of chance as JSON: they have numbers beyond 64 bits
    frames: str


@dataclass(slots=True)
class FaultPlan:
    """Draws faults at their rates, hands out commanded ones, and remembers all of them."""

    seed: int = 0
    rates: Mapping[Fault, float] = field(default_factory=dict)
    windows: Sequence[Window] = ()  # none: always
    delay_ns: int = 2_000_000_000  # mean of a delay
    hold_ns: int = 500_000_000  # how long a delayed or swapped frame is held back
    log: deque[Injected] = field(default_factory=lambda: deque(maxlen=LOG_MAX))
    count: int = 0
    _requests: Generator = field(init=False, repr=False)
    _frames: Generator = field(init=False, repr=False)
    _commands: list[Command] = field(init=False, repr=False, default_factory=list)
    _odds: dict[Kinds, tuple[tuple[float, Fault], ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse rates that are no probabilities, and make the streams of chance."""
        for fault, rate in self.rates.items():
            if not 0.0 <= rate <= 1.0:
                raise UserError(f"rate {rate:g} of {fault}", expected="from 0 to 1")
        kinds = (REQUEST_FAULTS, FRAME_FAULTS, CONNECT_FAULTS)
        self._odds = {one: _odds(one, self.rates) for one in kinds}
        self._requests = stream(self.seed, "faults/requests")
        self._frames = stream(self.seed, "faults/frames")

    def command(self, command: Command) -> None:
        """Order a fault; commanded faults come before drawn ones."""
        try:
            re.compile(command.pattern)
        except re.error as problem:
            raise UserError(f"pattern '{command.pattern}': {problem}") from None
        if command.count < 1:
            raise UserError(f"{command.count} faults", expected="at least 1")
        self._commands.append(command)

    def withdraw(self) -> int:
        """Take back the commands that no traffic has met yet; return how many there were."""
        count = len(self._commands)
        self._commands.clear()
        return count

    def waiting(self) -> tuple[Command, ...]:
        """Return the commands that no traffic has met yet."""
        return tuple(self._commands)

    def for_request(self, now_ns: int, target: str, *, is_order: bool) -> Fault | None:
        """Return what befalls a request, if anything; draw in any case, so that order holds."""
        drawn = _draw(self._requests, self._odds[REQUEST_FAULTS])
        ordered = self._commanded(target, REQUEST_FAULTS)
        chosen = ordered or (drawn if self._is_on(now_ns) else None)
        if chosen in HARMLESS_FOR_READS and not is_order:
            chosen = None
        if chosen is not None:
            self.note(now_ns, chosen, target)
        return chosen

    def for_frame(self, now_ns: int, target: str) -> Fault | None:
        """Return what befalls a frame, if anything."""
        drawn = _draw(self._frames, self._odds[FRAME_FAULTS])
        ordered = self._commanded(target, FRAME_FAULTS)
        chosen = ordered or (drawn if self._is_on(now_ns) else None)
        if chosen is not None:
            self.note(now_ns, chosen, target)
        return chosen

    def for_connect(self, now_ns: int, target: str) -> Fault | None:
        """Return REFUSE_STREAM where a stream shall not open."""
        drawn = _draw(self._requests, self._odds[CONNECT_FAULTS])
        ordered = self._commanded(target, CONNECT_FAULTS)
        chosen = ordered or (drawn if self._is_on(now_ns) else None)
        if chosen is not None:
            self.note(now_ns, chosen, target)
        return chosen

    def a_delay_ns(self) -> int:
        """Draw how late a late answer is: exponential, so that some are very late."""
        return int(self._requests.exponential(self.delay_ns))

    def drawn(self) -> Drawn:
        """Return how far it has come; a plan of the same seed and rates can go on from there."""
        states = (json.dumps(one.bit_generator.state) for one in (self._requests, self._frames))
        return Drawn(self.count, list(self._commands), *states)

    def go_on(self, drawn: Drawn) -> None:
        """Go on where another plan was; raise `DataError` for what is not its state."""
        try:
            for mine, text in ((self._requests, drawn.requests), (self._frames, drawn.frames)):
                mine.bit_generator.state = json.loads(text)
        except (ValueError, TypeError, KeyError) as error:
            raise DataError("not the state of a plan of faults", where=str(error)) from None
        self.count, self._commands = drawn.count, list(drawn.commands)

    def note(self, now_ns: int, fault: Fault, target: str) -> None:
        """Remember that a fault happened."""
        self.count += 1
        self.log.append(Injected(self.count, now_ns, fault, target))

    def _is_on(self, now_ns: int) -> bool:
        return not self.windows or any(w.from_ns <= now_ns < w.to_ns for w in self.windows)

    def _commanded(self, target: str, kinds: Sequence[Fault]) -> Fault | None:
        for place, one in enumerate(self._commands):
            if one.fault in kinds and re.search(one.pattern, target):
                if one.count == 1:
                    del self._commands[place]
                else:
                    self._commands[place] = Command(
                        one.fault, one.pattern, one.count - 1, one.delay_ns
                    )
                return one.fault
        return None


def _odds(kinds: Kinds, rates: Mapping[Fault, float]) -> tuple[tuple[float, Fault], ...]:
    """Return below which number each fault begins to be drawn: rates add up, the rest is none."""
    total, bounds = 0.0, []
    for kind in kinds:
        total += rates.get(kind, 0.0)
        if rates.get(kind, 0.0):
            bounds.append((total, kind))
    return tuple(bounds)


def _draw(source: Generator, odds: tuple[tuple[float, Fault], ...]) -> Fault | None:
    """Draw one number and read from it which fault it is."""
    place = float(source.random())
    for bound, kind in odds:
        if place < bound:
            return kind
    return None
