"""The verbs about finished runs: every name of a run, JSON, CSV, mistakes in one line."""

from __future__ import annotations

import csv
import io
import json
import os
from typing import TYPE_CHECKING

import pytest
from tests.fakes.results import Deal, busy_result, make_result

from ballast.research import storage
from ballast.service.cli.main import app

if TYPE_CHECKING:
    from pathlib import Path

DEALS = [Deal(30, 40), Deal(60, 80, side=-1)]


class Cli:
    """Run verbs in this process, in a workspace with two finished runs."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as done:
            app(list(arguments))
        captured = self.capsys.readouterr()
        return int(done.value.code or 0), captured.out, captured.err


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    for name in [name for name in os.environ if name.startswith("BALLAST")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    old = storage.save(make_result(DEALS, run_id="aaaa0001"), tmp_path / "results")
    os.utime(old / storage.SUMS, ns=(1, 1))
    storage.save(busy_result(), tmp_path / "results")
    return Cli(capsys)


def test_results_lists_the_oldest_first(cli: Cli) -> None:
    code, out, _ = cli("results", "--json")
    rows = json.loads(out)
    assert code == 0
    assert [row["trades"] for row in rows] == [2, 58]
    assert rows[0]["run"] == "aaaa0001"


def test_show_takes_the_newest_run_by_itself(cli: Cli) -> None:
    code, out, err = cli("show")
    assert code == 0
    assert "SYM1USDT" in out
    assert "Sharpe ratio" in out
    assert "ballast report" in err


def test_show_json_is_the_stored_document(cli: Cli, tmp_path: Path) -> None:
    _, out, _ = cli("show", "aaaa", "--json")
    stored = (tmp_path / "results" / "aaaa0001" / "result.json").read_text()
    assert out == stored


def test_trades_print_as_table_csv_and_json(cli: Cli) -> None:
    """R-CLI-14: the trades of a run as CSV."""
    rows = list(csv.DictReader(io.StringIO(cli("trades", "aaaa0001", "--csv")[1])))
    assert len(rows) == 2
    assert len(json.loads(cli("trades", "aaaa0001", "--json")[1])) == 2
    assert "short" in cli("trades", "aaaa0001")[1]


def test_report_writes_the_page_into_the_run_and_leaves_the_run_valid(
    cli: Cli, tmp_path: Path
) -> None:
    code, out, _ = cli("report", "aaaa0001")
    path = tmp_path / "results" / "aaaa0001" / "report.html"
    assert code == 0
    assert out.strip() == str(path)
    assert path.read_text().startswith("<!DOCTYPE html>")
    assert storage.load(path.parent).path == path.parent
    assert [each.name for each in path.parent.glob(".*")] == []


def test_report_out_and_json(cli: Cli, tmp_path: Path) -> None:
    _, out, _ = cli("report", "last", "--out", "here.html", "--json")
    assert json.loads(out)["report"] == str(tmp_path / "here.html")
    code, _, err = cli("report", "last", "--out", "nowhere/here.html")
    assert code == 2
    assert "no such folder" in err


def test_compare_finds_the_first_difference(cli: Cli, tmp_path: Path) -> None:
    storage.save(make_result(DEALS[:1], run_id="aaaa0002"), tmp_path / "results")
    code, out, _ = cli("compare", "aaaa0001", "aaaa0002")
    assert code == 0
    assert "B does not" in out
    document = json.loads(cli("compare", "aaaa0001", "aaaa0002", "--json")[1])
    assert document["only_a"] == 1
    assert document["same"] is False


def test_an_unknown_run_is_one_line_and_exit_2(cli: Cli) -> None:
    code, out, err = cli("show", "aaaa0009")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "did you mean 'aaaa0001'?" in err


def test_a_damaged_run_is_one_line_and_exit_2(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "results" / "aaaa0001" / "trades.csv").write_text("nonsense")
    code, _, err = cli("show", "aaaa0001")
    assert code == 2
    assert "trades.csv is damaged" in err


def test_show_cuts_a_run_by_regime(cli: Cli) -> None:
    """R-WF-11: as a table and as JSON, by any detector; a mistake is one line."""
    code, out, _ = cli("show", "--regimes")
    assert code == 0
    assert "By regime, regime()" in out
    _, out, _ = cli("show", "--detector", "regime_clusters(24, 100)", "--json")
    document = json.loads(out)
    assert document["detector"] == "regime_clusters(24, 100)"
    assert [row["regime"] for row in document["rows"]] == ["trend", "range", "volatile", "unknown"]
    assert sum(row["trades"] for row in document["rows"]) == 58
    code, _, err = cli("show", "--detector", "regimes()")
    assert code == 2
    assert "did you mean 'regime'" in err
    assert err.count("\n") == 1
