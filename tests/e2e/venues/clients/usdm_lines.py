"""Binance USD-M's words to and from those of the steps; knows nothing of this project.

The scripts that import it run under the clients' own interpreter. A client says in `Client` how it
asks the venue; what is asked, and what is told of the answer, is alike for all and stands here.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Protocol

SYMBOL = "BTCUSDT"
ALGO = {
    "STOP": "STOP_MARKET", "STOP_LIMIT": "STOP", "TAKE_PROFIT": "TAKE_PROFIT_MARKET",
    "TAKE_PROFIT_LIMIT": "TAKE_PROFIT", "TRAILING": "TRAILING_STOP_MARKET",
}  # fmt: skip
ENDED = {"CANCELED", "EXPIRED", "EXPIRED_IN_MATCH", "REJECTED"}
REASONS = {
    -4116: "duplicate", -2011: "unknown order", -2013: "no order", -2022: "reduce only",
    -5022: "would trade", -2021: "would trigger", -2019: "margin", -4050: "margin",
    -4005: "size", -4002: "price", -4164: "notional", -4061: "position side", -4047: "busy",
    -4048: "busy", -4067: "busy", -4068: "busy", -4028: "leverage", -4046: "no change",
    -4059: "no change",
}  # fmt: skip
MARGINS = {"isolated": "ISOLATED", "cross": "CROSSED"}
SETTINGS = frozenset({"leverage", "margin", "mode", "add margin"})


def refused(code: int) -> dict[str, str]:
    """Return what is told of a refusal."""
    return {"refused": REASONS.get(code, str(code))}


def order(raw: dict[str, Any]) -> dict[str, str]:
    """Return what matters of an order, or of an algo order that is none yet."""
    if "algoStatus" in raw:
        status = "ENDED" if raw["algoStatus"] in ENDED else "WAITING"
        return {"id": raw["clientAlgoId"], "status": status, "filled": "0"}
    status = "ENDED" if raw["status"] in ENDED else raw["status"]
    return {"id": raw["clientOrderId"], "status": status, "filled": raw["executedQty"]}


def ends(rows: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return status and filled quantity by id; an algo order that became one is told as that."""
    told = [order(one) for one in rows if not one.get("actualOrderId")]
    return {one["id"]: [one["status"], one["filled"]] for one in told}


def positions(rows: list[dict[str, Any]], size: str, side: str, entry: str) -> list[list[str]]:
    """Return the open positions: side, quantity, entry price to the cent."""
    found = []
    for one in rows:
        amount = Decimal(one[size])
        if amount:
            both = "LONG" if amount > 0 else "SHORT"
            which = both if one[side] == "BOTH" else one[side]
            found.append([which, str(abs(amount)), f"{Decimal(one[entry]):.2f}"])
    return sorted(found)


def asked_order(values: dict[str, str]) -> dict[str, Any]:
    """Return the parameters of a plain order."""
    asked: dict[str, Any] = {
        "symbol": SYMBOL, "side": values["side"], "type": values["type"],
        "quantity": values["qty"], "newClientOrderId": values["id"], "newOrderRespType": "RESULT",
    }  # fmt: skip
    if "price" in values:
        tif = "GTX" if "post" in values else values.get("tif", "GTC")
        asked |= {"price": values["price"], "timeInForce": tif}
    return asked | more(values)


def asked_algo(values: dict[str, str]) -> dict[str, Any]:
    """Return the parameters of a conditional order."""
    asked: dict[str, Any] = {
        "algoType": "CONDITIONAL", "symbol": SYMBOL, "side": values["side"],
        "type": ALGO[values["type"]], "clientAlgoId": values["id"],
    }  # fmt: skip
    for name, sent in (("qty", "quantity"), ("stop", "triggerPrice"), ("price", "price"),
                       ("trail", "callbackRate")):  # fmt: skip
        if name in values:
            asked[sent] = values[name]
    asked |= {"timeInForce": "GTC"} if "price" in values else {}
    asked |= {"closePosition": "true"} if "close" in values else {}
    return asked | more(values)


def more(values: dict[str, str]) -> dict[str, str]:
    """Return what any order may say of its position."""
    asked = {"reduceOnly": "true"} if "reduce" in values else {}
    return asked | ({"positionSide": values["position"]} if "position" in values else {})


class Client(Protocol):
    """How a client asks the venue: each answers with JSON as the venue wrote it."""

    async def order(self, method: str, asked: dict[str, Any]) -> Any:
        """Place, query, amend or cancel an order: POST, GET, PUT, DELETE."""
        ...

    async def algo(self, method: str, asked: dict[str, Any]) -> Any:
        """Place, query or cancel an algo order."""
        ...

    async def rows(self, what: str) -> list[dict[str, Any]]:
        """Return the `open`, `open algo`, `all` or `all algo` orders of the symbol."""
        ...

    async def cancel_all(self) -> None:
        """Cancel all orders, and all algo orders."""
        ...

    async def setting(self, do: str, values: dict[str, str]) -> None:
        """Set leverage, margin or mode, or add margin."""
        ...

    async def state(self, what: str) -> Any:
        """Return `positions`, `balance`, `config` or `book`."""
        ...


