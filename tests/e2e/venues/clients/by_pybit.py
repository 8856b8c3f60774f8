"""Take the steps with pybit, Bybit's own client: an attribute and constants say where to."""

from __future__ import annotations

import asyncio
import os
import sys
import traceback
from decimal import Decimal
from typing import Any

import bybit_lines as words
import lines
from pybit import unified_trading
from pybit.exceptions import InvalidRequestError

MODES = {"hedge": 3, "one way": 0}


class Trader:
    """One client, its public and its private stream."""

    def __init__(self, client: Any, category: str) -> None:
        """Trade one category with this client."""
        self.client = client
        self.category = category
        self.seen = words.Seen()
        self.kept: dict[str, Any] = {}
        self.place = {"category": category, "symbol": words.NAME}

    async def take(self, do: str, values: dict[str, str]) -> Any:
        """Take a step; a refusal is its reason."""
        try:
            return await asyncio.to_thread(getattr(self, do.replace(" ", "_")), values)
        except InvalidRequestError as refusal:
            return words.refused(do, refusal.status_code, refusal.message)

    def found(self, own: str) -> dict[str, Any] | None:
        rows = self.client.get_open_orders(**self.place, orderLinkId=own)["result"]["list"]
        return rows[0] if rows else None

    def new(self, values: dict[str, str]) -> Any:
        self.client.place_order(**words.placed(values, self.category))
        return words.order(self.found(values["id"]))

    def query(self, values: dict[str, str]) -> Any:
        found = self.found(values["id"])
        return {"refused": "no order"} if found is None else words.order(found)

    def terms(self, values: dict[str, str]) -> Any:
        found = self.found(values["id"])
        return {"qty": found["qty"], "price": found["price"]}

    def amend(self, values: dict[str, str]) -> Any:
        self.client.amend_order(
            **self.place, orderLinkId=values["id"], qty=values["qty"], price=values["price"]
        )
        return {"done": "amend"}

    def cancel(self, values: dict[str, str]) -> Any:
        self.client.cancel_order(**self.place, orderLinkId=values["id"])
        return words.order(self.found(values["id"]))

    def cancel_all(self, _values: dict[str, str]) -> Any:
        filters = [{"orderFilter": "StopOrder"}] if self.category == "spot" else []
        gone = []
        for more in ({}, *filters):
            answer = self.client.cancel_all_orders(**self.place, **more)["result"]
            gone += [one["orderLinkId"] for one in answer["list"]]
        return {"ids": sorted(gone)}

    def resting(self) -> list[dict[str, Any]]:
        return self.client.get_open_orders(**self.place, limit=50)["result"]["list"]

    def open_orders(self, _values: dict[str, str]) -> Any:
        return {"ids": sorted(one["orderLinkId"] for one in self.resting())}

    def all_orders(self, _values: dict[str, str]) -> Any:
        found, more = self.resting(), {}
        while True:
            page = self.client.get_order_history(**self.place, limit=10, **more)["result"]
            found += page["list"]
            if not page["nextPageCursor"]:
                return words.orders(found)
            more = {"cursor": page["nextPageCursor"]}

    def my_trades(self, _values: dict[str, str]) -> Any:
        return words.trades(self.client.get_executions(**self.place)["result"]["list"])

    def coins(self) -> dict[str, dict[str, str]]:
        found = self.client.get_wallet_balance(accountType="UNIFIED")["result"]["list"]
        return words.coins(found[0])

    def wallet(self, _values: dict[str, str]) -> Any:
        return {"USDT": self.coins()["USDT"]["walletBalance"]}

    def account(self, _values: dict[str, str]) -> Any:
        free = {
            name: str(Decimal(one["walletBalance"]) - Decimal(one["locked"]))
            for name, one in self.coins().items()
        }
        return {name: [free[name], one["locked"]] for name, one in self.coins().items()}

    def positions(self, _values: dict[str, str]) -> Any:
        found = self.client.get_positions(**self.place)["result"]["list"]
        return words.positions(found, "avgPrice")

    def leverage(self, values: dict[str, str]) -> Any:
        self.client.set_leverage(**self.place, buyLeverage=values["to"], sellLeverage=values["to"])
        return {"done": "leverage"}

    def mode(self, values: dict[str, str]) -> Any:
        self.client.switch_position_mode(**self.place, mode=MODES[values["to"]])
        return {"done": "mode"}

    def book(self, _values: dict[str, str]) -> Any:
        found = self.client.get_orderbook(**self.place)["result"]
        return lines.touch(found["b"], found["a"])

    def depth(self, message: dict[str, Any]) -> None:
        """Keep the book as pybit puts it together: its sides are in no order."""
        self.kept = message["data"]

    async def streamed(self, do: str) -> Any:
        await lines.until(lambda: "last-2" in self.seen.orders)
        match do:
            case "streamed orders":
                return self.seen.orders
            case "streamed positions":
                return words.positions(list(self.seen.positions.values()), "entryPrice")
            case "streamed wallet":
                return {"USDT": self.seen.coins["USDT"]["walletBalance"]}
        last = self.client.get_orderbook(**self.place)["result"]["seq"]
        await lines.until(lambda: self.kept and self.kept["seq"] >= last)
        best = {"bid": max(self.kept["b"], key=lambda one: float(one[0]))[0]}
        return best | {"ask": min(self.kept["a"], key=lambda one: float(one[0]))[0]}

    async def step(self, do: str, values: dict[str, str]) -> Any:
        """Take a step, or wait for what the streams tell of it."""
        return await (self.streamed(do) if do.startswith("streamed") else self.take(do, values))


async def main() -> None:
    """Connect, listen, take every step."""
    place = lines.where()
    unified_trading.PUBLIC_WSS = place["ws"] + "/v5/public/{CHANNEL_TYPE}"
    unified_trading.PRIVATE_WSS = place["ws"] + "/v5/private"
    client = unified_trading.HTTP(api_key=place["key"], api_secret=place["secret"])
    client.endpoint = place["http"]
    trader = Trader(client, place["category"])
    public = unified_trading.WebSocket(testnet=False, channel_type=place["category"])
    mine = unified_trading.WebSocket(
        testnet=False, channel_type="private", api_key=place["key"], api_secret=place["secret"]
    )
    public.orderbook_stream(50, words.NAME, trader.depth)
    for listen in (mine.order_stream, mine.position_stream, mine.wallet_stream):
        listen(trader.seen.take)
    await lines.until(lambda: trader.kept and mine.auth)
    await lines.walk(trader.step)
    assert public.is_connected(), "the public stream ended early"
    assert mine.is_connected(), "the private stream ended early"
    sys.stdout.flush()
    os._exit(0)  # its threads wait for pings


if __name__ == "__main__":
    try:
        asyncio.run(main())
    finally:  # `main` does not return: its threads would keep the process after what it raised
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
