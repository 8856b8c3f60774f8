"""Classes as strategies: the same plan, the same columns, one line for every mistake."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.unit.strategies.bars import walk

from ballast.core.bars import SEGMENT_END, Bars
from ballast.core.errors import StrategyError
from ballast.core.records import PLAN, Level, Signal
from ballast.strategies import (
    OnBarStrategy,
    Signals,
    SignalStrategy,
    atr_first,
    atr_stop,
    close,
    param,
    params,
    stop_at,
    strategy,
    trade,
)
from ballast.strategies.cache import ColumnCache
from ballast.strategies.custom import ClassStrategy
from ballast.strategies.plan import CompiledStrategy, compile_plan
from ballast.strategies.view import BarView

UP, DOWN = Signal.ENTER_LONG, Signal.EXIT_LONG


class Turn(SignalStrategy):
    """Long when the close rises above that of `lag` bars ago."""

    name = "turn"
    params = params(lag=param(3, 1, 20))
    trade = trade(stop=atr_stop(2.0), atr=atr_first(14))

    def warmup(self) -> int:
        return int(self.p["lag"])

    def signals(self, bars: Bars) -> Signals:
        lag = int(self.p["lag"])
        before = np.concatenate([np.full(lag, np.nan), bars.close[:-lag]])
        return Signals(enter_long=bars.close > before, exit_long=bars.close < before)


class TurnBars(OnBarStrategy):
    """The same, bar by bar."""

    name = "turn_bars"
    params = Turn.params
    trade = Turn.trade

    def warmup(self) -> int:
        return int(self.p["lag"])

    def on_bar(self, view: BarView) -> int | None:
        lag = int(self.p["lag"])
        if view.index < lag:
            return None
        before = view.at("close", view.index - lag)
        if view.close == before:
            return None
        return UP if view.close > before else DOWN


def test_class_and_formula_say_the_same() -> None:
    """One plan interface: a class, an on-bar class and a formula are interchangeable."""
    bars = walk(500)
    bars = bars.with_flags(np.where(np.arange(500) == 250, SEGMENT_END, 0).astype(np.uint8))
    formula = strategy(
        "turn",
        enter_long=close > close.shift(4),
        exit_long=close < close.shift(4),
        stop=atr_stop(2.0),
        atr=atr_first(14),
    )
    rows = []
    for form, chosen in (
        (formula, {}),
        (ClassStrategy(Turn), {"lag": 4}),
        (ClassStrategy(TurnBars), {"lag": 4}),
    ):
        plan = compile_plan(form, chosen)
        columns = plan.columns({"A/USDT": bars}, "A/USDT")
        row = np.zeros(1, PLAN)[0]
        plan.construction.fill(row)
        rows.append(
            (plan.warmup, row["stop_value"], columns.signals.tolist(), columns.atr.tolist())
        )
    assert rows[0] == rows[1] == rows[2]
    assert rows[0][0] == 4


def test_a_class_is_cached_by_its_hash_and_its_numbers() -> None:
    market, cache = {"A/USDT": walk(300)}, ColumnCache()
    compiled = CompiledStrategy(ClassStrategy(Turn, "source"))
    first = compiled.plan({"lag": 4}).columns(market, "A/USDT", cache).signals
    assert compiled.plan({"lag": 4}).columns(market, "A/USDT", cache).signals is first
    assert compiled.plan({"lag": 5}).columns(market, "A/USDT", cache).signals is not first
    assert ClassStrategy(Turn, "source").hash != ClassStrategy(Turn, "other").hash
    assert ClassStrategy(Turn).name == "turn"
    assert ClassStrategy(Turn).sides == (True, True)


def test_a_class_may_give_stops_and_confidence() -> None:
    class WithStops(SignalStrategy):
        trade = trade(stop=stop_at(close), confidence=1.0, atr=atr_first(14), direction="long")

        def signals(self, bars: Bars) -> Signals:
            half = np.full(len(bars), 0.5)
            return Signals(enter_long=np.ones(len(bars)), stop=bars.low - 1, confidence=half)

    bars = walk(100)
    plan = compile_plan(ClassStrategy(WithStops))
    columns = plan.columns({"A/USDT": bars}, "A/USDT")
    assert np.array_equal(columns.stop, bars.low - 1)
    assert set(columns.confidence.tolist()) == {0.5}
    row = np.zeros(1, PLAN)[0]
    plan.construction.fill(row)
    assert (row["stop_kind"], row["allow_long"], row["allow_short"]) == (Level.COLUMN, 1, 0)


def failing(method: Any) -> ClassStrategy:
    class Failing(SignalStrategy):
        trade = trade(atr=1.0)
        signals = method

    return ClassStrategy(Failing)


@pytest.mark.parametrize(
    ("method", "words"),
    [
        (
            lambda _self, bars: Signals(enter_long=bars.close[1:] > 0),
            r"enter_long has shape \(99,\); expected \(100,\)",
        ),
        (lambda _self, bars: Signals(enter_long=bars.close), "enter_long is not yes or no"),
        (lambda _self, bars: bars.close > 0, "returned ndarray"),
        (
            lambda _self, _bars: 1 / 0,
            r"Failing.signals, line \d+ of test_custom.py: ZeroDivisionError",
        ),
    ],
)
def test_mistakes_of_a_class_are_one_line(method: Any, words: str) -> None:
    with pytest.raises(StrategyError, match=words):
        compile_plan(failing(method)).columns({"A/USDT": walk(100)}, "A/USDT")


def test_a_class_without_its_method_and_a_wrong_bit_are_refused() -> None:
    class Empty(SignalStrategy):
        pass

    class WrongBit(OnBarStrategy):
        trade = trade(atr=1.0)

        def on_bar(self, view: BarView) -> int | None:  # noqa: ARG002 - as the base class
            return 64

    class NoStart(OnBarStrategy):
        def __init__(self, p: Any) -> None:
            self.x = p["missing"]

        def on_bar(self, view: BarView) -> int | None:  # noqa: ARG002 - as the base class
            return None

    with pytest.raises(StrategyError, match=r"Empty has no method signals\(\)"):
        ClassStrategy(Empty)
    with pytest.raises(StrategyError, match=r"on_bar\(\) returned 64 at bar 0"):
        compile_plan(ClassStrategy(WrongBit)).columns({"A/USDT": walk(100)}, "A/USDT")
    with pytest.raises(StrategyError, match=r"NoStart.__init__.*KeyError: 'missing'"):
        compile_plan(ClassStrategy(NoStart)).columns({"A/USDT": walk(100)}, "A/USDT")


def test_the_view_shows_the_past_and_nothing_else() -> None:
    bars = walk(100)
    view = BarView(bars)
    view.move(10)
    assert (view.index, view.ts, view.close) == (10, bars.ts[10], bars.close[10])
    assert (view.open, view.high, view.low, view.volume) == (
        bars.open[10],
        bars.high[10],
        bars.low[10],
        bars.volume[10],
    )
    assert view.closes(3).tolist() == bars.close[8:11].tolist()
    assert view.highs(100).tolist() == bars.high[:11].tolist()
    assert (len(view.lows(2)), len(view.volumes(2))) == (2, 2)
    assert view.at("low", 0) == bars.low[0]
    for later in (11, -1):
        with pytest.raises(StrategyError, match="later bars are not known yet"):
            view.at("close", later)
    with pytest.raises(StrategyError, match="the last 0 bars"):
        view.closes(0)
