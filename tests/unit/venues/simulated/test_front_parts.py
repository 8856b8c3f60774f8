"""What all front ends share: exact numbers, strict parameters, keys, the public board."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballast.core.errors import UserError
from ballast.core.orders import Side
from ballast.venues.simulated.engine.events import Trade, Traded
from ballast.venues.simulated.fronts.board import CANDLES_MAX, MINUTE_NS, Board, Candle
from ballast.venues.simulated.fronts.keys import KeyRing, hmac_hex, same
from ballast.venues.simulated.fronts.numbers import (
    fixed,
    plain_decimal,
    ratio,
    scaled_text,
    shortest,
    whole_number,
)
from ballast.venues.simulated.fronts.parameters import BadParameter, Fault, Parameters

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("text", ["1e5", "-1", "+1", " 1", "1 ", "", ".", "nan", "inf", "0x1",
                                  "1,5", "1.2.3", "\u0661", "9" * 40])  # fmt: skip
def test_a_number_must_be_written_plainly(text: str) -> None:
    assert plain_decimal(text) is None
    assert whole_number(text) is None


@given(st.decimals(0, 10**12, places=8))
def test_a_plain_number_is_read_and_printed_exactly(value: Decimal) -> None:
    assert plain_decimal(fixed(value, 8)) == value
    assert plain_decimal(shortest(value)) == value
    assert "E" not in shortest(value)


@given(st.integers(-(10**20), 10**20), st.integers(0, 18))
def test_a_scaled_integer_is_printed_exactly(scaled: int, digits: int) -> None:
    assert Decimal(scaled_text(scaled, digits)).scaleb(digits) == scaled


@given(st.integers(0, 10**15), st.integers(1, 10**9), st.sampled_from(["0.01", "0.0000001", "5"]))
def test_an_average_is_cut_never_rounded_up(value: int, lots: int, tick: str) -> None:
    text = ratio(value, lots, Decimal(tick), 8)
    exact = Decimal(value) * Decimal(tick)
    assert Decimal(text) * lots <= exact < (Decimal(text) + Decimal("1e-8")) * lots
    assert ratio(value, 0, Decimal(tick), 2) == "0.00"


def test_whole_numbers_have_a_limit() -> None:
    assert whole_number("12", 12) == 12
    assert whole_number("13", 12) is None
    assert whole_number("9" * 19) is None


@pytest.mark.parametrize(
    ("read", "fault", "name"),
    [
        (lambda: Parameters.of([("a", "1"), ("a", "2")]), Fault.REPEATED, "a"),
        (lambda: Parameters.of([]).required("symbol"), Fault.MISSING, "symbol"),
        (lambda: Parameters.of([("symbol", "")]).optional("symbol"), Fault.EMPTY, "symbol"),
        (lambda: Parameters.of([("symbl", "X")]).finish(), Fault.UNKNOWN, "symbl"),
    ],
)
def test_strict_parameters_name_what_is_wrong(
    read: Callable[[], object], fault: Fault, name: str
) -> None:
    with pytest.raises(BadParameter) as caught:
        read()
    assert (caught.value.fault, caught.value.name) == (fault, name)


def test_known_parameters_are_taken() -> None:
    given_ = Parameters.of([("symbol", "BTCUSDT"), ("recvWindow", "5000"), ("limit", "5")])
    assert given_.required("symbol") == "BTCUSDT"
    assert given_.optional("side") is None
    given_.allow("recvWindow", "limit")
    given_.finish()
    assert given_.has("limit")
    assert not given_.has("side")


def test_keys_are_made_from_the_seed_and_hide_their_secret() -> None:
    ring = KeyRing()
    one = ring.make(3, "bot", seed=1)
    assert KeyRing().make(3, "bot", seed=1) == one
    assert KeyRing().make(3, "bot", seed=2) != one
    assert one.secret not in repr(one)
    assert ring.get(one.key) is one
    with pytest.raises(UserError, match="exists"):
        ring.add(one)
    ring.revoke(one.key)
    assert ring.get(one.key) is None
    assert list(ring) == []


def test_the_published_example_of_a_signature() -> None:
    """Binance's own documentation: the key, the query and the signature stand there."""
    secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"  # noqa: S105
    query = (
        "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
        "&recvWindow=5000&timestamp=1499827319559"
    )
    expected = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
    assert same(hmac_hex(secret, query.encode()), expected)
    assert not same(hmac_hex(secret, query.encode() + b" "), expected)


