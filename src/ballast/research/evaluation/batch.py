"""Batch: one compiled pass over many combinations, so that a run costs what its bars cost.

A fold of three months is five microseconds of bars; starting it from Python is fifty. Here the
state is wiped, the columns are exchanged and the figures are written between two runs without
coming back to Python, and without the interpreter lock.
"""

from __future__ import annotations

from typing import Any

from ballast.core.jit import jit
from ballast.kernel import loop
from ballast.kernel.run import close_books
from ballast.kernel.tape import position, trade_row
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
def run_batch(
    tape: Any,  # noqa: ANN401 - a TAPE record array
    account: Any,  # noqa: ANN401 - an ACCOUNT record array
    refusals: Any,  # noqa: ANN401 - int64
    daily: Any,  # noqa: ANN401 - float64: equity at the end of each day of a run
    state: Any,  # noqa: ANN401 - pairs of uint8 arrays: the bytes of a row as they stand, and fresh
    combos: Any,  # noqa: ANN401 - int64 [n, 6]: addresses of plan, signals and series
    first: int,
    frame_ms: int,
    out: Any,  # noqa: ANN401 - float64 [n, metrics]
    returns: Any,  # noqa: ANN401 - float64 [n, days], or no rows: not wanted
    padding: int,
    longest: Any,  # noqa: ANN401 - int64 [n]
) -> int:
    """Run combinations `first` and on; return the one the trade rows had no room for, or `n`."""
    t = tape[0]
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
        if loop.run(tape, t.steps, 0) == _FULL or account[0].trades + t.symbols > t.trades_room:
            return k
        close_books(tape)
        opened = 0
        for s in range(t.symbols):
            if position(t.pos, s).lots > 0:
                opened += 1
        figures(account, daily, refusals.sum(), opened, frame_ms, out[k])
        if len(returns):
            daily_returns(account[0].initial, daily, returns[k, padding:])
        most = 0
        for n in range(account[0].trades):
            row = trade_row(t.trades, n)
            most = max(most, row.exit_ms - row.entry_ms)
        longest[k] = most
    return len(combos)
