"""Verdict: how a trading process ended, and what follows. Pure.

    ending     what it was                              what follows
    DONE       exit 0, or 130: somebody stopped it      nothing: it was wanted
    WRONG      exit 2: the input is wrong               nothing: a restart would say it again
    LATER      exit 75: the venue does not answer       again, also when the budget is spent: then
                                                        as soon as the oldest restart is an hour old
    CRASHED    any other exit, or a signal              again, within the budget
    HUNG       silent for too long, and killed          again, within the budget
    GROWN      more memory than allowed, and ended      again, within the budget

The budget is a number of restarts in any hour that slides, not in an hour of the clock. The kill
switch ends no process: it is latched in the journal, and a restart finds it latched.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SECOND_NS = 1_000_000_000
HOUR_NS = 3_600 * SECOND_NS
FIRST_S, LATER_S = 1.0, 15.0
"""Pause before the first restart of an hour: after a crash, and where a venue does not answer."""
LONGEST_S = 600.0
"""The pause doubles with every restart of the hour, up to this."""


class Ending(StrEnum):
    """What became of a process; the value is how people are told."""

    DONE = "ended as asked"
    WRONG = "was refused what it asked for"
    LATER = "could not reach the venue"
    CRASHED = "crashed"
    HUNG = "hung and was killed"
    GROWN = "used too much memory and was ended"


EXITS = {0: Ending.DONE, 130: Ending.DONE, 2: Ending.WRONG, 75: Ending.LATER}


def ending_of(code: int) -> Ending:
    """Return what an exit code says; a negative one is the signal that ended it."""
    return EXITS.get(code, Ending.CRASHED)


@dataclass(frozen=True, slots=True)
class Again:
    """Start it again after a pause."""

    after_s: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Start it no more; a person must look."""

    why: str


def follows(
    ending: Ending, restarts_ns: tuple[int, ...], now_ns: int, most: int
) -> Again | GiveUp | None:
    """Return what follows an ending; None: all is well, and it is over.

    `restarts_ns` are the restarts so far, `most` is how many an hour may have.
    """
    if ending is Ending.DONE:
        return None
    if ending is Ending.WRONG:
        return GiveUp(ending.value)
    recent = within_hour(restarts_ns, now_ns)
    is_spent = len(recent) >= most
    if is_spent and ending is not Ending.LATER:
        return GiveUp(f"{ending.value} after {len(recent)} restarts within an hour")
    pause_s = min((LATER_S if ending is Ending.LATER else FIRST_S) * 2 ** len(recent), LONGEST_S)
    if is_spent:
        pause_s = max(pause_s, (recent[-most] + HOUR_NS - now_ns) / SECOND_NS)
    return Again(pause_s)


def within_hour(restarts_ns: tuple[int, ...], now_ns: int) -> tuple[int, ...]:
    """Return the restarts of the last hour, oldest first.

    One that seems to lie ahead of now counts too: a clock that was set back frees no budget.
    """
    return tuple(sorted(one for one in restarts_ns if now_ns - one < HOUR_NS))
