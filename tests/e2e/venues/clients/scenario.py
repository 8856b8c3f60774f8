"""One afternoon of trading on Binance spot, as steps that any client can take.

The price stands still at 60,000, so what each step answers is known beforehand: an order's id,
status and filled quantity, the ids of a list, or the venue's own code of a refusal. The account
has 100,000 USDT and 2 BTC; each of the five levels on either side of the book has 1 BTC.
"""

from __future__ import annotations

from typing import Any, NamedTuple

ASK, BID = "60000.01", "59999.99"


class Step(NamedTuple):
    """What to do, with what, and what the client must be told."""

    do: str
    with_: dict[str, str]
    told: Any


def new(own: str, side: str, kind: str, told: Any, **more: str) -> Step:
    """Return the step of one new order."""
    return Step("new", {"id": own, "side": side, "type": kind, **more}, told)


def limit(own: str, side: str, qty: str, price: str, told: Any, **more: str) -> Step:
    """Return the step of a limit order."""
    more = {"tif": "GTC", **more}
    return new(own, side, "LIMIT", told, qty=qty, price=price, **more)


def order(own: str, status: str, filled: str = "0") -> dict[str, str]:
    """Return what a client is told of an order."""
    return {"id": own, "status": status, "filled": filled}


def refused(code: int) -> dict[str, int]:
    """Return what a client is told of a refusal."""
    return {"code": code}


OPENED = [
    Step("book", {}, {"bid": BID, "ask": ASK}),
    Step("account", {}, {"BTC": ["2", "0"], "USDT": ["100000", "0"]}),
    limit("rest-1", "BUY", "0.01", "50000", order("rest-1", "NEW")),
    Step("query", {"id": "rest-1"}, order("rest-1", "NEW")),
    limit("rest-1", "BUY", "0.01", "50000", refused(-2010)),
    new("market-1", "BUY", "MARKET", order("market-1", "FILLED", "0.02"), qty="0.02"),
    new("market-2", "BUY", "MARKET", order("market-2", "FILLED", "0.01"), quote="600.01"),
    new("market-3", "SELL", "MARKET", order("market-3", "FILLED", "0.005"), qty="0.005"),
    new("stop-1", "SELL", "STOP_LOSS", order("stop-1", "NEW"), qty="0.01", stop="10000"),
    new("stop-2", "SELL", "STOP_LOSS_LIMIT", order("stop-2", "NEW"),
        qty="0.01", price="10900", stop="11000", tif="GTC"),
    new("take-1", "SELL", "TAKE_PROFIT", order("take-1", "NEW"), qty="0.01", stop="90000"),
    new("take-2", "SELL", "TAKE_PROFIT_LIMIT", order("take-2", "NEW"),
        qty="0.01", price="95000", stop="91000", tif="GTC"),
    new("stop-3", "SELL", "STOP_LOSS", refused(-2010), qty="0.01", stop="90000"),
    new("maker-1", "SELL", "LIMIT_MAKER", order("maker-1", "NEW"), qty="0.01", price="70000"),
    new("maker-2", "BUY", "LIMIT_MAKER", refused(-2010), qty="0.01", price="70000"),
    limit("ice-1", "SELL", "0.5", "65000", order("ice-1", "NEW"), shown="0.1"),
]  # fmt: skip
TRADED = [
    # 0.03 BTC of the best ask are gone by now, and 0.005 of the best bid.
    limit("ioc-1", "BUY", "1.2", ASK, order("ioc-1", "EXPIRED", "0.97"), tif="IOC"),
    limit("fok-1", "SELL", "1.2", BID, order("fok-1", "EXPIRED"), tif="FOK"),
    limit("fok-2", "SELL", "0.1", BID, order("fok-2", "FILLED", "0.1"), tif="FOK"),
    limit("part-1", "SELL", "1", BID, order("part-1", "PARTIALLY_FILLED", "0.895")),
    Step("query", {"id": "part-1"}, order("part-1", "PARTIALLY_FILLED", "0.895")),
    Step("book", {}, {"bid": "59999.98", "ask": BID}),
    limit("much-1", "SELL", "100", "61000", refused(-2010)),
    limit("little-1", "BUY", "0.0001", "10000", refused(-1013)),
    limit("large-1", "BUY", "2000", "50000", refused(-1013)),
    limit("dear-1", "BUY", "0.01", "2000000", refused(-1013)),
    Step("cancel", {"id": "part-1"}, order("part-1", "CANCELED", "0.895")),
    Step("cancel", {"id": "part-1"}, refused(-2011)),
    Step("cancel", {"id": "nobody"}, refused(-2011)),
    Step("query", {"id": "nobody"}, refused(-2013)),
    limit("move-1", "BUY", "0.01", "51000", order("move-1", "NEW")),
    Step("replace", {"old": "move-1", "id": "move-2", "side": "BUY", "qty": "0.02",
                     "price": "52000"}, order("move-2", "NEW")),
    Step("query", {"id": "move-1"}, order("move-1", "CANCELED")),
    Step("replace", {"old": "move-1", "id": "move-3", "side": "BUY", "qty": "0.02",
                     "price": "52000"}, refused(-2022)),
    Step("replace", {"old": "move-2", "id": "move-4", "side": "SELL", "qty": "100",
                     "price": "62000"}, refused(-2021)),
]  # fmt: skip
OPEN_THEN = ["ice-1", "maker-1", "rest-1", "stop-1", "stop-2", "take-1", "take-2"]
PAIR = {"id": "pair-1", "side": "SELL", "qty": "0.1", "above": "above-1", "price": "66000",
        "below": "below-1", "stop": "50000", "stop_price": "49900"}  # fmt: skip


