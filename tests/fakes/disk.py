"""A disk that dies at its n-th call, one that is full, one that is quick."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from ballast.store.disk import Disk

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class Crash(BaseException):
    """The process was killed: no handler of the code under test may run on."""


class CrashingDisk(Disk):
    """Works for `calls` calls, then every call raises `Crash`; a write dies half-way."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def _step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Crash

    def make_folder(self, path: Path) -> None:
        self._step()
        super().make_folder(path)

    def write(self, path: Path, parts: Iterable[bytes | memoryview]) -> None:
        whole = b"".join(bytes(part) for part in parts)
        if self.left == 0:
            super().write(path, [whole[: len(whole) // 2]])
        self._step()
        super().write(path, [whole])

    def sync(self, path: Path) -> None:
        self._step()
        super().sync(path)

    def replace(self, source: Path, target: Path) -> None:
        self._step()
        super().replace(source, target)

    def remove(self, path: Path) -> None:
        self._step()
        super().remove(path)


class FullDisk(Disk):
    """Has room for `files` files; the next one stops half-way with ENOSPC."""

    def __init__(self, files: int) -> None:
        self.left = files

    def write(self, path: Path, parts: Iterable[bytes | memoryview]) -> None:
        self.left -= 1
        if self.left < 0:
            super().write(path, [b"half"])
            raise OSError(errno.ENOSPC, "No space left on device")
        super().write(path, parts)


class QuickDisk(Disk):
    """Leaves the syncing to the system: for tests that write often and never cut the power."""

    def sync(self, path: Path) -> None:
        pass
