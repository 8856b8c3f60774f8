"""`ballast signals`: judged signals of stored runs, as tables and as JSON (R-SIG-03, R-SIG-05)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.fakes.shell import ballast, csv_rows, write_csv

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which two strategies were run."""
    space = tmp_path_factory.mktemp("signals")
    write_csv(space / "BINANCE-BTCUSDT-1h.csv", csv_rows(900, volume=1e6))
    for verb in (
        ("init",),
        ("data", "import", "BINANCE-BTCUSDT-1h.csv"),
        ("backtest", "ema_cross"),
        ("backtest", "momentum"),
        ("backtest", "enhanced_momentum", "--no-gate"),
        ("backtest", "momentum"),
    ):
        done = ballast(space, *verb)
        assert done.code == 0, done
    return space


def rows_of(space: Path) -> list[dict[str, str]]:
    found: list[dict[str, str]] = ballast(space, "results", "--json").json()
    return found


def test_a_stated_confidence_is_held_against_what_was_earned(space: Path) -> None:
    (run,) = [row["run"] for row in rows_of(space) if row["strategy"] == "enhanced_momentum"]
    (found,) = ballast(space, "signals", run, "--json").json()["runs"]
    assert found["reliability"]["signals"] == sum(
        one["confidence"] is not None and one["verdict"] not in ("open", "unfilled")
        for one in found["signals"]
    )
    assert "Confidence, stated and earned" in ballast(space, "signals", run).out


def test_one_run_is_judged(space: Path) -> None:
    found = ballast(space, "signals", "--json").json()
    (run,) = found["runs"]
    total = run["quality"][0]
    assert run["run"].startswith("momentum, run ")
    assert total["signals"] == len(run["signals"]) > 0
    names = ("profitable", "losing", "missed", "avoided", "undecided")
    assert sum(total[name] for name in names) == total["signals"]
    assert found["pairs"] == []
    shown = ballast(space, "signals").out
    assert "Signals of momentum" in shown
    assert "precision" in shown


def test_runs_are_compared_with_each_other(space: Path) -> None:
    runs = [row["run"] for row in rows_of(space) if row["strategy"] != "enhanced_momentum"]
    found = ballast(space, "signals", *runs, "--json").json()
    (pair,) = found["pairs"]
    assert (pair["a"], pair["b"]) == ("ema_cross BTCUSDT 1h", "momentum BTCUSDT 1h")
    assert "Signals together" in ballast(space, "signals", *runs).out


def test_mistakes_are_one_line(space: Path) -> None:
    done = ballast(space, "signals", "nothere")
    assert done.code == 2
    assert done.err.count("\n") == 1
    many = ballast(space, "signals", *["last"] * 21)
    assert many.code == 2
    assert "at most 20" in many.err
