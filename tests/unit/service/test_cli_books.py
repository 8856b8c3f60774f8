"""`data books` and `data trades`: recordings in; books, trades, candles and ladders out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from tests.data import SHARED, needs_data
from tests.fakes.frames import MINUTE_NS, START_NS, depth, snapshot, trade, write
from tests.fakes.shell import ballast, tree

if TYPE_CHECKING:
    from pathlib import Path

IMPORT = ("data", "books", "import")
MARKET = ("--venue", "binance", "--symbol", "XYZ")
T0 = START_NS


def recording(folder: Path, name: str = "x.txt", *, hole: bool = False) -> str:
    """Four minutes: a book that changes, and a trade each half minute."""
    frames = [(T0, snapshot(4)), (T0 + 1, depth(5, bids=[["98.5", "1.0"]]))]
    frames += [
        (T0 + n * MINUTE_NS // 2, trade(n, f"{100 + n / 2}", "0.5", T0 + n * MINUTE_NS // 2))
        for n in range(1, 9)
    ]
    frames.append((T0 + 5 * MINUTE_NS, depth(9 if hole else 6, asks=[["100.5", "1.0"]])))
    write(folder / name, frames)
    return name


def test_a_recording_is_imported_shown_and_used(tmp_path: Path) -> None:
    """R-DATA-10, R-DATA-11: from frames to a book at a time, candles and ladders."""
    done = ballast(tmp_path, *IMPORT, recording(tmp_path), *MARKET, "--json").json()
    assert (done["venue"], done["symbol"], done["tick"], done["lot"]) == (
        "BINANCE", "XYZ", "0.1", "0.1",
    )  # fmt: skip
    assert done["rows"] == {"books": 4, "trades": 8, "quotes": 0}
    assert (done["gaps"], done["faults"], done["steps"]) == (0, 0, {"applied": 2, "loaded": 1})
    (listed,) = ballast(tmp_path, "data", "books", "show", "--json").json()
    assert (listed["levels"], listed["trades"], listed["recordings"]) == (4, 8, 1)
    shown = ballast(
        tmp_path, "data", "books", "show", "xyz", "--at", "2023-11-15T00:01", "--json", "--verify"
    ).json()
    assert shown["levels"] == [
        {"bid_qty": "2.0", "bid": "99.5", "ask": "100.5", "ask_qty": "3.0"},
        {"bid_qty": "1.0", "bid": "98.5", "ask": "", "ask_qty": ""},
    ]
    made = ballast(tmp_path, "data", "trades", "resample", "XYZ", "--to", "1m", "--json").json()
    assert (made[0]["series"], made[0]["bars"]) == ("BINANCE-XYZ-1m", 3)
    assert made[0]["inserted"] == 3
    made = ballast(tmp_path, "data", "books", "ladders", "XYZ", "--every", "1m", "--json").json()
    assert made["inserted"] == 2
    shown = ballast(tmp_path, "data", "depth", "show", "XYZ", "--json").json()
    assert shown["slippage"][0]["slippage_bps"] == pytest.approx(50.0)


def test_trades_alone_may_be_imported_and_looked_at(tmp_path: Path) -> None:
    done = ballast(tmp_path, "data", "trades", "import", recording(tmp_path), *MARKET, "--json")
    assert done.json()["rows"] == {"books": 0, "trades": 8, "quotes": 0}
    found = ballast(tmp_path, "data", "trades", "show", "XYZ", "--most", "2", "--json").json()
    assert [row["price"] for row in found] == ["100.5", "101.0"]
    assert found[0]["side"] == "buy"
    period = ("--period", "2023-11-15T00:03..2023-11-15T00:04")
    done = ballast(tmp_path, "data", "trades", "show", "XYZ", *period)
    assert "2 of 2 trades" in done.err
    assert len(ballast(tmp_path, "data", "trades", "show", "--json").json()) == 1


def test_gaps_and_faults_are_told_with_their_place(tmp_path: Path) -> None:
    name = recording(tmp_path, hole=True)
    with (tmp_path / name).open("a") as file:
        file.write(f'{T0 + 6 * MINUTE_NS} {{"e":"trade","s":"XYZ"}}\n')
    done = ballast(tmp_path, *IMPORT, name, *MARKET)
    assert done.code == 0
    assert "x.txt line 11: the book is lost, sequence: 5 is followed by 9" in done.err
    assert "x.txt line 12: message: Object missing required field" in done.err
    (listed,) = ballast(tmp_path, "data", "books", "show", "XYZ", "--json").json()
    assert (listed["gaps"], listed["faults"]) == (1, 1)


def test_steps_may_be_given(tmp_path: Path) -> None:
    steps = ("--tick", "0.01", "--lot", "0.001")
    done = ballast(tmp_path, *IMPORT, recording(tmp_path), *MARKET, *steps, "--json").json()
    assert (done["tick"], done["lot"]) == ("0.01", "0.001")
    done = ballast(tmp_path, *IMPORT, recording(tmp_path), *MARKET, *steps[:2], "--lot", "x")
    assert "--lot: 'x' is not a step" in done.mistake()


def test_a_later_recording_counts_in_the_grid_that_is_stored(tmp_path: Path) -> None:
    """Its own prices would do with a coarser one; a finer one is refused with the way out."""
    assert ballast(tmp_path, *IMPORT, recording(tmp_path), *MARKET).code == 0
    later = T0 + 60 * MINUTE_NS
    write(tmp_path / "y.txt", [(later, snapshot(50, bid="90", ask="110"))])
    done = ballast(tmp_path, *IMPORT, "y.txt", *MARKET, "--json").json()
    assert (done["tick"], done["lot"]) == ("0.1", "0.1")
    write(tmp_path / "z.txt", [(later * 2, snapshot(60, bid="90.001"))])
    said = ballast(tmp_path, *IMPORT, "z.txt", *MARKET).mistake()
    assert "a tick of 0.001 and a lot of 1" in said
    assert "--tick 0.1 --lot 0.1" in said


def test_mistakes_are_one_line_and_write_nothing(tmp_path: Path) -> None:
    name = recording(tmp_path)
    (tmp_path / "bad.txt").write_text("hello\n")
    before = tree(tmp_path)
    cases = [
        ((*IMPORT, "zz.txt", *MARKET), "no such file"),
        ((*IMPORT, "bad.txt", *MARKET), "bad.txt line 1: not a recorded frame"),
        ((*IMPORT, name, "--venue", "nowhere", "--symbol", "XYZ"), "no protocol of 'NOWHERE'"),
        ((*IMPORT, name, "--venue", "okx", "--symbol", "XYZ"), "no price of 'XYZ'"),
        (("data", "books", "show", "XYZ"), "nothing is recorded of 'XYZ'"),
        (("data", "trades", "resample", "XYZ", "--to", "1m"), "nothing is recorded of 'XYZ'"),
    ]
    for arguments, said in cases:
        assert said in ballast(tmp_path, *arguments).mistake()
    assert tree(tmp_path) == before
    assert ballast(tmp_path, *IMPORT, name, *MARKET).code == 0
    cases = [
        (("data", "books", "show", "XYZ", "--at", "2020-01-01"), "no book is known at 2020-01-01"),
        (("data", "trades", "show", "XYZ", "--period", "..2020-01-01"), "no trades in this time"),
        (("data", "trades", "resample", "XYZ", "--to", "1h"), "make no whole bar of 1h"),
    ]
    for arguments, said in cases:
        assert said in ballast(tmp_path, *arguments).mistake()


def test_books_that_count_contracts_make_no_ladder_without_their_size(tmp_path: Path) -> None:
    """R-COST-14: a ladder is in quote units."""
    frame = (
        '{"arg":{"channel":"books","instId":"XYZ"},"action":"snapshot","data":[{"asks":[["101","2",'
        '"0","1"]],"bids":[["99","1","0","1"]],"ts":"1700006400000","seqId":1,"prevSeqId":-1}]}'
    )
    write(tmp_path / "x.txt", [(T0, frame)])
    market = ("--venue", "OKXSWAP", "--symbol", "XYZ")
    assert ballast(tmp_path, *IMPORT, "x.txt", *market).code == 0
    ladders = ("data", "books", "ladders", "XYZ")
    assert "give --contract" in ballast(tmp_path, *ladders).mistake()
    assert ballast(tmp_path, *ladders, "--contract", "0.01").code == 0
    shown = ballast(tmp_path, "data", "depth", "show", "XYZ", "--json").json()
    assert [row["notional"] for row in shown["ladder"]] == pytest.approx([1.0, 1.0])
    write(tmp_path / "y.txt", [(T0, snapshot(1))])
    market = ("--venue", "BINANCECOINM", "--symbol", "XYZ")
    assert ballast(tmp_path, *IMPORT, "y.txt", *market).code == 0
    said = ballast(tmp_path, *ladders, "--venue", "BINANCECOINM").mistake()
    assert "an inverse contract" in said


@needs_data
@pytest.mark.slow
def test_recorded_trades_of_bitcoin_are_the_candles_of_the_exchange(tmp_path: Path) -> None:
    """Ten complete minutes of two files cut at midnight, to the last digit of the volume."""
    files = [str(SHARED / f"l2/binance-spot_btcusdt_2024080{day}.txt.zst") for day in (8, 9)]
    market = ("--venue", "BINANCE", "--symbol", "BTCUSDT")
    done = ballast(tmp_path, *IMPORT, *files, *market, "--json").json()
    assert done["quotes_equal"] == 5_734
    assert done["clock_offset_ms"] == 1_276
    made = ballast(tmp_path, "data", "trades", "resample", "BTCUSDT", "--to", "1m", "--json").json()
    assert (made[0]["bars"], made[0]["first"]) == (10, "2024-08-08 23:55")
    out = ("data", "export", "BINANCE-BTCUSDT-1m", "-o", "x.parquet")
    assert ballast(tmp_path, *out).code == 0
    ours = pq.read_table(tmp_path / "x.parquet").to_pylist()
    real = pq.read_table(SHARED / "candles/BINANCE-BTCUSDT-1m.parquet").to_pylist()
    by_time = {row["ts"]: row for row in real}
    assert len(ours) == 10
    assert all(row == by_time[row["ts"]] for row in ours)
