"""Numbers as people read them: one way to print each unit, in the terminal and on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.time import format_ms, span_text
from ballast.research.metrics.catalogue import Unit

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.research.metrics.catalogue import Metric

NOTHING = "–"  # noqa: RUF001 - an en dash says "no value" without looking like a minus
HUGE = 1e6


def percent(value: float | None) -> str:
    """Print a fraction as `12.34%`; a very large one without decimals."""
    if value is None:
        return NOTHING
    return f"{value:.2%}" if abs(value) < 100 else f"{value:,.0%}"  # noqa: PLR2004 - 10,000 %


def cash(value: float | None) -> str:
    """Print money with thousands separators and two decimals, more for small amounts."""
    if value is None:
        return NOTHING
    if 0 < abs(value) < 0.01:  # noqa: PLR2004 - a cent
        return f"{value:.3g}"
    return f"{value:,.0f}" if abs(value) >= HUGE else f"{value:,.2f}"


def ratio(value: float | None) -> str:
    """Print a plain ratio with two decimals."""
    return NOTHING if value is None else f"{value:,.2f}"


def price(value: float | None) -> str:
    """Print a price with up to eight significant digits."""
    return NOTHING if value is None else f"{value:,.8g}"


def day(at_ms: int) -> str:
    """Print the UTC date of an instant."""
    return format_ms(at_ms)[:10]


def span(value_ms: float | None) -> str:
    """Print a duration."""
    return NOTHING if value_ms is None else span_text(value_ms)


_PRINT: dict[Unit, Callable[[float], str]] = {
    Unit.PERCENT: percent,
    Unit.RATIO: ratio,
    Unit.CASH: cash,
    Unit.COUNT: lambda value: f"{int(value):,}",
    Unit.TIME: lambda value: format_ms(int(value)),
    Unit.SPAN: span,
    Unit.R: lambda value: f"{value:+.2f} R",
    Unit.BPS: lambda value: f"{value:.1f} bps",
}


def shown(metric: Metric, value: float | None) -> str:
    """Print a figure in its unit; a dash for None."""
    return NOTHING if value is None else _PRINT[metric.unit](value)
