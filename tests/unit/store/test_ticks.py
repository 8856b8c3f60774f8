"""The store of recordings: whole or not at all, repeatable, and readable from any moment."""

from __future__ import annotations

import shutil
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.disk import Crash, CrashingDisk, FullDisk, QuickDisk

from ballast.core.errors import DataError
from ballast.core.marketdata import (
    EMPTY,
    FIRST,
    LAST,
    LOST,
    OFF_BOOK,
    REPLAY,
    SNAPSHOT,
    Grid,
    Row,
    Side,
)
from ballast.core.time import Timeframe
from ballast.store import tickfile
from ballast.store.books import StoredBook, book_at, ladders, merged, read_events
from ballast.store.depth import walk
from ballast.store.tickfile import DAY_NS, day_of
from ballast.store.ticks import TickStore
from ballast.store.tradebars import bars_from_trades

if TYPE_CHECKING:
    from pathlib import Path

GRID = Grid(Decimal("0.5"), Decimal("0.1"))
T0 = 1_700_006_400 * 1_000_000_000  # 2023-11-15 00:00 UTC
S = 1_000_000_000
MINUTE = 60 * S


def rows(*found: tuple[int, Row, int, int, int, int]) -> np.ndarray:
    """Rows of (receipt after T0, kind, side, ticks, lots, flags); frames count from 0."""
    made = np.zeros(len(found), REPLAY)
    for number, (after_ns, kind, side, ticks, lots, flags) in enumerate(found):
        made[number] = (
            T0 + after_ns,
            T0 + after_ns,
            number,
            number,
            ticks,
            lots,
            kind,
            side,
            flags,
        )
    return made


def trade(after_ns: int, ticks: int = 200, lots: int = 10) -> tuple[int, Row, int, int, int, int]:
    return after_ns, Row.TRADE, 1, ticks, lots, FIRST | LAST


def book(
    after_ns: int, bid: int = 199, ask: int = 201
) -> list[tuple[int, Row, int, int, int, int]]:
    return [
        (after_ns, Row.LEVEL, 1, bid, 20, FIRST | SNAPSHOT),
        (after_ns, Row.LEVEL, -1, ask, 30, LAST | SNAPSHOT),
    ]


def level(after_ns: int, side: int, ticks: int, lots: int) -> tuple[int, Row, int, int, int, int]:
    return after_ns, Row.LEVEL, side, ticks, lots, FIRST | LAST


DAY = rows(*book(0), trade(1), level(2, 1, 199, 0), level(2, 1, 198, 7), trade(DAY_NS + 5))


def store_of(root: Path, *batches: np.ndarray) -> TickStore:
    store = TickStore(root)
    store.write("test", "XYZ", GRID, batches, lambda: {"gaps": 2})
    return store


def everything(root: Path, from_ns: int | None = None, to_ns: int | None = None) -> np.ndarray:
    return np.concatenate([np.empty(0, REPLAY), *read_events(root, "TEST", "XYZ", from_ns, to_ns)])


def test_what_is_written_is_read_in_the_order_of_receipt(tmp_path: Path) -> None:
    """R-DATA-10, R-DATA-11: a file a kind and day, and all of them as one stream."""
    store = store_of(tmp_path, DAY[:3], DAY[3:])
    assert np.array_equal(everything(tmp_path), DAY)
    manifest = store.manifest("TEST", "xyz")
    names = ["books/2023-11-15", "trades/2023-11-15", "trades/2023-11-16"]
    assert sorted(manifest.days) == names
    assert manifest.grid == GRID
    assert [one.numbers for one in manifest.recordings] == [{"gaps": 2}]
    assert store.verify("TEST", "XYZ") == 3
    assert (store.venues(), store.symbols("test")) == (["TEST"], ["XYZ"])
    part = everything(tmp_path, T0 + 1, T0 + 2)
    assert part[part["frame"] >= 0]["kind"].tolist() == [Row.TRADE]


def test_the_same_recording_again_replaces_itself(tmp_path: Path) -> None:
    store = store_of(tmp_path, DAY)
    report = store.write("TEST", "XYZ", GRID, [DAY])
    assert (report.replaced, report.files) == (1, 3)
    assert np.array_equal(everything(tmp_path), DAY)


