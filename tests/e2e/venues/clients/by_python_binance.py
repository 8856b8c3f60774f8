"""Take the steps with python-binance: class attributes say where the venue is."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import lines
from binance import AsyncClient, BinanceSocketManager
from binance.base_client import BaseClient
from binance.exceptions import BinanceAPIException

SYMBOL = "BTCUSDT"
NAMES = {
    "id": "newClientOrderId", "side": "side", "type": "type", "qty": "quantity", "price": "price",
    "quote": "quoteOrderQty", "stop": "stopPrice", "tif": "timeInForce", "shown": "icebergQty",
}  # fmt: skip


class Trader:
    """One client and its two streams."""

    def __init__(self, client: Any) -> None:
        """Trade with this client."""
        self.client = client
        self.streams = lines.Streams()

    async def take(self, do: str, values: dict[str, str]) -> Any:
        """Take a step; a refusal is its code."""
        try:
            return await getattr(self, do.replace(" ", "_"))(values)
        except BinanceAPIException as refusal:
            return {"code": refusal.code}

    async def new(self, values: dict[str, str]) -> Any:
        asked = {NAMES[name]: value for name, value in values.items()}
        made = await self.client.create_order(symbol=SYMBOL, newOrderRespType="FULL", **asked)
        return lines.order(made)

    async def query(self, values: dict[str, str]) -> Any:
        return lines.order(
            await self.client.get_order(symbol=SYMBOL, origClientOrderId=values["id"])
        )

    async def cancel(self, values: dict[str, str]) -> Any:
        return lines.order(
            await self.client.cancel_order(symbol=SYMBOL, origClientOrderId=values["id"])
        )

    async def replace(self, values: dict[str, str]) -> Any:
        made = await self.client.cancel_replace_order(
            symbol=SYMBOL, side=values["side"], type="LIMIT", timeInForce="GTC",
            quantity=values["qty"], price=values["price"], cancelReplaceMode="STOP_ON_FAILURE",
            cancelOrigClientOrderId=values["old"], newClientOrderId=values["id"],
        )  # fmt: skip
        return lines.order(made["newOrderResponse"])

    async def pair(self, values: dict[str, str]) -> Any:
        made = await self.client.create_oco_order(
            symbol=SYMBOL, side=values["side"], quantity=values["qty"],
            listClientOrderId=values["id"], aboveType="LIMIT_MAKER", abovePrice=values["price"],
            aboveClientOrderId=values["above"], belowType="STOP_LOSS_LIMIT",
            belowStopPrice=values["stop"], belowPrice=values["stop_price"],
            belowTimeInForce="GTC", belowClientOrderId=values["below"],
        )  # fmt: skip
        return lines.pair(made)

    async def query_pair(self, values: dict[str, str]) -> Any:
        return lines.pair(await self.client.v3_get_order_list(origClientOrderId=values["id"]))

    async def cancel_pair(self, values: dict[str, str]) -> Any:
        return lines.pair(
            await self.client.v3_delete_order_list(symbol=SYMBOL, listClientOrderId=values["id"])
        )

    async def streamed_pairs(self, _values: dict[str, str]) -> Any:
        return self.streams.pairs

    async def cancel_all(self, _values: dict[str, str]) -> Any:
        return lines.ids(await self.client.cancel_all_open_orders(symbol=SYMBOL))

    async def open_orders(self, _values: dict[str, str]) -> Any:
        return lines.ids(await self.client.get_open_orders(symbol=SYMBOL))

    async def all_orders(self, _values: dict[str, str]) -> Any:
        return lines.orders(await self.client.get_all_orders(symbol=SYMBOL))

    async def my_trades(self, _values: dict[str, str]) -> Any:
        return lines.trades(await self.client.get_my_trades(symbol=SYMBOL))

    async def account(self, _values: dict[str, str]) -> Any:
        return lines.account(await self.client.get_account())

    async def book(self, _values: dict[str, str]) -> Any:
        found = await self.client.get_order_book(symbol=SYMBOL)
        return lines.touch(found["bids"], found["asks"])

    async def streamed_book(self, _values: dict[str, str]) -> Any:
        last = (await self.client.get_order_book(symbol=SYMBOL))["lastUpdateId"]
        await lines.until(lambda: self.streams.last >= last)
        return self.streams.touch()

    async def streamed_orders(self, _values: dict[str, str]) -> Any:
        await lines.until(lambda: "last-2" in self.streams.orders)
        return self.streams.orders

    async def listen(self, socket: Any, take: Any) -> None:
        """Hand on what a stream says until the task ends."""
        while True:
            take(await socket.recv())


async def main() -> None:
    """Connect, listen, take every step."""
    place = lines.where()
    BaseClient.API_URL = place["http"] + "/api"
    BaseClient.MARGIN_API_URL = place["http"] + "/sapi"
    BaseClient.WS_API_URL = place["ws"] + "/ws-api/v3"
    BinanceSocketManager.STREAM_URL = place["ws"] + "/"
    client = await AsyncClient.create(place["key"], place["secret"])
    trader = Trader(client)
    manager = BinanceSocketManager(client)
    depth, mine = manager.depth_socket(SYMBOL, interval=100), manager.user_socket()
    await depth.connect()
    await mine.connect()
    trader.streams.start(await client.get_order_book(symbol=SYMBOL))
    tasks = [
        asyncio.create_task(trader.listen(depth, trader.streams.depth)),
        asyncio.create_task(trader.listen(mine, trader.streams.report)),
    ]
    await lines.walk(trader.take)
    assert not any(task.done() for task in tasks), "a stream ended early"
    os._exit(0)  # its sockets take ten seconds each to close


if __name__ == "__main__":
    asyncio.run(main())
