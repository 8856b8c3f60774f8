"""One afternoon of trading on Kraken, as steps that any client can take.

It is the afternoon of `scenario.py` as Kraken has it: fees in quote on both sides, no fill-or-kill,
no pairs; a stop that is passed fires, and an order is amended in place. What is refused is named by
its reason. The account has 100,000 USD and 2 BTC; each of the five levels on either side of the
book has 1 BTC.
"""

from __future__ import annotations

from typing import Any

from tests.e2e.venues.clients.scenario import ASK, BID, Step, limit, new, order


def refused(reason: str) -> dict[str, str]:
    """Return what a client is told of a refusal."""
    return {"refused": reason}


OPENED = [
    Step("book", {}, {"bid": BID, "ask": ASK}),
    Step("account", {}, {"BTC": ["2", "0"], "USD": ["100000", "0"]}),
    limit("rest-1", "BUY", "0.01", "50000", order("rest-1", "NEW")),
    Step("query", {"id": "rest-1"}, order("rest-1", "NEW")),
    limit("rest-1", "BUY", "0.01", "50000", refused("duplicate")),
    new("market-1", "BUY", "MARKET", order("market-1", "FILLED", "0.02"), qty="0.02"),
    # The fee of 0.1 % has to fit into the 600.01 too.
    new("market-2", "BUY", "MARKET", order("market-2", "FILLED", "0.00999"), quote="600.01"),
    new("market-3", "SELL", "MARKET", order("market-3", "FILLED", "0.005"), qty="0.005"),
    new("stop-1", "SELL", "STOP", order("stop-1", "NEW"), qty="0.01", stop="10000"),
    new("stop-2", "SELL", "STOP_LIMIT", order("stop-2", "NEW"),
        qty="0.01", price="10900", stop="11000"),
    new("take-1", "SELL", "TAKE_PROFIT", order("take-1", "NEW"), qty="0.01", stop="90000"),
    new("take-2", "SELL", "TAKE_PROFIT_LIMIT", order("take-2", "NEW"),
        qty="0.01", price="95000", stop="91000"),
    new("stop-3", "SELL", "STOP", order("stop-3", "FILLED", "0.005"), qty="0.005", stop="90000"),
    new("trail-1", "SELL", "TRAILING", order("trail-1", "NEW"), qty="0.01", trail="20"),
    limit("maker-1", "SELL", "0.01", "70000", order("maker-1", "NEW"), post="yes"),
    limit("maker-2", "BUY", "0.01", "70000", refused("post only"), post="yes"),
    limit("ice-1", "SELL", "0.5", "65000", order("ice-1", "NEW"), shown="0.1"),
]  # fmt: skip
TRADED = [
    # 0.02999 BTC of the best ask are gone by now, and 0.01 of the best bid.
    limit("ioc-1", "BUY", "1.2", ASK, order("ioc-1", "ENDED", "0.97001"), tif="IOC"),
    limit("ioc-2", "SELL", "0.1", BID, order("ioc-2", "FILLED", "0.1"), tif="IOC"),
    limit("part-1", "SELL", "1", BID, order("part-1", "PARTIALLY_FILLED", "0.89")),
    Step("query", {"id": "part-1"}, order("part-1", "PARTIALLY_FILLED", "0.89")),
    Step("book", {}, {"bid": "59999.98", "ask": BID}),
    limit("much-1", "SELL", "100", "61000", refused("funds")),
    limit("small-1", "BUY", "0.00005", "60000", refused("minimum")),
    limit("little-1", "BUY", "0.0001", "10000", refused("cost")),
    limit("large-1", "BUY", "2000", "50000", refused("size")),
    limit("dear-1", "BUY", "0.01", "2000000", refused("price")),
    Step("cancel", {"id": "part-1"}, order("part-1", "ENDED", "0.89")),
    Step("cancel", {"id": "part-1"}, refused("unknown order")),
    Step("cancel", {"id": "nobody"}, refused("unknown order")),
    Step("query", {"id": "nobody"}, refused("unknown order")),
    limit("move-1", "BUY", "0.01", "51000", order("move-1", "NEW")),
    Step("amend", {"id": "move-1", "qty": "0.02", "price": "52000"}, {"done": "amend"}),
    Step("terms", {"id": "move-1"}, {"qty": "0.02", "price": "52000"}),
    Step("amend", {"id": "nobody", "qty": "0.02", "price": "52000"}, refused("unknown order")),
]  # fmt: skip
OPEN_THEN = ["ice-1", "maker-1", "move-1", "rest-1", "stop-1", "stop-2", "take-1", "take-2",
             "trail-1"]  # fmt: skip
ENDS = {
    "rest-1": ["ENDED", "0"], "market-1": ["FILLED", "0.02"], "market-2": ["FILLED", "0.00999"],
    "market-3": ["FILLED", "0.005"], "stop-1": ["ENDED", "0"], "stop-2": ["ENDED", "0"],
    "take-1": ["ENDED", "0"], "take-2": ["ENDED", "0"], "stop-3": ["FILLED", "0.005"],
    "trail-1": ["ENDED", "0"], "maker-1": ["ENDED", "0"], "ice-1": ["ENDED", "0"],
    "ioc-1": ["ENDED", "0.97001"], "ioc-2": ["FILLED", "0.1"], "part-1": ["ENDED", "0.89"],
    "move-1": ["ENDED", "0"], "last-1": ["NEW", "0"], "last-2": ["NEW", "0"],
}  # fmt: skip
TRADES = [
    ["BUY", "0.02", ASK, "1.2000002"], ["BUY", "0.00999", ASK, "0.59940009"],
    ["SELL", "0.005", BID, "0.29999995"], ["SELL", "0.005", BID, "0.29999995"],
    ["BUY", "0.97001", ASK, "58.2006097"], ["SELL", "0.1", BID, "5.999999"],
    ["SELL", "0.89", BID, "53.3999911"],
]  # fmt: skip
# One coin was bought for 60,000.01, one sold for 59,999.99, and the fees add up to 119.99999999.
TOTALS = {"BTC": "2", "USD": "99879.98000001"}
CLOSED = [
    Step("open orders", {}, {"ids": OPEN_THEN}),
    Step("cancel all", {}, {"count": 9}),
    Step("cancel all", {}, {"count": 0}),
    Step("open orders", {}, {"ids": []}),
    limit("last-1", "BUY", "0.1", "40000", order("last-1", "NEW")),
    limit("last-2", "SELL", "0.2", "80000", order("last-2", "NEW")),
    Step("account", {}, {"BTC": ["1.8", "0.2"], "USD": ["95875.98000001", "4004"]}),
    Step("all orders", {}, ENDS),
    Step("my trades", {}, TRADES),
]
STREAMED = [
    Step("streamed book", {}, {"bid": "59999.98", "ask": "60000.02"}),
    Step("streamed orders", {}, ENDS),
    Step("streamed balances", {}, TOTALS),
]
STEPS: list[Any] = [*OPENED, *TRADED, *CLOSED, *STREAMED]
