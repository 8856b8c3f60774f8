"""Bars for the page: an overview of few candles, and windows of real bars around the trades."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.time import DAY_MS, HOUR_MS, MINUTE_MS, Timeframe
from ballast.research.metrics.units import own_bars
from ballast.research.report.encode import packed, quantum, rounded, times

if TYPE_CHECKING:
    from ballast.core.bars import Bars
    from ballast.research.metrics.series import Ints
    from ballast.research.result import Result

OVERVIEW_MAX = 2000
"""Candles of the overview: more than a screen has room for, few enough to stay quick."""
SPANS_MS = (
    *(count * MINUTE_MS for count in (1, 3, 5, 15, 30)),
    *(count * HOUR_MS for count in (1, 2, 4, 6, 8, 12)),
    *(count * DAY_MS for count in (1, 2, 3, 7, 14, 28, 91, 364)),
)
CONTEXT_BARS = 24
"""Bars shown before the entry and after the exit of a trade."""
WINDOW_MAX = 600
"""A longer trade is shown with the candles of the overview."""
DETAIL_MAX = 50_000
"""Bars with detail in one page, all symbols together: about 0.4 MB."""


def overview(bars: Bars) -> dict[str, Any]:
    """Return at most `OVERVIEW_MAX` candles and the span each stands for."""
    span = overview_span(bars)
    if span == bars.timeframe.ms:
        starts = np.arange(len(bars))
        stamps = bars.ts
    else:
        bucket = bars.ts // span
        starts = np.flatnonzero(np.diff(bucket, prepend=bucket[:1] - 1))
        stamps = bucket[starts] * span
    stops = np.append(starts[1:], len(bars)) - 1
    return {
        "span": str(Timeframe(span)),
        "time": times(stamps),
        "open": rounded(bars.open[starts]),
        "high": rounded(np.maximum.reduceat(bars.high, starts) if len(bars) else []),
        "low": rounded(np.minimum.reduceat(bars.low, starts) if len(bars) else []),
        "close": rounded(bars.close[stops] if len(bars) else []),
    }


def overview_span(bars: Bars) -> int:
    """Return the span of an overview candle: the bars' own if they are few, else a usual one."""
    own = bars.timeframe.ms
    if len(bars) <= OVERVIEW_MAX:
        return own
    length = int(bars.ts[-1] - bars.ts[0]) + own
    usual = [span for span in SPANS_MS if span > own and length / span <= OVERVIEW_MAX]
    return usual[0] if usual else -(-length // OVERVIEW_MAX // own) * own + own


def details(result: Result) -> tuple[list[dict[str, Any]], Ints]:
    """Return packed bars around trades for each symbol, and which trades have them (1 or 0).

    The trades that gained or lost most come first; `DETAIL_MAX` bounds all windows together.
    """
    trades = result.run.trades
    entry, leave = own_bars(result, trades, "entry_bar"), own_bars(result, trades, "exit_bar")
    has = np.zeros(len(trades), np.int64)
    covered = [np.zeros(len(bars), bool) for bars in result.bars]
    left = DETAIL_MAX
    for i in np.argsort(-np.abs(trades["pnl"]), kind="stable").tolist():
        symbol = int(trades["symbol"][i])
        first, stop = window(int(entry[i]), int(leave[i]), len(covered[symbol]))
        if stop - first > WINDOW_MAX:
            continue
        wanted = int(np.count_nonzero(~covered[symbol][first:stop]))
        if wanted <= left:
            covered[symbol][first:stop] = True
            left -= wanted
            has[i] = 1
    ticks = [float(one.tick) for one in result.instruments]
    found = [
        _detail(bars, mask, tick)
        for bars, mask, tick in zip(result.bars, covered, ticks, strict=True)
    ]
    return found, has


def window(entry_bar: int, exit_bar: int, count: int) -> tuple[int, int]:
    """Return the bars `[first, stop)` that show a trade with its context."""
    return max(entry_bar - CONTEXT_BARS, 0), min(exit_bar + CONTEXT_BARS + 1, count)


def _detail(bars: Bars, mask: np.ndarray[Any, Any], tick: float) -> dict[str, Any]:
    rows = np.flatnonzero(mask)
    unit = quantum(bars.high, tick)
    scaled = {
        name: np.round(getattr(bars, name)[rows] / unit).astype(np.int64)
        for name in ("open", "high", "low", "close")
    }
    origin = int(bars.ts[0]) if len(bars) else 0
    clock = (bars.ts[rows] - origin) // bars.timeframe.ms
    columns = [
        clock,
        scaled["open"],
        scaled["high"] - scaled["open"],
        scaled["low"] - scaled["open"],
        scaled["close"] - scaled["open"],
    ]
    return {
        "rows": len(rows),
        "unit": unit,
        "origin": origin,
        "frame": bars.timeframe.ms,
        "name": str(bars.timeframe),
        "packed": packed(columns) if len(rows) else "",
    }
