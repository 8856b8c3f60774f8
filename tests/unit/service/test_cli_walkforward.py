"""`ballast walkforward`: the table of folds, the paths, honest remarks, one line for bad input."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.shell import ballast, csv_rows, write_csv

from ballast.core.time import DAY_MS
from ballast.service.cli.walkforward import days_of

if TYPE_CHECKING:
    from pathlib import Path

WALK = ("walkforward", "ema_cross", "-r", "fast=3,5,9", "-r", "slow=9,21", "-s", "BTCUSDT")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with 105 days of a market, and one whose price never moves."""
    space = tmp_path_factory.mktemp("walk")
    assert ballast(space, "init").code == 0
    rows = csv_rows(2_520, volume=1e6)
    write_csv(space / "BINANCE-BTCUSDT-1h.csv", rows)
    write_csv(
        space / "BINANCE-STILLUSDT-1h.csv",
        [",".join([row.split(",")[0], "5.0", "5.0", "5.0", "5.0", "100"]) for row in rows],
    )
    for name in ("BTCUSDT", "STILLUSDT"):
        assert ballast(space, "data", "import", f"BINANCE-{name}-1h.csv").code == 0
    return space


@pytest.fixture
def space(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "space")


def test_the_document_holds_folds_curve_and_remarks(space: Path) -> None:
    """R-WF-03, R-WF-04: what was chosen, what it earned, how far the choice moved."""
    found = ballast(space, *WALK, "--folds", "3", "--json").json()
    assert found["strategy"] == "ema_cross"
    assert found["combinations"] == 5, "fast=9 slow=9 breaks the rules"
    assert len(found["folds"]) == 3
    for one in found["folds"]:
        train, test = one["fold"]["train"], one["fold"]["test"]
        assert test["from_ms"] - train["to_ms"] == DAY_MS, "the embargo of the settings"
        assert one["params"]["fast"] in (3, 5, 9)
    assert len(found["equity"]) == len(found["daily"]) + 1 == found["stats"]["days"] + 1
    assert found["equity"][0] == 10_000.0
    assert any("closed trades" in one or "efficiency" in one for one in found["remarks"])


def test_the_same_command_twice_says_the_same_and_counts_once(space: Path) -> None:
    """R-OPT-09: every combination is a trial, the second time a repetition."""
    one = ballast(space, *WALK, "--folds", "3", "--json")
    assert one == ballast(space, *WALK, "--folds", "3", "--json", "--workers", "2")
    trials = ballast(space, "trials", "--json").json()
    assert (trials["trials"], trials["repeats"]) == (5, 5)
    assert trials["families"][0]["kinds"] == "walkforward"


def test_people_get_tables(space: Path) -> None:
    done = ballast(space, *WALK, "--scheme", "rolling", "--train", "40d", "--test", "20", "--purge")
    assert done.code == 0, done
    head, *rows = done.out.split("\n\n")[0].splitlines()[1:]
    assert head.split()[:3] == ["train", "test", "choice"]
    assert len(rows) == 3
    assert "out of sample, stitched" in done.out
    assert "fast=" in rows[0]


def test_fixed_parameters_need_no_range(space: Path) -> None:
    """Nothing to choose is a fair question: how do these numbers do, stretch by stretch?"""
    plain = ("walkforward", "ema_cross", "-s", "BTCUSDT", "--folds", "2", "--json")
    default = ballast(space, *plain).json()
    assert [one["params"] for one in default["folds"]] == [{}, {}]
    fixed = ballast(space, *plain, "-p", "fast=3", "--switch", "--embargo", "0").json()
    assert [one["params"] for one in fixed["folds"]] == [{"fast": 3}] * 2
    fold = fixed["folds"][0]["fold"]
    assert fold["train"]["to_ms"] == fold["test"]["from_ms"], "no embargo"