def traded(board: Board, minute: float, ticks: int, lots: int, side: Side, number: int) -> None:
    at_ns = int(minute * MINUTE_NS)
    board.observe(Traded(number, at_ns, Trade("X", number, ticks, lots, side, 0, 0, at_ns)))


def test_candles_are_those_of_the_trades_and_quiet_minutes_are_flat() -> None:
    #        minute  price  lots  taker
    trades = [(10.0, 100, 2, Side.BUY), (10.5, 90, 1, Side.SELL), (10.9, 95, 4, Side.BUY),
              (13.2, 120, 1, Side.SELL)]  # fmt: skip
    board = Board()
    for number, (minute, ticks, lots, side) in enumerate(trades):
        traded(board, minute, ticks, lots, side, number)
    found = board.candles("X", MINUTE_NS, now_ns=15 * MINUTE_NS)
    assert [(c.open_ns // MINUTE_NS, c.open, c.high, c.low, c.close, c.lots) for c in found] == [
        (10, 100, 100, 90, 95, 7),
        (11, 95, 95, 95, 95, 0),
        (12, 95, 95, 95, 95, 0),
        (13, 120, 120, 120, 120, 1),
        (14, 120, 120, 120, 120, 0),
        (15, 120, 120, 120, 120, 0),
    ]
    first = found[0]
    assert (first.value, first.trades, first.taker_buy_lots) == (200 + 90 + 380, 3, 6)
    assert (first.first_trade, first.last_trade) == (0, 2)
    five = board.candles("X", 5 * MINUTE_NS, now_ns=15 * MINUTE_NS)
    assert [(c.open_ns // MINUTE_NS, c.open, c.high, c.low, c.close, c.lots) for c in five] == [
        (10, 100, 120, 90, 120, 8),
        (15, 120, 120, 120, 120, 0),
    ]
    assert len(board.candles("X", MINUTE_NS, now_ns=15 * MINUTE_NS, from_ns=12 * MINUTE_NS)) == 4


def test_a_trade_in_a_minute_already_drawn_flat_opens_it() -> None:
    board = Board()
    traded(board, 1.0, 100, 1, Side.BUY, 1)
    board.candles("X", MINUTE_NS, now_ns=3 * MINUTE_NS)
    traded(board, 3.5, 110, 1, Side.BUY, 2)
    last = board.candles("X", MINUTE_NS, now_ns=int(3.6 * MINUTE_NS))[-1]
    assert (last.open, last.high, last.low, last.close, last.trades) == (110, 110, 110, 110, 1)


def test_a_day_is_the_last_24_hours() -> None:
    board = Board()
    assert board.day("X", 0) is None
    traded(board, 10, 500, 1, Side.BUY, 1)
    traded(board, 1_000, 100, 2, Side.BUY, 2)
    traded(board, 2_000, 120, 3, Side.SELL, 3)
    day = board.day("X", 2_000 * MINUTE_NS)
    assert day is not None
    assert (day.open, day.high, day.low, day.close, day.lots) == (500, 500, 100, 120, 5)
    later = board.day("X", 2_500 * MINUTE_NS)
    assert later is not None
    assert (later.high, later.lots, later.trades) == (120, 3, 1)


def test_a_board_is_bounded_and_can_be_given_a_past() -> None:
    board = Board()
    traded(board, 1, 100, 1, Side.BUY, 1)
    traded(board, 10 * CANDLES_MAX, 200, 1, Side.BUY, 2)
    assert len(board.of("X").kept) == CANDLES_MAX
    fresh = Board()
    fresh.load("Y", [Candle(n * MINUTE_NS, 5, 6, 4, 5, 1, 5) for n in range(3)])
    assert [one.open_ns // MINUTE_NS for one in fresh.of("Y").kept] == [0, 1, 2]
