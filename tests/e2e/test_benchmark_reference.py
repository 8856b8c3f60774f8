"""The benchmark's market, traded by its own reference in plain Python and by Ballast: the same."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ballast.core.bars import Bars
from ballast.core.instrument import Instrument
from ballast.core.settings import Settings
from ballast.core.time import Timeframe
from ballast.research.run import backtest
from ballast.research.series import Series
from ballast.strategies import all_in
from ballast.strategies.catalog import load

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
CASH, FEE, SLIP, SHARE = 1e8, 0.0007, 0.0001, 0.95
ROWS = 200_000


def workloads() -> ModuleType:
    spec = importlib.util.spec_from_file_location("workloads", ROOT / "bench/peers/workloads.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def average(values: list[float], length: int) -> list[float]:
    weight, found = 2.0 / (length + 1.0), [values[0]]
    for value in values[1:]:
        found.append(weight * value + (1.0 - weight) * found[-1])
    return found


def ranges(high: list[float], low: list[float], close: list[float]) -> list[float]:
    found = [high[0] - low[0]]
    for h, l, before in zip(high[1:], low[1:], close, strict=False):
        true = max(h - l, abs(h - before), abs(l - before))
        found.append((found[-1] * 13 + true) / 14)
    return found


def reference(data: dict[str, Any]) -> tuple[list[tuple[int, int]], float]:  # noqa: C901
    """Cross 9/21, stop 3 ATR, trail 5.5 ATR armed at 5.5 ATR; fills at the next open, costs."""
    o, h, l, c = (data[name].tolist() for name in ("open", "high", "low", "close"))
    fast, slow, atr = average(c, 9), average(c, 21), ranges(h, l, c)
    cash, qty, entry, stop, best, away = CASH, 0.0, 0.0, 0.0, 0.0, 0.0
    opening = closing = False
    began, trades = -1, []
    for i in range(len(c)):
        leave = 0.0
        if opening:
            entry = o[i] * (1 + SLIP)
            qty = SHARE * cash / entry
            cash -= qty * entry * (1 + FEE)
            stop, best, began, opening = entry - 3.0 * away, entry, i, False
        elif closing:
            leave, closing = o[i], False
        if qty and not leave:
            level = stop
            if best >= entry + 5.5 * away:
                level = max(level, best - 5.5 * away)
            if l[i] <= level:
                leave = min(o[i], level)
        if leave:
            cash += qty * leave * (1 - SLIP) * (1 - FEE)
            trades.append((began, i))
            qty = 0.0
        if qty:
            best = max(best, h[i])
        if i and qty and fast[i - 1] >= slow[i - 1] and fast[i] < slow[i]:
            closing = True
        elif i and not qty and fast[i - 1] <= slow[i - 1] and fast[i] > slow[i]:
            opening, away = True, atr[i]
    return trades, cash + qty * c[-1]


@pytest.mark.slow
def test_benchmark_trades_and_equity_are_those_of_the_plain_reference() -> None:
    """W1 of `make bench` with every rule of the gate off: trade by trade, equity to 1e-8."""
    made = workloads()
    data = made.make_market(ROWS, made.W1_SEED)
    bars = Bars.of(
        "BENCH",
        "BTC/USDT",
        Timeframe.parse("1m"),
        np.asarray(data["ts"], np.int64),
        {name: data[name] for name in ("open", "high", "low", "close", "volume")},
    )
    grain = Decimal("0.000001")
    rules = Instrument("BENCH", "BTC/USDT", "BTC", "USDT", tick=grain, lot=grain)
    base = Settings()
    settings = replace(
        base,
        engine=replace(base.engine, initial_cash=CASH),
        risk=replace(base.risk, enforce=False),
        costs=replace(base.costs, slip_fraction=SLIP, participation=0.0, taker=FEE, maker=FEE),
    )
    plain = load("ema_cross")
    sized = replace(plain.construction, size=all_in(SHARE, i_accept_ruin=True))
    run = backtest(replace(plain, construction=sized), [Series(bars, rules)], settings=settings).run
    trades, equity = reference(data)
    closed = [row for row in run.trades if row.reason != 16]
    assert len(trades) > 2_000
    assert [(int(row.entry_bar), int(row.exit_bar)) for row in closed] == trades
    assert float(run.account.equity) == pytest.approx(equity, rel=1e-8)
