"""Studies: when one is still good, which one is resumed, and what is refused before it runs."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.fakes.runs import series_of
from tests.fakes.studies import SPACE, TWO, request, run, same

import ballast.research.optimise.guided as guiding
import ballast.research.optimise.study as studying
from ballast.core.bars import Bars
from ballast.core.errors import UserError
from ballast.research.optimise.manifest import MANIFEST, check_resumed, too_early
from ballast.research.optimise.objective import Objective
from ballast.research.optimise.outcome import outcome, save
from ballast.research.optimise.request import method_for
from ballast.research.optimise.space import Space
from ballast.research.optimise.study import recall, run_study
from ballast.research.series import Series
from ballast.store.trials import TrialLedger
from ballast.strategies import catalog

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


def newer(group: tuple[Series, ...], count: int) -> tuple[Series, ...]:
    return tuple(replace(one, bars=one.bars.slice(0, count)) for one in group)


def test_no_new_search_before_its_time(ledger: TrialLedger, tmp_path: Path) -> None:
    """R-BT-18, A-BT-11: quarter hours; three more candles are too early, five are not."""
    results = tmp_path / "results"
    group = series_of(6_000, timeframe="15m")
    last = len(group[0].bars)
    old = request("random", group=newer(group, last - 6), trials=8)
    assert too_early(results, old) is None
    study = run_study(old, results, ledger)
    assert too_early(results, old) is None, "not finished: it goes on"
    save(study, outcome(study, ledger), ledger.head())
    soon = request("random", group=newer(group, last - 3), trials=8)
    late = request("random", group=newer(group, last - 1), trials=8)
    assert too_early(results, soon) == study.id
    assert too_early(results, late) is None
    assert too_early(results, replace(soon, trials=9)) is None, "more was asked for"
    assert too_early(results, replace(soon, seed=6)) is None, "another search"
    again = recall(study.id, results, soon, ledger)
    assert same(again, study)
    (one,) = soon.group
    changed = np.array(one.bars.close)
    changed[100] += one.bars.high[100] - one.bars.close[100]
    columns = {n: np.array(getattr(one.bars, n)) for n in ("open", "high", "low", "volume")}
    bars = Bars.of(
        one.bars.venue, one.bars.symbol, one.bars.timeframe, one.bars.ts,
        columns | {"close": changed},
    )  # fmt: skip
    repaired = replace(soon, group=(Series(bars, one.rules),))
    assert too_early(results, repaired) is None, "old candles were corrected: nothing is still good"


def test_only_the_same_study_is_resumed(ledger: TrialLedger, tmp_path: Path) -> None:
    results = tmp_path / "results"
    study = run_study(request(), results, ledger)
    folder = results / "optimise" / study.id
    assert json.loads((folder / MANIFEST).read_text())["id"] == study.id
    check_resumed(folder, request())
    other = Space({"ema1": (5.0, 9.0), "ema2": (21.0, 34.0)})
    for changes, problem in (
        ({"strategy": catalog.load("stochrsi"), "space": other}, "of another strategy: ema_cross"),
        ({"space": Space({"fast": (5.0, 9.0)})}, "of another axes"),
        ({"method": "random"}, "of another method: grid, now random"),
        ({"folds": 2}, "of another folds"),
        ({"group": series_of(2_000)}, "of another data"),
    ):
        with pytest.raises(UserError, match=problem):
            check_resumed(folder, request(**changes))
    with pytest.raises(UserError, match="no study 'nothing'"):
        check_resumed(results / "optimise" / "nothing", request())


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"method": "magic"}, "unknown method 'magic'"),
        ({"trials": 0}, "0 trials"),
        ({"trials": -5}, "-5 trials"),
        ({"trials": 20_000, "method": "tpe"}, "20000 trials; expected 1 to 10,000"),
        ({"workers": -1}, "-1 jobs"),
        (
            {
                "space": Space(
                    {n: tuple(map(float, range(5, 150))) for n in ("fast", "slow", "stop")}
                )
            },
            "a grid of 3,048,625 combinations",
        ),
        ({"folds": 0}, "0 folds"),
        ({"folds": 40}, "too few for 40 folds"),
        ({"objectives": TWO, "method": "tpe"}, "several metrics with method tpe"),
        ({"objectives": (Objective(),), "method": "nsga2"}, "one objective with method nsga2"),
        ({"group": ()}, "no series to run on"),
    ],
)
def test_what_cannot_be_searched_is_refused_before_anything_runs(
    changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(UserError) as caught:
        request(**changes)
    assert problem in caught.value.line()


@pytest.mark.parametrize("method", ["grid", "random", "tpe"])
def test_a_space_in_which_nothing_is_allowed_leaves_nothing_behind(
    method: str, tmp_path: Path
) -> None:
    closed = Space({"fast": (50.0, 60.0), "slow": (10.0, 20.0)})
    with pytest.raises(UserError, match="no combination keeps the strategy's rules"):
        run(request(method, space=closed), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_method_follows_the_space() -> None:
    assert method_for(SPACE, (Objective(),), 40) == "grid"
    assert method_for(SPACE, (Objective(),), 39) == "tpe"
    assert method_for(SPACE, TWO, 39) == "nsga2"
