"""The first start of a version: another process compiles the loop while this one compiles the rest.

The loop of the kernel takes two thirds of a first start, and the compiler works on one core. Its
signature is known before any data is read, so a second process can compile it into the cache on
disk meanwhile. Where that process fails, or there is one core only, nothing is lost: the function
is compiled on its first call, as always. Nothing here imports the compiler, so that it can begin
before anything else.

    compile_ahead(1)
    meanwhile(compile_streams)              # what this process can do while it would wait
    ...                                     # import, load, compile columns; the first call waits
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from ballast.core.aside import await_first, compile_for_integers
from ballast.core.cachedir import cache_dir

if TYPE_CHECKING:
    from collections.abc import Callable

_LOOP = "ballast.kernel.loop"
_children: dict[str, subprocess.Popen[bytes]] = {}
_to_do: list[Callable[[], None]] = []


def compile_ahead(symbols: int, *, audit: bool = False) -> None:
    """Begin to compile the loop that a run of so many symbols goes through."""
    if symbols == 1 and not audit:
        begin(_LOOP, "run_alone", 2)
    else:
        begin(_LOOP, "run_many", 3)


def begin(module: str, name: str, numbers: int) -> bool:
    """Begin to compile `module.name`, called with so many integers; say whether it was begun.

    Not where it is in the cache already, nothing can be cached, or there is no second core.
    """
    if name in _children or os.cpu_count() == 1 or not is_missing(name):
        return False
    command = [sys.executable, "-m", __name__, module, name, str(numbers)]
    quiet = subprocess.DEVNULL
    try:
        _children[name] = subprocess.Popen(  # noqa: S603 - this interpreter, our module
            command, stdin=quiet, stdout=quiet, stderr=quiet
        )
    except OSError:
        return False
    await_first(name, lambda: _wait(name))
    return True


def meanwhile(*works: Callable[[], None]) -> None:
    """Have something done before anybody waits; nothing where nobody will have to."""
    if _children:
        _to_do.extend(works)


def is_missing(name: str) -> bool:
    """Whether a compiled function could be in the cache on disk, and is not."""
    checked, off = flags_of_environment()
    folder = cache_dir((checked, off))
    return bool(folder) and not off and next(Path(folder).rglob(f"*.{name}-*.nbi"), None) is None


def flags_of_environment() -> tuple[bool, bool]:
    """Return whether bounds are checked, and whether the compiler is off, as numba will read it."""
    names = ("NUMBA_BOUNDSCHECK", "NUMBA_DISABLE_JIT")
    checked, off = (os.environ.get(name, "").strip() not in {"", "0"} for name in names)
    return checked, off


def _wait(name: str) -> None:
    while _to_do:
        _to_do.pop()()
    _children.pop(name).wait()


def main(module: str, name: str, numbers: str) -> None:
    """Compile the function; what it leaves is in the cache."""
    compile_for_integers(getattr(import_module(module), name), int(numbers))


if __name__ == "__main__":
    main(*sys.argv[1:])
