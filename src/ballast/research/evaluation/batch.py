"""Batch: one compiled pass over many combinations, so that a run costs what its bars cost.

A fold of three months is some ten microseconds of bars; starting it from Python is two hundred.
Here the state is wiped, the columns are exchanged and the figures are written between two runs
without coming back to Python, and without the interpreter lock.

A run may be looked at on its way, at `stops`: spans that start at one bar are prefixes of one run.
"""

from __future__ import annotations

from typing import Any

from ballast.core.jit import jit
from ballast.core.memory import i8
from ballast.kernel import loop
from ballast.kernel.account import gross_notional
from ballast.kernel.run import close_books
from ballast.kernel.tape import position, tape_row, trade_row
from ballast.research.sweep_row import figures

_FULL = loop.FULL


@jit
def daily_returns(initial: float, daily: Any, out: Any) -> None:  # noqa: ANN401 - float64 arrays
    """Write simple returns of day-end equity into the first places of `out`; 0 after ruin."""
    before = initial
    for d in range(len(daily)):
        out[d] = daily[d] / before - 1.0 if before > 0.0 else 0.0
        before = daily[d]


@jit
def longest_trade(tape: int, first: int, count: int, at_ms: int) -> int:
    """Return the longest of the trades `first:count`, and of the positions open at `at_ms`."""
    t = tape_row(tape, 0)
    most = 0
    for n in range(first, count):
        row = trade_row(t.trades, n)
        most = max(most, row.exit_ms - row.entry_ms)
    for s in range(t.symbols):
        p = position(t.pos, s)
        if p.lots > 0:
            most = max(most, at_ms - p.entry_ms)
    return most


@jit
def run_batch(
    tape: int,  # address of the TAPE row
    account: Any,  # noqa: ANN401 - an ACCOUNT record array
    refusals: Any,  # noqa: ANN401 - int64
    daily: Any,  # noqa: ANN401 - float64: equity at the end of each day of a run
    state: Any,  # noqa: ANN401 - pairs of uint8 arrays: the bytes of a row as they stand, and fresh
    combos: Any,  # noqa: ANN401 - int64 [n, 6]: addresses of plan, signals and series
    stops: Any,  # noqa: ANN401 - int64 [m]: clock indices to stop at, rising, the last is the end
    first: int,
    frame_ms: int,
    out: Any,  # noqa: ANN401 - float64 [n, metrics]
    returns: Any,  # noqa: ANN401 - float64 [n, days], or no rows: not wanted
    padding: int,
    closed: Any,  # noqa: ANN401 - int64 [n, m]: trades closed before each stop
    longest: Any,  # noqa: ANN401 - int64 [n, m]: longest trade before each stop
    held: Any,  # noqa: ANN401 - float64 [n]: notional open at the end
) -> int:
    """Run combinations `first` and on; return the one the trade rows had no room for, or `n`."""
    t = tape_row(tape, 0)
    for k in range(first, len(combos)):
        for now, fresh in state:
            now[:] = fresh
        refusals[:] = 0
        t.plan = combos[k, 0]
        t.signals = combos[k, 1]
        t.atr = combos[k, 2]
        t.stop = combos[k, 3]
        t.confidence = combos[k, 4]
        t.volatility = combos[k, 5]
        seen = 0
        most = 0
        for m in range(len(stops)):
            full = loop.run(tape, stops[m], 0) == _FULL
            if full or account[0].trades + t.symbols > t.trades_room:
                return k
            reached = longest_trade(tape, seen, account[0].trades, i8(t.clock, stops[m] - 1))
            longest[k, m] = max(most, reached)
            closed[k, m] = account[0].trades
            seen = account[0].trades
            most = longest[k, m]
        close_books(tape)
        held[k] = gross_notional(t)
        opened = account[0].trades - seen
        figures(account, daily, refusals.sum(), opened, frame_ms, out[k])
        if len(returns):
            daily_returns(account[0].initial, daily, returns[k, padding:])
    return len(combos)
