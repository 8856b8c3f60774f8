"""Machine: what a process uses of the machine, measured; None where the system does not say."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

BYTES_MB = 1_000_000
RESIDENT = 1
"""Field of `/proc/PID/statm`, in pages."""


def resident_mb(pid: int | None = None) -> float | None:
    """Return the resident memory of a process, of this one where none is named, in MB."""
    try:
        with open(f"/proc/{pid or 'self'}/statm", encoding="ascii") as file:  # noqa: PTH123
            pages = int(file.read().split()[RESIDENT])
    except (OSError, ValueError, IndexError):  # another system, or a process that has ended
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / BYTES_MB


def free_mb(folder: Path) -> float | None:
    """Return what may still be written where a folder lies, or will lie, in MB."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        return shutil.disk_usage(folder).free / BYTES_MB
    except OSError:
        return None
