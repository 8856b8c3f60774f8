"""Bad input: every row is accounted for, every refusal is one line that helps."""

from __future__ import annotations

import gzip
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from ballast.core.errors import DataError
from ballast.core.time import Timeframe, parse_ms
from ballast.store.importers.model import Imported, Wanted
from ballast.store.importers.read import read_any, read_files
from ballast.store.importers.unpack import open_parts

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "ts,open,high,low,close,volume"
BASE_MS = parse_ms("2024-01-01")
GOOD = "10,12,9,11,1"


def _rows(*cells: str, step: int = 60_000) -> list[str]:
    """Return rows one `step` apart; a cell text may replace the whole row or only its prices."""
    return [
        cell if cell.count(",") != 4 else f"{BASE_MS + step * at},{cell}"
        for at, cell in enumerate(cells)
    ]


def _file(folder: Path, *rows: str, head: str = HEAD) -> Path:
    path = folder / "X-AB-1m.csv"
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def _count(found: Imported) -> int:
    assert found.bars is not None
    return len(found.bars) + len(found.rejected) + found.duplicates


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("10,12,9,x,1", "close is not a number"),
        ("10,12,9,,1", "close is not a number"),
        ("10,12,9,nan,1", "close is not a number"),
        ("10,inf,9,11,1", "high is not a number"),
        ("0,12,0,11,1", "open is not positive"),
        ("10,12,-9,11,1", "low is not positive"),
        ("10,12,9,11,-1", "volume is negative"),
        ("10,10.5,9,11,1", "high is below another price"),
        ("10,12,10.5,11,1", "low is above another price"),
        ("never,10,12,9,11,1", "the time cannot be read"),
        ("1,2,3", "3 cells instead of 6"),
        (f"{BASE_MS + 60_000 * 3 + 7},{GOOD}", "not on the grid of 1m"),
    ],
)
def test_a_bad_row_is_quarantined_with_its_number_and_reason(
    tmp_path: Path, bad: str, reason: str
) -> None:
    """R-DQ-01, R-DQ-02, R-DQ-13: never dropped in silence; `--strict` refuses the file."""
    path = _file(tmp_path, *_rows(*[GOOD] * 3, bad, *[GOOD] * 200))
    found = read_any(path)
    assert [(item.row, item.reason) for item in found.rejected] == [(4, reason)]
    assert _count(found) == 204
    with pytest.raises(DataError, match=rf"1 bad rows, first row 4 \({reason}\)"):
        read_any(path, strict=True)


def test_equal_duplicates_are_merged_and_conflicting_ones_quarantined(tmp_path: Path) -> None:
    rows = _rows(*[GOOD] * 10)
    other = rows[5].replace("10,12", "10.5,12")
    path = _file(tmp_path, *rows, rows[2], other)
    found = read_any(path)
    assert found.duplicates == 1
    assert [(item.row, item.reason) for item in found.rejected] == [
        (6, "another row of the same time differs"),
        (12, "another row of the same time differs"),
    ]
    assert found.bars is not None
    assert BASE_MS + 5 * 60_000 not in found.bars.ts
    assert _count(found) == 12
    with pytest.raises(DataError, match="2 bad rows"):
        read_any(path, strict=True)
    with pytest.raises(DataError, match="1 duplicate rows"):
        read_any(_file(tmp_path, *rows, rows[2]), strict=True)


def test_unsorted_rows_are_sorted_and_said(tmp_path: Path) -> None:
    rows = _rows(*[GOOD] * 10)
    path = _file(tmp_path, *rows[:3], rows[5], rows[4], rows[3], *rows[6:])
    found = read_any(path)
    assert found.bars is not None
    assert (np.diff(found.bars.ts) == 60_000).all()
    assert found.notes == ("2 rows were out of order: sorted by time",)
    with pytest.raises(DataError, match="2 rows were out of order; expected rows in time order"):
        read_any(path, strict=True)


def test_a_file_that_runs_backwards_is_only_turned(tmp_path: Path) -> None:
    path = _file(tmp_path, *_rows(*[GOOD] * 10)[::-1])
    assert read_any(path, strict=True).notes == ("the newest row came first: order reversed",)


