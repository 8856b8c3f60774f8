"""Machine: what a process uses of the machine, measured; None where the system does not say."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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


def free_mb(folder: Path) -> float | None:
    """Return what may still be written where a folder lies, or will lie, in MB."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        return shutil.disk_usage(folder).free / BYTES_MB
    except OSError:
        return None
