"""Machine: what a process uses of the machine, measured; None where the system does not say."""

from __future__ import annotations

import gc
import shutil
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BYTES_MB = 1_000_000
BYTES_KB = 1_024
OWN = "RssAnon:"
"""Line of `/proc/PID/status`: resident memory less pages of files, which the system can drop and
other processes share: libraries of compiled code alone are 130 MB of those."""


def own_mb(pid: int | None = None) -> float | None:
    """Return the resident memory of a process that is its own, in MB; None names this process."""
    try:
        with open(f"/proc/{pid or 'self'}/status", encoding="ascii") as file:  # noqa: PTH123
            line = next(line for line in file if line.startswith(OWN))
        return int(line.split()[1]) * BYTES_KB / BYTES_MB
    except (OSError, ValueError, IndexError, StopIteration):  # another system, or it has ended
        return None


def own_cpu_s() -> float:
    """Return the processor seconds that this process has used."""
    return time.process_time()


@contextmanager
def kept_for_good() -> Iterator[None]:
    """Let the collector pass over what is there now, until the end of the block.

    Modules and compiled code are a quarter of a million objects that stay anyway; going through
    them stops the loop for a tenth of a second each time.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def free_mb(folder: Path) -> float | None:
    """Return what may still be written where a folder lies, or will lie, in MB."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        return shutil.disk_usage(folder).free / BYTES_MB
    except OSError:
        return None
