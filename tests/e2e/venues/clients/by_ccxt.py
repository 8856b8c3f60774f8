"""Take the steps with ccxt, in the test's own process: its unified words become Binance's."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.venues.clients import lines
from tests.fakes.binance_desk import eventually

PAIR = "BTC/USDT"
KINDS = {
    "LIMIT": ("limit", ""), "MARKET": ("market", ""), "LIMIT_MAKER": ("limit", ""),
    "STOP_LOSS": ("market", "stopLossPrice"), "STOP_LOSS_LIMIT": ("limit", "stopLossPrice"),
    "TAKE_PROFIT": ("market", "takeProfitPrice"),
    "TAKE_PROFIT_LIMIT": ("limit", "takeProfitPrice"),
}  # fmt: skip
MORE = {"id": "clientOrderId", "tif": "timeInForce", "shown": "icebergQty", "quote": "cost"}


def number(text: str | None) -> float | None:
    """Return a quantity as ccxt takes it."""
    return None if text is None else float(text)


def text(value: float) -> str:
    """Return a number of ccxt as a decimal."""
    return format(value, ".8f")


def order(one: dict[str, Any]) -> dict[str, str]:
    """Return what matters of an order.

    The "open" of ccxt is two words of Binance. After a cancel its `clientOrderId` is the cancel's.
    """
    words = {"open": "PARTIALLY_FILLED" if one["filled"] else "NEW", "closed": "FILLED"}
    status = words.get(one["status"], one["status"].upper())
    own = one["info"].get("origClientOrderId") or one["clientOrderId"]
    return {"id": own, "status": status, "filled": text(one["filled"])}


def orders(found: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return status and filled quantity by id."""
    return {one["id"]: [one["status"], one["filled"]] for one in map(order, found)}


class Trader:
    """One ccxt client and what its streams told."""

    def __init__(self, client: Any) -> None:
        """Trade with this client."""
        self.client = client
        self.seen: dict[str, list[str]] = {}
        self.kept: dict[str, Any] = {}

    async def take(self, do: str, values: dict[str, str]) -> Any:
        """Take a step; a refusal is the venue's code."""
        import ccxt  # noqa: PLC0415 - half a second

        try:
            return await getattr(self, do.replace(" ", "_"))(values)
        except ccxt.BaseError:
            # Its exceptions name the class, and some of them not the code.
            return {"code": json.loads(self.client.last_http_response)["code"]}

    async def new(self, values: dict[str, str]) -> Any:
        kind, trigger = KINDS[values["type"]]
        more: dict[str, Any] = {MORE[name]: values[name] for name in MORE if name in values}
        if trigger:
            more[trigger] = float(values["stop"])
        if values["type"] == "LIMIT_MAKER":
            more["postOnly"] = True
        made = await self.client.create_order(
            PAIR, kind, values["side"].lower(), number(values.get("qty")),
            number(values.get("price")), more,
        )  # fmt: skip
        return order(made)

    async def query(self, values: dict[str, str]) -> Any:
        own = {"clientOrderId": values["id"]}
        return order(await self.client.fetch_order(None, PAIR, own))

    async def cancel(self, values: dict[str, str]) -> Any:
        own = {"clientOrderId": values["id"]}
        return order(await self.client.cancel_order(None, PAIR, own))

    async def replace(self, values: dict[str, str]) -> Any:
        old = await self.client.fetch_order(None, PAIR, {"clientOrderId": values["old"]})
        made = await self.client.edit_order(
            old["id"], PAIR, "limit", values["side"].lower(), number(values["qty"]),
            number(values["price"]), {"clientOrderId": values["id"]},
        )  # fmt: skip
        return order(made)

    async def pair(self, values: dict[str, str]) -> Any:
        made = await self.client.private_post_orderlist_oco(
            {
                "symbol": "BTCUSDT", "side": values["side"], "quantity": values["qty"],
                "listClientOrderId": values["id"], "aboveType": "LIMIT_MAKER",
                "abovePrice": values["price"], "aboveClientOrderId": values["above"],
                "belowType": "STOP_LOSS_LIMIT", "belowStopPrice": values["stop"],
                "belowPrice": values["stop_price"], "belowTimeInForce": "GTC",
                "belowClientOrderId": values["below"],
            }
        )  # fmt: skip
        return lines.pair(made)

    async def query_pair(self, values: dict[str, str]) -> Any:
        asked = {"origClientOrderId": values["id"]}
        return lines.pair(await self.client.private_get_orderlist(asked))

    async def cancel_pair(self, values: dict[str, str]) -> Any:
        asked = {"symbol": "BTCUSDT", "listClientOrderId": values["id"]}
        return lines.pair(await self.client.private_delete_orderlist(asked))

    async def streamed_pairs(self, _values: dict[str, str]) -> Any:
        """Return nothing: ccxt has no stream of lists."""

    async def cancel_all(self, _values: dict[str, str]) -> Any:
        return {"ids": sorted(orders(await self.client.cancel_all_orders(PAIR)))}

    async def open_orders(self, _values: dict[str, str]) -> Any:
        return {"ids": sorted(orders(await self.client.fetch_open_orders(PAIR)))}

    async def all_orders(self, _values: dict[str, str]) -> Any:
        return orders(await self.client.fetch_orders(PAIR))

    async def my_trades(self, _values: dict[str, str]) -> Any:
        return [
            [
                one["side"].upper(),
                text(one["amount"]),
                text(one["price"]),
                one["fee"]["currency"],
                text(one["fee"]["cost"]),
            ]
            for one in await self.client.fetch_my_trades(PAIR)
        ]

    async def account(self, _values: dict[str, str]) -> Any:
        found = await self.client.fetch_balance()
        return {
            asset: [text(found[asset]["free"]), text(found[asset]["used"])]
            for asset in ("BTC", "USDT")
        }

    async def book(self, _values: dict[str, str]) -> Any:
        found = await self.client.fetch_order_book(PAIR)
        return {"bid": text(found["bids"][0][0]), "ask": text(found["asks"][0][0])}

    async def watch_orders(self) -> None:
        """Keep the last word on each order until the task ends."""
        while True:
            self.seen |= orders(await self.client.watch_orders(PAIR))

    async def watch_book(self) -> None:
        """Keep the book until the task ends."""
        while True:
            self.kept = await self.client.watch_order_book(PAIR)

    async def streamed_book(self, _values: dict[str, str]) -> Any:
        last = (await self.client.fetch_order_book(PAIR))["nonce"]
        await eventually(lambda: self.kept and self.kept["nonce"] >= last)
        return {"bid": text(self.kept["bids"][0][0]), "ask": text(self.kept["asks"][0][0])}

    async def streamed_orders(self, _values: dict[str, str]) -> Any:
        await eventually(lambda: "last-2" in self.seen)
        return self.seen
