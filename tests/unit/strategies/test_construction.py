"""Trade construction: what is written into the PLAN row, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ballast.core.errors import StrategyError
from ballast.core.records import PLAN, Intrabar, Level, Margin, Size
from ballast.strategies import (
    all_in,
    atr_stop,
    atr_trail,
    close,
    ema,
    fixed_notional,
    fixed_qty,
    kelly,
    lowest,
    no_stop,
    no_trail,
    param,
    params,
    percent_stop,
    percent_trail,
    pull_back,
    risk,
    stop_at,
    strategy,
    take,
    take_atr,
    take_r,
    volatility_target,
)
from ballast.strategies.construction import DEFAULTS
from ballast.strategies.plan import compile_plan

UP = close > ema(close, 9)


def filled(defaults: dict[str, float] | None = None, **rules: Any) -> np.void:
    row = np.zeros(1, PLAN)[0]
    made = strategy("made", enter_long=rules.pop("enter_long", UP), **rules)
    compile_plan(made, {}, defaults).construction.fill(row)
    return row


def test_what_is_not_said_is_the_default_of_semantics() -> None:
    """SEMANTICS 3 to 5: protected, 1 % of risk; partial exits are never implied."""
    row = filled()
    for name, value in DEFAULTS.items():
        assert row[name] == value, name
    assert (row["allow_long"], row["allow_short"], row["take_count"]) == (1, 0, 0)
    assert (row["stop_value"], row["trail_distance"], row["size_value"]) == (3.0, 5.5, 0.01)


def test_every_field_of_the_row_is_written() -> None:
    """A row used for one strategy and then for another keeps nothing of the first."""
    row = np.zeros(1, PLAN)[0]
    busy = strategy(
        "busy",
        enter_short=UP,
        takes=[take(0.01, 0.2)] * 4,
        confidence=1.0,
        volatility=close,
        entry_limit=pull_back(),
        trail=atr_trail(2.0, adaptive=True),
    )
    compile_plan(busy).construction.fill(row)
    compile_plan(strategy("made", enter_long=UP)).construction.fill(row)
    assert row == filled()


def test_settings_of_the_run_replace_defaults_and_yield_to_the_strategy() -> None:
    row = filled({"stop_value": 2.0, "size_mode": Size.KELLY, "leverage": 3.0}, stop=atr_stop(4.0))
    assert (row["stop_value"], row["size_mode"], row["size_value"]) == (4.0, Size.KELLY, 0.25)
    assert row["leverage"] == 3.0


@pytest.mark.parametrize(
    ("size", "mode", "value", "in_quote"),
    [
        (risk(), Size.RISK, 0.01, 0),
        (risk(0.02), Size.RISK, 0.02, 0),
        (fixed_notional(in_quote=True), Size.FIXED_NOTIONAL, 0.10, 1),
        (volatility_target(), Size.VOLATILITY_TARGET, 0.005, 0),
        (kelly(), Size.KELLY, 0.25, 0),
        (fixed_qty(3), Size.FIXED_QTY, 3.0, 0),
        (all_in(i_accept_ruin=True), Size.ALL_IN, 0.95, 1),
    ],
)
def test_sizing_modes(size: Any, mode: Size, value: float, in_quote: int) -> None:
    """R-SIZE-01: every mode, with its own default number."""
    row = filled(size=size)
    assert (row["size_mode"], row["size_value"], row["size_in_quote"]) == (mode, value, in_quote)


def test_all_in_is_refused_without_its_flag() -> None:
    """R-SIZE-03: the greatest single danger of the audited systems."""
    with pytest.raises(StrategyError, match=r"almost everything.*i_accept_ruin"):
        strategy("made", enter_long=UP, size=all_in())


def test_stops_and_trails() -> None:
    assert filled(stop=percent_stop(0.05))["stop_kind"] == Level.PERCENT
    row = filled(stop=stop_at(lowest(10)))
    assert (row["stop_kind"], row["stop_value"]) == (Level.COLUMN, 0.0)
    assert (filled(stop=no_stop())["stop_kind"], filled(trail=no_trail())["trail_kind"]) == (0, 0)
    row = filled(trail=atr_trail(4.0))
    assert (row["trail_distance"], row["trail_activation"]) == (4.0, 4.0)
    row = filled(trail=atr_trail(4.0, 0, adaptive=True, floor_entry=False))  # from entry
    assert (row["trail_activation"], row["trail_adaptive"], row["trail_floor_entry"]) == (0, 1, 0)
    row = filled(trail=percent_trail(0.03, 0.05))
    assert (row["trail_kind"], row["trail_distance"]) == (Level.PERCENT, 0.03)


def test_takes_limits_and_the_rest() -> None:
    row = filled(
        takes=[take(0.02, 0.5), take_atr(3, 0.25), take_r(2, 0.25)],
        entry_limit=pull_back(0.25, 3),
        latency_bars=2,
        break_even_r=1.0,
        exit_after="2h",
        exit_after_bars=48,
        position_drawdown=0.05,
        leverage=5,
        margin="cross",
        trigger="mark",
        intrabar="path",
        touch_fills=True,
        stop_before_exit=True,
        entry_bar_exposed=False,
        close_on_signal=False,
        confidence=0.7,
    )
    assert row["take_kind"].tolist() == [Level.PERCENT, Level.ATR, Level.R, 0]
    assert row["take_fraction"].tolist() == [0.5, 0.25, 0.25, 0.0]
    assert (row["entry_limit_atr"], row["entry_ttl_bars"], row["latency_bars"]) == (0.25, 3, 2)
    assert (row["breakeven_r"], row["exit_after_ms"], row["exit_after_bars"]) == (1, 7_200_000, 48)
    assert (row["position_drawdown"], row["leverage"], row["margin"]) == (0.05, 5, Margin.CROSS)
    assert (row["trigger_mark"], row["intrabar"], row["touch_fills"]) == (1, Intrabar.PATH, 1)
    assert (row["stop_before_exit"], row["entry_bar_exposed"], row["close_on_signal"]) == (1, 0, 0)
    assert (row["use_confidence"], row["use_volatility"]) == (1, 0)


def test_direction_closes_a_side() -> None:
    """R-STRAT-18."""
    assert filled(enter_short=UP)["allow_short"] == 1
    row = filled(enter_short=UP, direction="long")
    assert (row["allow_long"], row["allow_short"]) == (1, 0)


def test_numbers_may_be_parameters_and_sums_of_them() -> None:
    p = params(factor=param(2.0, 0.5, 9.0))
    made = strategy(
        "made", params=p, enter_long=UP, stop=atr_stop(p.factor), takes=take_atr(p.factor * 2)
    )
    row = np.zeros(1, PLAN)[0]
    compile_plan(made, {"factor": 3}).construction.fill(row)
    assert (row["stop_value"], row["take_value"][0], row["take_fraction"][0]) == (3.0, 6.0, 1.0)


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"takes": [take(0.02, 0.6), take(0.04, 0.5)]}, "takes sell 110%.*at most 100 %"),
        ({"takes": [take(0.02, 0.1)] * 5}, "5 takes.*at most 4"),
        ({"takes": [atr_stop(1)]}, r"takes has .*take\(0.02, 0.5\)"),
        ({"stop": 3.0}, r"stop = 3.0.*atr_stop\(3.0\)"),
        ({"stop": atr_stop(0)}, "stop_value = 0"),
        ({"stop": atr_stop(-1)}, "stop_value = -1"),
        ({"trail": atr_trail(-5.5)}, "trail_distance = -5.5"),
        ({"takes": take(-0.02)}, "take_value = -0.02"),
        ({"takes": take(0.02, 0)}, "take_fraction = 0"),
        ({"leverage": 0.5}, "leverage = 0.5.*1 to 125"),
        ({"leverage": 126}, "leverage = 126"),
        ({"latency_bars": 1.5}, "latency_bars = 1.5.*whole"),
        ({"exit_after_bars": -1}, "exit_after_bars = -1"),
        ({"margin": "croos"}, "margin = 'croos'.*did you mean 'cross'"),
        ({"direction": "sideways"}, "direction = 'sideways'.*long, short, both"),
        ({"intrabar": "best"}, "intrabar = 'best'"),
        ({"exit_after": "2 h"}, "'2 h' is not a timeframe"),
        ({"touch_fills": 1}, "touch_fills = 1.*True or False"),
        ({"trial": no_trail()}, "no argument 'trial'.*did you mean 'trail'"),
        ({"exit_long": close}, "exit_long is a number for each bar.*compare it"),
        ({"require": [close > 1]}, "require is a yes or no for each bar"),
        ({"enter_long": 1.0}, "enter_long is a number"),
    ],
)
def test_nonsense_is_one_line(rules: dict[str, Any], words: str) -> None:
    with pytest.raises(Exception, match=words) as caught:
        filled(**rules)
    assert "\n" not in str(caught.value)


def test_a_strategy_needs_a_name_and_an_entry() -> None:
    with pytest.raises(StrategyError, match="not a strategy name"):
        strategy("My Strategy", enter_long=UP)
    with pytest.raises(StrategyError, match="no entry"):
        strategy("made", exit_long=UP)
    p = params(fast=param(9))
    with pytest.raises(StrategyError, match=r"p.fast is used but not declared.*params=p"):
        strategy("made", enter_long=close > ema(p.fast))
