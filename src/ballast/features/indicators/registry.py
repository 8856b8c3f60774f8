"""All indicators by name.

`get("ema")` is one of our own compiled indicators, `talib_indicator("CDLDOJI")` any function of
TA-Lib behind the same interface. A family file registers itself with the decorator in
`definition.py`; a new file is added to `FAMILIES` below, and from then on the battery of tests, the
documentation and the strategy language know its indicators.
"""

from __future__ import annotations

from ballast.core.errors import StrategyError, suggest
from ballast.features.indicators import (
    averages,
    bands,
    direction,
    momentum,
    oscillators,
    regimes,
    rolling,
    rsi,
    trend,
    volatility,
    volume,
)
from ballast.features.indicators.definition import Indicator, ParamSpec, Stream, registered

__all__ = [
    "FAMILIES",
    "Indicator",
    "ParamSpec",
    "Stream",
    "describe",
    "get",
    "names",
    "table_line",
    "talib_indicator",
    "talib_names",
]

FAMILIES = (
    averages,
    bands,
    direction,
    momentum,
    oscillators,
    regimes,
    rolling,
    rsi,
    trend,
    volatility,
    volume,
)


def get(name: str) -> Indicator:
    """Return the indicator called `name`; raise `StrategyError` with a suggestion otherwise."""
    found = registered().get(name)
    if found is None:
        raise StrategyError(
            f"unknown indicator '{name}'",
            fix=suggest(name, names()) or "`ballast indicators` lists them",
        )
    return found


def names() -> tuple[str, ...]:
    """Return the names of all own indicators, sorted."""
    return tuple(sorted(registered()))


def talib_indicator(name: str) -> Indicator:
    """Return a function of TA-Lib as an indicator; raise `StrategyError` with a suggestion."""
    # Loaded on demand: TA-Lib takes 0.2 s, and most strategies never ask for it.
    from ballast.features.indicators import talib_functions  # noqa: PLC0415

    return talib_functions.talib_indicator(name)


def talib_names() -> tuple[str, ...]:
    """Return the names of all functions of TA-Lib, sorted."""
    from ballast.features.indicators import talib_functions  # noqa: PLC0415 as above

    return talib_functions.talib_names()


def describe() -> list[dict[str, str]]:
    """Return one row an indicator: name, inputs, params, outputs, warm-up formula, convention."""
    return [_row(registered()[name]) for name in names()]


def table_line(row: dict[str, str]) -> str:
    """Return a row of `describe()` as a line of a Markdown table."""
    names = ("name", "inputs", "params", "outputs", "warmup")
    cells = [f"`{row[key]}`" if row[key] else "" for key in names]
    return "| " + " | ".join((*cells, row["convention"])) + " |"


def _row(indicator: Indicator) -> dict[str, str]:
    params = (f"{key}={spec.default:g}" for key, spec in indicator.params.items())
    return {
        "name": indicator.name,
        "inputs": ", ".join(indicator.inputs),
        "params": ", ".join(params),
        "outputs": ", ".join(indicator.outputs),
        "warmup": indicator.warmup_text,
        "convention": indicator.convention,
    }
