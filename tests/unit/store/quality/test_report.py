"""The score, the tables behind it, and the certificate."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.data import ROOT
from tests.unit.store.quality.series import drop, put, walk

from ballast.core.errors import DataError
from ballast.store.quality import Kind, Severity, certificate, check_bars
from ballast.store.quality.findings import ADVICE, CAPS, GROUP, SEVERE_COST
from ballast.store.quality.report import in_order

if TYPE_CHECKING:
    from pathlib import Path


def test_every_kind_has_a_group_and_an_advice() -> None:
    """No finding without a place in the score and a word of help."""
    assert set(GROUP) == set(Kind)
    assert set(ADVICE) == set(Kind)
    assert set(CAPS) == set(GROUP.values())
    assert all(cap >= SEVERE_COST for cap in CAPS.values())


def test_score_is_one_less_the_capped_costs() -> None:
    """U-22: the formula, by hand: 100 of 1000 bars missing and one NaN row (a 101st missing)."""
    report = check_bars(put(drop(walk(1000), *range(10, 910, 9)), close={500: float("nan")}))
    assert report.penalties == pytest.approx(
        {"completeness": 2 * 101 / 1000, "validity": 0.05 + 20 / 900}, abs=1e-4
    )
    assert report.score == pytest.approx(1 - sum(report.penalties.values()), abs=1e-4)


def test_findings_come_worst_first() -> None:
    """Severe, then warnings, then information; by cost within each."""
    bars = put(drop(walk(3000, "1m"), slice(700, 1200), slice(2000, 2500)), low={300: 20.0})
    findings = check_bars(bars).findings
    ranks = [list(Severity).index(found.severity) for found in findings]
    assert ranks == sorted(ranks, reverse=True)
    assert in_order(reversed(findings)) == findings


def test_certificate_reads_back_and_speaks_about_one_content(tmp_path: Path) -> None:
    """R-DQ-08: stored beside the series; another content is refused."""
    bars = drop(walk(300), slice(100, 120))
    made = certificate.certify(check_bars(bars), threshold=0.8)
    path = certificate.path_beside(tmp_path / "V-S-1h.parquet")
    seal = certificate.write(path, made)
    assert path.name == "V-S-1h.parquet.quality.json"
    found = certificate.read(path)
    assert json.loads(path.read_text())["seal"] == seal
    assert (found.score, found.passed) == (made.score, True)
    assert found.report["counters"]["missing"] == 20
    found.check(bars)
    with pytest.raises(DataError, match="changed since"):
        found.check(walk(300))


def test_equal_certificates_are_equal_bytes(tmp_path: Path) -> None:
    """Same series, same bytes, so that certificates can be compared and versioned."""
    for name in ("a", "b"):
        report = check_bars(put(walk(300), low={100: 50.0}))
        certificate.write(tmp_path / name, certificate.certify(report, threshold=0.8))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_edited_certificate_is_refused(tmp_path: Path) -> None:
    """A better score written by hand does not pass."""
    path = tmp_path / "c.json"
    certificate.write(path, certificate.certify(check_bars(walk(50)), threshold=0.8))
    path.write_text(path.read_text().replace('"threshold":0.8', '"threshold":0.1'))
    with pytest.raises(DataError, match="changed after it was sealed"):
        certificate.read(path)


@pytest.mark.parametrize("text", ["", "[1]", "{}", '{"seal":"x","format":99}', "\xff"])
def test_anything_else_is_no_certificate(tmp_path: Path, text: str) -> None:
    """One clear line, never a traceback."""
    path = tmp_path / "c.json"
    path.write_text(text, "latin-1")
    with pytest.raises(DataError, match=r"certificate"):
        certificate.read(path)
    with pytest.raises(DataError, match="no certificate"):
        certificate.read(tmp_path / "missing.json")


def test_every_kind_is_explained_in_the_documentation() -> None:
    """A name in a report leads to a line of the page."""
    page = (ROOT / "docs" / "data-quality.md").read_text("utf-8")
    for kind in Kind:
        assert f"| `{kind.value}` |" in page, kind
    for group, cap in CAPS.items():
        assert f"| {group.value} | {cap} |" in page, group
