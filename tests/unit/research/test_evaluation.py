"""Evaluation: a span run is the backtest of that span, whatever the cache, the cut or the crowd.

R-WF-01, R-WF-03 and R-OPT-07 rest on it.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
from tests.data import ROOT
from tests.fakes.runs import START_MS, flat_bars, scripted, series_of
from tests.fakes.spans import COLD, COMBOS, CROSS, FORGETFUL, middle, same

import ballast.research.evaluation.evaluator as evaluating
import ballast.research.evaluation.lane as laning
from ballast.core.errors import InternalError, StrategyError, UserError
from ballast.core.reasons import Exit
from ballast.core.settings import CostSettings, RiskSettings, Settings
from ballast.core.time import DAY_MS, HOUR_MS, Timeframe
from ballast.research.evaluation import Evaluator, Span
from ballast.research.evaluation.batch import daily_returns
from ballast.research.evaluation.prepared import Prepared, Shelf
from ballast.research.metrics.curves import daily_curve
from ballast.research.run import backtest
from ballast.research.series import Series
from ballast.research.sweep_row import METRICS
from ballast.strategies import (
    fixed_notional,
    no_stop,
    no_trail,
    percent_stop,
)
from ballast.strategies.cache import ColumnCache


@pytest.mark.parametrize("group", [series_of(900), series_of(900, symbols=("BTCUSDT", "ETHUSDT"))])
def test_rows_are_those_of_the_recorded_runs(group: tuple[Series, ...]) -> None:
    """The compiled batch and the recorded run of the same span, figure by figure, day by day."""
    judge = Evaluator(CROSS, group, Settings())
    for span in (judge.span, middle(), Span(START_MS + 20 * DAY_MS, START_MS + 27 * DAY_MS)):
        (found,) = judge.passes(COMBOS, [span])
        figures, daily = judge.evaluate(COMBOS, span)
        assert figures.tobytes() == found.figures.tobytes()
        assert daily.tobytes() == found.daily.tobytes() == judge.daily(COMBOS, span).tobytes()
        assert daily.shape == (len(COMBOS), judge.days(span))
        for params_of, row, returns, longest in zip(
            COMBOS, figures, daily, found.longest_ms, strict=True
        ):
            result = judge.run(params_of, span)
            days = daily_curve(result)
            assert returns.tolist() == pytest.approx(days.returns.tolist(), abs=1e-15)
            said = dict(zip(METRICS, row, strict=True))
            assert said["final_equity"] == result.run.equity[-1]
            ended = [trade for trade in result.run.trades if trade["reason"] != Exit.END]
            assert said["trades"] <= len(result.run.trades)
            assert said["trades"] >= len(ended) - len(group)
            held = result.run.trades["exit_ms"] - result.run.trades["entry_ms"]
            assert longest == (held.max() if len(held) else 0)


def test_each_run_starts_with_fresh_cash_and_a_fresh_gate() -> None:
    """The kill switch of one span does not hold in the next."""
    fall = [100.0] * 60 + [100.0 * 0.97**k for k in range(40)] + [30.0] * 60 + [31.0] * 40
    orders = {61: "L", 165: "L"}
    story = scripted(
        {"BTCUSDT": orders}, size=fixed_notional(0.4), stop=no_stop(), trail=no_trail()
    )
    group = [Series(flat_bars(fall))]
    settings = Settings(risk=RiskSettings(volume_share=0.0, total_risk=0.0))
    judge = Evaluator(story, group, settings)
    half = START_MS + 150 * HOUR_MS
    first, second = judge.passes([{}], [Span(START_MS, half), Span(half, judge.span.to_ms)])
    whole = judge.figures([{}])
    assert first.column("killed")[0] == 1.0
    assert second.column("killed")[0] == 0.0
    assert second.longest_ms[0] > 0, "entered again"
    assert whole[0, METRICS.index("killed")] == 1.0
    again = judge.passes([{}], [Span(half, judge.span.to_ms)], cash=500.0)[0]
    assert 450.0 < again.column("final_equity")[0] < 550.0


@pytest.mark.parametrize("workers", [0, 2, 3])
def test_the_number_of_workers_changes_nothing(
    workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-OPT-07: same bytes on any number of threads, and with any cache."""
    monkeypatch.setattr(evaluating, "CHUNK", 2)
    group = series_of(500, symbols=("BTCUSDT", "TRXUSDT"))
    spans = [middle(5), Span.of(group)]
    wanted = Evaluator(CROSS, group, Settings()).passes(COMBOS, spans)
    judge = Evaluator(CROSS, group, Settings(), workers=workers)
    tiny = Evaluator(CROSS, group, Settings(), cache=ColumnCache(0, threading.RLock()))
    for found in (
        judge.passes(COMBOS, spans),
        judge.passes(COMBOS, spans),
        tiny.passes(COMBOS, spans),
    ):
        for one, other in zip(found, wanted, strict=True):
            assert one.figures.tobytes() == other.figures.tobytes()
            assert one.daily.tobytes() == other.daily.tobytes()
            assert one.longest_ms.tobytes() == other.longest_ms.tobytes()


