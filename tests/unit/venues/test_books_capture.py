"""From recorded frames to rows: what is kept, what is counted, what is refused."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from tests.data import SHARED, needs_data
from tests.fakes.frames import MINUTE_NS, START_NS, depth, quote, snapshot, trade, write

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
from ballast.venues.books.capture import CHECKPOINT_NS, Capture, batches, number_of
from ballast.venues.books.grids import find_grid
from ballast.venues.books.quality import Latency, Quality, TradeNumbers
from ballast.venues.books.recording import Frame, frames_of

LINES = [
    b"1700006400 {}",
    b'{"dir":"in","t":"1700006400","url":"https://[","text":"{}"}',
    b'{"dir":"in","t":"17","url":"?symbol=&symbol=%ff","text":"\xff"}',
    b"99999999999999999999 {}",
    b"[1]",
]
GRID = Grid(Decimal("0.5"), Decimal("0.1"))
T0 = START_NS


def capture(frames: list[tuple[int, str]], venue: str = "BINANCE") -> tuple[np.ndarray, Quality]:
    """Read frames; return all rows and the counts."""
    taken = Capture(venue, "XYZ", GRID)
    read = [Frame(at_ns, text.encode(), f"line {n}") for n, (at_ns, text) in enumerate(frames, 1)]
    parts = list(batches(taken, read))
    return np.concatenate(parts) if parts else np.empty(0, REPLAY), taken.quality


def test_a_book_is_stored_whole_and_then_by_its_changes() -> None:
    """R-DATA-11: what comes before the snapshot waits, and is in the book that is stored."""
    rows, quality = capture(
        [
            (T0, depth(5, bids=[["99", "1.0"]])),
            (T0 + 1, snapshot(4)),
            (T0 + 2, depth(6, asks=[["100.5", "0"], ["101", "1.0"]])),
            (T0 + 3, depth(7)),
        ]
    )
    assert rows[["received_ns", "price_ticks", "qty_lots", "side", "flags"]].tolist() == [
        (T0 + 1, 199, 20, 1, FIRST | SNAPSHOT),
        (T0 + 1, 198, 10, 1, SNAPSHOT),
        (T0 + 1, 201, 30, -1, LAST | SNAPSHOT),
        (T0 + 2, 201, 0, -1, FIRST),
        (T0 + 2, 202, 10, -1, LAST),
    ]
    assert rows["event_id"].tolist() == [5, 5, 5, 6, 6]
    assert quality.steps == {"waiting": 1, "loaded": 1, "applied": 2}


def test_a_gap_is_a_row_and_the_next_snapshot_a_new_book() -> None:
    rows, quality = capture(
        [
            (T0, snapshot(4)),
            (T0 + 1, depth(9)),
            (T0 + 2, depth(10)),
            (T0 + 3, snapshot(9)),
        ]
    )
    levels = rows[rows["kind"] == Row.LEVEL]
    assert levels["flags"][2] == FIRST | LAST | LOST | EMPTY
    assert levels["flags"][3] & SNAPSHOT
    assert (quality.gaps, quality.first_gaps[0].cause) == (1, "sequence")
    assert quality.first_gaps[0].source == "line 2"


def test_every_hour_begins_with_a_whole_book() -> None:
    """So does every day: its file can be replayed alone."""
    rows, _ = capture([(T0, snapshot(4)), (T0 + CHECKPOINT_NS, depth(5, bids=[["99", "1"]]))])
    assert rows["received_ns"].tolist() == [T0] * 2 + [T0 + CHECKPOINT_NS] * 3
    assert (rows["flags"][2:4] & SNAPSHOT != 0).all()
    assert not rows["flags"][4] & SNAPSHOT


def test_trades_are_kept_once_and_missing_ones_are_counted() -> None:
    rows, quality = capture(
        [
            (T0, trade(7, "100", "1.0", T0)),
            (T0 + 1, trade(8, "100.5", "2.0", T0, sold=True)),
            (T0 + 2, trade(8, "100.5", "2.0", T0, sold=True)),
            (T0 + 3, trade(11, "100", "1.0", T0)),
        ]
    )
    assert rows["event_id"].tolist() == [7, 8, 11]
    assert rows["side"].tolist() == [1, -1, 1]
    assert (quality.trades_repeated, quality.trades_missing) == (1, 2)


def test_aggregates_beside_single_trades_are_dropped() -> None:
    single = trade(7, "100", "1.0", T0)
    aggregate = (
        '{"e":"aggTrade","E":1,"s":"XYZ","a":3,"p":"100","q":"1","f":7,"l":7,"T":1,"m":true}'
    )
    rows, quality = capture([(T0, single), (T0 + 1, aggregate)])
    assert len(rows) == 1
    assert quality.aggregates_dropped == 1
    rows, quality = capture([(T0, aggregate), (T0 + 1, single)])
    assert rows["event_id"].tolist() == [3]
    assert quality.aggregates_dropped == 1


def test_hand_overs_are_marked() -> None:
    text = trade(7, "100", "1.0", T0)[:-1] + ',"X":"ADL"}'
    rows, _ = capture([(T0, text)], "BINANCEUSDM")
    assert rows["flags"].tolist() == [FIRST | LAST | OFF_BOOK]


def test_quotes_are_compared_with_the_book_of_the_same_moment() -> None:
    """A quote beyond the update waits for the update that holds it."""
    rows, quality = capture(
        [
            (T0, snapshot(4)),
            (T0 + 1, quote(6)),
            (T0 + 2, quote(9, bid="99")),
            (T0 + 3, depth(7, first=5, bids=[["98", "1.0"]])),
            (T0 + 4, depth(9, first=8, bids=[["98", "2.0"]])),
        ]
    )
    assert (quality.quotes_compared, quality.quotes_equal, quality.quotes_equal_price) == (2, 1, 1)
    quotes = rows[rows["kind"] == Row.QUOTE]
    assert quotes["side"].tolist() == [1, -1, 1, -1]
    assert quotes["price_ticks"].tolist() == [199, 201, 198, 201]


def test_clocks_are_judged_and_never_run_backwards() -> None:
    rows, quality = capture(
        [
            (T0 + 100, trade(1, "100", "1.0", T0 + 1_300_000_000)),
            (T0 + 50, trade(2, "100", "1.0", T0 + 1_200_000_000)),
        ]
    )
    assert rows["received_ns"].tolist() == [T0 + 100, T0 + 100]
    assert quality.backwards == 1
    assert quality.latency.clock_offset_ns == 1_299_999_900
    assert quality.latency.quantile_ms(0.5) == -1300
    assert Latency().quantile_ms(0.5) is None


def test_faults_are_counted_and_listed_with_their_place() -> None:
    bad = [(T0, '{"e":"trade","s":"XYZ"}')] * 30
    rows, quality = capture([*bad, (T0, "{}")])
    assert len(rows) == 0
    assert (quality.faults, len(quality.first_faults)) == (31, 20)
    assert quality.first_faults[0].startswith("line 1: message:")


def test_a_missing_frame_of_coinbase_is_a_gap_of_the_book() -> None:
    """`sequence_num` counts every message of the connection, whatever it holds."""

    def frame(number: int, body: str) -> str:
        head = f'"timestamp":"2026-04-07T14:30:02Z","sequence_num":{number}'
        return f'{{{head},"channel":"{body}}}'

    level = '{"side":"bid","price_level":"99.5","new_quantity":"1"}'
    book = f'l2_data","events":[{{"type":"snapshot","product_id":"XYZ","updates":[{level}]}}]'
    beat = 'heartbeats","events":[]'
    change = book.replace("snapshot", "update")
    frames = [(T0, frame(0, book)), (T0, frame(1, beat)), (T0, frame(2, change))]
    _, quality = capture(frames, "COINBASE")
    assert quality.gaps == 0
    rows, quality = capture([*frames, (T0, frame(4, beat))], "COINBASE")
    assert quality.first_gaps[0].reason == "frame 3 is followed by 4"
    assert rows["flags"][-1] & LOST


def test_names_of_trades_become_stable_numbers() -> None:
    assert number_of("3735683259") == 3_735_683_259
    assert number_of("") == -1
    name = "9dc75fca-4bdd-4773-9f78-6f5d7ab2a110"
    assert number_of(name) == number_of(name) >= 0
    assert number_of(name) != number_of(name[::-1])
    numbers = TradeNumbers()
    assert numbers.is_new(name, -1, -1) == (True, 0)
    assert numbers.is_new(name, -1, -1) == (False, 0)
    assert numbers.is_new("", -1, -1) == (True, 0)


def test_the_grid_is_what_the_frames_are_printed_in(tmp_path: Path) -> None:
    """Trailing zeros do not make it finer, and one old order with more decimals does."""
    frames = [
        (T0, snapshot(4)),
        (T0 + 1, depth(5, bids=[["99.50000000", "1.00000000"]])),
        (T0 + 2, trade(1, "100.25", "0.5", T0)),
    ]
    path = write(tmp_path / "x.txt", frames)
    found = find_grid("BINANCE", lambda: frames_of([path]), "XYZ")
    assert found == Grid(Decimal("0.01"), Decimal("0.1"))
    fine = write(tmp_path / "y.txt", [*frames, (T0 + 3, depth(6, asks=[["2e2", "0.000001"]]))])
    assert find_grid("BINANCE", lambda: frames_of([fine]), "XYZ").lot == Decimal("0.1")
    fine = write(tmp_path / "z.txt", [*frames, (T0 + 3, depth(6, asks=[["200", "0.000001"]]))])
    assert find_grid("BINANCE", lambda: frames_of([fine]), "XYZ").lot == Decimal("0.000001")
    big = write(tmp_path / "b.txt", [(T0, trade(1, "8000000000.5", "2000000", T0))])
    assert find_grid("BINANCE", lambda: frames_of([big]), "XYZ") == Grid(
        Decimal("0.1"), Decimal(1000000)
    )
    with pytest.raises(DataError, match="no price of 'ABC'"):
        find_grid("BINANCE", lambda: frames_of([big]), "ABC")


@pytest.mark.parametrize("stamp", [T0, T0 // 1_000, T0 // 1_000_000, T0 // 1_000_000_000])
def test_times_of_receipt_may_be_in_any_unit(tmp_path: Path, stamp: int) -> None:
    path = write(tmp_path / "x.txt", [(stamp, "{}")])
    assert [frame.received_ns for frame in frames_of([path])] == [T0]


def test_recordings_are_read_plain_or_packed_and_in_three_forms(tmp_path: Path) -> None:
    lines = (
        b'1700006400000000000 {"a":1}\n\n'
        b'{"dir":"out","t":"1700006401.5","url":"wss://x","text":"{}"}\n'
        b'{"dir":"http","t":"1700006401.5","url":"https://x/depth?symbol=XYZ&limit=5","text":"{}"}\n'
        b'{"topic":"orderbook.500.XYZ"}\n'
    )
    (tmp_path / "a").write_bytes(lines)
    (tmp_path / "b").write_bytes(gzip.compress(lines))
    (tmp_path / "c").write_bytes(zstandard.compress(lines))
    for name in "abc":
        found = [frame[:2] + frame[3:] for frame in frames_of([tmp_path / name])]
        assert found == [
            (T0, b'{"a":1}', ""),
            (T0 + 1_500_000_000, b"{}", "XYZ"),
            (None, b'{"topic":"orderbook.500.XYZ"}', ""),
        ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such file"),
        (b"hello\n", "line 1: not a recorded frame"),
        (b'{"dir":"in","t":"yesterday"}\n', "a damaged record"),
        (b'{"dir":"in"\n', "a damaged record"),
        (zstandard.compress(b"17 {}\n" * 1000)[:-3] + b"xyz", "cannot be read"),
        (gzip.compress(b"17 {}\n" * 1000, mtime=0)[:-9], "cannot be read"),
    ],
)
def test_what_is_no_recording_is_refused_in_one_line(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "x"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=said):
        list(frames_of([path]))


@given(st.lists(st.binary(max_size=60) | st.sampled_from(LINES), max_size=6))
def test_any_file_is_frames_or_a_data_error(lines: list[bytes]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        path.write_bytes(b"\n".join(lines))
        try:
            found = list(frames_of([path]))
        except DataError:
            return
        assert all(isinstance(frame.body, bytes) for frame in found)


@needs_data
@pytest.mark.slow
@pytest.mark.parametrize(
    ("venue", "files", "equal", "price", "compared"),
    [
        ("BINANCE", ("spot_btcusdt_20240808", "spot_btcusdt_20240809"), 5_734, 5_734, 5_736),
        ("BINANCEUSDM", ("usdm_btcusdt_20240808",), 5_471, 5_663, 5_691),
    ],
)
def test_recorded_quotes_equal_the_book_as_often_as_they_should(
    venue: str, files: tuple[str, ...], equal: int, price: int, compared: int
) -> None:
    """The counts of an independent check; the rest is the quote stream being ahead in a batch."""
    paths = [SHARED / f"l2/binance-{name}.txt.zst" for name in files]
    grid = find_grid(venue, lambda: frames_of(paths), "BTCUSDT")
    taken = Capture(venue, "BTCUSDT", grid)
    for rows in batches(taken, frames_of(paths)):
        assert len(rows) < 3 << 16
    quality = taken.quality
    found = (quality.quotes_equal, quality.quotes_equal_price, quality.quotes_compared)
    assert found == (equal, price, compared)
    assert (quality.gaps, quality.faults, quality.trades_missing, quality.backwards) == (0,) * 4
    assert 1_260 < quality.latency.clock_offset_ns / 1e6 < 1_280
    assert (quality.last_ns or 0) - (quality.first_ns or 0) > 5 * MINUTE_NS


def kraken(kind: str, bids: list[tuple[float, float]], asks: list[tuple[float, float]]) -> str:
    sides = {
        name: [{"price": price, "qty": qty} for price, qty in levels]
        for name, levels in (("bids", bids), ("asks", asks))
    }
    body = {"channel": "book", "type": kind, "data": [{"symbol": "XYZ", **sides}]}
    return json.dumps(body)


@given(
    st.lists(
        st.tuples(st.sampled_from(["bids", "asks"]), st.integers(0, 14), st.integers(0, 3)),
        max_size=40,
    )
)
def test_a_level_that_is_pushed_out_of_the_depth_leaves_the_rows_too(
    steps: list[tuple[str, int, int]],
) -> None:
    """Kraken tells what comes into the depth it was asked for, not what leaves it."""
    whole = ([(100.0 - at, 1.0) for at in range(10)], [(101.0 + at, 1.0) for at in range(10)])
    taken = Capture("KRAKEN", "XYZ", GRID)
    taken.take(Frame(T0, kraken("snapshot", *whole).encode(), "first"))
    levels: dict[tuple[int, int], int] = {}
    for number, (side, at, qty) in enumerate([("bids", 0, 1), *steps], 1):
        price = 100.0 - at if side == "bids" else 101.0 + at
        level = [(price, float(qty))]
        text = kraken("update", level if side == "bids" else [], level if side == "asks" else [])
        taken.take(Frame(T0 + number, text.encode(), f"line {number}"))
        for row in taken.drain():
            place = int(row["side"]), int(row["price_ticks"])
            levels[place] = int(row["qty_lots"])
            if not levels[place]:
                del levels[place]
        if not taken.is_live:
            return
        book = taken._builder.book
        stated = {
            (int(way), int(price)): int(lots)
            for way in (Side.BUY, Side.SELL)
            for price, lots, _ in book.side(way).tolist()
        }
        assert levels == stated
