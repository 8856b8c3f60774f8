"""Depth ladders: worked by hand, equal to the raw book, kept with their times, averaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.fakes.disk import Crash, CrashingDisk, FullDisk

from ballast.core.errors import DataError
from ballast.core.records import DEPTH
from ballast.store.depth import DepthStore, ladder, mean_ladder, reach_of, thinned, walk

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

BIDS = np.array([(99.0, 1.0), (98.0, 3.0)])
ASKS = np.array([(101.0, 2.0), (102.0, 1.0)])


def rungs(*rows: tuple[float, float]) -> NDArray[np.void]:
    return np.array(list(rows), DEPTH)


def near(found: NDArray[np.void], *rows: tuple[float, float]) -> bool:
    return len(found) == len(rows) and bool(
        np.allclose(found.tolist(), rows, rtol=1e-12, atol=1e-15)
    )


def test_a_ladder_is_the_mean_of_both_sides() -> None:
    """R-COST-14. Mid 100. Bids: 100 at 1 %, 300 at 2 %; asks: 200 at 1 %, 100 at 2 %."""
    found = ladder(BIDS, ASKS, 20)
    assert near(found, (0.01, 100.0), (0.015, 100.0), (0.02, 100.0), (0.02, 100.0))


@pytest.mark.parametrize(
    ("notional", "slip"),
    [
        (50.0, 0.01),
        (100.0, 0.01),
        (250.0, 0.014),  # 2.5 units: bought for 253 instead of 250, sold for 246
        (400.0, 0.01625),  # buying costs 1 % of 200 and 2 % of 200, selling 1 % of 100, 2 % of 300
        (500.0, 0.017),  # what both sides lack costs their last prices
        (0.0, 0.0),
    ],
)
def test_walking_a_ladder_is_walking_both_sides(notional: float, slip: float) -> None:
    """R-COST-14: by hand."""
    assert walk(ladder(BIDS, ASKS, 20), notional) == pytest.approx(slip, rel=1e-12)


def test_levels_cut_both_sides_and_order_does_not_matter() -> None:
    found = ladder(BIDS[::-1], ASKS[::-1], 1)
    assert near(found, (0.01, 100.0), (0.01, 100.0))
    assert near(ladder(BIDS[::-1], ASKS[::-1], 2), *ladder(BIDS, ASKS, 2).tolist())
    emptied = np.vstack([ASKS, (100.5, 0.0)])
    assert near(ladder(BIDS, emptied, 2), *ladder(BIDS, ASKS, 2).tolist())


@pytest.mark.parametrize(
    ("bids", "asks", "levels", "said"),
    [
        (BIDS, ASKS[:0], 5, "the book has no asks"),
        (BIDS * [1.0, 0.0], ASKS, 5, "the book has no bids"),
        (BIDS + np.array([2.0, 0.0]), ASKS, 5, "the book is crossed: bid 101, ask 101"),
        (BIDS, ASKS * [1.0, np.nan], 5, "no level of a book among the asks: nan at 101"),
        (BIDS * [-1.0, 1.0], ASKS, 5, "among the bids: 1 at -99"),
        (BIDS, ASKS * [1.0, -1.0], 5, "among the asks: -2 at 101"),
        (BIDS, ASKS, 0, "a ladder of 0 levels"),
    ],
)
def test_what_is_no_book_is_refused(
    bids: NDArray[np.float64], asks: NDArray[np.float64], levels: int, said: str
) -> None:
    with pytest.raises(DataError, match=said):
        ladder(bids, asks, levels)


def test_snapshots_are_averaged_like_sides() -> None:
    one, other = rungs((0.01, 100.0)), rungs((0.02, 50.0), (0.04, 150.0))
    both = mean_ladder([one, other])
    assert near(both, (0.015, 50.0), (0.025, 50.0), (0.025, 100.0))
    for notional in (20.0, 70.0, 150.0, 900.0):
        expected = (walk(one, notional) + walk(other, notional)) / 2
        assert walk(both, notional) == pytest.approx(expected, rel=1e-12)


def test_a_thinned_ladder_costs_the_same_at_its_edges() -> None:
    many = rungs(*[(0.001 * k, 10.0 + k) for k in range(100)])
    few = thinned(many, 7)
    assert len(few) == 7
    assert reach_of(few) == pytest.approx(reach_of(many))
    assert few["slip"][-1] == pytest.approx(many["slip"][-1], rel=1e-12)
    assert np.diff(few["slip"]).min() > 0.0
    for edge in np.cumsum(few["notional"]):
        assert walk(few, edge) == pytest.approx(walk(many, edge), rel=1e-12)
    assert thinned(many, 100) is many


def test_ladders_come_back_with_their_times(tmp_path: Path) -> None:
    """R-DATA-11: dated, merged, every change counted."""
    store = DepthStore(tmp_path)
    first, second = rungs((0.01, 100.0)), rungs((0.02, 50.0), (0.04, 150.0))
    assert store.write("binance", "BTCUSDT", {2_000: second, 1_000: first}).inserted == 2
    report = store.write("BINANCE", "BTC/USDT", {1_000: second, 2_000: second, 3_000: first})
    assert (report.symbol, report.inserted) == ("BTCUSDT", 1)
    assert (report.unchanged, report.revised) == (1, 1)
    found = store.snapshots("BINANCE", "BTC-USDT")
    assert list(found) == [1_000, 2_000, 3_000]
    assert [one.tolist() for one in found.values()] == [
        second.tolist(),
        second.tolist(),
        first.tolist(),
    ]
    assert (store.venues(), store.symbols("BINANCE")) == (["BINANCE"], ["BTCUSDT"])


def test_a_period_reads_the_mean_of_its_snapshots_else_the_nearest(tmp_path: Path) -> None:
    store = DepthStore(tmp_path)
    rows = {at_ms: rungs((at_ms / 1e6, 100.0)) for at_ms in (1_000, 2_000, 4_000)}
    store.write("X", "Y", rows)

    def slip(from_ms: int | None, to_ms: int | None) -> float:
        (one,) = store.read("X", "Y", from_ms, to_ms)
        return float(one["slip"]) * 1e6

    assert slip(None, None) == pytest.approx(7_000 / 3)
    assert slip(1_000, 4_000) == pytest.approx(1_500)
    assert slip(None, 1_500) == pytest.approx(1_000)
    assert slip(2_500, None) == pytest.approx(4_000)
    assert slip(2_100, 2_200) == pytest.approx(2_000)
    assert slip(3_100, 3_200) == pytest.approx(4_000)
    assert slip(9_000, 9_500) == pytest.approx(4_000)
    assert slip(0, 10) == pytest.approx(1_000)
    assert len(store.read("X", "Z")) == 0
    assert len(store.read("NOWHERE", "Y")) == 0


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (np.zeros(0, DEPTH), "not a depth ladder"),
        (np.zeros(2), "not a depth ladder"),
        (rungs((0.01, 0.0)), "no slippage of a notional"),
        (rungs((-0.01, 5.0)), "no slippage of a notional"),
        (rungs((np.inf, 5.0)), "no slippage of a notional"),
        (rungs((0.02, 5.0), (0.01, 5.0)), "slippage falls"),
    ],
)
def test_wrong_ladders_are_refused(tmp_path: Path, bad: NDArray[np.void], said: str) -> None:
    store = DepthStore(tmp_path)
    with pytest.raises(DataError, match=said):
        store.write("X", "Y", {1: rungs((0.01, 1.0)), 2: bad})
    assert store.snapshots("X", "Y") == {}


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    DepthStore(tmp_path).write("X", "Y", {k: rungs((0.01, 1.0 + k)) for k in range(30)})
    path = tmp_path / "depth" / "X" / "Y.parquet"
    whole = path.read_bytes()
    for damaged in (b"", whole[:-9], whole[:60] + b"\x07" + whole[61:]):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=r"Y.parquet: the (file cannot|content does not)"):
            DepthStore(tmp_path).read("X", "Y")


def test_a_kill_or_a_full_disk_leaves_the_old_ladders(tmp_path: Path) -> None:
    one = {1: rungs((0.01, 1.0))}
    DepthStore(tmp_path).write("X", "Y", one)
    for calls in range(20):
        try:
            disk = CrashingDisk(calls)
            DepthStore(tmp_path, disk=disk).write("X", "Y", {2: rungs((calls / 100, 1.0))})
        except Crash:
            assert len(DepthStore(tmp_path).snapshots("X", "Y")) in (1, 2)
        else:
            break
    with pytest.raises(DataError, match="the disk is full"):
        DepthStore(tmp_path, disk=FullDisk(0)).write("X", "Y", {9: one[1]})
    assert list(DepthStore(tmp_path).snapshots("X", "Y")) == [1, 2]
    assert not list(tmp_path.rglob("*.tmp"))
