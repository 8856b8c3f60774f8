"""One served venue for each file of tests and row; each test leaves it as it found it."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.contract.venues.clients.rig import Rig, serving
from tests.contract.venues.clients.rows import ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent


@pytest.fixture(scope="session", autouse=True)
def ccxt_is_imported() -> None:
    """Import it once, without its complaints: what it depends on warns of what it does not need."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ccxt.async_support  # noqa: F401, PLC0415 - 0.8 s, only where it is needed


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what makes no sense at a venue: its row says what it lacks, its own tests the rest.

    `needs("clock")` names what a test is about, `only("BYBIT")` the one venue it is of.
    """
    items[:] = [one for one in items if _makes_sense(one)]


def _makes_sense(item: pytest.Item) -> bool:
    spec = getattr(item, "callspec", None)
    if spec is None or item.path.parent != HERE:
        return True
    words = [one for one in spec.params.values() if isinstance(one, str)]
    names = [one for one in words if one in ROWS]
    if not names:
        return True
    about = {mark.args[0] for mark in item.iter_markers("needs")} | set(words)
    only = {mark.args[0] for mark in item.iter_markers("only")}
    return not (about & ROWS[names[0]].lacks) and (not only or names[0] in only)


@pytest.fixture(scope="module", params=list(ROWS))
def served(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """Serve a venue for all tests of a file."""
    with serving(ROWS[request.param]) as rig:
        yield rig


@pytest.fixture
def rig(served: Rig) -> Iterator[Rig]:
    """Return the venue of the file."""
    yield served
    served.clear()
