"""Small charts as SVG text: no script, no network, the same bytes for the same numbers.

For pages that must open anywhere and print: a line, a band, bars, marks, on axes with round
numbers. Colours come from the page's style (classes `c-gain`, `c-loss`, `c-accent`, `c-soft`), so a
chart follows light, dark and print.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WIDTH, HEIGHT = 760.0, 260.0
LEFT, RIGHT, TOP, BOTTOM = 58.0, 14.0, 10.0, 26.0
POINTS_MAX = 720
"""Points of a line: about one a pixel; more cannot be seen."""
TICKS = 6
YEARS_SHOWN = 3.0
"""From here on a time axis is labelled by year instead of by month."""


def number(value: float) -> str:
    """Print a coordinate or a label shortly."""
    return f"{value:.6g}" if abs(value) >= 1e-9 else "0"  # noqa: PLR2004 - rounding noise


def percent(value: float) -> str:
    """Print a fraction as a percentage."""
    return f"{100.0 * value:.3g} %"


def nice_ticks(low: float, high: float, count: int = TICKS) -> list[float]:
    """Return round numbers inside `[low, high]`, at steps of 1, 2 or 5 times a power of ten."""
    if not high > low:
        return [low]
    raw = (high - low) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(mult * power for mult in (1.0, 2.0, 5.0, 10.0) if mult * power >= raw)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(k * step, 12) for k in range(first, last + 1)]


def time_ticks(from_ms: float, to_ms: float) -> list[tuple[float, str]]:
    """Return (ms, label) at the first of years, or of months where the span is short."""
    start, end = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (from_ms, to_ms))
    months = (end.year - start.year) * 12 + end.month - start.month
    by_year = months > YEARS_SHOWN * 12
    step = max(1, months // 8) if not by_year else 12 * max(1, months // 12 // 10)
    ticks = []
    first = start.year * 12 + start.month - 1
    first = -(-first // step) * step if by_year else first
    for month in range(first, first + months + step + 1, step):
        at = datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)
        ms = at.timestamp() * 1000
        if from_ms <= ms <= to_ms:
            ticks.append((ms, f"{at.year}" if by_year else f"{at.year}-{at.month:02d}"))
    return ticks


def thin(count: int) -> NDArray[np.int64]:
    """Return at most `POINTS_MAX` row numbers of `count`, the ends included."""
    if count <= POINTS_MAX:
        return np.arange(count)
    return np.unique(np.linspace(0, count - 1, POINTS_MAX).astype(np.int64))


@dataclass(slots=True)
class Plot:
    """One chart: give it its ranges, draw into it, print it."""

    title: str
    x: tuple[float, float]
    y: tuple[float, float]
    y_label: Callable[[float], str] = number
    x_label: Callable[[float], str] = number
    is_time: bool = False
    height: float = HEIGHT
    width: float = WIDTH
    y_ticks: Sequence[float] | None = None
    x_ticks: Sequence[float] | None = None
    _parts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Widen a range that has no width, so that a flat line can be drawn."""
        self.x = _open(*self.x)
        self.y = _open(*self.y)

    def at_x(self, value: float) -> float:
        """Return the pixel of a value on the x axis, kept inside the frame."""
        part = (value - self.x[0]) / (self.x[1] - self.x[0])
        return round(LEFT + min(max(part, 0.0), 1.0) * (self.width - LEFT - RIGHT), 1)

    def at_y(self, value: float) -> float:
        """Return the pixel of a value on the y axis, kept inside the frame."""
        part = (value - self.y[0]) / (self.y[1] - self.y[0])
        room = self.height - TOP - BOTTOM
        return round(TOP + (1.0 - min(max(part, 0.0), 1.0)) * room, 1)

    def line(self, x: Floats, y: Floats, kind: str = "c-accent", hint: str = "") -> None:
        """Draw a line; a value that is no number breaks it."""
        rows = thin(len(x))
        path, pen = [], "M"
        for row in rows:
            if not math.isfinite(y[row]):
                pen = "M"
                continue
            path.append(f"{pen}{self.at_x(float(x[row]))} {self.at_y(float(y[row]))}")
            pen = "L"
        self._add(f'<path class="line {kind}" d="{"".join(path)}">', hint, "</path>")

    def band(self, x: Floats, low: Floats, high: Floats, kind: str = "c-accent") -> None:
        """Fill between two lines."""
        rows = thin(len(x))
        there = [f"{self.at_x(float(x[r]))} {self.at_y(float(high[r]))}" for r in rows]
        back = [f"{self.at_x(float(x[r]))} {self.at_y(float(low[r]))}" for r in rows[::-1]]
        self._parts.append(f'<path class="band {kind}" d="M{"L".join(there + back)}Z"/>')

    def bar(
        self, left: float, right: float, low: float, high: float, kind: str, hint: str = ""
    ) -> None:
        """Draw a bar from `low` to `high`."""
        x0, x1 = self.at_x(left), self.at_x(right)
        y0, y1 = sorted((self.at_y(low), self.at_y(high)))
        wide, tall = round(max(x1 - x0 - 1.0, 0.5), 1), round(max(y1 - y0, 0.5), 1)
        shape = f'<rect class="col {kind}" x="{x0}" y="{y0}" width="{wide}" height="{tall}">'
        self._add(shape, hint, "</rect>")

    def dot(self, x: float, y: float, kind: str, hint: str = "") -> None:
        """Draw a point."""
        shape = f'<circle class="dot {kind}" cx="{self.at_x(x)}" cy="{self.at_y(y)}" r="3.5">'
        self._add(shape, hint, "</circle>")

    def across(self, value: float, label: str = "", kind: str = "c-soft") -> None:
        """Draw a level line from left to right."""
        y = self.at_y(value)
        self._rule(LEFT, y, self.width - RIGHT, y, kind)
        if label:
            self._text(self.width - RIGHT - 4, y - 4, label, "end")

    def upright(self, value: float, label: str = "", kind: str = "c-soft") -> None:
        """Draw a line from bottom to top."""
        x = self.at_x(value)
        self._rule(x, TOP, x, self.height - BOTTOM, kind)
        if label:
            right = x > self.width / 2
            self._text(x - 4 if right else x + 4, TOP + 10, label, "end" if right else "start")

    def caption(self, value: float, text: str) -> None:
        """Write a label under the axis."""
        self._text(self.at_x(value), self.height - 8, text, "middle")

    def svg(self) -> str:
        """Return the chart as one element."""
        name = escape(self.title)
        return (
            f'<svg class="chart" viewBox="0 0 {self.width:g} {self.height:g}" role="img" '
            f'aria-label="{name}">{self._axes()}{"".join(self._parts)}</svg>'
        )

    def _axes(self) -> str:
        kept, self._parts = self._parts, []
        for value in self.y_ticks if self.y_ticks is not None else nice_ticks(*self.y):
            y = self.at_y(value)
            self._rule(LEFT, y, self.width - RIGHT, y, "grid")
            self._text(LEFT - 6, y + 4, self.y_label(value), "end")
        for value, label in self._x_marks():
            x = self.at_x(value)
            anchor = "end" if x > self.width - RIGHT - 20 else "middle"
            self._text(x, self.height - 8, label, anchor)
        drawn, self._parts = "".join(self._parts), kept
        return drawn

    def _x_marks(self) -> list[tuple[float, str]]:
        if self.is_time:
            return time_ticks(*self.x)
        values = self.x_ticks if self.x_ticks is not None else nice_ticks(*self.x)
        return [(value, self.x_label(value)) for value in values]

    def _rule(self, x0: float, y0: float, x1: float, y1: float, kind: str) -> None:
        self._parts.append(f'<path class="rule {kind}" d="M{x0:g} {y0:g}L{x1:g} {y1:g}"/>')

    def _text(self, x: float, y: float, text: str, anchor: str) -> None:
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
        )

    def _add(self, opening: str, hint: str, closing: str) -> None:
        told = f"<title>{escape(hint)}</title>" if hint else ""
        self._parts.append(opening + told + closing)