def pair(status: str) -> dict[str, Any]:
    """Return what a client is told of the pair."""
    return {"id": "pair-1", "status": status, "ids": ["above-1", "below-1"]}


CLOSED = [
    Step("open orders", {}, {"ids": OPEN_THEN}),
    Step("cancel all", {}, {"ids": OPEN_THEN}),
    Step("cancel all", {}, refused(-2011)),
    Step("open orders", {}, {"ids": []}),
    Step("pair", PAIR, pair("EXECUTING")),
    Step("query pair", {"id": "pair-1"}, pair("EXECUTING")),
    Step("open orders", {}, {"ids": ["above-1", "below-1"]}),
    Step("cancel pair", {"id": "pair-1"}, pair("ALL_DONE")),
    Step("query pair", {"id": "pair-1"}, pair("ALL_DONE")),
    Step("cancel pair", {"id": "pair-1"}, refused(-2011)),
    Step("query pair", {"id": "nobody"}, refused(-2013)),
    limit("last-1", "BUY", "0.1", "40000", order("last-1", "NEW")),
    limit("last-2", "SELL", "0.2", "80000", order("last-2", "NEW")),
    Step("account", {}, {"BTC": ["1.799", "0.2"], "USDT": ["95939.98001", "4000"]}),
    Step("all orders", {}, {
        "rest-1": ["CANCELED", "0"], "market-1": ["FILLED", "0.02"], "market-2": ["FILLED", "0.01"],
        "market-3": ["FILLED", "0.005"], "stop-1": ["CANCELED", "0"], "stop-2": ["CANCELED", "0"],
        "take-1": ["CANCELED", "0"], "take-2": ["CANCELED", "0"], "maker-1": ["CANCELED", "0"],
        "ice-1": ["CANCELED", "0"], "ioc-1": ["EXPIRED", "0.97"], "fok-1": ["EXPIRED", "0"],
        "fok-2": ["FILLED", "0.1"], "part-1": ["CANCELED", "0.895"], "move-1": ["CANCELED", "0"],
        "move-2": ["CANCELED", "0"], "above-1": ["CANCELED", "0"],
        "below-1": ["CANCELED", "0"], "last-1": ["NEW", "0"], "last-2": ["NEW", "0"],
    }),
    Step("my trades", {}, [
        ["BUY", "0.02", ASK, "BTC", "0.00002"], ["BUY", "0.01", ASK, "BTC", "0.00001"],
        ["SELL", "0.005", BID, "USDT", "0.29999995"], ["BUY", "0.97", ASK, "BTC", "0.00097"],
        ["SELL", "0.1", BID, "USDT", "5.999999"], ["SELL", "0.895", BID, "USDT", "53.69999105"],
    ]),
]  # fmt: skip
STREAMED = [
    Step("streamed book", {}, {"bid": "59999.98", "ask": "60000.02"}),
    Step("streamed orders", {}, CLOSED[-2].told),
    Step("streamed pairs", {}, {"pair-1": ["EXECUTING", "ALL_DONE"]}),
]
STEPS = [*OPENED, *TRADED, *CLOSED, *STREAMED]
