"""A backtest asks nobody: fees are those of its dated schedule (R-COST-03, A-BT-02)."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.fakes.runs import flat_bars, scripted

from ballast.core.instrument import FeeRate
from ballast.core.settings import CostSettings, RiskSettings, Settings
from ballast.research.run import backtest
from ballast.research.series import Series
from ballast.strategies import fixed_qty, no_stop, no_trail


def test_fees_come_from_the_schedule_and_no_line_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """R-COST-03: 0.1 % until the change, 0.2 % after it, with every socket of the process shut."""

    def shut(*_: Any, **__: Any) -> None:
        raise AssertionError("a backtest opens a connection")

    monkeypatch.setattr(socket.socket, "connect", shut)
    monkeypatch.setattr(socket, "getaddrinfo", shut)
    plain = Series(flat_bars([100.0] * 120, symbol="A"))
    change_ms = int(plain.bars.ts[90])
    fees = (FeeRate(0, 0.001, 0.001), FeeRate(change_ms, 0.002, 0.002))
    dated = Series(plain.bars, replace(plain.rules, fees=fees))
    orders = {"A": {60: "L", 63: "l", 100: "L", 103: "l"}}
    even = RiskSettings(scale_streak=1.0, scale_drawdown=False)
    run = backtest(
        scripted(orders, size=fixed_qty(10.0), stop=no_stop(), trail=no_trail()),
        [dated],
        settings=Settings(costs=CostSettings(slip_fraction=0.0), risk=even),
    ).run
    fills = run.fills.view(np.recarray)
    assert fills.fee.tolist() == pytest.approx([1.0, 1.0, 2.0, 2.0])
