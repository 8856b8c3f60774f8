"""What a diagnosis calls wrong, and how bad (R-DIAG-06, R-DIAG-08, A-DIAG-02)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.data import ROOT

from ballast.core.errors import DataError
from ballast.service.diagnose.issues import Kind, Persisting, Severity, compare, worst
from ballast.service.diagnose.memory import read_memory
from ballast.service.diagnose.views import View

if TYPE_CHECKING:
    from pathlib import Path

STOP = ("bls1", 100, 10)
HELD = View("BTCUSDT", 10, (STOP,))
FLAT = View("BTCUSDT", 0)
MOVED = View("BTCUSDT", 10, (("bls1", 101, 10),))
BARE = View("BTCUSDT", 10)
HALF = View("BTCUSDT", 10, (("bls1", 100, 5),))
LEFT = View("BTCUSDT", 0, (STOP,))
DUST = View("BTCUSDT", 3, dust_lots=3)


@pytest.mark.parametrize(
    ("memory", "journal", "venue", "found"),
    [
        (HELD, HELD, HELD, []),
        (FLAT, FLAT, FLAT, []),
        (DUST, DUST, View("BTCUSDT", 2), []),
        (None, HELD, HELD, []),
        (HELD, HELD, BARE, [(Kind.MISSING, Severity.CRITICAL)]),
        (HELD, HELD, HALF, [(Kind.MISSING, Severity.CRITICAL)]),
        (BARE, HELD, HELD, [(Kind.MISSING, Severity.HIGH)]),
        (HELD, BARE, HELD, [(Kind.MISSING, Severity.HIGH)]),
        (FLAT, FLAT, LEFT, [(Kind.ORPHAN, Severity.MEDIUM)]),
        (HELD, HELD, MOVED, [(Kind.PRICE, Severity.HIGH)]),
        (MOVED, HELD, HELD, [(Kind.PRICE, Severity.HIGH)]),
        (HELD, HELD, FLAT, [(Kind.STATE, Severity.HIGH)]),
        (FLAT, HELD, HELD, [(Kind.STATE, Severity.HIGH), (Kind.MISSING, Severity.HIGH)]),
    ],
)
def test_each_disagreement_is_named_with_its_severity(
    memory: View | None, journal: View, venue: View, found: list[tuple[Kind, Severity]]
) -> None:
    """R-RECON-07: memory, journal and venue: existence, quantity, price."""
    issues = compare(
        {"BTCUSDT": memory} if memory is not None else None,
        {"BTCUSDT": journal},
        {"BTCUSDT": venue},
        at_ns=1,
    )
    assert sorted((one.kind, one.severity) for one in issues) == sorted(found)


def test_an_issue_counts_when_two_looks_in_a_row_saw_it_and_then_once() -> None:
    bare = compare(None, {"BTCUSDT": HELD}, {"BTCUSDT": BARE}, at_ns=1)
    seen = Persisting()
    assert seen.take(bare) == []
    assert [one.kind for one in seen.take(bare)] == [Kind.MISSING]
    assert seen.take(bare) == []
    assert seen.take([]) == []
    assert seen.take(bare) == []
    assert [one.kind for one in seen.take(bare)] == [Kind.MISSING]


def test_the_worst_issue_decides() -> None:
    assert worst([]) is Severity.LOW
    found = compare(None, {"BTCUSDT": FLAT}, {"BTCUSDT": LEFT}, at_ns=1)
    assert worst(found) is Severity.MEDIUM


@pytest.mark.parametrize("text", ["", "{}", '{"at_ns": 1, "views": [{}]}', "[1]"])
def test_a_broken_state_of_a_node_is_one_clear_error(text: str, tmp_path: Path) -> None:
    path = tmp_path / "main.json"
    assert read_memory(path) is None
    path.write_text(text)
    with pytest.raises(DataError):
        read_memory(path)


def test_the_guide_explains_each_finding_and_each_trouble() -> None:
    """R-DIAG-14: what a healthy session looks like, and what to do about one that is not."""
    page = (ROOT / "docs" / "diagnose.md").read_text(encoding="utf-8")
    table = page.partition("## What it finds")[2].partition("## A healthy session")[0]
    for kind in Kind:
        assert kind.value in table, kind
    assert "looks_in_agreement  15" in page, "a sample"
    troubles = page.partition("## An unhealthy one")[2]
    for what in (
        "No activation", "Very many moves", "Errors", "does not start", "crashed", "No data",
    ):  # fmt: skip
        assert what in troubles, what
    assert "cron" in page
