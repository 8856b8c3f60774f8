"""Value at risk of docs/engine.md, with numpy: the second opinion on `kernel/value_at_risk.py`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tests.oracle.state import DAY_MS

if TYPE_CHECKING:
    from tests.oracle.checks import Candidate
    from tests.oracle.state import Symbol


def value_at_risk(c: Candidate, notional: float) -> float:
    """Return the loss of one day in a hundred, the candidate's `notional` included."""
    held = {sym.index: signed(sym) for sym in c.world.symbols}
    held[c.sym.index] = c.side * notional
    window = int(c.world.limits.value_at_risk_bars)
    times = [bar.close_ms for bar in c.sym.bars[: c.sym.next_bar]][-(window + 1) :]
    returns = len(times) - 1
    if returns < 1 or 2 * returns < window:
        return sum(abs(one) for one in held.values())
    gains, lost = np.zeros(returns), 0.0
    for sym in c.world.symbols:
        closes = [last_close(sym, at_ms) for at_ms in times]
        if None in closes:
            lost += abs(held[sym.index])
        else:
            price = np.array(closes, np.float64)
            gains += held[sym.index] * (price[1:] / price[:-1] - 1.0)
    days = math.sqrt(DAY_MS / c.sym.spec.timeframe_ms)
    return max(-float(np.quantile(gains, 0.01)) * days, 0.0) + lost


def last_close(sym: Symbol, at_ms: int) -> float | None:
    """Return the last close that was known at a time."""
    known = [bar.close for bar in sym.bars[: sym.next_bar] if bar.close_ms <= at_ms]
    return known[-1] if known else None


def signed(sym: Symbol) -> float:
    """Return the notional of a position and of its queued entry, below 0 for a short."""
    total = 0.0
    if sym.position:
        total += sym.position.side * sym.qty(sym.position.lots) * sym.mark
    if sym.entry:
        total += sym.entry.side * sym.qty(sym.entry.lots) * sym.mark
    return total
