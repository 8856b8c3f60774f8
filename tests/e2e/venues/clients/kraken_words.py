"""What a step asks of Kraken, and how its rows read in the words of the steps; for any client."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

PAIR, SYMBOL = "XBTUSD", "BTC/USD"
TYPES = {
    "MARKET": "market", "LIMIT": "limit", "STOP": "stop-loss", "STOP_LIMIT": "stop-loss-limit",
    "TAKE_PROFIT": "take-profit", "TAKE_PROFIT_LIMIT": "take-profit-limit",
    "TRAILING": "trailing-stop",
}  # fmt: skip
STATES = {"closed": "FILLED", "canceled": "ENDED", "expired": "ENDED"}
STREAMED = {"filled": "FILLED", "canceled": "ENDED", "expired": "ENDED"}
CODES = {"XXBT": "BTC", "ZUSD": "USD"}
REASONS = {
    "EGeneral:Invalid arguments:cl_ord_id": "duplicate", "EOrder:Post only order": "post only",
    "EOrder:Insufficient funds": "funds", "EOrder:Order minimum not met": "minimum",
    "EOrder:Cost minimum not met": "cost", "EGeneral:Invalid arguments:volume": "size",
    "EOrder:Invalid price": "price", "EOrder:Unknown order": "unknown order",
}  # fmt: skip


def refusal(text: str) -> dict[str, str]:
    """Return what a refusal says."""
    return {"refused": REASONS.get(text, text)}


def number(value: str | float) -> str:
    """Print without idle zeros."""
    return format(Decimal(str(value)).normalize(), "f")


def body(values: dict[str, str]) -> dict[str, str]:
    """Return a new order in the venue's words."""
    kind = TYPES[values["type"]]
    prices = [values[name] for name in ("stop", "price") if name in values]
    said = {
        "ordertype": "iceberg" if "shown" in values else kind,
        "type": values["side"].lower(), "pair": PAIR, "cl_ord_id": values["id"],
        "volume": values.get("quote") or values["qty"],
        "timeinforce": values.get("tif", ""), "displayvol": values.get("shown", ""),
        "oflags": "post" if "post" in values else "viqc" if "quote" in values else "",
        "price": f"+{values['trail']}%" if "trail" in values else "".join(prices[:1]),
        "price2": "".join(prices[1:]),
    }  # fmt: skip
    return {name: value for name, value in said.items() if value}


def told(row: dict[str, Any]) -> dict[str, str]:
    """Return what matters of an order of REST."""
    filled = number(row["vol_exec"])
    open_word = "PARTIALLY_FILLED" if Decimal(filled) else "NEW"
    return {
        "id": row["cl_ord_id"], "status": STATES.get(row["status"], open_word), "filled": filled,
    }  # fmt: skip


def ends(rows: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    """Return status and filled quantity by the owner's id."""
    found = [told(row) for row in rows.values()]
    return {one["id"]: [one["status"], one["filled"]] for one in found}


def streamed(rows: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    """Return the same of the rows of a stream: what was said of each order, put together."""
    return {
        row["cl_ord_id"]: [
            STREAMED.get(row["order_status"], "NEW"), number(row.get("cum_qty", 0)),
        ]
        for row in rows.values()
    }  # fmt: skip


def trade(row: dict[str, Any]) -> list[str]:
    """Return side, quantity, price and fee of a trade."""
    return [
        row["type"].upper(), number(row["vol"]), number(row["price"]), number(row["fee"]),
    ]  # fmt: skip


def balances(rows: dict[str, dict[str, str]]) -> dict[str, list[str]]:
    """Return free and held by asset."""
    return {
        CODES[code]: [
            number(str(Decimal(one["balance"]) - Decimal(one["hold_trade"]))),
            number(one["hold_trade"]),
        ]
        for code, one in rows.items()
    }
