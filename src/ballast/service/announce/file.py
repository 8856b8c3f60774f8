"""File: announcements that any program appends to a file, one JSON object a line.

It is read on from where the last look ended; a line that is not whole yet waits. A file that became
shorter, or another one under the name, is read from its beginning.
"""

from __future__ import annotations

import asyncio
import os
from functools import partial
from typing import TYPE_CHECKING

from ballast.core.errors import DataError
from ballast.core.notices import Heard, heard_of, notice_of_line

if TYPE_CHECKING:
    from pathlib import Path

    from ballast.core.notices import Notice

BYTES_MOST = 16_000_000
"""Announcements of decades; more is another file, or one that nobody ever empties."""
LINE_MOST = 16_384
"""Bytes of a line; one that does not end is no line."""


class FileEvents:
    """A file of announcements."""

    patience_s = 0.0
    """A file on this machine is there, or something is wrong."""

    def __init__(self, path: Path) -> None:
        """Read this file; it need not be there yet, but until it is nothing is opened."""
        self.path = path
        self.name = path.name
        self._at = self._line = 0
        self._of: tuple[int, int] | None = None
        """Device and number of the file that was read."""

    async def read(self, now_ms: int) -> Heard:
        """Return what was appended; raise `DataError` where the file cannot be read."""
        return await asyncio.to_thread(self._read, now_ms)

    def _read(self, now_ms: int) -> Heard:
        try:
            with self.path.open("rb") as file:
                found = os.fstat(file.fileno())
                if self._of != (found.st_dev, found.st_ino) or found.st_size < self._at:
                    self._of, self._at, self._line = (found.st_dev, found.st_ino), 0, 0
                if found.st_size > BYTES_MOST:
                    raise DataError(
                        f"{found.st_size / 1e6:.1f} MB",
                        where=str(self.path),
                        expected=f"at most {BYTES_MOST / 1e6:g} MB",
                        fix="begin another file under this name",
                    )
                file.seek(self._at)
                data = file.read(BYTES_MOST)
        except OSError as error:
            what = error.strerror or type(error).__name__
            raise DataError(f"cannot be read: {what}", where=str(self.path)) from None
        return self._taken(data, now_ms)

    def _taken(self, data: bytes, now_ms: int) -> Heard:
        *lines, rest = data.split(b"\n")
        self._at += len(data) - len(rest)
        readings = []
        for line in lines:
            self._line += 1
            if line.strip():
                readings.append(partial(self._notice, line, self._line, now_ms))
        found = heard_of(readings)
        return self._with_rest(found, rest, now_ms)

    def _with_rest(self, found: Heard, rest: bytes, now_ms: int) -> Heard:
        """Take a last line without its end where it is whole: no part of an object is one.

        One that is too long for a line is passed over, and told as soon as it ends.
        """
        if not rest.strip():
            return found
        try:
            last = self._notice(rest, self._line + 1, now_ms)
        except DataError:
            return found
        self._at += len(rest)
        return Heard((*found.notices, last), found.faults)

    def _notice(self, line: bytes, number: int, now_ms: int) -> Notice:
        where = f"{self.path} line {number}"
        if len(line) > LINE_MOST:
            raise DataError(f"{len(line)} bytes", where=where, expected=f"at most {LINE_MOST}")
        try:
            text = line.decode()
        except UnicodeDecodeError:
            raise DataError("is no text", where=where, expected="UTF-8") from None
        return notice_of_line(text, where, now_ms)
