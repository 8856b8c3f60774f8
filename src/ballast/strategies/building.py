"""The one place where an expression node is made: names resolved, arguments counted and typed.

The parser and the Python form both come through `apply`, so both know the same mistakes and say
them in the same words. A negative shift is refused here: it is the only way a formula could ask for
a later bar.

Two rules keep one meaning in one form; both are what Python itself would do: literals are folded
(`2 * 3` is `6`), and a comparison with a literal has it on the right (`30 < x` is `x > 30`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ballast.core.errors import StrategyError, UserError, suggest
from ballast.core.time import Timeframe
from ballast.features.indicators import registry
from ballast.strategies.folding import FOLDED
from ballast.strategies.nodes import Call, Flag, Indicator, Kind, Node, Number, Of, On, Price, walk
from ballast.strategies.regimes import detectors, is_regime
from ballast.strategies.signatures import (
    ALIASES,
    FUNCTIONS,
    MEMORY,
    METHODS,
    MIRRORED,
    NAMED,
    OTHERS,
    REGIMES,
    SERIES,
    Signature,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ballast.features.indicators.definition import Indicator as Definition

OF_AGE_BARS = 3
"""How old, in its own bars, another symbol's last value may be: one missed, one late."""
OF_AGE_MAX = 10_000
TALIB = "ta."
YEARLY = "bars_per_year"
"""An indicator parameter that follows the timeframe of the bars unless it is given: 0 says so."""
_LITERALS = (Number, Flag)


def number(value: float) -> Number:
    """Return a literal; whole values and minus zero have one form."""
    if not math.isfinite(value):
        raise StrategyError(f"{value} is not a number", expected="a finite number")
    return Number(float(value) + 0.0)


def series(name: str) -> Price | None:
    """Return the column called `name`, if there is one."""
    return Price(name) if name in SERIES else None


def apply(name: str, args: Sequence[Node | str], named: Mapping[str, Node] | None = None) -> Node:
    """Return the checked node of `name(*args, **named)`; raise `StrategyError` otherwise."""
    name = ALIASES.get(name, name)
    named = named or {}
    if name in OTHERS:
        return _other(name, args, named)
    row = FUNCTIONS.get(name)
    definition = find_indicator(name) if row is None else None
    if row is None and definition is None:
        raise StrategyError(
            f"unknown function or indicator '{name}'",
            expected="a name of docs/strategies.md or docs/indicators.md",
            fix=suggest(name, known_names()),
        )
    nodes = [_no_text(name, arg) for arg in args]
    if row is not None:
        if named:
            raise StrategyError(f"{name}() takes no named arguments", where=f"{name}()")
        return _call(row, nodes)
    assert definition is not None
    return _indicator(name, definition, nodes, named)


def output(node: Node, name: str) -> Node:
    """Return another output of an indicator, `macd(12, 26, 9).hist`."""
    if not isinstance(node, Indicator):
        raise StrategyError(
            f"'.{name}' is neither a method nor an output",
            expected=f"one of {', '.join(sorted(METHODS))}",
            fix=suggest(name, METHODS),
        )
    outputs = definition_of(node).outputs
    if name not in outputs:
        raise StrategyError(
            f"{node.name}() has no output '{name}'",
            expected=f"one of {', '.join(outputs)}",
            fix=suggest(name, (*outputs, *METHODS)),
        )
    return Indicator(node.name, node.inputs, node.params, name)


def find_indicator(name: str) -> Definition | None:
    """Return the indicator called `name`; TA-Lib's functions are called `ta.NAME`."""
    if name.startswith(TALIB):
        return _talib(name.removeprefix(TALIB))
    return registry.get(name) if name in registry.names() else None


def definition_of(node: Indicator) -> Definition:
    """Return the registry's row of an indicator node."""
    found = find_indicator(node.name)
    assert found is not None, node.name
    return found


def known_names() -> list[str]:
    """Return every callable word of the language."""
    return sorted({*NAMED, *ALIASES, *OTHERS, *registry.names()})


def _talib(name: str) -> Definition:
    return registry.talib_indicator(name)


def _no_text(name: str, arg: Node | str) -> Node:
    if isinstance(arg, str):
        raise StrategyError(
            f"{name}() takes no text", where=f"{name}()", fix="remove the quotation marks"
        )
    return arg


# ---------------------------------------------------------------- functions and operators


