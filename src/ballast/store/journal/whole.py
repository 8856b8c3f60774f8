"""Whole: every record of a journal in one chain, also those that lie in archives.

A start whose snapshot cannot be read, a paper session that makes its exchange again and a replay
need the journal from its first record on. What was archived is read from its files, hash by hash,
up to the hash that the journal sealed it with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.errors import DataError
from ballast.core.journal import Head
from ballast.store.journal.archive import read_archive

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ballast.core.journal import Record
    from ballast.store.journal.reader import JournalReader

_FIX = "bring the file back from a copy; what needs every record cannot start without it"


def archives_of(head_file: Path) -> Path:
    """Return the folder of a journal's archives: beside its head, whatever store it lives in."""
    return head_file.parent / "archives" / head_file.name.partition(".")[0]


def whole(reader: JournalReader, folder: Path) -> Iterator[Record]:
    """Return every record there ever was, each checked against the one before it.

    Raise `DataError` at once where an archive is not in `folder`; while reading, at one that is not
    what was sealed.
    """
    with reader.reading() as tx:
        rows = tx.rows("SELECT first_seq, last_seq, hash, file FROM archives ORDER BY last_seq")
    sealed = [(folder / str(row[3]), Head(int(row[1]), bytes(row[2]).hex())) for row in rows]
    for (path, _), (first_seq, last_seq, *_) in zip(sealed, rows, strict=True):
        if not path.exists():
            raise DataError(
                f"records {first_seq} to {last_seq} are archived, and their file is not here",
                where=str(path),
                fix=_FIX,
            )
    return _chain(reader, sealed)


def _chain(reader: JournalReader, sealed: Sequence[tuple[Path, Head]]) -> Iterator[Record]:
    previous = Head()
    for path, last in sealed:
        for record in read_archive(path, previous):
            previous = record.head
            yield record
        if previous != last:
            raise DataError("the archive is not what was kept", where=str(path), fix=_FIX)
    yield from reader.walk(previous)
