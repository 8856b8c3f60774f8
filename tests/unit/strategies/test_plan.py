"""Plans: warm-up, segments, synthetic bars, higher timeframes, other symbols."""

from __future__ import annotations

from functools import reduce
from operator import and_

import numpy as np
import pytest
from tests.unit.strategies.bars import START_MS, bars_of, walk

from ballast.core.bars import SEGMENT_END, SYNTHETIC, Bars
from ballast.core.errors import DataError, StrategyError
from ballast.core.records import Signal
from ballast.core.time import HOUR_MS, Timeframe
from ballast.strategies import (
    close,
    ema,
    first,
    hour,
    minute_of_day,
    month,
    of,
    on,
    rsi,
    shift,
    sma,
    stop_at,
    strategy,
    true,
    weekday,
)
from ballast.strategies.cache import ColumnCache, OneRun
from ballast.strategies.catalog import load, names
from ballast.strategies.compiling import Compiler, ScalarTable
from ballast.strategies.evaluation import Evaluation
from ballast.strategies.formulas import Expr, Params
from ballast.strategies.plan import CompiledStrategy, Plan, compile_plan

HOUR, FOUR = Timeframe.parse("1h"), Timeframe.parse("4h")
LONG = int(Signal.ENTER_LONG)


@pytest.mark.parametrize("name", names())
def test_declared_warm_up_is_the_observed_one(name: str) -> None:
    """SEMANTICS 1.4: on the last row of the warm-up some input is still unknown, then none is."""
    found = load(name)
    plan = compile_plan(found)
    bars = walk(600, 2)
    columns = plan.columns({"A/USDT": bars}, "A/USDT")
    assert not columns.signals[: plan.warmup].any()
    for column in (columns.atr, columns.confidence, columns.volatility):
        assert not np.isnan(column[plan.warmup :]).any()
    # A probe says yes where every signal is known: on no bar of its warm-up, on all after it.
    probe_entry = reduce(and_, (Expr(node) | ~Expr(node) for node in found.signals().values()))
    specs = Params(dict(found.params))
    probe = compile_plan(strategy("probe", params=specs, enter_long=probe_entry, atr=1.0))
    assert probe.warmup <= plan.warmup
    signals = unmasked(probe, bars)
    assert (signals[probe.warmup :] == LONG).all()
    assert probe.warmup == 0 or not (signals[: probe.warmup] == LONG).all()


def unmasked(plan: Plan, bars: Bars) -> np.ndarray:
    """Return the entry condition itself, before the warm-up is cleared."""
    node = plan.strategy.enter_long
    assert node is not None
    table = ScalarTable([node])
    cache = OneRun()
    evaluation = Evaluation(cache.frames(bars)[0], {}, table.resolve(plan.params), cache)
    return evaluation.condition(Compiler(table).root(node))


def test_warm_up_adds_up_along_the_tree() -> None:
    nested = strategy("nested", enter_long=sma(ema(close, 10), 20).shift(5).crosses_above(close))
    assert compile_plan(nested).warmup == 9 + 19 + 5 + 1
    switched = load("stochrsi_sma")
    short = {"use_hv": 0, "use_macd": 0, "use_rsi": 0, "use_stoch": 0, "use_exit_stoch": 0}
    assert compile_plan(switched, short | {"sma_period": 30}).warmup == 69  # volatility column
    assert compile_plan(switched, {"sma_period": 400}).warmup == 399


def test_warm_up_of_a_higher_timeframe_is_in_base_bars() -> None:
    above = strategy("above", enter_long=close > on("4h", sma(close, 3)))
    with pytest.raises(StrategyError, match="give the timeframe of the bars"):
        compile_plan(above)
    plan = compile_plan(above, timeframe=HOUR)
    assert plan.warmup == (2 + 2) * 4 - 2
    for shift_hours in range(4):  # the worst alignment is covered, whatever bar the data start on
        bars = walk(100, start_ms=START_MS + shift_hours * HOUR_MS)
        probe = strategy("probe", enter_long=on("4h", sma(close, 3)) > 0, atr=1.0)
        signals = compile_plan(probe, timeframe=HOUR).evaluate({"A/USDT": bars}, "A/USDT").signals
        assert (signals[14:] == LONG).all()
        assert not signals[:14].any()
    with pytest.raises(StrategyError, match=r"on\('4h', ...\) on bars of 1d"):
        _ = compile_plan(above, timeframe=Timeframe.parse("1d")).warmup


