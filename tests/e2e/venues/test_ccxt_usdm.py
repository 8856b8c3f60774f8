"""What ccxt makes of the simulated Binance USD-M beyond the scenario: all it reads (R-EXCH-16)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.binance_desk import eventually
from tests.fakes.usdm_desk import SECOND_NS, with_usdm

from ballast.venues.simulated.wire.faults import Command, Fault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.fakes.usdm_desk import UsdmDesk

PAIR = "BTC/USDT:USDT"
CLIMB = [(step * SECOND_NS // 20, 600_000 + step) for step in range(2_000)]


def test_every_picture_of_the_market_is_read() -> None:
    async def test(_desk: UsdmDesk, client: Any) -> None:
        ticker = await client.fetch_ticker(PAIR)
        assert (ticker["last"], ticker["high"]) == (60_000, 60_000)
        touch = (await client.fetch_bids_asks([PAIR]))[PAIR]
        assert touch["bid"] < ticker["last"] < touch["ask"]
        assert (await client.fetch_ohlcv(PAIR, "1m"))[-1][1] == 60_000
        assert await client.fetch_ohlcv(PAIR, "1m", params={"price": "mark"})
        assert (await client.fetch_trades(PAIR))[0]["price"] == 60_000
        rate = await client.fetch_funding_rate(PAIR)
        assert rate["markPrice"] == ticker["last"]
        assert await client.fetch_funding_rate_history(PAIR) == []
        assert (await client.fetch_open_interest(PAIR))["openInterestAmount"] == 0
        tiers = await client.fetch_market_leverage_tiers(PAIR)
        assert [one["maxLeverage"] for one in tiers] == [100, 25]
        assert abs(await client.fetch_time() - client.milliseconds()) < 5_000
        market = client.market(PAIR)
        assert (market["precision"]["price"], market["limits"]["cost"]["min"]) == (0.1, 5)
        assert (market["linear"], market["contractSize"], market["taker"]) == (True, 1, 0.0005)

    with_usdm(test)


def test_every_picture_of_the_account_is_read() -> None:
    async def test(desk: UsdmDesk, client: Any) -> None:
        await client.set_leverage(10, PAIR)
        await client.create_order(PAIR, "market", "buy", 0.1)
        held = (await client.fetch_positions([PAIR]))[0]
        assert (held["side"], held["contracts"], held["entryPrice"]) == ("long", 0.1, 60_000.1)
        # The third version of the venue's answer does not say the leverage: it has to be asked.
        assert (held["marginMode"], held["leverage"]) == ("cross", None)
        assert (await client.fetch_leverage(PAIR))["longLeverage"] == 10
        await client.create_order(PAIR, "market", "sell", 0.1, None, {"reduceOnly": True})
        trades = await client.fetch_my_trades(PAIR)
        assert [one["takerOrMaker"] for one in trades] == ["taker"] * 2
        ledger = await client.fetch_ledger("USDT")
        assert {one["type"] for one in ledger} == {"commission", "trade", "transfer"}
        assert (await client.fetch_trading_fee(PAIR))["taker"] == 0.0005
        assert await client.fetch_funding_history(PAIR) == []
        assert (await client.fetch_position_mode(PAIR))["hedged"] is False
        balance = await client.fetch_balance()
        free = desk.exchange.available(desk.account, "USDT")
        assert balance["USDT"]["free"] == float(desk.exchange.amount("USDT", free))
        shape = {"symbol": PAIR, "type": "limit", "side": "buy", "price": 50_000}
        batch = [{**shape, "amount": 0.01}, {**shape, "amount": 0.01, "price": 2_000_000}]
        placed = await client.create_orders(batch)
        # It sorts them by time, and what was refused has none.
        assert [one["status"] for one in placed] == ["rejected", "open"]
        await client.cancel_orders([placed[1]["id"]], PAIR)
        assert not desk.exchange.open_orders(desk.account)

    with_usdm(test)


def test_every_stream_is_read() -> None:
    async def test(desk: UsdmDesk, client: Any) -> None:
        async with asyncio.timeout(20):
            assert (await client.watch_ticker(PAIR))["last"] >= 60_000
            assert (await client.watch_trades(PAIR))[0]["side"] == "buy"
            assert (await client.watch_ohlcv(PAIR, "1m"))[0][1] >= 60_000
            assert (await client.watch_mark_price(PAIR))["markPrice"] >= 60_000
            book = await client.watch_order_book(PAIR)
            for _ in range(5):
                book = await client.watch_order_book(PAIR)
            assert book["bids"][0][0] < book["asks"][0][0]
            before = len(desk.gateway.connections)
            watching = asyncio.create_task(client.watch_my_trades(PAIR))
            await eventually(lambda: len(desk.gateway.connections) > before)
            await client.create_order(PAIR, "market", "buy", 0.01)
            await watching
        assert watching.result()[0]["fee"]["currency"] == "USDT"

    with_usdm(test, path=CLIMB)


#        fault               what ccxt makes of it
FAULTS = [
    (Fault.ERROR_AFTER, "RequestTimeout"),
    (Fault.UNAVAILABLE, "OperationFailed"),
    (Fault.RATE_LIMITED, "DDoSProtection"),
    (Fault.BANNED, "DDoSProtection"),
    (Fault.REJECT_THEN_APPEAR, "InsufficientFunds"),
    (Fault.RESET_REPLY, "ExchangeNotAvailable"),
]


@pytest.mark.parametrize(("fault", "told"), FAULTS)
def test_a_fault_comes_through_as_the_exception_of_production(fault: Fault, told: str) -> None:
    async def test(desk: UsdmDesk, client: Any) -> None:
        import ccxt  # noqa: PLC0415 - half a second

        desk.gateway.faults.command(Command(fault, "POST /fapi/v1/order$"))
        place: Callable[..., Awaitable[Any]] = client.create_order
        with pytest.raises(ccxt.BaseError) as caught:
            await place(PAIR, "limit", "buy", 0.01, 50_000)
        assert type(caught.value).__name__ == told
        lived = fault in {Fault.ERROR_AFTER, Fault.RESET_REPLY, Fault.REJECT_THEN_APPEAR}
        assert bool(desk.exchange.open_orders(desk.account)) is lived

    with_usdm(test)


#        what is wrong                                        what ccxt makes of it
REFUSED = [
    ({"amount": 900}, "InsufficientFunds"),
    ({"params": {"postOnly": True}, "price": 70_000}, "OrderNotFillable"),
    ({"params": {"reduceOnly": True}}, "InvalidOrder"),
    ({"params": {"positionSide": "LONG"}}, "OperationRejected"),
    ({"price": 100}, "InvalidOrder"),
    ({"params": {"stopLossPrice": 50_000}}, "OrderImmediatelyFillable"),
]


@pytest.mark.parametrize(("wrong", "told"), REFUSED)
def test_a_refusal_is_the_exception_of_production(wrong: dict[str, Any], told: str) -> None:
    async def test(_desk: UsdmDesk, client: Any) -> None:
        import ccxt  # noqa: PLC0415 - half a second

        asked = {"type": "limit", "amount": 0.01, "price": 50_000, "params": {}, **wrong}
        place: Callable[..., Awaitable[Any]] = client.create_order
        with pytest.raises(ccxt.BaseError) as caught:
            await place(PAIR, side="buy", **asked)
        assert type(caught.value).__name__ == told

    with_usdm(test)
