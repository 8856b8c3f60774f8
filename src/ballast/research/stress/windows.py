"""Stress windows: what the strategy did on the worst days on record.

They are read off the run over all data. Where a kill switch had latched before a window, which
would make the worst day look like the best, the window is run on its own: with fresh cash and a
fresh gate, from thirty days before, and indicators that have seen all that came before. A window
that the data do not hold says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.reasons import Exit
from ballast.core.time import DAY_MS, parse_ms
from ballast.research.evaluation import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ballast.kernel.market import Run
    from ballast.research.case import Case
    from ballast.research.evaluation import Evaluator
    from ballast.research.result import Result
    from ballast.research.series import Series

LEAD_MS = 30 * DAY_MS
WHOLE_SHARE = 0.9
"""Of a window's bars that must be there for it to count as held."""
STOPS = (Exit.STOP, Exit.TRAILING_STOP, Exit.BREAK_EVEN)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of bad days, by the close time of bars, and what happened."""

    name: str
    from_ms: int
    to_ms: int
    about: str


WINDOWS = (
    Window(
        "2020-03-12",
        parse_ms("2020-03-12"),
        parse_ms("2020-03-14"),
        "Bitcoin halves in a day and a half; venues stall and liquidate",
    ),
    Window(
        "2021-05-19",
        parse_ms("2021-05-19"),
        parse_ms("2021-05-20"),
        "30 % down and half of it back within a day; record liquidations",
    ),
    Window(
        "2022-11-08",
        parse_ms("2022-11-08"),
        parse_ms("2022-11-10"),
        "FTX stops withdrawals; a quarter is lost in two days",
    ),
    Window(
        "2025-10-10",
        parse_ms("2025-10-10"),
        parse_ms("2025-10-12"),
        "a tariff announcement at night; the largest liquidation of all, small coins lose most",
    ),
)


@dataclass(frozen=True, slots=True)
class WindowResult:
    """What was held, lost and stopped; all figures are 0 where `status` is "not in the data".

    Changes are fractions: of the cash at the window's start for equity, of price for the market.
    """

    window: Window
    status: str  # "tested", "partly in the data" or "not in the data"
    held_long: int = 0  # positions at the start of the window
    held_short: int = 0
    change: float = 0.0  # of equity, from the window's start to its end
    worst: float = 0.0  # lowest equity in the window against its start; 0 where it never fell
    market_change: float = 0.0  # mean of the symbols, first open to last close
    market_worst: float = 0.0  # the lowest low of any symbol against its first open
    entries: int = 0
    stops: int = 0  # fills of stops, trails and break-even stops
    stop_slippage_bps: float = 0.0  # of what the stops traded; 0 without stops
    worst_r: float | None = None  # of trades closed in the window; -1 is the loss that was planned
    killed: bool = False  # the kill switch latched in the window
    is_fresh: bool = False  # run on its own: the kill switch had latched before


def stress_windows(
    case: Case,
    *,
    windows: Sequence[Window] = WINDOWS,
    step: Callable[[], None] = lambda: None,
) -> tuple[WindowResult, ...]:
    """Look at each window of bad days that is in the data; raise `StrategyError` without trades."""
    case.require_trades()
    judge, whole = case.evaluator(), case.result()
    found = []
    for window in windows:
        found.append(_result(judge, case.params, whole, window))
        step()
    return tuple(found)


def _result(
    judge: Evaluator, params: dict[str, float], whole: Result, window: Window
) -> WindowResult:
    share = max(_share(one, window) for one in judge.group)
    if share <= 0.0:
        return WindowResult(window, "not in the data")
    status = "tested" if share >= WHOLE_SHARE else "partly in the data"
    acct = whole.run.account
    if not (acct.killed and acct.killed_ms <= window.from_ms):
        return _measured(whole, judge.group, window, status, is_fresh=False)
    first = max(window.from_ms - LEAD_MS, judge.span.from_ms)
    result = judge.run(params, Span(first, min(window.to_ms, judge.span.to_ms)))
    return _measured(result, judge.group, window, status, is_fresh=True)


def _share(one: Series, window: Window) -> float:
    bars = one.bars
    inside = np.count_nonzero((bars.ts >= window.from_ms) & (bars.ts < window.to_ms))
    return float(inside) * bars.timeframe.ms / (window.to_ms - window.from_ms)


def _measured(
    result: Result, group: Sequence[Series], window: Window, status: str, *, is_fresh: bool
) -> WindowResult:
    run = result.run
    inside = (run.clock_ms > window.from_ms) & (run.clock_ms <= window.to_ms)
    before = run.equity[run.clock_ms <= window.from_ms]
    start = float(before[-1]) if len(before) else float(run.account.initial)
    equity = run.equity[inside]
    trades = run.trades
    held = (trades["entry_ms"] <= window.from_ms) & (trades["exit_ms"] > window.from_ms)
    closed = _within(trades["exit_ms"], window) & (trades["reason"] != Exit.END)
    planned = closed & (trades["risk_cash"] > 0.0)
    moves = [_move(one, window) for one in group]
    stops, slippage_bps = _stops(result, run, window)
    return WindowResult(
        window=window,
        status=status,
        held_long=int(np.count_nonzero(held & (trades["side"] > 0))),
        held_short=int(np.count_nonzero(held & (trades["side"] < 0))),
        change=float(equity[-1]) / start - 1.0 if len(equity) else 0.0,
        worst=min(float(equity.min()) / start - 1.0, 0.0) if len(equity) else 0.0,
        market_change=float(np.mean([change for change, _ in moves])),
        market_worst=min(worst for _, worst in moves),
        entries=int(np.count_nonzero(_within(trades["entry_ms"], window))),
        stops=stops,
        stop_slippage_bps=slippage_bps,
        worst_r=float(trades["r"][planned].min()) if planned.any() else None,
        killed=bool(run.account.killed) and window.from_ms < run.account.killed_ms <= window.to_ms,
        is_fresh=is_fresh,
    )


def _within(at_ms: NDArray[np.int64], window: Window) -> NDArray[np.bool_]:
    return (at_ms > window.from_ms) & (at_ms <= window.to_ms)


def _move(one: Series, window: Window) -> tuple[float, float]:
    """Return (first open to last close, first open to lowest low); 0 where there are no bars."""
    bars = one.bars.period(window.from_ms, window.to_ms)
    if not len(bars):
        return 0.0, 0.0
    first = float(bars.open[0])
    return float(bars.close[-1]) / first - 1.0, float(bars.low.min()) / first - 1.0


def _stops(result: Result, run: Run, window: Window) -> tuple[int, float]:
    """Return how many stop fills there were, and what they lost to slippage in basis points."""
    fills = run.fills
    rows = fills[np.isin(fills["reason"], [int(one) for one in STOPS])]
    rows = rows[_within(rows["at_ms"], window)]
    if not len(rows):
        return 0, 0.0
    lots = np.array([float(one.lot) for one in result.instruments])
    traded = float(np.sum(rows["price"] * rows["lots"] * lots[rows["symbol"]]))
    return len(rows), 1e4 * float(np.sum(rows["slippage"])) / traded
