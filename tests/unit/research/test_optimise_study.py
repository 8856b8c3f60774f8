"""Studies: out-of-sample scores, no trial lost or counted twice, the same however it was run."""

from __future__ import annotations

import gc
import json
import threading
import tracemalloc
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.fakes.runs import series_of
from tests.fakes.studies import ALLOWED, CROSS, SPACE, request, run, same

import ballast.research.optimise.guided as guiding
import ballast.research.optimise.study as studying
from ballast.core.bars import Bars
from ballast.research.evaluation import Evaluator
from ballast.research.metrics import summary
from ballast.research.metrics.curves import daily_curve
from ballast.research.optimise import judging
from ballast.research.optimise.history import History, Layout
from ballast.research.optimise.objective import INSTABILITY, TRADES_MIN, Objective
from ballast.research.optimise.outcome import luck_of, outcome, save, table_of
from ballast.research.optimise.request import METHODS
from ballast.research.optimise.space import Space
from ballast.research.optimise.study import Progress, run_study
from ballast.research.series import Series
from ballast.store.trials import State, TrialLedger, verify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(studying, "BATCH", 8)
    monkeypatch.setitem(guiding.BATCH, "tpe", 8)
    monkeypatch.setitem(guiding.BATCH, "nsga2", 10)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[TrialLedger]:
    with TrialLedger(tmp_path / "ledger" / "trials.sqlite", tmp_path / "results") as made:
        yield made


def test_scores_are_those_of_single_backtests_of_each_fold(
    ledger: TrialLedger, tmp_path: Path
) -> None:
    """R-OPT-03, by the slow way: one recorded backtest a fold, the score by its formula."""
    asked = request(prune=False, trials=40)
    study = run_study(asked, tmp_path / "results", ledger)
    judge = Evaluator(CROSS, asked.group, asked.settings)
    table = table_of(study)
    for row in (0, 7, 11):
        told = {name: table[name][row].as_py() for name in table.column_names}
        params = {name: told[f"param_{name}"] for name in SPACE.axes}
        runs = [judge.run(params, span) for span in asked.spans()]
        found = [summary(one) for one in runs]
        folds = [one.returns.sharpe or 0.0 for one in found]
        assert [told[f"robust_fold_{k}"] for k in (1, 2, 3)] == pytest.approx(folds)
        trades = sum(one.trades.count for one in found)
        assert told["trades"] == trades
        assert told["max_drawdown"] == pytest.approx(-min(one.drawdown.max for one in found))
        score = np.mean(folds) - INSTABILITY * np.std(folds)
        score = score * min(trades / TRADES_MIN, 1.0) if score > 0 else score
        assert told["score_robust"] == pytest.approx(score)
        stitched = np.concatenate([daily_curve(one).returns for one in runs])
        assert told["sharpe"] == pytest.approx(
            stitched.mean() / stitched.std(ddof=1) * np.sqrt(365)
        )
        assert told["days"] == len(stitched)


def test_what_is_held_out_changes_nothing(ledger: TrialLedger, tmp_path: Path) -> None:
    """R-WF-06: prices of the last 30 % may be anything; the search has not seen them."""
    plain = request(trials=40)
    (one,) = plain.group
    after = int(np.searchsorted(one.bars.ts, plain.spans()[-1].to_ms))
    columns = {name: np.array(getattr(one.bars, name)) for name in ("open", "high", "low", "close")}
    for values in columns.values():
        values[after:] *= 3.0
    columns["volume"] = np.array(one.bars.volume)
    bars = Bars.of(one.bars.venue, one.bars.symbol, one.bars.timeframe, one.bars.ts, columns)
    other = request(group=(Series(bars, one.rules),), trials=40)
    assert other.id() != plain.id()
    a, b = (run_study(each, tmp_path / "results", ledger) for each in (plain, other))
    assert same(a, b)
    assert len(a.history) == ALLOWED


def test_every_trial_is_in_the_ledger_and_refused_ones_are_not(
    ledger: TrialLedger, tmp_path: Path
) -> None:
    study = run_study(request(trials=40), tmp_path / "results", ledger)
    assert len(study.history) == ledger.count() == ALLOWED
    assert study.refused == SPACE.size - ALLOWED
    rows = ledger.study(study.id)
    assert rows.numbers.tolist() == list(range(SPACE.size))
    assert np.count_nonzero(rows.states == State.REFUSED) == study.refused
    summed = study.history.layout.summary(study.history.scores)
    assert np.array_equal(ledger.sharpes(), summed[:, 0], equal_nan=True)
    assert verify(ledger).is_whole


