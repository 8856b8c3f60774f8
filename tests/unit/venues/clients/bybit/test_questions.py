"""Questions that are not about one order: pages, settings, and answers that cannot be read."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from tests.unit.venues.clients.bybit import asked
from tests.unit.venues.clients.bybit.asked import listed, refusal
from tests.unit.venues.clients.bybit.markets import LINEAR, market_of
from tests.unit.venues.clients.bybit.test_account import LINEAR_ROW, POSITION
from tests.unit.venues.clients.bybit.test_desk import NAME, SHOWN, STOP_ROW, linear, run, spot

from ballast.core.orders import MarginMode, PositionMode
from ballast.core.time import DAY_MS, Timeframe
from ballast.venues.clients.bybit.questions import PAGES_MAX
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


def test_open_orders_are_all_pages_of_the_symbols_asked_about_strangers_too() -> None:
    stranger = {**STOP_ROW, "orderLinkId": "", "orderId": "x"}
    elsewhere = {**SHOWN, "symbol": "ETHUSDT"}
    odd = {**stranger, "orderStatus": "Pondering"}
    desk, asker = linear(
        **{asked.REALTIME: [listed(SHOWN, elsewhere, cursor="2"), listed(odd, stranger)]}
    )
    found = run(desk.open_orders(["BTCUSDT"]))
    assert [one.client_id for one in found] == [NAME, ""]
    first = asker.asked(asked.REALTIME)[0]
    assert first == {"category": "linear", "settleCoin": "USDT", "limit": 50}


def test_an_open_order_of_ours_that_cannot_be_read_is_no_answer() -> None:
    desk, _ = linear(**{asked.REALTIME: listed(SHOWN, {**STOP_ROW, "qty": "0.0005"})})
    with pytest.raises(CallError):
        run(desk.open_orders(["BTCUSDT"]))


def test_a_list_without_end_is_no_answer() -> None:
    pages = [listed(cursor=str(at)) for at in range(PAGES_MAX + 1)]
    desk, asker = linear(**{asked.REALTIME: pages})
    with pytest.raises(CallError, match="pages"):
        run(desk.open_orders(["BTCUSDT"]))
    assert len(asker.calls) == PAGES_MAX


@pytest.mark.parametrize("answer", [{}, {"list": None}, {"list": [{"size": "1"}]}])
def test_an_answer_that_cannot_be_read_is_a_call_error(answer: dict[str, Any]) -> None:
    info = {"marginMode": "REGULAR_MARGIN"}
    desk, _ = linear(**{asked.POSITIONS: answer, "privateGetV5AccountInfo": info})
    with pytest.raises(CallError) as caught:
        run(desk.positions(["BTCUSDT"]))
    assert caught.value.verdict is Verdict.UNCLEAR


def test_trades_since_a_time_are_asked_for_week_by_week() -> None:
    desk, asker = linear(**{asked.EXECUTIONS: asked.NONE})
    since = asked.NOW_MS - 10 * DAY_MS
    assert run(desk.trades("BTCUSDT", since)) == []
    spans = [(one["startTime"], one["endTime"]) for one in asker.asked(asked.EXECUTIONS)]
    assert spans[0][0] == since
    assert spans[-1][1] >= asked.NOW_MS
    assert all(end - start < 7 * DAY_MS for start, end in spans)
    joined = [after[0] - before[1] for before, after in pairwise(spans)]
    assert joined == [1] * (len(spans) - 1)


def test_flat_positions_are_told_too() -> None:
    desk, _ = linear(
        **{
            asked.POSITIONS: listed(POSITION),
            "privateGetV5AccountInfo": {"marginMode": "ISOLATED_MARGIN"},
        }
    )
    desk.markets["ETHUSDT"] = market_of(LINEAR, "ETHUSDT")
    found = run(desk.positions(["BTCUSDT", "ETHUSDT"]))
    assert [(one.symbol, one.lots) for one in found] == [("BTCUSDT", -500), ("ETHUSDT", 0)]
    assert {one.margin_mode for one in found} == {MarginMode.ISOLATED}


def test_a_market_that_is_not_listed_any_more_stays_and_does_not_trade() -> None:
    """R-EXCH-15: what is held of it must still be told."""
    method = "publicGetV5MarketInstrumentsInfo"
    other = {**LINEAR_ROW, "symbol": "ETHPERP", "baseCoin": "ETH"}
    desk, _ = linear(**{method: [listed(LINEAR_ROW, other), listed(other)]})
    desk.markets = {}
    run(desk.load())
    assert desk.markets["BTCUSDC"].is_trading
    run(desk.load())
    assert (desk.markets["BTCUSDC"].is_trading, desk.markets["ETHUSDC"].is_trading) == (False, True)


def test_setting_up_what_is_set_already_is_no_error() -> None:
    script = {
        "privatePostV5PositionSwitchMode": refusal(code="110025"),
        "privatePostV5PositionSetLeverage": refusal(code="110043"),
        "privateGetV5AccountInfo": {"marginMode": "REGULAR_MARGIN"},
        "privatePostV5AccountSetMarginMode": {"reasons": []},
    }
    desk, asker = linear(**script)
    run(desk.set_up("BTCUSDT", Decimal(3), MarginMode.CROSS))
    assert asker.asked("privatePostV5PositionSwitchMode")[0]["mode"] == 0
    assert asker.asked("privatePostV5PositionSetLeverage")[0]["sellLeverage"] == "3"
    assert not asker.asked("privatePostV5AccountSetMarginMode")
    run(desk.set_up("BTCUSDT", Decimal(3), MarginMode.ISOLATED))
    set_to = asker.asked("privatePostV5AccountSetMarginMode")
    assert set_to == [{"setMarginMode": "ISOLATED_MARGIN"}]
    desk, _ = linear(**script | {"privatePostV5PositionSwitchMode": refusal(code="110024")})
    with pytest.raises(CallError):
        run(desk.set_up("BTCUSDT", Decimal(3), MarginMode.CROSS))
