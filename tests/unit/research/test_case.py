"""A case is the backtest itself, and stays so when something about it changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.fakes.runs import flat_bars, scripted, series_of

from ballast.core.errors import DataError, StrategyError, UserError
from ballast.core.records import Signal
from ballast.core.settings import Settings
from ballast.research.case import FIGURES, Case, rebuilt
from ballast.research.run import backtest
from ballast.research.series import Series
from ballast.research.spread import Spread, p_value, require_some
from ballast.research.sweep_row import METRICS
from ballast.strategies import close, strategy
from ballast.strategies.catalog import load


def dear(settings: Settings) -> Settings:
    return replace(settings, costs=replace(settings.costs, slip_fraction=0.003))


@pytest.mark.parametrize("perpetual", [False, True])
def test_a_case_runs_as_a_backtest_does(perpetual: bool) -> None:
    series = series_of(1_500, symbols=("BTCUSDT", "ETHUSDT"), perpetual=perpetual)
    case = Case(load("momentum"), series, params={"window": 10})
    wanted = backtest(load("momentum"), series, params={"window": 10}).run
    for name in ("fills", "trades", "equity", "daily", "refusals"):
        assert getattr(case.run(), name).tobytes() == getattr(wanted, name).tobytes()
    outcome = case.outcome()
    assert outcome.total_return == wanted.account.equity / wanted.account.initial - 1.0
    assert outcome.trades == wanted.account.trades - np.count_nonzero(wanted.positions["lots"])
    assert set(FIGURES) <= set(METRICS)


def test_a_changed_case_is_the_case_made_with_the_change() -> None:
    series = series_of(1_500)
    other = series_of(1_500, seed=8)
    case = Case(load("ema_cross"), series)
    assert case.changed(settings=dear).outcome() == Case(
        load("ema_cross"), series, settings=dear(Settings())
    ).outcome()  # fmt: skip
    assert case.changed(series=other).outcome() == Case(load("ema_cross"), other).outcome()
    assert case.changed(params={"fast": 5}).outcome() == Case(
        load("ema_cross"), series, params={"fast": 5}
    ).outcome()  # fmt: skip
    assert case.changed(settings=dear).outcome() != case.outcome()
    assert case.outcome() == Case(load("ema_cross"), series).outcome()


def test_settings_of_single_symbols_change_too() -> None:
    series = series_of(1_500, symbols=("BTCUSDT", "ETHUSDT"))
    own = {"ETHUSDT": replace(Settings(), costs=replace(Settings().costs, slip_fraction=0.001))}
    case = Case(load("ema_cross"), series, symbol_settings=own)
    assert case.changed(settings=dear).symbol_settings["ETHUSDT"].costs.slip_fraction == 0.003


def test_other_signals_replace_those_of_the_strategy() -> None:
    bars = flat_bars(100.0 + np.arange(120) % 7)
    case = Case(scripted({"BTCUSDT": {60: "L", 63: "l"}}), [Series(bars)])
    signals = np.zeros(120, np.uint8)
    signals[70], signals[75] = Signal.ENTER_LONG, Signal.EXIT_LONG
    trades = case.run(signals).trades
    assert [(int(t["decided_bar"]), int(t["exit_bar"])) for t in trades] == [(70, 76)]
    assert [int(t["decided_bar"]) for t in case.run().trades] == [60]


def test_a_delay_moves_entry_and_exit() -> None:
    bars = flat_bars(100.0 + np.arange(120) % 7)
    case = Case(scripted({"BTCUSDT": {60: "L", 63: "l"}}), [Series(bars)])
    rows = [
        (int(t["entry_bar"]), int(t["exit_bar"]))
        for delay in (0, 2)
        for t in case.run(delay_bars=delay).trades
    ]
    assert rows == [(61, 64), (63, 66)]


def test_rebuilt_series_take_marks_and_fundings_from_the_new_bars() -> None:
    (one,) = series_of(800, perpetual=True)
    made = rebuilt(one, one.bars.slice(0, 400))
    assert made.mark is None
    assert np.isnan(made.funding["mark"]).all()
    assert not np.isnan(one.funding["mark"]).any()
    assert made.rules is one.rules


def nan_at(row: int) -> Series:
    (one,) = series_of(800)
    spoilt = one.bars.close.copy()
    spoilt[row] = np.nan
    return replace(one, bars=replace(one.bars, close=spoilt))


@pytest.mark.parametrize(
    ("series", "line"),
    [
        (nan_at(17), r"close is nan at bar 17 .*; expected prices above 0"),
        (Series(replace(flat_bars([5.0] * 99), high=np.full(99, 5.0), low=np.full(99, 5.0))),
         r"the price never changes"),
        (Series(flat_bars([5.0, 6.0] * 10)), r"20 bars are too few for ema_cross"),
    ],
)  # fmt: skip
def test_bad_data_is_refused_in_one_line(series: Series, line: str) -> None:
    with pytest.raises(DataError, match=line) as caught:
        Case(load("ema_cross"), [series])
    assert "\n" not in caught.value.line()


def test_a_strategy_that_never_trades_is_told_why() -> None:
    silent = Case(strategy("silent", enter_long=close < 0), series_of(800))
    with pytest.raises(StrategyError, match=r"silent: never trades.*no entry signal"):
        silent.require_trades()
    short = Case(strategy("short", enter_short=close > 0), series_of(800))
    with pytest.raises(StrategyError, match=r"never trades.*refused: spot_cannot_short"):
        short.require_trades()


def test_a_spread_is_what_numpy_says() -> None:
    values = [3.0, -1.0, 2.0, 0.0, 5.0]
    spread = Spread.of(values)
    assert (spread.worst, spread.median, spread.best, spread.positive) == (-1.0, 2.0, 5.0, 0.6)
    assert spread.mean == np.mean(values)
    assert (spread.low, spread.high) == tuple(np.percentile(values, (5, 95)))
    assert spread.values == tuple(values)


@pytest.mark.parametrize(
    ("found", "chance", "wanted"),
    [(3.0, [1.0, 2.0], 1 / 3), (2.0, [1.0, 2.0], 2 / 3), (0.0, [1.0, 2.0, 3.0], 1.0)],
)
def test_a_p_value_counts_the_real_result_too(
    found: float, chance: list[float], wanted: float
) -> None:
    """Phipson and Smyth 2010: with B permutations the least is 1 / (B + 1), ties count against."""
    assert p_value(found, chance) == wanted


def test_a_test_that_tries_nothing_is_refused() -> None:
    with pytest.raises(UserError, match="0 seeds"):
        require_some(0, "seeds")
