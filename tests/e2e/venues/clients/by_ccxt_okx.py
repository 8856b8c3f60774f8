"""Take the steps on OKX with ccxt, in the test's own process: its unified words become OKX's."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from tests.e2e.venues.clients import okx_words
from tests.fakes.okx_desk import eventually

PAIRS = {okx_words.SPOT: "BTC/USDT", okx_words.SWAP: "BTC/USDT:USDT"}
TRIGGERS = {"STOP": "stopLossPrice", "STOP_LIMIT": "stopLossPrice",
            "TAKE_PROFIT": "takeProfitPrice", "TAKE_PROFIT_LIMIT": "takeProfitPrice"}  # fmt: skip

LEVERAGE_MAX = 125


class Trader:
    """One ccxt client and what its streams told."""

    def __init__(self, client: Any, symbol: str) -> None:
        """Trade this instrument with this client."""
        self.client = client
        self.words = okx_words.Words(symbol)
        self.pair_name = PAIRS[symbol]
        self.spot = symbol == okx_words.SPOT
        self.rows: dict[str, dict[str, Any]] = {}
        self.kept: dict[str, Any] = {}
        self.cash: dict[str, Any] = {}
        self.held: dict[str, Any] = {}

    async def take(self, do: str, values: dict[str, str]) -> Any:
        """Take a step; a refusal is its reason."""
        import ccxt  # noqa: PLC0415 - half a second

        try:
            return await getattr(self, do.replace(" ", "_"))(values)
        except ccxt.BaseError:
            # Its exceptions name the class, and some of them not the code.
            refused = okx_words.refusal(json.loads(self.client.last_http_response))
            if refused is None:
                raise
            return refused

    def size(self, values: dict[str, str]) -> float | None:
        """Return a quantity as ccxt takes it: contracts of a swap."""
        return float(self.words.size(values["qty"])) if "qty" in values else None

    async def new(self, values: dict[str, str]) -> Any:
        waits = values["type"] in okx_words.WAITING
        own = self.words.own(values["id"], waits=waits)
        more: dict[str, Any] = {"algoClOrdId" if waits else "clientOrderId": own}
        more |= {"reduceOnly": True} if "reduce" in values or "close" in values else {}
        more |= {"closeFraction": "1"} if "close" in values else {}
        more |= {"postOnly": True} if "post" in values else {}
        more |= {"timeInForce": values["tif"]} if "tif" in values else {}
        more |= {"positionSide": values["position"].lower()} if "position" in values else {}
        more |= {"trailingPercent": values["trail"]} if "trail" in values else {}
        if values["type"] in TRIGGERS:
            more[TRIGGERS[values["type"]]] = float(values["stop"])
        amount = self.size(values)
        if "quote" in values:
            more |= {"tgtCcy": "quote_ccy", "cost": float(values["quote"])}
            amount = float(values["quote"])
        price = float(values["price"]) if "price" in values else None
        kind = "limit" if price is not None else "market"
        side = values["side"].lower()
        await self.client.create_order(self.pair_name, kind, side, amount, price, more)
        return await self.query(values)

    async def pair(self, values: dict[str, str]) -> Any:
        await self.client.private_post_trade_order_algo(self.words.pair(values))
        return await self.query(values)

    async def query(self, values: dict[str, str]) -> Any:
        asked: dict[str, Any] = {"clientOrderId": okx_words.own_of(values["id"])}
        if not self.words.is_algo(values["id"]):
            return self.told(await self.client.fetch_order(None, self.pair_name, asked))
        asked["trigger"] = True
        found = await self.client.fetch_order(None, self.pair_name, asked)
        if found["info"]["ordId"]:
            return self.told(await self.client.fetch_order(found["info"]["ordId"], self.pair_name))
        return self.words.told(found["info"])

    def told(self, one: dict[str, Any]) -> dict[str, str]:
        """Return what ccxt says of an order in the words of the steps."""
        own = one["clientOrderId"] or one["info"]["algoClOrdId"]
        words = {"open": "PARTIALLY_FILLED" if one["filled"] else "NEW", "closed": "FILLED"}
        filled = self.words.qty(okx_words.number(Decimal(str(one["filled"]))))
        status = words.get(one["status"], "ENDED")
        return {"id": self.words.names[own], "status": status, "filled": filled}

    async def terms(self, values: dict[str, str]) -> Any:
        asked = {"clientOrderId": okx_words.own_of(values["id"])}
        row = (await self.client.fetch_order(None, self.pair_name, asked))["info"]
        return {"qty": self.words.qty(row["sz"]), "price": row["px"]}

    async def amend(self, values: dict[str, str]) -> Any:
        asked = {"clientOrderId": okx_words.own_of(values["id"])}
        await self.client.edit_order(
            None, self.pair_name, "limit", "buy", self.size(values), float(values["price"]), asked
        )
        return {"done": "amend"}

    async def cancel(self, values: dict[str, str]) -> Any:
        asked: dict[str, Any] = {"clientOrderId": okx_words.own_of(values["id"])}
        if self.words.is_algo(values["id"]):
            asked["trigger"] = True
        await self.client.cancel_order(None, self.pair_name, asked)
        return await self.query(values)

    async def open_rows(self) -> list[dict[str, Any]]:
        """Return what rests and what waits: two questions, the second for each type."""
        rows = [one["info"] for one in await self.client.fetch_open_orders(self.pair_name)]
        for kind in okx_words.ALGO_TYPES.split(","):
            more = {"trigger": True, "ordType": kind}
            found = await self.client.fetch_open_orders(self.pair_name, params=more)
            rows += [one["info"] for one in found]
        return rows

    async def cancel_all(self, _values: dict[str, str]) -> Any:
        rows = await self.open_rows()
        resting = [one["ordId"] for one in rows if "accFillSz" in one]
        waiting = [one["algoId"] for one in rows if "accFillSz" not in one]
        if resting:
            await self.client.cancel_orders(resting, self.pair_name)
        if waiting:
            await self.client.cancel_orders(waiting, self.pair_name, {"trigger": True})
        return {"ids": sorted(self.words.ends(rows))}

    async def open_orders(self, _values: dict[str, str]) -> Any:
        return {"ids": sorted(self.words.ends(await self.open_rows()))}

    async def all_orders(self, _values: dict[str, str]) -> Any:
        rows = await self.open_rows()
        for state in ("closed", "canceled"):
            ask = getattr(self.client, f"fetch_{state}_orders")
            rows += [one["info"] for one in await ask(self.pair_name)]
        for kind in okx_words.ALGO_TYPES.split(","):
            for state in ("effective", "canceled"):
                asked = {"ordType": kind, "state": state, "instId": self.words.symbol}
                found = await self.client.private_get_trade_orders_algo_history(asked)
                rows += found["data"]
        return self.words.ends(rows)

    async def my_trades(self, _values: dict[str, str]) -> Any:
        found = await self.client.fetch_my_trades(self.pair_name)
        return [self.words.fill(one["info"]) for one in found]

    async def account(self, _values: dict[str, str]) -> Any:
        found = await self.client.fetch_balance()
        return {
            ccy: [format(found[ccy][part], ".8f") for part in ("free", "used")]
            for ccy in ("BTC", "USDT")
        }

    async def wallet(self, _values: dict[str, str]) -> Any:
        found = await self.client.fetch_balance()
        return {"USDT": okx_words.cash(found["info"]["data"][0])["USDT"]["cashBal"]}

    async def positions(self, _values: dict[str, str]) -> Any:
        found = await self.client.fetch_positions([self.pair_name])
        return sorted(self.held_of(one) for one in found)

    def held_of(self, one: dict[str, Any]) -> list[str]:
        """Return side, quantity and entry of a position of ccxt."""
        size = okx_words.number(Decimal(str(one["contracts"])))
        entry = Decimal(str(one["entryPrice"])).quantize(Decimal("0.01"))
        return [one["side"].upper(), self.words.qty(size), okx_words.number(entry)]

    async def leverage(self, values: dict[str, str]) -> Any:
        lever = int(values["to"])
        if lever <= LEVERAGE_MAX:
            await self.client.set_leverage(lever, self.pair_name, {"mgnMode": "cross"})
        else:  # ccxt itself asks for no more, so the venue has to be asked beneath its words
            asked = {"instId": self.words.symbol, "lever": values["to"], "mgnMode": "cross"}
            await self.client.private_post_account_set_leverage(asked)
        return {"done": "leverage"}

    async def mode(self, values: dict[str, str]) -> Any:
        await self.client.set_position_mode(values["to"] == "hedge")
        return {"done": "mode"}

    async def book(self, _values: dict[str, str]) -> Any:
        found = await self.client.fetch_order_book(self.pair_name)
        return self.touch(found)

    def touch(self, found: Any) -> dict[str, str]:
        """Return the best prices of a book of ccxt."""
        return {"bid": str(found["bids"][0][0]), "ask": str(found["asks"][0][0])}

    async def watch_orders(self) -> None:
        """Keep the last word on each order until the task ends."""
        while True:
            for one in await self.client.watch_orders():
                row = one["info"]
                self.rows[f"order/{row['clOrdId'] or row['algoClOrdId']}"] = row

    async def watch_algos(self) -> None:
        """Keep the last word on each algo order until the task ends."""
        while True:
            for one in await self.client.watch_orders(params={"trigger": True}):
                self.rows[f"algo/{one['info']['algoClOrdId']}"] = one["info"]

    async def watch_book(self) -> None:
        """Keep the book until the task ends."""
        while True:
            self.kept = await self.client.watch_order_book(self.pair_name)

    async def watch_cash(self) -> None:
        """Keep the balance until the task ends."""
        while True:
            self.cash = await self.client.watch_balance()

    async def watch_held(self) -> None:
        """Keep the positions until the task ends."""
        while True:
            for one in await self.client.watch_positions():
                self.held[one["info"]["posId"]] = one

    def watching(self) -> list[Any]:
        """Return the tasks of all streams."""
        tasks = [self.watch_orders(), self.watch_algos(), self.watch_book(), self.watch_cash()]
        return tasks if self.spot else [*tasks, self.watch_held()]

    async def streamed_book(self, _values: dict[str, str]) -> Any:
        rows = await self.client.public_get_market_books({"instId": self.words.symbol})
        last = int(rows["data"][0]["seqId"])
        await eventually(lambda: bool(self.kept) and self.kept["nonce"] >= last)
        return self.touch(self.kept)

    async def streamed_orders(self, _values: dict[str, str]) -> Any:
        await eventually(lambda: "order/last2" in self.rows)
        return self.words.ends(list(self.rows.values()))

    async def streamed_positions(self, _values: dict[str, str]) -> Any:
        return [self.held_of(one) for one in self.held.values() if one["contracts"]]

    async def streamed_wallet(self, _values: dict[str, str]) -> Any:
        return {"USDT": okx_words.number(Decimal(str(self.cash["USDT"]["total"])))}
