"""Printing an expression so that reading it gives the same tree, as text and as Python.

`show(node)` leaves out what is default; `show(node, explicit=True)` writes every number, and hashes
are made of it: a default that changes between versions then changes the hash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.strategies import building
from ballast.strategies.nodes import Call, Flag, Indicator, Node, Number, Of, On, Price, Ref
from ballast.strategies.parsing import BINARY, POSTFIX, UNARY
from ballast.strategies.signatures import FUNCTIONS, METHODS

if TYPE_CHECKING:
    from ballast.features.indicators.definition import Indicator as Definition

ATOM = POSTFIX + 1


def show(node: Node, *, explicit: bool = False) -> str:
    """Print `node` with the fewest parentheses that keep its shape."""
    return _print(node, explicit=explicit)[0]


def show_number(value: float) -> str:
    """Print a number in its shortest form that reads back: 14, 0.05, 1e-06."""
    whole = float(value).is_integer() and abs(value) < 1 << 53
    return str(int(value)) if whole else repr(float(value))


def _print(node: Node, *, explicit: bool) -> tuple[str, int]:
    """Return the text and how tightly it binds."""
    if isinstance(node, Call):
        return _call(node, explicit=explicit)
    power = UNARY if isinstance(node, Number) and node.value < 0 else ATOM
    return _atom(node, explicit=explicit), power


def _atom(node: Number | Flag | Ref | Price | Indicator | On | Of, *, explicit: bool) -> str:
    text = ""
    match node:
        case Number(value=value):
            text = show_number(value)
        case Flag(value=value):
            text = "true" if value else "false"
        case Ref(name=name):
            text = f"p.{name}"
        case Price(name=name):
            text = name
        case Indicator():
            text = _indicator(node, explicit=explicit)
        case On(timeframe=timeframe, arg=arg):
            text = f'on("{timeframe}", {show(arg, explicit=explicit)})'
        case Of(symbol=symbol, arg=arg, age=age):
            tail = f", {age}" if explicit or age != building.OF_AGE_BARS else ""
            text = f'of("{symbol}", {show(arg, explicit=explicit)}{tail})'
    return text


def _call(node: Call, *, explicit: bool) -> tuple[str, int]:
    def within(arg: Node, power: int) -> str:
        text, own = _print(arg, explicit=explicit)
        return text if own >= power else f"({text})"

    if node.name in BINARY:
        power = BINARY[node.name]
        left, right = node.args
        # A comparison cannot stand in a comparison, so both sides ask for more than its own power.
        least = power + 1 if power == BINARY["<"] else power
        return f"{within(left, least)} {node.name} {within(right, power + 1)}", power
    if node.name in ("neg", "~"):
        sign = "-" if node.name == "neg" else "~"
        return f"{sign}{within(node.args[0], UNARY)}", UNARY
    args = [show(arg, explicit=explicit) for arg in _shown_args(node, explicit=explicit)]
    if node.name in METHODS and not isinstance(node.args[0], Number | Flag):
        return f"{within(node.args[0], POSTFIX)}.{node.name}({', '.join(args[1:])})", ATOM
    return f"{node.name}({', '.join(args)})", ATOM


def _shown_args(node: Call, *, explicit: bool) -> list[Node]:
    args = list(node.args)
    defaults = list(FUNCTIONS[node.name].defaults)
    while not explicit and defaults and args[-1] == Number(defaults[-1]):
        args.pop()
        defaults.pop()
    return args


def _indicator(node: Indicator, *, explicit: bool) -> str:
    definition = building.definition_of(node)
    talib = node.name.startswith(building.TALIB)
    parts = [f'"{node.name.removeprefix(building.TALIB)}"'] if talib else []
    if explicit or node.inputs != building.default_inputs(definition):
        parts += [show(arg, explicit=explicit) for arg in node.inputs]
    keys, values = list(definition.params), list(node.params)
    defaults = [building.default_param(definition, key) for key in keys]
    if talib:
        parts += [
            f"{key}={show(value, explicit=explicit)}"
            for key, value, default in zip(keys, values, defaults, strict=True)
            if explicit or value != default
        ]
    else:
        while not explicit and values and _is_left_out(definition, keys[len(values) - 1], values):
            values.pop()
        parts += [show(value, explicit=explicit) for value in values]
    tail = "" if node.output == definition.outputs[0] and not explicit else f".{node.output}"
    return f"{'ta' if talib else node.name}({', '.join(parts)}){tail}"


def _is_left_out(definition: Definition, key: str, values: list[Node]) -> bool:
    """Tell whether the last number says nothing: an untouched switch, or the bars of a year."""
    spec = definition.params[key]
    is_option = key == building.YEARLY or (spec.integer and (spec.low, spec.high) == (0, 1))
    return is_option and values[-1] == building.default_param(definition, key)
