"""Take the steps with python-okx: `domain=` and the URL of its streams say where the venue is."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import lines
import okx_words
from okx.Account import AccountAPI
from okx.MarketData import MarketAPI
from okx.Trade import TradeAPI
from okx.websocket.WsPrivateAsync import WsPrivateAsync
from okx.websocket.WsPublicAsync import WsPublicAsync

PACE_S = 0.08
"""Between two steps: the client has no limiter of its own, and the venue takes 60 calls in 2 s."""


class Refused(Exception):  # noqa: N818 - what a step is told, not a crash
    """The venue refused."""

    def __init__(self, told: dict[str, str]) -> None:
        """Carry what it said."""
        self.told = told


class Trader:
    """One client, which blocks, and its streams, which do not."""

    def __init__(self, place: dict[str, str]) -> None:
        """Trade the instrument of this place."""
        keys = (place["key"], place["secret"], place["passphrase"])
        more = {"flag": "0", "domain": place["http"]}
        self.words = okx_words.Words(place["symbol"])
        self.trade, self.account_api = TradeAPI(*keys, **more), AccountAPI(*keys, **more)
        self.market = MarketAPI(**more)
        self.spot = place["symbol"] == okx_words.SPOT
        self.book_kept = okx_words.Book()
        self.rows: dict[str, dict[str, Any]] = {}
        self.held: dict[str, dict[str, Any]] = {}
        self.cash: dict[str, dict[str, str]] = {}

    async def take(self, do: str, values: dict[str, str]) -> Any:
        """Take a step; a refusal is its reason."""
        await asyncio.sleep(PACE_S)
        try:
            told = getattr(self, do.replace(" ", "_"))
            if do.startswith("streamed"):
                return await told(values)
            return await asyncio.to_thread(told, values)
        except Refused as refused:
            return refused.told

    def ask(self, answer: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the rows of an answer."""
        refused = okx_words.refusal(answer)
        if refused is not None:
            raise Refused(refused)
        return answer["data"]

    def new(self, values: dict[str, str]) -> Any:
        if values["type"] in okx_words.WAITING:
            self.ask(self.trade.place_algo_order(**self.words.algo(values)))
        else:
            self.ask(self.trade.place_order(**self.words.order(values)))
        return self.query(values)

    def pair(self, values: dict[str, str]) -> Any:
        self.ask(self.trade.place_algo_order(**self.words.pair(values)))
        return self.query(values)

    def query(self, values: dict[str, str]) -> Any:
        own = okx_words.own_of(values["id"])
        symbol = self.words.symbol
        if not self.words.is_algo(values["id"]):
            return self.words.told(self.ask(self.trade.get_order(symbol, clOrdId=own))[0])
        row = self.ask(self.trade.get_algo_order_details(algoClOrdId=own))[0]
        if row["ordId"]:
            row = self.ask(self.trade.get_order(symbol, ordId=row["ordId"]))[0]
        return self.words.told(row)

    def terms(self, values: dict[str, str]) -> Any:
        own = okx_words.own_of(values["id"])
        row = self.ask(self.trade.get_order(self.words.symbol, clOrdId=own))[0]
        return {"qty": self.words.qty(row["sz"]), "price": row["px"]}

    def amend(self, values: dict[str, str]) -> Any:
        self.ask(
            self.trade.amend_order(
                self.words.symbol, clOrdId=okx_words.own_of(values["id"]),
                newSz=self.words.size(values["qty"]), newPx=values["price"],
            )
        )  # fmt: skip
        return {"done": "amend"}

    def cancel(self, values: dict[str, str]) -> Any:
        own, symbol = okx_words.own_of(values["id"]), self.words.symbol
        if self.words.is_algo(values["id"]):
            self.ask(self.trade.cancel_algo_order([{"instId": symbol, "algoClOrdId": own}]))
        else:
            self.ask(self.trade.cancel_order(symbol, clOrdId=own))
        return self.query(values)

    def open_rows(self) -> list[dict[str, Any]]:
        """Return what rests and what waits: two questions."""
        symbol = self.words.symbol
        rows = self.ask(self.trade.get_order_list(instId=symbol))
        waiting = self.trade.order_algos_list(ordType=okx_words.ALGO_TYPES, instId=symbol)
        return rows + self.ask(waiting)

    def cancel_all(self, _values: dict[str, str]) -> Any:
        rows, symbol = self.open_rows(), self.words.symbol
        resting = [{"instId": symbol, "ordId": one["ordId"]} for one in rows if "accFillSz" in one]
        waiting = [{"instId": symbol, "algoId": one["algoId"]} for one in rows
                   if "accFillSz" not in one]  # fmt: skip
        if resting:
            self.ask(self.trade.cancel_multiple_orders(resting))
        if waiting:
            self.ask(self.trade.cancel_algo_order(waiting))
        return {"ids": sorted(self.words.ends(rows))}

    def open_orders(self, _values: dict[str, str]) -> Any:
        return {"ids": sorted(self.words.ends(self.open_rows()))}

    def all_orders(self, _values: dict[str, str]) -> Any:
        symbol = self.words.symbol
        kind = "SPOT" if self.spot else "SWAP"
        rows = self.open_rows() + self.ask(self.trade.get_orders_history(kind, instId=symbol))
        for state in ("effective", "canceled"):
            found = self.trade.order_algos_history(okx_words.ALGO_TYPES, state, instId=symbol)
            rows += self.ask(found)
        return self.words.ends(rows)

    def my_trades(self, _values: dict[str, str]) -> Any:
        rows = self.ask(self.trade.get_fills(instId=self.words.symbol))
        return [self.words.fill(one) for one in reversed(rows)]

    def account(self, _values: dict[str, str]) -> Any:
        found = okx_words.cash(self.ask(self.account_api.get_account_balance())[0])
        return {ccy: [one["availBal"], one["frozenBal"]] for ccy, one in found.items()}

    def wallet(self, _values: dict[str, str]) -> Any:
        found = okx_words.cash(self.ask(self.account_api.get_account_balance("USDT"))[0])
        return {"USDT": found["USDT"]["cashBal"]}

    def positions(self, _values: dict[str, str]) -> Any:
        rows = self.ask(self.account_api.get_positions(instType="SWAP"))
        return [self.words.position(one) for one in rows]

    def leverage(self, values: dict[str, str]) -> Any:
        api = self.account_api
        self.ask(api.set_leverage(values["to"], "cross", instId=self.words.symbol))
        return {"done": "leverage"}

    def mode(self, values: dict[str, str]) -> Any:
        wanted = "long_short_mode" if values["to"] == "hedge" else "net_mode"
        self.ask(self.account_api.set_position_mode(wanted))
        return {"done": "mode"}

    def book(self, _values: dict[str, str]) -> Any:
        found = self.ask(self.market.get_orderbook(self.words.symbol, sz="5"))[0]
        return lines.touch(found["bids"], found["asks"])

    async def streamed_book(self, _values: dict[str, str]) -> Any:
        found = await asyncio.to_thread(self.market.get_orderbook, self.words.symbol)
        last = found["data"][0]["seqId"]
        await lines.until(lambda: self.book_kept.last >= last)
        return self.book_kept.touch()

    async def streamed_orders(self, _values: dict[str, str]) -> Any:
        await lines.until(lambda: "order/last2" in self.rows)
        return self.words.ends(list(self.rows.values()))

    async def streamed_positions(self, _values: dict[str, str]) -> Any:
        rows = [one for one in self.held.values() if one["pos"] != "0"]
        return [self.words.position(one) for one in rows]

    async def streamed_wallet(self, _values: dict[str, str]) -> Any:
        return {"USDT": self.cash["USDT"]["cashBal"]}

    def hear(self, text: str) -> None:
        """Take a message of a stream."""
        if text == "pong":
            return
        message = json.loads(text)
        if message.get("event") == "error":
            raise ValueError(text)
        channel = message.get("arg", {}).get("channel")
        for row in message.get("data", []):
            if channel == "orders":
                self.rows[f"order/{row['clOrdId'] or row['algoClOrdId']}"] = row
            elif channel == "orders-algo":
                self.rows[f"algo/{row['algoClOrdId']}"] = row
            elif channel == "positions":
                self.held[row["posId"]] = row
            elif channel == "account":
                self.cash |= okx_words.cash(row)
        if channel == "books" and "data" in message:
            self.book_kept.take(message)