def test_the_plain_split_is_one_fold(space: Path) -> None:
    """R-WF-01: 70 % of the days fit, the rest judges; the share is a setting."""
    for share, days in ((None, 74), (0.5, 53)):
        own = () if share is None else ("--set", f"validation.in_sample={share}")
        (one,) = ballast(space, *WALK, "--split", "--json", *own).json()["folds"]
        train, test = one["fold"]["train"], one["fold"]["test"]
        assert (test["from_ms"] - train["from_ms"]) // DAY_MS == pytest.approx(days, abs=1)
        assert test["from_ms"] - train["to_ms"] == DAY_MS
    said = ballast(space, *WALK, "--split", "--folds", "3").mistake()
    assert "--split and lengths of folds" in said


def test_cross_validation_gives_paths(space: Path) -> None:
    """Splits and paths as the book counts them."""
    found = ballast(space, *WALK, "--cpcv", "--groups", "5", "--tests", "2", "--json").json()
    assert len(found["splits"]) == 10
    assert len(found["paths"]) == len(found["sharpe"]) == 4
    assert found["sharpe_worst"] == min(found["sharpe"])
    assert found["embargo_days"] == 1
    done = ballast(space, *WALK, "--cpcv", "--no-gate")
    for words in ("splits", "paths", "spread over the paths", "losing paths"):
        assert words in done.out
    assert "the safety gate was off" in done.err


MISTAKES: dict[str, tuple[tuple[str, ...], str]] = {
    "too many folds": (("--folds", "30"), "too little data: 30 folds"),
    "too long windows": (("--train", "300d", "--test", "90d"), "too little data"),
    "unknown scheme": (("--scheme", "anchord"), "did you mean 'anchored'?"),
    "unknown objective": (("--objective", "sharp"), "did you mean 'sharpe'?"),
    "hours as a window": (("--test", "36h"), "--test 36h; expected whole days"),
    "no window": (("--test", "long"), "'long' is not a timeframe"),
    "fixed and ranged": (("-p", "fast=3"), "'fast' is fixed and has a range"),
    "unknown parameter": (("-p", "fsat=3"), "unknown parameter 'fsat'"),
    "too many groups": (("--cpcv", "--groups", "20", "--tests", "6"), "38,760 splits"),
    "too short groups": (("--cpcv", "--groups", "25"), "too little data: 105 days for 25 groups"),
    "all groups judge": (("--cpcv", "--groups", "3", "--tests", "3"), "3 test groups of 3"),
    "empty period": (("--period", "2020-01-01..2020-02-01"), "no bars in the period"),
    "unordered period": (("--from", "2024-01-01", "--to", "2023-01-01"), "ends before it starts"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_bad_input_is_one_line(name: str, space: Path) -> None:
    """Issue 3: each a clear message, exit 2, nothing counted and nothing half-written."""
    arguments, said = MISTAKES[name]
    assert said in ballast(space, *WALK, *arguments).mistake()
    assert ballast(space, "trials", "--json").json()["trials"] == 0


OTHERS: list[tuple[tuple[Any, ...], str]] = [
    (("walkforward", "ema_cross", "-s", "STILLUSDT"), "the price never changes"),
    (("walkforward", "ema_cross", "-r", "fast=90..99", "-r", "slow=5..9"), "no combination keeps"),
    (("walkforward", "ema_cross", "-r", "fast=9..5"), "range '9..5' is empty"),
    (("walkforward", "momentum", "-s", "BTCUSDT", "-p", "threshold=0.9"), "made a trade"),
    (("walkforward", "ema_cros"), "did you mean 'ema_cross'?"),
]


@pytest.mark.parametrize(("arguments", "said"), OTHERS)
def test_markets_and_strategies_that_say_nothing(
    arguments: tuple[str, ...], said: str, space: Path
) -> None:
    assert said in ballast(space, *arguments, "--folds", "2").mistake()
    assert ballast(space, "trials", "--json").json()["trials"] == 0


def test_lengths_are_whole_days() -> None:
    texts = ("", "0", "0d", "90", "90d", "2w", "48h")
    assert [days_of("--test", text) for text in texts] == [None, 0, 0, 90, 90, 14, 2]
