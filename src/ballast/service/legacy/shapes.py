"""Shapes: which objects of a JSON tree are records of the former bot, and of which kind.

A file is known by what is in it, not by its name. Objects around records may be sections
(`positions`), symbols (`BTCUSDT`), timeframes (`1h`) or scenarios (`StochRSI_ADX`): what they say
holds for the records inside unless those say it themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ballast.core.errors import DataError, UserError
from ballast.core.time import Timeframe
from ballast.service.legacy.model import Kind, Record
from ballast.service.legacy.names import ENVELOPE, has_any, plain_name
from ballast.service.legacy.reading import Bad
from ballast.service.legacy.spelling import SCENARIOS, is_symbol, scenario_name

if TYPE_CHECKING:
    from collections.abc import Collection

DEPTH_MAX = 8
"""Levels around a record: file, section, symbol, timeframe, scenario, and some more."""
RECORDS_MAX = 500_000
"""Of one file: ten years of fifty trades a day are a third of it."""
EXPECTED = "positions, parameters, trades or a portfolio of the former bot"
_PLACES = ("symbol", "pair", "timeframe", "interval", "scenario", "currency", "quote")


@dataclass(frozen=True, slots=True)
class Around:
    """What the objects around a place say."""

    source: str
    where: str
    symbol: str = ""
    timeframe: str = ""
    scenario: str = ""
    currency: str = ""
    depth: int = 0


@dataclass(slots=True)
class Found:
    """The records of one file, and what in it belongs to none."""

    records: list[Record] = field(default_factory=list)
    problems: list[DataError] = field(default_factory=list)


def records_of(source: str, document: Any, ignored: Collection[str] = ()) -> Found:  # noqa: ANN401 - a JSON value
    """Return what a document holds; a field of `ignored` is not looked at."""
    found = Found()
    _walk(document, Around(source, source), found, frozenset(ignored))
    return found


def kind_of(keys: set[str]) -> Kind | None:
    """Return what an object with these plain keys is; None: no record."""
    if has_any(keys, Kind.TRADE, "entry_price") and has_any(keys, Kind.TRADE, "exit_price"):
        return Kind.TRADE
    if has_any(keys, Kind.POSITION, "entry_price", "max_price", "atr_at_entry", "partial_taken_1"):
        return Kind.POSITION
    if has_any(keys, Kind.PARAMETERS, "ema1", "ema2", "stoch"):
        return Kind.PARAMETERS
    is_sided = has_any(keys, Kind.FILL, "side") or "type" in keys
    if is_sided and has_any(keys, Kind.FILL, "price", "quantity"):
        return Kind.FILL
    if has_any(keys, Kind.PORTFOLIO, "equity", "balances", "pnl", "peak_equity", "start_equity"):
        return Kind.PORTFOLIO
    return None


def _walk(value: Any, at: Around, found: Found, ignored: frozenset[str]) -> None:  # noqa: ANN401 - a JSON value
    if isinstance(value, Bad):
        found.problems.append(_problem(value.what, at, "a JSON value", "correct the file"))
    elif at.depth > DEPTH_MAX:
        found.problems.append(_problem("nested too deep", at, EXPECTED, "leave this file out"))
    elif isinstance(value, list) and value and not isinstance(_first(value), dict | Bad):
        text = f"a list that begins with '{str(_first(value))[:40]}'"
        found.problems.append(_problem(text, at, EXPECTED, "leave this file out"))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            inner = replace(at, where=f"{at.where}[{place}]", depth=at.depth + 1)
            _walk(item, inner, found, ignored)
    elif isinstance(value, dict):
        _object(value, at, found, ignored)
    else:
        text = f"{str(value)[:40]!r} is no record"
        found.problems.append(_problem(text, at, EXPECTED, "leave this file out"))


def _first(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    """Return the first thing of a list, or of the first list in it, that is no list."""
    while isinstance(value, list) and value:
        value = value[0]
    return value


def _object(value: dict[str, Any], at: Around, found: Found, ignored: frozenset[str]) -> None:
    kind = kind_of({plain_name(key) for key in value})
    if kind is not None:
        if len(found.records) >= RECORDS_MAX:
            raise DataError(
                f"more than {RECORDS_MAX} records", where=at.source, fix="split the file"
            )
        found.records.append(
            Record(kind, at.source, at.where, value, at.symbol, at.timeframe, at.scenario,
                   at.currency)
        )  # fmt: skip
        return
    parts = {key: one for key, one in value.items() if isinstance(one, dict | list | Bad)}
    facts = {key: one for key, one in value.items() if key not in parts}
    inner = _facts(facts, at, found, ignored) if parts else at
    if facts and not parts:
        text = f"an object of {', '.join(sorted(facts)[:6])}"
        found.problems.append(_problem(text, at, EXPECTED, "leave this file out"))
    for key, one in parts.items():
        if plain_name(key) not in ignored:
            _walk(one, _inside(inner, key), found, ignored)


def _facts(facts: dict[str, Any], at: Around, found: Found, ignored: frozenset[str]) -> Around:
    """Return what the plain values of an object around records say of those."""
    for key, value in facts.items():
        name = plain_name(key)
        if name in ignored:
            continue
        if name in _PLACES and isinstance(value, str):
            at = _said(at, name, value)
        elif name not in ENVELOPE:
            found.problems.append(
                DataError(
                    f"unknown field '{key}'", where=at.where, expected=EXPECTED,
                    fix=f"if it does not matter: --ignore {name}",
                )
            )  # fmt: skip
    return at


def _said(at: Around, name: str, value: str) -> Around:
    if name in ("symbol", "pair"):
        return replace(at, symbol=value)
    if name in ("timeframe", "interval"):
        return replace(at, timeframe=value)
    return replace(at, scenario=value) if name == "scenario" else replace(at, currency=value)


def _inside(at: Around, key: str) -> Around:
    where = f"{at.where}.{key}" if re.fullmatch(r"\w+", key) else f"{at.where}[{key!r}]"
    inner = replace(at, where=where, depth=at.depth + 1)
    if is_symbol(key):
        return replace(inner, symbol=key)
    if _is_timeframe(key):
        return replace(inner, timeframe=key)
    if scenario_name(key) in SCENARIOS:
        return replace(inner, scenario=key)
    return inner


def _is_timeframe(key: str) -> bool:
    try:
        Timeframe.parse(key)
    except UserError:
        return False
    return True


def _problem(what: str, at: Around, expected: str, fix: str) -> DataError:
    return DataError(what, where=at.where, expected=expected, fix=fix)
