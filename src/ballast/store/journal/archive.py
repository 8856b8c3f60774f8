"""Archive: old records move to a file, and the chain goes on.

The file is JSON lines under zstd (`zstdcat` shows them): a line of what it is, then a record a
line, hashes included. It is written, synced and read back, hash by hash, before anything is
deleted. Then one transaction seals it: a record `journal.archived` with the span, its last hash and
the digest of the file, and a row that lets the store delete that far. Deleting is done in pieces; a
crash between them is finished by the next archive.

Only what the oldest kept snapshot does not need can go.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import zstandard

from ballast.core.codec import body_of
from ballast.core.errors import DataError
from ballast.core.journal import ARCHIVED, HASH_BYTES, Entry, Head, Record, follows, parse_head
from ballast.store.disk import Disk, ensure_folder, replace_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from ballast.store.journal.database import Statements
    from ballast.store.journal.writer import JournalWriter

FORMAT = 1
SUFFIX = ".jsonl.zst"
LEVEL = 6
DELETED_AT_ONCE = 20_000
"""Records of one transaction: some 10 MB of log, a tenth of a second without the node's writes."""
LINES_AT_ONCE = 1_000
_UNREADABLE = (
    OSError, zstandard.ZstdError, ValueError, TypeError, AttributeError, KeyError, RecursionError,
    DataError,
)  # fmt: skip
"""What a file that is no archive of ours can raise while it is read."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A span of records that lies in a file."""

    first_seq: int
    last_seq: int
    hash: str
    file: str
    digest: str


def archive(
    writer: JournalWriter, folder: Path, *, before_ns: int, at_ns: int, disk: Disk | None = None
) -> Archive | None:
    """Move records from before a time into a file; None where none can go yet."""
    finish_deleting(writer)
    with writer.reader.reading() as tx:
        previous = writer.reader.before_first(tx)
        last_seq = _last_to_go(tx, before_ns)
    if last_seq <= previous.seq:
        return None
    disk = disk or Disk()
    ensure_folder(disk, folder)
    path = folder / f"{previous.seq + 1}-{last_seq}{SUFFIX}"
    replace_file(disk, path, _packed(previous, _until(writer.reader.walk(previous), last_seq)))
    last = check_archive(path, previous)
    if last.seq != last_seq:
        raise DataError(f"ends at record {last.seq}, not at {last_seq}", where=str(path))
    made = Archive(previous.seq + 1, last_seq, last.hash, path.name, digest_of(path))
    body = {
        "first": made.first_seq, "last": made.last_seq, "hash": made.hash, "file": made.file,
        "digest": made.digest,
    }  # fmt: skip

    def seal(tx: Statements) -> None:
        tx.rows(
            "INSERT INTO archives VALUES (?, ?, ?, ?, ?)",
            made.last_seq, made.first_seq, bytes.fromhex(made.hash), made.file, made.digest,
        )  # fmt: skip

    writer.put([Entry(ARCHIVED, body_of(body), at_ns)], after=seal)
    writer.sync_head()
    finish_deleting(writer)
    return made


def finish_deleting(writer: JournalWriter) -> None:
    """Delete what is archived, also what an earlier call did not come to."""
    with writer.reader.reading() as tx:
        sealed = writer.reader.before_first(tx).seq
        first = tx.rows("SELECT min(seq) FROM records")[0][0]
    while first is not None and first <= sealed:
        end = min(first + DELETED_AT_ONCE - 1, sealed)
        writer.put([], after=lambda tx, end=end: _delete(tx, end))  # type: ignore[misc]
        first = end + 1


def _delete(tx: Statements, end: int) -> None:
    tx.rows("DELETE FROM records WHERE seq <= ?", end)


def _last_to_go(tx: Statements, before_ns: int) -> int:
    """Return the last record that is old enough and that no kept snapshot needs, 0 for none."""
    needed = tx.rows("SELECT min(seq) FROM snapshots")[0][0]
    young = tx.rows("SELECT min(seq) FROM records WHERE at_ns >= ?", before_ns)[0][0]
    if needed is None:
        return 0
    end = int(tx.rows("SELECT max(seq) FROM records")[0][0]) if young is None else int(young) - 1
    return min(int(needed), end)


def _until(records: Iterator[Record], last_seq: int) -> Iterator[Record]:
    for record in records:
        yield record
        if record.seq == last_seq:
            return


def _packed(previous: Head, records: Iterable[Record]) -> Iterator[bytes]:
    packer = zstandard.ZstdCompressor(level=LEVEL).compressobj()
    head = {"ballast journal archive": FORMAT, "after": str(previous)}
    lines = [json.dumps(head)]
    for record in records:
        lines.append(json.dumps(_values(record), ensure_ascii=False))
        if len(lines) >= LINES_AT_ONCE:
            yield packer.compress(("\n".join(lines) + "\n").encode())
            lines = []
    yield packer.compress(("\n".join(lines) + "\n").encode() if lines else b"")
    yield packer.flush()


def _values(record: Record) -> list[object]:
    return [
        record.seq, record.run, record.epoch, record.at_ns, record.kind, record.version,
        record.body, record.hash,
    ]  # fmt: skip


def read_archive(path: Path, after: Head | None = None) -> Iterator[Record]:
    """Yield the records of an archive, each checked; `DataError` where it is not what was kept.

    `after` is the head it must follow, where that is known.
    """
    try:
        with path.open("rb") as file:
            reader = zstandard.ZstdDecompressor().stream_reader(file)
            lines = io.TextIOWrapper(reader, encoding="utf-8", newline="\n")
            yield from _checked(lines, after)
    except _UNREADABLE as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DataError(
            f"the archive cannot be read: {said}", where=str(path), fix="bring it back from a copy"
        ) from error


def _checked(lines: Iterator[str], after: Head | None) -> Iterator[Record]:
    told = json.loads(next(lines, ""))
    if told.get("ballast journal archive") != FORMAT:
        raise ValueError("is no archive of a journal")
    previous = parse_head(told["after"])
    if after is not None and previous != after:
        raise ValueError(f"does not follow record {after.seq}")
    for line in lines:
        record = Record(*json.loads(line))
        if not follows(previous, record):
            raise ValueError(f"record after {previous.seq} is not what was written")
        previous = record.head
        yield record


def check_archive(path: Path, after: Head | None = None) -> Head:
    """Read an archive through and return the head it ends with."""
    head = after or Head()
    for record in read_archive(path, after):
        head = record.head
    return head


def digest_of(path: Path) -> str:
    """Return the digest of a file, as an archive's record has it."""
    with path.open("rb") as file:
        return hashlib.file_digest(
            file, lambda: hashlib.blake2b(digest_size=HASH_BYTES)
        ).hexdigest()


def check_archives(tx: Statements, folder: Path) -> list[str]:
    """Hold the archived files against their rows; return what is wrong or gone."""
    found = []
    previous = Head()
    for last_seq, first_seq, digest, file, sum_ in tx.rows(
        "SELECT last_seq, first_seq, hash, file, digest FROM archives ORDER BY last_seq"
    ):
        path = folder / str(file)
        last = Head(int(last_seq), bytes(digest).hex())
        try:
            if not path.exists():
                found.append(f"archive {file} of records {first_seq} to {last_seq} is not here")
            elif digest_of(path) != sum_ or check_archive(path, previous) != last:
                found.append(f"archive {file} is not what was kept")
        except DataError as error:
            found.append(error.line())
        previous = last
    return found
