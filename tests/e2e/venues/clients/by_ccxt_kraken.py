"""Take the steps on Kraken with ccxt, in the test's own process: its words become Kraken's."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.venues.clients import kraken_words as words
from tests.fakes.kraken_desk import eventually

TRIGGERS = {"STOP": "stopLossPrice", "STOP_LIMIT": "stopLossPrice",
            "TAKE_PROFIT": "takeProfitPrice", "TAKE_PROFIT_LIMIT": "takeProfitPrice"}  # fmt: skip


class Trader:
    """One ccxt client and what its streams told."""

    def __init__(self, client: Any) -> None:
        """Trade with this client."""
        self.client = client
        self.ids: dict[str, str] = {}
        self.rows: dict[str, dict[str, Any]] = {}
        self.kept: Any = None
        self.cash: Any = None

    async def take(self, do: str, values: dict[str, str]) -> Any:
        """Take a step; a refusal is its reason."""
        import ccxt  # noqa: PLC0415 - half a second

        try:
            return await getattr(self, do.replace(" ", "_"))(values)
        except ccxt.BaseError:
            error = json.loads(self.client.last_http_response)["error"]
            if not error:
                raise
            return words.refusal(error[0])

    async def new(self, values: dict[str, str]) -> Any:
        more: dict[str, Any] = {"clientOrderId": values["id"]}
        more |= {"postOnly": True} if "post" in values else {}
        more |= {"timeInForce": values["tif"]} if "tif" in values else {}
        more |= {"cost": float(values["quote"])} if "quote" in values else {}
        more |= {"trailingPercent": values["trail"]} if "trail" in values else {}
        if "shown" in values:  # ccxt has no word for it
            more |= {"ordertype": "iceberg", "displayvol": values["shown"]}
        if values["type"] in TRIGGERS:
            more[TRIGGERS[values["type"]]] = float(values["stop"])
        price = float(values["price"]) if "price" in values else None
        amount = float(values["qty"]) if "qty" in values else None
        kind, side = "limit" if price else "market", values["side"].lower()
        made = await self.client.create_order(words.SYMBOL, kind, side, amount, price, more)
        self.ids[values["id"]] = made["id"]
        return await self.query(values)

    async def query(self, values: dict[str, str]) -> Any:
        return words.told((await self.row(values))["info"])

    async def row(self, values: dict[str, str]) -> dict[str, Any]:
        """Return an order; one that nobody knows is asked for by its name."""
        if values["id"] not in self.ids:
            await self.client.private_post_queryorders({"cl_ord_id": values["id"]})
        return dict(await self.client.fetch_order(self.ids[values["id"]], words.SYMBOL))

    async def terms(self, values: dict[str, str]) -> Any:
        found = await self.row(values)
        return {"qty": str(found["amount"]), "price": words.number(found["price"])}

    async def amend(self, values: dict[str, str]) -> Any:
        asked = {"clientOrderId": values["id"]}
        size, price = float(values["qty"]), float(values["price"])
        await self.client.edit_order(None, words.SYMBOL, "limit", "buy", size, price, asked)
        return {"done": "amend"}

    async def cancel(self, values: dict[str, str]) -> Any:
        asked = {"clientOrderId": values["id"]}
        await self.client.cancel_order(None, words.SYMBOL, asked)
        return await self.query(values)

    async def cancel_all(self, _values: dict[str, str]) -> Any:
        (told,) = await self.client.cancel_all_orders(words.SYMBOL)
        return {"count": told["info"]["result"]["count"]}

    async def open_orders(self, _values: dict[str, str]) -> Any:
        found = await self.client.fetch_open_orders(words.SYMBOL)
        return {"ids": sorted(one["clientOrderId"] for one in found)}

    async def all_orders(self, _values: dict[str, str]) -> Any:
        found = await self.client.fetch_open_orders(words.SYMBOL)
        found += await self.client.fetch_closed_orders(words.SYMBOL)
        return words.ends({one["id"]: one["info"] for one in found})

    async def my_trades(self, _values: dict[str, str]) -> Any:
        found = await self.client.fetch_my_trades(words.SYMBOL)
        return [words.trade(one["info"]) for one in found]

    async def account(self, _values: dict[str, str]) -> Any:
        found = await self.client.fetch_balance()
        return {
            ccy: [format(found[ccy][part], ".8f") for part in ("free", "used")]
            for ccy in ("BTC", "USD")
        }

    async def book(self, _values: dict[str, str]) -> Any:
        return self.touch(await self.client.fetch_order_book(words.SYMBOL))

    def touch(self, found: Any) -> dict[str, str]:
        """Return the best prices of a book of ccxt."""
        return {"bid": str(found["bids"][0][0]), "ask": str(found["asks"][0][0])}

    async def watch_orders(self) -> None:
        """Put together what is said of each order until the task ends."""
        while True:
            for one in await self.client.watch_orders():
                self.rows.setdefault(one["id"], {}).update(one["info"])

    async def watch_book(self) -> None:
        """Keep the book until the task ends."""
        while True:
            self.kept = await self.client.watch_order_book(words.SYMBOL)

    async def watch_cash(self) -> None:
        """Keep the balance until the task ends."""
        while True:
            self.cash = await self.client.watch_balance()

    def watching(self) -> list[Any]:
        """Return the tasks of all streams."""
        return [self.watch_orders(), self.watch_book(), self.watch_cash()]

    async def streamed_book(self, _values: dict[str, str]) -> Any:
        wanted = await self.book({})
        await eventually(lambda: self.touch(self.kept) == wanted)
        return wanted

    async def streamed_orders(self, _values: dict[str, str]) -> Any:
        await eventually(lambda: self.ids["last-2"] in self.rows)
        return words.streamed(self.rows)

    async def streamed_balances(self, _values: dict[str, str]) -> Any:
        return {ccy: format(self.cash[ccy]["total"], ".8f") for ccy in ("BTC", "USD")}
