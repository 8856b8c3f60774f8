"""Parameters of a strategy: default, range, step; whole, real, a switch or a choice of numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ballast.core.errors import StrategyError, suggest

if TYPE_CHECKING:
    from collections.abc import Mapping

PARAMS_MAX = 64
"""Parameters of one strategy: more cannot be tuned honestly, and a sweep key stays short."""
GRID_MAX = 100_000
"""Values of one parameter in a grid."""
_SLACK = 1e-9  # a value may miss its step by rounding only


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter. `low`, `high` (both allowed) and `step` describe a range, `choices` a list.

    A switch has `is_switch`; its value is 0 or 1. A whole parameter has `is_whole`.
    """

    default: float
    low: float
    high: float
    step: float = 0.0
    choices: tuple[float, ...] = ()
    is_whole: bool = False
    is_switch: bool = False
    doc: str = ""

    def check(self, name: str, value: float) -> float:
        """Return `value` as a float; raise `StrategyError` unless it is allowed."""
        if self.is_switch and value not in (0, 1):
            raise StrategyError(f"p.{name} = {value}", expected="true or false")
        if isinstance(value, bool) and not self.is_switch:
            raise StrategyError(f"p.{name} = {value}", expected=self.range_text())
        if self.choices and value not in self.choices:
            raise StrategyError(f"p.{name} = {value}", expected=self.range_text())
        if not (math.isfinite(value) and self.low <= value <= self.high):
            raise StrategyError(f"p.{name} = {value}", expected=self.range_text())
        if self.is_whole and not float(value).is_integer():
            raise StrategyError(f"p.{name} = {value}", expected=self.range_text())
        return float(value)

    def range_text(self) -> str:
        """Describe the allowed values in words."""
        if self.is_switch:
            return "true or false"
        if self.choices:
            return "one of " + ", ".join(f"{choice:g}" for choice in self.choices)
        kind = "a whole number" if self.is_whole else "a number"
        return f"{kind} from {self.low:g} to {self.high:g}"

    def grid(self) -> tuple[float, ...]:
        """Return the values a sweep over this parameter visits, in order."""
        if self.is_switch:
            return (0.0, 1.0)
        if self.choices:
            return self.choices
        step = self.step or (self.high - self.low) / 10 or 1.0
        count = int((self.high - self.low) / step + _SLACK) + 1
        if count > GRID_MAX:
            raise StrategyError(
                f"a grid of {count} values",
                expected=f"at most {GRID_MAX}",
                fix="give a larger step",
            )
        return tuple(round(self.low + at * step, 12) for at in range(count))


def param(
    default: float,
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    *,
    choices: tuple[float, ...] | list[float] = (),
    doc: str = "",
) -> Param:
    """Describe one parameter: `param(9, 2, 100)`, `param(3.0, 0.5, 10.0, step=0.5)`, `param(True)`.

    Whole when default and bounds are ints; a switch when the default is True or False. Without
    bounds a value lies between a quarter and four times the default.
    """
    if isinstance(default, bool):
        return Param(float(default), 0.0, 1.0, 1.0, is_switch=True, doc=doc)
    if choices:
        row = tuple(float(choice) for choice in choices)
        made = Param(float(default), min(row), max(row), choices=row, doc=doc)
    else:
        ends = [bound for bound in (low, high) if bound is not None]
        whole = all(isinstance(value, int) for value in (default, *ends, step or 1))
        bottom, top = sorted((default / 4, default * 4))
        if whole:
            bottom, top = math.ceil(bottom), math.floor(top)
        made = Param(
            float(default),
            float(bottom if low is None else low),
            float(top if high is None else high),
            float(step if step is not None else whole),
            is_whole=whole,
            doc=doc,
        )
    _check_declared(made)
    return made


def _check_declared(made: Param) -> None:
    if made.low > made.high:
        raise StrategyError(
            f"low {made.low:g} is above high {made.high:g}", where="param()", fix="swap them"
        )
    if made.step < 0 or not math.isfinite(made.step):
        raise StrategyError(f"step {made.step:g}", where="param()", expected="a step above 0")
    made.check("default", made.default)


def check_values(params: Mapping[str, Param], given: Mapping[str, float]) -> dict[str, float]:
    """Return a value for every parameter; raise `StrategyError` on an unknown name or bad value."""
    for name in given:
        if name not in params:
            raise StrategyError(
                f"unknown parameter '{name}'",
                expected=f"one of {', '.join(params)}" if params else "no parameters",
                fix=suggest(name, params),
            )
    return {
        name: spec.check(name, given[name]) if name in given else spec.default
        for name, spec in params.items()
    }


def to_data(spec: Param) -> dict[str, Any]:
    """Return the JSON form of one declaration."""
    data: dict[str, Any] = {
        "default": bool(spec.default) if spec.is_switch else _plain(spec, spec.default)
    }
    if spec.choices:
        data["choices"] = [_plain(spec, choice) for choice in spec.choices]
    elif not spec.is_switch:
        data |= {key: _plain(spec, getattr(spec, key)) for key in ("low", "high", "step")}
    return data | ({"doc": spec.doc} if spec.doc else {})


def _plain(spec: Param, value: float) -> float:
    return int(value) if spec.is_whole else value


_KEYS = ("default", "low", "high", "step", "choices", "doc")


def from_data(name: str, data: object) -> Param:
    """Read the JSON form: a table, or just the default."""
    table: dict[str, Any] = data if isinstance(data, dict) else {"default": data}
    for key in table:
        if key not in _KEYS:
            raise StrategyError(
                f"unknown key '{key}'", where=f"params.{name}", fix=suggest(str(key), _KEYS)
            )
    if "default" not in table:
        raise StrategyError("no default", where=f"params.{name}", expected="default = ...")
    doc = table.get("doc", "")
    numbers = [value for key, value in table.items() if key not in ("doc", "choices")]
    numbers += list(table.get("choices", ()))
    if not isinstance(doc, str) or any(not isinstance(value, int | float) for value in numbers):
        raise StrategyError("values must be numbers", where=f"params.{name}")
    return param(**table)
