"""Export: records as a file for people and other programs: CSV, JSON, or JSON lines."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ballast.core.errors import DataError
from ballast.store.disk import Disk, replace_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from ballast.core.journal import Record

FORMS = (".csv", ".json", ".jsonl")
COLUMNS = ("seq", "at", "at_ns", "run", "epoch", "kind", "version", "body", "hash")
ROWS_AT_ONCE = 1_000
SECOND_NS = 10**9


def export(records: Iterable[Record], path: Path) -> int:
    """Write records into a file, whole or not at all; return how many."""
    form = path.suffix.lower()
    if form not in FORMS:
        raise DataError(
            "has no form to export to", where=str(path), expected="a name in " + ", ".join(FORMS)
        )
    counted = _Counted(records)
    parts = {".csv": _csv, ".json": _json, ".jsonl": _lines}[form](counted)
    replace_file(Disk(), path, (part.encode() for part in parts))
    return counted.count


class _Counted:
    def __init__(self, records: Iterable[Record]) -> None:
        self.records = records
        self.count = 0

    def __iter__(self) -> Iterator[Record]:
        for record in self.records:
            self.count += 1
            yield record


def at_text(at_ns: int) -> str:
    """Return a time as `2026-11-28T01:02:03.000000004Z`, to the nanosecond."""
    seconds, rest = divmod(at_ns, SECOND_NS)
    try:
        moment = datetime.fromtimestamp(seconds, tz=UTC)
    except (OverflowError, ValueError):
        return f"{at_ns}ns"
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:09}Z"


def row_of(record: Record) -> dict[str, object]:
    """Return a record as plain values, its body as the text it is."""
    return {
        "seq": record.seq, "at": at_text(record.at_ns), "at_ns": record.at_ns, "run": record.run,
        "epoch": record.epoch, "kind": record.kind, "version": record.version,
        "body": record.body, "hash": record.hash,
    }  # fmt: skip


def document(record: Record) -> str:
    """Return a record as one line of JSON; a body that is JSON stands in it as it was written."""
    row = row_of(record)
    body = row.pop("body")
    try:
        json.loads(record.body)
    except ValueError:
        body = json.dumps(body, ensure_ascii=False)
    return f'{json.dumps(row, ensure_ascii=False)[:-1]}, "body": {body}}}'


def _csv(records: Iterable[Record]) -> Iterator[str]:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for number, record in enumerate(records, 1):
        writer.writerow(row_of(record))
        if number % ROWS_AT_ONCE == 0:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def _json(records: Iterable[Record]) -> Iterator[str]:
    between = "[\n"
    for record in records:
        yield between + document(record)
        between = ",\n"
    yield "[]\n" if between == "[\n" else "\n]\n"


def _lines(records: Iterable[Record]) -> Iterator[str]:
    for record in records:
        yield document(record) + "\n"
