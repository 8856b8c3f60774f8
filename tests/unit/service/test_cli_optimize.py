"""`ballast optimize`: what it says, what it refuses in one line, and that a kill loses nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.fakes.shell import ballast, csv_rows, tree, write_csv

from ballast.store.trials import TrialLedger, verify

if TYPE_CHECKING:
    from pathlib import Path

RANGES = ("-r", "fast=5..12", "-r", "slow=20..50:10")
SMALL = ("optimize", "ema_cross", *RANGES, "--folds", "2")
KILLED = (
    "optimize", "ema_cross", "-r", "fast=5..30", "-r", "slow=31..200", "--folds", "2",
    "--method", "random", "--trials", "1500", "--json",
)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    space = tmp_path_factory.mktemp("optimize")
    assert ballast(space, "init").code == 0
    write_csv(space / "BINANCE-BTCUSDT-1h.csv", csv_rows(1_500, volume=1e6))
    assert ballast(space, "data", "import", "BINANCE-BTCUSDT-1h.csv").code == 0
    return space


@pytest.fixture
def space(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "space")


def test_a_search_says_what_to_believe_of_it(space: Path) -> None:
    """R-OPT-02, R-OPT-08: the best, its neighbours, what matters, and what luck would show."""
    done = ballast(space, *SMALL)
    assert done.code == 0, done
    assert "best by robust" in done.out
    for words in (
        "32 trials with grid",
        "the best of 32 trials of this idea is the luckiest of them",
        "what matters: ",
        "neighbours score",
        "the last part of the history was not looked at",
    ):
        assert words in done.err, words
    (study,) = ballast(space, *SMALL, "--json").json()["studies"]
    assert study["trials"] == 32
    assert len(study["best"]) == 10
    assert set(study["importance"]) == {"fast", "slow"}
    assert study["luck"]["trials"] == 32
    assert study["neighbours"]["count"] == 8
    table = pq.read_table(study["table"])
    assert table.num_rows == 32
    assert study["best"][0]["score_robust"] == max(table["score_robust"].to_pylist())
    assert ballast(space, "trials", "--json").json()["trials"] == 32
    assert ballast(space, "trials", "verify").code == 0


def test_symbols_and_timeframes_are_studies_of_their_own(space: Path) -> None:
    """R-OPT-01, R-OPT-02: the best set of each."""
    write_csv(space / "BINANCE-ETHUSDT-1h.csv", csv_rows(1_500, seed=8, volume=1e6))
    assert ballast(space, "data", "import", "BINANCE-ETHUSDT-1h.csv").code == 0
    studies = ballast(space, *SMALL, "--json").json()["studies"]
    assert [one["symbol"] for one in studies] == ["BTCUSDT", "ETHUSDT"]
    (joint,) = ballast(space, *SMALL, "--together", "--json").json()["studies"]
    assert joint["symbol"] == "BTCUSDT+ETHUSDT"
    assert ballast(space, "trials", "--json").json()["trials"] == 96


WRONG: dict[str, tuple[tuple[str, ...], str]] = {
    "no range": (("-r", ""), "names no values"),
    "one point": (("-r", "fast=9"), "range of 'fast' holds one value"),
    "empty range": (("-r", "fast=9..5"), "is empty"),
    "unknown parameter": (("-r", "fats=5..9"), "did you mean 'fast'?"),
    "no trials": ((*RANGES, "--trials", "0"), "0 trials"),
    "unknown objective": ((*RANGES, "--objective", "sharp"), "did you mean 'sharpe'?"),
    "unknown metric": ((*RANGES, "--metric", "nothing"), "unknown objective 'nothing'"),
    "unknown method": ((*RANGES, "--method", "magic"), "unknown method 'magic'"),
    "both": ((*RANGES, "--objective", "sharpe", "--metric", "cagr"), "give one of them"),
    "too many folds": ((*RANGES, "--folds", "30"), "days are too few for 30 folds"),
    "negative jobs": ((*RANGES, "--jobs", "-2"), "-2 jobs"),
    "nothing allowed": (("-r", "fast=90,100", "-r", "slow=5,6"), "no combination keeps"),
    "no such study": ((*RANGES, "--resume", "abc"), "no study 'abc'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_is_one_line_and_leaves_nothing(name: str, space: Path) -> None:
    arguments, problem = WRONG[name]
    before = tree(space)
    folds = () if "--folds" in arguments else ("--folds", "2")
    assert problem in ballast(space, "optimize", "ema_cross", *folds, *arguments).mistake()
    assert tree(space) == before


def test_no_range_at_all_is_a_mistake_too(space: Path) -> None:
    assert "--range" in ballast(space, "optimize", "ema_cross").mistake()


def test_a_study_of_another_strategy_is_not_resumed(space: Path) -> None:
    (study,) = ballast(space, *SMALL, "--json").json()["studies"]
    other = ("optimize", "stochrsi", "-r", "ema1=5..8", "--folds", "2", "--resume")
    line = ballast(space, *other, study["study"]).mistake()
    assert f"study {study['study']} is of another strategy: ema_cross, now stochrsi" in line
    assert ballast(space, *SMALL, "--resume", study["study"]).code == 0


def spawn(space: Path) -> subprocess.Popen[bytes]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BALLAST")}
    return subprocess.Popen(
        [sys.executable, "-c", "from ballast.service.cli.main import main; main()", *KILLED],
        cwd=space,
        env=clean,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def rows_of(space: Path, study: dict[str, Any]) -> dict[str, str]:
    table = pq.read_table(space / "results" / "optimise" / study["study"] / "trials.parquet")
    return {name: repr(column) for name, column in table.to_pydict().items()}


@pytest.mark.slow
def test_a_kill_at_random_moments_loses_no_finished_trial(space: Path) -> None:
    """SIGKILL four times, resume, and it is the study that nobody disturbed: bit by bit."""
    calm = shutil.copytree(space, space.parent / "calm")
    whole = ballast(calm, *KILLED).json()["studies"][0]
    rng = np.random.default_rng(7)
    ledger = space / "ledger" / "trials.sqlite"
    counted = 0
    kills = 0
    while kills < 4:
        child = spawn(space)
        start = _count(ledger)
        for _ in range(3_000):  # until something new is there, or it is done
            if _count(ledger) > start or child.poll() is not None:
                break
            threading.Event().wait(0.01)
        threading.Event().wait(rng.uniform(0.0, 0.15))
        child.kill()
        child.wait()
        kills += 1
        with TrialLedger(ledger) as known:
            assert verify(known).problems == ()
            rows = known.study(whole["study"])
            assert rows.numbers.tolist() == list(range(len(rows)))
            assert known.count() >= counted, "what was counted stays"
            assert known.repeats() == 0, "nothing was run twice"
            counted = known.count()
    assert counted > 0
    done = ballast(space, *KILLED).json()["studies"][0]
    assert done["study"] == whole["study"]
    assert rows_of(space, done) == rows_of(calm, whole)
    with TrialLedger(ledger) as known, TrialLedger(calm / "ledger" / "trials.sqlite") as other:
        assert known.head() == other.head()
        assert known.count() == 1_500
        assert verify(known, space / "results").is_whole


def _count(ledger: Path) -> int:
    with TrialLedger(ledger) as known:
        return known.count()
