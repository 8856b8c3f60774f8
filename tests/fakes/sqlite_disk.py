"""A disk under SQLite: it counts and records every call that changes a file, and fails on demand.

SQLite itself runs unchanged on top of it, so what is tested is the journal as it is. The files lie
in the real file system; shared memory is left out, as the layer of a test has none: the journal
then locks its file for good, and writes the same bytes in the same order.

`CutDisk` makes images of what a power cut may leave: after the first k calls, what was synced is
there, and of each later write all, nothing, or some of its sectors. After a sync that failed, what
it should have written is still seen by every reader, and is not on the medium: so does Linux.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apsw

from tests.fakes.disk import Crash

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

SECTOR = 512
_serial = count()


@dataclass(frozen=True)
class Call:
    """One call that changes a file, or `ack`: what was acknowledged by then."""

    name: str  # write, truncate, sync, delete, each also "failed ...", ack
    file: str = ""
    at: int = 0
    data: bytes = b""
    acknowledged: Any = None


@dataclass
class SqliteDisk:
    """Registers itself under `name`; `fault(number, call)` may raise, or say how much to write."""

    fault: Callable[[int, Call], None] | None = None
    calls: list[Call] = field(default_factory=list)
    name: str = field(default_factory=lambda: f"disk-{next(_serial)}")
    made: int = 0

    def __post_init__(self) -> None:
        self.vfs = _Vfs(self)

    def change(self, call: Call) -> None:
        self.made += 1
        self.calls.append(call)
        if self.fault is not None:
            try:
                self.fault(self.made, call)
            except BaseException:
                self.calls[-1] = replace(call, name=f"failed {call.name}")
                raise

    def acknowledge(self, what: Any) -> None:
        self.calls.append(Call("ack", acknowledged=what))


class _Vfs(apsw.VFS):
    def __init__(self, disk: SqliteDisk) -> None:
        self.disk = disk
        super().__init__(disk.name, "")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        return _File(self.disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        self.disk.change(Call("delete", Path(filename).name))
        super().xDelete(filename, syncdir)


class _File(apsw.VFSFile):
    def __init__(self, disk: SqliteDisk, name: Any, flags: list[int]) -> None:
        self.disk = disk
        self.file = Path(name.filename() if isinstance(name, apsw.URIFilename) else name).name
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        call = Call("write", self.file, offset, bytes(data))
        try:
            self.disk.change(call)
        except Crash:
            half = bytes(data)[: len(data) // 2]
            if half:
                super().xWrite(half, offset)
            raise
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self.disk.change(Call("truncate", self.file, newsize))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self.disk.change(Call("sync", self.file))
        super().xSync(flags)


def dies_at(number: int) -> Callable[[int, Call], None]:
    """The process is killed at a call: half a write is there, and nothing runs after it."""

    def fault(made: int, _: Call) -> None:
        if made >= number:
            raise Crash

    return fault


def fails_at(number: int, error: type[Exception]) -> Callable[[int, Call], None]:
    """One call fails, and all later ones work again."""

    def fault(made: int, _: Call) -> None:
        if made == number:
            raise error

    return fault


class CutDisk:
    """Images of the files after a power cut, from the calls that were recorded."""

    def __init__(self, calls: list[Call], before: dict[str, bytes]) -> None:
        self.calls = calls
        self.before = before  # what was on the medium when recording began

    def acknowledged(self, made: int) -> Any:
        """Return what had been acknowledged after so many calls."""
        acks = [one.acknowledged for one in self.calls[:made] if one.name == "ack"]
        return acks[-1] if acks else None

    def image(self, made: int, folder: Path, draw: np.random.Generator) -> None:
        """Write the files as a cut after so many calls may leave them."""
        synced = {file: bytearray(content) for file, content in self.before.items()}
        open_: dict[str, list[Call]] = {}
        for call in self.calls[:made]:
            if call.name in ("write", "truncate"):
                open_.setdefault(call.file, []).append(call)
                synced.setdefault(call.file, bytearray())
            elif call.name == "sync":
                for one in open_.pop(call.file, []):
                    _apply(synced[call.file], one)
            elif call.name == "failed sync":
                open_.pop(call.file, None)  # the system thinks them written, and they are not
            elif call.name == "delete":
                synced.pop(call.file, None)
                open_.pop(call.file, None)
        for file, content in synced.items():
            for one in open_.get(file, []):
                _apply_part(content, one, draw)
            (folder / file).write_bytes(bytes(content))


def _apply(content: bytearray, call: Call) -> None:
    if call.name == "truncate":
        del content[call.at :]
        return
    if len(content) < call.at:
        content.extend(bytes(call.at - len(content)))
    content[call.at : call.at + len(call.data)] = call.data


def _apply_part(content: bytearray, call: Call, draw: np.random.Generator) -> None:
    """A write that was not synced: gone, there, or there in some of its sectors."""
    chance = draw.random()
    if call.name == "truncate" or chance < 1 / 3:
        if chance >= 1 / 3:
            _apply(content, call)
        return
    if chance < 2 / 3:
        _apply(content, call)
        return
    for start in range(0, len(call.data), SECTOR):
        if draw.random() < 0.5:
            part = call.data[start : start + SECTOR]
            _apply(content, Call("write", call.file, call.at + start, part))
