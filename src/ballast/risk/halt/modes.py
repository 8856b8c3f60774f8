"""Modes: RUNNING, PAUSED, REDUCING, ALERT, and who may lead out of which.

    RUNNING   entries and exits
    PAUSED    no entries; protection and exits go on
    REDUCING  no entries; positions are being closed; PAUSED when flat
    ALERT     the kill switch is latched: as PAUSED, and only a person with a reason releases it

A rule may only tighten: RUNNING to PAUSED, anything to ALERT. Only a person loosens, in two steps:
`release` takes the latch off and leaves the account PAUSED, `resume` starts it (R-RISK-07). So no
restart, no new day and no recovered equity starts trading again by itself (F1). The state is a
value; the node journals it before it acts on it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from ballast.core.errors import UserError


class Mode(StrEnum):
    """What the account may do."""

    RUNNING = "running"
    PAUSED = "paused"
    REDUCING = "reducing"
    ALERT = "alert"


class Command(StrEnum):
    """What a person can command."""

    PAUSE = "pause"
    RESUME = "resume"
    FLATTEN = "flatten"
    KILL = "kill"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Halt:
    """The mode of an account, and why. `closes` says that positions are to be closed."""

    mode: Mode = Mode.PAUSED
    reason: str = "not started"
    who: str = ""
    """Who led here: a person's name, or the rule's."""
    at_ns: int = 0
    closes: bool = False
    closed_ns: int = 0
    """When all positions were ordered closed last: what was entered before is closed whenever it
    turns up, also after the account was flat (an order that was called refused and was not)."""

    @property
    def allows_entries(self) -> bool:
        """Whether a position may be opened or enlarged (R-GATE-29)."""
        return self.mode is Mode.RUNNING


def tripped(halt: Halt, rule: str, reason: str, at_ns: int, *, kills: bool, closes: bool) -> Halt:
    """Return the state after a rule was broken; `kills` latches, `closes` closes positions.

    What is tighter already stays as it is, with its first reason; closing is added to it.
    """
    wanted = Mode.ALERT if kills else Mode.PAUSED
    if halt.mode is Mode.ALERT or (halt.mode is not Mode.RUNNING and not kills):
        return _closing(halt, at_ns) if closes else halt
    found = replace(halt, mode=wanted, reason=reason, who=rule, at_ns=at_ns)
    return _closing(found, at_ns) if closes else found


def _closing(halt: Halt, at_ns: int) -> Halt:
    return halt if halt.closes else replace(halt, closes=True, closed_ns=at_ns)


def flat(halt: Halt, at_ns: int) -> Halt:
    """Return the state once nothing is held any more."""
    if halt.mode is Mode.REDUCING:
        return replace(halt, mode=Mode.PAUSED, at_ns=at_ns, closes=False)
    return replace(halt, closes=False)


def commanded(halt: Halt, order: Command, *, who: str, reason: str, at_ns: int) -> Halt:
    """Return the state after a person's command; raise `UserError` for one that may not be.

    Everything needs a name and a reason, for the journal keeps both.
    """
    if not who.strip() or not reason.strip():
        raise UserError(
            f"'{order}' without a name and a reason", expected="who it is and why", fix="--reason"
        )
    latched = halt.mode is Mode.ALERT
    now = replace(halt, reason=reason, who=who, at_ns=at_ns)
    match order:
        case Command.KILL:
            return halt if latched else replace(now, mode=Mode.ALERT)
        case Command.RELEASE:
            if not latched:
                raise UserError(f"nothing to release: the account is {halt.mode}")
            return replace(now, mode=Mode.PAUSED)
        case Command.FLATTEN:
            return _closing(halt if latched else replace(now, mode=Mode.REDUCING), at_ns)
        case Command.PAUSE:
            return halt if latched else _kept(now, Mode.PAUSED)
        case Command.RESUME:
            if latched:
                raise UserError(
                    f"the kill switch is latched: {halt.reason} ({halt.who})",
                    expected="release first, then resume",
                )
            return _kept(now, Mode.RUNNING)


def _kept(halt: Halt, mode: Mode) -> Halt:
    """Take back the order to close, where it was not carried out yet."""
    return replace(halt, mode=mode, closes=False, closed_ns=0 if halt.closes else halt.closed_ns)
