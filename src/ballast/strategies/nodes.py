"""The tree of an expression: immutable values, compared and hashed by content.

Every node has a kind. A *number* or a *switch* is one value for the whole run; a *series* or a
*condition* has one value a bar. Nodes are built by `building.apply`, which checks them; nothing
here can point at a later bar, because no node can say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPTH_MAX = 100
"""Levels of one expression. Python's stack holds a thousand calls; a level takes up to six."""


class Kind(Enum):
    """What an expression yields. The value is the word used in messages."""

    NUMBER = "a number"
    SWITCH = "a switch (true or false)"
    SERIES = "a number for each bar"
    CONDITION = "a yes or no for each bar"

    @property
    def is_scalar(self) -> bool:
        """Whether it is one value for the whole run."""
        return self in (Kind.NUMBER, Kind.SWITCH)

    @property
    def is_truth(self) -> bool:
        """Whether it is a yes or no."""
        return self in (Kind.SWITCH, Kind.CONDITION)


@dataclass(frozen=True, slots=True)
class Number:
    """A literal number."""

    value: float

    @property
    def kind(self) -> Kind:
        """Return what it is: a number, a switch, a series or a condition."""
        return Kind.NUMBER


@dataclass(frozen=True, slots=True)
class Flag:
    """`true` or `false`."""

    value: bool

    @property
    def kind(self) -> Kind:
        """Return what it is: a number, a switch, a series or a condition."""
        return Kind.SWITCH


@dataclass(frozen=True, slots=True)
class Ref:
    """A parameter of the strategy, `p.name`."""

    name: str
    kind: Kind = Kind.NUMBER


@dataclass(frozen=True, slots=True)
class Price:
    """A column of the bars or of their time: `close`, `hl2`, `hour`."""

    name: str

    @property
    def kind(self) -> Kind:
        """Return what it is: a number, a switch, a series or a condition."""
        return Kind.SERIES


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or a function of `signatures.FUNCTIONS`."""

    name: str
    args: tuple[Node, ...]
    kind: Kind


@dataclass(frozen=True, slots=True)
class Indicator:
    """An indicator of the registry, or of TA-Lib (`name` then starts with `ta.`), one output."""

    name: str
    inputs: tuple[Node, ...]
    params: tuple[Node, ...]
    output: str

    @property
    def kind(self) -> Kind:
        """Return what it is: a number, a switch, a series or a condition."""
        return Kind.SERIES


@dataclass(frozen=True, slots=True)
class On:
    """`on("4h", x)`: x on closed bars of a higher timeframe."""

    timeframe: str
    arg: Node

    @property
    def kind(self) -> Kind:
        """Return what it is: a number, a switch, a series or a condition."""
        return self.arg.kind


@dataclass(frozen=True, slots=True)
class Of:
    """`of("BTC/USDT", x)`: x on another symbol, last closed value, at most `age` bars old."""

    symbol: str
    arg: Node
    age: int

    @property
    def kind(self) -> Kind:
        """Return what it is: a number, a switch, a series or a condition."""
        return self.arg.kind


Node = Number | Flag | Ref | Price | Call | Indicator | On | Of


def children(node: Node) -> tuple[Node, ...]:
    """Return the direct operands of `node`."""
    match node:
        case Call(args=args):
            return args
        case Indicator(inputs=inputs, params=params):
            return (*inputs, *params)
        case On(arg=arg) | Of(arg=arg):
            return (arg,)
        case Number() | Flag() | Ref() | Price():
            return ()


def walk(node: Node) -> Iterator[Node]:
    """Yield `node` and everything below it, parents first."""
    yield node
    for child in children(node):
        yield from walk(child)


def depth(node: Node) -> int:
    """Count the levels of a tree, without recursion."""
    level, row = 0, [node]
    while row:
        level += 1
        row = [child for item in row for child in children(item)]
    return level


def references(node: Node) -> frozenset[str]:
    """Return the names of the parameters an expression reads."""
    return frozenset(item.name for item in walk(node) if isinstance(item, Ref))
