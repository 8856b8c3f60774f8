"""Lives: a strategy started anew, so that nothing kept from an earlier call can help it.

A formula keeps nothing. A class of the user can: an attribute of the class or a variable of its
file outlives a call, and a number it learnt from all bars would still be there when the future is
cut off. Each life therefore runs the user's file again where there is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ballast.core.bars import PRICE_COLUMNS
from ballast.research.workspace import reborn
from ballast.strategies.cache import OneRun
from ballast.strategies.plan import compile_plan
from ballast.strategies.program import Columns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ballast.core.bars import Bars
    from ballast.strategies.plan import AnyStrategy, Plan

    Market = Mapping[str, Bars]
    Fresh = Callable[[], AnyStrategy]


class Lives:
    """Starts a strategy as often as it is asked to; `fresh` says how, where a file cannot."""

    def __init__(
        self,
        strategy: AnyStrategy,
        market: Market,
        params: Mapping[str, float] | None = None,
        fresh: Fresh | None = None,
    ) -> None:
        self._fresh = fresh or (lambda: reborn(strategy))
        self._params = params
        self._timeframe = next(iter(market.values())).timeframe
        self.plan = self.begin().plan
        self.plan.require_bars(max(market.values(), key=len))

    def begin(self) -> Life:
        """Return a new life."""
        return Life(compile_plan(self._fresh(), self._params, timeframe=self._timeframe))


class Life:
    """One life: all calls share whatever the strategy keeps."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def columns(self, market: Market, only: str = "") -> dict[str, Columns]:
        """Return the columns of each symbol that has bars enough, asked for in order, once."""
        cache = OneRun()  # by identity: columns of no other call
        return {
            symbol: self.plan.evaluate(market, symbol, cache)
            for symbol, bars in market.items()
            if len(bars) >= self.plan.bars_needed and only in ("", symbol)
        }


def until(market: Market, moment_ms: int) -> dict[str, Bars]:
    """Return what is closed by `moment_ms`, copied: a view lets a cheat look past its end."""
    return {name: _copied(bars, 0, _closed(bars, moment_ms)) for name, bars in market.items()}


def between(market: Market, from_ms: int, to_ms: int) -> dict[str, Bars]:
    """Return the bars that open at or after `from_ms` and are closed by `to_ms`, copied."""
    return {
        name: _copied(bars, int(np.searchsorted(bars.ts, from_ms)), _closed(bars, to_ms))
        for name, bars in market.items()
    }


def _closed(bars: Bars, moment_ms: int) -> int:
    return int(np.searchsorted(bars.ts + bars.timeframe.ms, moment_ms, side="right"))


def _copied(bars: Bars, start: int, stop: int) -> Bars:
    cut = bars.slice(start, max(start, stop))
    columns = {name: getattr(cut, name).copy() for name in (*PRICE_COLUMNS, "volume")}
    return bars.of(cut.venue, cut.symbol, cut.timeframe, cut.ts.copy(), columns, cut.flags.copy())


def first_difference(one: Columns, two: Columns, count: int) -> tuple[str, int] | None:
    """Return the column and the first of `count` rows in which two answers differ, by bits."""
    for name in Columns.__slots__:
        a, b = getattr(one, name)[:count], getattr(two, name)[:count]
        same = (a == b) | ((a != a) & (b != b))  # noqa: PLR0124 - both NaN is the same
        if not same.all():
            return name, int(np.argmin(same))
    return None