def column_of(expression: object, market: dict[str, Bars], symbol: str = "A/USDT") -> list[float]:
    made = strategy("made", enter_long=first(true), stop=stop_at(expression), atr=1.0)
    plan = compile_plan(made, timeframe=market[symbol].timeframe)
    return [float(x) for x in plan.evaluate(market, symbol).stop]


def test_higher_bar_is_seen_when_it_has_closed_and_not_before() -> None:
    """SEMANTICS 1.3: hours 0-3 close at 04:00, the close of the hour that opens at 03:00."""
    bars = bars_of(np.arange(1.0, 13.0))
    nan = float("nan")
    seen = column_of(on("4h", close), {"A/USDT": bars})
    assert np.array_equal(seen, [nan] * 3 + [4] * 4 + [8] * 4 + [12], equal_nan=True)


def test_a_bucket_with_a_hole_is_unknown_and_spoils_no_other() -> None:
    """Only closed, complete buckets are read; a mean goes on without the broken one."""
    whole = bars_of(np.arange(1.0, 21.0))
    keep = np.arange(20) != 6  # an hour of the second bucket is missing
    columns = {k: getattr(whole, k)[keep] for k in ("open", "high", "low", "close", "volume")}
    bars = Bars.of("TEST", "A/USDT", HOUR, whole.ts[keep], columns)
    seen = column_of(on("4h", close), {"A/USDT": bars})
    nan = float("nan")
    wanted = [nan] * 3 + [4] * 3 + [nan] * 4 + [12] * 4 + [16] * 4 + [20]
    assert np.array_equal(seen, wanted, equal_nan=True)
    assert column_of(on("4h", sma(close, 2)), {"A/USDT": bars})[10:14] == [8.0] * 4


def test_weeks_start_on_monday() -> None:
    day = Timeframe.parse("1d")
    bars = bars_of(np.arange(1.0, 22.0), timeframe=day)  # 2024-01-01 was a Monday
    seen = column_of(on("1w", close), {"A/USDT": bars})
    assert seen[6:13] == [7.0] * 7
    assert seen[13] == 14.0


def test_another_symbol_is_aligned_by_close_time_and_ages() -> None:
    """The last value closed by now; nothing before the first; nothing older than the limit."""
    own = bars_of(np.arange(1.0, 13.0))
    other = bars_of([10.0, 20.0, 30.0], symbol="B/USDT", start_ms=START_MS + 2 * HOUR_MS)
    nan = float("nan")
    seen = column_of(of("B/USDT", close, 2), {"A/USDT": own, "B/USDT": other})
    wanted = [nan, nan, 10, 20, 30, 30, 30, nan, nan, nan, nan, nan]
    assert np.array_equal(seen, wanted, equal_nan=True)
    slow = bars_of([7.0, 8.0, 9.0], symbol="B/USDT", timeframe=FOUR)
    seen = column_of(of("B/USDT", close), {"A/USDT": own, "B/USDT": slow})
    assert seen[3:8] == [7.0] * 4 + [8.0]


def test_a_symbol_that_is_not_there_is_named() -> None:
    made = strategy("made", enter_long=of("BTC/USDT", close) > 1)
    with pytest.raises(StrategyError, match="reads 'BTC/USDT', which is not in this run"):
        compile_plan(made).columns({"A/USDT": walk(100)}, "A/USDT")
    with pytest.raises(DataError, match="no bars of 'B'"):
        compile_plan(made).columns({"A/USDT": walk(100)}, "B")


def test_a_quotient_by_zero_is_unknown_and_never_a_signal() -> None:
    """No infinity: it would be a known yes on one side of every comparison."""
    market = {"A/USDT": bars_of([1.0, 2.0, 2.0, 3.0] * 15)}
    for ratio in (close / (close - 2), close % (close - 2)):
        found = column_of(ratio, market)
        assert np.isnan(found[1])
        assert np.isfinite(found[0])
        made = strategy("made", enter_long=(ratio > -1e300) | (ratio < 1e300), atr=1.0)
        signals = compile_plan(made).evaluate(market, "A/USDT").signals
        assert signals[:4].tolist() == [LONG, 0, 0, LONG]


def test_words_of_time_are_utc_of_the_open() -> None:
    bars = bars_of(np.arange(1.0, 60.0), start_ms=START_MS + 23 * HOUR_MS)
    market = {"A/USDT": bars}
    assert column_of(hour, market)[:3] == [23, 0, 1]
    assert column_of(minute_of_day, market)[1:3] == [0, 60]
    assert column_of(weekday, market)[:2] == [0, 1]  # Monday is 0
    assert set(column_of(month, market)) == {1}


