"""Runaway: orders that come too fast, trade too much, or are refused for one reason over and over.

Knight Capital had four million executions in 45 minutes and nothing stopped it (incident 73); bots
have sent one stop every loop for hours (incident 28). Whatever the cause, it looks the same from
here, so it is caught here, behind the gate and before the venue, and it latches the kill switch.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ballast.core.orders import RejectReason  # noqa: TC001 - the codec reads the types

MINUTE_NS = 60_000_000_000


class Runaway(StrEnum):
    """What was too much."""

    NONE = ""
    ORDERS = "orders in a minute"
    NOTIONAL = "notional in a minute"
    REFUSALS = "refused for one reason in a row"


@dataclass(frozen=True, slots=True)
class RunawayRules:
    """Defaults of F5: 20 orders and twice the largest position a minute, five equal refusals."""

    orders: int = 20
    positions: int = 2
    refusals: int = 5


RULES = RunawayRules()


@dataclass(frozen=True, slots=True)
class Sent:
    """One order that could enlarge a position."""

    at_ns: int
    notional: int


@dataclass(frozen=True, slots=True)
class Pace:
    """What was sent in the last minute, and refusals of one kind in a row."""

    sent: tuple[Sent, ...] = ()
    refused: RejectReason | None = None
    in_row: int = 0


def sending(
    pace: Pace, notional: int, at_ns: int, *, position_max: int, rules: RunawayRules = RULES
) -> tuple[Pace, Runaway]:
    """Return the pace with one more order, and whether it is one too many: then it is not sent.

    `notional` and `position_max`, the largest position allowed, are in the same unit. Orders that
    can only reduce are not counted: what closes a position is never held back (R-GATE-31).
    """
    recent = tuple(one for one in pace.sent if one.at_ns > at_ns - MINUTE_NS)
    recent = (*recent, Sent(at_ns, notional))
    made = Pace(recent, pace.refused, pace.in_row)
    if len(recent) > rules.orders:
        return made, Runaway.ORDERS
    if sum(one.notional for one in recent) > rules.positions * position_max:
        return made, Runaway.NOTIONAL
    return made, Runaway.NONE


def refused(pace: Pace, reason: RejectReason, rules: RunawayRules = RULES) -> tuple[Pace, Runaway]:
    """Return the pace after a refusal by the venue, and whether it is the last one to be borne."""
    in_row = pace.in_row + 1 if reason is pace.refused else 1
    over = in_row >= rules.refusals
    return Pace(pace.sent, reason, in_row), Runaway.REFUSALS if over else Runaway.NONE


def accepted(pace: Pace) -> Pace:
    """Return the pace after the venue took an order: refusals are no longer in a row."""
    return Pace(pace.sent)
