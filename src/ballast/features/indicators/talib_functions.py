"""The whole of TA-Lib behind the interface of our own indicators: `ta("NAME", ...)`.

Inputs, parameters, outputs and warm-up come from TA-Lib's own function table. What is added:

- A NaN inside the input would turn every later value into NaN. So each stretch of finite rows is
  calculated on its own, exactly as our kernels do, and the first `lookback` rows of it are NaN
  (candle patterns give 0 there otherwise, which reads as "no pattern").
- Row by row, TA-Lib can only recompute. Functions with a recursive average depend on their whole
  history, so a bounded window would give other bits than the batch: the stream keeps all rows since
  the last hole and recomputes them. That is exact and slow, O(rows) an update; for anything that
  runs for months use the indicator of our own where there is one.
- The few integer outputs become float64. `MAXINDEX`, `MININDEX` and `MINMAXINDEX` count rows from
  the start of the stretch.

Inputs called `price` in TA-Lib's table are called `series` here, `price0` and `price1` are `series`
and `other`; prices and volume keep their names; `MAVP` reads a series `periods`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import talib
from talib import abstract

from ballast.core.errors import InternalError, StrategyError, suggest
from ballast.features.indicators.definition import (
    PERIOD_MAX,
    Indicator,
    Params,
    ParamSpec,
    Stream,
    Vector,
    Vectors,
    forget_rows,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TALIB: Any = talib  # without usable types
_ABSTRACT: Any = abstract

SERIES_NAMES = {"price": "series", "price0": "series", "price1": "other", "periods": "periods"}
CHOICES_MAX = 64  # enumerations (types of average) are far shorter
REAL_MAX = 1e6  # bounds of real parameters; TA-Lib's own, narrower ones are checked besides


@cache
def talib_indicator(name: str) -> Indicator:
    """Return TA-Lib's function `name` (any case); raise `StrategyError` with a suggestion."""
    key = name.upper()
    if key not in talib_names():
        raise StrategyError(
            f"TA-Lib has no function '{name}'",
            fix=suggest(key, talib_names()) or "`ballast indicators --talib` lists them",
        )
    info = _ABSTRACT.Function(key).info
    engine = TalibEngine(key, tuple(info["parameters"]), len(info["output_names"]))
    return Indicator(
        name=key,
        inputs=tuple(_input_names(info["input_names"])),
        params=MappingProxyType(
            {each: engine.bounds(each, default) for each, default in info["parameters"].items()}
        ),
        outputs=tuple(info["output_names"]),
        warmup_text="TA-Lib's lookback",
        convention=f"TA-Lib: {info['display_name']} ({info['group']}).",
        engine=engine,
    )


@cache
def talib_names() -> tuple[str, ...]:
    """Return the names of all functions of TA-Lib, sorted."""
    return tuple(sorted(_TALIB.get_functions()))


def _input_names(table: dict[str, str | list[str]]) -> Iterator[str]:
    for kind, columns in table.items():
        if isinstance(columns, str):
            yield SERIES_NAMES[kind]
        else:
            yield from columns


@dataclass(frozen=True, slots=True)
class TalibEngine:
    """Calls one function of TA-Lib."""

    name: str
    parameters: tuple[str, ...]
    outputs_count: int

    def run(self, inputs: Vectors, params: Params) -> Vectors:
        """Calculate whole columns, each stretch of finite rows on its own."""
        lookback = self.warmup(params)
        outs = tuple(np.full(inputs[0].size, np.nan) for _ in range(self.outputs_count))
        function: Callable[..., Any] = getattr(_TALIB, self.name)
        options = self._options(params)
        for start, stop in _finite_stretches(inputs):
            if stop - start <= lookback:
                continue
            results = function(*(column[start:stop] for column in inputs), **options)
            columns = results if isinstance(results, tuple) else (results,)
            for out, column in zip(outs, columns, strict=True):
                out[start + lookback : stop] = column[lookback:]
        return outs

    def stream(self, params: Params) -> Stream:
        """Start with an empty history."""
        return TalibStream(self, params)

    def warmup(self, params: Params) -> int:
        """Return TA-Lib's lookback; raise `StrategyError` if it refuses the parameters."""
        lookback = self._lookback(self._options(params))
        if lookback < 0:
            given = ", ".join(f"{key}={value:g}" for key, value in self._options(params).items())
            raise StrategyError("TA-Lib refuses these parameters", where=f"{self.name}({given})")
        return lookback

    def settle(self, params: Params) -> int:
        """Bound the rows that matter: recursive averages over the longest period, twice nested.

        TA-Lib does not tell which functions are recursive, so this is a bound for all.
        """
        longest = max((value for value in params if value >= 1), default=0.0)
        return self.warmup(params) + (2 * forget_rows(1 / longest) if longest else 0)

    def bounds(self, parameter: str, default: float) -> ParamSpec:
        """Find the legal range of a parameter by asking TA-Lib, the others at their defaults."""
        if not isinstance(default, int):
            return ParamSpec(default, -REAL_MAX, REAL_MAX, integer=False)
        options = dict(_ABSTRACT.Function(self.name).info["parameters"])

        def is_legal(value: int) -> bool:
            return self._lookback(options | {parameter: value}) >= 0

        low = next(value for value in range(default + 1) if is_legal(value))
        if is_legal(PERIOD_MAX):
            return ParamSpec(default, low, PERIOD_MAX)
        high = next(value for value in range(CHOICES_MAX, default - 1, -1) if is_legal(value))
        return ParamSpec(default, low, high)

    def _options(self, params: Params) -> dict[str, float]:
        defaults = _ABSTRACT.Function(self.name).info["parameters"]
        return {
            key: int(value) if isinstance(defaults[key], int) else value
            for key, value in zip(self.parameters, params, strict=True)
        }

    def _lookback(self, options: dict[str, float]) -> int:
        function = _ABSTRACT.Function(self.name)
        function.parameters = options
        return int(function.lookback)


class TalibStream:
    """Keeps every row since the last hole and recomputes the function over them."""

    def __init__(self, engine: TalibEngine, params: Params) -> None:
        self._engine = engine
        self._params = params
        self._rows: list[tuple[float, ...]] = []

    def update(self, *values: float) -> tuple[float, ...]:
        """Take one row and return one value an output; O(rows so far)."""
        if not all(np.isfinite(values)):
            self._rows.clear()
            return (float("nan"),) * self._engine.outputs_count
        self._rows.append(values)
        columns = tuple(np.ascontiguousarray(column) for column in np.array(self._rows).T)
        return tuple(float(out[-1]) for out in self._engine.run(columns, self._params))

    def state(self) -> Vector:
        """Return the width of a row and all rows, flat."""
        width = len(self._rows[0]) if self._rows else 0
        return np.concatenate(([float(width)], np.array(self._rows, np.float64).ravel()))

    def restore(self, state: Vector) -> None:
        """Go on from a stored state."""
        width = int(state[0])
        if width == 0:
            self._rows = []
            return
        if (state.size - 1) % width:
            raise InternalError(f"state of {state.size} values is no whole number of rows")
        self._rows = [tuple(row) for row in state[1:].reshape(-1, width).tolist()]


def _finite_stretches(inputs: Vectors) -> Iterator[tuple[int, int]]:
    """Yield (start, stop) of each run of rows in which all inputs are finite."""
    finite = np.logical_and.reduce([np.isfinite(column) for column in inputs])
    edges = np.flatnonzero(np.diff(np.concatenate(([False], finite, [False]))))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
