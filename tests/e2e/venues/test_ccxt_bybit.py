"""What ccxt makes of the simulated Bybit beyond the scenarios: all that it reads (R-EXCH-10)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.binance_desk import eventually
from tests.fakes.bybit_desk import LINEAR, SECOND_NS, with_bybit

from ballast.venues.simulated.fronts.bybit.private import PrivateStream
from ballast.venues.simulated.wire.faults import Command, Fault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.fakes.bybit_desk import BybitDesk

PAIR, SPOT = "BTC/USDT:USDT", "BTC/USDT"
CLIMB = [(step * SECOND_NS // 20, 600_000 + step) for step in range(2_000)]


def test_stops_of_a_position_are_set_and_read_back() -> None:
    async def test(desk: BybitDesk, client: Any) -> None:
        stop = {"stopLoss": {"triggerPrice": 58_000}, "takeProfit": {"triggerPrice": 65_000}}
        await client.create_order(PAIR, "market", "buy", 0.1, None, stop)
        (held,) = await client.fetch_positions([PAIR])
        assert (held["stopLossPrice"], held["takeProfitPrice"]) == (58_000, 65_000)
        more = {"tradingStopEndpoint": True, "stopLossPrice": 59_000}
        await client.create_order(PAIR, "market", "sell", 0, None, more)
        (held,) = await client.fetch_positions([PAIR])
        assert (held["stopLossPrice"], held["takeProfitPrice"]) == (59_000, 65_000)
        trail = {"trailingAmount": "500", "trailingTriggerPrice": 61_000}
        await client.create_order(PAIR, "market", "sell", 0.1, None, trail)
        found = await client.fetch_open_orders(PAIR, params={"trigger": True})
        kinds = {one["info"]["stopOrderType"]: one["triggerPrice"] for one in found}
        assert kinds == {"StopLoss": 59_000, "TakeProfit": 65_000, "TrailingStop": 61_000}
        stops = desk.exchange.position_stops(desk.account, LINEAR)
        assert (stops.trail_ticks, stops.activation_ticks) == (5_000, 610_000)

    with_bybit(test)


def test_orders_go_over_the_trading_stream_and_in_batches() -> None:
    async def test(desk: BybitDesk, client: Any) -> None:
        import ccxt  # noqa: PLC0415 - half a second

        own = {"clientOrderId": "one"}
        made = await client.create_order_ws(PAIR, "limit", "buy", 0.01, 50_000, own)
        assert made["clientOrderId"] == "one"
        await client.edit_order_ws(made["id"], PAIR, "limit", "buy", 0.02, 51_000)
        (found,) = desk.exchange.open_orders(desk.account)
        assert (found.request.qty_lots, found.request.price_ticks) == (20, 510_000)
        await client.cancel_order_ws(made["id"], PAIR)
        with pytest.raises(ccxt.OrderNotFound):
            await client.cancel_order_ws(made["id"], PAIR)
        with pytest.raises(ccxt.InvalidOrder):
            await client.create_order_ws(PAIR, "limit", "buy", 0.01, 50_000, own)
        shape = {"symbol": PAIR, "type": "limit", "side": "buy", "price": 50_000}
        batch = [{**shape, "amount": 0.01}, {**shape, "amount": 0.01, "price": 2_000_000}]
        placed = await client.create_orders(batch)
        assert [one["status"] for one in placed] == [None, "rejected"]
        await client.cancel_orders([placed[0]["id"]], PAIR)
        assert not desk.exchange.open_orders(desk.account)

    with_bybit(test)


def test_every_picture_of_the_market_is_read() -> None:
    async def test(_desk: BybitDesk, client: Any) -> None:
        ticker = await client.fetch_ticker(PAIR)
        assert ticker["bid"] < ticker["last"] < ticker["ask"]
        assert set(await client.fetch_tickers([SPOT])) == {SPOT}
        assert (await client.fetch_ohlcv(PAIR, "1m"))[-1][1] == 60_000
        assert await client.fetch_ohlcv(PAIR, "1m", params={"price": "mark"})
        assert (await client.fetch_trades(SPOT))[0]["price"] == 60_000
        rate = await client.fetch_funding_rate(PAIR)
        assert rate["markPrice"] == ticker["last"]
        assert await client.fetch_funding_rate_history(PAIR) == []
        assert (await client.fetch_open_interest(PAIR))["openInterestAmount"] == 0
        tiers = await client.fetch_market_leverage_tiers(PAIR)
        assert [one["maxLeverage"] for one in tiers] == [100, 25]
        assert abs(await client.fetch_time() - client.milliseconds()) < 5_000
        market = client.market(PAIR)
        assert (market["precision"]["price"], market["limits"]["cost"]["min"]) == (0.1, 5)

    with_bybit(test)


def test_every_picture_of_the_account_is_read() -> None:
    async def test(_desk: BybitDesk, client: Any) -> None:
        await client.set_leverage(10, PAIR)
        await client.create_order(PAIR, "market", "buy", 0.1)
        await client.create_order(PAIR, "market", "sell", 0.1, None, {"reduceOnly": True})
        (done,) = await client.fetch_positions_history([PAIR])
        assert (done["contracts"], done["side"]) == (0.1, "long")
        trades = await client.fetch_my_trades(PAIR)
        assert [one["takerOrMaker"] for one in trades] == ["taker"] * 2
        ledger = await client.fetch_ledger("USDT")
        assert [one["type"] for one in ledger] == ["transaction", "trade", "trade"]
        assert (await client.fetch_trading_fee(PAIR))["taker"] == 0.0005
        assert (await client.fetch_leverage(PAIR))["longLeverage"] == 10
        assert await client.fetch_funding_history(PAIR) == []
        await client.set_margin_mode("isolated")
        assert (await client.fetch_margin_mode(PAIR))["marginMode"] == "isolated"
        await client.cancel_all_orders_after(10_000)

    with_bybit(test)


def test_every_stream_is_read() -> None:
    async def test(desk: BybitDesk, client: Any) -> None:
        async with asyncio.timeout(20):
            assert (await client.watch_ticker(PAIR))["last"] >= 60_000
            assert (await client.watch_trades(SPOT))[0]["side"] == "buy"
            assert (await client.watch_ohlcv(PAIR, "1m"))[0][1] >= 60_000
            book = await client.watch_order_book(PAIR)
            for _ in range(5):
                book = await client.watch_order_book(PAIR)
            assert book["bids"][0][0] < book["asks"][0][0]
            watching = asyncio.create_task(client.watch_my_trades(PAIR))
            await eventually(lambda: is_subscribed(desk, "execution"))
            await client.create_order(PAIR, "market", "buy", 0.01)
            await watching
        assert watching.result()[0]["fee"]["currency"] == "USDT"

    with_bybit(test, path=CLIMB)


def is_subscribed(desk: BybitDesk, topic: str) -> bool:
    """Tell whether a client has subscribed a topic: ccxt does not say."""
    sessions = [one.session for one in desk.gateway.connections]
    return any(topic in one.topics for one in sessions if isinstance(one, PrivateStream))


#        fault               what ccxt makes of it
FAULTS = [
    (Fault.ERROR_AFTER, "ExchangeError"),
    (Fault.UNAVAILABLE, "ExchangeError"),
    (Fault.RATE_LIMITED, "RateLimitExceeded"),
    (Fault.BANNED, "RateLimitExceeded"),
    (Fault.RESET_REPLY, "ExchangeNotAvailable"),
]


@pytest.mark.parametrize(("fault", "told"), FAULTS)
def test_a_fault_comes_through_as_the_exception_of_production(fault: Fault, told: str) -> None:
    async def test(desk: BybitDesk, client: Any) -> None:
        import ccxt  # noqa: PLC0415 - half a second

        desk.gateway.faults.command(Command(fault, "POST /v5/order/create$"))
        place: Callable[..., Awaitable[Any]] = client.create_order
        with pytest.raises(ccxt.BaseError) as caught:
            await place(PAIR, "limit", "buy", 0.01, 50_000)
        assert type(caught.value).__name__ == told
        lived = fault in {Fault.ERROR_AFTER, Fault.RESET_REPLY}
        assert bool(desk.exchange.open_orders(desk.account)) is lived

    with_bybit(test)
