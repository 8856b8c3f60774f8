"""Journals in both stores, each test with one of its own."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest
from tests.fakes.journals import Home
from tests.fakes.postgres import cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_serial = count()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a PostgreSQL of this session."""
    with cluster() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    """An empty place for a journal, in each store."""
    if request.param == "sqlite":
        return Home(tmp_path / "journal")
    url = request.getfixturevalue("postgres_url")
    return Home(tmp_path / "journal", url, account=f"test_{next(_serial)}")
