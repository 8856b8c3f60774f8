"""Wait, before a first call, for what is being compiled elsewhere (`service/first_start.py`).

Who compiles elsewhere says how to wait for it; whoever calls the function settles that before.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_waits: dict[str, Callable[[], None]] = {}


def await_first(name: str, wait: Callable[[], None]) -> None:
    """Have `settle(name)` call `wait`, once."""
    _waits[name] = wait


def settle(name: str) -> None:
    """Wait until `name` is compiled, if somebody is at it."""
    if _waits and name in _waits:
        _waits.pop(name)()


def compile_for_integers(function: Any, numbers: int) -> None:  # noqa: ANN401 - compiled, untyped
    """Compile a function for so many integers, without a call of it."""
    integer: Any = import_module("numba").types.int64  # the key of the cache is types, not words
    function.compile((integer,) * numbers)
