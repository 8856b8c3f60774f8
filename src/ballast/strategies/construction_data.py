"""Trade construction as plain data: the `[trade]` table of a strategy file, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.errors import StrategyError, UserError, suggest
from ballast.core.records import Level, Size
from ballast.core.time import Timeframe
from ballast.strategies.construction import (
    ATR_DEFAULT,
    DIRECTIONS,
    FLAGS,
    WORDS,
    Construction,
    EntryLimit,
    Sizing,
    Stop,
    Take,
    Trail,
    literal,
    word,
)
from ballast.strategies.nodes import Flag, Kind, Node, Number
from ballast.strategies.parsing import parse
from ballast.strategies.printing import show

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ballast.strategies.parameters import Param

NUMBERS = (
    "close_on_signal",
    "latency_bars",
    "break_even_r",
    "exit_after_bars",
    "position_drawdown",
    "leverage",
)
"""Keys of `[trade]` that hold one number or switch."""
_WORD_KEYS = {"margin": "margin", "trigger": "trigger_mark", "intrabar": "intrabar"}
_SERIES = ("atr", "confidence", "volatility")
KEYS = (
    "direction",
    "size",
    "stop",
    "trail",
    "take",
    "entry_limit",
    "exit_after",
    *NUMBERS,
    *_WORD_KEYS,
    *FLAGS,
    *_SERIES,
)
_MODES = tuple(mode.name.lower() for mode in Size)
_STOPS = ("none", "atr", "percent", "column")
_TRAILS = ("none", "atr", "percent")
_TAKES = ("atr", "percent", "r")


# ---------------------------------------------------------------- to data


def to_data(construction: Construction, *, explicit: bool = False) -> dict[str, Any]:
    """Return the table; what is default is left out."""

    def scalar(node: Node) -> Any:  # noqa: ANN401 - a JSON value
        return node.value if isinstance(node, Number | Flag) else show(node, explicit=explicit)

    data: dict[str, Any] = {}
    if construction.direction:
        data["direction"] = construction.direction
    for key in NUMBERS:
        node = getattr(construction, key)
        if node is not None:
            data[key] = scalar(node)
    if construction.exit_after_ms is not None:
        data["exit_after"] = _duration(construction.exit_after_ms, scalar)
    for key in (*_WORD_KEYS, *FLAGS):
        if getattr(construction, key) is not None:
            data[key] = getattr(construction, key)
    for key in _SERIES:
        node = getattr(construction, key)
        if node is not None and (explicit or node != ATR_DEFAULT):
            data[key] = show(node, explicit=explicit)
    data |= _parts(construction, scalar, explicit=explicit)
    return data


def _duration(node: Node, scalar: Callable[[Node], Any]) -> Any:  # noqa: ANN401 - a JSON value
    if isinstance(node, Number) and node.value and node.value % 1_000 == 0:
        return str(Timeframe(int(node.value)))
    return scalar(node)


def _parts(
    construction: Construction, scalar: Callable[[Node], Any], *, explicit: bool
) -> dict[str, Any]:
    data: dict[str, Any] = {}
    sizing, stop, trail = construction.size, construction.stop, construction.trail
    if sizing is not None:
        flags = {key: True for key in ("in_quote", "i_accept_ruin") if getattr(sizing, key)}
        data["size"] = {"mode": sizing.mode.name.lower(), "value": scalar(sizing.value)} | flags
    if stop is not None:
        price = {} if stop.price is None else {"price": show(stop.price, explicit=explicit)}
        data["stop"] = {"kind": stop.kind.name.lower()} | _numbers(stop, ("value",), scalar) | price
    if trail is not None:
        data["trail"] = {"kind": trail.kind.name.lower()}
        data["trail"] |= _numbers(trail, ("distance", "activation"), scalar)
        data["trail"] |= {
            key: getattr(trail, key)
            for key in ("adaptive", "floor_entry")
            if getattr(trail, key) is not None
        }
    if construction.takes:
        data["take"] = [
            {
                "kind": take.kind.name.lower(),
                "value": scalar(take.value),
                "fraction": scalar(take.fraction),
            }
            for take in construction.takes
        ]
    limit = construction.entry_limit
    if limit is not None:
        data["entry_limit"] = {"atr": scalar(limit.atr), "bars": scalar(limit.bars)}
    return data


def _numbers(
    part: Stop | Trail, keys: tuple[str, ...], scalar: Callable[[Node], Any]
) -> dict[str, Any]:
    return {key: scalar(getattr(part, key)) for key in keys if getattr(part, key) is not None}


# ---------------------------------------------------------------- from data


class Reader:
    """Reads tables of a strategy file; every error names its place."""

    def __init__(self, params: Mapping[str, Param], where: str) -> None:
        self.params = params
        self.where = where

    def table(self, value: object, name: str, known: tuple[str, ...]) -> dict[str, Any]:
        """Return a table without unknown keys."""
        where = f"{self.where}{name}"
        if not isinstance(value, dict):
            raise StrategyError(f"'{value}' is not a table", where=where)
        for key in value:
            if key not in known:
                raise StrategyError(
                    f"unknown key '{key}'",
                    where=where,
                    expected=f"one of {', '.join(known)}",
                    fix=suggest(str(key), known),
                )
        return value

    def scalar(self, value: object, name: str) -> Node:
        """Read a number, a switch, or a text such as `p.stop * 2`."""
        if isinstance(value, bool | int | float):
            return literal(value)
        node = self.expression(value, name)
        if not node.kind.is_scalar:
            raise StrategyError(
                f"{node.kind.value}", where=f"{self.where}{name}", expected="one number"
            )
        return node

    def expression(self, value: object, name: str) -> Node:
        """Read an expression."""
        if isinstance(value, bool | int | float):
            return literal(value)
        if not isinstance(value, str):
            raise StrategyError(f"'{value}' is not an expression", where=f"{self.where}{name}")
        return parse(value, self.params, f"{self.where}{name}")

    def condition(self, value: object, name: str) -> Node:
        """Read a yes or no for each bar."""
        node = self.expression(value, name)
        if not node.kind.is_truth:
            raise StrategyError(
                f"{node.kind.value}",
                where=f"{self.where}{name}",
                expected=Kind.CONDITION.value,
                fix="compare it with something",
            )
        return node

    def word(self, value: object, name: str, known: tuple[str, ...]) -> str:
        """Read one of a closed list of words."""
        try:
            return word(name.rpartition(".")[2], str(value), known)
        except StrategyError as problem:
            raise StrategyError(
                problem.what,
                where=f"{self.where}{name}",
                expected=problem.expected,
                fix=problem.fix,
            ) from None

    def flag(self, value: object, name: str) -> bool:
        """Read true or false."""
        if not isinstance(value, bool):
            raise StrategyError(f"'{value}'", where=f"{self.where}{name}", expected="true or false")
        return value


def from_data(data: object, params: Mapping[str, Param], where: str = "") -> Construction:
    """Read the `[trade]` table; raise `StrategyError` with the place of the first mistake."""
    reader = Reader(params, where)
    table = reader.table(data, "trade", KEYS)
    given: dict[str, Any] = {
        key: reader.scalar(table[key], f"trade.{key}") for key in NUMBERS if key in table
    }
    given |= {key: reader.expression(table[key], f"trade.{key}") for key in _SERIES if key in table}
    given |= {key: reader.flag(table[key], f"trade.{key}") for key in FLAGS if key in table}
    for key, field in _WORD_KEYS.items():
        if key in table:
            given[key] = reader.word(table[key], f"trade.{key}", tuple(WORDS[field]))
    if "direction" in table:
        given["direction"] = reader.word(table["direction"], "trade.direction", DIRECTIONS)
    if "exit_after" in table:
        given["exit_after_ms"] = _read_duration(reader, table["exit_after"])
    for key, read in _READERS.items():
        if key in table:
            given[key if key != "take" else "takes"] = read(reader, table[key])
    made = Construction(**given)
    made.check()
    return made


def _read_duration(reader: Reader, value: object) -> Node:
    if isinstance(value, str) and value[:1].isdigit():
        try:
            return Number(float(Timeframe.parse(value).ms))
        except UserError as problem:
            raise StrategyError(problem.what, where=f"{reader.where}trade.exit_after") from None
    return reader.scalar(value, "trade.exit_after")


def _read_size(reader: Reader, value: object) -> Sizing:
    table = reader.table(value, "trade.size", ("mode", "value", "in_quote", "i_accept_ruin"))
    mode = Size[reader.word(table.get("mode", "risk"), "trade.size.mode", _MODES).upper()]
    if "value" not in table:
        raise StrategyError("no value", where=f"{reader.where}trade.size", expected="value = ...")
    return Sizing(
        mode,
        reader.scalar(table["value"], "trade.size.value"),
        in_quote=reader.flag(table.get("in_quote", False), "trade.size.in_quote"),
        i_accept_ruin=reader.flag(table.get("i_accept_ruin", False), "trade.size.i_accept_ruin"),
    )


def _read_stop(reader: Reader, value: object) -> Stop:
    table = reader.table(value, "trade.stop", ("kind", "value", "price"))
    kind = Level[reader.word(table.get("kind", "atr"), "trade.stop.kind", _STOPS).upper()]
    needed = {Level.COLUMN: "price", Level.NONE: ""}.get(kind, "value")
    if {"value", "price"} & set(table) != ({needed} if needed else set()):
        raise StrategyError(
            f"kind '{kind.name.lower()}' with {', '.join(sorted({*table} - {'kind'})) or 'none'}",
            where=f"{reader.where}trade.stop",
            expected=needed or "no number",
        )
    if kind is Level.COLUMN:
        price = reader.expression(table["price"], "trade.stop.price")
        return Stop(kind, price=_series(reader, price, "trade.stop.price"))
    if kind is Level.NONE:
        return Stop(kind)
    return Stop(kind, reader.scalar(table["value"], "trade.stop.value"))


def _series(reader: Reader, node: Node, name: str) -> Node:
    if node.kind.is_truth:
        raise StrategyError(node.kind.value, where=f"{reader.where}{name}", expected="a price")
    return node


def _read_trail(reader: Reader, value: object) -> Trail:
    keys = ("kind", "distance", "activation", "adaptive", "floor_entry")
    table = reader.table(value, "trade.trail", keys)
    kind = Level[reader.word(table.get("kind", "atr"), "trade.trail.kind", _TRAILS).upper()]
    given: dict[str, Any] = {
        key: reader.scalar(table[key], f"trade.trail.{key}")
        for key in ("distance", "activation")
        if key in table
    }
    if kind is Level.PERCENT and not {"distance", "activation"} <= set(given):
        raise StrategyError(
            "a trail in percent needs distance and activation", where=f"{reader.where}trade.trail"
        )
    given |= {
        key: reader.flag(table[key], f"trade.trail.{key}")
        for key in ("adaptive", "floor_entry")
        if key in table
    }
    return Trail(kind, **given)


def _read_takes(reader: Reader, value: object) -> tuple[Take, ...]:
    if not isinstance(value, list):
        raise StrategyError(
            "take must be a list", where=f"{reader.where}trade.take", fix="write [[trade.take]]"
        )
    takes = []
    for row in value:
        table = reader.table(row, "trade.take", ("kind", "value", "fraction"))
        kind = reader.word(table.get("kind", "percent"), "trade.take.kind", _TAKES)
        missing = [key for key in ("value", "fraction") if key not in table]
        if missing:
            raise StrategyError(f"no {missing[0]}", where=f"{reader.where}trade.take")
        takes.append(
            Take(
                Level[kind.upper()],
                reader.scalar(table["value"], "trade.take.value"),
                reader.scalar(table["fraction"], "trade.take.fraction"),
            )
        )
    return tuple(takes)


def _read_limit(reader: Reader, value: object) -> EntryLimit:
    table = reader.table(value, "trade.entry_limit", ("atr", "bars"))
    return EntryLimit(
        reader.scalar(table.get("atr", 0.25), "trade.entry_limit.atr"),
        reader.scalar(table.get("bars", 3), "trade.entry_limit.bars"),
    )


_READERS: dict[str, Callable[[Reader, object], Any]] = {
    "size": _read_size,
    "stop": _read_stop,
    "trail": _read_trail,
    "take": _read_takes,
    "entry_limit": _read_limit,
}
