"""Opening files: plain or packed as .gz, .zst or .zip, told by their first bytes."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import zstandard

from ballast.core.errors import DataError, suggest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARGEST = 4 << 30
"""Unpacked bytes of one file: a month of trades of the busiest market fits; bombs do not."""
_CHUNK = 1 << 24
_FEED = 1 << 17  # packed bytes at a time: zstd grows them a few thousand times at worst
_IGNORED = ("__MACOSX/", ".")


class Readable(Protocol):
    """Anything that hands out bytes."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """One unpacked file; `name` is its own name, `source` also names the archive."""

    name: str
    source: str
    data: bytes


def open_parts(path: Path) -> Iterator[Part]:
    """Yield the files inside `path`; raise `DataError` when it is missing or damaged."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        near = _near(path)
        raise DataError("no such file", where=str(path), fix=near) from None
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", where=str(path)) from error
    yield from _unpack(Part(path.name, str(path), data))


def _unpack(part: Part) -> Iterator[Part]:
    try:
        if part.data[:2] == b"\x1f\x8b":
            name = part.name.removesuffix(".gz")
            with gzip.open(io.BytesIO(part.data)) as plain:
                yield from _unpack(Part(name, part.source, _read(plain, part.source)))
        elif part.data[:4] == b"\x28\xb5\x2f\xfd":
            name = part.name.removesuffix(".zst")
            yield from _unpack(Part(name, part.source, _unzstd(part)))
        elif part.data[:4] == b"PK\x03\x04":
            yield from _unzip(part)
        else:
            yield part
    except (OSError, EOFError, zlib.error, zstandard.ZstdError, zipfile.BadZipFile) as error:
        raise DataError(
            "the archive is damaged", where=part.source, fix="download it again"
        ) from error


def _unzstd(part: Part) -> bytes:
    """Unpack all frames; unlike a stream reader this notices a file that was cut off."""
    chunks, size, rest = [], 0, part.data
    while rest:
        frame = zstandard.ZstdDecompressor().decompressobj()
        for start in range(0, len(rest), _FEED):
            chunks.append(frame.decompress(rest[start : start + _FEED]))
            size += len(chunks[-1])
            _check_size(size, part.source)
            if frame.eof:
                rest = frame.unused_data + rest[start + _FEED :]
                break
        else:
            raise EOFError
    return b"".join(chunks)


def _unzip(part: Part) -> Iterator[Part]:
    with zipfile.ZipFile(io.BytesIO(part.data)) as archive:
        names = [info.filename for info in archive.infolist() if not info.is_dir()]
        if "[Content_Types].xml" in names:
            raise DataError(
                "this is a spreadsheet",
                where=part.source,
                fix="save it as CSV and import that",
            )
        for name in names:
            if name.startswith(_IGNORED):
                continue
            with archive.open(name) as reader:
                inner = Part(name, f"{part.source}:{name}", _read(reader, part.source))
            yield from _unpack(inner)


def _read(reader: Readable, source: str) -> bytes:
    chunks, size = [], 0
    while chunk := reader.read(_CHUNK):
        size += len(chunk)
        _check_size(size, source)
        chunks.append(chunk)
    return b"".join(chunks)


def _check_size(size: int, source: str) -> None:
    if size > LARGEST:
        raise DataError(f"unpacks to more than {LARGEST >> 30} GiB", where=source)


def _near(path: Path) -> str:
    """Suggest a file of the same folder with a similar name."""
    if not path.parent.is_dir():
        return f"the folder {path.parent} does not exist"
    return suggest(path.name, sorted(other.name for other in path.parent.iterdir()))
