"""The Python form of the language: start reading here.

    from ballast.strategies import atr_stop, close, ema, param, params, strategy

    p = params(fast=param(9, 2, 100), slow=param(21, 3, 400))

    my_cross = strategy(
        "my_cross",
        params=p,
        require=[p.fast < p.slow],
        enter_long=ema(close, p.fast).crosses_above(ema(close, p.slow)),
        exit_long=ema(close, p.fast).crosses_below(ema(close, p.slow)),
        stop=atr_stop(3.0),
    )

An `Expr` wraps one immutable node; operators build bigger ones and check them at once. Nothing is
calculated until a plan is run. The same formula, as text, is what TOML and JSON files hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.errors import StrategyError, suggest
from ballast.core.records import Level, Size
from ballast.core.time import Timeframe
from ballast.strategies.construction import (
    DIRECTIONS,
    SIZE_VALUES,
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
from ballast.strategies.definition import Strategy
from ballast.strategies.formulas import Params, Value, node_of
from ballast.strategies.program import SIGNAL_ROOTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ballast.strategies.nodes import Node


def risk(value: Value = SIZE_VALUES[Size.RISK], *, in_quote: bool = False) -> Sizing:
    """Lose this fraction of equity if the stop is hit: `risk(0.01)` is 1 %."""
    return Sizing(Size.RISK, node_of(value), in_quote)


def fixed_notional(
    value: Value = SIZE_VALUES[Size.FIXED_NOTIONAL], *, in_quote: bool = False
) -> Sizing:
    """Buy for this fraction of equity."""
    return Sizing(Size.FIXED_NOTIONAL, node_of(value), in_quote)


def volatility_target(
    value: Value = SIZE_VALUES[Size.VOLATILITY_TARGET], *, in_quote: bool = False
) -> Sizing:
    """Size so that a day moves equity by this fraction (one standard deviation)."""
    return Sizing(Size.VOLATILITY_TARGET, node_of(value), in_quote)


def kelly(value: Value = SIZE_VALUES[Size.KELLY], *, in_quote: bool = False) -> Sizing:
    """Bet this part of the Kelly fraction of the out-of-sample record; nothing without one."""
    return Sizing(Size.KELLY, node_of(value), in_quote)


def all_in(
    value: Value = SIZE_VALUES[Size.ALL_IN], *, in_quote: bool = True, i_accept_ruin: bool = False
) -> Sizing:
    """Put this fraction of equity into each trade. Refused unless `i_accept_ruin=True`."""
    return Sizing(Size.ALL_IN, node_of(value), in_quote, i_accept_ruin)


def fixed_qty(value: Value, *, in_quote: bool = False) -> Sizing:
    """Buy this many base units."""
    return Sizing(Size.FIXED_QTY, node_of(value), in_quote)


def atr_stop(value: Value = 3.0) -> Stop:
    """Stop this many ATR from the entry."""
    return Stop(Level.ATR, node_of(value))


def percent_stop(value: Value) -> Stop:
    """Stop this fraction of the price from the entry: 0.05 is 5 %."""
    return Stop(Level.PERCENT, node_of(value))


def stop_at(price: Value) -> Stop:
    """Stop at the price a formula has on the bar of the signal."""
    return Stop(Level.COLUMN, price=node_of(price))


def no_stop() -> Stop:
    """Trade without a stop. Sizing by risk is then impossible."""
    return Stop(Level.NONE)


def atr_trail(
    distance: Value = 5.5,
    activation: Value | None = None,
    *,
    adaptive: bool | None = None,
    floor_entry: bool | None = None,
) -> Trail:
    """Trail by ATR, armed at a gain of `activation` ATR (as far as `distance` where not said)."""
    armed = distance if activation is None else activation
    return Trail(Level.ATR, node_of(distance), node_of(armed), adaptive, floor_entry)


def percent_trail(
    distance: Value,
    activation: Value,
    *,
    adaptive: bool | None = None,
    floor_entry: bool | None = None,
) -> Trail:
    """Trail by a fraction of the best price, armed at a gain of `activation`."""
    return Trail(Level.PERCENT, node_of(distance), node_of(activation), adaptive, floor_entry)


def no_trail() -> Trail:
    """Leave the stop where it is."""
    return Trail(Level.NONE)


def take(gain: Value, fraction: Value = 1.0) -> Take:
    """Sell `fraction` of the original quantity at a gain of `gain`: `take(0.02, 0.5)`."""
    return Take(Level.PERCENT, node_of(gain), node_of(fraction))


def take_atr(gain: Value, fraction: Value = 1.0) -> Take:
    """Sell at a gain of this many ATR."""
    return Take(Level.ATR, node_of(gain), node_of(fraction))


def take_r(gain: Value, fraction: Value = 1.0) -> Take:
    """Sell at a gain of this many R (distance from entry to the first stop)."""
    return Take(Level.R, node_of(gain), node_of(fraction))


def pull_back(atr: Value = 0.25, bars: Value = 3) -> EntryLimit:
    """Enter by a limit `atr` ATR better than the signal's close; give up after `bars` bars."""
    return EntryLimit(node_of(atr), node_of(bars))


