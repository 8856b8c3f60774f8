"""Plugin: the simulated exchange as a pytest fixture, for those who ask for it.

# conftest.py
pytest_plugins = ["ballast.service.testing.plugin"]

# test_bot.py
def test_my_bot(simulated_exchange):
    venue = simulated_exchange(exchange="okx")
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from ballast.service.testing import venue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def simulated_exchange() -> Iterator[Callable[..., venue.ServedVenue]]:
    """Return what opens simulated exchanges; all of them are shut down when the test is over.

    The arguments are those of `ballast.service.testing.simulated_exchange`.
    """
    with ExitStack() as opened:

        def open_one(**asked: Any) -> venue.ServedVenue:  # noqa: ANN401 - as the context manager
            return opened.enter_context(venue.simulated_exchange(**asked))

        yield open_one