def _call(row: Signature, args: list[Node]) -> Node:
    missing = len(row.takes) - len(args)
    if missing < 0 or missing > len(row.defaults):
        raise StrategyError(
            f"{row.name}() got {len(args)} argument{'' if len(args) == 1 else 's'}",
            expected=_arity(row),
            fix=f"write regime().{row.name}()" if row.name in REGIMES else "",
        )
    filled = [*args, *(number(value) for value in row.defaults[len(row.defaults) - missing :])]
    for arg, wanted, place in zip(filled, row.takes, range(1, 1 + len(filled)), strict=True):
        _check_argument(row.name, arg, wanted, place)
    if row.name in FOLDED and all(isinstance(arg, _LITERALS) for arg in filled):
        return _fold(row.name, filled)
    name = row.name
    if name in MIRRORED and isinstance(filled[0], _LITERALS):
        name, filled = MIRRORED[name], filled[::-1]
    return Call(name, tuple(filled), _result_kind(row, filled))


def _arity(row: Signature) -> str:
    most = len(row.takes)
    least = most - len(row.defaults)
    count = str(most) if least == most else f"{least} to {most}"
    return f"{count}: {', '.join(row.takes)}"


_ACCEPTED = {
    "value": (Kind.NUMBER, Kind.SERIES),
    "series": (Kind.SERIES,),
    "truth": (Kind.SWITCH, Kind.CONDITION),
    "either": (Kind.SERIES, Kind.CONDITION),
    "regime": (Kind.SERIES,),
    "number": (Kind.NUMBER,),
    "length": (Kind.NUMBER,),
    "offset": (Kind.NUMBER,),
}


def _check_argument(name: str, arg: Node, wanted: str, place: int) -> None:
    accepted = _ACCEPTED[wanted]
    if arg.kind not in accepted:
        hint = ""
        if name in {"&", "|", "~"}:
            hint = "put comparisons in parentheses: (a > b) & (c > d)"
        elif name in MIRRORED and arg.kind.is_truth:
            hint = "for a range write x.between(low, high)"
        raise StrategyError(
            f"argument {place} of {_shown(name)} is {arg.kind.value}",
            expected=" or ".join(kind.value for kind in accepted),
            fix=hint,
        )
    if wanted == "regime" and not is_regime(arg):
        raise StrategyError(
            f"argument {place} of {_shown(name)} is not a regime",
            expected=f"one of {', '.join(f'{detector}()' for detector in detectors())}",
            fix=f"write regime().{name}()",
        )
    if wanted in {"length", "offset"} and isinstance(arg, Number):
        check_length(name, arg.value, 0 if wanted == "offset" else 1)


def check_length(name: str, value: float, least: int) -> int:
    """Return a window or an offset as an int; a negative offset is an attempt to look ahead."""
    if name == "shift" and value < 0:
        raise StrategyError(
            f"shift({value:g}) reads a bar that is not known yet",
            expected="n >= 0: the value n bars ago",
            fix="a strategy cannot look ahead; use a positive number",
        )
    if value < least or not float(value).is_integer():
        raise StrategyError(
            f"{name}() over {value:g} bars", expected=f"a whole number of at least {least}"
        )
    return int(value)


def _shown(name: str) -> str:
    return f"{name}()" if name in NAMED else f"'{'-' if name == 'neg' else name}'"


def _fold(name: str, args: list[Node]) -> Node:
    values = [arg.value for arg in args if isinstance(arg, _LITERALS)]
    try:
        result = FOLDED[name](*values)
    except (ZeroDivisionError, ValueError, OverflowError) as problem:
        raise StrategyError(f"{_shown(name)} of {values} has no value ({problem})") from None
    return Flag(result) if isinstance(result, bool) else number(result)


def _result_kind(row: Signature, args: list[Node]) -> Kind:
    scalar = all(arg.kind.is_scalar for arg in args)
    if scalar and row.name in MEMORY - {"first"}:
        raise StrategyError(
            f"{row.name}() of values that never change", expected="at least one series"
        )
    if row.gives == "same":
        return args[0].kind
    if row.gives == "value":
        return Kind.NUMBER if scalar else Kind.SERIES
    if row.gives == "truth":
        return Kind.SWITCH if scalar else Kind.CONDITION
    return Kind.SERIES if row.gives == "series" else Kind.CONDITION


# ---------------------------------------------------------------- indicators


def _indicator(
    name: str, definition: Definition, args: list[Node], named: Mapping[str, Node]
) -> Node:
    split = next((at for at, arg in enumerate(args) if arg.kind.is_scalar), len(args))
    inputs, values = args[:split], args[split:]
    shown = f"{name}()"
    for arg in (*inputs, *values, *named.values()):
        if arg.kind.is_truth:
            raise StrategyError(f"{shown} got {arg.kind.value}", expected="series and numbers")
    if any(arg.kind is not Kind.NUMBER for arg in (*values, *named.values())):
        raise StrategyError(
            f"{shown} got a series after a number",
            expected=f"first {', '.join(definition.inputs)}, then {_params_text(definition)}",
        )
    return Indicator(
        name,
        _inputs(shown, definition, inputs),
        _params(shown, definition, values, named),
        definition.outputs[0],
    )


