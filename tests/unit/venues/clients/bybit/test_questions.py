"""Questions that take several pages, and what they come to."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.unit.venues.clients.bybit import asked
from tests.unit.venues.clients.bybit.asked import listed
from tests.unit.venues.clients.bybit.test_desk import linear, run, spot

from ballast.core.orders import PositionMode
from ballast.core.time import Timeframe
from ballast.venues.clients.calls import CallError, Verdict

KLINE = "publicGetV5MarketKline"
WALLET = "privateGetV5AccountWalletBalance"
TICKERS = "publicGetV5MarketTickers"
MINUTE = Timeframe.parse("1m")


def bars(first: int, count: int) -> dict[str, Any]:
    """Return a page of bars as the venue sends them: newest first."""
    rows = [[str(at * MINUTE.ms), "1", "3", "0.5", "2", "7", "9"]
            for at in range(first + count - 1, first - 1, -1)]  # fmt: skip
    return {"list": rows}


def test_candles_are_asked_for_in_pages_and_told_oldest_first() -> None:
    first = asked.NOW_MS // MINUTE.ms - 1_500
    desk, asker = linear(**{KLINE: [bars(first, 1_000), bars(first + 1_000, 200)]})
    rows = run(desk.candles("BTCUSDT", MINUTE, first * MINUTE.ms, 1_200))
    assert [one.open_ms for one in rows] == [(first + at) * MINUTE.ms for at in range(1_200)]
    assert (rows[0].open, rows[0].high, rows[0].low, rows[0].close, rows[0].volume) == (
        Decimal(1), Decimal(3), Decimal("0.5"), Decimal(2), Decimal(7)
    )  # fmt: skip
    spans = [(one["start"], one["end"], one["limit"]) for one in asker.asked(KLINE)]
    middle = (first + 1_000) * MINUTE.ms
    assert spans == [
        (first * MINUTE.ms, middle - 1, 1_000),
        (middle, middle + 200 * MINUTE.ms - 1, 200),
    ]


def test_candles_are_not_asked_for_beyond_the_present() -> None:
    now = asked.NOW_MS // MINUTE.ms
    desk, asker = linear(**{KLINE: bars(now - 4, 5)})
    assert len(run(desk.candles("BTCUSDT", MINUTE, (now - 4) * MINUTE.ms, 5_000))) == 5
    assert len(asker.calls) == 1


@pytest.mark.parametrize(("price", "worth"), [("1.25", "80"), ("0", None)])
def test_a_quote_that_is_not_held_and_no_dollar_is_priced_by_its_market(
    price: str, worth: str | None
) -> None:
    wallet = {"totalEquity": "100", "coin": []}
    desk, asker = spot(**{WALLET: listed(wallet), TICKERS: listed({"lastPrice": price})})
    if worth is None:
        with pytest.raises(CallError):
            run(desk.equity("EUR"))
        return
    assert run(desk.equity("EUR")) == Decimal(worth)
    assert asker.asked(TICKERS) == [{"category": "spot", "symbol": "EURUSDT"}]
    assert run(desk.equity("USDC")) == Decimal(100)


def test_no_wallet_or_two_are_no_answer() -> None:
    for found in (listed(), listed({"coin": []}, {"coin": []})):
        desk, _ = spot(**{WALLET: found})
        with pytest.raises(CallError) as caught:
            run(desk.balances())
        assert caught.value.verdict is Verdict.UNCLEAR


def test_a_hedged_position_in_either_coin_makes_the_account_hedged() -> None:
    """R-EXCH-19."""
    key = {"permissions": {}, "readOnly": 1, "uta": 1}
    one_way, hedged = {"positionIdx": 0}, {"positionIdx": 2}
    for rows, mode in (
        ([listed(one_way), listed(one_way)], PositionMode.ONE_WAY),
        ([listed(one_way), listed(hedged)], PositionMode.HEDGE),
    ):
        desk, asker = linear(**{"privateGetV5UserQueryApi": key, asked.POSITIONS: rows})
        assert run(desk.grants()).position_mode is mode
        assert [one["settleCoin"] for one in asker.asked(asked.POSITIONS)] == ["USDC", "USDT"]


def test_fees_of_another_symbol_are_not_ours() -> None:
    row = {"symbol": "ETHUSDT", "makerFeeRate": "0.0001", "takerFeeRate": "0.0006"}
    desk, _ = linear(privateGetV5AccountFeeRate=listed(row))
    with pytest.raises(CallError):
        run(desk.fees("BTCUSDT"))
    ours = {**row, "symbol": "BTCUSDT", "makerFeeRate": "-0.0001"}
    desk, _ = linear(privateGetV5AccountFeeRate=listed(row, ours))
    assert run(desk.fees("BTCUSDT")) == (Decimal("-0.0001"), Decimal("0.0006"))


def test_the_top_of_the_book_is_no_deeper_than_the_venue_allows() -> None:
    book = {"b": [["60000.1", "0.5"]], "a": [["60000.2", "0.001"]], "ts": 5}
    desk, asker = linear(publicGetV5MarketOrderbook=book)
    top = run(desk.top("BTCUSDT", 10_000))
    assert (top.bids, top.asks, top.at_ns) == (((600_001, 500),), ((600_002, 1),), 5_000_000)
    assert asker.asked("publicGetV5MarketOrderbook")[0]["limit"] == 500
