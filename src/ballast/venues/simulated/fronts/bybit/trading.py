"""The trading stream of Bybit: orders over a websocket, answered with the ids of the requests."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from ballast.venues.simulated.fronts.bybit import errors, orders, security
from ballast.venues.simulated.fronts.bybit.errors import Refusal
from ballast.venues.simulated.fronts.bybit.private import authenticated
from ballast.venues.simulated.fronts.bybit.socket import NS_MS, Stream, said
from ballast.venues.simulated.wire.messages import Close
from ballast.venues.simulated.wire.weights import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ballast.venues.simulated.engine.events import Event
    from ballast.venues.simulated.fronts.bybit.call import Call
    from ballast.venues.simulated.fronts.bybit.unified import BybitUnified
    from ballast.venues.simulated.fronts.keys import ApiKey
    from ballast.venues.simulated.wire.interests import Interest
    from ballast.venues.simulated.wire.messages import Frame

    Handler = Callable[[BybitUnified, Call], Any]

ACTS: dict[str, tuple[Handler, str]] = {
    "order.create": (orders.create, "/v5/order/create"),
    "order.amend": (orders.amend, "/v5/order/amend"),
    "order.cancel": (orders.cancel, "/v5/order/cancel"),
    "order.create-batch": (orders.create_batch, "/v5/order/create-batch"),
    "order.amend-batch": (orders.amend_batch, "/v5/order/amend-batch"),
    "order.cancel-batch": (orders.cancel_batch, "/v5/order/cancel-batch"),
}
ID_MAX = 36
IDS_KEPT = 10_000
"""Request ids of a connection that may not be used again."""
NO_ACT = Refusal(10404, "op type is not found")
REPEATED = Refusal(20006, "reqId is duplicated")
UNAUTHORISED = Refusal(10005, "Please auth first.")


class TradingStream(Stream):
    """One connection for orders."""

    def __init__(self, front: BybitUnified, address: str, name: str) -> None:
        """Open; nobody has introduced himself yet."""
        super().__init__(front, name)
        self._address = address
        self._key: ApiKey | None = None
        self._ids: OrderedDict[str, None] = OrderedDict()

    def answer(self, asked: dict[str, Any]) -> Sequence[Frame]:
        """Answer auth, ping and orders."""
        match asked.get("op"):
            case "auth":
                return self._auth(asked)
            case "ping":
                stamp = str(self.front.wire_now_ns // NS_MS)
                return (said({"retCode": 0, "op": "pong", "data": [stamp], "connId": self.name}),)
            case str() as op:
                return (self._act(op, asked),)
            case _:
                return (self._told(asked, "", NO_ACT),)

    def bad(self, why: str) -> Frame:
        """Return what is said of a frame that is none."""
        return self._told({}, "", errors.bad(why))

    def _auth(self, asked: dict[str, Any]) -> Sequence[Frame]:
        key, refusal = authenticated(self.front, asked, self._address)
        if key is None:
            return (self._told(asked, "auth", refusal), Close(1006, ""))
        if self._key is not None:
            return (self._told(asked, "auth", Refusal(20001, "Repeat auth")),)
        self._key = key
        return (self._told(asked, "auth", Refusal(0, "OK")),)

    def _act(self, op: str, asked: dict[str, Any]) -> Frame:
        try:
            handler, path = self._meant(op, asked)
            key = self._key
            if key is None:
                raise UNAUTHORISED
            args = asked.get("args")
            if not isinstance(args, list) or len(args) != 1 or not isinstance(args[0], dict):
                raise errors.invalid("args")
            call = self.front.call_of(args[0], key)
            self._check(asked, key, call)
            if self.front.spend(path, call) is not Standing.GOOD:
                raise errors.TOO_MANY
            result = handler(self.front, call)
        except Refusal as refusal:
            return self._told(asked, op, refusal)
        header = dict(self.front.limits(path, call)) | {"Timenow": str(call.now_ms)}
        is_batch = isinstance(result, orders.Batch)
        return self._told(
            asked, op, Refusal(0, "OK"), result.result if is_batch else result,
            result.extra if is_batch else {}, header,
        )  # fmt: skip

    def _meant(self, op: str, asked: dict[str, Any]) -> tuple[Handler, str]:
        """Return what an op does; refuse an id that was used before."""
        if op not in ACTS:
            raise NO_ACT
        number = asked.get("reqId")
        if number is None or number == "":
            return ACTS[op]
        if not isinstance(number, str) or len(number) > ID_MAX:
            raise errors.invalid("reqId")
        if number in self._ids:
            raise REPEATED
        self._ids[number] = None
        if len(self._ids) > IDS_KEPT:
            self._ids.popitem(last=False)
        return ACTS[op]

    def _check(self, asked: dict[str, Any], key: ApiKey, call: Call) -> None:
        header = asked.get("header")
        if not isinstance(header, dict):
            raise errors.invalid("header")
        stamp, window = header.get("X-BAPI-TIMESTAMP", ""), header.get("X-BAPI-RECV-WINDOW", "")
        security.check_fresh(str(stamp), str(window), call.now_ns)
        if not key.can_trade:
            raise errors.PERMISSION

    def _told(
        self,
        asked: dict[str, Any],
        op: str,
        refusal: Refusal,
        data: Any = None,  # noqa: ANN401 - JSON
        extra: Any = None,  # noqa: ANN401 - JSON
        header: dict[str, str] | None = None,
    ) -> Frame:
        number = asked.get("reqId")
        body: dict[str, Any] = {"reqId": number} if isinstance(number, str) else {}
        body |= {"retCode": refusal.code, "retMsg": refusal.text, "op": op}
        if op != "auth":
            body |= {"data": data or {}, "retExtInfo": extra or {}, "header": header or {}}
        return said({**body, "connId": self.name})

    def interests(self) -> frozenset[Interest]:
        """Return nothing."""
        return frozenset()

    def publish(self, _event: Event) -> Sequence[Frame]:
        """Return nothing: what becomes of an order is told by the private stream."""
        return ()

    def tick(self, now_ns: int) -> Sequence[Frame]:
        """Return the end of a silent connection."""
        return self.ended(now_ns + self.front.clock_skew_ns)
