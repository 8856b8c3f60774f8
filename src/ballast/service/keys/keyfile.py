"""Key file: the sealed document on disk, for its owner's eyes and one writer at a time."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from ballast.core.errors import DataError, InternalError
from ballast.service.keys.sealed import COST, FILE_BYTES_MAX, seal, unseal
from ballast.store.certificates import key_folder
from ballast.store.disk import (
    BINARY,
    IS_POSIX,
    TEMP_SUFFIX,
    Disk,
    discard,
    disk_errors,
    ensure_folder,
    replace_file,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from ballast.core.settings import Secret
    from ballast.service.keys.account import Keys

FILE = "venues.keys"
OWNER_ONLY, FOLDER_ONLY = 0o600, 0o700
LOCK_SECONDS = 10.0
"""A writer holds the lock for two derivations of a key: less than a second."""


class OwnerDisk(Disk):
    """A disk whose new files are their owner's alone from the first moment."""

    def write(self, path: Path, parts: Iterable[bytes | memoryview]) -> None:
        """Create `path` with the given content; it must not exist."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, OWNER_ONLY)
        with os.fdopen(handle, "wb") as file:
            for part in parts:
                file.write(part)


class KeyFile:
    """The sealed file of this user, or the one at `path`. `cost` is for tests."""

    def __init__(self, path: Path | None = None, *, cost: int = COST) -> None:
        """Name the file; it need not exist."""
        self.path = (path or key_folder() / FILE).resolve()
        self._cost = cost

    @property
    def where(self) -> str:
        """The file, for people."""
        return str(self.path)

    def exists(self) -> bool:
        """Whether there is a file."""
        return self.path.exists()

    def raw(self) -> bytes | None:
        """Return what is in the file, None without one; raise `DataError` for open permissions."""
        raw = read_private(self.path)
        if raw is not None and (problem := folder_problem(self.path.parent)):
            folder = self.path.parent
            raise DataError(problem, where=str(folder), fix=f"chmod 700 {folder}")
        return raw

    def read(self, passphrase: Secret) -> tuple[Keys, ...]:
        """Return all keys; none without a file."""
        raw = self.raw()
        return () if raw is None else unseal(raw, passphrase, self.where)

    def change(
        self,
        passphrase: Secret,
        act: Callable[[tuple[Keys, ...]], Iterable[Keys]],
        *,
        new_passphrase: Secret | None = None,
    ) -> None:
        """Put what `act` makes of the keys in their place, in one step; a second writer waits."""
        with disk_errors(self.path):
            if not self.path.parent.is_dir():
                ensure_folder(Disk(), self.path.parent)
                self.path.parent.chmod(FOLDER_ONLY)
        lock = FileLock(str(self.path.with_suffix(".lock")), timeout=LOCK_SECONDS, mode=OWNER_ONLY)
        try:
            with disk_errors(self.path), lock:
                made = sorted(act(self.read(passphrase)), key=lambda keys: keys.name)
                document = seal(made, new_passphrase or passphrase, cost=self._cost)
                self._prove(document, new_passphrase or passphrase, made)
                disk = OwnerDisk()
                # Of a writer that was killed; no other is under way, for the lock is ours.
                discard(disk, self.path.parent.glob(f".{self.path.name}.*{TEMP_SUFFIX}"))
                replace_file(disk, self.path, [document])
        except Timeout:
            raise DataError("somebody else changes it right now", where=self.where) from None

    def _prove(self, document: bytes, passphrase: Secret, made: list[Keys]) -> None:
        """Open what was sealed before it replaces the only copy of somebody's keys."""
        read = unseal(document, passphrase, self.where)
        if [(one.name, one.texts()) for one in read] != [(one.name, one.texts()) for one in made]:
            raise InternalError("what was sealed does not open as it was")

    def mode(self) -> str:
        """Return the permissions as text, '' without a file; Windows has none of this kind."""
        if not IS_POSIX:
            return "of its folder" if self.exists() else ""
        return f"{stat.S_IMODE(self.path.stat().st_mode):04o}" if self.exists() else ""


def read_private(path: Path, *, most: int = FILE_BYTES_MAX) -> bytes | None:
    """Return the content of a file that only its owner may touch; None where there is none.

    What is looked at is what is read: the permissions are those of the open file. Windows keeps
    them elsewhere, in lists that a file has of its folder: there every mode says "all may read".
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | BINARY)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", where=str(path)) from None
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise DataError("is no file", where=str(path))
        if IS_POSIX and stat.S_IMODE(found.st_mode) & 0o077:
            raise DataError(
                f"others may touch it (mode {stat.S_IMODE(found.st_mode):04o})",
                where=str(path),
                fix=f"chmod 600 {path}, and change what it holds if others could read it",
            )
        if IS_POSIX and os.geteuid() not in (0, found.st_uid):
            raise DataError("belongs to another user", where=str(path))
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(most + 1)
    finally:
        os.close(handle)


def folder_problem(folder: Path) -> str:
    """Return why a folder is no place for keys, '' if it is: others could put a file there."""
    if not IS_POSIX:
        return ""
    mode = stat.S_IMODE(folder.stat().st_mode)
    return f"others may write into it (mode {mode:04o})" if mode & 0o022 else ""
