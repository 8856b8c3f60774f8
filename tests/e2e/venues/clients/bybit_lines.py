"""Bybit's words to and from those of the steps; knows nothing of this project nor of any client.

The scripts that import it run under the clients' own interpreter.
"""

from __future__ import annotations

from typing import Any

NAME = "BTCUSDT"
STATUS = {
    "Untriggered": "WAITING", "New": "NEW", "PartiallyFilled": "PARTIALLY_FILLED",
    "Filled": "FILLED",
}  # fmt: skip
REASONS = {
    110072: "duplicate", 170141: "duplicate", 110001: "unknown order", 170213: "unknown order",
    170139: "unknown order", 170142: "unknown order", 110017: "reduce only",
    110092: "would trigger", 110093: "would trigger", 110007: "margin", 170131: "margin",
    170135: "size", 110003: "price", 170132: "price", 110094: "notional", 170140: "notional",
    110024: "busy", 110028: "busy", 110013: "leverage", 110043: "no change",
    110025: "no change",
}  # fmt: skip
TEXTS = {"position idx not match position mode": "position side", "too large": "size"}
"""Parameter errors have one code: what they mean is in their text."""


def refused(do: str, code: int, text: str) -> dict[str, str]:
    """Return what is told of a refusal."""
    reason = REASONS.get(code) or next(
        (word for part, word in TEXTS.items() if part in text), f"{code} {text}"
    )
    return {"refused": "no order" if do == "amend" and reason == "unknown order" else reason}


def placed(values: dict[str, str], category: str) -> dict[str, Any]:
    """Return the parameters of a new order."""
    get = values.get
    asked: dict[str, Any] = {
        "category": category,
        "symbol": NAME,
        "side": values["side"].capitalize(),
        "orderType": "Limit" if "price" in values else "Market",
        "qty": get("qty") or values["quote"],
        "orderLinkId": values["id"],
    }
    if "price" in values:
        asked |= {"price": values["price"]}
        asked |= {"timeInForce": "PostOnly" if "post" in values else get("tif", "GTC")}
    if category == "linear":
        asked |= {"positionIdx": {"LONG": 1, "SHORT": 2}.get(get("position", ""), 0)}
        asked |= {"reduceOnly": True} if "reduce" in values else {}
    elif "price" not in values:
        asked |= {"marketUnit": "quoteCoin" if "quote" in values else "baseCoin"}
    if "stop" in values:
        gains = values["type"].startswith("TAKE")
        rises = gains == (values["side"] == "SELL")
        way = {"triggerDirection": 1 if rises else 2}
        asked |= {"triggerPrice": values["stop"]}
        asked |= way if category == "linear" else {"orderFilter": "tpslOrder"}
    return asked


def order(raw: dict[str, Any]) -> dict[str, str]:
    """Return what matters of an order."""
    status = STATUS.get(raw["orderStatus"], "ENDED")
    return {"id": raw["orderLinkId"], "status": status, "filled": raw["cumExecQty"]}


def orders(found: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return status and filled quantity by id."""
    told = [order(one) for one in found]
    return {one["id"]: [one["status"], one["filled"]] for one in told}


def positions(found: list[dict[str, Any]], entry: str) -> list[list[str]]:
    """Return the open positions: side, quantity, entry price to the cent."""
    sides = {"Buy": "LONG", "Sell": "SHORT"}
    return [
        [sides[one["side"]], one["size"], f"{float(one[entry]):.2f}"]
        for one in sorted(found, key=lambda one: one["positionIdx"])
        if float(one["size"])
    ]


def trades(found: list[dict[str, Any]]) -> list[list[str]]:
    """Return side, quantity, price and fee of each trade, oldest first."""
    return [
        [one["side"].upper(), one["execQty"], one["execPrice"], one["feeCurrency"], one["execFee"]]
        for one in reversed(found)
    ]


def coins(wallet: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return the coins of a wallet by name."""
    return {one["coin"]: one for one in wallet["coin"]}


class Seen:
    """What the streams told so far."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.orders: dict[str, list[str]] = {}
        self.positions: dict[int, dict[str, Any]] = {}
        self.coins: dict[str, dict[str, str]] = {}

    def take(self, message: dict[str, Any]) -> None:
        """Take a frame of the private stream."""
        rows = message["data"]
        match message["topic"]:
            case "order":
                told = orders([one for one in rows if one["orderLinkId"]])
                self.orders |= told
            case "position":
                self.positions |= {one["positionIdx"]: one for one in rows}
            case "wallet":
                self.coins = coins(rows[0])