_PART_TYPES = {
    "size": Sizing,
    "stop": Stop,
    "trail": Trail,
    "entry_limit": EntryLimit,
}
_SCALARS = (
    "close_on_signal",
    "latency_bars",
    "break_even_r",
    "exit_after_bars",
    "position_drawdown",
    "leverage",
)
_SERIES = ("atr", "confidence", "volatility")
_WORDS = {
    "direction": DIRECTIONS,
    "margin": tuple(WORDS["margin"]),
    "trigger": tuple(WORDS["trigger_mark"]),
    "intrabar": tuple(WORDS["intrabar"]),
}
_FLAGS = ("touch_fills", "entry_bar_exposed", "stop_before_exit")
TRADE_KEYS = (*_PART_TYPES, "takes", "exit_after", *_SCALARS, *_SERIES, *_WORDS, *_FLAGS)


def trade(**rules: Any) -> Construction:  # noqa: ANN401 - checked one by one below
    """Return a trade construction from the keyword arguments of `strategy(...)`."""
    given: dict[str, Any] = {}
    for key, value in rules.items():
        if value is None:
            continue
        given["exit_after_ms" if key == "exit_after" else key] = _rule(key, value)
    made = Construction(**given)
    made.check()
    return made


def _rule(key: str, value: Any) -> object:  # noqa: ANN401 - of any type until checked
    if key in _SCALARS or key in _SERIES:
        return node_of(value)
    if key in _FLAGS:
        if not isinstance(value, bool):
            raise StrategyError(f"{key} = {value!r}", expected="True or False")
        return value
    if key in _WORDS:
        return word(key, str(value), _WORDS[key])
    if key == "exit_after":
        return literal(Timeframe.parse(value).ms) if isinstance(value, str) else node_of(value)
    if key == "takes":
        return _takes(value)
    wanted = _PART_TYPES.get(key)
    if wanted is None:
        raise StrategyError(
            f"strategy() has no argument '{key}'",
            expected=f"one of {', '.join((*SIGNAL_ROOTS, *TRADE_KEYS))}",
            fix=suggest(key, (*SIGNAL_ROOTS, *TRADE_KEYS)),
        )
    if not isinstance(value, wanted):
        example = {
            "size": "risk(0.01)",
            "stop": "atr_stop(3.0)",
            "trail": "atr_trail(5.5)",
            "entry_limit": "pull_back(0.25, 3)",
        }
        raise StrategyError(f"{key} = {value!r}", expected=f"for example {key}={example[key]}")
    return value


def _takes(value: object) -> tuple[Take, ...]:
    rows = tuple(value) if isinstance(value, list | tuple) else (value,)
    for row in rows:
        if not isinstance(row, Take):
            raise StrategyError(f"takes has {row!r}", expected="for example [take(0.02, 0.5)]")
    return rows


def strategy(
    name: str,
    *,
    params: Params | None = None,
    enter_long: Value | None = None,
    exit_long: Value | None = None,
    enter_short: Value | None = None,
    exit_short: Value | None = None,
    require: Iterable[Value] = (),
    doc: str = "",
    tag: str = "",
    **rules: Any,  # noqa: ANN401 - the keys of `trade`
) -> Strategy:
    """Return a checked strategy; raise `StrategyError` with one line on the first mistake."""

    def optional(value: Value | None) -> Node | None:
        return None if value is None else node_of(value)

    return Strategy(
        name=name,
        params=params.declared() if params is not None else {},
        construction=trade(**rules),
        enter_long=optional(enter_long),
        exit_long=optional(exit_long),
        enter_short=optional(enter_short),
        exit_short=optional(exit_short),
        require=tuple(node_of(rule) for rule in require),
        doc=doc.strip(),
        tag=tag,
    )
