"""Loop: what the server runs on: uvloop where it is installed, asyncio's own elsewhere."""

from __future__ import annotations

import asyncio
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

try:
    from uvloop import new_event_loop
except ImportError:  # Windows, and interpreters other than CPython
    _FACTORY: Callable[[], asyncio.AbstractEventLoop] | None = None
else:
    _FACTORY = new_event_loop

_T = TypeVar("_T")


def run(main: Coroutine[object, object, _T]) -> _T:
    """Run until `main` returns, as `asyncio.run` does."""
    with _signals_kept(), asyncio.Runner(loop_factory=_FACTORY) as runner:
        return runner.run(main)


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Put back what signals did before: uvloop leaves them to a loop that is closed."""
    is_main = threading.current_thread() is threading.main_thread()
    signs = (signal.SIGINT, signal.SIGTERM) if is_main else ()
    before = {one: signal.getsignal(one) for one in signs}
    try:
        yield
    finally:
        for sign, handler in before.items():
            if handler is not None:  # else no Python code set it
                signal.signal(sign, handler)
