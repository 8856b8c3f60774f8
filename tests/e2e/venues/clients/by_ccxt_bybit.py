"""Take the steps with ccxt on Bybit, in the test's own process: its unified words throughout."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.venues.clients import bybit_lines as words
from tests.fakes.binance_desk import eventually

PAIRS = {"spot": "BTC/USDT", "linear": "BTC/USDT:USDT"}


def number(text: str | None) -> float | None:
    """Return a quantity as ccxt takes it."""
    return None if text is None else float(text)


def text(value: float) -> str:
    """Return a number of ccxt as a decimal."""
    return format(value, ".8f")


class Trader:
    """One ccxt client and what its streams told."""

    def __init__(self, client: Any, category: str) -> None:
        """Trade the pair of a category with this client."""
        self.client = client
        self.category = category
        self.pair = PAIRS[category]
        self.seen: dict[str, list[str]] = {}
        self.kept: dict[str, Any] = {}
        self.held: dict[int, dict[str, Any]] = {}
        self.cash: dict[str, Any] = {}

    async def take(self, do: str, values: dict[str, str]) -> Any:
        """Take a step; a refusal is its reason."""
        import ccxt  # noqa: PLC0415 - half a second

        try:
            return await getattr(self, do.replace(" ", "_"))(values)
        except ccxt.RateLimitExceeded:
            # Nothing was done. The venue says when its second is over, and ccxt does not read it.
            reset_ms = int(self.client.last_response_headers["X-Bapi-Limit-Reset-Timestamp"])
            await eventually(lambda: self.client.milliseconds() >= reset_ms)
            return await self.take(do, values)
        except ccxt.OrderNotFound:
            return {"refused": "no order" if do in {"query", "amend"} else "unknown order"}
        except ccxt.BaseError:
            # Its exceptions name the class, and the code only within a sentence.
            told = json.loads(self.client.last_http_response)
            return words.refused(do, told["retCode"], told["retMsg"])

    async def new(self, values: dict[str, str]) -> Any:
        kind = "limit" if "price" in values else "market"
        made = await self.client.create_order(
            self.pair, kind, values["side"].lower(), number(values.get("qty")) or 0.0,
            number(values.get("price")), self.more(values),
        )  # fmt: skip
        assert made["clientOrderId"] == values["id"]
        assert made["status"] is None  # the answer holds the ids only
        return await self.query(values)

    def more(self, values: dict[str, str]) -> dict[str, Any]:
        """Return what ccxt takes beside type, side, amount and price."""
        more: dict[str, Any] = {"clientOrderId": values["id"]}
        if "tif" in values:
            more["timeInForce"] = values["tif"]
        if "quote" in values:
            more["cost"] = float(values["quote"])
        for ours, theirs in (("post", "postOnly"), ("reduce", "reduceOnly")):
            more |= {theirs: True} if ours in values else {}
        if "position" in values:
            # It names the position of a closing order only if that says so.
            closes = (values["position"] == "LONG") == (values["side"] == "SELL")
            more |= {"hedged": True} | ({"reduceOnly": True} if closes else {})
        if "stop" in values:
            gains = values["type"].startswith("TAKE")
            if self.category == "spot":
                more["takeProfitPrice" if gains else "stopLossPrice"] = float(values["stop"])
            else:
                rises = gains == (values["side"] == "SELL")
                way = "ascending" if rises else "descending"
                more |= {"triggerPrice": float(values["stop"]), "triggerDirection": way}
        return more

    async def one(self, own: str) -> dict[str, Any]:
        """Return an order by its owner's id, open or not."""
        import ccxt  # noqa: PLC0415 - half a second

        found = await self.client.fetch_open_orders(self.pair, params={"orderLinkId": own})
        if not found:
            raise ccxt.OrderNotFound(own)
        assert found[0]["clientOrderId"] == own
        return dict(found[0])

    async def query(self, values: dict[str, str]) -> Any:
        return self.told(await self.one(values["id"]))

    def told(self, one: dict[str, Any]) -> dict[str, str]:
        """Return what matters of an order, in the words of ccxt where it has them."""
        assert float(one["info"]["cumExecQty"]) == one["filled"]
        plain = {"open": "NEW", "closed": "FILLED", "canceled": "ENDED"}[one["status"]]
        status = words.order(one["info"])["status"]
        # Its "open" is three words of the steps, and a partly filled spot order that was cancelled
        # is "closed" to it.
        if one["status"] == "canceled":
            assert status == plain
        return {"id": one["clientOrderId"], "status": status, "filled": text(one["filled"])}

    async def terms(self, values: dict[str, str]) -> Any:
        found = await self.one(values["id"])
        return {"qty": text(found["amount"]), "price": text(found["price"])}

    async def amend(self, values: dict[str, str]) -> Any:
        await self.client.edit_order(
            None, self.pair, "limit", "buy", number(values["qty"]), number(values["price"]),
            {"orderLinkId": values["id"]},
        )  # fmt: skip
        return {"done": "amend"}

    async def cancel(self, values: dict[str, str]) -> Any:
        await self.client.cancel_order(None, self.pair, {"orderLinkId": values["id"]})
        return await self.query(values)

    async def cancel_all(self, _values: dict[str, str]) -> Any:
        gone = await self.client.cancel_all_orders(self.pair)
        if self.category == "spot":
            gone += await self.client.cancel_all_orders(self.pair, {"trigger": True})
        return {"ids": sorted(one["clientOrderId"] for one in gone)}

    async def open_orders(self, _values: dict[str, str]) -> Any:
        found = await self.client.fetch_open_orders(self.pair, limit=50)
        return {"ids": sorted(one["clientOrderId"] for one in found)}

    async def all_orders(self, _values: dict[str, str]) -> Any:
        found = await self.client.fetch_open_orders(self.pair, limit=50)
        found += await self.client.fetch_canceled_and_closed_orders(self.pair, limit=50)
        told = [self.told(one) for one in found]
        return {one["id"]: [one["status"], one["filled"]] for one in told}

    async def my_trades(self, _values: dict[str, str]) -> Any:
        return [
            [
                one["side"].upper(),
                text(one["amount"]),
                text(one["price"]),
                one["fee"]["currency"],
                text(one["fee"]["cost"]),
            ]
            for one in await self.client.fetch_my_trades(self.pair)
        ]

    async def wallet(self, _values: dict[str, str]) -> Any:
        return {"USDT": text((await self.client.fetch_balance())["USDT"]["total"])}

    async def account(self, _values: dict[str, str]) -> Any:
        found = await self.client.fetch_balance()
        return {
            asset: [text(found[asset]["free"]), text(found[asset]["used"])]
            for asset in ("BTC", "USDT")
        }

    async def positions(self, _values: dict[str, str]) -> Any:
        return self.open_ones(await self.client.fetch_positions([self.pair]))

    @staticmethod
    def open_ones(found: list[dict[str, Any]]) -> list[list[str]]:
        """Return the open positions in the words of the steps."""
        told = [
            [one["side"].upper(), text(one["contracts"]), f"{one['entryPrice']:.2f}"]
            for one in found
            if one["contracts"]
        ]
        return sorted(told)

    async def leverage(self, values: dict[str, str]) -> Any:
        await self.client.set_leverage(int(values["to"]), self.pair)
        return {"done": "leverage"}

    async def mode(self, values: dict[str, str]) -> Any:
        await self.client.set_position_mode(values["to"] == "hedge", self.pair)
        return {"done": "mode"}

    async def book(self, _values: dict[str, str]) -> Any:
        found = await self.client.fetch_order_book(self.pair)
        return {"bid": text(found["bids"][0][0]), "ask": text(found["asks"][0][0])}

    # Streams -----------------------------------------------------------------------------

    async def watch_orders(self) -> None:
        """Keep the last word on each order until the task ends."""
        while True:
            for one in await self.client.watch_orders(self.pair):
                told = self.told(one)
                self.seen[told["id"]] = [told["status"], told["filled"]]

    async def watch_book(self) -> None:
        """Keep the book until the task ends."""
        while True:
            self.kept = await self.client.watch_order_book(self.pair)

    async def watch_positions(self) -> None:
        """Keep the last word on each position until the task ends."""
        while True:
            for one in await self.client.watch_positions([self.pair]):
                self.held[one["info"]["positionIdx"]] = dict(one)

    async def watch_balance(self) -> None:
        """Keep the wallet until the task ends."""
        while True:
            self.cash = await self.client.watch_balance()

    async def streamed_book(self, _values: dict[str, str]) -> Any:
        wanted = await self.book({})
        await eventually(lambda: self.touch() == wanted)
        return self.touch()

    def touch(self) -> dict[str, str]:
        """Return the best prices of the book that was kept."""
        return {"bid": text(self.kept["bids"][0][0]), "ask": text(self.kept["asks"][0][0])}

    async def streamed_orders(self, _values: dict[str, str]) -> Any:
        await eventually(lambda: "last-2" in self.seen)
        return self.seen

    async def streamed_positions(self, _values: dict[str, str]) -> Any:
        return self.open_ones(list(self.held.values()))

    async def streamed_wallet(self, _values: dict[str, str]) -> Any:
        return {"USDT": text(self.cash["USDT"]["total"])}
