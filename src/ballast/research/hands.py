"""Hands: the threads that share the columns of one large run.

A sweep has its own threads, one combination each. A single run has none, and half of it is columns
that do not depend on each other: compiled loops and copies, which release the interpreter lock. Two
threads share them. Each part writes a column of its own, so nothing depends on who is first.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from ballast.strategies.cache import OneRun

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROWS_MIN = 200_000
"""Bars below which starting a thread costs more than it saves."""
THREADS = 2


def shared_cache() -> OneRun:
    """Return the cache of one run whose columns several threads compute."""
    return OneRun(threading.Lock())


def share(tasks: Sequence[Callable[[], object]], rows: int) -> None:
    """Do all tasks of a run of `rows` bars, on threads if it is large.

    A task that fails leaves its work undone: whoever needs it does it again, in the order of a run
    without threads, and gives the error of such a run.
    """
    if rows < ROWS_MIN:
        return
    with ThreadPoolExecutor(THREADS, thread_name_prefix="run") as pool:
        wait([pool.submit(task) for task in tasks])
