"""Ballast's line of W4 (`peers/walkforward.py`): `bench_walkforward.py w4 REPEATS`.

Indicators, signals, trainings, choices and tests, from bars to the stitched curves, with every rule
of the gate in force.
"""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
from format import OURS, Case, measure
from peers import walkforward as w4
from peers import workloads

from ballast import __version__
from ballast.core.bars import Bars
from ballast.core.settings import Settings
from ballast.core.time import Timeframe
from ballast.research.evaluation import Evaluator
from ballast.research.outofsample import folds_of, walk_forward
from ballast.research.series import Series
from ballast.strategies.cache import ColumnCache
from ballast.strategies.catalog import load

if TYPE_CHECKING:
    from ballast.research.outofsample import WalkForward

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "candles"
HOURS = SHARED / "BINANCE-BTCUSDT-1h.parquet"
STRATEGIES = {"": "stochrsi", "sma": "stochrsi_sma", "adx": "stochrsi_adx", "trix": "stochrsi_trix"}
COMBOS = [{"ema1": float(fast), "ema2": float(slow)} for fast, slow in w4.PAIRS]


def bring_hours() -> str:
    """Write the last five years of real hours for every engine, if there are any; say which."""
    if not HOURS.exists():
        return "synthetic hours"
    table = pq.read_table(HOURS)
    w4.keep({name: table[name].to_numpy()[-w4.BARS :] for name in workloads.COLUMNS})
    return "hourly BTC/USDT"


def series_of(candles: dict[str, np.ndarray], name: str) -> Series:
    """Return the bars of one timeframe."""
    made = w4.resample(candles, w4.TIMEFRAMES[name])
    columns = {column: made[column] for column in workloads.COLUMNS[1:]}
    frame = Timeframe.parse(name)
    return Series(Bars.of("BENCH", "BTC/USDT", frame, made["ts"], columns))


def walk(candles: dict[str, np.ndarray], settings: Settings, workers: int) -> list[WalkForward]:
    """Walk all scenarios of all timeframes; those of one timeframe share their columns."""
    found = []
    strategies = {scenario: load(STRATEGIES[scenario]) for scenario in w4.SCENARIOS}
    judges: dict[str, Evaluator] = {}
    for name in w4.TIMEFRAMES:
        series = series_of(candles, name)
        cache = ColumnCache(lock=threading.RLock())
        for scenario, strategy in strategies.items():
            judge = judges[scenario] = Evaluator(
                strategy, [series], settings, cache=cache, workers=workers,
                like=judges.get(scenario),
            )  # fmt: skip
            found.append(walk_forward(judge, COMBOS, folds_of(judge.span, count=w4.FOLDS)))
    return found


def main(repeats: int) -> None:
    """Measure on one thread and on two."""
    data = bring_hours()
    candles = w4.hours()
    base = Settings()
    chosen = replace(base, engine=replace(base.engine, initial_cash=w4.CASH))
    for workers in (1, 2):

        def work(workers: int = workers) -> dict[str, float]:
            found = walk(candles, chosen, workers)
            return {
                "trades": float(sum(one.trades for one in found)),
                "equity": float(np.mean([one.equity[-1] for one in found])),
            }

        label = f"{data}, {workers} thread{'s' if workers > 1 else ''}"
        case = Case(OURS, __version__, "W4", label, "bars", w4.units(candles))
        measure(case, work, repeats=repeats)


if __name__ == "__main__":
    main(int(sys.argv[2]))