def test_more_trades_than_there_is_room_for_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room that grew in the middle of a span once made the next step read past its clock."""
    group, combos = series_of(1_500, perpetual=True), [{}, {"stop": 0.01}]
    spans = [middle(), Span.of(group), middle(9)]
    wanted = Evaluator(FORGETFUL, group, COLD).passes(combos, spans)
    assert wanted[1].column("trades").min() > 60
    assert wanted[0].column("trades").min() > 10
    monkeypatch.setattr(laning, "FIRST_ROWS", 1)
    found = Evaluator(FORGETFUL, group, COLD).passes(combos, spans)
    for one, other in zip(found, wanted, strict=True):
        assert one.figures.tobytes() == other.figures.tobytes()
        assert one.daily.tobytes() == other.daily.tobytes()
        assert one.longest_ms.tobytes() == other.longest_ms.tobytes()


def test_days_are_those_of_the_calendar() -> None:
    """Two spans that meet at midnight share no day; days without a bar return 0 (SEMANTICS 7)."""
    missing = tuple(range(24 * 10, 24 * 13))  # three whole days, from the eleventh on
    rise = [100.0 + k for k in range(24 * 20 - len(missing))]
    story = scripted({"BTCUSDT": {60: "L"}}, stop=percent_stop(0.5), trail=no_trail())
    group = [Series(flat_bars(rise, missing=missing))]
    judge = Evaluator(story, group, COLD)
    border = START_MS + 11 * DAY_MS  # in the middle of the hole
    early, late = Span(START_MS, border), Span(border, judge.span.to_ms)
    assert (judge.days(), judge.days(early), judge.days(late)) == (20, 11, 9)
    both = np.concatenate([judge.daily([{}], early)[0], judge.daily([{}], late)[0]])
    whole = judge.daily([{}])[0]
    assert np.flatnonzero(both[:11]).tolist() == [*range(2, 10)]
    assert both[:11].tolist() == whole[:11].tolist()
    assert both[11:13].tolist() == [0.0, 0.0]
    assert whole[10:13].tolist() == [0.0, 0.0, 0.0]
    hour = Span(START_MS + 5 * HOUR_MS, START_MS + DAY_MS + HOUR_MS)
    assert judge.days(hour) == 2


def test_bars_longer_than_a_day_end_in_their_last_day() -> None:
    weeks = flat_bars([100.0 + k for k in range(70)], timeframe="1w")
    judge = Evaluator(FORGETFUL, [Series(weeks)], COLD)
    span = Span(START_MS, START_MS + 60 * 7 * DAY_MS - 3 * DAY_MS)  # cuts the last week
    assert judge.days(span) == 60 * 7 - 6
    assert judge.daily([{}], span).shape == (1, 60 * 7 - 6)


def test_bars_that_do_not_divide_the_day_may_close_in_the_next() -> None:
    odd = flat_bars([100.0 + k for k in range(90)], timeframe="7h")
    judge = Evaluator(FORGETFUL, [Series(odd)], COLD)
    span = Span(START_MS, START_MS + 5 * DAY_MS)  # the bar that opens at 119 h closes at 126 h
    assert judge.days(span) == 6
    assert judge.daily([{}], span).shape == (1, 6)


def test_prefixes_are_the_spans_of_one_start() -> None:
    """An anchored walk-forward costs one sweep: look at each run on its way."""
    for group in (series_of(900), series_of(900, symbols=("BTCUSDT", "ETHUSDT"), perpetual=True)):
        judge = Evaluator(CROSS, group, Settings())
        start = START_MS + 3 * DAY_MS + 5 * HOUR_MS
        ends = [START_MS + day * DAY_MS for day in (9, 10, 30, 99)]
        found = judge.prefixes(COMBOS, start, ends)
        alone = judge.passes(COMBOS, [Span(start, end) for end in ends])
        assert found[-1].closed.max() > 10
        for one, other in zip(found, alone, strict=True):
            assert one.daily.tobytes() == other.daily.tobytes()
            assert one.closed.tolist() == other.column("trades").tolist()
            assert one.longest_ms.tolist() == other.longest_ms.tolist()
        with pytest.raises(UserError, match="no bars"):
            judge.prefixes(COMBOS, judge.span.to_ms, [judge.span.to_ms // DAY_MS * DAY_MS + DAY_MS])
        with pytest.raises(InternalError, match="midnight"):
            judge.prefixes(COMBOS, start, [ends[0] + 1])
        with pytest.raises(InternalError, match="rising"):
            judge.prefixes(COMBOS, start, ends[::-1])


def test_what_is_open_at_the_end_is_told() -> None:
    rise = [100.0 + k for k in range(200)]
    story = scripted({"BTCUSDT": {60: "L", 100: "l"}}, stop=percent_stop(0.5), trail=no_trail())
    judge = Evaluator(story, [Series(flat_bars(rise))], COLD)
    open_, closed = judge.passes([{}], [Span(START_MS, START_MS + k * HOUR_MS) for k in (90, 120)])
    last = judge.run({}, Span(START_MS, START_MS + 90 * HOUR_MS)).run.positions[0]
    assert open_.held[0] == pytest.approx(last["lots"] * 0.00001 * 189.0)
    assert open_.held[0] > 0.0
    assert closed.held[0] == 0.0


def test_a_symbol_without_bars_in_the_span_sits_it_out() -> None:
    """A coin listed later is in the group from its first bar on."""
    early = series_of(1_500)[0]
    late = series_of(1_500, symbols=("TRXUSDT",))[0]
    late = replace(late, bars=late.bars.slice(900, len(late.bars)))
    span = Span(START_MS, START_MS + 30 * DAY_MS)
    both = Evaluator(FORGETFUL, [early, late], COLD)
    alone = Evaluator(FORGETFUL, [early], COLD)
    assert both.daily([{}], span).tobytes() == alone.daily([{}], span).tobytes()
    assert len(both.run({}, span).bars[1]) == 0
    later = Span(START_MS + 50 * DAY_MS, START_MS + 60 * DAY_MS)
    result = both.run({}, later)
    assert set(result.run.trades["symbol"].tolist()) == {0, 1}
    for trade in result.run.trades:
        bars = result.bars[trade["symbol"]]
        start = len(result.bars[0]) * int(trade["symbol"])
        assert bars.ts[trade["entry_bar"] - start] <= trade["entry_ms"]
        assert trade["entry_ms"] <= bars.ts[trade["entry_bar"] - start] + HOUR_MS


def test_nothing_moves_after_ruin() -> None:
    out = np.full(4, 9.0)
    daily_returns(100.0, np.array([50.0, -10.0, -10.0]), out)
    assert out.tolist() == [-0.5, -1.2, 0.0, 9.0]


def test_no_curve_is_kept_where_only_figures_are_asked_for() -> None:
    judge = Evaluator(CROSS, series_of(1_500), Settings())
    (found,) = judge.passes(COMBOS, [judge.span], daily=False)
    assert found.daily.shape == (0, judge.days())
    assert found.figures.tobytes() == judge.figures(COMBOS).tobytes()


def test_prepared_combinations_are_bounded() -> None:
    shelf = Shelf(budget_bytes=250)
    for key in range(5):
        shelf.put(key, Prepared((np.zeros(20, np.uint8), np.zeros(80, np.uint8))))
    shelf.put(4, Prepared((np.zeros(20, np.uint8), np.zeros(80, np.uint8))))
    assert (len(shelf), shelf.used_bytes) == (2, 200)
    assert shelf.get(2) is None
    assert shelf.get(3) is not None
    shelf.put(9, Prepared((np.zeros(20, np.uint8), np.zeros(80, np.uint8))))
    assert shelf.get(4) is None, "3 was used after 4"


def test_other_settings_for_one_run() -> None:
    """The cost ladder asks for it: dearer fees, same signals."""
    group = series_of(1_500)
    judge = Evaluator(CROSS, group, Settings())
    dear = Settings(costs=CostSettings(taker=0.01))
    same(judge.run({}, settings=dear), backtest(CROSS, group, settings=dear))
    own = Evaluator(CROSS, group, Settings(), symbol_settings={"BTCUSDT": dear})
    same(own.run({}), backtest(CROSS, group, symbol_settings={"BTCUSDT": dear}))
    assert own.figures([{}])[0, 0] == own.run({}).run.equity[-1]


def test_one_like_another_compiles_once_and_runs_the_same() -> None:
    """A study of noise asks one strategy about hundreds of markets."""
    first = Evaluator(CROSS, series_of(500), Settings())
    other = series_of(500, seed=9)
    again = Evaluator(CROSS, other, Settings(), like=first)
    alone = Evaluator(CROSS, other, Settings())
    assert again.evaluate(COMBOS)[1].tobytes() == alone.evaluate(COMBOS)[1].tobytes()
    assert again.allows({"fast": 9.0})
    dear = Settings(costs=CostSettings(taker=0.01))
    dearer = Evaluator(CROSS, other, dear, like=first)
    assert dearer.figures([{}])[0, 0] == Evaluator(CROSS, other, dear).figures([{}])[0, 0]
    with pytest.raises(InternalError, match="same strategy"):
        Evaluator(FORGETFUL, other, COLD, like=first)


def test_what_cannot_run_says_so() -> None:
    group = series_of(1_500)
    judge = Evaluator(CROSS, group, Settings())
    with pytest.raises(UserError, match="is empty"):
        Span(5, 5)
    with pytest.raises(UserError, match="no bars in the period"):
        judge.figures([{}], Span(0, DAY_MS))
    with pytest.raises(StrategyError, match="does not hold"):
        judge.figures([{"fast": 50.0, "slow": 20.0}])
    assert not judge.allows({"fast": 50.0, "slow": 20.0})
    assert judge.allows({"fast": 9.0})
    with pytest.raises(UserError, match="workers"):
        Evaluator(CROSS, group, Settings(), workers=-1)
    with pytest.raises(UserError, match="no series"):
        Evaluator(CROSS, [], Settings())
    assert judge.figures([]).shape == (0, len(METRICS))
    assert math.isfinite(judge.figures([{}])[0, 0]), "and it still runs"
    assert Span.of(group) == judge.span
    assert judge.timeframe == Timeframe.parse("1h")


SCRIPT = """
from tests.fakes.runs import series_of
from ballast.core.settings import Settings
from ballast.research.evaluation import Evaluator, Span
from ballast.strategies import catalog
import hashlib
judge = Evaluator(catalog.load("ema_cross"), series_of(600), Settings(), workers=2)
half = (judge.span.from_ms + judge.span.to_ms) // 2
spans = [Span(judge.span.from_ms, half), Span(half, judge.span.to_ms)]
for part in judge.passes([{"fast": 3.0, "slow": 7.0}, {"fast": 5.0, "slow": 9.0}], spans):
    print(hashlib.sha256(part.figures.tobytes() + part.daily.tobytes()).hexdigest())
    print(part.figures[:, 7].sum() > 0)
"""


def test_compiled_equals_interpreted() -> None:
    """R-ARCH-21: the batch is the Python it is written in."""
    texts = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            cwd=ROOT,
            env={**os.environ, "NUMBA_DISABLE_JIT": mode},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for mode in ("0", "1")
    ]
    assert texts[0] == texts[1]
    assert texts[0].count("True") == 2
