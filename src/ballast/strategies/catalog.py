"""The library by name: what `ballast backtest --strategy NAME` finds without a workspace.

Reading a user's own files is I/O and lives in `research.workspace`; here are only the strategies
that ship with Ballast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ballast.core.errors import StrategyError, suggest
from ballast.strategies.definition import Strategy

if TYPE_CHECKING:
    from types import ModuleType

LIBRARY = (
    "buy_and_hold",
    "donchian_breakout",
    "ema_cross",
    "enhanced_momentum",
    "mean_reversion",
    "momentum",
    "random_entry",
    "stochrsi",
    "stochrsi_adx",
    "stochrsi_adx_short",
    "stochrsi_short",
    "stochrsi_sma",
    "stochrsi_sma_short",
    "stochrsi_trix",
    "stochrsi_trix_short",
)
"""Names of the library; each is a file of `strategies/library`, imported when it is asked for."""


def names() -> tuple[str, ...]:
    """Return the names of the library, sorted."""
    return tuple(sorted(LIBRARY))


def load(name: str) -> Strategy:
    """Return a strategy of the library; raise `StrategyError` with a suggestion otherwise."""
    if name not in LIBRARY:
        raise StrategyError(
            f"unknown strategy '{name}'",
            expected=f"one of {', '.join(names())}",
            fix=suggest(name, LIBRARY),
        )
    found = module(name).STRATEGY
    assert isinstance(found, Strategy)
    return found


def module(name: str) -> ModuleType:
    """Return the module of a library strategy, whose docstring is its definition."""
    assert name in LIBRARY, name
    return import_module(f"ballast.strategies.library.{name}")