class Afternoon:
    """Takes the steps with a client, and keeps what its streams told."""

    def __init__(self, client: Client) -> None:
        """Take them with this client."""
        self.client = client
        self.waits: set[str] = set()
        self.ends: dict[str, list[str]] = {}
        self.cash: dict[str, str] = {}
        self.held: dict[str, dict[str, Any]] = {}

    async def take(self, do: str, values: dict[str, str]) -> Any:
        """Take a step; what the venue refuses is raised in the client's own way."""
        if do in SETTINGS:
            await self.client.setting(do, values)
            return {"done": do}
        return await getattr(self, do.replace(" ", "_"))(values)

    async def new(self, values: dict[str, str]) -> Any:
        if values["type"] not in ALGO:
            return order(await self.client.order("POST", asked_order(values)))
        told = order(await self.client.algo("POST", asked_algo(values)))
        self.waits.add(values["id"])
        return told

    async def query(self, values: dict[str, str]) -> Any:
        asked: dict[str, Any] = {"symbol": SYMBOL, "origClientOrderId": values["id"]}
        if values["id"] in self.waits:
            raw = await self.client.algo("GET", {"clientAlgoId": values["id"]})
            if not raw["actualOrderId"]:
                return order(raw)
            asked = {"symbol": SYMBOL, "orderId": int(raw["actualOrderId"])}
        return order(await self.client.order("GET", asked))

    async def terms(self, values: dict[str, str]) -> Any:
        asked = {"symbol": SYMBOL, "origClientOrderId": values["id"]}
        raw = await self.client.order("GET", asked)
        return {"qty": raw["origQty"], "price": raw["price"]}

    async def amend(self, values: dict[str, str]) -> Any:
        asked = {"symbol": SYMBOL, "side": "BUY", "origClientOrderId": values["id"],
                 "quantity": values["qty"], "price": values["price"]}  # fmt: skip
        await self.client.order("PUT", asked)
        return {"done": "amend"}

    async def cancel(self, values: dict[str, str]) -> Any:
        if values["id"] in self.waits:
            await self.client.algo("DELETE", {"clientAlgoId": values["id"]})
            return await self.query(values)
        asked = {"symbol": SYMBOL, "origClientOrderId": values["id"]}
        return order(await self.client.order("DELETE", asked))

    async def open_orders(self, _values: dict[str, str]) -> Any:
        rows = [*await self.client.rows("open"), *await self.client.rows("open algo")]
        return {"ids": sorted(order(one)["id"] for one in rows)}

    async def cancel_all(self, values: dict[str, str]) -> Any:
        found = await self.open_orders(values)
        await self.client.cancel_all()
        return found

    async def all_orders(self, _values: dict[str, str]) -> Any:
        return ends([*await self.client.rows("all"), *await self.client.rows("all algo")])

    async def wallet(self, _values: dict[str, str]) -> Any:
        rows = await self.client.state("balance")
        return {one["asset"]: one["balance"] for one in rows}

    async def positions(self, _values: dict[str, str]) -> Any:
        rows = await self.client.state("positions")
        return positions(rows, "positionAmt", "positionSide", "entryPrice")

    async def margin_of(self, _values: dict[str, str]) -> Any:
        found = (await self.client.state("config"))[0]
        mode = next(word for word, known in MARGINS.items() if known == found["marginType"])
        return {"mode": mode, "leverage": str(found["leverage"])}

    async def book(self, _values: dict[str, str]) -> Any:
        found = await self.client.state("book")
        return {"bid": found["bids"][0][0], "ask": found["asks"][0][0]}

    # Streams -----------------------------------------------------------------------------

    def hear(self, event: dict[str, Any]) -> None:
        """Take an event of the user stream, by its form: one client leaves its name `e` out."""
        raw, changed = event.get("o"), event.get("a")
        if isinstance(raw, dict) and "caid" in raw:
            told = {"clientAlgoId": raw["caid"], "algoStatus": raw["X"]}
            self.ends |= ends([{**told, "actualOrderId": raw.get("ai")}])
        elif isinstance(raw, dict):
            told = {"clientOrderId": raw["c"], "status": raw["X"], "executedQty": raw["z"]}
            self.ends |= ends([told])
        elif isinstance(changed, dict):
            self.cash |= {one["a"]: one["wb"] for one in changed.get("B", ())}
            self.held |= {one["ps"]: one for one in changed.get("P", ())}

    def is_done(self) -> bool:
        """Tell whether the last order of the afternoon was heard of."""
        return "last-2" in self.ends

    def streamed(self, do: str) -> Any:
        """Return what the user stream told of the end."""
        match do:
            case "streamed orders":
                return self.ends
            case "streamed positions":
                return positions([*self.held.values()], "pa", "ps", "ep")
            case _:
                return {"USDT": self.cash["USDT"]}
