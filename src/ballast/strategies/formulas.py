"""Formulas in Python: `Expr` wraps one immutable node, and operators build bigger ones.

Every operation goes through `building.apply`, the parser's door too, and is checked at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Never

from ballast.core.errors import StrategyError, suggest
from ballast.strategies import building
from ballast.strategies.nodes import Flag, Kind, Node, Price, Ref
from ballast.strategies.parameters import Param, param
from ballast.strategies.printing import show
from ballast.strategies.signatures import NAMED, OTHERS, SERIES

if TYPE_CHECKING:
    from collections.abc import Callable


class Expr:
    """A formula under construction. Compare and combine it with `< > & | ~ + - * / %`."""

    __slots__ = ("node",)
    __hash__ = None  # type: ignore[assignment]  # == makes a formula, so it cannot be a key

    def __init__(self, node: Node) -> None:
        self.node = node

    def __repr__(self) -> str:
        """Print the formula as text."""
        return show(self.node)

    def __bool__(self) -> Never:
        """Refuse: a formula has one value a bar."""
        raise StrategyError(
            f"'{show(self.node)}' has no single truth value",
            fix="use & | ~ instead of and, or, not; x.between(low, high) instead of low < x < high;"
            " minimum and maximum instead of min and max",
        )

    def __iter__(self) -> Never:
        """Refuse: bars are not visited one by one here."""
        raise StrategyError(f"'{show(self.node)}' cannot be looped over")

    def __getitem__(self, _: object) -> Never:
        """Refuse: an index could point ahead."""
        raise StrategyError("a formula has no index", fix="write close.shift(1) for the bar before")

    def __getattr__(self, name: str) -> Expr:
        """Return another output of an indicator, `macd(12, 26, 9).hist`."""
        if name.startswith("__"):
            raise AttributeError(name)
        return Expr(building.output(self.node, name))

    def between(self, low: Value, high: Value) -> Expr:
        """Low < x < high, both strict."""
        return call("between", self, low, high)

    def crosses_above(self, other: Value) -> Expr:
        """Not above on the bar before, above now."""
        return call("crosses_above", self, other)

    def crosses_below(self, other: Value) -> Expr:
        """Not below on the bar before, below now."""
        return call("crosses_below", self, other)

    def rising(self, n: Value = 1) -> Expr:
        """Higher than the bar before, n times in a row."""
        return call("rising", self, n)

    def falling(self, n: Value = 1) -> Expr:
        """Lower than the bar before, n times in a row."""
        return call("falling", self, n)

    def is_trending(self) -> Expr:
        """Ask a detector for a trend: `regime().is_trending()`."""
        return call("is_trending", self)

    def is_ranging(self) -> Expr:
        """Ask a detector for a range."""
        return call("is_ranging", self)

    def is_volatile(self) -> Expr:
        """Ask a detector for high volatility."""
        return call("is_volatile", self)

    def shift(self, n: Value = 1) -> Expr:
        """Take the value n bars ago; n >= 0."""
        return call("shift", self, n)

    def __eq__(self, other: object) -> Expr:  # type: ignore[override]  # a formula, as in numpy
        return call("==", self, other)

    def __ne__(self, other: object) -> Expr:  # type: ignore[override]  # a formula, as in numpy
        return call("!=", self, other)

    def __lt__(self, other: Value) -> Expr:
        return call("<", self, other)

    def __le__(self, other: Value) -> Expr:
        return call("<=", self, other)

    def __gt__(self, other: Value) -> Expr:
        return call(">", self, other)

    def __ge__(self, other: Value) -> Expr:
        return call(">=", self, other)

    def __and__(self, other: Value) -> Expr:
        return call("&", self, other)

    def __rand__(self, other: Value) -> Expr:
        return call("&", other, self)

    def __or__(self, other: Value) -> Expr:
        return call("|", self, other)

    def __ror__(self, other: Value) -> Expr:
        return call("|", other, self)

    def __invert__(self) -> Expr:
        return call("~", self)

    def __neg__(self) -> Expr:
        return call("neg", self)

    def __abs__(self) -> Expr:
        return call("abs", self)

    def __add__(self, other: Value) -> Expr:
        return call("+", self, other)

    def __radd__(self, other: Value) -> Expr:
        return call("+", other, self)

    def __sub__(self, other: Value) -> Expr:
        return call("-", self, other)

    def __rsub__(self, other: Value) -> Expr:
        return call("-", other, self)

    def __mul__(self, other: Value) -> Expr:
        return call("*", self, other)

    def __rmul__(self, other: Value) -> Expr:
        return call("*", other, self)

    def __truediv__(self, other: Value) -> Expr:
        return call("/", self, other)

    def __rtruediv__(self, other: Value) -> Expr:
        return call("/", other, self)

    def __mod__(self, other: Value) -> Expr:
        return call("%", self, other)

    def __rmod__(self, other: Value) -> Expr:
        return call("%", other, self)


Value = Expr | float | bool
"""What may stand in a formula: another formula, a number, True or False."""


def node_of(value: object) -> Node:
    """Return the node of a formula or a plain value; raise `StrategyError` for anything else."""
    if isinstance(value, Expr):
        return value.node
    if isinstance(value, bool):
        return Flag(value)
    if isinstance(value, int | float):
        return building.number(value)
    if isinstance(value, Param):
        raise StrategyError(
            "a parameter stands in a formula by its declaration",
            fix="declare p = params(fast=param(9)) and write p.fast",
        )
    raise StrategyError(
        f"{value!r} cannot stand in a formula", expected="a series, a condition or a number"
    )


def call(name: str, *args: object, **named: object) -> Expr:
    """Apply a word of the language."""
    nodes = [arg if isinstance(arg, str) else node_of(arg) for arg in args]
    return Expr(building.apply(name, nodes, {key: node_of(arg) for key, arg in named.items()}))


class Params:
    """The declared parameters; `p.fast` is the formula that reads one."""

    def __init__(self, specs: dict[str, Param]) -> None:
        self._specs = specs

    def __getattr__(self, name: str) -> Expr:
        """Return the formula `p.name`."""
        spec = self.__dict__.get("_specs", {}).get(name)
        if spec is None:
            if name.startswith("__"):
                raise AttributeError(name)
            known = ", ".join(self._specs) or "none"
            raise StrategyError(
                f"unknown parameter 'p.{name}'",
                expected=f"one of {known}",
                fix=suggest(name, self._specs),
            )
        return Expr(Ref(name, Kind.SWITCH if spec.is_switch else Kind.NUMBER))

    def declared(self) -> dict[str, Param]:
        """Return the declarations by name."""
        return dict(self._specs)


def params(**specs: Param | float) -> Params:
    """Declare parameters by name; a plain number or switch stands for `param(...)` of it."""
    return Params(
        {name: spec if isinstance(spec, Param) else param(spec) for name, spec in specs.items()}
    )


def vocabulary(name: str) -> Any:  # noqa: ANN401 - an Expr or a function that makes one
    """Return the series, function or indicator called `name`; raise `AttributeError` otherwise."""
    if name in ("true", "false"):
        return Expr(Flag(name == "true"))
    if name in SERIES:
        return Expr(Price(name))
    if name in NAMED or name in OTHERS or building.find_indicator(name) is not None:
        return _function(name)
    raise AttributeError(
        f"'{name}' is not a word of the strategy language; "
        + suggest(name, (*SERIES, *building.known_names()))
    )


def _function(name: str) -> Callable[..., Expr]:
    def made(*args: object, **named: object) -> Expr:
        return call(name, *args, **named)

    made.__name__ = name
    made.__doc__ = NAMED[name].doc if name in NAMED else f"The indicator {name}."
    return made