def test_a_later_recording_of_the_same_day_is_added(tmp_path: Path) -> None:
    store = store_of(tmp_path, rows(*book(0), trade(1)))
    later = rows(*book(100), trade(101))
    store.write("TEST", "XYZ", GRID, [later])
    earlier = rows(trade(50))
    store.write("TEST", "XYZ", GRID, [earlier])
    found = everything(tmp_path)
    assert (found["received_ns"] - T0).tolist() == [0, 0, 1, 50, 100, 100, 101]
    assert len(store.manifest("TEST", "XYZ").recordings) == 3


def test_a_recording_that_holds_others_replaces_all_of_them(tmp_path: Path) -> None:
    """Its days are its own: a stored day without new rows goes."""
    store = store_of(tmp_path, rows(*book(10), trade(11)))
    store.write("TEST", "XYZ", GRID, [rows(trade(30))])
    whole = rows(trade(5), trade(40))
    report = store.write("TEST", "XYZ", GRID, [whole])
    assert report.replaced == 2
    assert np.array_equal(everything(tmp_path), whole)
    assert sorted(store.manifest("TEST", "XYZ").days) == ["trades/2023-11-15"]
    assert not (tmp_path / "ticks/TEST/XYZ/books/2023-11-15.parquet").exists()


def test_two_halves_of_two_recordings_are_refused(tmp_path: Path) -> None:
    store = store_of(tmp_path, DAY)
    before = everything(tmp_path)
    with pytest.raises(DataError, match="overlaps the stored recording 2023-11-15 00:00 to"):
        store.write("TEST", "XYZ", GRID, [rows(trade(-5), trade(1))])
    assert np.array_equal(everything(tmp_path), before)
    assert list(tmp_path.rglob("*.tmp")) == []


def test_another_grid_is_refused_with_the_options_that_fit(tmp_path: Path) -> None:
    store = store_of(tmp_path, DAY)
    with pytest.raises(DataError, match=r"--tick 0\.5 --lot 0\.1"):
        store.write("TEST", "XYZ", Grid(Decimal("0.1"), Decimal("0.1")), [DAY])


