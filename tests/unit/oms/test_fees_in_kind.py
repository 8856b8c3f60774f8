"""Fees taken from what was bought: what is held is what the venue has (C1, R-OMS).

A spot buy of Binance, Bybit and OKX pays in the coin it buys. Whoever holds the bought quantity on
the books has a stop that the venue refuses for want of coins.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.oms.orders import SENT_NS, SYMBOL, fill

from ballast.core.ids import Purpose, client_id
from ballast.core.orders import OrderKind, OrderRequest, Side
from ballast.oms.book import BookOfRecord
from ballast.oms.holdings import Coin

LOT_ATOMS = 1_000


def bought(book: BookOfRecord, number: int, lots: int, fee: int, asset: str) -> None:
    """Enter an order into the book, and its one fill."""
    name = client_id(Purpose.ENTRY, account="a", strategy="s", symbol=SYMBOL, decision=number)
    asked = OrderRequest(SYMBOL, Side.BUY, OrderKind.MARKET, lots, client_id=name)
    book.prepare(name, Purpose.ENTRY, asked, decision=number, at_ns=SENT_NS)
    told = fill(lots, number, order_id=number)
    book.take(replace(told, client_id=name, fee_asset=asset, fee_atoms=fee))


def traded(fees: list[tuple[int, int, str]], coin: Coin) -> tuple[BookOfRecord, Fraction]:
    """Return the book after buys (lots, fee in atoms, asset), and the lots the venue has."""
    book, coins = BookOfRecord(), Fraction(0)
    book.trades_coin(SYMBOL, coin)
    for number, (lots, fee, asset) in enumerate(fees, start=1):
        bought(book, number, lots, fee, asset)
        coins += lots
        if asset == coin.asset:
            coins -= Fraction(fee * coin.lot_parts, coin.lot_atoms)
    return book, coins


@given(
    st.lists(
        st.tuples(
            st.integers(1, 50), st.integers(0, 3 * LOT_ATOMS), st.sampled_from(["BTC", "BNB"])
        ),
        max_size=20,
    ),
    st.sampled_from([(LOT_ATOMS, 1), (LOT_ATOMS, 3), (7, 5)]),
)
def test_whole_lots_held_are_the_whole_lots_the_venue_has(
    fees: list[tuple[int, int, str]], lot: tuple[int, int]
) -> None:
    book, coins = traded(fees, Coin("BTC", *lot))
    assert book.holding(SYMBOL).lots == coins.numerator // coins.denominator


def test_a_fee_in_another_asset_leaves_the_holding_whole() -> None:
    book, _ = traded([(10, 5_000, "BNB"), (10, 5_000, "USDT")], Coin("BTC", LOT_ATOMS))
    assert book.holding(SYMBOL).lots == 20


def test_what_the_fee_took_stays_in_the_cost() -> None:
    book, _ = traded([(10, LOT_ATOMS, "BTC")], Coin("BTC", LOT_ATOMS))
    held = book.holding(SYMBOL)
    assert held.lots == 9
    assert held.value(100) == held.lots * 100 - held.cost


def test_what_is_owed_survives_a_snapshot() -> None:
    coin = Coin("BTC", LOT_ATOMS)
    book, _ = traded([(10, 1, "BTC")], coin)
    other = BookOfRecord()
    other.restore(book.state())
    other.trades_coin(SYMBOL, coin)
    for one in (book, other):
        bought(one, 2, 10, 1, "BTC")
    assert other.holding(SYMBOL) == book.holding(SYMBOL)
    assert book.holding(SYMBOL).lots == 19  # the second atom came out of the same lot
