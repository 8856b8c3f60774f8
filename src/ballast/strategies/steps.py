"""What each word of the language does to columns: one small function an operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.errors import StrategyError
from ballast.core.time import Timeframe
from ballast.strategies import kernels
from ballast.strategies.building import YEARLY, check_length, check_param
from ballast.strategies.evaluation import Column, Evaluation, Floats, Scalars, Step, frozen

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ballast.features.indicators.definition import Indicator as Definition

# ---------------------------------------------------------------- comparing


def order(evaluation: Evaluation, step: Step) -> Column:
    """How the first operand stands to the second."""
    first, second = step.inputs
    if isinstance(first, int):
        a = np.full(len(evaluation.frame), evaluation.scalars[first])
        a.flags.writeable = False
    else:
        a = evaluation.column(first)
    out = evaluation.bytes_for(step)
    if isinstance(second, int):
        kernels.order_number(a, float(evaluation.scalars[second]), out)
    else:
        kernels.order(a, evaluation.column(second), out)
    return out


RELATIONS = {
    ">": (1, 0),
    "<": (2, 0),
    "!=": (3, 0),
    "<=": (1, 1),
    ">=": (2, 1),
    "==": (3, 1),
}
"""Comparison -> bits of the order column that decide it, and whether the answer is turned round."""


def relation(name: str) -> Callable[[Evaluation, Step], Column]:
    """Return the step function of one comparison; its operand is an order step."""
    pick, flip = RELATIONS[name]

    def run(evaluation: Evaluation, step: Step) -> Column:
        orders = evaluation.condition(step.inputs[0])
        out = evaluation.bytes_for(step)
        kernels.relation(orders, pick, flip, out)
        return out

    return run


def crossing(side: int) -> Callable[[Evaluation, Step], Column]:
    """Return the step function of a crossing to `side` (1 above, 2 below)."""

    def run(evaluation: Evaluation, step: Step) -> Column:
        orders = evaluation.condition(step.inputs[0])
        out = evaluation.bytes_for(step)
        kernels.crossing(orders, side, out)
        return out

    return run


def inside(evaluation: Evaluation, step: Step) -> Column:
    """Low < x < high with two numbers."""
    x, low, high = (evaluation.value(operand) for operand in step.inputs)
    out = evaluation.bytes_for(step)
    kernels.inside(x, float(low), float(high), out)
    return out


# ---------------------------------------------------------------- logic


def conjunction(evaluation: Evaluation, step: Step) -> Column:
    """Both; a switch that is on costs nothing."""
    left, right = step.inputs
    for scalar, series in ((left, right), (right, left)):
        if isinstance(scalar, int):
            on = bool(evaluation.scalars[scalar])
            return evaluation.condition(series) if on else evaluation.constant(yes=False)
    a, b = evaluation.condition(left), evaluation.condition(right)
    always = evaluation.constant(yes=True)
    if a is always or b is always:
        return b if a is always else a
    out = evaluation.bytes_for(step)
    kernels.both(a, b, out)
    return out


def disjunction(evaluation: Evaluation, step: Step) -> Column:
    """At least one; where a switch decides, the other side is not computed."""
    left, right = step.inputs
    for scalar, series in ((left, right), (right, left)):
        if isinstance(scalar, int):
            on = bool(evaluation.scalars[scalar])
            return evaluation.constant(yes=True) if on else evaluation.condition(series)
    a, b = evaluation.condition(left), evaluation.condition(right)
    out = evaluation.bytes_for(step)
    kernels.either(a, b, out)
    return out


def negation(evaluation: Evaluation, step: Step) -> Column:
    """Not; unknown stays unknown."""
    a = evaluation.condition(step.inputs[0])
    out = evaluation.bytes_for(step)
    kernels.invert(a, out)
    return out


# ---------------------------------------------------------------- arithmetic


def _divide(a: Any, b: Any) -> Floats:  # noqa: ANN401 - columns or floats
    return np.where(np.asarray(b) == 0.0, np.nan, np.true_divide(a, b))


def _remainder(a: Any, b: Any) -> Floats:  # noqa: ANN401 - columns or floats
    return np.where(np.asarray(b) == 0.0, np.nan, np.mod(a, b))


def _finite(function: Callable[..., Any]) -> Callable[..., Floats]:
    def run(x: Any) -> Floats:  # noqa: ANN401 - a column
        out = function(x)
        return np.where(np.isfinite(out), out, np.nan)

    return run


NUMERIC: dict[str, Callable[..., Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": _divide,
    "%": _remainder,
    "neg": np.negative,
    "abs": np.abs,
    "log": _finite(np.log),
    "sqrt": _finite(np.sqrt),
    "minimum": np.minimum,
    "maximum": np.maximum,
}


def numeric(name: str) -> Callable[[Evaluation, Step], Column]:
    """Return the step function of one arithmetic word. NaN in, NaN out; never infinite by 0."""
    function = NUMERIC[name]

    def run(evaluation: Evaluation, step: Step) -> Column:
        with np.errstate(all="ignore"):
            return np.asarray(function(*(evaluation.value(item) for item in step.inputs)))

    return run


def where(evaluation: Evaluation, step: Step) -> Column:
    """One of two series by a condition; by a switch, only that one is computed."""
    test, yes, no = step.inputs
    if isinstance(test, int):
        return evaluation.floats(yes if evaluation.scalars[test] else no)
    condition = evaluation.condition(test)
    out = np.empty(condition.size)
    kernels.choose(condition, frozen(evaluation.floats(yes)), frozen(evaluation.floats(no)), out)
    return out


# ---------------------------------------------------------------- looking back


def length(evaluation: Evaluation, step: Step, name: str, least: int = 1) -> int:
    """Return the window, the last operand, checked."""
    place = step.inputs[-1]
    assert isinstance(place, int)
    return check_length(name, evaluation.scalars[place], least)


def run_length(name: str) -> Callable[[Evaluation, Step], Column]:
    """Return the step function of `rising` or `falling`."""
    sign = 1.0 if name == "rising" else -1.0

    def run(evaluation: Evaluation, step: Step) -> Column:
        x = evaluation.floats(step.inputs[0])
        out = evaluation.bytes_for(step)
        kernels.run_length(x, length(evaluation, step, name), sign, out)
        return out

    return run


def shift(evaluation: Evaluation, step: Step) -> Column:
    """Move a column n bars later; the first n bars are unknown."""
    source = step.inputs[0]
    assert isinstance(source, Step)
    x = evaluation.column(source)
    n = min(length(evaluation, step, "shift", 0), x.size)
    out = np.empty_like(x)
    out[:n] = kernels.UNKNOWN if source.is_condition else np.nan
    out[n:] = x[: x.size - n]
    return out


def first(evaluation: Evaluation, step: Step) -> Column:
    """Find the bar on which a condition begins to hold."""
    condition = evaluation.condition(step.inputs[0])
    out = evaluation.bytes_for(step)
    kernels.edge(condition, out)
    return out


def bars_since(evaluation: Evaluation, step: Step) -> Column:
    """Bars since a condition last held."""
    condition = evaluation.condition(step.inputs[0])
    out = np.empty(condition.size)
    kernels.count_since(condition, out)
    return out


def since(evaluation: Evaluation, step: Step) -> Column:
    """Hold a series as it was when a condition last held."""
    condition = evaluation.condition(step.inputs[0])
    out = np.empty(condition.size)
    kernels.hold_since(condition, frozen(evaluation.floats(step.inputs[1])), out)
    return out


# ---------------------------------------------------------------- leaves and other frames


def price(name: str) -> Callable[[Evaluation, Step], Column]:
    """Return the step function of a column of the bars."""

    def run(evaluation: Evaluation, _: Step) -> Column:
        return evaluation.frame.column(name)

    return run


def noise(evaluation: Evaluation, step: Step) -> Column:
    """Draw from bar time and seed alone."""
    place = step.inputs[0]
    assert isinstance(place, int)
    seed = evaluation.scalars[place]
    check_param("random()", "seed", seed, 0, 1 << 53, whole=True)
    out = np.empty(len(evaluation.frame))
    with np.errstate(over="ignore"):  # 64-bit arithmetic wraps; with the compiler off numpy warns
        kernels.time_noise(evaluation.frame.bars.ts, int(seed), out)
    return out


def indicator(definition: Definition, output: int) -> Callable[[Evaluation, Step], Column]:
    """Return the step function of one output; the others are kept for whoever asks next."""
    count = len(definition.inputs)
    names = definition.outputs

    def params_of(evaluation: Evaluation, step: Step) -> Scalars:
        return bound(
            definition,
            [float(evaluation.value(item)) for item in step.inputs[count:]],
            evaluation.frame.bars.timeframe.bars_per_year,
        )

    def missing_sibling(evaluation: Evaluation, step: Step) -> Step | None:
        """Find a column that is free with this one: nobody has it, and its numbers are allowed."""
        own = evaluation.key(step)
        for sibling in step.siblings:
            key = evaluation.key(sibling)
            if key != own and not evaluation.cache.holds(key):
                try:
                    definition.check(params_of(evaluation, sibling))
                except StrategyError:  # who asks for it will be told
                    continue
                return sibling
        return None

    def run(evaluation: Evaluation, step: Step) -> Column:
        columns = tuple(evaluation.floats(item) for item in step.inputs[:count])
        params = params_of(evaluation, step)
        sibling = missing_sibling(evaluation, step) if len(step.siblings) > 1 else None
        if sibling is None:
            results = definition.compute(columns, params)
        else:
            results, others = definition.compute_two(
                columns, params, params_of(evaluation, sibling)
            )
            evaluation.cache.put(evaluation.key(sibling), frozen(others[output]))
        stem = step.template.removesuffix(names[output])
        numbers = step.pick(evaluation.scalars)
        for name, result in zip(names, results, strict=True):
            if name != names[output] and not step.others:
                evaluation.cache.put((evaluation.frame.key, stem + name, numbers), frozen(result))
        return results[output]

    return run


def bound(definition: Definition, values: list[float], bars_per_year: float) -> Scalars:
    """Return the numbers of an indicator, with the bars of a year of this timeframe put in."""
    if YEARLY in definition.params:
        at = list(definition.params).index(YEARLY)
        values[at] = values[at] or bars_per_year
    return tuple(values)


def on(text: str) -> Callable[[Evaluation, Step], Column]:
    """Return the step function that computes on a higher timeframe and spreads the result."""
    timeframe = Timeframe.parse(text)

    def run(evaluation: Evaluation, step: Step) -> Column:
        source = step.inputs[0]
        assert isinstance(source, Step)
        frame, at = evaluation.frame.higher(timeframe)
        return spread(evaluation.at(frame).column(source), at)

    return run


def of(symbol: str, age_bars: int) -> Callable[[Evaluation, Step], Column]:
    """Return the step function that computes on another symbol and aligns by close time."""

    def run(evaluation: Evaluation, step: Step) -> Column:
        source = step.inputs[0]
        assert isinstance(source, Step)
        frames = evaluation.other(symbol)
        values = np.concatenate([evaluation.at(frame).column(source) for frame in frames])
        closes = np.concatenate([frame.close_ms for frame in frames])
        own = evaluation.frame.close_ms
        at = np.empty(own.size, np.int64)
        kernels.align(own, closes, age_bars * frames[0].bars.timeframe.ms, at)
        return spread(frozen(values), at)

    return run


def spread(values: Column, at: NDArray[np.int64]) -> Column:
    """Return `values[at]`, unknown where `at` is -1."""
    if values.dtype == np.uint8:
        marks = np.empty(at.size, np.uint8)
        kernels.spread_bytes(values, at, marks)
        return marks
    out = np.empty(at.size)
    kernels.spread_floats(values, at, out)
    return out
