"""Loop: what the server runs on: uvloop where it is installed, asyncio's own elsewhere."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

try:
    from uvloop import new_event_loop
except ImportError:  # Windows, and interpreters other than CPython
    _FACTORY: Callable[[], asyncio.AbstractEventLoop] | None = None
else:
    _FACTORY = new_event_loop

_T = TypeVar("_T")


def run(main: Coroutine[object, object, _T]) -> _T:
    """Run until `main` returns, as `asyncio.run` does."""
    with asyncio.Runner(loop_factory=_FACTORY) as runner:
        return runner.run(main)
