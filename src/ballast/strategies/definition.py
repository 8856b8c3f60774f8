"""A strategy: parameters, entry and exit expressions, trade construction, rules, and its hash.

`Strategy` is a value. `strategies.language.strategy(...)` makes one from Python, `from_toml` and
`from_json` from text; `to_toml`, `to_json` and `to_python` print it back. All forms of one
strategy have one hash; it changes with any number or expression and with nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ballast.core.errors import StrategyError
from ballast.core.hashing import value_hash
from ballast.strategies import construction_data, forms, parameters
from ballast.strategies.construction_data import Reader
from ballast.strategies.nodes import DEPTH_MAX, Kind, Node, On, Ref, depth, walk
from ballast.strategies.parameters import PARAMS_MAX, Param
from ballast.strategies.printing import show
from ballast.strategies.program import SIGNAL_ROOTS, Program

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ballast.strategies.construction import Construction

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")
_KEYS = ("name", "doc", "tag", "params", "require", "signals", "trade")


@dataclass(frozen=True, slots=True)
class Strategy:
    """An idea as data. Entries and exits are conditions; None where a side has none."""

    name: str
    params: Mapping[str, Param]
    construction: Construction
    enter_long: Node | None = None
    exit_long: Node | None = None
    enter_short: Node | None = None
    exit_short: Node | None = None
    require: tuple[Node, ...] = ()
    doc: str = ""
    tag: str = ""

    def __post_init__(self) -> None:
        """Raise `StrategyError` on a strategy that could never run."""
        check_name(self.name)
        if len(self.params) > PARAMS_MAX:
            raise StrategyError(f"{len(self.params)} parameters", expected=f"at most {PARAMS_MAX}")
        if self.enter_long is None and self.enter_short is None:
            raise StrategyError("no entry", where=self.name, expected="enter_long or enter_short")
        self.construction.check()
        for name, node in self.signals().items():
            if not node.kind.is_truth:
                raise StrategyError(
                    f"{name} is {node.kind.value}",
                    where=self.name,
                    expected=Kind.CONDITION.value,
                    fix="compare it with something",
                )
        for node in self.require:
            if node.kind is not Kind.SWITCH:
                raise StrategyError(
                    f"require is {node.kind.value}", where=self.name, fix="compare two parameters"
                )
        self._check_references()

    def _check_references(self) -> None:
        for node in self.nodes():
            if depth(node) > DEPTH_MAX:
                raise StrategyError(
                    "an expression is nested too deep",
                    where=self.name,
                    expected=f"at most {DEPTH_MAX} levels",
                )
            for item in walk(node):
                if isinstance(item, Ref) and item.name not in self.params:
                    raise StrategyError(
                        f"p.{item.name} is used but not declared",
                        where=self.name,
                        fix="declare it: p = params(...), and strategy(..., params=p)",
                    )

    def signals(self) -> dict[str, Node]:
        """Return the entry and exit conditions there are, by name."""
        rows = {name: getattr(self, name) for name in SIGNAL_ROOTS}
        return {name: node for name, node in rows.items() if node is not None}

    def nodes(self) -> tuple[Node, ...]:
        """Return every expression of the strategy."""
        parts = (*self.signals().values(), *self.construction.series().values())
        return (*parts, *self.require, *self.construction.scalars())

    @property
    def sides(self) -> tuple[bool, bool]:
        """Whether there is a long entry, and a short entry."""
        direction = self.construction.direction
        return (
            self.enter_long is not None and direction != "short",
            self.enter_short is not None and direction != "long",
        )

    @property
    def needs_timeframe(self) -> bool:
        """Whether the warm-up depends on the timeframe of the bars."""
        return any(isinstance(item, On) for node in self.nodes() for item in walk(node))

    @property
    def hash(self) -> str:
        """32 hex digits of the meaning: everything but the documentation."""
        data = self.to_data(explicit=True)
        data.pop("doc", None)
        for row in data["params"].values():
            row.pop("doc", None)
        return value_hash(data)

    def values(self, given: Mapping[str, float]) -> dict[str, float]:
        """Return a checked value for each parameter (R-STRAT-30), or raise `StrategyError`."""
        return parameters.check_values(self.params, given)

    def source(self, program: Program) -> Program:
        """Return what says the columns of a frame: the compiled expressions themselves."""
        return program

    # -- forms

    def to_data(self, *, explicit: bool = False) -> dict[str, Any]:
        """Return the strategy as JSON values; `explicit` writes every default."""
        data: dict[str, Any] = {"name": self.name}
        data |= {key: getattr(self, key) for key in ("doc", "tag") if getattr(self, key)}
        data["params"] = {name: parameters.to_data(spec) for name, spec in self.params.items()}
        if self.require:
            data["require"] = [show(node, explicit=explicit) for node in self.require]
        data["signals"] = {
            name: show(node, explicit=explicit) for name, node in self.signals().items()
        }
        data["trade"] = construction_data.to_data(self.construction, explicit=explicit)
        return data

    @staticmethod
    def from_data(data: object, where: str = "") -> Strategy:
        """Read what `to_data` wrote, or a person; unknown keys are errors with a suggestion."""
        prefix = f"{where}: " if where else ""
        table = Reader({}, prefix).table(data, "strategy", _KEYS)
        if not isinstance(table.get("name"), str):
            raise StrategyError("no name", where=where, expected='name = "my_strategy"')
        rows = table.get("params", {})
        if not isinstance(rows, dict):
            raise StrategyError("params must be a table", where=where)
        params = {str(name): _read_param(prefix, str(name), row) for name, row in rows.items()}
        reader = Reader(params, prefix)
        signals = reader.table(table.get("signals", {}), "signals", tuple(SIGNAL_ROOTS))
        require = table.get("require", [])
        if not isinstance(require, list):
            raise StrategyError("require must be a list", where=where)
        return Strategy(
            name=table["name"],
            params=params,
            construction=construction_data.from_data(table.get("trade", {}), params, prefix),
            require=tuple(reader.condition(item, "require") for item in require),
            doc=str(table.get("doc", "")),
            tag=str(table.get("tag", "")),
            **{name: reader.condition(text, f"signals.{name}") for name, text in signals.items()},
        )

    def to_json(self) -> str:
        """Print as JSON."""
        return forms.write_json(self.to_data())

    @staticmethod
    def from_json(text: str, where: str = "") -> Strategy:
        """Read JSON; raise `StrategyError` with line and column."""
        return Strategy.from_data(forms.read_json(text, where), where)

    def to_toml(self) -> str:
        """Print as TOML."""
        return forms.write_toml(self.to_data())

    @staticmethod
    def from_toml(text: str, where: str = "") -> Strategy:
        """Read TOML; raise `StrategyError` with line and column."""
        return Strategy.from_data(forms.read_toml(text, where), where)

    def to_python(self) -> str:
        """Print as a Python file of the user's workspace."""
        return forms.write_python(self.to_data())


def check_name(name: str) -> None:
    """Raise `StrategyError` unless `name` can be that of a strategy, and of its file."""
    if not _NAME.match(name):
        raise StrategyError(
            f"'{name}' is not a strategy name",
            expected="small letters, digits and _, starting with a letter",
        )


def _read_param(prefix: str, name: str, row: object) -> Param:
    if not name.isidentifier():
        raise StrategyError(f"'{name}' is not a parameter name", where=f"{prefix}params")
    try:
        return parameters.from_data(name, row)
    except StrategyError as problem:
        raise StrategyError(
            problem.what,
            where=f"{prefix}params.{name}",
            expected=problem.expected,
            fix=problem.fix,
        ) from None