@pytest.mark.parametrize("order", ["fine first", "coarse first"])
def test_mixed_timeframes_are_refused(tmp_path: Path, order: str) -> None:
    fine = [f"{BASE_MS + 60_000 * at},{GOOD}" for at in range(200)]
    start = BASE_MS + 60_000 * 200
    coarse = [f"{start + 300_000 * at},{GOOD}" for at in range(60)]
    if order == "coarse first":
        coarse = [f"{BASE_MS - 300_000 * (60 - at)},{GOOD}" for at in range(60)]
    path = _file(tmp_path, *sorted(fine + coarse))
    with pytest.raises(DataError, match="mixed timeframes: mostly 1m, but not from 2"):
        read_any(path)


def test_a_few_fine_rows_in_a_coarse_file_are_refused_too(tmp_path: Path) -> None:
    coarse = [f"{BASE_MS + 3_600_000 * at},{GOOD}" for at in range(300)]
    fine = [f"{BASE_MS + 3_600_000 * 300 + 60_000 * at},{GOOD}" for at in range(30)]
    path = tmp_path / "X-AB.csv"
    path.write_text("\n".join([HEAD, *coarse, *fine]))
    with pytest.raises(DataError, match="mixed timeframes: mostly 1h"):
        read_any(path, venue="X", symbol="AB")


def test_the_timeframe_of_the_rows_must_be_the_one_said(tmp_path: Path) -> None:
    path = _file(tmp_path, *_rows(*[GOOD] * 30, step=300_000))
    with pytest.raises(DataError, match="the rows are 5m apart, but the file name says 1m"):
        read_any(path)
    with pytest.raises(DataError, match="the rows are 5m apart, but --timeframe says 1h"):
        read_any(path, timeframe=Timeframe.parse("1h"))
    found = read_any(path, timeframe=Timeframe.parse("5m"))
    assert found.bars is not None
    assert str(found.bars.timeframe) == "5m"


def test_a_sparse_market_keeps_its_timeframe(tmp_path: Path) -> None:
    """Most minutes without a trade: the rows are 3m apart, the bars are still of 1m."""
    at = np.cumsum([3, 1, 5, 3, 4, 3, 1, 3, 7, 3] * 10)
    path = _file(tmp_path, *[f"{BASE_MS + 60_000 * int(step)},{GOOD}" for step in at])
    found = read_any(path)
    assert found.bars is not None
    assert str(found.bars.timeframe) == "1m"


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("ts,opne,high,low,close,volume", "for 'open' did you mean 'opne'"),
        ("ts,a,b,c,d,e", "columns ts, a, b, c, d, e are not of a known format"),
        ("when,open,high,low,close,volume", "no column of times among when, open"),
        ("ts,open,high,low,close,turnover", "no column of volumes .* give --symbol SYMBOL.mark"),
        ("ts,a_open,a_high,a_low,a_close,v", None),
    ],
)
def test_wrong_columns_name_what_was_found(tmp_path: Path, head: str, said: str | None) -> None:
    path = _file(tmp_path, *_rows(*[GOOD] * 5), head=head)
    if said is None:
        assert len(read_any(path).rejected) == 0
        return
    with pytest.raises(DataError, match=said):
        read_any(path)


