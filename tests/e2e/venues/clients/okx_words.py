"""What a step asks of OKX, and how its rows read in the words of the steps; for any client.

OKX takes letters and digits only as ids: `rest-1` goes out as `rest1`. A conditional order is apart
from orders until its price comes; what it became then counts.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

SPOT, SWAP = "BTC-USDT", "BTC-USDT-SWAP"
CONTRACT = {SPOT: Decimal(1), SWAP: Decimal("0.01")}
STATES = {"live": "NEW", "partially_filled": "PARTIALLY_FILLED", "filled": "FILLED"}
WAITING = frozenset({"STOP", "STOP_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT", "TRAILING"})
ORDER_TYPES = {"MARKET": "market", "IOC": "ioc", "FOK": "fok"}
ALGO_TYPES = "conditional,oco,trigger,move_order_stop"
REASONS = {
    "51016": "duplicate", "51400": "unknown order", "51503": "no order", "51603": "no order",
    "51169": "reduce only", "51280": "would trigger", "51008": "margin", "51101": "size",
    "51006": "price", "59000": "busy", "59102": "leverage",
}  # fmt: skip


def own_of(name: str) -> str:
    """Return the id that goes out."""
    return name.replace("-", "")


def refusal(answer: dict[str, Any]) -> dict[str, str] | None:
    """Return what a refusal says, None for an answer that is none."""
    items = [one for one in answer["data"] if one.get("sCode", "0") != "0"]
    code, said = (items[0]["sCode"], items[0]["sMsg"]) if items else (answer["code"], answer["msg"])
    if code == "0":
        return None
    if "posSide" in said:
        return {"refused": "position side"}
    return {"refused": REASONS.get(code, f"{code} {said}")}


def number(value: Decimal) -> str:
    """Print without idle zeros."""
    return format(value.normalize(), "f") if value else "0"


class Words:
    """The words of one instrument; remembers which ids went out, and which of them wait."""

    def __init__(self, symbol: str) -> None:
        """Speak of this instrument."""
        self.symbol = symbol
        self.names: dict[str, str] = {}
        self.algos: set[str] = set()

    def size(self, qty: str) -> str:
        """Return a quantity in base units as the venue counts it."""
        return number(Decimal(qty) / CONTRACT[self.symbol])

    def qty(self, size: str) -> str:
        """Return a size of the venue in base units."""
        return number(Decimal(size or "0") * CONTRACT[self.symbol])

    def own(self, name: str, *, waits: bool = False) -> str:
        """Return the id that goes out for a name, and remember it."""
        own = own_of(name)
        self.names[own] = name
        if waits:
            self.algos.add(own)
        return own

    def is_algo(self, name: str) -> bool:
        """Tell whether a name is one of a conditional order."""
        return own_of(name) in self.algos

    def told(self, row: dict[str, Any]) -> dict[str, str]:
        """Return what matters of an order, or of an algo order that has not become one."""
        own = row["clOrdId"] or row["algoClOrdId"]
        if "accFillSz" not in row:
            status = "WAITING" if row["state"] == "live" else "ENDED"
            return {"id": self.names[own], "status": status, "filled": "0"}
        status = STATES.get(row["state"], "ENDED")
        return {"id": self.names[own], "status": status, "filled": self.qty(row["accFillSz"])}

    def ends(self, rows: list[dict[str, Any]]) -> dict[str, list[str]]:
        """Return status and filled quantity by name; an order counts more than what it was."""
        found: dict[str, list[str]] = {}
        for row in sorted(rows, key=lambda one: "accFillSz" in one):
            one = self.told(row)
            found[one["id"]] = [one["status"], one["filled"]]
        return found

    def order(self, values: dict[str, str]) -> dict[str, Any]:
        """Return the body of a new order."""
        kind = values["type"]
        body = self._shared(values) | {
            "clOrdId": self.own(values["id"]),
            "ordType": ORDER_TYPES.get(values.get("tif", kind), "limit"),
        }
        if "post" in values:
            body["ordType"] = "post_only"
        if "price" in values:
            body["px"] = values["price"]
        if kind == "MARKET":
            body["ordType"] = "market"
        if kind == "MARKET" and self.symbol == SPOT:
            body["tgtCcy"] = "quote_ccy" if "quote" in values else "base_ccy"
        return body

    def algo(self, values: dict[str, str]) -> dict[str, Any]:
        """Return the body of a new conditional order."""
        kind = values["type"]
        own = self.own(values["id"], waits=True)
        body = self._shared(values) | {"algoClOrdId": own}
        if kind == "TRAILING":
            ratio = number(Decimal(values["trail"]) / 100)
            return body | {"ordType": "move_order_stop", "callbackRatio": ratio}
        which = "tp" if kind.startswith("TAKE") else "sl"
        body |= {
            "ordType": "conditional",
            f"{which}TriggerPx": values["stop"],
            f"{which}OrdPx": values.get("price", "-1"),
        }
        if "close" in values:
            body |= {"closeFraction": "1", "reduceOnly": "true"}
        return body

    def pair(self, values: dict[str, str]) -> dict[str, Any]:
        """Return the body of a pair: the gain at its limit, the stop at its own price."""
        own = self.own(values["id"], waits=True)
        return self._shared(values) | {
            "algoClOrdId": own, "ordType": "oco", "tpTriggerPx": values["price"],
            "tpOrdPx": values["price"], "slTriggerPx": values["stop"],
            "slOrdPx": values["stop_price"],
        }  # fmt: skip

    def _shared(self, values: dict[str, str]) -> dict[str, Any]:
        body = {
            "instId": self.symbol, "tdMode": "cash" if self.symbol == SPOT else "cross",
            "side": values["side"].lower(),
        }  # fmt: skip
        if "qty" in values:
            body["sz"] = self.size(values["qty"])
        if "quote" in values:
            body["sz"] = values["quote"]
        if "reduce" in values:
            body["reduceOnly"] = "true"
        if "position" in values:
            body["posSide"] = values["position"].lower()
        return body

    def position(self, row: dict[str, Any]) -> list[str]:
        """Return side, quantity and entry of a position."""
        size = Decimal(row["pos"])
        side = (
            row["posSide"].upper() if row["posSide"] != "net" else "LONG" if size > 0 else "SHORT"
        )
        entry = Decimal(row["avgPx"]).quantize(Decimal("0.01"))
        return [side, self.qty(number(abs(size))), number(entry)]

    def fill(self, row: dict[str, Any]) -> list[str]:
        """Return side, quantity, price and fee of a trade."""
        return [
            row["side"].upper(), self.qty(row["fillSz"]), row["fillPx"], row["feeCcy"],
            number(-Decimal(row["fee"])),
        ]  # fmt: skip


def cash(balance: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return the details of a balance by currency."""
    return {one["ccy"]: one for one in balance["details"]}


class Book:
    """The book of a stream, kept by its own chain of numbers."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.sides: dict[str, dict[Decimal, str]] = {"bids": {}, "asks": {}}
        self.last = -1

    def take(self, message: dict[str, Any]) -> None:
        """Take a message; one that does not follow is a failure."""
        for one in message["data"]:
            if message["action"] == "snapshot":
                self.sides = {"bids": {}, "asks": {}}
            elif one["prevSeqId"] != self.last:
                raise ValueError(f"{one['prevSeqId']} does not follow {self.last}")
            for name, side in self.sides.items():
                for price, size, *_ in one[name]:
                    side.pop(Decimal(price), None)
                    if Decimal(size):
                        side[Decimal(price)] = price
            self.last = one["seqId"]

    def touch(self) -> dict[str, str]:
        """Return the best prices."""
        bids, asks = self.sides["bids"], self.sides["asks"]
        return {"bid": bids[max(bids)], "ask": asks[min(asks)]}
