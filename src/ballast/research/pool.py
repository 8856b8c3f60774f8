"""Pool: threads of a long run, which an interrupt ends and cannot hang.

Python raises `KeyboardInterrupt` between any two steps of the main thread: amid `submit` of a
thread pool it leaves a lock taken that its shutdown then waits for. So while a pool is open an
interrupt is only noted, and raised where nothing is half done: before a task is handed over, after
one is awaited, and once the threads have ended. Tasks are short, so it is still answered at once.
"""

from __future__ import annotations

import signal
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Item = TypeVar("Item")
Found = TypeVar("Found")


class Pool:
    """Some threads, open for as long as its `with` lasts."""

    def __init__(self, workers: int, name: str) -> None:
        """Prepare `workers` threads whose names begin with `name`; none runs yet."""
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=name)
        self._is_noting = False
        self._is_interrupted = False

    def __enter__(self) -> Self:
        """Note interrupts from here on, if this is where Python would raise them."""
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._is_noting = True
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """Wait for what runs, drop what does not yet; then raise an interrupt that came late."""
        failed = kind is not None
        try:
            self._pool.shutdown(cancel_futures=failed or self._is_interrupted)
        finally:
            if self._is_noting:
                signal.signal(signal.SIGINT, signal.default_int_handler)
        if not failed:
            self._raise_noted()

    def submit(self, task: Callable[[Item], Found], item: Item) -> Future[Found]:
        """Hand a task to the threads; raise `KeyboardInterrupt` if one was noted."""
        self._raise_noted()
        return self._pool.submit(task, item)

    def result(self, future: Future[Found]) -> Found:
        """Wait for a task; raise what it raised, or `KeyboardInterrupt` if one was noted."""
        found = future.result()
        self._raise_noted()
        return found

    def each(self, task: Callable[[Item], object], items: Iterable[Item]) -> None:
        """Do a task for every item; raise what the first that failed raised."""
        for future in [self.submit(task, item) for item in items]:
            self.result(future)

    def _note(self, *_: object) -> None:
        self._is_interrupted = True

    def _raise_noted(self) -> None:
        if self._is_interrupted:
            self._is_interrupted = False
            raise KeyboardInterrupt
