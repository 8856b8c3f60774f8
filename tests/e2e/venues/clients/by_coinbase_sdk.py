"""Take the steps with coinbase-advanced-py: `base_url` says where the venue is, over TLS.

It knows no limit of requests, so the steps pace it. Its requests trust what
REQUESTS_CA_BUNDLE names.
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import coinbase_words as words
import lines
from coinbase.rest import RESTClient
from coinbase.websocket import WSClient, WSUserClient
from requests.exceptions import HTTPError

PACE_S = 0.04


class Streams:
    """What the two streams of a client told so far."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.orders: dict[str, list[str]] = {}
        self.sides: dict[str, dict[float, str]] = {"bid": {}, "offer": {}}
        self.numbers: dict[str, int] = {}
        self.faults: list[str] = []

    def take(self, stream: str, text: str) -> None:
        """Take a message; one that leaves a gap in the numbers is a fault."""
        said = json.loads(text)
        if "sequence_num" not in said or said["sequence_num"] != self.numbers.get(stream, 0):
            self.faults.append(text)
            return
        self.numbers[stream] = said["sequence_num"] + 1
        for event in said["events"]:
            if said["channel"] == "user":
                self.orders |= words.pushed(event["orders"])
            elif said["channel"] == "l2_data":
                for one in event["updates"]:
                    side, price = self.sides[one["side"]], float(one["price_level"])
                    side.pop(price, None)
                    if float(one["new_quantity"]):
                        side[price] = one["price_level"]

    def touch(self) -> dict[str, str]:
        """Return the best prices of the book that was kept."""
        bids, asks = self.sides.values()
        return {"bid": bids[max(bids)], "ask": asks[min(asks)]} if bids and asks else {}


class Trader:
    """One client, which blocks, and its streams, which do not."""

    def __init__(self, client: Any, streams: Streams) -> None:
        """Trade with this client."""
        self.client = client
        self.streams = streams
        self.ids = {"nobody": words.NOBODY}

    async def take(self, do: str, values: dict[str, str]) -> Any:
        """Take a step; a refusal is its reason."""
        await asyncio.sleep(PACE_S)
        try:
            return await getattr(self, do.replace(" ", "_"))(values)
        except HTTPError as error:
            return words.refusal(error.response.json())

    async def new(self, values: dict[str, str]) -> Any:
        own, side = values["id"], values["side"].lower()
        asked: dict[str, Any] = {"client_order_id": own, "product_id": words.SYMBOL}
        if values["type"] == "MARKET":
            asked |= {"base_size": values.get("qty"), "quote_size": values.get("quote")}
            made = getattr(self.client, f"market_order_{side}")(**asked)
            return await self.made(own, made)
        asked |= {"base_size": values["qty"], "limit_price": values["price"]}
        if "stop" in values:
            asked |= {
                "stop_price": values["stop"],
                "stop_direction": f"STOP_DIRECTION_STOP_{values['way']}",
            }
            made = getattr(self.client, f"stop_limit_order_gtc_{side}")(**asked)
            return await self.made(own, made)
        tif = values.get("tif", "GTC")
        if tif in {"GTC", "GTD"}:
            asked["post_only"] = "post" in values
        if tif == "GTD":
            asked["end_time"] = values["until"]
        made = getattr(self.client, f"limit_order_{tif.lower()}_{side}")(**asked)
        return await self.made(own, made)

    async def made(self, own: str, made: Any) -> Any:
        said = made.to_dict()
        if not said["success"]:
            return words.refusal(said)
        self.ids[own] = said["success_response"]["order_id"]
        return await self.query({"id": own})

    def row(self, own: str) -> dict[str, Any]:
        """Return an order."""
        return self.client.get_order(self.ids[own]).to_dict()["order"]

    async def query(self, values: dict[str, str]) -> Any:
        return words.order(self.row(values["id"]))

    async def terms(self, values: dict[str, str]) -> Any:
        return words.terms(self.row(values["id"]))

    async def edit(self, values: dict[str, str]) -> Any:
        said = self.client.edit_order(
            self.ids[values["id"]], size=values["qty"], price=values["price"]
        )
        return words.refusal(said.to_dict()) or {"done": "edit"}

    async def cancel(self, values: dict[str, str]) -> Any:
        said = self.client.cancel_orders([self.ids[values["id"]]]).to_dict()
        return words.refusal(said) or await self.query(values)

    def open_rows(self) -> list[dict[str, Any]]:
        """Return the open orders."""
        found = self.client.list_orders(product_ids=[words.SYMBOL], order_status=["OPEN"])
        return found.to_dict()["orders"]

    async def open_orders(self, _values: dict[str, str]) -> Any:
        return words.ids(self.open_rows())

    async def cancel_all(self, _values: dict[str, str]) -> Any:
        rows = self.open_rows()
        self.client.cancel_orders([one["order_id"] for one in rows])
        return words.ids(rows)

    async def all_orders(self, _values: dict[str, str]) -> Any:
        """Return all orders, in pages of four."""
        rows: list[dict[str, Any]] = []
        cursor = None
        while cursor != "":
            said = self.client.list_orders(limit=4, cursor=cursor).to_dict()
            rows += said["orders"]
            cursor = said["cursor"]
        return words.ends(rows)

    async def my_trades(self, _values: dict[str, str]) -> Any:
        return words.trades(self.client.get_fills(product_ids=[words.SYMBOL]).to_dict()["fills"])

    async def account(self, _values: dict[str, str]) -> Any:
        return words.account(self.client.get_accounts().to_dict()["accounts"])

    async def preview(self, values: dict[str, str]) -> Any:
        said = self.client.preview_market_order_buy(words.SYMBOL, quote_size=values["quote"])
        return words.preview(said.to_dict())

    async def book(self, _values: dict[str, str]) -> Any:
        book = self.client.get_public_product_book(words.SYMBOL).to_dict()["pricebook"]
        return {"bid": book["bids"][0]["price"], "ask": book["asks"][0]["price"]}

    async def streamed_book(self, _values: dict[str, str]) -> Any:
        wanted = await self.book({})
        await lines.until(lambda: self.streams.touch() == wanted)
        return wanted

    async def streamed_orders(self, _values: dict[str, str]) -> Any:
        await lines.until(lambda: "last-2" in self.streams.orders)
        return self.streams.orders


async def main() -> None:
    """Connect, listen, take every step."""
    place = lines.where()
    os.environ["REQUESTS_CA_BUNDLE"] = os.environ["SSL_CERT_FILE"]
    keys = {"api_key": place["key"], "api_secret": place["secret"]}
    streams = Streams()
    trader = Trader(RESTClient(**keys, base_url=place["host"]), streams)
    market = WSClient(
        **keys, base_url=place["ws"], on_message=lambda text: streams.take("market", text)
    )
    mine = WSUserClient(
        **keys, base_url=place["ws"], on_message=lambda text: streams.take("mine", text)
    )
    market.open()
    market.level2([words.SYMBOL])
    market.heartbeats()
    mine.open()
    mine.user([words.SYMBOL])
    await lines.until(lambda: len(streams.numbers) == 2)
    await lines.walk(trader.take)
    assert not streams.faults, streams.faults
    market.close()
    mine.close()


if __name__ == "__main__":
    asyncio.run(main())
