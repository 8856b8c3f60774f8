"""Which formulas give regime codes, so that `is_trending()` of anything else can be refused."""

from __future__ import annotations

from ballast.features.indicators import registry
from ballast.strategies.nodes import Call, Indicator, Node, Of, On

REGIME = "regime"
"""The word, and the first output of indicators, that give regime codes."""


def detectors() -> tuple[str, ...]:
    """Return the words that give regime codes."""
    return (REGIME, *(name for name in registry.names() if registry.get(name).outputs[0] == REGIME))


def is_regime(node: Node) -> bool:
    """Tell whether a node gives regime codes, its own or those of another bar, frame or symbol."""
    match node:
        case Indicator(output=output):
            return output == REGIME
        case On(arg=arg) | Of(arg=arg) | Call(name="shift", args=(arg, _)):
            return is_regime(arg)
        case Call(name="since", args=(_, arg)):
            return is_regime(arg)
        case Call(name="where", args=(_, yes, no)):
            return is_regime(yes) and is_regime(no)
        case _:
            return isinstance(node, Call) and node.name == REGIME