@pytest.mark.parametrize("method", METHODS)
def test_an_interrupted_study_goes_on_as_if_nothing_had_happened(
    method: str, tmp_path: Path
) -> None:
    """Batch by batch interrupted: the same trials, the same scores, the same ledger, bit by bit."""
    asked = request(method)
    whole, first = run(asked, tmp_path / "whole")

    def interrupt(_: Progress) -> None:
        raise KeyboardInterrupt

    starts = 0
    while True:
        starts += 1
        try:
            cut, second = run(asked, tmp_path / "cut", progress=interrupt)
        except KeyboardInterrupt:
            continue
        break
    assert starts >= 3
    assert same(cut, whole)
    assert len(whole.history) == (ALLOWED if method == "grid" else 24)
    assert cut.refused == whole.refused
    assert second.head() == first.head()
    assert threading.active_count() == 1
    states: list[Progress] = []
    again, third = run(asked, tmp_path / "cut", progress=states.append)
    assert states == [], "a finished study runs nothing"
    assert third.head() == second.head()
    assert same(again, whole)


@pytest.mark.parametrize("method", ["random", "tpe"])
def test_the_number_of_threads_changes_nothing(method: str, tmp_path: Path) -> None:
    """R-OPT-07."""
    one, first = run(request(method, workers=1), tmp_path / "one")
    many, second = run(request(method, workers=4), tmp_path / "many")
    assert same(one, many)
    assert first.head() == second.head()


def test_asking_for_more_trials_goes_on_with_the_study(tmp_path: Path) -> None:
    few, _ = run(request("sobol", trials=10, prune=False), tmp_path)
    more, ledger = run(request("sobol", trials=24, prune=False), tmp_path)
    whole, _ = run(request("sobol", trials=24, prune=False), tmp_path / "other")
    assert more.id == few.id
    assert table_of(more).slice(0, 10).equals(table_of(few))
    assert same(more, whole)
    assert ledger.count() == 24


def test_a_random_search_visits_no_combination_twice_and_ends_with_the_space(
    tmp_path: Path,
) -> None:
    study, ledger = run(request("random", trials=1_000), tmp_path)
    assert len(study.history) == ALLOWED == ledger.count()
    assert len({tuple(place) for place in study.history.places.tolist()}) == ALLOWED
    assert ledger.repeats() == 0


def test_pruned_trials_are_counted_and_never_the_best(ledger: TrialLedger, tmp_path: Path) -> None:
    wide = Space({"fast": tuple(map(float, range(5, 25))), "slow": (26.0, 34.0, 55.0)})
    study = run_study(
        request("random", space=wide, trials=55, folds=4), tmp_path / "results", ledger
    )
    table = table_of(study)
    pruned = np.array([one == "pruned" for one in table["state"].to_pylist()])
    assert 5 < pruned.sum() < 50
    assert ledger.count() == 55, "left early, looked at all the same"
    last = table["robust_fold_4"].to_numpy()
    assert np.isnan(last[pruned]).all()
    assert np.isfinite(last[~pruned]).all()
    found = outcome(study, ledger)
    assert all(row["state"] == "done" for row in found.best)
    sketches = ledger.sketches().values
    assert np.isnan(sketches[pruned][:, -1]).all(), "what was not run has no returns"
    assert np.isfinite(sketches[~pruned]).all()
    best = max(table["score_robust"].to_numpy()[~pruned])
    assert found.best[0]["score_robust"] == best


def test_guidance_finds_a_better_place_than_chance() -> None:
    """On a plain hill of its own: the last proposals of TPE are better than its first."""
    space = Space({"x": tuple(map(float, range(100))), "y": tuple(map(float, range(100)))})
    guide = guiding.Guide(space, "tpe", (Objective(),), seed=3)
    found: list[float] = []
    for _ in range(12):
        for one in guide.ask(8, lambda place: place[0] != place[1]):
            score = -float(abs(one.place[0] - 70) + abs(one.place[1] - 20))
            guide.tell(one, State.DONE, [score], [score])
            found.append(score)
    assert np.mean(found[-32:]) > np.mean(found[:16]) + 20
    assert max(found) > -10