async def listen(trader: Trader, place: dict[str, str]) -> list[asyncio.Task[None]]:
    """Open the three streams and subscribe; the private ones wait five seconds after the login."""
    keys = (place["key"], place["passphrase"], place["secret"])
    public = WsPublicAsync(place["ws"] + "/ws/v5/public")
    private = WsPrivateAsync(*keys, place["ws"] + "/ws/v5/private")
    business = WsPrivateAsync(*keys, place["ws"] + "/ws/v5/business")
    tasks = [await one.start() for one in (public, private, business)]
    symbol = place["symbol"]
    wanted = [{"channel": "orders", "instType": "ANY"}, {"channel": "account"},
              {"channel": "positions", "instType": "ANY"}]  # fmt: skip
    await asyncio.gather(
        public.subscribe([{"channel": "books", "instId": symbol}], trader.hear),
        private.subscribe(wanted, trader.hear),
        business.subscribe([{"channel": "orders-algo", "instType": "ANY"}], trader.hear),
    )
    await lines.until(lambda: trader.cash and trader.book_kept.last >= 0)
    return tasks


async def main() -> None:
    """Connect, listen, take every step."""
    place = lines.where()
    trader = Trader(place)
    tasks = await listen(trader, place)
    await lines.walk(trader.take)
    assert not any(task.done() for task in tasks), "a stream ended early"
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