def test_two_sets_of_prices_are_ambiguous(tmp_path: Path) -> None:
    head = "ts," + ",".join(
        f"{market}_{name}" for market in ("a", "b") for name in HEAD.split(",")[1:]
    )
    rows = [f"{BASE_MS + 60_000 * at},{GOOD},{GOOD}" for at in range(3)]
    with pytest.raises(DataError, match="several sets of prices: a_open, b_open"):
        read_any(_file(tmp_path, *rows, head=head))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (HEAD.encode(), "there is no row below the names"),
        (b"hello", "not a table: the first line is 'hello'"),
        (b"[]", "no rows in this JSON"),
        (b"{}", "no rows in this JSON"),
        (b"[1, 2", "not JSON"),
        (b'{"a": [1, 2', "not JSON"),
        (b"<html>", "a web page"),
        (b"\x80\x04\x95", "a pickle, which is never read"),
        (b"\x89HDF\r\n", "HDF5"),
        (b"PAR1....PAR1", "a damaged parquet file"),
        (b"ARROW1..", "a damaged feather file"),
        (b"\x1f\x8b\x08\x00zzzz", "the archive is damaged"),
        (b"\x28\xb5\x2f\xfdzzzz", "the archive is damaged"),
        (b"PK\x03\x04zzzz", "the archive is damaged"),
        (gzip.compress(b"1,2,3,4", mtime=0)[:-6], "the archive is damaged"),
        (zstandard.compress(bytes(range(256)) * 4)[:-9], "the archive is damaged"),
        (b"\xff\xfe\x00\x01\x02\x03", "neither text in UTF-8 nor a format we know"),
        (b"01/02/2024,1,1,1,1,1\n01/03/2024,1,1,1,1,1\n", "the time cannot be read"),
    ],
)
def test_files_that_are_something_else(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "X-AB-1m.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=said) as caught:
        read_any(path)
    assert "\n" not in caught.value.line()
    assert str(path) in caught.value.line()


def test_missing_things_are_one_line(tmp_path: Path) -> None:
    path = _file(tmp_path, *_rows(*[GOOD] * 5))
    with pytest.raises(DataError, match=r"no such file; did you mean 'X-AB-1m.csv'"):
        read_any(tmp_path / "X-AB-1m.cvs")
    with pytest.raises(DataError, match=r"no such file; the folder .* does not exist"):
        read_any(tmp_path / "nowhere" / "a.csv")
    with pytest.raises(DataError, match=r"unknown format 'bitfinx'.*did you mean 'bitfinex'"):
        read_any(path, format="bitfinx")
    unnamed = path.rename(tmp_path / "a.csv")
    with pytest.raises(DataError, match="the file does not name its venue; give --venue"):
        read_any(unnamed)
    with pytest.raises(DataError, match="the file does not name its symbol; give --symbol"):
        read_any(unnamed, venue="X")


def test_one_row_needs_a_timeframe(tmp_path: Path) -> None:
    path = _file(tmp_path, *_rows(GOOD)).rename(tmp_path / "a.csv")
    with pytest.raises(DataError, match="one row does not show a timeframe"):
        read_any(path, venue="X", symbol="AB")
    bars = read_any(path, venue="X", symbol="AB", timeframe=Timeframe.parse("1m")).bars
    assert bars is not None
    assert len(bars) == 1


def test_a_format_forces_the_order_where_the_rows_leave_a_doubt(tmp_path: Path) -> None:
    """Bars without any range fit every order."""
    path = tmp_path / "X-AB-1m.csv"
    path.write_text("\n".join(f"{BASE_MS + 60_000 * at},5,5,5,5,1" for at in range(3)))
    assert read_any(path).format == "ohlcv"
    assert read_any(path, format="coinbase").format == "coinbase"


def test_a_mostly_bad_file_is_refused_as_a_whole(tmp_path: Path) -> None:
    path = _file(tmp_path, *_rows(*["10,9,12,11,1"] * 6, *[GOOD] * 5))
    with pytest.raises(DataError, match=r"6 of 11 rows are unusable, first row 1 .high is below"):
        read_any(path)


def test_an_archive_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ballast.store.importers.unpack.LARGEST", 1_000)
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"0" * 10_000))
    with pytest.raises(DataError, match="unpacks to more than"):
        list(open_parts(path))


def test_a_spreadsheet_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
    with pytest.raises(DataError, match="save it as CSV"):
        read_any(path)


@given(st.binary(max_size=300))
def test_any_bytes_are_bars_or_one_line(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "X-AB-1m.csv"
    path.write_bytes(data)
    said = ""
    try:
        list(read_files(path, Wanted()))
    except DataError as error:
        said = error.line()
    assert "\n" not in said


CELLS = st.sampled_from(["10", "12", "9", "11", "1", "0", "-1", "x", "", "nan", "1e5"])


@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.lists(CELLS, min_size=5, max_size=5)),
        min_size=1,
        max_size=30,
    )
)
def test_every_row_is_taken_merged_or_rejected(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, list[str]]]
) -> None:
    """The account of an import adds up, whatever the rows."""
    path = _file(
        tmp_path_factory.mktemp("rows"),
        *[f"{BASE_MS + 60_000 * at},{','.join(cells)}" for at, cells in rows],
        *[f"{BASE_MS + 60_000 * (50 + at)},{GOOD}" for at in range(40)],
    )
    found = read_any(path)
    assert _count(found) == len(rows) + 40
    assert found.bars is not None
    found.bars.check_shape()
    assert len({item.row for item in found.rejected}) == len(found.rejected)
