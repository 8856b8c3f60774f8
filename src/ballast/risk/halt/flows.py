"""Flows: deposits and withdrawals, booked once, as if they had been told when they happened.

A venue lists a transfer some seconds after it changed the balance, or after a process was down: by
then the account has been marked with it, as if it had earned or lost the money. So the last marks
and flows are kept, and one that is told late is put in its place among them (R-RISK-28).

A mark is dated when it is told, a moment after the venue read it. A transfer in that moment is not
in it, though it is older: whether it is shows in the money, and so it goes to the likelier side. If
the market moved as much just then, the next mark sets it right.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field, replace

from ballast.risk.halt import baselines
from ballast.risk.halt.baselines import Baselines

KEPT_NS = 900_000_000_000
"""How late a venue may list a flow; one that is later still goes before all that is kept."""
READ_NS = 5_000_000_000
"""How long before it is told a mark may have been read."""
NAMES_MAX = 500
"""Flows whose names are remembered: a venue shows them again whenever it is asked."""


@dataclass(frozen=True, slots=True)
class Step:
    """A mark of the equity, or a flow, in atoms."""

    at_ns: int
    amount: int
    is_flow: bool


@dataclass(frozen=True, slots=True)
class Past:
    """What is remembered of marks and flows."""

    first_ns: int = 0
    """When the account was first marked; what flowed before is in that mark. 0: never."""
    base: Baselines = field(default_factory=Baselines)
    """The levels before the first step that is kept."""
    steps: tuple[Step, ...] = ()
    """The last steps, in the order of time."""
    names: tuple[str, ...] = ()
    """Flows that are booked, as the venue calls them."""


def marked(past: Past, levels: Baselines) -> Past:
    """Return the past with the mark that led to these levels; what is old leaves it."""
    steps = (*past.steps, Step(levels.known_ns, levels.equity, is_flow=False))
    old = bisect_right(steps, levels.known_ns - KEPT_NS, key=_time)
    base = _after(past.base, steps[:old])
    return replace(past, first_ns=past.first_ns or levels.known_ns, base=base, steps=steps[old:])


def restarted(past: Past, levels: Baselines) -> Past:
    """Return the past after a person had the drawdown measured anew: it begins with that."""
    return replace(past, base=levels, steps=())


def booked(
    past: Past, levels: Baselines, amount: int, at_ns: int, name: str = ""
) -> tuple[Past, Baselines]:
    """Book a deposit or, negative, a withdrawal of so many atoms that happened at a time.

    Return the past and the levels as they would be, had it been told then.
    """
    base = past.base
    if at_ns < base.known_ns:  # it is in that mark: put before it, it changes its levels alone
        base = baselines.flowed(replace(base, equity=base.equity - amount), amount, base.known_ns)
        steps = past.steps
    else:
        place = _place(past, amount, at_ns)
        after_ns = past.steps[place - 1].at_ns if place else at_ns
        step = Step(max(at_ns, after_ns), amount, is_flow=True)
        steps = (*past.steps[:place], step, *past.steps[place:])
    found = replace(_after(base, steps), is_warned=levels.is_warned)
    names = (*past.names, name)[-NAMES_MAX:] if name else past.names
    return replace(past, base=base, steps=steps, names=names), found


def _place(past: Past, amount: int, at_ns: int) -> int:
    """Return the place of a flow: by its time, and after marks of that moment that lack it."""
    place = bisect_right(past.steps, at_ns, key=_time)
    before = _after(past.base, past.steps[:place])
    for one in past.steps[place:]:
        lacks = abs(one.amount - before.equity) < abs(one.amount - before.equity - amount)
        if one.is_flow or one.at_ns - at_ns > READ_NS or not before.known_ns or not lacks:
            break
        place += 1
        before = _after(before, (one,))
    return place


def _after(levels: Baselines, steps: tuple[Step, ...]) -> Baselines:
    """Return the levels after some steps."""
    for one in steps:
        at_ns = max(one.at_ns, levels.known_ns)
        if one.is_flow:
            levels = baselines.flowed(levels, one.amount, at_ns)
        else:
            levels = baselines.marked(levels, one.amount, at_ns)
    return levels


def _time(step: Step) -> int:
    return step.at_ns
