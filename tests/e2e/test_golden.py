"""Golden results: the library on fixed data gives what it gave (R-QA-05).

A difference here is either a defect or a change of results that has to be said aloud: see
`tests/golden`.
"""

from __future__ import annotations

from functools import cache

import pytest
from tests.data import needs_data
from tests.golden.results import (
    REAL,
    SYNTHETIC,
    Figures,
    compute_real,
    compute_synthetic,
    stored,
)

from ballast.strategies import catalog

KINDS = ("spot", "perpetual")
synthetic = cache(compute_synthetic)
real = cache(compute_real)


def same(found: dict[str, Figures], golden: dict[str, Figures], kind: str, name: str) -> None:
    assert found[kind][name] == golden[kind][name], f"{name} on {kind}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", catalog.names())
def test_the_library_on_a_synthetic_market(kind: str, name: str) -> None:
    same(synthetic(), stored(SYNTHETIC), kind, name)


@needs_data
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", catalog.names())
def test_the_library_on_real_hours_of_2021(kind: str, name: str) -> None:
    same(real(), stored(REAL), kind, name)


def test_golden_results_are_of_the_whole_library_and_of_something_that_happened() -> None:
    for path in (SYNTHETIC, REAL):
        golden = stored(path)
        assert set(golden) == set(KINDS)
        for figures in golden.values():
            assert set(figures) == set(catalog.names())
        for name in catalog.names():
            assert sum(golden[kind][name]["trades"] for kind in KINDS) > 0, (path.name, name)