# ---------------------------------------------------------------- segments and flags


def flagged(bars: Bars, *, ends: list[int], synthetic: list[int]) -> Bars:
    flags = np.zeros(len(bars), np.uint8)
    flags[ends] |= SEGMENT_END
    flags[synthetic] |= SYNTHETIC
    return bars.with_flags(flags)


@pytest.mark.parametrize("cache", [None, ColumnCache()])
def test_indicators_start_anew_after_a_split(cache: ColumnCache | None) -> None:
    """SEMANTICS 1.5: each segment alone gives the same columns, warm-up and all."""
    bars = flagged(walk(300), ends=[99, 104], synthetic=[])
    plan = compile_plan(load("stochrsi"), {"hv_window": 20})
    whole = plan.columns({"A/USDT": bars}, "A/USDT", cache)
    for start, stop in ((0, 100), (100, 105), (105, 300)):
        piece = bars.slice(start, stop).with_flags(np.zeros(stop - start, np.uint8))
        alone = plan.evaluate({"A/USDT": piece}, "A/USDT")
        ends = np.zeros(stop - start, np.uint8)
        if stop < 300:
            ends[-1] = Signal.SEGMENT_END
        assert np.array_equal(whole.signals[start:stop], alone.signals | ends)
        assert np.array_equal(whole.atr[start:stop], alone.atr, equal_nan=True)
        assert np.array_equal(whole.volatility[start:stop], alone.volatility, equal_nan=True)


def test_nothing_is_entered_on_a_synthetic_bar() -> None:
    bars = flagged(walk(300), ends=[], synthetic=[200, 201, 202])
    always = strategy("always", enter_long=close > 0, exit_long=close > 0)
    signals = compile_plan(always).columns({"A/USDT": bars}, "A/USDT").signals
    both = int(Signal.ENTER_LONG | Signal.EXIT_LONG)
    assert signals[199] == both
    assert signals[200:203].tolist() == [int(Signal.EXIT_LONG | Signal.NO_FILL)] * 3


def test_opposite_signals_stay_for_the_kernel_to_resolve() -> None:
    """R-SIG-09: the plan reports, the kernel decides."""
    both = strategy("both", enter_long=close > 0, enter_short=close > 0, atr=1.0)
    signals = compile_plan(both).columns({"A/USDT": walk(60)}, "A/USDT").signals
    assert set(signals.tolist()) == {int(Signal.ENTER_LONG | Signal.ENTER_SHORT)}


def test_columns_are_read_only_and_contiguous() -> None:
    """One compiled type for the kernel, and no one spoils a shared column."""
    bars = flagged(walk(300), ends=[150], synthetic=[20])
    for series in (walk(300), bars):
        columns = compile_plan(load("stochrsi")).columns({"A/USDT": series}, "A/USDT")
        for name in columns.__slots__:
            column = getattr(columns, name)
            assert not column.flags.writeable
            assert column.flags.c_contiguous


def test_not_of_unknown_is_no_signal() -> None:
    """SEMANTICS 1.4: while an input is unknown there is no signal, also not by negation."""
    made = strategy("made", enter_long=~(rsi(5) > rsi(20)) | (rsi(5) > 200), atr=1.0)
    signals = compile_plan(made).evaluate({"A/USDT": walk(60)}, "A/USDT").signals
    assert not signals[:20].any()
    assert signals[20:].any()


def test_a_shift_longer_than_the_bars_is_unknown() -> None:
    made = strategy("made", enter_long=shift(close, 500) > 0, atr=1.0)
    assert not compile_plan(made).evaluate({"A/USDT": walk(60)}, "A/USDT").signals.any()


def test_a_compiled_strategy_gives_plans_that_do_not_disturb_each_other() -> None:
    compiled, cache, market = (
        CompiledStrategy(load("momentum")),
        ColumnCache(),
        {"A/USDT": walk(500)},
    )
    plans = [compiled.plan({"window": n}) for n in (5, 10, 20)]
    shared = [plan.columns(market, "A/USDT", cache).signals.tolist() for plan in plans]
    alone = [
        compile_plan(load("momentum"), {"window": n}).columns(market, "A/USDT").signals.tolist()
        for n in (5, 10, 20)
    ]
    assert shared == alone
    assert len({tuple(row) for row in shared}) == 3
