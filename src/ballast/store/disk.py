"""The system calls that change the store, and the one safe way to use them.

A file is never edited. Its new content goes into a temporary file of the same folder, is synced,
and takes the place of the old one by a rename, which the file system does in one step; the folder
is synced last. Whenever a process is killed, a reader sees the old file or the new one.

Windows opens no folder, so it syncs none: its file system writes names ahead by itself. It also
replaces no file that somebody reads at that moment: the replacement waits a little for the reader.

`Disk` holds the raw calls so that a test can make the n-th of them fail, for every n.
"""

from __future__ import annotations

import errno
import os
import time
from contextlib import contextmanager, suppress
from itertools import count
from typing import TYPE_CHECKING

from ballast.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

TEMP_SUFFIX = ".tmp"
IS_POSIX = hasattr(os, "O_DIRECTORY")
"""Whether folders can be synced, open files replaced, and modes say who may touch a file."""
BINARY: int = getattr(os, "O_BINARY", 0)
"""Flag of `os.open`: without it Windows writes a line end as two bytes."""
REPLACE_TRIES, REPLACE_PAUSE_S = 20, 0.01
"""Where open files cannot be replaced: those others read are small, and read in a moment."""
_FULL = (errno.ENOSPC, errno.EDQUOT)
_DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)
_serial = count()


class Disk:
    """The calls by which the store changes the disk."""

    def make_folder(self, path: Path) -> None:
        """Create one folder; an existing one is fine."""
        path.mkdir(exist_ok=True)

    def write(self, path: Path, parts: Iterable[bytes | memoryview]) -> None:
        """Create `path` with the given content; it must not exist."""
        with path.open("xb") as file:
            for part in parts:
                file.write(part)

    def sync(self, path: Path) -> None:
        """Force a file or a folder to the medium."""
        if IS_POSIX:
            handle = os.open(path, os.O_RDONLY)
        elif path.is_dir():
            return
        else:
            handle = os.open(path, os.O_RDWR | BINARY)  # Windows syncs only what it may write
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def replace(self, source: Path, target: Path) -> None:
        """Put `source` in the place of `target` in one step."""
        for _ in range(0 if IS_POSIX else REPLACE_TRIES - 1):
            try:
                source.replace(target)
            except PermissionError:
                time.sleep(REPLACE_PAUSE_S)
            else:
                return
        source.replace(target)

    def remove(self, path: Path) -> None:
        """Delete a file; a missing one is fine."""
        path.unlink(missing_ok=True)


def ensure_folder(disk: Disk, path: Path) -> None:
    """Create a folder and its parents so that they survive a power cut."""
    if path.is_dir():
        return
    ensure_folder(disk, path.parent)
    disk.make_folder(path)
    disk.sync(path.parent)


def temp_name(path: Path) -> Path:
    """Return an unused temporary name in the folder of `path`."""
    return path.with_name(f".{path.name}.{os.getpid()}-{next(_serial)}{TEMP_SUFFIX}")


def stage(disk: Disk, path: Path, parts: Iterable[bytes | memoryview]) -> Path:
    """Write the content meant for `path` beside it, synced; return the temporary file."""
    temp = temp_name(path)
    try:
        disk.write(temp, parts)
        disk.sync(temp)
    except BaseException:
        discard(disk, [temp])
        raise
    return temp


def discard(disk: Disk, temps: Iterable[Path]) -> None:
    """Remove temporary files; one that cannot be removed is cleaned by the next writer."""
    for temp in temps:
        with suppress(OSError):
            disk.remove(temp)


def replace_file(disk: Disk, path: Path, parts: Iterable[bytes | memoryview]) -> None:
    """Give `path` new content atomically; raise `DataError` if the disk does not allow it."""
    with disk_errors(path):
        ensure_folder(disk, path.parent)
        temp = stage(disk, path, parts)
        try:
            disk.replace(temp, path)
        except BaseException:
            discard(disk, [temp])
            raise
        disk.sync(path.parent)


def clean_temps(disk: Disk, folder: Path) -> None:
    """Remove what a killed writer left; only for the holder of the folder's lock."""
    discard(disk, sorted(folder.glob(f".*{TEMP_SUFFIX}")))


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn an `OSError` into a `DataError` that says what a person can do."""
    try:
        yield
    except OSError as error:
        raise _explain(error, path) from error


def _explain(error: OSError, path: Path) -> DataError:
    if error.errno in _FULL:
        return DataError(
            "the disk is full, nothing was changed",
            where=str(path),
            fix="free some space and run the command again",
        )
    if error.errno in _DENIED:
        return DataError(
            "no permission to write here",
            where=str(path),
            fix="choose another data folder or change its permissions",
        )
    return DataError(f"the disk refused: {error.strerror or error}", where=str(path))
