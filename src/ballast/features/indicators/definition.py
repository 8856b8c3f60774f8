"""What an indicator is: names, parameters, warm-up, and one compiled function.

A *kernel* is a compiled function `kernel(inputs, params, state, outs)`. It reads the rows of
`inputs` (a tuple of float64 columns), writes one value a row into each of `outs`, and keeps all it
must remember in the float64 vector `state` (all zeros = nothing seen yet). A batch is one call
on whole columns; a live update is one call on one row with the state of the last call. So batch and
one-by-one are the same machine code, and a saved state is a copy of one vector.

Rules every kernel obeys (the battery in tests/property/features holds them):
- row i of the output depends on rows <= i of the inputs;
- a row where any input is NaN or infinite gives NaN and forgets everything: the indicator starts
  over with the next row. Leading NaN are thereby skipped (an indicator of an indicator works), and
  a hole in the middle never poisons what comes after the next warm-up;
- on finite input exactly the first `warmup(params)` rows are NaN, in all outputs alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from ballast.core.errors import InternalError, StrategyError, suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Vector = NDArray[np.float64]
Vectors = tuple[Vector, ...]
Params = tuple[float, ...]

PERIOD_MAX = 10_000  # longest window: a year of hours; a longer one belongs on a higher timeframe
SEED_WEIGHT = 1e-9  # a recursive average has settled when its seed weighs less than this


@dataclass(frozen=True, slots=True)
class ParamSpec:
    """One parameter: default, bounds (both allowed), whether it must be a whole number."""

    default: float
    low: float
    high: float
    integer: bool = True


class Kernel(Protocol):
    """A compiled function over rows; see the module's docstring."""

    def __call__(self, inputs: Vectors, params: Vector, state: Vector, outs: Vectors, /) -> None:
        """Read every row of `inputs`, write every row of `outs`, carry `state` on."""


class TwoKernel(Protocol):
    """The kernel of two sets of parameters at once, on the same inputs: (params, state, outs) x 2.

    For recursions, which wait for their own last result: the second one fills the wait of the
    first, and costs nothing.
    """

    def __call__(
        self,
        inputs: Vectors,
        params: tuple[Vector, Vector],
        state: tuple[Vector, Vector],
        outs: tuple[Vectors, Vectors],
        /,
    ) -> None:
        """Read every row of `inputs` once, write every row of both outputs."""


class Stream(Protocol):
    """An indicator fed one row at a time."""

    def update(self, *values: float) -> tuple[float, ...]:
        """Take one row (one value an input) and return one value an output, NaN in the warm-up."""

    def state(self) -> Vector:
        """Return all that is remembered, as one vector that can be stored."""

    def restore(self, state: Vector) -> None:
        """Go on from a stored state."""


