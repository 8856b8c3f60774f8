"""The acceptance cases of the strategies: A-DATA-10 to A-DATA-14."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.unit.strategies.bars import bars_of, walk

from ballast.core.bars import Bars
from ballast.core.errors import DataError
from ballast.core.records import PLAN, Level, Signal
from ballast.features.indicators import registry
from ballast.strategies import close, sma, strategy
from ballast.strategies.catalog import load
from ballast.strategies.plan import compile_plan

if TYPE_CHECKING:
    from ballast.strategies.definition import Strategy

BUY, SELL = int(Signal.ENTER_LONG), int(Signal.ENTER_SHORT)


def bits(strategy: Strategy, bars: Bars, **params: float) -> list[int]:
    """Return the entry bits of each bar."""
    plan = compile_plan(strategy, params)
    columns = plan.evaluate({bars.symbol: bars}, bars.symbol)
    return [int(row) & (BUY | SELL) for row in columns.signals]


def test_199_daily_bars_and_sma_200_give_no_signal() -> None:
    """A-DATA-10, R-IND-13: not enough history is silence in live evaluation, an error in a run."""
    above = strategy("above", enter_long=close > sma(200))
    rising = bars_of(np.linspace(100, 200, 200))
    assert not any(bits(above, rising.slice(0, 199)))
    assert bits(above, rising)[-1] == BUY
    with pytest.raises(DataError, match=r"199 bars are too few.*at least 200 \(warm-up 199\)"):
        compile_plan(above).columns({"A/USDT": rising.slice(0, 199)}, "A/USDT")


def test_a_run_needs_fifty_bars_whatever_the_warm_up() -> None:
    """R-IND-13: the absolute floor."""
    plan = compile_plan(load("buy_and_hold"))
    assert plan.warmup == 0
    with pytest.raises(DataError, match="at least 50"):
        plan.columns({"A/USDT": walk(49)}, "A/USDT")
    assert plan.columns({"A/USDT": walk(50)}, "A/USDT").signals[0] == BUY


@pytest.mark.parametrize(
    ("gain", "count", "wanted"),
    [(0.021, 21, BUY), (-0.021, 21, SELL), (0.019, 21, 0), (-0.019, 21, 0), (0.021, 20, 0)],
)
def test_momentum_fires_on_a_return_over_twenty_bars(gain: float, count: int, wanted: int) -> None:
    """A-DATA-12: +2.1 % BUY, -2.1 % SELL, 1.9 % none, 20 bars only none."""
    closes = np.full(21, 100.0)
    closes[20] = 100.0 * (1 + gain)
    assert bits(load("momentum"), bars_of(closes[21 - count :]))[-1] == wanted


def test_momentum_says_it_once_while_it_lasts() -> None:
    """K-14: an edge, not a signal on every bar."""
    closes = np.concatenate([np.full(30, 100.0), np.linspace(100, 130, 30)])
    assert bits(load("momentum"), bars_of(closes)).count(BUY) == 1


def enhanced_bars(count: int, *, side: int = 1) -> Bars:
    """Bars whose 10-bar mean leaves the 30-bar mean, with a true range of exactly 2."""
    steps = np.maximum(np.arange(count) - count + 12, 0)
    return bars_of(100.0 + side * 0.6 * steps, spread=0.7)


@pytest.mark.parametrize(("side", "wanted"), [(1, BUY), (-1, SELL)])
def test_enhanced_momentum_needs_44_bars(side: int, wanted: int) -> None:
    """A-DATA-13, R-STRAT-20: 43 bars none, 44 bars a signal."""
    bars = enhanced_bars(44, side=side)
    means = [registry.get("sma").compute((bars.close,), (n,))[0][-1] for n in (10.0, 30.0)]
    assert side * (means[0] - means[1]) / means[1] > 0.02
    assert bits(load("enhanced_momentum"), bars)[-1] == wanted
    assert not any(bits(load("enhanced_momentum"), bars.slice(1, 44)))


def test_enhanced_momentum_stop_and_target_are_two_to_one() -> None:
    """A-DATA-13: price 100, ATR 2, factor 2: 96 and 108; short 104 and 92."""
    row = np.zeros(1, PLAN)[0]
    compile_plan(load("enhanced_momentum")).construction.fill(row)
    atr, price = 2.0, 100.0
    assert (row["stop_kind"], row["take_kind"][0], row["trail_kind"]) == (Level.ATR, Level.ATR, 0)
    stop, take = row["stop_value"] * atr, row["take_value"][0] * atr
    assert (price - stop, price + take) == (96.0, 108.0)
    assert (price + stop, price - take) == (104.0, 92.0)
    assert (row["take_count"], row["take_fraction"][0], row["use_confidence"]) == (1, 1.0, 1)


def test_confidence_rises_with_momentum_and_never_saturates() -> None:
    """A-DATA-14, X-39: it varies over the tradeable range, so the gate means something."""
    plan = compile_plan(load("enhanced_momentum"))
    found = []
    for slope in np.linspace(0.3, 3.0, 12):
        steps = np.maximum(np.arange(60) - 45, 0)
        bars = bars_of(100.0 + slope * steps, spread=0.0)
        # one true range for all slopes: what changes is the momentum alone
        bars = Bars.of(
            "TEST", "A/USDT", bars.timeframe, bars.ts,
            {"open": bars.open, "close": bars.close, "volume": bars.volume,
             "high": bars.close + 3.0, "low": bars.close - 3.0},
        )  # fmt: skip
        found.append(float(plan.evaluate({"A/USDT": bars}, "A/USDT").confidence[-1]))
    assert all(a < b for a, b in itertools.pairwise(found)), found
    assert 0.2 < found[0] < 0.65 < found[-1] < 1.0


# ---------------------------------------------------------------- the four scenarios

SCENARIOS = ("stochrsi", "stochrsi_sma", "stochrsi_adx", "stochrsi_trix")


def columns_by_hand(bars: Bars) -> dict[str, np.ndarray]:
    """Return each indicator of the family, straight from the registry."""
    hlc = (bars.high, bars.low, bars.close)

    def of(name: str, *params: float) -> np.ndarray:
        definition = registry.get(name)
        inputs = hlc if definition.inputs == ("high", "low", "close") else (bars.close,)
        return definition.compute(inputs, definition.bind(*params))[0]

    year = bars.timeframe.bars_per_year
    return {
        "fast": of("ema", 9),
        "slow": of("ema", 21),
        "stoch": of("stochrsi", 14, 14),
        "rsi": of("rsi", 14),
        "macd": of("macd", 12, 26, 9) / bars.close,
        "z": of("hv_z", 20, 50, year),
        "sma": of("sma", 200),
        "adx": of("adx", 14),
        "trix": of("trix_hist", 9, 21),
    }


def conditions_by_hand(name: str, bars: Bars, *, short: bool) -> list[np.ndarray]:
    """Return every condition of a scenario as booleans, written out (R-STRAT-02 to 06)."""
    x = columns_by_hand(bars)
    s = -1 if short else 1
    low, high = (0.20, 0.95) if short else (0.05, 0.80)
    rows = [
        s * x["fast"] > s * x["slow"],
        (x["stoch"] > low) & (x["stoch"] < high),
        (x["rsi"] > 30) & (x["rsi"] < 70),
        s * x["macd"] > -0.0005,
        (x["z"] > -2) & (x["z"] < 2),
    ]
    if name == "stochrsi_sma":
        rows.append(s * bars.close > s * x["sma"])
    if name == "stochrsi_adx":
        rows.append(x["adx"] > 25)
    if name == "stochrsi_trix":
        rows.append(s * x["trix"] > 0)
    return rows


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario_fires_exactly_where_its_conditions_hold(name: str, short: bool) -> None:
    """A-DATA-11: on every bar where all hold, and on none where one fails."""
    bars = walk(20_000, 5)
    found = load(f"{name}_short" if short else name)
    rows = np.array(conditions_by_hand(name, bars, short=short))
    plan = compile_plan(found)
    rows[:, : plan.warmup] = False
    got = np.array(bits(found, bars)) != 0
    assert np.array_equal(got, rows.all(axis=0))
    assert got.sum() > 100
    for failing in range(len(rows)):  # each condition is the only one that fails somewhere
        others = np.delete(rows, failing, axis=0).all(axis=0)
        assert (others & ~rows[failing]).any(), failing


@pytest.mark.parametrize(
    ("switch", "condition"), [("use_stoch", 1), ("use_rsi", 2), ("use_macd", 3), ("use_hv", 4)]
)
def test_each_filter_can_be_switched_off(switch: str, condition: int) -> None:
    """R-STRAT-14, X-18: without its filter a strategy fires where only that condition failed."""
    bars = walk(20_000, 5)
    rows = np.array(conditions_by_hand("stochrsi", bars, short=False))
    plan = compile_plan(load("stochrsi"), {switch: 0})
    without = np.delete(rows, condition, axis=0).all(axis=0)
    without[: plan.warmup] = False
    assert np.array_equal(np.array(bits(load("stochrsi"), bars, **{switch: 0})) != 0, without)


def test_signal_exit_needs_a_turn_and_stochrsi_above_its_level() -> None:
    """R-STRAT-10, U-02; R-STRAT-11, R-ARCH-17: the exit may be switched off in the construction."""
    bars = walk(5_000, 5)
    x = columns_by_hand(bars)
    wanted = (x["fast"] < x["slow"]) & (x["stoch"] > 0.20)
    plan = compile_plan(load("stochrsi"))
    wanted[: plan.warmup] = False
    signals = plan.evaluate({"A/USDT": bars}, "A/USDT").signals
    assert np.array_equal((signals & Signal.EXIT_LONG) != 0, wanted)
    row = np.zeros(1, PLAN)[0]
    compile_plan(load("stochrsi"), {"close_on_signal": 0}).construction.fill(row)
    assert row["close_on_signal"] == 0


def test_family_construction_is_that_of_semantics_3() -> None:
    """R-STOP-01, 07, 08, 13, 14; X-46: shares are of the original quantity; U-06 is off."""
    row = np.zeros(1, PLAN)[0]
    compile_plan(load("stochrsi")).construction.fill(row)
    assert (row["stop_kind"], row["stop_value"]) == (Level.ATR, 3.0)
    assert (row["trail_activation"], row["trail_distance"], row["trail_adaptive"]) == (5.5, 5.5, 0)
    assert row["trail_floor_entry"] == 1
    assert row["take_kind"].tolist() == [Level.PERCENT, Level.PERCENT, 0, 0]
    assert row["take_value"].tolist() == [0.02, 0.04, 0.0, 0.0]
    assert row["take_fraction"].tolist() == [0.5, 0.3, 0.0, 0.0]
    assert (row["entry_limit_atr"], row["entry_ttl_bars"]) == (0.0, 1)
    sniper = {"sniper_atr": 0.25, "sniper_bars": 4}
    compile_plan(load("stochrsi"), sniper).construction.fill(row)
    assert (row["entry_limit_atr"], row["entry_ttl_bars"]) == (0.25, 4)