def default_inputs(definition: Definition) -> tuple[Node, ...] | None:
    """Return the columns an indicator reads when none is given; None where there is no default."""
    if len(definition.inputs) == 1 and definition.inputs[0] not in SERIES:
        return (Price("close"),)
    columns = tuple(series(name) for name in definition.inputs)
    return None if None in columns else tuple(column for column in columns if column is not None)


def _inputs(shown: str, definition: Definition, given: list[Node]) -> tuple[Node, ...]:
    if len(given) == len(definition.inputs):
        return tuple(given)
    default = default_inputs(definition)
    if not given and default is not None:
        return default
    raise StrategyError(
        f"{shown} got {len(given)} series",
        expected=f"{len(definition.inputs)} ({', '.join(definition.inputs)})"
        + (" or none" if default is not None else ""),
    )


def _params(
    shown: str, definition: Definition, given: list[Node], named: Mapping[str, Node]
) -> tuple[Node, ...]:
    specs = definition.params
    if len(given) > len(specs):
        raise StrategyError(
            f"{shown} got {len(given)} numbers",
            expected=f"at most {len(specs)}: {_params_text(definition)}",
        )
    values: dict[str, Node] = {key: default_param(definition, key) for key in specs}
    places = dict(zip(specs, given, strict=False))
    for key, node in named.items():
        if key not in specs:
            raise StrategyError(
                f"{shown} has no parameter '{key}'",
                expected=_params_text(definition),
                fix=suggest(key, specs),
            )
        if key in places:
            raise StrategyError(f"{shown} got '{key}' twice")
        places[key] = node
    for key, node in places.items():
        if isinstance(node, Number) and node != default_param(definition, key):
            spec = specs[key]
            check_param(shown, key, node.value, spec.low, spec.high, whole=spec.integer)
        values[key] = node
    return tuple(values.values())


def default_param(definition: Definition, key: str) -> Number:
    """Return what a parameter is when it is not given."""
    return number(0 if key == YEARLY else definition.params[key].default)


def check_param(
    shown: str, key: str, value: float, low: float, high: float, *, whole: bool
) -> None:
    """Raise `StrategyError` unless `value` is in `[low, high]`, and whole where it must be."""
    if low <= value <= high and (not whole or float(value).is_integer()):
        return
    kind = "a whole number" if whole else "a number"
    raise StrategyError(
        f"{shown} got {key} = {value:g}", expected=f"{kind} from {low:g} to {high:g}"
    )


def _params_text(definition: Definition) -> str:
    return ", ".join(definition.params) or "no numbers"


# ---------------------------------------------------------------- words with a text argument


def _other(name: str, args: Sequence[Node | str], named: Mapping[str, Node]) -> Node:
    if not args or not isinstance(args[0], str):
        example = {"on": 'on("4h", ema(50))', "of": 'of("BTC/USDT", close)', "ta": 'ta("CCI")'}
        raise StrategyError(
            f"{name}() must start with a text in quotation marks", expected=example[name]
        )
    text, rest = args[0], [_no_text(name, arg) for arg in args[1:]]
    if name == "ta":
        return _indicator(f"{TALIB}{text.upper()}", _talib(text.upper()), rest, named)
    if named:
        raise StrategyError(f"{name}() takes no named arguments")
    return _on(text, rest) if name == "on" else _of(text, rest)


def _on(text: str, rest: list[Node]) -> Node:
    if len(rest) != 1:
        raise StrategyError(f"on() got {1 + len(rest)} arguments", expected="a timeframe, x")
    _per_bar("on", rest[0])
    try:
        timeframe = Timeframe.parse(text)
    except UserError as problem:
        raise StrategyError(problem.what, expected=problem.expected, fix=problem.fix) from None
    if any(isinstance(item, On | Of) for item in walk(rest[0])):
        raise StrategyError(
            "on() around on() or of()", fix="write of(symbol, on(timeframe, x)), each once"
        )
    return On(str(timeframe), rest[0])


def _of(symbol: str, rest: list[Node]) -> Node:
    if len(rest) not in (1, 2) or not symbol.strip():
        raise StrategyError(
            f"of() got {1 + len(rest)} arguments", expected="a symbol, x, and maybe an age in bars"
        )
    _per_bar("of", rest[0])
    if any(isinstance(item, Of) for item in walk(rest[0])):
        raise StrategyError("of() around of()", fix="name the symbol once, around the series")
    age = rest[1] if len(rest) > 1 else Number(OF_AGE_BARS)
    if not isinstance(age, Number):
        raise StrategyError("the age of of() must be a plain number of bars")
    check_param("of()", "age", age.value, 1, OF_AGE_MAX, whole=True)
    return Of(symbol.strip(), rest[0], int(age.value))


def _per_bar(name: str, arg: Node) -> None:
    if arg.kind.is_scalar:
        raise StrategyError(f"{name}() of {arg.kind.value}", expected="a series or a condition")
