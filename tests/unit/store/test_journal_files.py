"""Archives and exports as files: what is no archive, and bodies that are no JSON."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest
import zstandard

from ballast.core.errors import DataError
from ballast.core.journal import Entry, Head, Record, chained
from ballast.store.journal.archive import check_archive, read_archive
from ballast.store.journal.export import at_text, export

if TYPE_CHECKING:
    from pathlib import Path

FIRST = chained(Head(), Entry("note", "{}", 1), "run", 1)
ROW = json.dumps(
    [
        FIRST.seq,
        FIRST.run,
        FIRST.epoch,
        FIRST.at_ns,
        FIRST.kind,
        FIRST.version,
        FIRST.body,
        FIRST.hash,
    ]
)
TOLD = json.dumps({"ballast journal archive": 1, "after": str(Head())})
BROKEN = {
    "nothing": "",
    "no JSON": "{",
    "another document": json.dumps({"x": 1}),
    "a list": "[1]",
    "a later form": json.dumps({"ballast journal archive": 2, "after": str(Head())}),
    "no head": json.dumps({"ballast journal archive": 1, "after": "x"}),
    "without a head": json.dumps({"ballast journal archive": 1}),
    "a row that is short": f"{TOLD}\n[1, 2]",
    "a row twice": f"{TOLD}\n{ROW}\n{ROW}",
    "a row changed": f"{TOLD}\n{ROW.replace('note', 'vote')}",
}


def packed(path: Path, text: str) -> Path:
    path.write_bytes(zstandard.ZstdCompressor().compress(text.encode()))
    return path


def test_an_archive_is_read_record_by_record(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.jsonl.zst", f"{TOLD}\n{ROW}\n")
    assert list(read_archive(path)) == [FIRST]
    assert check_archive(path, Head()) == FIRST.head
    with pytest.raises(DataError, match="does not follow record 7"):
        check_archive(path, Head(7, "0" * 64))


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_no_archive_is_one_line(what: str, tmp_path: Path) -> None:
    path = packed(tmp_path / "a.jsonl.zst", BROKEN[what])
    with pytest.raises(DataError, match="the archive cannot be read"):
        check_archive(path)


def test_a_file_that_is_cut_or_gone_is_one_line(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.jsonl.zst", f"{TOLD}\n{ROW}\n")
    path.write_bytes(b"no zstd at all")
    with pytest.raises(DataError, match="the archive cannot be read"):
        check_archive(path)
    path.unlink()
    with pytest.raises(DataError, match="No such file"):
        check_archive(path)


@pytest.mark.parametrize("count", [0, 1, 2_500])
def test_exports_of_any_length_read_back(count: int, tmp_path: Path) -> None:
    body = 'no JSON, "quoted"\nand two lines'
    records = [Record(n, "run", 1, n, "note", 1, body, "ab" * 32) for n in range(count)]
    assert {export(records, tmp_path / f"x{form}") for form in (".csv", ".json", ".jsonl")} == {
        count
    }
    with (tmp_path / "x.csv").open(newline="") as file:
        assert [row["body"] for row in csv.DictReader(file)] == [body] * count
    assert [row["body"] for row in json.loads((tmp_path / "x.json").read_text())] == [body] * count
    lines = (tmp_path / "x.jsonl").read_text().splitlines()
    assert [json.loads(line)["seq"] for line in lines] == list(range(count))


def test_times_are_told_to_the_nanosecond_or_as_they_are() -> None:
    assert at_text(0) == "1970-01-01T00:00:00.000000000Z"
    assert at_text(1_764_000_000_000_000_001) == "2025-11-24T16:00:00.000000001Z"
    assert at_text((1 << 63) - 1).startswith("2262-04-11")
    assert at_text(10**30) == f"{10**30}ns"
