"""Lots to base units, fills to notional: the ledger's integers as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ballast.kernel.market import Records
    from ballast.research.metrics.series import Floats, Ints
    from ballast.research.result import Result


def quantities(result: Result, rows: Records) -> Floats:
    """Return the size of FILL or TRADE rows in base units."""
    lots = np.array([float(one.lot) for one in result.instruments], np.float64)
    return np.asarray(rows["lots"] * lots[rows["symbol"]], np.float64)


def fill_notional(result: Result) -> Floats:
    """Return price x quantity of each fill, quote currency."""
    fills = result.run.fills
    return np.asarray(fills["price"] * quantities(result, fills), np.float64)


def trade_returns(result: Result, trades: Records) -> Floats:
    """Return net result / notional at entry of each trade, a fraction."""
    notional = trades["entry"] * quantities(result, trades)
    return np.asarray(trades["pnl"] / np.where(notional > 0, notional, np.inf), np.float64)


def own_bars(result: Result, rows: Records, column: str) -> Ints:
    """Return a bar column of records as row numbers of the symbol's own bars.

    The kernel counts bars over all symbols, one symbol after the other (see `kernel.market`).
    """
    sizes = [len(bars) for bars in result.bars]
    before = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)))
    return np.asarray(rows[column] - before[rows["symbol"]], np.int64)
