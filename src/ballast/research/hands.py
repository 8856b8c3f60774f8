"""Hands: the threads that share the columns of one large run.

A sweep has its own threads, one combination each. A single run has none, and half of it is columns
that do not depend on each other: compiled loops and copies, which release the interpreter lock. Two
threads share them. Each part writes rows of its own, so nothing depends on who is first.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.research.pool import Pool
from ballast.strategies.cache import OneRun

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

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
    with Pool(THREADS, "run") as pool:
        pool.each(_tried, tasks)


def do_all(tasks: Sequence[Callable[[], object]], rows: int) -> None:
    """Do all tasks of a run of `rows` bars, on threads if it is large; raise what one raises."""
    if rows < ROWS_MIN:
        for task in tasks:
            task()
        return
    with Pool(THREADS, "run") as pool:
        pool.each(_done, tasks)


def _done(task: Callable[[], object]) -> None:
    task()


def _tried(task: Callable[[], object]) -> None:
    with suppress(Exception):  # whoever needs the work meets the error there
        task()


def flat(parts: Sequence[NDArray[Any]]) -> Any:  # noqa: ANN401 - keeps the dtype it is given
    """Return the parts one after the other; a single one as it is, not copied."""
    return np.ascontiguousarray(parts[0] if len(parts) == 1 else np.concatenate(parts))


def flat_columns(columns: Mapping[str, Sequence[NDArray[Any]]]) -> dict[str, Any]:
    """Return each column's parts one after the other; large ones are joined on threads."""
    found: dict[str, Any] = {}

    def join(name: str) -> None:
        found[name] = flat(columns[name])

    several = max(len(parts) for parts in columns.values()) > 1
    rows = max(sum(len(part) for part in parts) for parts in columns.values())
    do_all([partial(join, name) for name in columns], rows if several else 0)
    return {name: found[name] for name in columns}


def pieces(rows: int) -> list[tuple[int, int]]:
    """Cut `rows` rows into `(first, last)`, one piece a thread; small ones stay whole."""
    if rows < ROWS_MIN:
        return [(0, rows)]
    cuts = [rows * place // THREADS for place in range(THREADS + 1)]
    return list(pairwise(cuts))
