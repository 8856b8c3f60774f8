"""Recordings: files of frames as they were received, whatever recorded them.

    1723161253937085768 {"stream":...}              receipt (s, ms, us or ns), a space, the frame
    {"dir":"in","t":"1652459225.5","url":...,"text":...}   a session: also what was sent and asked
    {"topic":"orderbook.500.XRPUSDT",...}            frames alone, as archives of venues have them:
                                                     the receipt is the time the message states

Plain, gzip or zstandard, told by the first bytes; read line by line, so that a day of a busy market
needs no more memory than its longest line.
"""

from __future__ import annotations

import gzip
import io
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs, urlsplit

import msgspec
import zstandard

from ballast.core.errors import DataError
from ballast.venues.normalise.exact import BrokenError, ns_of_seconds
from ballast.venues.normalise.parse import FRAME_MOST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_RECEIVED = frozenset({"in", "http"})
_NS_DIGITS = 19
_SYMBOL_KEYS = ("symbol", "instId", "pair", "product_id", "coin")
EXPECTED = "frames one a line: '<time> <JSON>', a session of {dir, t, url, text}, or JSON alone"


class Frame(NamedTuple):
    """A message: when it was received (None: not recorded), its bytes, where it stands.

    `symbol` is what the question asked for, of an answer that does not name it.
    """

    received_ns: int | None
    body: bytes
    source: str
    symbol: str = ""


class _Record(msgspec.Struct):
    dir: str
    t: str
    text: str = ""
    url: str = ""


_RECORD = msgspec.json.Decoder(_Record)


def frames_of(paths: Iterable[Path]) -> Iterator[Frame]:
    """Yield the frames of files, one file after the other; raise `DataError` on unreadable ones."""
    for path in paths:
        with _opened(path) as lines:
            for number, line in enumerate(_lines(lines, path), 1):
                text = line.strip()
                if text:
                    frame = _frame(text, f"{path} line {number}")
                    if frame is not None:
                        yield frame


def _frame(line: bytes, source: str) -> Frame | None:
    """Read a line; None for what was sent, or a connection made."""
    if line[:1].isdigit():
        stamp, _, body = line.partition(b" ")
        if stamp.isdigit() and len(stamp) <= _NS_DIGITS and body:
            return Frame(_scaled(stamp), body, source)
    if line.startswith(b'{"dir"'):
        try:
            record = _RECORD.decode(line)
            at_ns = ns_of_seconds(record.t[:20], "t")
        except (msgspec.MsgspecError, UnicodeDecodeError, BrokenError) as error:
            raise DataError(f"a damaged record: {error}", where=source) from None
        if record.dir not in _RECEIVED:
            return None
        return Frame(at_ns, record.text.encode(), source, _asked(record.url))
    if line[:1] in {b"{", b"["}:
        return Frame(None, line, source)
    raise DataError("not a recorded frame", where=source, expected=EXPECTED)


def _scaled(stamp: bytes) -> int:
    """Return a time in seconds, ms, us or ns as ns, told by its digits."""
    digits = len(stamp)
    unit = next((each for each in (10, 13, 16, 19) if digits <= each), _NS_DIGITS)
    return int(stamp + b"0" * (_NS_DIGITS - unit))


def _asked(url: str) -> str:
    """Return the symbol that an address asks for; nothing if it is no address or names none."""
    try:
        asked = parse_qs(urlsplit(url).query)
    except ValueError:
        return ""
    return next((asked[key][0] for key in _SYMBOL_KEYS if key in asked), "")


@contextmanager
def _opened(path: Path) -> Iterator[io.BufferedIOBase]:
    try:
        with path.open("rb") as file:
            head = file.read(4)
            file.seek(0)
            if head.startswith(_GZIP):
                with gzip.open(file) as unpacked:
                    yield unpacked
            elif head.startswith(_ZSTD):
                stream = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
                yield io.BufferedReader(stream, 1 << 20)
            else:
                yield file
    except FileNotFoundError:
        raise DataError("no such file", where=str(path)) from None
    except (OSError, EOFError, zlib.error, zstandard.ZstdError) as error:
        raise DataError(f"cannot be read: {error}", where=str(path)) from error


def _lines(file: io.BufferedIOBase, path: Path) -> Iterator[bytes]:
    while line := file.readline(FRAME_MOST + 1):
        if len(line) > FRAME_MOST:
            raise DataError(
                f"a line of over {FRAME_MOST} bytes", where=str(path), expected=EXPECTED
            )
        yield line
