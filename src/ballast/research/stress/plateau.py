"""Plateau: whether the chosen numbers stand on a table or on a needle (R-WF-04).

Neighbours are the points a few of the strategy's own parameter steps away: each number moved alone,
and seeded draws in which several move at once by one step. A number that changes no figure when it
is moved (a filter that is switched off) is inert and counts for nothing: it would make any needle
look like a plateau. Switches are not moved: another filter is another strategy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import StrategyError, UserError, suggest
from ballast.core.rng import stream
from ballast.research.case import Outcome
from ballast.research.spread import Spread, require_some

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ballast.research.case import Case
    from ballast.strategies.parameters import Param

RADIUS = 2
"""Steps each number is moved alone, both ways."""
JOINT = 48
"""Neighbours in which several numbers move at once."""
SURFACE_RADIUS = 3
DEFAULT_STEPS = 10
"""Steps of a parameter that declares none, as in a sweep."""
_DIGITS = 12  # of a parameter's value, as in a sweep

Params = dict[str, float]


@dataclass(frozen=True, slots=True)
class Axis:
    """One number moved alone: its values in order, the chosen one among them, and the metric."""

    name: str
    chosen: float
    values: tuple[float, ...]
    figures: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Surface:
    """Two numbers moved together; `rows[i][j]` is the metric at `y_values[i]`, `x_values[j]`.

    None where the combination breaks a rule of the strategy, or cannot run.
    """

    x: str
    y: str
    x_values: tuple[float, ...]
    y_values: tuple[float, ...]
    rows: tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Plateau:
    """The chosen point among its neighbours."""

    metric: str
    chosen: float
    figure: Spread  # of all neighbours, the chosen point left out
    profitable: float  # share of neighbours with a return above 0
    median_ratio: float | None  # median of the neighbours / chosen; None where that is not above 0
    worst_params: tuple[tuple[str, float], ...]  # what differs at the worst neighbour
    inert: tuple[str, ...]  # numbers that changed nothing
    axes: tuple[Axis, ...]  # of the numbers that changed something
    surface: Surface | None  # of the two that changed most; None with fewer


def plateau(
    case: Case,
    *,
    radius: int = RADIUS,
    joint: int = JOINT,
    surface: Sequence[str] = (),
    surface_radius: int = SURFACE_RADIUS,
    metric: str = "sharpe",
    seed: int = 0,
    looked: Callable[[Sequence[Params]], None] = lambda _: None,
    step: Callable[[], None] = lambda: None,
) -> Plateau | None:
    """Run the neighbours of the case's numbers; None where no number can be moved.

    `surface` names the two numbers of the surface; none: the two that move the metric most.
    `looked` is told, at the end, every combination whose figures were seen: each is a trial.
    """
    require_some(radius, "steps")
    chosen = case.require_trades()
    here = case.params
    alone = {
        name: values
        for name, spec in case.strategy.params.items()
        if len(values := _nearby(spec, here[name], radius)) > 1
    }
    judge = _Judge(case)
    found = {
        name: judge.run([here | {name: value} for value in values])
        for name, values in alone.items()
    }
    step()
    inert = tuple(name for name, row in found.items() if all(one == chosen for one in _there(row)))
    active = {name: values for name, values in alone.items() if name not in inert}
    axes = tuple(_axis(name, here[name], alone[name], found[name], metric) for name in active)
    points = [
        here | {name: value}
        for name, values in active.items()
        for value in values
        if value != here[name]
    ]
    points += _joint(case, active, joint, seed)
    results = [one for one in zip(points, judge.run(points), strict=True) if one[1] is not None]
    step()
    if not results:
        looked(judge.ran)
        return None
    figures = [one.value(metric) for _, one in results if one is not None]
    worst = results[int(np.argmin(figures))][0]
    spread = Spread.of(figures)
    base = chosen.value(metric)
    pair = _pair(axes, surface, case.strategy.params)
    drawn = _surface(judge, here, pair, surface_radius, metric)
    looked(judge.ran)
    step()
    return Plateau(
        metric=metric,
        chosen=base,
        figure=spread,
        profitable=sum(one.total_return > 0.0 for _, one in results if one is not None)
        / len(results),
        median_ratio=spread.median / base if base > 0.0 else None,
        worst_params=tuple((k, v) for k, v in worst.items() if v != here[k]),
        inert=inert,
        axes=axes,
        surface=drawn,
    )


class _Judge:
    """Runs combinations once each; one that cannot run, or breaks a rule, is None."""

    def __init__(self, case: Case) -> None:
        self.evaluator = case.evaluator()
        self.known: dict[tuple[float, ...], Outcome | None] = {}
        self.names = tuple(case.params)

    @property
    def ran(self) -> list[Params]:
        """Return every combination that was run, in the order of running."""
        found = (key for key, one in self.known.items() if one is not None)
        return [dict(zip(self.names, key, strict=True)) for key in found]

    def run(self, combos: Sequence[Params]) -> list[Outcome | None]:
        """Return an outcome for each combination."""
        missing: dict[tuple[float, ...], Params] = {}
        for combo in combos:
            key = tuple(combo.values())
            if key not in self.known:
                self.known[key] = None
                if self.evaluator.allows(combo):
                    missing[key] = combo
        found = self._figures(list(missing.values()))
        self.known |= dict(zip(missing, found, strict=True))
        return [self.known[tuple(combo.values())] for combo in combos]

    def _figures(self, combos: Sequence[Params]) -> list[Outcome | None]:
        if not combos:
            return []
        try:
            return [Outcome.of(row) for row in self.evaluator.figures(combos)]
        except UserError:  # a trade or a warm-up that cannot be: found out one by one
            if len(combos) == 1:
                return [None]
            return [one for combo in combos for one in self._figures([combo])]


def _nearby(spec: Param, value: float, radius: int) -> tuple[float, ...]:
    """Return the values up to `radius` steps away, in order, `value` among them."""
    if spec.is_switch:
        return (value,)
    if spec.choices:
        at = spec.choices.index(value)
        return spec.choices[max(0, at - radius) : at + radius + 1]
    width = spec.step or (spec.high - spec.low) / DEFAULT_STEPS
    moved = (round(value + k * width, _DIGITS) for k in range(-radius, radius + 1))
    return tuple(dict.fromkeys(one for one in moved if spec.low <= one <= spec.high))


def _there(row: Sequence[Outcome | None]) -> list[Outcome]:
    return [one for one in row if one is not None]


def _axis(
    name: str, chosen: float, values: Sequence[float], row: Sequence[Outcome | None], metric: str
) -> Axis:
    pairs = [(v, one.value(metric)) for v, one in zip(values, row, strict=True) if one is not None]
    return Axis(name, chosen, tuple(v for v, _ in pairs), tuple(f for _, f in pairs))


def _joint(
    case: Case, active: Mapping[str, Sequence[float]], count: int, seed: int
) -> list[Params]:
    """Return points in which each active number is moved by -1, 0 or 1 step, two at the least."""
    if len(active) < 2 or count < 1:  # noqa: PLR2004 - one number moves alone
        return []
    here = case.params
    draw = stream(seed, "plateau/joint")
    names = list(active)
    near = {name: _nearby(case.strategy.params[name], here[name], 1) for name in names}
    made: dict[tuple[float, ...], Params] = {}
    for _ in range(count):
        point = here | {name: near[name][draw.integers(len(near[name]))] for name in names}
        if sum(point[name] != here[name] for name in names) > 1:
            made[tuple(point.values())] = point
    return list(made.values())


def _pair(
    axes: Sequence[Axis], asked: Sequence[str], params: Mapping[str, Param]
) -> tuple[str, str] | None:
    if asked:
        if len(asked) != 2 or asked[0] == asked[1]:  # noqa: PLR2004 - x and y
            raise UserError(f"a surface of {', '.join(asked)}", expected="two parameters")
        for name in asked:
            if name not in params:
                raise StrategyError(
                    f"unknown parameter '{name}'",
                    expected=f"one of {', '.join(params)}",
                    fix=suggest(name, params),
                )
        return asked[0], asked[1]
    order = sorted(axes, key=lambda axis: min(axis.figures) - max(axis.figures))
    return (order[0].name, order[1].name) if len(order) > 1 else None


def _surface(
    judge: _Judge, here: Params, pair: tuple[str, str] | None, radius: int, metric: str
) -> Surface | None:
    if pair is None:
        return None
    x, y = pair
    params = judge.evaluator.strategy.params
    xs, ys = (_nearby(params[name], here[name], radius) for name in pair)
    found = iter(judge.run([here | {x: xv, y: yv} for yv in ys for xv in xs]))
    rows = tuple(
        tuple(None if one is None else one.value(metric) for one in (next(found) for _ in xs))
        for _ in ys
    )
    return Surface(x, y, xs, ys, rows)
