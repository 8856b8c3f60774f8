"""Head file: the end of the chain, written beside the journal after every commit.

Two lines that are overwritten in turn, each with a checksum, so that a torn write leaves the other:

                 4711:5f0c...e1 8d0f21aa
                 4712:77ab...03 01c4be90

It is written after the commit and not synced each time: it may lag behind the journal, by what the
system had not written out at a power cut, and is never ahead of it. So a journal that does not hold
its head is an earlier copy, or has lost its end.
"""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING

from ballast.core.errors import DataError
from ballast.core.journal import Head, parse_head
from ballast.store.disk import BINARY, Disk, disk_errors, replace_file

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".head"
LINE_BYTES = 94
SLOTS = 2
OWNER_ONLY = 0o600


def head_path(journal: Path) -> Path:
    """Return the file of the head of a journal."""
    return journal.with_name(journal.name + SUFFIX)


def read_head(path: Path) -> Head | None:
    """Return the newest head in a file, None where there is none; `DataError` if it is damaged."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", where=str(path)) from error
    found = [head for head in _heads(raw) if head is not None]
    if not found:
        raise DataError(
            "is not the head of a journal",
            where=str(path),
            fix="run `ballast audit --verify`; if the journal is your newest, move this file away",
        )
    return max(found, key=lambda head: head.seq)


def create_head(path: Path, head: Head, disk: Disk | None = None) -> None:
    """Write a head file anew, whole or not at all."""
    replace_file(disk or Disk(), path, [_line(head) * SLOTS])
    path.chmod(OWNER_ONLY)


class HeadFile:
    """An open head file: `write` costs one small write into the cache of the system."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with disk_errors(path):
            self._handle = os.open(path, os.O_WRONLY | BINARY)
        heads = _heads(path.read_bytes())
        self._slot = min(range(SLOTS), key=lambda slot: getattr(heads[slot], "seq", -1))

    def write(self, head: Head) -> None:
        """Write the head over the older of the two."""
        os.lseek(self._handle, self._slot * LINE_BYTES, os.SEEK_SET)
        os.write(self._handle, _line(head))
        self._slot = (self._slot + 1) % SLOTS

    def sync(self) -> None:
        """Force what was written to the medium."""
        os.fsync(self._handle)

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)


def _heads(raw: bytes) -> list[Head | None]:
    return [_parse(raw[slot * LINE_BYTES :][: LINE_BYTES - 1]) for slot in range(SLOTS)]


def _line(head: Head) -> bytes:
    text = f"{head!s:>{LINE_BYTES - 10}}"
    return f"{text} {zlib.crc32(text.encode()):08x}\n".encode()


def _parse(line: bytes) -> Head | None:
    try:
        text, check = line.decode().rsplit(" ", 1)
        is_whole = int(check, 16) == zlib.crc32(text.encode())
        return parse_head(text) if is_whole else None
    except (ValueError, DataError):
        return None
