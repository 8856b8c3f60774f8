"""Take the steps on USD-M with ccxt, in the test's own process: its unified words become fapi's."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tests.e2e.venues.clients import usdm_lines
from tests.fakes.binance_desk import eventually

PAIR = "BTC/USDT:USDT"
TRIGGERS = {"STOP": "stopLossPrice", "STOP_LIMIT": "stopLossPrice",
            "TAKE_PROFIT": "takeProfitPrice", "TAKE_PROFIT_LIMIT": "takeProfitPrice"}  # fmt: skip
LEVERAGE_MAX = 125
NOBODY = "999999"


class Futures:
    """How ccxt asks: unified where it has a word for it."""

    def __init__(self, client: Any) -> None:
        """Ask with this client."""
        self.client = client
        self.ids: dict[str, str] = {}
        """Numbers by owner's id: ccxt amends by number only."""

    async def order(self, method: str, asked: dict[str, Any]) -> Any:
        client, own = self.client, {"clientOrderId": asked.get("origClientOrderId")}
        match method:
            case "GET" if "orderId" in asked:
                found = await client.fetch_order(str(asked["orderId"]), PAIR)
            case "GET":
                found = await client.fetch_order(None, PAIR, own)
            case "PUT":
                size, price = float(asked["quantity"]), float(asked["price"])
                number = self.ids.get(asked["origClientOrderId"], NOBODY)
                found = await client.edit_order(number, PAIR, "limit", "buy", size, price)
            case _:
                found = await client.cancel_order(None, PAIR, own)
        return found["info"]

    async def algo(self, method: str, asked: dict[str, Any]) -> Any:
        more = {"trigger": True, "clientOrderId": asked["clientAlgoId"]}
        ask = self.client.fetch_order if method == "GET" else self.client.cancel_order
        return (await ask(None, PAIR, more))["info"]

    async def place(self, values: dict[str, str]) -> Any:
        """Place an order of either kind: ccxt itself knows where it goes."""
        more: dict[str, Any] = {"clientOrderId": values["id"]}
        more |= {"reduceOnly": True} if "reduce" in values else {}
        more |= {"closePosition": True} if "close" in values else {}
        more |= {"postOnly": True} if "post" in values else {}
        more |= {"timeInForce": values["tif"]} if "tif" in values else {}
        more |= {"positionSide": values["position"]} if "position" in values else {}
        more |= {"trailingPercent": values["trail"]} if "trail" in values else {}
        if values["type"] in TRIGGERS:
            more[TRIGGERS[values["type"]]] = float(values["stop"])
        size = float(values["qty"]) if "qty" in values else None
        price = float(values["price"]) if "price" in values else None
        kind = "limit" if price is not None else "market"
        made = await self.client.create_order(
            PAIR, kind, values["side"].lower(), size, price, more
        )  # fmt: skip
        if made["id"] is not None:
            self.ids[values["id"]] = made["id"]
        return made["info"]

    async def rows(self, what: str) -> Any:
        more = {"trigger": True} if "algo" in what else {}
        ask = self.client.fetch_open_orders if what.startswith("open") else self.client.fetch_orders
        return [one["info"] for one in await ask(PAIR, params=more)]

    async def cancel_all(self) -> None:
        await self.client.cancel_all_orders(PAIR)
        await self.client.cancel_all_orders(PAIR, {"trigger": True})

    async def setting(self, do: str, values: dict[str, str]) -> None:
        client = self.client
        match do:
            case "leverage" if int(values["to"]) > LEVERAGE_MAX:
                # ccxt itself asks for no more, so the venue has to be asked beneath its words
                asked = {"symbol": usdm_lines.SYMBOL, "leverage": values["to"]}
                await client.fapiprivate_post_leverage(asked)
            case "leverage":
                await client.set_leverage(int(values["to"]), PAIR)
            case "margin":
                await client.set_margin_mode(values["mode"], PAIR)
            case "mode":
                await client.set_position_mode(values["to"] == "hedge", PAIR)
            case _:
                await client.add_margin(PAIR, float(values["amount"]))

    async def state(self, what: str) -> Any:
        client = self.client
        match what:
            case "positions":
                return [one["info"] for one in await client.fetch_positions([PAIR])]
            case "balance":
                found = (await client.fetch_balance())["info"]["assets"]
                return [{"asset": one["asset"], "balance": one["walletBalance"]} for one in found]
            case "config":
                return [(await client.fetch_leverage(PAIR))["info"]]
            case _:
                found = await client.fetch_order_book(PAIR)
                sides = ("bids", "asks")
                return {side: [[str(one) for one in row] for row in found[side]] for side in sides}


class Trader(usdm_lines.Afternoon):
    """The afternoon with one ccxt client, and what its streams told."""

    def __init__(self, client: Any) -> None:
        """Trade with this client."""
        self.futures = Futures(client)
        super().__init__(self.futures)
        self.ccxt = client
        self.kept: dict[str, Any] = {}
        self.total: float | None = None
        self.open: dict[str, dict[str, Any]] = {}

    async def new(self, values: dict[str, str]) -> Any:
        told = usdm_lines.order(await self.futures.place(values))
        if values["type"] in usdm_lines.ALGO:
            self.waits.add(values["id"])
        return told

    async def step(self, do: str, values: dict[str, str]) -> Any:
        """Take a step, or wait for what the streams tell of it; a refusal is its reason."""
        import ccxt  # noqa: PLC0415 - half a second

        if do == "streamed book":
            asked = {"symbol": usdm_lines.SYMBOL}
            last = int((await self.ccxt.fapipublic_get_depth(asked))["lastUpdateId"])
            await eventually(lambda: self.kept["nonce"] >= last)
            return {"bid": str(self.kept["bids"][0][0]), "ask": str(self.kept["asks"][0][0])}
        if do.startswith("streamed"):
            await eventually(self.is_done)
            return self.streamed(do)
        try:
            return await self.take(do, values)
        except ccxt.BaseError:
            # Its exceptions name the class, and some of them not the code.
            return usdm_lines.refused(json.loads(self.ccxt.last_http_response)["code"])

    def streamed(self, do: str) -> Any:
        """Return what ccxt made of the user stream."""
        match do:
            case "streamed orders":
                return self.ends
            case "streamed positions":
                return [one["info"] for one in self.open.values() if one["contracts"]]
            case _:
                return {"USDT": str(self.total)}

    async def watch_orders(self) -> None:
        """Keep the last word on each order until the task ends."""
        while True:
            for one in await self.ccxt.watch_orders():
                self.hear({"o": one["info"]})

    async def watch_book(self) -> None:
        """Keep the book until the task ends."""
        while True:
            self.kept = await self.ccxt.watch_order_book(PAIR)

    async def watch_balance(self) -> None:
        """Keep the balance until the task ends."""
        while True:
            # Without a snapshot it knows a coin from the first event on that names it.
            found = await self.ccxt.watch_balance()
            self.total = found.get("USDT", {}).get("total")

    async def watch_positions(self) -> None:
        """Keep the positions until the task ends."""
        while True:
            for one in await self.ccxt.watch_positions():
                self.open[one["side"]] = one

    def watching(self) -> list[asyncio.Task[None]]:
        """Return the tasks of all streams."""
        watches = (
            self.watch_orders(), self.watch_book(), self.watch_balance(), self.watch_positions(),
        )  # fmt: skip
        return [asyncio.ensure_future(one) for one in watches]
