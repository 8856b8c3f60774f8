"""The benchmark's line and its ratios (A-PERF: a claim carries its benchmark)."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
from typing import Any

import pytest
from tests.data import ROOT


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    return importlib.import_module("run"), importlib.import_module("format")


def result(form: Any, engine: str, seconds: float, note: str = "") -> Any:
    case = form.Case(engine, "1.0", "W1", "plain", "bars", 1_000_000, note)
    return form.Result(case, 9.0, 9.9, (seconds, 2 * seconds, seconds / 2), (seconds,), 100.0)


def test_a_result_survives_its_line_among_other_output(bench: Any) -> None:
    _, form = bench
    one = result(form, "ballast", 0.01)
    assert form.parse(["warming up", one.line(), "", "RESULTS soon"]) == [one]


def test_measuring_prints_one_cold_and_the_warm_runs(bench: Any, capsys: Any) -> None:
    _, form = bench
    calls: list[int] = []

    def work() -> dict[str, float]:
        calls.append(1)
        return {"trades": len(calls)}

    case = form.Case("ballast", "1", "W1", "x", "bars", 10)
    made = form.measure(case, work, repeats=3)
    assert len(calls) == 4
    assert made.facts == {"trades": 4.0}
    assert form.parse(capsys.readouterr().out.splitlines()) == [made]
    assert made.peak_mb > 1
    assert 0 < made.first_result_s < 3_600


def test_ratios_compare_shares_of_the_limit_measured_beside_each_engine(bench: Any) -> None:
    """The machine halves its speed between two engines: the ratio must not notice.

    ours  : 0.010 s a run while the limit does 400 M bars/s -> 1/4 of the limit
    peer  : 0.200 s a run while the limit does 200 M bars/s -> 1/40 of the limit
    """
    run, form = bench
    lines = run.table(
        "W1",
        [
            run.Paired(result(form, "limit", 0.0025), 400e6),
            run.Paired(result(form, "ballast", 0.010), 400e6),
            run.Paired(result(form, "limit", 0.005), 200e6),
            run.Paired(result(form, "peer", 0.200, "no stop"), 200e6),
        ],
    )
    rows = {line.split()[0]: line for line in lines[2:]}
    assert "10.00 x" in rows["peer"]
    assert "40.00 x" in rows["peer"]
    assert rows["peer"].endswith("no stop")
    assert "4.00 x" in rows["ballast"]
    assert list(rows) == ["limit", "ballast", "peer"]


def test_without_a_limit_rates_are_compared_as_they_are(bench: Any) -> None:
    run, form = bench
    lines = run.table(
        "W1",
        [
            run.Paired(result(form, "ballast", 0.01), None),
            run.Paired(result(form, "peer", 0.03), None),
        ],
    )
    assert "3.00 x" in lines[-1]


def test_only_the_first_case_of_a_process_says_how_long_a_start_takes(bench: Any) -> None:
    run, form = bench
    both = [result(form, "ballast", 0.01), result(form, "ballast", 0.02)]
    both[1] = dataclasses.replace(both[1], case=dataclasses.replace(both[1].case, variant="later"))
    lines = {
        line.split("(")[-1].split(")")[0]: line for line in run.table("W1", run._paired(both, None))
    }
    assert lines["plain"].split()[-1] == "9.90"
    assert lines["later"].split()[-1] == "-"
    assert " x" not in "".join(lines.values())  # ours alone: different jobs, no ratio


def test_a_workload_that_does_not_exist_is_refused(bench: Any) -> None:
    run, _ = bench
    assert run._workloads("w1,W3") == ["W1", "W3"]
    with pytest.raises(argparse.ArgumentTypeError, match="'w9'; there are W1, W2, W3"):
        run._workloads("w9")
