"""One afternoon of trading on Coinbase spot, as steps that any client of it can take.

The price stands still at 60,000, so what each step answers is known beforehand. The account has
100,000 USD and 2 BTC; each of the five levels on either side of the book has 1 BTC; a taker pays
1.2 %, a maker 0.6 %, always in quote. A refusal is the reason in the venue's own words. A
market buy is sized in quote, for one of the clients can send no other.
"""

from __future__ import annotations

from typing import Any

from tests.e2e.venues.clients.scenario import Step, new

ASK, BID = "60000.01", "59999.99"
FAR = "2099-01-01T00:00:00Z"


def order(own: str, status: str, filled: str = "0") -> dict[str, str]:
    """Return what a client is told of an order."""
    return {"id": own, "status": status, "filled": filled}


def refused(reason: str) -> dict[str, str]:
    """Return what a client is told of a refusal."""
    return {"refused": reason}


def limit(own: str, side: str, qty: str, price: str, told: Any, **more: str) -> Step:
    """Return the step of a limit order."""
    return new(own, side, "LIMIT", told, qty=qty, price=price, **more)


def stop(own: str, price: str, at: str, way: str, told: Any) -> Step:
    """Return the step of a stop to sell a hundredth."""
    return new(own, "SELL", "STOP_LIMIT", told, qty="0.01", price=price, stop=at, way=way)


