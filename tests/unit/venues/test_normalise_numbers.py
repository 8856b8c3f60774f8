"""Exact numbers: texts to whole steps and nanoseconds, one by one and level by level."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballast.core.errors import DataError
from ballast.core.marketdata import FORM_SHIFT, Grid
from ballast.venues.normalise.exact import (
    BrokenError,
    Raw,
    counted,
    counted_as_sent,
    exact,
    levels_of,
    ns_of_iso,
    ns_of_ms,
    ns_of_seconds,
)

GRID = Grid(Decimal("0.01"), Decimal("0.001"))
HALVES = Grid(Decimal("0.5"), Decimal(100))


@pytest.mark.parametrize(
    ("text", "grid", "ticks"),
    [
        ("61800.20", GRID, 6_180_020),
        ("61800.2000000", GRID, 6_180_020),
        ("0.01", GRID, 1),
        ("0", GRID, 0),
        ("5", GRID, 500),
        ("1e-2", GRID, 1),
        ("2.5E+1", GRID, 2_500),
        ("0.5", HALVES, 1),
        ("34981", HALVES, 69_962),
        ("92233720368547758.07", GRID, 2**63 - 1),
    ],
)
def test_a_decimal_is_counted_exactly(text: str, grid: Grid, ticks: int) -> None:
    assert counted(text, grid.price, "p") == ticks


@pytest.mark.parametrize(
    ("text", "grid", "why"),
    [
        ("61800.205", GRID, "not a whole number of steps"),
        ("0.3", HALVES, "not a whole number of steps"),
        ("92233720368547758.08", GRID, "too large"),
        ("-1", GRID, "not a decimal"),
        ("0.-10000", GRID, "not a decimal"),
        ("", GRID, "not a decimal"),
        (".5", GRID, "not a decimal"),
        ("5.", GRID, "not a decimal"),
        ("NaN", GRID, "not a decimal"),
        ("1e999", GRID, "not a decimal"),
        ("١٢", GRID, "not a decimal"),
        ("1" * 60, GRID, "not a decimal"),
        ("1_000", GRID, "not a decimal"),
        (" 1", GRID, "not a decimal"),
    ],
)
def test_what_is_no_count_of_steps_is_refused(text: str, grid: Grid, why: str) -> None:
    with pytest.raises(BrokenError) as error:
        counted(text, grid.price, "p")
    assert why in error.value.why


def test_the_decimals_as_sent_are_kept_for_checksums() -> None:
    assert counted_as_sent("5.10", GRID.price, "p") == (510, 2)
    assert counted_as_sent("5.1", GRID.price, "p") == (510, 1)
    bids, asks = levels_of(Raw(b'[["5.10","1"]]'), Raw(b'[["5.2","0.500",0,"x"]]'), GRID)
    assert bids.tolist() == [[510, 1_000, 2 << FORM_SHIFT]]
    assert asks.tolist() == [[520, 500, 1 << FORM_SHIFT | 3]]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b" [ ] ",
        b'[["1","2"]]',
        b'[ [ "1" , "2" ] , [1.5,0.1,"s",7] ]',
        b"[[1,2],[3,4]]",
    ],
)
def test_level_arrays_may_be_written_in_any_legal_way(text: bytes) -> None:
    bids, asks = levels_of(Raw(text), Raw(b"[]"), GRID)
    assert len(bids) == text.count(b"[") - (1 if b"[" in text else 0)
    assert len(asks) == 0


@pytest.mark.parametrize(
    "text",
    [
        b"{}", b"null", b'"x"', b"[", b"[[", b'[["1"]]', b'[["1","2"', b'[["1","2"]',
        b'[["1","2"]]]',
        b'[["1","2"],]', b'[["1" "2"]]', b'[["","2"]]', b'[["1.","2"]]', b'[[".1","2"]]',
        b'[["1","-2"]]', b'[["1","2",[3]]]', b'[["1","2","\\u0031"]]', b'[["1.001","2"]]',
        b'[["1","0.0001"]]', b'[["99999999999999999999","1"]]', b'[["1","2",]]', b'[["1e5","2"]]',
    ],
)  # fmt: skip
def test_what_is_no_level_array_is_refused_with_its_place(text: bytes) -> None:
    with pytest.raises(BrokenError) as error:
        levels_of(Raw(b"[]"), Raw(text), GRID)
    assert error.value.where.startswith("asks byte ")


@given(
    st.lists(
        st.tuples(
            st.decimals(0, 10**9, places=2, allow_nan=False),
            st.decimals(0, 10**9, places=3, allow_nan=False),
        )
    )
)
def test_the_compiled_scanner_counts_as_decimals_do(rows: list[tuple[Decimal, Decimal]]) -> None:
    text = "[" + ",".join(f'["{price:f}","{qty:f}"]' for price, qty in rows) + "]"
    bids, _ = levels_of(Raw(text.encode()), Raw(b""), GRID)
    assert [(int(row[0]), int(row[1])) for row in bids] == [
        (int(price / GRID.tick), int(qty / GRID.lot)) for price, qty in rows
    ]


def test_times_become_nanoseconds() -> None:
    assert ns_of_ms("1618677784983", "t") == 1_618_677_784_983_000_000
    assert ns_of_seconds("1618678142.557535", "t") == 1_618_678_142_557_535_000
    assert ns_of_seconds("1762795433.9717445", "t") == 1_762_795_433_971_744_500
    assert ns_of_iso("2021-04-17T16:43:30.244075Z", "t") == 1_618_677_810_244_075_000
    assert ns_of_iso("2026-04-07 14:30:10.000000001+00:00", "t") == 1_775_572_210_000_000_001
    assert ns_of_iso("0001-01-01T00:00:00.000000Z", "t") == 0


@pytest.mark.parametrize("text", ["2021-13-01T00:00:00Z", "2021-04-17", "", "9999-01-01T00:00:00Z"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(BrokenError):
        ns_of_iso(text, "t")
    with pytest.raises(BrokenError):
        ns_of_ms("99999999999999999", "t")


def test_a_value_that_is_missing_is_none_and_nonsense_is_refused() -> None:
    assert exact("", "p") is None
    assert exact(Raw(b"null"), "p") is None
    assert exact("-0.00123", "p") == Decimal("-0.00123")
    with pytest.raises(BrokenError):
        exact("Infinity", "p")


@pytest.mark.parametrize("step", ["0", "-1", "NaN", "1e-19", "1e20"])
def test_impossible_steps_are_refused(step: str) -> None:
    with pytest.raises(DataError):
        Grid(Decimal(step), Decimal(1))
