"""`ballast trials`: what every verb tried is counted, and tampering is exit 1 (R-OPT-09)."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from tests.fakes.shell import ballast, csv_rows, write_csv

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which two backtests and a sweep were run."""
    space = tmp_path_factory.mktemp("trials")
    assert ballast(space, "init").code == 0
    write_csv(space / "BINANCE-BTCUSDT-1h.csv", csv_rows(900, volume=1e6))
    for verb in (
        ("data", "import", "BINANCE-BTCUSDT-1h.csv"),
        ("backtest", "ema_cross"),
        ("backtest", "ema_cross", "-p", "fast=5"),
        ("sweep", "ema_cross", "-r", "fast=5,9", "-r", "slow=21,34"),
        ("repro",),
    ):
        done = ballast(space, *verb)
        assert done.code == 0, done
    return space


@pytest.fixture
def space(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "space")


def test_every_verb_that_runs_a_strategy_counts(space: Path) -> None:
    """Two backtests; two more rows of the sweep; two rows and the repro are repetitions."""
    found = ballast(space, "trials", "--json").json()
    assert (found["trials"], found["repeats"], found["uncounted"]) == (4, 3, 0)
    (family,) = found["families"]
    assert family["strategies"] == "ema_cross"
    assert set(family["kinds"].split(",")) == {"backtest", "sweep"}
    assert family["markets"] == "BINANCE BTCUSDT"
    assert ballast(space, "trials", "list", "--json").json() == found
    shown = ballast(space, "trials").out
    assert family["family"][:12] in shown
    assert "BINANCE BTCUSDT" in shown


def test_results_carry_the_head_under_which_they_were_made(space: Path) -> None:
    anchors = sorted(path.parent.name for path in (space / "results").rglob("ledger.json"))
    assert len(anchors) == 3
    found = ballast(space, "trials", "verify", "--json").json()
    assert found["whole"] is True
    assert found["problems"] == found["remarks"] == []


def test_nothing_tried_is_nothing_counted(tmp_path: Path) -> None:
    done = ballast(tmp_path, "trials")
    assert done.code == 0
    assert "nothing has been tried yet" in done.err
    assert ballast(tmp_path, "trials", "verify").code == 0
    assert list(tmp_path.iterdir()) == []


def test_an_emptied_ledger_is_exit_1_and_the_count_goes_on(space: Path) -> None:
    """The results and the head witness against it; the next run begins anew and says so."""
    for path in (space / "ledger").glob("trials.sqlite*"):
        path.unlink()
    done = ballast(space, "trials", "verify")
    assert done.code == 1
    assert "the ledger is gone" in done.out
    shutil.rmtree(space / "ledger")
    done = ballast(space, "trials", "verify")
    assert done.code == 1
    assert "there is no ledger, and there are 3 results" in done.out
    assert ballast(space, "backtest", "ema_cross").code == 0
    found = ballast(space, "trials", "--json").json()
    assert (found["trials"], found["uncounted"]) == (1, 6)
    told = ballast(space, "trials", "verify", "--json")
    assert "begun where the results of 6 trials lay" in told.out


def test_a_ledger_that_cannot_be_used_stops_the_run_in_one_line(space: Path) -> None:
    """A run that cannot be counted is not made: nothing is saved."""
    for path in (space / "ledger").glob("trials.sqlite*"):
        path.unlink()
    (space / "ledger" / "trials.sqlite").write_bytes(b"no database at all" * 300)
    before = sorted(path.name for path in (space / "results").iterdir())
    line = ballast(space, "backtest", "ema_cross", "-p", "fast=7").mistake()
    assert "the trial ledger cannot be used" in line
    assert sorted(path.name for path in (space / "results").iterdir()) == before
    assert ballast(space, "trials", "verify").code == 1
