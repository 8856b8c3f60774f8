"""Memory: where each symbol stands, and what was signalled and accepted (R-GATE-20, R-GATE-25).

    IDLE --signal--> ANALYZING --approved--> IN_POSITION --closed--> COOLDOWN --time--> IDLE
                     ANALYZING --refused--> IDLE

Approval takes the slot at once: from then on the symbol is IN_POSITION, so a second signal cannot
pass while the first order is on its way, however many come in one moment (R-GATE-26). An order that
comes to nothing gives the slot back. A value; the node journals it.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - the codec reads the types of fields
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ballast.core.orders import Side


class State(StrEnum):
    """Where a symbol stands."""

    IDLE = "idle"
    ANALYZING = "analyzing"
    IN_POSITION = "in_position"
    COOLDOWN = "cooldown"


@dataclass(frozen=True, slots=True)
class SymbolMemory:
    """What is remembered of one symbol; times by side, buy first."""

    state: State = State.IDLE
    until_ns: int = 0
    """End of a cool-down."""
    signalled_ns: tuple[int | None, int | None] = (None, None)
    taken_ns: tuple[int | None, int | None] = (None, None)

    def state_at(self, now_ns: int) -> State:
        """Return the state at a time: a cool-down ends by itself."""
        over = self.state is State.COOLDOWN and now_ns >= self.until_ns
        return State.IDLE if over else self.state

    def last_signal_ns(self, side: Side) -> int | None:
        """Return when the last signal of a side before the present one was made."""
        return self.signalled_ns[_place(side)]

    def accepted_ns(self, side: Side) -> int | None:
        """Return when an entry of a side was last accepted."""
        return self.taken_ns[_place(side)]


FRESH = SymbolMemory()


@dataclass(frozen=True, slots=True)
class Memory:
    """All symbols of an account."""

    symbols: Mapping[str, SymbolMemory] = field(default_factory=dict)

    def of(self, symbol: str) -> SymbolMemory:
        """Return what is remembered of a symbol."""
        return self.symbols.get(symbol, FRESH)

    def changed(self, symbol: str, one: SymbolMemory) -> Memory:
        """Return the memory with another one of a symbol."""
        return Memory({**self.symbols, symbol: one})


def analysing(memory: Memory, symbol: str, now_ns: int) -> Memory:
    """Begin to look at a signal; a symbol that holds or cools down stays where it is."""
    one = memory.of(symbol)
    if one.state_at(now_ns) is not State.IDLE:
        return memory
    return memory.changed(symbol, replace(one, state=State.ANALYZING, until_ns=0))


def judged(
    memory: Memory,
    symbol: str,
    side: Side,
    *,
    signalled_ns: int,
    now_ns: int,
    is_approved: bool,
    is_duplicate: bool,
) -> Memory:
    """Remember a signal and what came of it; approval takes the slot.

    A duplicate is not remembered: one every 15 s would otherwise shut the symbol for ever.
    """
    one = memory.of(symbol)
    seen = one.signalled_ns if is_duplicate else _put(one.signalled_ns, side, signalled_ns)
    if is_approved:
        taken = _put(one.taken_ns, side, now_ns)
        return memory.changed(symbol, SymbolMemory(State.IN_POSITION, 0, seen, taken))
    state = State.IDLE if one.state is State.ANALYZING else one.state
    return memory.changed(symbol, replace(one, state=state, signalled_ns=seen))


def came_to_nothing(memory: Memory, symbol: str) -> Memory:
    """Give the slot back: the order was refused, or ended without a fill."""
    return memory.changed(symbol, replace(memory.of(symbol), state=State.IDLE, until_ns=0))


def reappeared(memory: Memory, symbol: str) -> Memory:
    """Take the slot again: an entry that was given up is at the venue after all."""
    return memory.changed(symbol, replace(memory.of(symbol), state=State.IN_POSITION, until_ns=0))


def closed(memory: Memory, symbol: str, until_ns: int) -> Memory:
    """Begin the cool-down after a position; a reversal waits for it like anything else."""
    one = memory.of(symbol)
    return memory.changed(symbol, replace(one, state=State.COOLDOWN, until_ns=until_ns))


def _place(side: Side) -> int:
    return 0 if side is Side.BUY else 1


def _put(
    times: tuple[int | None, int | None], side: Side, at_ns: int
) -> tuple[int | None, int | None]:
    return (at_ns, times[1]) if side is Side.BUY else (times[0], at_ns)
