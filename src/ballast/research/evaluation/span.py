"""Span: a half-open stretch of time, by the open time of bars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import UserError
from ballast.core.time import DAY_MS, format_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.core.bars import Bars
    from ballast.core.time import Timeframe
    from ballast.research.series import Series


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The bars whose open time is in `[from_ms, to_ms)`; never empty."""

    from_ms: int
    to_ms: int

    def __post_init__(self) -> None:
        """Raise `UserError` for a span without a moment in it."""
        if self.from_ms >= self.to_ms:
            raise UserError(
                f"the period {format_ms(self.from_ms)} to {format_ms(self.to_ms)} is empty",
                expected="an end after its start",
            )

    @staticmethod
    def of(group: Sequence[Series]) -> Span:
        """Return the span of all bars of a group: the first open to the last close."""
        filled = [one.bars for one in group if len(one.bars)]
        if not filled:
            raise UserError("there are no bars", expected="at least one series with bars")
        first = min(int(bars.ts[0]) for bars in filled)
        return Span(first, max(int(bars.ts[-1]) + bars.timeframe.ms for bars in filled))

    def rows(self, bars: Bars) -> tuple[int, int]:
        """Return the half-open row numbers of `bars` that lie in the span."""
        first, last = np.searchsorted(bars.ts, (self.from_ms, self.to_ms), side="left")
        return int(first), int(last)

    def require_bars(self, group: Sequence[Series]) -> None:
        """Raise `UserError` unless some series has a bar in the span."""
        if all(first == last for first, last in (self.rows(one.bars) for one in group)):
            raise UserError(f"no bars in the period {self}", fix="choose a period inside the data")

    def first_day(self, timeframe: Timeframe) -> int:
        """Return the UTC day, counted from 1970, in which the first bar can close."""
        return (self.from_ms + timeframe.ms - 1) // DAY_MS

    def last_day(self) -> int:
        """Return the UTC day of the span's end; midnight belongs to the day before."""
        return (self.to_ms - 1) // DAY_MS

    @property
    def ends_a_day(self) -> bool:
        """Whether the span ends at midnight UTC."""
        return self.to_ms % DAY_MS == 0

    def overlaps(self, other: Span) -> bool:
        """Whether a bar can lie in both."""
        return self.from_ms < other.to_ms and other.from_ms < self.to_ms

    def __str__(self) -> str:
        """Print as `2021-01-01 00:00..2022-01-01 00:00`."""
        return f"{format_ms(self.from_ms)}..{format_ms(self.to_ms)}"
