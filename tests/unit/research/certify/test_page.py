"""The report of a certificate: verdict on top, no script, the same bytes (R-MET-11)."""

from __future__ import annotations

import json
import re

import pytest
from tests.fakes.certificates import certificate
from tests.fakes.subjects import certified

from ballast.core.certificate import Verdict
from ballast.core.hashing import value_hash
from ballast.research.certify.charts import CHARTS, all_of
from ballast.research.certify.evidence import histogram
from ballast.research.certify.page import certificate_html

EMPTY: dict[str, object] = {"combinations": 1}


def test_a_page_without_evidence_still_says_the_verdict() -> None:
    page = certificate_html(certificate(), EMPTY)
    assert "Certified" in page
    assert "Not certified" not in page
    refused = certificate_html(certificate(verdict=Verdict.FAIL), EMPTY)
    assert "Not certified" in refused


def test_names_cannot_break_out_of_the_page() -> None:
    nasty = "<img src=x onerror=alert(1)>"
    page = certificate_html(certificate(strategy=nasty, notes=(nasty,)), EMPTY)
    assert nasty not in page
    assert "&lt;img" in page


def test_no_chart_is_drawn_of_nothing() -> None:
    assert set(all_of(EMPTY).values()) == {""}
    assert histogram([]) is None
    assert histogram([float("nan")]) is None


@pytest.mark.slow
def test_the_page_is_whole_has_no_script_and_is_the_same_twice() -> None:
    found = certified(strong=True)
    page = certificate_html(found.certificate, found.evidence, "ab" * 32)
    assert page == certificate_html(found.certificate, found.evidence, "ab" * 32)
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert not re.search(r"(src|href)=\"(?!data:|#)", page)
    drawn = all_of(found.evidence)
    assert {name for name, text in drawn.items() if not text} <= {"surface"}
    assert set(drawn) == set(CHARTS)
    assert page.index("Certified") < page.index("Tests")
    for check in found.certificate.checks:
        assert check.title.replace("'", "&#39;") in page


@pytest.mark.slow
def test_evidence_is_plain_and_its_hash_stands_in_the_certificate() -> None:
    found = certified(strong=True)
    again = json.loads(json.dumps(found.evidence, allow_nan=False))
    assert value_hash(again) == found.certificate.evidence_hash
