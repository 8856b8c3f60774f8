"""The machine's limit on W1 and W2. Run: `python -m peers.limit w1|w2 REPEATS`."""

from __future__ import annotations

import sys

import numba  # noqa: TID251  see kernels.py
import numpy as np
from format import LIMIT, Case, measure
from peers import kernels
from peers import workloads as w

VERSION = f"numba {numba.__version__}"
RULES = (w.STOP, w.ACTIVATE, w.TRAIL, w.CASH, w.FEE, w.SLIP, w.SHARE)


def w1(repeats: int) -> None:
    """One pass over the bars, indicators inside."""
    m = w.load()
    o, h, l, c = (m[name] for name in ("open", "high", "low", "close"))
    pnl = np.zeros(c.size // 2 + 1)

    def work() -> dict[str, float]:
        lengths = (float(w.FAST), float(w.SLOW), float(w.ATR))
        trades, equity = kernels.fused(o, h, l, c, *lengths, *RULES, pnl)
        return {"trades": trades, "equity": equity}

    facts = measure(
        Case(LIMIT, VERSION, "W1", "fused", "bars", c.size), work, repeats=repeats
    ).facts
    assert facts["trades"] == w.W1_TRADES, "the yardstick itself is bent"


def w2(repeats: int) -> None:
    """Crossings once a pair, then jumps; all cores."""
    m = w.load("w1", w.W2_BARS)
    o, h, l, c = (m[name] for name in ("open", "high", "low", "close"))
    lengths = sorted({*w.W2_FAST, *w.W2_SLOW})
    pairs = [(lengths.index(fast), lengths.index(slow)) for fast in w.W2_FAST for slow in w.W2_SLOW]
    fast_row, slow_row = np.array(pairs).T.copy()
    stops = np.array(w.W2_STOP)
    trades, equity = np.empty(len(pairs) * stops.size), np.empty(len(pairs) * stops.size)
    costs = (w.CASH, w.FEE, w.SLIP, w.SHARE)

    def work() -> dict[str, float]:
        emas = np.array([kernels.ema(c, length) for length in lengths])
        a = kernels.atr(h, l, c, w.ATR)
        rows = (fast_row, slow_row, stops, w.ACTIVATE, w.TRAIL, costs)
        kernels.sweep(o, h, l, c, emas, a, *rows, trades, equity)
        return {"trades": trades.sum(), "equity": equity.mean()}

    variant = f"sparse, {numba.get_num_threads()} threads"
    case = Case(LIMIT, VERSION, "W2", variant, "combinations", trades.size)
    measure(case, work, repeats=repeats)


if __name__ == "__main__":
    {"w1": w1, "w2": w2}[sys.argv[1]](int(sys.argv[2]))
