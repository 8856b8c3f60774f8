"""What a session knows of its talk with the venue, as it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.callers import Street, access

from ballast.core.errors import DataError
from ballast.runtime.node.events import ClosedBar
from ballast.runtime.shell.barbook import BarBook, Source
from ballast.service.diagnose.connection import bars_of, budget_of, calls_of, summary_of, times_of
from ballast.service.diagnose.memory import read_memory
from ballast.venues.clients.asking.pools import Caps
from ballast.venues.clients.asking.record import CallRecord
from ballast.venues.clients.calls import Call, CallError, Verdict

if TYPE_CHECKING:
    from pathlib import Path

NOW_NS = 1_700_000_000 * 10**9
ASK = Call("publicGetTime")


def record() -> CallRecord:
    made = CallRecord()
    for taken_ms in range(1, 101):
        made.succeeded(taken_ms / 1e3)
    for code in ("10001", "10001", "10006"):
        verdict = Verdict.RATE if code == "10006" else Verdict.REFUSED
        made.failed(ASK, CallError(verdict, "no", code=code), NOW_NS, 0.5)
    return made


def test_calls_are_told_with_their_times_and_their_errors_by_code() -> None:
    """R-DIAG-09: how long the calls to the venue take."""
    said = calls_of(record())
    assert (said["calls"], said["answered"]) == (103, 102)
    assert said["errors"] == [
        {"verdict": "refused", "code": "10001", "count": 2},
        {"verdict": "rate", "code": "10006", "count": 1},
    ]
    assert said["median_ms"] == 52.0
    assert said["p95_ms"] == 98.0
    assert said["worst_ms"] == 500.0
    assert [one["code"] for one in said["last_errors"]] == ["10001", "10001", "10006"]
    assert said["last_errors"][0]["time"].startswith("2023-11-14")


def test_no_call_has_no_times() -> None:
    assert set(times_of([]).values()) == {None}


def test_bars_told_differently_and_bars_nobody_told_are_shown() -> None:
    book = BarBook(("A",))
    book.tell(ClosedBar("A", 0, (1.0, 2.0, 1.0, 2.0, 5.0)), Source.STREAM)
    book.tell(ClosedBar("A", 0, (1.0, 3.0, 1.0, 2.0, 5.0)), Source.ASKED)
    book.give(0)
    book.give(60_000)
    said = bars_of(book)
    assert (said["streamed"], said["compared"], said["differences"], said["gaps"]) == (1, 1, 1, 1)
    (difference,) = said["last_differences"]
    assert (difference["held"][1], difference["told"][1], difference["by"]) == (2.0, 3.0, "asked")
    assert [one["symbol"] for one in said["last_gaps"]] == ["A"]


def test_one_line_says_how_it_goes() -> None:
    street = Street(access(100.0), Caps(together=7))
    street.run(street.one(0, cost=25.0))
    (budget,) = (budget_of(one) for one in street.budget.states())
    assert (budget["used"], budget["limit"], budget["calls"], budget["cap"]) == (25.0, 100.0, 1, 7)
    said: dict[str, Any] = {
        "calls": calls_of(record()),
        "budgets": [budget],
        "streams": [{"losses": 2}, {"losses": 1}],
        "bars": bars_of(BarBook(("A",))),
    }
    assert summary_of(said) == (
        "calls 103, 1 failed, 95 % within 98 ms; budget used data 25%; streams lost 3; "
        "bars 0 told differently, 0 missing"
    )


@pytest.mark.parametrize(
    ("text", "found"), [("{}", {}), ('{"calls": 1}', {"calls": 1}), ("[]", None)]
)
def test_the_state_file_carries_it(tmp_path: Path, text: str, found: dict[str, Any] | None) -> None:
    path = tmp_path / "main.json"
    path.write_text(f'{{"at_ns": 1, "views": [], "connection": {text}}}')
    if found is None:
        with pytest.raises(DataError, match="is no state of a node"):
            read_memory(path)
    else:
        memory = read_memory(path)
        assert memory is not None
        assert memory.connection == found
