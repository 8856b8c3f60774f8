"""A simulated Binance USD-M, one funded account, and callers that reach it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ballast.venues.simulated.engine.exchange import Exchange
from ballast.venues.simulated.engine.liquidity import Ladder, ScriptedPath
from ballast.venues.simulated.fronts.binance.usdm import PROFILE, BinanceUsdm
from ballast.venues.simulated.fronts.keys import ApiKey, KeyRing, hmac_hex
from ballast.venues.simulated.wire.gateway import Gateway
from ballast.venues.simulated.wire.messages import Answer, Request, Response, Text
from tests.fakes.desks import serve, with_client
from tests.fakes.perpetual import listing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from ballast.venues.simulated.server.sockets import VenueServer
    from ballast.venues.simulated.wire.faults import FaultPlan
    from ballast.venues.simulated.wire.streams import Connection

SYMBOL = "BTCUSDT"
HOST, STREAM_HOST = "fapi.binance.com", "fstream.binance.com"
START_NS = 1_700_000_000_000_000_000
NS_MS = 1_000_000
SECOND_NS = 1_000_000_000
FIRST_TICKS = 600_000
LEVEL_LOTS = 1_000


class UsdmDesk:
    """The venue in memory: engine, front end, gateway, a key."""

    def __init__(
        self,
        start_ns: int = START_NS,
        *,
        path: Sequence[tuple[int, int]] = ((0, FIRST_TICKS),),
        faults: FaultPlan | None = None,
        cash: int = 100_000,
    ) -> None:
        """Open at 60,000, with 1 BTC at each level; `path` is ns after the start, ticks."""
        self.exchange = Exchange(PROFILE, [listing(SYMBOL)], start_ns=start_ns)
        points = [(start_ns + after, ticks) for after, ticks in path]
        self.exchange.attach(ScriptedPath(SYMBOL, points, Ladder(lots=LEVEL_LOTS)))
        self.account = self.exchange.open_account("me", {"USDT": Decimal(cash)})
        self.keys = KeyRing()
        self.key: ApiKey = self.keys.make(self.account, "bot")
        self.front = BinanceUsdm(self.exchange, self.keys)
        self.gateway = Gateway([self.front], faults, now_ns=start_ns)
        self.start_ns = start_ns
        self.now_ns = start_ns + 1  # with the first request the market has opened

    # Requests ----------------------------------------------------------------------------

    def at(self, seconds: float) -> None:
        """Let the time since the start come."""
        self.now_ns = self.start_ns + round(seconds * SECOND_NS)
        self.gateway.advance(self.now_ns)

    def answer(self, request: Request) -> Response:
        """Send a request."""
        outcome = self.gateway.request(request, self.now_ns)
        assert isinstance(outcome, Answer), outcome
        return outcome.response

    def signed(self, method: str, path: str, key: ApiKey | None = None, **values: Any) -> Response:
        """Send a signed request, POST and PUT as a form."""
        who = key or self.key
        text = urlencode({"timestamp": str(self.now_ns // NS_MS), **values})
        text += f"&signature={hmac_hex(who.secret, text.encode())}"
        headers = {"x-mbx-apikey": who.key}
        if method in {"POST", "PUT"}:
            return self.answer(Request(method, HOST, path, "", headers, text.encode()))
        return self.answer(Request(method, HOST, path, text, headers))

    def ask(self, path: str, **values: Any) -> Any:
        """Return what a public GET answers with."""
        return self.answer(Request("GET", HOST, path, urlencode(values))).json()

    def get(self, path: str, **values: Any) -> Any:
        """Return what a signed GET answers with."""
        return self.signed("GET", path, **values).json()

    def post(self, path: str, **values: Any) -> Any:
        """Return what a signed POST answers with."""
        return self.signed("POST", path, **values).json()

    def put(self, path: str, **values: Any) -> Any:
        """Return what a signed PUT answers with."""
        return self.signed("PUT", path, **values).json()

    def delete(self, path: str, **values: Any) -> Any:
        """Return what a signed DELETE answers with."""
        return self.signed("DELETE", path, **values).json()

    def keyed(self, method: str, path: str) -> Any:
        """Return what a request answers with that carries a key and no signature."""
        return self.answer(Request(method, HOST, path, "", {"x-mbx-apikey": self.key.key})).json()

    def order(self, side: str, kind: str, **values: Any) -> Any:
        """Place a plain order of the pair."""
        named = {"symbol": SYMBOL, "side": side, "type": kind, "newOrderRespType": "RESULT"}
        return self.post("/fapi/v1/order", **{**named, **values})

    def limit(self, side: str, qty: str, price: str, own: str = "", **values: Any) -> Any:
        """Place a limit order that rests unless it trades."""
        named = {"newClientOrderId": own} if own else {}
        more = {"timeInForce": "GTC", "quantity": qty, "price": price, **named, **values}
        return self.order(side, "LIMIT", **more)

    def algo(self, side: str, kind: str, own: str = "", **values: Any) -> Any:
        """Place a conditional order of the pair."""
        named = {"clientAlgoId": own} if own else {}
        asked = {"symbol": SYMBOL, "side": side, "type": kind, "algoType": "CONDITIONAL"}
        return self.post("/fapi/v1/algoOrder", **asked, **named, **values)

    def risk(self) -> list[dict[str, Any]]:
        """Return the positions that the venue tells."""
        return list(self.get("/fapi/v3/positionRisk", symbol=SYMBOL))

    # Streams -----------------------------------------------------------------------------

    def open(self, path: str, query: str = "") -> Connection:
        """Open a stream."""
        opened = self.gateway.connect(Request("GET", STREAM_HOST, path, query), self.now_ns)
        assert not isinstance(opened, Response), opened
        return opened

    def heard(self, stream: Connection) -> list[Any]:
        """Return the frames that have come."""
        frames = self.gateway.take(stream, self.now_ns)
        return [json.loads(one.text) for one in frames if isinstance(one, Text)]

    def tell(self, stream: Connection, **frame: Any) -> list[Any]:
        """Send a frame; return what has come by now."""
        self.gateway.receive(stream, json.dumps(frame), self.now_ns)
        return self.heard(stream)

    def mine(self) -> Connection:
        """Open the user stream."""
        key = self.keyed("POST", "/fapi/v1/listenKey")["listenKey"]
        return self.open("/private/ws", f"listenKey={key}")


def usdm_server(**more: Any) -> AbstractAsyncContextManager[tuple[UsdmDesk, VenueServer]]:
    """Serve a desk on loopback."""
    return serve(lambda start_ns: UsdmDesk(start_ns, **more))


def with_usdm(test: Callable[[UsdmDesk, Any], Awaitable[None]], **more: Any) -> None:
    """Run a test with ccxt on Binance USD-M."""
    options = {
        "fetchMarkets": {"types": ["linear"]}, "fetchCurrencies": False, "fetchMargins": False,
    }  # fmt: skip
    with_client(
        "binanceusdm", lambda start_ns: UsdmDesk(start_ns, **more), test,
        enableRateLimit=False, options=options,
    )  # fmt: skip
