"""The real ccxt trades on the simulated Binance spot, under its real host names (R-EXCH, R-QA)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.fakes.binance_desk import SpotDesk, eventually, with_ccxt

from ballast.venues.simulated.wire.faults import Command, Fault

PAIR = "BTC/USDT"


def test_market_data_reaches_ccxt_as_it_reads_it() -> None:
    async def test(_desk: SpotDesk, client: Any) -> None:
        market = client.market(PAIR)
        assert market["precision"] == {
            "amount": 1e-05,
            "price": 0.01,
            "base": 1e-08,
            "quote": 1e-08,
        }
        assert market["limits"]["cost"]["min"] == 5.0
        ticker = await client.fetch_ticker(PAIR)
        assert 60_000 <= ticker["last"] < 62_000
        bar = (await client.fetch_ohlcv(PAIR, "1m"))[-1]
        assert bar[3] <= bar[1] <= bar[4] <= bar[2]
        book = await client.fetch_order_book(PAIR)
        assert book["bids"][0][0] < book["asks"][0][0]
        assert len(await client.fetch_trades(PAIR)) > 0
        assert abs(await client.fetch_time() - client.milliseconds()) < 2_000
        assert (await client.fetch_status())["status"] == "ok"

    with_ccxt(test)


def test_streams_keep_a_book_that_equals_the_venues() -> None:
    async def test(desk: SpotDesk, client: Any) -> None:
        for _ in range(5):
            book = await client.watch_order_book(PAIR)
        view = desk.exchange.book("BTCUSDT", 1)
        assert book["nonce"] <= view.sequence
        assert book["bids"][0][0] <= view.bids[0][0] / 100
        trades = await client.watch_trades(PAIR)
        assert trades[-1]["price"] >= 60_000
        candles = await client.watch_ohlcv(PAIR, "1m")
        assert candles[-1][4] >= 60_000
        quote = await client.watch_bids_asks([PAIR])
        assert quote[PAIR]["bid"] < quote[PAIR]["ask"]

    with_ccxt(test)


def test_orders_live_and_end_as_ccxt_expects() -> None:
    async def test(desk: SpotDesk, client: Any) -> None:
        watching = asyncio.create_task(client.watch_orders(PAIR))
        # The user stream has no "subscribed" signal: its answer has to be seen on the way.
        await eventually(lambda: any(one.sent for one in desk.gateway.connections))
        resting = await client.create_order(
            PAIR, "limit", "buy", 0.01, 50_000, {"clientOrderId": "abc-1"}
        )
        assert resting["status"] == "open"
        assert (await watching)[-1]["clientOrderId"] == "abc-1"
        bought = await client.create_order(PAIR, "market", "buy", 0.02)
        assert (bought["status"], bought["filled"]) == ("closed", 0.02)
        assert bought["fees"] == [{"currency": "BTC", "cost": 2e-05}]
        stop = await client.create_order(PAIR, "market", "sell", 0.01, None, {"stopLossPrice": 1e4})
        assert (stop["status"], stop["triggerPrice"]) == ("open", 10_000)
        assert len(await client.fetch_open_orders(PAIR)) == 2
        moved = await client.edit_order(resting["id"], PAIR, "limit", "buy", 0.02, 51_000)
        assert moved["id"] != resting["id"]
        found = await client.fetch_order(None, PAIR, {"clientOrderId": "abc-1"})
        assert found["status"] == "canceled"
        assert len(await client.cancel_all_orders(PAIR)) == 2
        mine = await client.fetch_my_trades(PAIR)
        assert [(one["side"], one["amount"]) for one in mine] == [("buy", 0.02)]
        balance = await client.fetch_balance()
        assert balance["BTC"]["total"] == pytest.approx(2.01998)
        assert balance["USDT"]["used"] == 0.0

    with_ccxt(test)


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("InsufficientFunds", {"amount": 1_000, "price": 50_000}, "insufficient balance"),
    ("BadRequest", {"amount": 0.00001, "price": 50_000}, "NOTIONAL"),
    ("OrderImmediatelyFillable", {"amount": 0.01, "price": 70_000, "postOnly": True}, "match"),
    ("BadRequest", {"amount": 0.01, "price": 50_000, "stopLoss": {"triggerPrice": 1}}, "-1104"),
    ("InvalidOrder", {"amount": 0.01, "price": 50_000, "clientOrderId": "twice"}, "Duplicate"),
]  # fmt: skip


def test_refusals_become_the_exceptions_of_production() -> None:
    """With an overridden address ccxt maps several of these to another class."""

    async def test(_desk: SpotDesk, client: Any) -> None:
        await client.create_order(PAIR, "limit", "buy", 0.01, 50_000, {"clientOrderId": "twice"})
        for name, asked, words in REFUSED:
            rest = {key: value for key, value in asked.items() if key not in {"amount", "price"}}
            with pytest.raises(Exception) as caught:  # noqa: PT011 - its name is checked
                await client.create_order(
                    PAIR, "limit", "buy", asked["amount"], asked["price"], rest
                )
            assert type(caught.value).__name__ == name, caught.value
            assert words in str(caught.value)

    with_ccxt(test)


def test_an_order_whose_reply_was_lost_is_found_by_its_own_id() -> None:
    """The double-buy of the audits: silence is no refusal."""

    async def test(desk: SpotDesk, client: Any) -> None:
        desk.gateway.faults.command(Command(Fault.RESET_REPLY, "POST /api/v3/order$"))
        with pytest.raises(Exception) as caught:  # noqa: PT011 - its name is checked
            await client.create_order(PAIR, "market", "buy", 0.01, None, {"clientOrderId": "lost"})
        assert type(caught.value).__name__ in {"NetworkError", "ExchangeNotAvailable"}
        found = await client.fetch_order(None, PAIR, {"clientOrderId": "lost"})
        assert (found["status"], found["filled"]) == ("closed", 0.01)

    with_ccxt(test)