OPENED = [
    Step("book", {}, {"bid": BID, "ask": ASK}),
    Step("account", {}, {"BTC": ["2", "0"], "USD": ["100000", "0"]}),
    limit("rest-1", "BUY", "0.01", "50000", order("rest-1", "OPEN")),
    Step("query", {"id": "rest-1"}, order("rest-1", "OPEN")),
    # the same id again is the same order, whatever else is sent
    limit("rest-1", "BUY", "0.01", "50000", order("rest-1", "OPEN")),
    limit("rest-1", "SELL", "0.5", "70000", order("rest-1", "OPEN")),
    Step("open orders", {}, {"ids": ["rest-1"]}),
    Step("account", {}, {"BTC": ["2", "0"], "USD": ["99494", "506"]}),
    Step("preview", {"quote": "1200"}, {"base": "0.01976", "bid": BID, "ask": ASK}),
    new("market-1", "BUY", "MARKET", order("market-1", "FILLED", "0.01976"), quote="1200"),
    new("market-2", "SELL", "MARKET", order("market-2", "FILLED", "0.005"), qty="0.005"),
    stop("stop-1", "10900", "11000", "DOWN", order("stop-1", "OPEN")),
    stop("take-1", "95000", "91000", "UP", order("take-1", "OPEN")),
    stop("stop-2", "89000", "90000", "DOWN", refused("PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE")),
    stop("stop-3", "58000", "57000", "DOWN", refused("PREVIEW_STOP_PRICE_BELOW_LIMIT_PRICE")),
    limit("maker-1", "SELL", "0.01", "70000", order("maker-1", "OPEN"), post="yes"),
    limit("maker-2", "BUY", "0.01", "70000", refused("PREVIEW_INVALID_LIMIT_PRICE_POST_ONLY"),
          post="yes"),
]  # fmt: skip
TRADED = [
    # 0.01976 BTC of the best ask are gone by now, and 0.005 of the best bid.
    limit("ioc-1", "BUY", "1.2", ASK, order("ioc-1", "CANCELLED", "0.98024"), tif="IOC"),
    limit("fok-1", "SELL", "1.2", BID, order("fok-1", "CANCELLED"), tif="FOK"),
    limit("fok-2", "SELL", "0.1", BID, order("fok-2", "FILLED", "0.1"), tif="FOK"),
    limit("part-1", "SELL", "1", BID, order("part-1", "OPEN", "0.895")),
    Step("query", {"id": "part-1"}, order("part-1", "OPEN", "0.895")),
    Step("book", {}, {"bid": "59999.98", "ask": BID}),
    limit("much-1", "SELL", "100", "61000", refused("PREVIEW_INSUFFICIENT_FUND")),
    limit("little-1", "BUY", "0.00001", "10000", refused("PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL")),
    limit("large-1", "BUY", "2000", "50000", refused("PREVIEW_INVALID_BASE_SIZE_TOO_LARGE")),
    limit("dear-1", "BUY", "0.01", "2000000", refused("PREVIEW_INVALID_LIMIT_PRICE")),
    limit("much-1", "BUY", "0.01", "41000", order("much-1", "OPEN")),  # it named no order
    Step("edit", {"id": "part-1", "qty": "0.8", "price": BID},
         refused("CANNOT_EDIT_TO_BELOW_FILLED_SIZE")),
    Step("cancel", {"id": "part-1"}, order("part-1", "CANCELLED", "0.895")),
    Step("cancel", {"id": "part-1"}, refused("UNKNOWN_CANCEL_ORDER")),
    Step("cancel", {"id": "fok-2"}, refused("ORDER_IS_FULLY_FILLED")),
    Step("cancel", {"id": "nobody"}, refused("UNKNOWN_CANCEL_ORDER")),
    Step("query", {"id": "nobody"}, refused("NOT_FOUND")),
    limit("move-1", "BUY", "0.01", "51000", order("move-1", "OPEN")),
    Step("edit", {"id": "move-1", "qty": "0.02", "price": "52000"}, {"done": "edit"}),
    Step("terms", {"id": "move-1"}, {"qty": "0.02", "price": "52000"}),
    Step("edit", {"id": "move-1", "qty": "100", "price": "52000"},
         refused("COMMANDER_REJECTED_EDIT_ORDER")),
    Step("edit", {"id": "stop-1", "qty": "0.02", "price": "10900"},
         refused("ONLY_LIMIT_ORDER_EDITS_SUPPORTED")),
    Step("edit", {"id": "nobody", "qty": "0.02", "price": "52000"}, refused("ORDER_NOT_FOUND")),
    Step("terms", {"id": "move-1"}, {"qty": "0.02", "price": "52000"}),
    limit("date-1", "BUY", "0.01", "40000", order("date-1", "OPEN"), tif="GTD", until=FAR),
    limit("date-2", "BUY", "0.01", "40000", refused("PREVIEW_INVALID_ORDER_CONFIG"), tif="GTD",
          until="2020-01-01T00:00:00Z"),
]  # fmt: skip
OPEN_THEN = ["date-1", "maker-1", "move-1", "much-1", "rest-1", "stop-1", "take-1"]
CLOSED = [
    Step("open orders", {}, {"ids": OPEN_THEN}),
    Step("cancel all", {}, {"ids": OPEN_THEN}),
    Step("open orders", {}, {"ids": []}),
    limit("last-1", "BUY", "0.1", "40000", order("last-1", "OPEN")),
    limit("last-2", "SELL", "0.2", "80000", order("last-2", "OPEN")),
    Step("account", {}, {"BTC": ["1.8", "0.2"], "USD": ["94511.98000001", "4048"]}),
    Step("all orders", {}, {
        "rest-1": ["CANCELLED", "0"], "market-1": ["FILLED", "0.01976"],
        "market-2": ["FILLED", "0.005"], "stop-1": ["CANCELLED", "0"],
        "take-1": ["CANCELLED", "0"], "maker-1": ["CANCELLED", "0"],
        "ioc-1": ["CANCELLED", "0.98024"], "fok-1": ["CANCELLED", "0"], "fok-2": ["FILLED", "0.1"],
        "part-1": ["CANCELLED", "0.895"], "much-1": ["CANCELLED", "0"],
        "move-1": ["CANCELLED", "0"], "date-1": ["CANCELLED", "0"], "last-1": ["OPEN", "0"],
        "last-2": ["OPEN", "0"],
    }),
    Step("my trades", {}, [
        ["BUY", "0.01976", ASK, "14.22720237"], ["SELL", "0.005", BID, "3.5999994"],
        ["BUY", "0.98024", ASK, "705.77291762"], ["SELL", "0.1", BID, "71.999988"],
        ["SELL", "0.895", BID, "644.3998926"],
    ]),
]  # fmt: skip
STREAMED = [
    Step("streamed book", {}, {"bid": "59999.98", "ask": "60000.02"}),
    Step("streamed orders", {}, CLOSED[-2].told),
]
STEPS = [*OPENED, *TRADED, *CLOSED, *STREAMED]
