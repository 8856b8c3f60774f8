"""Entry: orders over the private stream, in other words than by REST and to the same end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.venues.simulated.fronts.kraken import errors, names, orders, trading
from ballast.venues.simulated.fronts.kraken.call import Call, Digits
from ballast.venues.simulated.fronts.kraken.encoding import SECOND_NS, from_iso, number
from ballast.venues.simulated.fronts.kraken.errors import Refusal, wrong
from ballast.venues.simulated.fronts.parameters import BadParameter, Parameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.core.orders import Order
    from ballast.venues.simulated.fronts.keys import ApiKey
    from ballast.venues.simulated.fronts.kraken.front import KrakenFront

    Handler = Callable[["Sent"], list[dict[str, Any]]]

SAME = {
    "order_type": "ordertype", "side": "type", "cl_ord_id": "cl_ord_id", "deadline": "deadline",
}  # fmt: skip
NUMBERS = {
    "order_qty": "volume", "display_qty": "displayvol", "order_userref": "userref",
}  # fmt: skip
SWITCHES = ("post_only", "reduce_only", "margin", "no_mpp", "validate")
FEES = {"base": "fcib", "quote": "fciq"}
TRAILS = {"pct": "+{}%", "quote": "+{}"}
AMENDED = {
    "order_id": ("txid", str), "cl_ord_id": ("cl_ord_id", str), "deadline": ("deadline", str),
    "order_qty": ("order_qty", Digits), "display_qty": ("display_qty", Digits),
    "limit_price": ("limit_price", Digits), "trigger_price": ("trigger_price", Digits),
}  # fmt: skip


class Sent:
    """The parameters of one request over the stream, taken one by one."""

    def __init__(self, front: KrakenFront, key: ApiKey, values: dict[str, Any]) -> None:
        """Take what was sent, without the token."""
        self.front = front
        self.key = key
        self._values = values

    def take(self, name: str, kind: type) -> Any:  # noqa: ANN401 - of that kind
        """Return a value of a kind, None where none was sent; a number is no text."""
        value = self._values.pop(name, None)
        is_kind = isinstance(value, kind) and (kind is not str or not isinstance(value, Digits))
        if value is not None and not is_kind:
            raise wrong(name)
        return value

    def texts(self, name: str, kind: type = str) -> list[str]:
        """Return a list of texts, or of numbers."""
        found = self.take(name, list) or []
        if not all(isinstance(one, str) and isinstance(one, Digits) is (kind is Digits)
                   for one in found):  # fmt: skip
            raise wrong(name)
        return found

    def finish(self) -> None:
        """Raise a `Refusal` for the first name that nobody asked for."""
        for name in self._values:
            raise wrong(name)

    def call(self, given: dict[str, str]) -> Call:
        """Return the request that means the same by REST."""
        front = self.front
        return Call(Parameters(given), front.wire_now_ns, front.pairs, self.key)


def add(sent: Sent) -> list[dict[str, Any]]:
    """add_order."""
    front = sent.front
    given = _form(sent)
    sent.finish()
    call = sent.call(given)
    validates = trading.receive(front, call, 1)
    asked = orders.read(front, call)
    call.check_deadline()
    call.given.finish()
    if validates:
        orders.check_minimum(front, asked)
        return [{}]
    return [named(front, trading.place(front, call, asked))]


def named(front: KrakenFront, order: Order) -> dict[str, Any]:
    """Return the names of an order."""
    said: dict[str, Any] = {"order_id": names.txid(names.ORDER, order.order_id)}
    if order.request.client_id:
        said["cl_ord_id"] = order.request.client_id
    userref = front.memory.note(order.order_id).userref
    if userref:
        said["order_userref"] = number(userref)
    return said


def _form(sent: Sent) -> dict[str, str]:
    """Return an order in the words of REST."""
    given: dict[str, str] = {}
    symbol = sent.take("symbol", str)
    pair = sent.front.pairs.streamed(symbol or "")
    if pair is None:
        raise Refusal(f"Currency pair not supported {symbol}")
    given["pair"] = pair.key
    for name, other in SAME.items():
        given[other] = sent.take(name, str) or ""
    for name, other in NUMBERS.items():
        given[other] = sent.take(name, Digits) or ""
    switches = {name: bool(sent.take(name, bool)) for name in SWITCHES}
    flags = [word for name, word in (("post_only", "post"), ("no_mpp", "nompp")) if switches[name]]
    cash = sent.take("cash_order_qty", Digits)
    if cash is not None:
        if given["volume"]:
            raise wrong("cash_order_qty")
        given["volume"] = cash
        flags.append("viqc")
    fee = sent.take("fee_preference", str)
    if fee is not None:
        if fee not in FEES:
            raise wrong("fee_preference")
        flags.append(FEES[fee])
    given["oflags"] = ",".join(flags)
    given["reduce_only"] = "true" if switches["reduce_only"] else ""
    given["leverage"] = "2" if switches["margin"] else ""
    given["validate"] = "true" if switches["validate"] else ""
    given["timeinforce"] = (sent.take("time_in_force", str) or "").upper()
    given["expiretm"] = _seconds(sent, "expire_time")
    given["starttm"] = _seconds(sent, "effective_time")
    given["stptype"] = (sent.take("stp_type", str) or "").replace("_", "-")
    given |= _prices(sent, given["ordertype"])
    return {name: value for name, value in given.items() if value}


def _seconds(sent: Sent, name: str) -> str:
    text = sent.take(name, str)
    at_ns = from_iso(text) if text is not None else 0
    if at_ns is None:
        raise wrong(name)
    return str(-(-at_ns // SECOND_NS)) if at_ns else ""


def _prices(sent: Sent, kind: str) -> dict[str, str]:
    """Return the prices of an order: a trigger goes before its limit."""
    limit = sent.take("limit_price", Digits) or ""
    if (sent.take("limit_price_type", str) or "static") != "static":
        raise wrong("limit_price_type")
    triggers = sent.take("triggers", dict)
    if triggers is None:
        return {"price2" if kind in orders.TRIGGERED else "price": limit}
    parts = Sent(sent.front, sent.key, dict(triggers))
    price = parts.take("price", Digits) or ""
    how = parts.take("price_type", str) or "static"
    reference = parts.take("reference", str) or "last"
    parts.finish()
    trails = kind == "trailing-stop"
    if (how not in TRAILS) if trails else (how != "static"):
        raise wrong("price_type")
    first = TRAILS[how].format(price) if trails else price
    return {"price": first, "price2": limit, "trigger": reference}


def amend(sent: Sent) -> list[dict[str, Any]]:
    """amend_order."""
    given = {other: sent.take(name, kind) or "" for name, (other, kind) in AMENDED.items()}
    given["post_only"] = "true" if sent.take("post_only", bool) else ""
    symbol = sent.take("symbol", str)
    if symbol is not None:
        given["pair"] = symbol
    for name in ("limit_price_type", "trigger_price_type"):
        if (sent.take(name, str) or "static") != "static":
            raise wrong(name)
    sent.finish()
    given = {name: value for name, value in given.items() if value}
    told = trading.amend(sent.front, sent.call(dict(given)))
    words = {"txid": "order_id", "cl_ord_id": "cl_ord_id"}
    return [told | {words[name]: given[name] for name in words if name in given}]


def cancel(sent: Sent) -> list[dict[str, Any]]:
    """cancel_order: each order has an answer of its own; what is unknown has an error."""
    front = sent.front
    lists = (sent.texts("order_id"), sent.texts("order_userref", Digits), sent.texts("cl_ord_id"))
    sent.finish()
    if sum(bool(one) for one in lists) != 1 or sum(map(len, lists)) > trading.CANCELS_MAX:
        raise wrong("order_id")
    said: list[dict[str, Any]] = []
    for texts, owns in [([one], []) for one in lists[0] + lists[1]] + [([], [o]) for o in lists[2]]:
        try:
            found = trading.end(front, sent.call({}), texts, owns)
            said += [named(front, one) for one in found]
        except Refusal as refusal:
            said.append({"error": refusal.text})
    return said


def cancel_all(sent: Sent) -> list[dict[str, Any]]:
    """cancel_all."""
    sent.finish()
    return [trading.cancel_all(sent.front, sent.call({}))]


def cancel_after(sent: Sent) -> list[dict[str, Any]]:
    """cancel_all_orders_after."""
    given = {"timeout": sent.take("timeout", Digits) or ""}
    sent.finish()
    return [trading.cancel_after(sent.front, sent.call(given))]


METHODS: dict[str, Handler] = {
    "add_order": add,
    "amend_order": amend,
    "cancel_order": cancel,
    "cancel_all": cancel_all,
    "cancel_all_orders_after": cancel_after,
}


def carry_out(method: str, sent: Sent) -> list[dict[str, Any]]:
    """Carry out a request about orders; return its results, errors of their own among them."""
    if not sent.key.can_trade:
        return [{"error": errors.PERMISSION.text}]
    try:
        return METHODS[method](sent)
    except BadParameter as problem:
        return [{"error": errors.parameter(problem).text}]
    except Refusal as refusal:
        return [{"error": refusal.text}]
