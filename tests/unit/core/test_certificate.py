"""What a certificate says, and what it does not cover (R-SIG-01, R-WF-02)."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from tests.fakes.certificates import CHECKS, certificate

from ballast.core.certificate import (
    Verdict,
    as_document,
    from_document,
    judged,
    noted,
    overall,
    skipped,
)
from ballast.core.errors import DataError
from ballast.core.time import DAY_MS
from ballast.risk.degradation import expectation as degradation

COVERED: dict[str, Any] = {
    "strategy_hash": "ab" * 16,
    "params": {"fast": 9.0, "slow": 21.0, "stop": 2.5},
    "symbol": "BTCUSDT",
    "capital": 250_000.0,
    "now_ms": 1_707_775_999_999,
}


def test_a_certificate_is_the_same_after_a_trip_through_json() -> None:
    made = certificate()
    again = from_document(json.loads(json.dumps(as_document(made))))
    assert again == made
    assert again.id == made.id


def test_the_id_depends_on_everything() -> None:
    made = certificate()
    for change in ({"seed": 8}, {"notes": ()}, {"checks": CHECKS[:2]}, {"params": {"fast": 10.0}}):
        assert certificate(**change).id != made.id


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, ""),
        ({"strategy_hash": "00"}, "has changed"),
        ({"params": {"fast": 9.0, "slow": 22.0, "stop": 2.5}}, "fast=9, slow=21, stop=2.5"),
        ({"symbol": "ETHUSDT"}, "only BTCUSDT"),
        ({"capital": 250_000.01}, "above the certified 250000"),
        ({"now_ms": 1_707_776_000_000}, "expired 0 days ago"),
        ({"now_ms": 1_707_776_000_000 + 3 * DAY_MS}, "expired 3 days ago"),
    ],
)
def test_a_run_beyond_the_certificate_is_refused_with_the_reason(
    change: dict[str, Any], words: str
) -> None:
    """The old "scenario mismatch" guard: what was proved, and nothing else, may trade."""
    said = certificate().refusal(**{**COVERED, **change})
    assert words in said
    assert bool(said) == bool(words)


def test_a_no_covers_nothing() -> None:
    assert "says no" in certificate(verdict=Verdict.FAIL).refusal(**COVERED)


@pytest.mark.parametrize(
    ("value", "threshold", "at_least", "verdict"),
    [
        (1.0, 1.0, True, Verdict.PASS),
        (0.999, 1.0, True, Verdict.FAIL),
        (1.0, 1.0, False, Verdict.PASS),
        (1.001, 1.0, False, Verdict.FAIL),
        (None, 1.0, True, Verdict.FAIL),
        (None, 1.0, False, Verdict.FAIL),
        (float("nan"), 1.0, True, Verdict.FAIL),
        (float("nan"), 1.0, False, Verdict.FAIL),
    ],
)
def test_a_figure_that_is_not_defined_fails(
    value: float | None, threshold: float, at_least: bool, verdict: Verdict
) -> None:
    assert judged("x", "X", value, threshold, at_least=at_least).verdict is verdict


def test_one_failure_is_a_no_and_nothing_judged_is_one_too() -> None:
    good = judged("a", "A", 1.0, 0.5, at_least=True)
    bad = judged("b", "B", 0.1, 0.5, at_least=True)
    told, left = noted("c", "C", 3.0), skipped("d", "D", "one set")
    assert overall((good, told, left)) is Verdict.PASS
    assert overall((good, bad, told)) is Verdict.FAIL
    assert overall((told, left)) is Verdict.FAIL
    assert overall(()) is Verdict.FAIL


@pytest.mark.parametrize(
    "damage",
    [
        {"schema": "other"},
        {"schema_version": 2},
        {"verdict": "maybe"},
        {"checks": [{"id": "x"}]},
        {"limits": None},
        {"trials": {"count": 1}},
        {"space": []},
    ],
)
def test_a_document_that_is_no_certificate_is_refused(damage: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        from_document({**as_document(certificate()), **damage})


def test_a_check_says_itself_in_one_line() -> None:
    assert CHECKS[0].line == "Deflated Sharpe ratio: 0.971, asked for at least 0.95"
    assert CHECKS[1].line == "Probability of overfitting: 0.1, asked for at most 0.2"
    assert CHECKS[2].line == "Regimes: not defined"


def test_an_expectation_is_what_the_degradation_watch_takes() -> None:
    """R-SIG-02: live trading is held against the certificate."""
    expected = certificate().expectation
    assert expected is not None
    watched = degradation.Expectation(
        **{f.name: getattr(expected, f.name) for f in fields(expected)}
    )
    assert watched.mean == expected.mean
    assert [f.name for f in fields(watched)] == [f.name for f in fields(expected)]


def test_a_certificate_without_an_expectation_survives_json_too() -> None:
    made = certificate(expectation=None)
    assert from_document(json.loads(json.dumps(as_document(made)))) == made
