"""Take the steps on Coinbase with ccxt, in the test's own process: its words become Coinbase's."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.venues.clients import coinbase_words as words
from tests.fakes.coinbase_desk import eventually

PAIR = "BTC/USD"


class Trader:
    """One ccxt client and what its streams told."""

    def __init__(self, client: Any) -> None:
        """Trade with this client."""
        self.client = client
        self.ids = {"nobody": words.NOBODY}
        self.rows: dict[str, list[str]] = {}
        self.kept: Any = None

    async def take(self, do: str, values: dict[str, str]) -> Any:
        """Take a step; a refusal is its reason. ccxt does not look at the errors of an edit."""
        import ccxt  # noqa: PLC0415 - half a second

        try:
            told = await getattr(self, do.replace(" ", "_"))(values)
        except ccxt.BaseError:
            found = words.refusal(self.last())
            if found is None:
                raise
            return found
        return told

    def last(self) -> Any:
        """Return the last answer as it came."""
        return json.loads(self.client.last_http_response)

    async def new(self, values: dict[str, str]) -> Any:
        more: dict[str, Any] = {"client_order_id": values["id"]}
        more |= {"postOnly": True} if "post" in values else {}
        more |= {"timeInForce": values["tif"]} if "tif" in values else {}
        more |= {"end_time": values["until"]} if "until" in values else {}
        more |= {"cost": float(values["quote"])} if "quote" in values else {}
        if "stop" in values:
            more |= {"stopPrice": float(values["stop"])}
            more["stop_direction"] = f"STOP_DIRECTION_STOP_{values['way']}"
        price = float(values["price"]) if "price" in values else None
        amount = float(values["qty"]) if "qty" in values else None
        kind, side = "limit" if price else "market", values["side"].lower()
        made = await self.client.create_order(PAIR, kind, side, amount, price, more)
        self.ids[values["id"]] = made["id"]
        return await self.query(values)

    async def query(self, values: dict[str, str]) -> Any:
        return words.order((await self.client.fetch_order(self.ids[values["id"]], PAIR))["info"])

    async def terms(self, values: dict[str, str]) -> Any:
        return words.terms((await self.client.fetch_order(self.ids[values["id"]], PAIR))["info"])

    async def edit(self, values: dict[str, str]) -> Any:
        size, price = float(values["qty"]), float(values["price"])
        order_id = self.ids[values["id"]]
        await self.client.edit_order(order_id, PAIR, "limit", "buy", size, price)
        return words.refusal(self.last()) or {"done": "edit"}

    async def cancel(self, values: dict[str, str]) -> Any:
        await self.client.cancel_order(self.ids[values["id"]], PAIR)
        return await self.query(values)

    async def open_rows(self) -> list[dict[str, Any]]:
        return [one["info"] for one in await self.client.fetch_open_orders(PAIR)]

    async def open_orders(self, _values: dict[str, str]) -> Any:
        return words.ids(await self.open_rows())

    async def cancel_all(self, _values: dict[str, str]) -> Any:
        rows = await self.open_rows()
        await self.client.cancel_orders([one["order_id"] for one in rows], PAIR)
        return words.ids(rows)

    async def all_orders(self, _values: dict[str, str]) -> Any:
        return words.ends([one["info"] for one in await self.client.fetch_orders(PAIR)])

    async def my_trades(self, _values: dict[str, str]) -> Any:
        return words.trades([one["info"] for one in await self.client.fetch_my_trades(PAIR)])

    async def account(self, _values: dict[str, str]) -> Any:
        found = await self.client.fetch_balance({"v3": True})
        return {
            ccy: [format(found[ccy][part], ".8f") for part in ("free", "used")]
            for ccy in ("BTC", "USD")
        }

    async def preview(self, values: dict[str, str]) -> Any:
        more = {"preview": True, "cost": float(values["quote"])}
        await self.client.create_order(PAIR, "market", "buy", None, None, more)
        return words.preview(self.last())

    async def book(self, _values: dict[str, str]) -> Any:
        return self.touch(await self.client.fetch_order_book(PAIR))

    def touch(self, found: Any) -> dict[str, str]:
        """Return the best prices of a book of ccxt."""
        return {"bid": str(found["bids"][0][0]), "ask": str(found["asks"][0][0])}

    async def watch_orders(self) -> None:
        """Keep the last word on each order until the task ends."""
        while True:
            for one in await self.client.watch_orders(PAIR):
                self.rows |= words.pushed([one["info"]])

    async def watch_book(self) -> None:
        """Keep the book until the task ends."""
        while True:
            self.kept = await self.client.watch_order_book(PAIR)

    def watching(self) -> list[Any]:
        """Return the tasks of both streams."""
        return [self.watch_orders(), self.watch_book()]

    async def streamed_book(self, _values: dict[str, str]) -> Any:
        wanted = await self.book({})
        await eventually(lambda: self.touch(self.kept) == wanted)
        return wanted

    async def streamed_orders(self, _values: dict[str, str]) -> Any:
        await eventually(lambda: "last-2" in self.rows)
        return self.rows
