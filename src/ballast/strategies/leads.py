"""Warm-up, counted from the expression: how many leading bars of a frame have no value.

Sums along the tree: an indicator adds its own warm-up to that of what it reads, a shift adds n,
a crossing adds one. A filter that is switched off adds nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.errors import StrategyError
from ballast.core.time import Timeframe
from ballast.strategies.building import check_length
from ballast.strategies.frames import ratio
from ballast.strategies.steps import bound

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.features.indicators.definition import Indicator as Definition
    from ballast.strategies.evaluation import Leads, Step

ANY_YEAR = 365.0
"""The warm-up of a yearly measure does not depend on the bars of a year."""


def longest(leads: Leads, step: Step) -> int:
    """Return the lead of the longest operand."""
    return max((leads.of(item) for item in step.inputs), default=0)


def one_more(leads: Leads, step: Step) -> int:
    """Add one bar: the word looks at the bar before."""
    return longest(leads, step) + 1


def window(name: str, least: int, extra: int) -> Callable[[Leads, Step], int]:
    """Return a lead that grows by the last operand plus `extra`."""

    def lead(leads: Leads, step: Step) -> int:
        place = step.inputs[-1]
        assert isinstance(place, int)
        return longest(leads, step) + check_length(name, leads.scalars[place], least) + extra

    return lead


def unless(decided_by: bool) -> Callable[[Leads, Step], int]:  # noqa: FBT001 - one value, its name says all
    """Return the lead of `&` and `|`: none where a switch decides alone."""

    def lead(leads: Leads, step: Step) -> int:
        for item in step.inputs:
            if isinstance(item, int) and bool(leads.scalars[item]) is decided_by:
                return 0
        return longest(leads, step)

    return lead


def chosen(leads: Leads, step: Step) -> int:
    """Return the lead of `where`: by a switch, only that of the side taken."""
    test, yes, no = step.inputs
    if isinstance(test, int):
        return leads.of(yes if leads.scalars[test] else no)
    return longest(leads, step)


def indicator(definition: Definition) -> Callable[[Leads, Step], int]:
    """Return the lead of an indicator: its own after that of its inputs."""
    count = len(definition.inputs)

    def lead(leads: Leads, step: Step) -> int:
        places = [item for item in step.inputs[count:] if isinstance(item, int)]
        numbers = bound(definition, [float(leads.scalars[place]) for place in places], ANY_YEAR)
        own = definition.warmup(numbers)
        return max(leads.of(item) for item in step.inputs[:count]) + own

    return lead


def on(text: str) -> Callable[[Leads, Step], int]:
    """Return the lead of a higher timeframe, in base bars, for any bar to start on.

    The first visible value closes with bucket `inner`; before the first whole bucket there may be
    all but one bar of a broken one.
    """
    timeframe = Timeframe.parse(text)

    def lead(leads: Leads, step: Step) -> int:
        if leads.base is None:
            raise StrategyError(
                f"the warm-up of on('{text}', ...) depends on the timeframe of the run",
                fix="give the timeframe of the bars",
            )
        count = ratio(leads.base, timeframe)
        inner = leads.of(step.inputs[0])
        return (inner + 2) * count - 2 if count > 1 else inner

    return lead