def test_nothing_to_store_and_disorder_are_refused(tmp_path: Path) -> None:
    store = TickStore(tmp_path)
    with pytest.raises(DataError, match="no book became live"):
        store.write("TEST", "XYZ", GRID, [np.empty(0, REPLAY)])
    for disorder in ([DAY[::-1]], [DAY[4:], DAY[:2]]):
        with pytest.raises(DataError, match="order of receipt"):
            store.write("TEST", "XYZ", GRID, disorder)
    with pytest.raises(DataError, match="nothing is recorded of 'XYZ'"):
        store.find("XYZ", None)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    store = store_of(tmp_path, DAY)
    path = tmp_path / "ticks/TEST/XYZ/trades/2023-11-15.parquet"
    other = tmp_path / "ticks/TEST/XYZ/books/2023-11-15.parquet"
    good = path.read_bytes()
    path.write_bytes(good[: len(good) // 2])
    with pytest.raises(DataError, match="cannot be read"):
        everything(tmp_path)
    damaged = bytearray(good)
    damaged[len(damaged) // 3] ^= 0xFF
    path.write_bytes(bytes(damaged))
    with pytest.raises(DataError, match="2023-11-15"):
        store.verify("TEST", "XYZ")
    path.unlink()
    with pytest.raises(DataError, match="the day file is gone"):
        everything(tmp_path)
    path.write_bytes(good)
    assert len(everything(tmp_path)) == len(DAY), "a file that is whole is read again"
    shutil.copy(other, tmp_path / "x.parquet")
    (tmp_path / "ticks/TEST/XYZ/manifest.json").write_text("{")
    with pytest.raises(DataError, match="the manifest is damaged"):
        everything(tmp_path)


def test_killed_at_any_call_every_file_is_old_or_new(tmp_path: Path) -> None:
    """And the import that follows makes it whole."""
    new = rows(*book(0, bid=150), trade(1, 7), trade(DAY_NS + 5, 9))
    for calls in range(200):
        root = tmp_path / str(calls)
        store_of(root, DAY)
        disk = CrashingDisk(calls)
        try:
            TickStore(root, disk=disk).write("TEST", "XYZ", GRID, [new])
        except Crash:
            found = everything(root)
            for kind in Row:
                of_kind = found[found["kind"] == kind]
                for each in (DAY, new):
                    days = {day_of(int(t)) for t in each["received_ns"]}
                    assert days == {"2023-11-15", "2023-11-16"}
                assert len(of_kind) in {
                    np.count_nonzero(each["kind"] == kind) for each in (DAY, new)
                }
            TickStore(root).write("TEST", "XYZ", GRID, [new])
        assert np.array_equal(everything(root), new)
        if disk.left >= 0:
            return
    pytest.fail("the write never finished")


def test_a_full_disk_is_one_line_and_changes_nothing(tmp_path: Path) -> None:
    store_of(tmp_path, DAY)
    for files in range(4):
        with pytest.raises(DataError, match="the disk is full"):
            TickStore(tmp_path, disk=FullDisk(files)).write(
                "TEST", "XYZ", GRID, [DAY[:3]] * 1 + [rows(trade(DAY_NS + 9), trade(2 * DAY_NS))]
            )
        assert np.array_equal(everything(tmp_path), DAY)


def test_a_replay_from_the_middle_begins_with_the_book_of_that_moment(tmp_path: Path) -> None:
    store_of(
        tmp_path,
        rows(*book(0), level(S, 1, 198, 7), level(2 * S, -1, 201, 0), level(3 * S, 1, 197, 1)),
    )
    found = everything(tmp_path, T0 + 2 * S)
    assert found[["received_ns", "side", "price_ticks", "qty_lots", "flags"]].tolist() == [
        (T0 + 2 * S, 1, 199, 20, FIRST | SNAPSHOT),
        (T0 + 2 * S, 1, 198, 7, SNAPSHOT),
        (T0 + 2 * S, -1, 201, 30, LAST | SNAPSHOT),
        (T0 + 2 * S, -1, 201, 0, FIRST | LAST),
        (T0 + 3 * S, 1, 197, 1, FIRST | LAST),
    ]
    assert found["frame"][:3].tolist() == [-1] * 3


def test_in_a_gap_no_book_is_known(tmp_path: Path) -> None:
    lost = (S, Row.LEVEL, 0, 0, 0, FIRST | LAST | LOST | EMPTY)
    store = store_of(tmp_path, rows(*book(0), lost, *book(3 * S, bid=150)))
    known = [
        book_at(store, "TEST", "XYZ", T0 + after_ns).is_known
        for after_ns in (0, 1, S, S + 1, 3 * S, 3 * S + 1)
    ]
    assert known == [False, True, True, False, False, True]
    assert book_at(store, "TEST", "XYZ", T0 + 4 * S).side(Side.BUY).tolist() == [[150, 20]]
    assert len(everything(tmp_path, T0 + 2 * S)) == 2


def test_an_empty_book_is_known_to_be_empty() -> None:
    held = StoredBook()
    held.apply(rows(*book(0)))
    held.apply(rows((1, Row.LEVEL, 0, 0, 0, FIRST | LAST | SNAPSHOT | EMPTY)))
    assert held.is_known
    assert len(held.side(Side.BUY)) == 0
    assert len(held.rows(5)) == 0


def test_memory_holds_one_group_of_each_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tickfile, "GROUP_ROWS", 50)
    many = rows(
        *book(0), *(trade(n) for n in range(1, 500)), *(level(n, 1, 90, n) for n in range(500, 900))
    )
    store_of(tmp_path, many)
    parts = list(read_events(tmp_path, "TEST", "XYZ"))
    assert max(map(len, parts)) <= 100
    assert np.array_equal(np.concatenate(parts), many)
    some = everything(tmp_path, T0 + 333, T0 + 612)
    assert (some["received_ns"][some["frame"] >= 0] - T0).tolist() == list(range(333, 612))


keys = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=12)


@given(st.lists(st.lists(keys, max_size=4), min_size=1, max_size=3))
def test_merging_keeps_every_row_in_order(streams: list[list[list[tuple[int, int]]]]) -> None:
    arrays = []
    for number, parts in enumerate(streams):
        flat = sorted(key for part in parts for key in part)
        cuts = [0, *np.cumsum([len(part) for part in parts]).tolist()]
        pieces = []
        for start, stop in pairwise(cuts):
            piece = np.zeros(stop - start, REPLAY)
            for at, (received, frame) in enumerate(flat[start:stop]):
                piece[at]["received_ns"], piece[at]["frame"] = received, frame
                piece[at]["kind"] = number
            if len(piece):
                pieces.append(piece)
        arrays.append(pieces)
    found = [
        (int(row["received_ns"]), int(row["frame"]), int(row["kind"]))
        for part in merged([iter(pieces) for pieces in arrays])
        for row in part
    ]
    wanted = [
        (int(row["received_ns"]), int(row["frame"]), int(row["kind"]))
        for pieces in arrays
        for piece in pieces
        for row in piece
    ]
    assert sorted(found) == sorted(wanted)
    assert [key[:2] for key in found] == sorted(key[:2] for key in found)


def test_ladders_cost_what_walking_the_stored_book_costs(tmp_path: Path) -> None:
    """R-COST-14: at the end of each minute, the book of that moment."""
    store = store_of(
        tmp_path, rows(*book(S), level(MINUTE + S, -1, 201, 0), level(MINUTE + S, -1, 203, 30))
    )
    found = ladders(store, "TEST", "XYZ", MINUTE, 10)
    assert [at_ms - T0 // 1_000_000 for at_ms in found] == [60_000, 120_000]
    first, second = found.values()
    assert walk(first, 10.0) == pytest.approx(0.5 / 100)
    assert walk(second, 10.0) == pytest.approx(1.0 / 100.5, rel=1e-6)
    with pytest.raises(DataError, match="no book was known"):
        ladders(store_of(tmp_path / "b", rows(trade(0))), "TEST", "XYZ", MINUTE, 10)


#        after T0, ticks, lots
TRADES = [
    (0 * MINUTE + 59 * S, 200, 10),   # a bar that began before the recording: left out
    (1 * MINUTE, 201, 10),            # open
    (1 * MINUTE + 1, 210, 1),         # high
    (1 * MINUTE + 2, 190, 2),         # low
    (2 * MINUTE - 1, 202, 3),         # close
    (4 * MINUTE, 204, 5),             # after a minute without trades: it is flat
    (5 * MINUTE, 1, 1),               # a bar that has not ended: left out
]  # fmt: skip


def test_candles_from_trades_are_whole_and_exact(tmp_path: Path) -> None:
    """R-DATA-10: volumes are decimals again; a quiet bar is flat at the last close."""
    made = rows(*(trade(after_ns, ticks, lots) for after_ns, ticks, lots in TRADES))
    made["flags"][2] |= OFF_BOOK
    store = store_of(tmp_path, made)
    bars = bars_from_trades(store, "TEST", "XYZ", Timeframe.parse("1m"))
    assert ((bars.ts - T0 // 1_000_000) // 60_000).tolist() == [1, 2, 3, 4]
    assert bars.open.tolist() == [100.5, 101.0, 101.0, 102.0]
    assert bars.high.tolist() == [101.0, 101.0, 101.0, 102.0], "off the book, out of the bar"
    assert bars.low.tolist() == [95.0, 101.0, 101.0, 102.0]
    assert bars.close.tolist() == [101.0, 101.0, 101.0, 102.0]
    assert bars.volume.tolist() == [1.5, 0.0, 0.0, 0.5]
    with pytest.raises(DataError, match="no whole bar of 5m"):
        bars_from_trades(store, "TEST", "XYZ", Timeframe.parse("5m"))


def test_what_was_not_recorded_stays_missing(tmp_path: Path) -> None:
    store = store_of(tmp_path, rows(*(trade(n * MINUTE) for n in range(4))))
    store.write("TEST", "XYZ", GRID, [rows(*(trade(n * MINUTE) for n in range(9, 13)))])
    bars = bars_from_trades(store, "TEST", "XYZ", Timeframe.parse("1m"))
    assert ((bars.ts - T0 // 1_000_000) // 60_000).tolist() == [1, 2, 10, 11]


def test_a_quick_disk_is_enough_for_reading(tmp_path: Path) -> None:
    """Two venues hold the symbol: which one must be said."""
    for venue in ("ONE", "TWO"):
        TickStore(tmp_path, disk=QuickDisk()).write(venue, "XYZ", GRID, [DAY])
    with pytest.raises(DataError, match="recorded of ONE, TWO; give --venue"):
        TickStore(tmp_path).find("XYZ", None)
    assert TickStore(tmp_path).find("xyz", "one").venue == "ONE"