def test_several_metrics_give_a_front(ledger: TrialLedger, tmp_path: Path) -> None:
    study = run_study(request("nsga2"), tmp_path / "results", ledger)
    found = outcome(study, ledger, top=100)
    rows = [(row["score_sharpe"], -row["score_max_drawdown"]) for row in found.best]
    front = [
        row for row in rows if not any(o[0] >= row[0] and o[1] >= row[1] and o != row for o in rows)
    ]
    assert rows[: len(set(front))] == sorted(set(front), reverse=True)


def test_the_best_stands_beside_the_luck_of_all_trials_of_its_family(
    ledger: TrialLedger, tmp_path: Path
) -> None:
    study = run_study(request(trials=40), tmp_path / "results", ledger)
    found = outcome(study, ledger)
    assert found.luck is not None
    assert found.luck.trials == ALLOWED
    assert found.luck.sharpe == pytest.approx(found.best[0]["sharpe"])
    wider = Space({"fast": (6.0, 8.0), "slow": (21.0, 34.0)})
    run_study(request(space=wider), tmp_path / "results", ledger)
    row = int(found.best[0]["number"])
    more = luck_of(study, ledger, row)
    assert more is not None
    assert more.trials == ledger.count() > ALLOWED
    assert more.lucky_sharpe > 0
    assert more.independent == more.trials, "four blocks of returns cannot tell who is independent"
    path = save(study, found, ledger.head())
    assert path.is_file()
    told = json.loads((study.folder / "outcome.json").read_text())
    assert told["trials"] == ALLOWED
    assert sorted(told["importance"]) == ["fast", "slow", "stop"]
    assert verify(ledger, tmp_path / "results").is_whole


def test_trials_that_move_together_are_few(ledger: TrialLedger, tmp_path: Path) -> None:
    """Three years of days: the sketches say how many of the trials were independent."""
    asked = request(group=series_of(1_200, timeframe="1d"), trials=40)
    study = run_study(asked, tmp_path / "results", ledger)
    found = outcome(study, ledger)
    assert found.luck is not None
    assert found.luck.trials == ALLOWED
    assert 1 < found.luck.independent < ALLOWED / 2


def test_hundreds_of_trials_hold_no_curves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """100,000 trials are 100,000 rows of numbers: some hundred bytes each, whatever the days.

    Everything that is allocated is seen: a shelf of combinations that were not asked for any more
    once held 57 KB of each.
    """
    layout = Layout(1, 5)
    history = History(layout, 3)
    score = np.zeros(layout.width)
    for _ in range(10_000):
        history.add((1, 2, 3), State.DONE, score)
    held = history._scores.nbytes + history._places.nbytes + history._states.nbytes
    assert held / 10_000 < 300
    monkeypatch.setattr(judging, "CACHE_LEAST_BYTES", 100_000)
    monkeypatch.setattr(judging, "CACHE_COLUMNS", 4)
    monkeypatch.setattr(judging, "BATCH_MAX", 16)
    group = series_of(12_000)
    wide = Space(
        {"fast": tuple(map(float, range(5, 45))), "slow": tuple(map(float, range(60, 140, 5)))}
    )
    run(request(space=wide, group=group, trials=8), tmp_path / "warm")
    used: list[int] = []

    def look(_: object) -> None:
        gc.collect()  # rings that wait for the collector are not held by anybody
        used.append(tracemalloc.get_traced_memory()[0])

    tracemalloc.start()
    try:
        run(request(space=wide, group=group, trials=640), tmp_path / "long", progress=look)
    finally:
        tracemalloc.stop()
    assert len(used) == 80
    days = 348
    assert days < 12_000 * 0.7 // 24
    # 1.2 KB of each is kept: its scores, its place, and lead times that the compiler remembers. A
    # look may meet a column or two more in the cache, 96 KB each: so over hundreds of trials.
    kept = (used[-1] - used[20]) / ((len(used) - 21) * 8)
    assert kept < days * 8 * 0.75, "no curve is held, and no column"
