"""Ballast's own lines of `make bench`: `bench_kernel.py w1|w2|w3 REPEATS`.

w1: one run, indicators and signals included, safety gate as asked by the variant. w2: a sweep. w3:
an on-bar Python class, ten symbols on one clock.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from format import OURS, Case, measure
from peers import workloads

from ballast import __version__
from ballast.core.bars import Bars
from ballast.core.settings import Settings
from ballast.core.time import Timeframe
from ballast.kernel.run import simulate
from ballast.research.assembly import assemble
from ballast.research.grid import Grid
from ballast.research.run import legs_of
from ballast.research.series import Series
from ballast.research.sweep import SweepRequest, sweep
from ballast.strategies.catalog import load
from ballast.strategies.custom import ClassStrategy, OnBarStrategy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.strategies.plan import AnyStrategy
    from ballast.strategies.view import BarView

CASH = 1e8
SYMBOLS = 10


def bars_of(data: Any, symbol: str = "BTC/USDT") -> Bars:  # noqa: ANN401 - arrays by name
    """Return a workload's arrays as bars."""
    names = ("open", "high", "low", "close", "volume")
    return Bars.of(
        "BENCH",
        symbol,
        Timeframe.parse("1m"),
        np.asarray(data["ts"], np.int64),
        {name: data[name] for name in names},
    )


def settings(*, gate: bool) -> Settings:
    """Return the default settings with the benchmark's cash; without the gate every rule is off."""
    base = Settings()
    return replace(
        base,
        engine=replace(base.engine, initial_cash=CASH),
        risk=replace(base.risk, enforce=gate, drawdown_kill=0.15, hard_bounds=False),
        costs=replace(base.costs, slip_fraction=0.0001, participation=0.0),
    )


def endless(chosen: Settings) -> Settings:
    """Return the gate with every rule evaluated, and kill switch, streak and caps out of reach.

    A run that its kill switch ends early would be a fast run of nothing.
    """
    risk = replace(
        chosen.risk,
        enforce=True,
        drawdown_kill=0.999,
        daily_loss=0.99,
        rolling_drawdown=0.999,
        loss_streak=1_000_000,
        loss_cooldown_ms=1,
        entry_spacing_ms=1,
        entries_hour=60,
        entries_day=64,
        reward_risk=0.001,
    )
    return replace(chosen, risk=risk)


def one_run(
    strategy: AnyStrategy, series: Sequence[Series], chosen: Settings, *, record: bool
) -> dict[str, float]:
    """Run once from bars to books: indicators, signals, simulation."""
    market = assemble(legs_of(strategy, series, None, chosen))
    run = simulate(market, CASH, record=record)
    return {"trades": float(run.account.trades), "equity": float(run.account.equity)}


def w1(repeats: int) -> None:
    """One run over 1,051,200 one-minute bars."""
    series = [Series(bars_of(workloads.load("w1")))]
    strategy = load("ema_cross")
    rows = len(series[0].bars)
    plain, gated = settings(gate=False), endless(settings(gate=True))
    for name, chosen, record in (
        ("rules off, equity kept", plain, True),
        ("rules on, equity kept", gated, True),
        ("rules on, daily equity", gated, False),
    ):
        case = Case(OURS, __version__, "W1", name, "bars", rows)
        measure(
            case,
            lambda chosen=chosen, record=record: one_run(strategy, series, chosen, record=record),
            repeats=repeats,
        )


def w2(repeats: int) -> None:
    """A sweep of 1,000 combinations over 100,000 bars, on one and on two threads."""
    series = Series(bars_of(workloads.load("w1", workloads.W2_BARS)))
    strategy = load("ema_cross")
    axes = {
        "fast": [float(v) for v in workloads.W2_FAST],
        "slow": [float(v) for v in workloads.W2_SLOW],
        "stop": [float(v) for v in workloads.W2_STOP],
    }
    grid = Grid(axes)
    for name, chosen in (
        ("rules off", settings(gate=False)),
        ("rules on", endless(settings(gate=True))),
    ):
        for workers in (1, 2):

            def work(chosen: Settings = chosen, workers: int = workers) -> dict[str, float]:
                with tempfile.TemporaryDirectory() as folder:
                    request = SweepRequest(strategy, grid, [(series,)], chosen, workers)
                    found = sweep(request, Path(folder))
                    return {"rows": float(found.table.num_rows)}

            label = f"{name}, {workers} thread{'s' if workers > 1 else ''}"
            measure(
                Case(OURS, __version__, "W2", label, "combinations", len(grid)),
                work,
                repeats=repeats,
            )


class OnBarCross(OnBarStrategy):
    """A cross of two averages of the close, in plain Python, one call a bar."""

    def __init__(self, p: Any) -> None:  # noqa: ANN401 - numbers by name
        super().__init__(p)
        self.fast = self.slow = 0.0
        self.above = False

    def on_bar(self, view: BarView) -> int | None:
        """Enter on a cross up, leave on a cross down."""
        price = view.close
        self.fast += (price - self.fast) * 0.2
        self.slow += (price - self.slow) * 0.05
        above = self.fast > self.slow
        if above == self.above:
            return None
        self.above = above
        return 1 if above else 2


def w3(repeats: int) -> None:
    """An on-bar Python class on one symbol; a formula on ten symbols that share one clock."""
    gated = endless(settings(gate=True))
    one = [Series(bars_of(workloads.load("w1")))]
    case = Case(OURS, __version__, "W3", "on-bar Python class", "bars", len(one[0].bars))
    measure(
        case, lambda: one_run(ClassStrategy(OnBarCross), one, gated, record=True), repeats=repeats
    )
    markets = [workloads.load(f"symbol_{place:02d}") for place in range(SYMBOLS)]
    ten = [Series(bars_of(data, f"S{place}/USDT")) for place, data in enumerate(markets)]
    rows = sum(len(part.bars) for part in ten)
    measure(
        Case(OURS, __version__, "W3", "ten symbols on one clock", "bars", rows),
        lambda: one_run(load("ema_cross"), ten, gated, record=True),
        repeats=repeats,
    )


if __name__ == "__main__":
    {"w1": w1, "w2": w2, "w3": w3}[sys.argv[1]](int(sys.argv[2]))