def _open(low: float, high: float) -> tuple[float, float]:
    if not (math.isfinite(low) and math.isfinite(high)):
        return 0.0, 1.0
    if high > low:
        return low, high
    reach = abs(low) * 0.1 or 1.0
    return low - reach, high + reach


def reach(*arrays: Floats, pad: float = 0.05) -> tuple[float, float]:
    """Return the range of all finite values, a little widened; (0, 1) where there is none."""
    values = np.concatenate([np.asarray(one, np.float64).ravel() for one in arrays])
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    room = (high - low) * pad
    return low - room, high + room


STYLE = """
.chart { width: 100%; height: auto; display: block; }
.chart text { fill: var(--soft); font-size: 11px; font-variant-numeric: tabular-nums; }
.chart .line { fill: none; stroke-width: 1.7; stroke-linejoin: round; }
.chart .band { opacity: .16; stroke: none; }
.chart .rule { fill: none; stroke-width: 1; }
.chart .rule.grid { stroke: var(--grid); }
.chart .rule:not(.grid) { stroke-dasharray: 4 3; }
.chart .line.c-gain, .chart .rule.c-gain { stroke: var(--gain-fill); }
.chart .line.c-loss, .chart .rule.c-loss { stroke: var(--loss-fill); }
.chart .line.c-accent, .chart .rule.c-accent { stroke: var(--accent); }
.chart .line.c-soft, .chart .rule.c-soft { stroke: var(--hold); }
.chart .band.c-accent, .chart .col.c-accent, .chart .dot.c-accent { fill: var(--accent); }
.chart .band.c-gain, .chart .col.c-gain, .chart .dot.c-gain { fill: var(--gain-fill); }
.chart .band.c-loss, .chart .col.c-loss, .chart .dot.c-loss { fill: var(--loss-fill); }
.chart .band.c-soft, .chart .col.c-soft, .chart .dot.c-soft { fill: var(--hold); }
"""
"""The rules a page needs beside the house style."""
