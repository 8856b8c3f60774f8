"""The family of a strategy: what is left of an idea when every number is taken out of it.

Whoever tries `ema(close, 9)`, edits the file to `ema(close, 10)` and tries again has tried one idea
twice. So trials are counted by family: names, documentation, ranges and numbers are struck out,
whether a number is a parameter, a literal or the timeframe of `on("4h", ...)`; the expressions and
the construction of the trade stay. `body_hash` is the other half: it keeps the literals and drops
only what cannot change a trade, so that family, body and parameter values together name one trial.

A class is compared by its parsed source, without docstrings, comments, numbers and its own name.
Rewritten in other words it is another family: no hash can see that two programs are one idea.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from ballast.core.hashing import value_hash
from ballast.strategies import construction_data
from ballast.strategies.custom import ClassStrategy

if TYPE_CHECKING:
    from ballast.strategies.plan import AnyStrategy

HOLE = "#"
"""Stands where a number stood."""
_NUMBER = re.compile(r"(?<![\w.])(?:-?\d+(?:\.\d+)?(?:e[+-]?\d+)?[smhdw]?|p\.\w+|true|false)(?!\w)")


def family_hash(strategy: AnyStrategy) -> str:
    """Return 32 hex digits of the idea without its numbers."""
    return value_hash(_without_numbers(_meaning(strategy, numbers=False)))


def body_hash(strategy: AnyStrategy) -> str:
    """Return 32 hex digits of the idea with its literals, without names, ranges and defaults."""
    return value_hash(_meaning(strategy, numbers=True))


def _meaning(strategy: AnyStrategy, *, numbers: bool) -> dict[str, Any]:
    """Return what decides trades, once every parameter has a value."""
    if isinstance(strategy, ClassStrategy):
        trade = construction_data.to_data(strategy.construction, explicit=True)
        return {"trade": trade, "source": _source(strategy.source_text, numbers=numbers)}
    data = strategy.to_data(explicit=True)
    # Rules between parameters say which values are allowed, not what they do.
    return {name: data[name] for name in ("signals", "trade")}


def _without_numbers(value: Any) -> Any:  # noqa: ANN401 - JSON values are of any type
    if isinstance(value, dict):
        return {key: _without_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_numbers(item) for item in value]
    if isinstance(value, str):
        return _NUMBER.sub(HOLE, value)
    return HOLE if isinstance(value, bool | int | float) else value


def _source(text: str, *, numbers: bool) -> Any:  # noqa: ANN401 - JSON values are of any type
    """Return a program as its tree; as it stands where it cannot be parsed."""
    try:
        return _tree(ast.parse(text), numbers=numbers)
    except SyntaxError:
        return text


def _tree(node: Any, *, numbers: bool) -> Any:  # noqa: ANN401 - any part of a syntax tree
    """Return a part of a program as JSON, equal under every version of Python.

    Empty fields are left out: new versions add such.
    """
    if isinstance(node, list):
        kept = [one for one in node if not _is_about_itself(one)]
        return [_tree(one, numbers=numbers) for one in kept]
    if isinstance(node, ast.Constant):
        is_number = isinstance(node.value, bool | int | float)
        return HOLE if is_number and not numbers else repr(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not numbers:
        return _tree(node.operand, numbers=numbers)
    if not isinstance(node, ast.AST):
        return str(node)
    fields = {name: value for name, value in ast.iter_fields(node) if value not in (None, [])}
    if isinstance(node, ast.ClassDef):
        fields.pop("name")
    parts = {name: _tree(value, numbers=numbers) for name, value in fields.items()}
    return [type(node).__name__, parts]


def _is_about_itself(one: ast.AST) -> bool:
    """Whether a statement is a docstring, or says the name or the tag of its class."""
    if isinstance(one, ast.Expr):
        return isinstance(one.value, ast.Constant) and isinstance(one.value.value, str)
    return isinstance(one, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id in ("name", "tag") for target in one.targets
    )
