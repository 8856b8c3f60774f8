"""Take the steps on USD-M with python-binance: class attributes say where the venue is."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import lines
import usdm_lines
from binance import AsyncClient, BinanceSocketManager
from binance.base_client import BaseClient
from binance.exceptions import BinanceAPIException

HERE = {"symbol": usdm_lines.SYMBOL}


class Futures:
    """How python-binance asks."""

    def __init__(self, client: Any) -> None:
        """Ask with this client."""
        self.client = client

    async def order(self, method: str, asked: dict[str, Any]) -> Any:
        verb = {"POST": "create", "GET": "get", "PUT": "modify", "DELETE": "cancel"}[method]
        return await getattr(self.client, f"futures_{verb}_order")(**asked)

    async def algo(self, method: str, asked: dict[str, Any]) -> Any:
        if method == "POST":  # it routes conditional types to the algo service by itself
            return await self.client.futures_create_order(**asked)
        verb = "get" if method == "GET" else "cancel"
        return await getattr(self.client, f"futures_{verb}_algo_order")(**asked)

    async def rows(self, what: str) -> Any:
        which, _, service = what.partition(" ")
        name = f"get_{which}_{service}_orders" if service else f"get_{which}_orders"
        return await getattr(self.client, f"futures_{name}")(**HERE)

    async def cancel_all(self) -> None:
        await self.client.futures_cancel_all_open_orders(**HERE)
        await self.client.futures_cancel_all_algo_open_orders(**HERE)

    async def setting(self, do: str, values: dict[str, str]) -> None:
        client = self.client
        match do:
            case "leverage":
                await client.futures_change_leverage(**HERE, leverage=values["to"])
            case "margin":
                mode = usdm_lines.MARGINS[values["mode"]]
                await client.futures_change_margin_type(**HERE, marginType=mode)
            case "mode":
                hedged = str(values["to"] == "hedge").lower()
                await client.futures_change_position_mode(dualSidePosition=hedged)
            case _:
                more = {"amount": values["amount"], "type": 1}
                await client.futures_change_position_margin(**HERE, **more)

    async def state(self, what: str) -> Any:
        match what:
            case "positions":
                return await self.client.futures_position_information(**HERE)
            case "balance":
                return await self.client.futures_account_balance()
            case "config":
                return await self.client.futures_symbol_config(**HERE)
            case _:
                return await self.client.futures_order_book(**HERE)


class Trader:
    """The afternoon, and the two streams."""

    def __init__(self, client: Any) -> None:
        """Trade with this client."""
        self.futures = Futures(client)
        self.afternoon = usdm_lines.Afternoon(self.futures)
        self.streams = lines.Streams()

    async def take(self, do: str, values: dict[str, str]) -> Any:
        """Take a step, or wait for what the streams tell of it; a refusal is its reason."""
        if do == "streamed book":
            last = (await self.futures.state("book"))["lastUpdateId"]
            await lines.until(lambda: self.streams.last >= last)
            return self.streams.touch()
        if do.startswith("streamed"):
            await lines.until(self.afternoon.is_done)
            return self.afternoon.streamed(do)
        try:
            return await self.afternoon.take(do, values)
        except BinanceAPIException as refusal:
            return usdm_lines.refused(refusal.code)

    async def listen(self, socket: Any, take: Any) -> None:
        """Hand on what a stream says until the task ends."""
        while True:
            said = await socket.recv()
            take(said.get("data", said))


async def main() -> None:
    """Connect, listen, take every step."""
    place = lines.where()
    BaseClient.FUTURES_URL = place["http"] + "/fapi"
    BinanceSocketManager.FSTREAM_URL = place["ws"] + "/"
    client = AsyncClient(place["key"], place["secret"])
    trader = Trader(client)
    manager = BinanceSocketManager(client)
    name = f"{usdm_lines.SYMBOL.lower()}@depth@100ms"
    depth = manager.futures_multiplex_socket([name], category="public")
    mine = manager.futures_user_socket()
    await depth.connect()
    await mine.connect()
    trader.streams.start(await trader.futures.state("book"))
    tasks = [
        asyncio.create_task(trader.listen(depth, trader.streams.depth)),
        asyncio.create_task(trader.listen(mine, trader.afternoon.hear)),
    ]
    await lines.walk(trader.take)
    assert not any(task.done() for task in tasks), "a stream ended early"
    os._exit(0)  # its sockets take ten seconds each to close


if __name__ == "__main__":
    asyncio.run(main())
