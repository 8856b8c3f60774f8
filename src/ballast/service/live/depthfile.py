"""Depth file: the looks that make the norm of each book, kept over a restart (R-RISK-20).

    8d0f21aa                    checksum of the rest
    {"version": 1, ...}         whose looks they are, and per symbol when the last one was

A session that starts with no norm takes what it sees in its first hour for the usual, and a restart
is likeliest in a storm. So the looks lie beside the journal, written whole or not at all, every ten
minutes and at the end. They are taken up again where the last one is some hours old at most: a book
after a night is another. What is no such file, or is of another venue or another width, is not
taken: the norm begins anew, as without it. Nothing here can hold a session up, and no replay reads
it: what a share was stands in the journal.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from ballast.core.errors import DataError
from ballast.runtime.shell.depths import KEPT
from ballast.store.disk import Disk, replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ballast.runtime.shell.depths import Depths

SUFFIX = ".depths.json"
VERSION = 1
KEEP_S = 600.0
"""Between two writes: a kill costs five looks of 720, and 50 symbols are a megabyte."""
FRESH_NS = 6 * 3_600 * 10**9
"""Depth has hours of its own, as volume has: what stood in the morning is no norm of the night."""
AHEAD_NS = 60 * 10**9
"""How far the last look may be ahead of now: clocks are measured anew at each start."""
BYTES_MOST = 16_000_000
CHECK_BYTES = 9


@dataclass(frozen=True, slots=True)
class Scope:
    """What looks must be of to be compared: a venue, of what kind, and how near the best."""

    venue: str
    is_demo: bool
    is_rehearsed: bool
    within: float


class _Looks(msgspec.Struct, forbid_unknown_fields=True):
    at_ns: int
    bids: list[float]
    asks: list[float]


class _Kept(msgspec.Struct, forbid_unknown_fields=True):
    version: int
    scope: Scope
    looks: dict[str, _Looks]


class DepthFile:
    """Where the looks of a session are kept."""

    def __init__(self, path: Path, scope: Scope, disk: Disk | None = None) -> None:
        """Keep them in this file."""
        self.path = path
        self._scope = scope
        self._disk = disk or Disk()

    def text(self, depths: Mapping[str, Depths]) -> bytes:
        """Return what would be written now."""
        looks = {symbol: _Looks(one.at_ns, *one.looks) for symbol, one in depths.items()}
        body = msgspec.json.encode(_Kept(VERSION, self._scope, looks))
        return b"%08x\n%s" % (zlib.crc32(body), body)

    def write(self, text: bytes) -> str:
        """Put it in the place of the last one; return why that was not possible, '' if it was."""
        try:
            replace_file(self._disk, self.path, [text])
        except DataError as error:
            return error.line()
        return ""

    def restore(self, depths: Mapping[str, Depths], now_ns: int) -> str:
        """Give each book the looks it had, where they are fresh; return why the file is no such.

        It is '' where there is none, or all is old.
        """
        try:
            kept = self._read()
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            return f"{self.path.name}: {error}"
        if kept is None:
            return ""
        for symbol, looks in kept.looks.items():
            if symbol in depths and -AHEAD_NS <= now_ns - looks.at_ns <= FRESH_NS:
                depths[symbol].continued(looks.bids, looks.asks, looks.at_ns)
        return ""

    def _read(self) -> _Kept | None:
        """Return what is in the file, None where there is none; raise `ValueError` for another."""
        try:
            with self.path.open("rb") as file:
                raw = file.read(BYTES_MOST + 1)
        except FileNotFoundError:
            return None
        if len(raw) > BYTES_MOST:
            raise ValueError("too large")
        check, body = raw[:CHECK_BYTES], raw[CHECK_BYTES:]
        if check != b"%08x\n" % zlib.crc32(body):
            raise ValueError("torn, or no file of depths")
        kept = msgspec.json.decode(body, type=_Kept)
        if kept.version != VERSION or kept.scope != self._scope:
            raise ValueError("of another venue, width or version")
        for one in kept.looks.values():
            is_whole = len(one.bids) == len(one.asks) <= KEPT
            if not is_whole or any(worth < 0.0 for worth in (*one.bids, *one.asks)):
                raise ValueError("holds what no book shows")
        return kept
