"""Take the steps with python-kraken-sdk: three addresses say where the venue is.

Its own order book keeps the book of the stream, and checks every checksum.
"""

from __future__ import annotations

import asyncio
import os
import re
from typing import Any

import kraken_words as words
import lines
from kraken.base_api import SpotClient
from kraken.exceptions import EXCEPTION_ASSIGNMENT
from kraken.spot import Market, SpotOrderBookClient, SpotWSClient, Trade, User

REFUSALS = (ValueError, *set(EXCEPTION_ASSIGNMENT.values()))
NOBODY = "OAAAAA-BBBBB-CCCCCC"
ERROR = re.compile(r"'error': \['([^']*)'\]")


class Book(SpotOrderBookClient):
    """The book of the stream, as the library keeps it."""

    said = 0

    async def on_book_update(self, pair: str, message: dict) -> None:
        """Fail where a checksum does not agree."""
        if not self.get(pair=pair)["valid"]:
            raise ValueError(f"checksum of {message}")
        self.said += 1


class Streams(SpotWSClient):
    """What the private stream says."""

    def __init__(self, place: dict[str, str]) -> None:
        """Know nothing yet."""
        self.rows: dict[str, dict[str, Any]] = {}
        self.cash: dict[str, Any] = {}
        super().__init__(
            key=place["key"], secret=place["secret"], no_public=True, rest_url=place["http"],
            auth_ws_url=place["ws"],
        )  # fmt: skip

    async def on_message(self, message: dict) -> None:
        """Put together what is said of orders; keep balances."""
        if message.get("success") is False:
            raise ValueError(message)
        for row in message.get("data", []):
            if message["channel"] == "executions":
                self.rows.setdefault(row["order_id"], {}).update(row)
            elif message["channel"] == "balances":
                self.cash[row["asset"]] = format(row["balance"], ".8f")


class Trader:
    """One client, which blocks, and its streams, which do not."""

    def __init__(self, place: dict[str, str], streams: Streams, book: Book) -> None:
        """Trade at this place."""
        keys = {"key": place["key"], "secret": place["secret"]}
        self.trade, self.user, self.market = Trade(**keys), User(**keys), Market()
        self.ids: dict[str, str] = {}
        self.streams = streams
        self.kept = book

    async def take(self, do: str, values: dict[str, str]) -> Any:
        """Take a step; a refusal is its reason."""
        told = getattr(self, do.replace(" ", "_"))
        if do.startswith("streamed"):
            return await told(values)
        try:
            return await asyncio.to_thread(told, values)
        except REFUSALS as refused:
            said = ERROR.search(str(refused))  # the whole answer is in the text
            if said is None:
                raise
            return words.refusal(said[1])

    def answered(self, said: dict[str, Any]) -> dict[str, Any]:
        """Return an answer; a refusal that the library does not know comes back as one."""
        if said.get("error"):
            raise ValueError(said)
        return said

    def new(self, values: dict[str, str]) -> Any:
        body = words.body(values)
        body["side"] = body.pop("type")
        self.ids[values["id"]] = self.answered(self.trade.create_order(**body))["txid"][0]
        return self.query(values)

    def row(self, values: dict[str, str]) -> dict[str, Any]:
        """Return an order; one that nobody knows is asked for by an id of nobody."""
        txid = self.ids.get(values["id"], NOBODY)
        return self.answered(self.user.get_orders_info(txid=txid))[txid]

    def query(self, values: dict[str, str]) -> Any:
        return words.told(self.row(values))

    def terms(self, values: dict[str, str]) -> Any:
        row = self.row(values)
        return {"qty": row["vol"], "price": row["descr"]["price"]}

    def amend(self, values: dict[str, str]) -> Any:
        asked = {"order_qty": values["qty"], "limit_price": values["price"]}
        self.answered(self.trade.amend_order(cl_ord_id=values["id"], **asked))
        return {"done": "amend"}

    def cancel(self, values: dict[str, str]) -> Any:
        self.answered(self.trade.cancel_order(cl_ord_id=values["id"]))
        return self.query(values)

    def cancel_all(self, _values: dict[str, str]) -> Any:
        return {"count": self.trade.cancel_all_orders()["count"]}

    def open_orders(self, _values: dict[str, str]) -> Any:
        found = self.user.get_open_orders()["open"]
        return {"ids": sorted(one["cl_ord_id"] for one in found.values())}

    def all_orders(self, _values: dict[str, str]) -> Any:
        found = self.user.get_open_orders()["open"] | self.user.get_closed_orders()["closed"]
        return words.ends(found)

    def my_trades(self, _values: dict[str, str]) -> Any:
        found = self.user.get_trades_history()["trades"]
        return [words.trade(one) for one in reversed(list(found.values()))]

    def account(self, _values: dict[str, str]) -> Any:
        return words.balances(self.user.get_balances())

    def book(self, _values: dict[str, str]) -> Any:
        (found,) = self.market.get_order_book(words.PAIR, count=5).values()
        return lines.touch(found["bids"], found["asks"])

    async def streamed_book(self, _values: dict[str, str]) -> Any:
        wanted = await asyncio.to_thread(self.book, {})

        def touch() -> dict[str, str]:
            found = self.kept.get(pair=words.SYMBOL)
            return {"bid": next(iter(found["bid"])), "ask": next(iter(found["ask"]))}

        await lines.until(lambda: touch() == wanted)
        assert self.kept.said > 0
        return wanted

    async def streamed_orders(self, _values: dict[str, str]) -> Any:
        await lines.until(lambda: self.ids["last-2"] in self.streams.rows)
        return words.streamed(self.streams.rows)

    async def streamed_balances(self, _values: dict[str, str]) -> Any:
        return self.streams.cash


async def main() -> None:
    """Connect, listen, take every step."""
    place = lines.where()
    SpotClient.URL = place["http"]  # the book's client takes no addresses
    Book.WS_URL = place["ws"]
    streams, book = Streams(place), Book()
    await asyncio.gather(streams.start(), book.start())
    for channel in ("executions", "balances"):
        await streams.subscribe({"channel": channel})
    await book.add_book([words.SYMBOL])
    await lines.until(lambda: streams.cash and book.said)
    await lines.walk(Trader(place, streams, book).take)
    ended = streams.exception_occur or book.exception_occur
    assert not ended, "a stream ended early"
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