class Engine(Protocol):
    """How an indicator is calculated: our own kernel, or TA-Lib."""

    def run(self, inputs: Vectors, params: Params) -> Vectors:
        """Calculate whole columns."""

    def stream(self, params: Params) -> Stream:
        """Start a calculation fed row by row."""

    def warmup(self, params: Params) -> int:
        """Count the leading NaN rows."""

    def settle(self, params: Params) -> int:
        """Count the rows after which the way of seeding is forgotten."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """A named function of series. `inputs` are series names, `params` ordered by position."""

    name: str
    inputs: tuple[str, ...]
    params: Mapping[str, ParamSpec]
    outputs: tuple[str, ...]
    warmup_text: str
    convention: str
    engine: Engine

    def compute(self, inputs: Vectors, params: Params) -> Vectors:
        """Return one float64 column for each output; `inputs` are columns of one length."""
        checked = self.check(params)
        if len(inputs) != len(self.inputs):
            raise StrategyError(
                f"{len(inputs)} series given",
                where=f"{self.name}()",
                expected=f"{len(self.inputs)}: {', '.join(self.inputs)}",
            )
        columns = tuple(_readonly(column) for column in inputs)
        if any(column.ndim != 1 or column.size != columns[0].size for column in columns):
            raise StrategyError("series differ in length", where=f"{self.name}()")
        return self.engine.run(columns, checked)

    @property
    def goes_on(self) -> bool:
        """Whether a calculation goes on from a state, row by row, at the cost of these rows."""
        return isinstance(self.engine, CompiledEngine)

    @property
    def goes_in_pairs(self) -> bool:
        """Whether two sets of parameters cost no more than one."""
        return isinstance(self.engine, CompiledEngine) and self.engine.two is not None

    def compute_two(
        self, inputs: Vectors, first: Params, second: Params
    ) -> tuple[Vectors, Vectors]:
        """Return what `compute` returns for each of two sets of parameters, bit for bit."""
        assert isinstance(self.engine, CompiledEngine)
        columns = tuple(_readonly(column) for column in inputs)
        return self.engine.run_two(columns, self.check(first), self.check(second))

    def stream(self, params: Params) -> Stream:
        """Start a calculation fed row by row; bit for bit the rows of `compute`."""
        return self.engine.stream(self.check(params))

    def warmup(self, params: Params) -> int:
        """Count the leading NaN rows on finite input."""
        return self.engine.warmup(self.check(params))

    def settle(self, params: Params) -> int:
        """Count the rows after which the seed weighs less than 1e-9 (at least the warm-up).

        Two conventions of seeding, or two runs that start on different bars, agree from here on.
        """
        return max(self.warmup(params), self.engine.settle(self.check(params)))

    def bind(self, *values: float, **named: float) -> Params:
        """Return the full parameter tuple from positions, names and defaults."""
        names = tuple(self.params)
        if len(values) > len(names):
            raise StrategyError(
                f"{len(values)} parameters given",
                where=f"{self.name}()",
                expected=f"at most {len(names)}: {', '.join(names)}",
            )
        given = dict(zip(names, values, strict=False))
        for key, value in named.items():
            if key not in self.params:
                raise StrategyError(
                    f"unknown parameter '{key}'",
                    where=f"{self.name}()",
                    expected=", ".join(names) or "no parameter",
                    fix=suggest(key, names),
                )
            if key in given:
                raise StrategyError(f"parameter '{key}' given twice", where=f"{self.name}()")
            given[key] = value
        return self.check(tuple(given.get(key, self.params[key].default) for key in names))

    def check(self, params: Params) -> Params:
        """Return `params` as floats; raise `StrategyError` on a wrong count or value."""
        if len(params) != len(self.params):
            raise StrategyError(
                f"{len(params)} parameters given",
                where=f"{self.name}()",
                expected=f"{len(self.params)}: {', '.join(self.params) or 'none'}",
            )
        for (key, spec), value in zip(self.params.items(), params, strict=True):
            whole = not spec.integer or float(value).is_integer()
            if not (whole and spec.low <= value <= spec.high):
                kind = "a whole number" if spec.integer else "a number"
                raise StrategyError(
                    f"{key} = {value:g}",
                    where=f"{self.name}()",
                    expected=f"{kind} from {spec.low:g} to {spec.high:g}",
                )
        return tuple(float(value) for value in params)


@dataclass(frozen=True, slots=True)
class CompiledEngine:
    """Runs a kernel. `size`, `lead` and `forget` are functions of the parameters, in order."""

    kernel: Kernel
    inputs_count: int
    outputs_count: int
    integers: tuple[bool, ...]
    size: Callable[..., int]
    lead: Callable[..., int]
    forget: Callable[..., int]
    two: TwoKernel | None = None

    def run_two(self, inputs: Vectors, first: Params, second: Params) -> tuple[Vectors, Vectors]:
        """Calculate the whole columns of two sets of parameters in one call."""
        assert self.two is not None
        rows = inputs[0].size
        outs = (
            tuple(np.empty(rows) for _ in range(self.outputs_count)),
            tuple(np.empty(rows) for _ in range(self.outputs_count)),
        )
        states = (self.empty_state(first), self.empty_state(second))
        self.two(inputs, (np.array(first), np.array(second)), states, outs)
        return outs

    def run(self, inputs: Vectors, params: Params) -> Vectors:
        """Calculate whole columns in one call."""
        outs = tuple(np.empty(inputs[0].size) for _ in range(self.outputs_count))
        self.kernel(inputs, np.array(params), self.empty_state(params), outs)
        return outs

    def empty_state(self, params: Params) -> Vector:
        """Return the state of an indicator that has seen nothing."""
        return np.zeros(self._call(self.size, params))

    def stream(self, params: Params) -> Stream:
        """Start with an empty state."""
        return CompiledStream(self, params, self._call(self.size, params))

    def warmup(self, params: Params) -> int:
        """Count the leading NaN rows."""
        return self._call(self.lead, params)

    def settle(self, params: Params) -> int:
        """Count the rows until the seed is forgotten."""
        return self._call(self.forget, params)

    def _call(self, function: Callable[..., int], params: Params) -> int:
        values = (int(p) if whole else p for p, whole in zip(params, self.integers, strict=True))
        return function(*values)


class CompiledStream:
    """One row a call through the same kernel: columns of length one."""

    def __init__(self, engine: CompiledEngine, params: Params, size: int) -> None:
        self._kernel = engine.kernel
        self._params = np.array(params)
        self._state = np.zeros(size)
        self._row = tuple(np.empty(1) for _ in range(engine.inputs_count))
        # Read-only views have the same compiled type as the columns of a batch.
        self._inputs = tuple(_readonly(cell) for cell in self._row)
        self._outs = tuple(np.empty(1) for _ in range(engine.outputs_count))

    def update(self, *values: float) -> tuple[float, ...]:
        """Take one row and return one value an output."""
        for cell, value in zip(self._row, values, strict=True):
            cell[0] = value
        self._kernel(self._inputs, self._params, self._state, self._outs)
        return tuple(float(out[0]) for out in self._outs)

    def state(self) -> Vector:
        """Return a copy of the state vector."""
        return self._state.copy()

    def restore(self, state: Vector) -> None:
        """Go on from a stored state; its length must be that of these parameters."""
        if state.shape != self._state.shape:
            raise InternalError(f"state of {state.size} values, expected {self._state.size}")
        self._state[:] = state


_REGISTERED: dict[str, Indicator] = {}


def registered() -> Mapping[str, Indicator]:
    """Return the indicators of all family files imported so far, by name."""
    return MappingProxyType(_REGISTERED)


def indicator(
    name: str,
    *,
    inputs: tuple[str, ...],
    params: Mapping[str, ParamSpec],
    outputs: tuple[str, ...] = (),
    state: Callable[..., int],
    warmup: tuple[str, Callable[..., int]],
    settle: Callable[..., int] | None = None,
    two: TwoKernel | None = None,
    convention: str,
) -> Callable[[Kernel], Kernel]:
    """Register a kernel under `name`. `warmup` is the formula twice: as text and as function."""

    def register(kernel: Kernel) -> Kernel:
        if name in _REGISTERED:
            raise InternalError(f"two indicators are called '{name}'")
        text, lead = warmup
        engine = CompiledEngine(
            kernel=kernel,
            inputs_count=len(inputs),
            outputs_count=max(1, len(outputs)),
            integers=tuple(spec.integer for spec in params.values()),
            size=state,
            lead=lead,
            forget=settle or lead,
            two=two,
        )
        frozen = MappingProxyType(dict(params))
        _REGISTERED[name] = Indicator(
            name, inputs, frozen, outputs or (name,), text, convention, engine
        )
        return kernel

    return register


def period(default: int, *, low: int = 1, high: int = PERIOD_MAX) -> ParamSpec:
    """Describe a window length in bars."""
    return ParamSpec(default, low, high)


def number(default: float, low: float, high: float) -> ParamSpec:
    """Describe a real parameter."""
    return ParamSpec(default, low, high, integer=False)


def switch(*, default: bool) -> ParamSpec:
    """Describe a parameter that is 0 or 1."""
    return ParamSpec(int(default), 0, 1)


def forget_rows(alpha: float) -> int:
    """Count the steps until `(1 - alpha) ** steps` is below `SEED_WEIGHT`."""
    return 0 if alpha >= 1 else math.ceil(math.log(SEED_WEIGHT) / math.log1p(-alpha))


def _readonly(column: Vector) -> Vector:
    """Return a contiguous, aligned, read-only view: one compiled type for every caller."""
    view = np.require(np.asarray(column), np.float64, ("C", "A")).view()
    view.flags.writeable = False
    return view
