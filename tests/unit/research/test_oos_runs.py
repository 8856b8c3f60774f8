"""Walk-forward and cross-validation: nothing fitted has seen its test, and nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.fakes.runs import START_MS, flat_bars, scripted, series_of

import ballast.research.evaluation.evaluator as evaluating
import ballast.research.outofsample.crossvalidation as crossing
from ballast.core.errors import DataError, UserError
from ballast.core.instrument import FeeRate
from ballast.core.reasons import Exit
from ballast.core.settings import CostSettings, RiskSettings, Settings
from ballast.core.time import DAY_MS
from ballast.research.evaluation import Evaluator, Span
from ballast.research.grid import Grid
from ballast.research.metrics import ratios
from ballast.research.metrics.curves import daily_curve
from ballast.research.outofsample import (
    CrossValidation,
    Hysteresis,
    Robust,
    WalkForward,
    cross_validate,
    folds_of,
    objective_named,
    purged,
    rating,
    split,
    walk_forward,
)
from ballast.research.outofsample.checks import closing_rate
from ballast.research.outofsample.neighbours import neighbours
from ballast.research.series import Series
from ballast.strategies import catalog, fixed_notional, no_stop, no_trail, percent_stop

if TYPE_CHECKING:
    from collections.abc import Sequence

CROSS = catalog.load("ema_cross")
COLD = Settings(risk=RiskSettings(volume_share=0.0, total_risk=0.0))
COMBOS = list(Grid({"fast": (3.0, 5.0, 9.0, 34.0), "slow": (9.0, 21.0)}))
ALLOWED = [one for one in COMBOS if one["fast"] < one["slow"]]
BARS = 3_000
GROUP = series_of(BARS, seed=8)


def judge_of(group: Sequence[Series] = GROUP, **more: Any) -> Evaluator:
    return Evaluator(CROSS, group, more.pop("settings", Settings()), **more)


def walked(group: Sequence[Series] = GROUP, **more: Any) -> WalkForward:
    judge = judge_of(group)
    given = {"count": 4, "train_days": 40, "gap_days": 1}
    return walk_forward(judge, COMBOS, folds_of(judge.span, **given), **more)


def same(one: WalkForward | CrossValidation, other: WalkForward | CrossValidation) -> None:
    assert repr(one) == repr(other)


@pytest.mark.parametrize("scheme", ["anchored", "rolling"])
def test_a_walk_forward_is_what_one_would_do_by_hand(scheme: str) -> None:
    """R-WF-03: choose by whole backtests of each window, trade on with what is left."""
    judge = judge_of()
    folds = folds_of(judge.span, scheme=scheme, count=4, train_days=40, gap_days=1)
    found = walk_forward(judge, COMBOS, folds)
    assert found.combinations == len(ALLOWED)
    cash, levels, total = 10_000.0, [10_000.0], 0
    for number, (fold, one) in enumerate(zip(folds, found.folds, strict=True)):
        daily = np.array([daily_curve(judge.run(row, fold.train)).returns for row in ALLOWED])
        runs = [judge.run(row, fold.train).run.trades for row in ALLOWED]
        trades = [float(np.sum(rows["reason"] != Exit.END)) for rows in runs]
        sharpe, fall, yearly = rating.ratings(daily)
        seen = rating.Evidence(
            sharpe, fall, yearly, np.array(trades), np.zeros(6, np.int64), 1, neighbours(ALLOWED)
        )
        scores = Robust()(seen)
        best = int(np.argmax(scores))
        assert (one.fold, one.row, one.params) == (fold, best, ALLOWED[best])
        assert one.score == pytest.approx(scores[best])
        assert one.in_sample is not None
        assert one.in_sample.sharpe == pytest.approx(sharpe[best])
        test = judge.run(ALLOWED[best], fold.test, cash=cash)
        levels += test.run.daily.tolist()
        held = float(test.run.exposure[-1] * test.run.equity[-1])
        assert one.open_at_end == pytest.approx(held)
        cost = held * (0.001 + 0.0005) if number < 3 else 0.0
        assert one.border_cost == pytest.approx(cost)
        cash = levels[-1] = float(test.run.equity[-1]) - cost
        total += one.out_of_sample.trades
        assert one.out_of_sample.days == judge.days(fold.test)
        if one.in_sample.yearly_return > 0:
            quotient = one.out_of_sample.yearly_return / one.in_sample.yearly_return
            assert one.efficiency == pytest.approx(quotient)
        else:
            assert one.efficiency is None
    assert any(one.open_at_end > 0.0 for one in found.folds[:-1]), "no border was crossed"
    assert found.equity.tolist() == pytest.approx(levels)
    assert found.trades == total > 20
    first = folds[0].test.from_ms // DAY_MS
    assert found.day.tolist() == list(range(first, first + len(levels) - 1))
    assert found.stats.total_return == pytest.approx(levels[-1] / 10_000.0 - 1)
    assert found.fold_of.tolist() == sorted(found.fold_of.tolist())


def with_another_future(bars: Any, from_ms: int) -> Any:
    """The same bars up to `from_ms`, then a market that goes the other way."""
    place = int(np.searchsorted(bars.ts, from_ms))
    turn = bars.close[place - 1] ** 2
    columns = {
        "open": turn / bars.open, "high": turn / bars.low, "low": turn / bars.high,
        "close": turn / bars.close, "volume": bars.volume,
    }  # fmt: skip
    mixed = {
        name: np.concatenate((getattr(bars, name)[:place], values[place:]))
        for name, values in columns.items()
    }
    return replace(bars, **mixed)


def test_no_choice_has_seen_its_test() -> None:
    """R-WF-07: replace the future of a fold, and everything up to it stays as it was."""
    truth = walked()
    changed = 0
    for number, one in enumerate(truth.folds):
        border = one.fold.train.to_ms
        other = [replace(GROUP[0], bars=with_another_future(GROUP[0].bars, border))]
        found = walked(other)
        for before, after in zip(truth.folds[: number + 1], found.folds, strict=False):
            assert (before.params, before.score, before.in_sample) == (
                after.params,
                after.score,
                after.in_sample,
            )
        days = np.flatnonzero((truth.day + 1) * DAY_MS <= border)
        assert truth.daily[days].tobytes() == found.daily[days].tobytes()
        changed += truth.folds[number].out_of_sample != found.folds[number].out_of_sample
    assert changed == 4, "the other future must be another one"


@pytest.mark.parametrize("workers", [2, 0])
def test_workers_and_blocks_change_nothing(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """R-OPT-07, and memory stays bounded: curves are rated in blocks."""
    judge = judge_of()
    folds = folds_of(judge.span, scheme="rolling", count=3, train_days=40)
    wanted = walk_forward(judge, COMBOS, folds)
    paths = cross_validate(judge, COMBOS)
    monkeypatch.setattr(evaluating, "CHUNK", 1)
    monkeypatch.setattr(rating, "BLOCK_BYTES", 8 * 3 * 40 * 2)
    again = judge_of(workers=workers)
    same(walk_forward(again, COMBOS, folds), wanted)
    same(cross_validate(again, COMBOS), paths)


def test_windows_that_end_inside_a_day_are_rated_too() -> None:
    """Folds of one's own need not lie at midnight."""
    judge = judge_of()
    (fold,) = folds_of(judge.span, count=1)
    own = replace(fold, train=Span(fold.train.from_ms, fold.train.to_ms - DAY_MS // 2))
    found = walk_forward(judge, COMBOS, [own]).folds[0]
    assert found.in_sample is not None
    assert found.in_sample.days == judge.days(own.train)
    figures, daily = judge.evaluate([found.params or {}], own.train)
    assert found.in_sample.sharpe == pytest.approx(ratios.sharpe(daily[0]))
    assert found.in_sample.trades == figures[0, rating.TRADES]


def test_hysteresis_keeps_the_incumbent() -> None:
    """R-OPT-06: without it this market changes its mind."""
    free = walked(objective=objective_named("return"))
    kept = walked(objective=objective_named("return"), hysteresis=Hysteresis(0.10, 3))
    assert [one.row for one in free.folds] == [1, 3, 3, 3]
    assert [one.row for one in kept.folds] == [1, 1, 1, 3], "beaten three times in a row"
    assert kept.folds[1].drift == 0.0
    assert free.mean_drift is not None
    assert free.mean_drift > 0.0
    assert free.folds[0].drift is None


def test_good_in_sample_and_bad_out_of_sample_shows() -> None:
    """A-BT-08, S-17: the trend turns where the test begins."""
    rise = 100.0 * np.exp(np.cumsum(0.0008 + 0.01 * np.sin(np.arange(1_680) / 40)))
    fall = rise[-1] * np.exp(np.cumsum(-0.0008 + 0.002 * np.sin(np.arange(720) / 3)))
    orders = {24 * day: "L" for day in range(1, 100)}
    story = scripted({"BTCUSDT": orders}, stop=percent_stop(0.5), trail=no_trail())
    judge = Evaluator(story, [Series(flat_bars([*rise, *fall]))], COLD)
    (one,) = walk_forward(judge, [{}], [split(judge.span)]).folds
    assert one.in_sample is not None
    assert one.in_sample.yearly_return > 0.0 > one.out_of_sample.yearly_return
    assert one.efficiency is not None
    assert one.efficiency < 0.0


def test_a_fold_without_a_choice_stays_flat() -> None:
    """Nothing traded in the first window: its test is cash, and says so."""
    prices = [100.0 + (k % 7) for k in range(24 * 100)]
    orders = {24 * day: "L" if day % 2 else "l" for day in range(60, 100)}
    story = scripted({"BTCUSDT": orders}, stop=percent_stop(0.5), trail=no_trail())
    judge = Evaluator(story, [Series(flat_bars(prices))], Settings())
    found = walk_forward(judge, [{}], folds_of(judge.span, count=2, train_days=40))
    empty, full = found.folds
    assert (empty.params, empty.row, empty.score, empty.in_sample) == (None, -1, None, None)
    assert empty.efficiency is None
    assert empty.out_of_sample.yearly_return == 0.0
    assert full.params == {}
    assert full.out_of_sample.trades > 0
    assert full.drift is None
    assert not found.daily[found.fold_of == 0].any()
    assert found.in_sample_yearly == pytest.approx(full.in_sample and full.in_sample.yearly_return)


def test_ruin_and_the_kill_switch_are_told() -> None:
    """The kill switch of a test is told; the next window starts under a fresh one."""
    prices = [100.0 + (k % 5) for k in range(24 * 60)]
    prices += [100.0 * 0.98 ** (k / 6) + (k % 5) for k in range(24 * 20)]
    prices += [prices[-1] + (k % 3) for k in range(24 * 20)]
    orders = {24 * day + 1: "L" for day in range(1, 100)}
    size = fixed_notional(0.4)
    story = scripted({"BTCUSDT": orders}, size=size, stop=no_stop(), trail=no_trail())
    judge = Evaluator(story, [Series(flat_bars(prices))], COLD)
    found = walk_forward(judge, [{}], folds_of(judge.span, count=2, train_days=60))
    assert [one.killed for one in found.folds] == [True, False]
    assert found.folds[1].open_at_end > 0.0


def test_closing_at_a_border_costs_the_dearest_fee_in_force() -> None:
    """A dated schedule first, else the settings; slippage on top."""
    one, other = series_of(900, symbols=("BTCUSDT", "ETHUSDT"))
    fees = (FeeRate(0, 0.0, 0.002), FeeRate(START_MS + DAY_MS, 0.0, 0.004))
    one = replace(one, instrument=replace(one.rules, fees=()))
    dated = replace(other, instrument=replace(other.rules, fees=fees))
    costs = CostSettings(taker=0.003, slip_fraction=0.0001, half_spread=0.0002)
    judge = judge_of([one, dated], settings=Settings(costs=costs))
    assert closing_rate(judge, START_MS) == pytest.approx(0.003 + 0.0003)
    assert closing_rate(judge, START_MS + DAY_MS) == pytest.approx(0.004 + 0.0003)


def test_the_purge_ends_training_one_longest_trade_earlier() -> None:
    """Measured inside the training window, so that nothing of the test decides."""
    judge = judge_of()
    folds = folds_of(judge.span, count=3, train_days=40)
    found = purged(judge, ALLOWED, folds)
    for before, after in zip(folds, found, strict=True):
        longest = 0
        for row in ALLOWED:
            trades = judge.run(row, before.train).run.trades
            longest = max(longest, int((trades["exit_ms"] - trades["entry_ms"]).max()))
        days = -(-longest // DAY_MS)
        assert before.test == after.test
        assert before.train.to_ms - after.train.to_ms == days * DAY_MS > 0


@pytest.mark.parametrize(("groups", "tests"), [(6, 2), (4, 1), (5, 3)])
def test_cross_validation_is_what_one_would_do_by_hand(groups: int, tests: int) -> None:
    """Every split chosen and judged from single runs of every group."""
    judge = judge_of()
    found = cross_validate(judge, COMBOS, groups=groups, tests=tests, purge=2, embargo_days=1)
    parts = [judge.passes(ALLOWED, [span])[0] for span in found.groups]
    lengths = [part.daily.shape[1] for part in parts]
    assert sum(lengths) == len(found.day)
    for split_, one in zip(combinations(range(groups), tests), found.splits, strict=True):
        assert one.tests == split_
        keep = [np.ones(length, bool) for length in lengths]
        for group in split_:
            keep[group][:] = False
            if group > 0:
                keep[group - 1][-2:] = False
            if group + 1 < groups:
                keep[group + 1][:3] = False
        train = np.concatenate([part.daily[:, k] for part, k in zip(parts, keep, strict=True)], 1)
        counts = [part.column("trades") for g, part in enumerate(parts) if g not in split_]
        sharpe, fall, yearly = rating.ratings(np.ascontiguousarray(train))
        seen = rating.Evidence(
            sharpe, fall, yearly, np.sum(counts, axis=0), np.zeros(6, np.int64), 1,
            neighbours(ALLOWED),
        )  # fmt: skip
        best = int(np.argmax(Robust()(seen)))
        assert one.row == best
        assert one.params == ALLOWED[best]
        judged = np.concatenate([parts[g].daily[best] for g in split_])
        assert one.out_of_sample.sharpe == pytest.approx(ratios.sharpe(judged))
        assert one.in_sample is not None
        assert one.in_sample.sharpe == pytest.approx(sharpe[best])
    for path in found.paths:
        wanted = [parts[g].daily[found.splits[n].row] for g, n in enumerate(path.splits)]
        assert path.daily.tobytes() == np.concatenate(wanted).tobytes()
        assert all(g in found.splits[n].tests for g, n in enumerate(path.splits))
    sharpes = [ratios.sharpe(path.daily) for path in found.paths]
    assert found.sharpe.tolist() == pytest.approx(sharpes)
    assert found.sharpe_mean == pytest.approx(np.mean(sharpes))
    assert found.sharpe_worst == pytest.approx(min(one or 0.0 for one in sharpes))
    assert (found.sharpe_deviation is None) == (len(found.paths) == 1)
    assert found.losing_paths == np.mean([(one or 0.0) <= 0.0 for one in sharpes])


def test_the_purge_of_a_cross_validation_is_its_longest_trade() -> None:
    judge = judge_of()
    found = cross_validate(judge, COMBOS)
    longest = max(int(part.longest_ms.max()) for part in judge.passes(ALLOWED, found.groups))
    assert found.purge_days == -(-longest // DAY_MS) > 1
    assert found.embargo_days == 1
    assert (len(found.splits), len(found.paths)) == (15, 5)


def test_what_cannot_be_tested_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Issue 3: each a clear message, exit 2."""
    judge = judge_of()
    folds = folds_of(judge.span, count=2)
    with pytest.raises(UserError, match="parameter space is empty"):
        walk_forward(judge, [], folds)
    with pytest.raises(UserError, match="no combination keeps"):
        cross_validate(judge, [{"fast": 50.0, "slow": 9.0}])
    flat = Evaluator(CROSS, [Series(flat_bars([100.0] * 3_000))], Settings())
    still = flat.group[0].bars
    still = replace(still, high=still.close, low=still.close, open=still.close)
    for bars, said in (
        (still, "the price never changes"),
        (replace(still, close=np.where(np.arange(3_000) == 7, np.nan, 5.0)), "close has values"),
        (replace(still, low=np.where(np.arange(3_000) == 7, 0.0, 5.0)), "low has values"),
    ):
        broken = Evaluator(CROSS, [replace(flat.group[0], bars=bars)], Settings())
        with pytest.raises(DataError, match=said):
            walk_forward(broken, COMBOS, folds)
        with pytest.raises(DataError, match=said):
            cross_validate(broken, COMBOS)
    story = scripted({"BTCUSDT": {}}, stop=percent_stop(0.5), trail=no_trail())
    silent = Evaluator(story, GROUP, Settings())
    with pytest.raises(UserError, match="no combination made a trade in any training window"):
        walk_forward(silent, [{}], folds)
    with pytest.raises(UserError, match="no combination made a trade in any training group"):
        cross_validate(silent, [{}])
    weeks = Evaluator(CROSS, series_of(400, timeframe="1w"), Settings())
    with pytest.raises(UserError, match="bars of 1w"):
        walk_forward(weeks, COMBOS, folds)
    with pytest.raises(UserError, match="no day is left to fit on"):
        cross_validate(judge, COMBOS, groups=3, tests=2, purge=99)
    with pytest.raises(UserError, match="embargo"):
        cross_validate(judge, COMBOS, embargo_days=-1)
    monkeypatch.setattr(crossing, "CELLS_MAX", 100)
    with pytest.raises(UserError, match="at most 100 returns"):
        cross_validate(judge, COMBOS)
