"""Strategies: the language in which an idea is written down, and the library written in it.

Purpose: typed expressions, trade construction, the compiled plan; Python form and TOML/JSON form of
the same thing. May import: features, core. Invariants: cannot look ahead by construction, never
executes text, has a hash that survives printing. Start reading at `language.py`.

Every word of the language can be imported from here: `from ballast.strategies import close, ema`.
"""

from typing import Any

from ballast.core.records import Signal
from ballast.strategies.custom import OnBarStrategy, Signals, SignalStrategy
from ballast.strategies.formulas import Expr, Params, params, vocabulary
from ballast.strategies.language import (
    all_in,
    atr_stop,
    atr_trail,
    fixed_notional,
    fixed_qty,
    kelly,
    no_stop,
    no_trail,
    percent_stop,
    percent_trail,
    pull_back,
    risk,
    stop_at,
    strategy,
    take,
    take_atr,
    take_r,
    trade,
    volatility_target,
)
from ballast.strategies.parameters import param

__all__ = [
    "Expr",
    "OnBarStrategy",
    "Params",
    "Signal",
    "SignalStrategy",
    "Signals",
    "all_in",
    "atr_stop",
    "atr_trail",
    "fixed_notional",
    "fixed_qty",
    "kelly",
    "no_stop",
    "no_trail",
    "param",
    "params",
    "percent_stop",
    "percent_trail",
    "pull_back",
    "risk",
    "stop_at",
    "strategy",
    "take",
    "take_atr",
    "take_r",
    "trade",
    "volatility_target",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - an Expr or a function that makes one
    """Return a series, a function or an indicator by name (PEP 562)."""
    return vocabulary(name)
