"""Steps in, what was told out, one JSON value a line: the talk between a test and a client.

These scripts run under the clients' own interpreter, which knows nothing of this project.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

WAIT_S = 20.0


async def until(check: Callable[[], Any]) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(WAIT_S):
        while not check():  # noqa: ASYNC110 - what is waited for is set by other threads too
            await asyncio.sleep(0.01)


def where() -> dict[str, str]:
    """Return addresses and key: the first line."""
    return json.loads(sys.stdin.readline())


async def walk(take: Callable[[str, dict[str, str]], Awaitable[Any]]) -> None:
    """Take every step and tell what was answered."""
    for line in sys.stdin:
        do, values = json.loads(line)
        told = await take(do, values)
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


def order(raw: dict[str, Any]) -> dict[str, str]:
    """Return what matters of an order as Binance prints it; a cancel names the old id apart."""
    own = raw.get("origClientOrderId") or raw["clientOrderId"]
    return {"id": own, "status": raw["status"], "filled": raw["executedQty"]}


def pair(raw: dict[str, Any]) -> dict[str, Any]:
    """Return what matters of an OCO pair."""
    own = sorted(one["clientOrderId"] for one in raw["orders"])
    return {"id": raw["listClientOrderId"], "status": raw["listOrderStatus"], "ids": own}


def account(raw: dict[str, Any]) -> dict[str, list[str]]:
    """Return free and locked by asset."""
    return {one["asset"]: [one["free"], one["locked"]] for one in raw["balances"]}


def ids(raw: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return the ids of a list of orders."""
    return {"ids": sorted(order(one)["id"] for one in raw)}


def orders(raw: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return status and filled quantity by id."""
    return {one["clientOrderId"]: [one["status"], one["executedQty"]] for one in raw}


def trades(raw: list[dict[str, Any]]) -> list[list[str]]:
    """Return side, quantity, price and fee of each trade."""
    return [
        [
            "BUY" if one["isBuyer"] else "SELL",
            one["qty"],
            one["price"],
            one["commissionAsset"],
            one["commission"],
        ]
        for one in raw
    ]


def touch(bids: list[list[str]], asks: list[list[str]]) -> dict[str, str]:
    """Return the best prices."""
    return {"bid": bids[0][0], "ask": asks[0][0]}


class Streams:
    """What the two streams of a client told so far."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.orders: dict[str, list[str]] = {}
        self.pairs: dict[str, list[str]] = {}
        self.bids: dict[float, str] = {}
        self.asks: dict[float, str] = {}
        self.last = 0

    def start(self, raw: dict[str, Any]) -> None:
        """Begin with a picture of the book."""
        self.bids = {float(price): price for price, _qty in raw["bids"]}
        self.asks = {float(price): price for price, _qty in raw["asks"]}
        self.last = raw["lastUpdateId"]

    def report(self, event: dict[str, Any]) -> None:
        """Take an event of the user's own stream; one client leaves its name `e` out."""
        if "X" in event and "z" in event:
            self.orders[event["C"] or event["c"]] = [event["X"], event["z"]]
        elif "L" in event and "O" in event:
            self.pairs.setdefault(event["C"], []).append(event["L"])

    def depth(self, event: dict[str, Any]) -> None:
        """Take a change of the book; one that leaves a gap is a failure."""
        if event["u"] <= self.last:
            return
        if event["U"] > self.last + 1:
            raise ValueError(f"changes {self.last + 1} to {event['U'] - 1} are missing")
        for side, changes in ((self.bids, event["b"]), (self.asks, event["a"])):
            for price, qty in changes:
                side.pop(float(price), None)
                if float(qty):
                    side[float(price)] = price
        self.last = event["u"]

    def touch(self) -> dict[str, str]:
        """Return the best prices of the book that was kept."""
        return {"bid": self.bids[max(self.bids)], "ask": self.asks[min(self.asks)]}
