"""Exact numbers of a venue: nothing is rounded, contracts are base units (R-EXCH-01)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballast.core.instrument import Kind
from ballast.venues.clients.market import Market, OffGridError, fee_atoms, number, plain

SWAP = Market(
    "BTCUSDT",
    "BTC-USDT-SWAP",
    "BTC",
    "USDT",
    Kind.PERPETUAL,
    tick=Decimal("0.1"),
    lot=Decimal("0.0001"),
    contract=Decimal("0.01"),
)


def test_a_quantity_is_written_in_contracts_and_read_back_in_lots() -> None:
    assert SWAP.qty_text(150) == "1.5"
    assert SWAP.lots_of("1.5") == 150
    assert SWAP.lots_of("-0.01") == -1


@given(st.integers(0, 10**12), st.integers(0, 10**9))
def test_what_is_written_is_read_back(ticks: int, lots: int) -> None:
    assert SWAP.ticks_of(SWAP.price_text(ticks)) == ticks
    assert SWAP.lots_of(SWAP.qty_text(lots)) == lots
    assert "E" not in SWAP.price_text(ticks) + SWAP.qty_text(lots)


@pytest.mark.parametrize("text", ["0.05", "100.01", "abc", "NaN", "Infinity"])
def test_a_price_between_two_ticks_or_no_number_is_refused(text: str) -> None:
    with pytest.raises(OffGridError):
        SWAP.ticks_of(text)


@pytest.mark.parametrize("nothing", ["", None, "0", "0.0"])
def test_nothing_given_is_zero(nothing: object) -> None:
    assert number(nothing) == 0
    assert SWAP.ticks_of(nothing) == 0


@pytest.mark.parametrize(
    ("text", "atoms"), [("0.000000011", 2), ("-0.000000011", -1), ("0.1", 10_000_000), ("", 0)]
)
def test_a_fee_is_rounded_against_us(text: str, atoms: int) -> None:
    assert fee_atoms(text) == atoms


def test_decimals_are_written_plainly() -> None:
    assert [plain(Decimal(one)) for one in ("1E+3", "0.10", "100", "1E-8")] == [
        "1000",
        "0.1",
        "100",
        "0.00000001",
    ]
