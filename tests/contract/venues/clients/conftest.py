"""One served venue for each file of tests and row; each test leaves it as it found it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest
from tests.contract.venues.clients.rig import ROWS, Rig, serving

from ballast.venues.clients.asking import wire

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", autouse=True)
def ccxt_is_imported() -> None:
    """Import it once, without its complaints: what it depends on warns of what it does not need."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ccxt.async_support  # noqa: F401, PLC0415 - 0.8 s, only where it is needed


@pytest.fixture(scope="module", params=list(ROWS))
def served(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """Serve a venue for all tests of a file."""
    with serving(ROWS[request.param]) as rig:
        yield rig


@pytest.fixture
def rig(served: Rig, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """Return the venue of the file; an answer that does not come is waited for briefly."""
    monkeypatch.setattr(wire, "TIMEOUT_S", 0.7)
    yield served
    monkeypatch.undo()
    served.clear()
