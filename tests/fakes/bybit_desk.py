"""A simulated Bybit, spot and linear of one pair, in memory and on sockets."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ballast.venues.simulated.engine.exchange import Exchange
from ballast.venues.simulated.engine.liquidity import Ladder, ScriptedPath
from ballast.venues.simulated.fronts.bybit.unified import PROFILE, BybitUnified
from ballast.venues.simulated.fronts.keys import ApiKey, KeyRing, hmac_hex
from ballast.venues.simulated.wire.gateway import Gateway
from ballast.venues.simulated.wire.messages import Answer, Request, Response, Text
from tests.fakes.binance_desk import LISTING
from tests.fakes.desks import serve, with_client
from tests.fakes.perpetual import listing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from ballast.venues.simulated.server.sockets import VenueServer
    from ballast.venues.simulated.wire.faults import FaultPlan
    from ballast.venues.simulated.wire.streams import Connection

SPOT, LINEAR = "BTCUSDT", "BTCUSDT.P"
"""The engine's names; on the wire both are BTCUSDT."""
NAME = "BTCUSDT"
HOST, STREAM_HOST = "api.bybit.com", "stream.bybit.com"
SECOND_NS = 1_000_000_000
START_NS = 1_700_000_000 * SECOND_NS
NS_MS = 1_000_000
CASH = {"USDT": Decimal(100_000), "BTC": Decimal(2)}


class BybitDesk:
    """The venue in memory: engine, front end, gateway, a key."""

    def __init__(
        self,
        start_ns: int = START_NS,
        *,
        faults: FaultPlan | None = None,
        path: Sequence[tuple[int, int]] = ((0, 600_000),),
        levels: int = 5,
        cash: Mapping[str, Decimal] = CASH,
        stream_delay_ns: int = 0,
    ) -> None:
        """Open around 60,000; `path` holds (ns after the start, ticks of the perpetual)."""
        listings = [LISTING, listing(LINEAR)]
        self.exchange = Exchange(PROFILE, listings, start_ns=start_ns)
        points = [(start_ns + after, ticks) for after, ticks in path]
        spot = [(at, ticks * 10) for at, ticks in points]
        self.exchange.attach(ScriptedPath(SPOT, spot, Ladder(lots=100_000, levels=levels)))
        self.exchange.attach(ScriptedPath(LINEAR, points, Ladder(lots=1_000, levels=levels)))
        self.account = self.exchange.open_account("me", cash)
        self.keys = KeyRing()
        self.key: ApiKey = self.keys.make(self.account, "bot")
        self.front = BybitUnified(self.exchange, self.keys)
        self.gateway = Gateway(
            [self.front], faults, now_ns=start_ns, stream_delay_ns=stream_delay_ns
        )
        self.now_ns = start_ns

    # Requests ----------------------------------------------------------------------------

    def at(self, seconds: float) -> None:
        """Let the time since the start come."""
        self.now_ns = START_NS + round(seconds * SECOND_NS)
        self.gateway.advance(self.now_ns)

    def answer(self, request: Request) -> Response:
        """Send a request."""
        outcome = self.gateway.request(request, self.now_ns)
        assert isinstance(outcome, Answer), outcome
        return outcome.response

    def signed(self, method: str, path: str, values: dict[str, Any], **headers: str) -> Request:
        """Return a signed request; `headers` replace what would be sent."""
        query = urlencode(values) if method == "GET" else ""
        body = json.dumps(values).encode() if method == "POST" else b""
        stamp = headers.get("x-bapi-timestamp", str(self.now_ns // NS_MS))
        window = headers.get("x-bapi-recv-window", "5000")
        origin = f"{stamp}{self.key.key}{window}{query}".encode() + body
        sent = {
            "x-bapi-api-key": self.key.key,
            "x-bapi-timestamp": stamp,
            "x-bapi-recv-window": window,
            "x-bapi-sign": hmac_hex(self.key.secret, origin),
            **headers,
        }
        return Request(method, HOST, path, query, sent, body)

    def ask(self, path: str, **values: Any) -> Any:
        """Return what a public GET answers with."""
        request = Request("GET", HOST, path, urlencode(values))
        return self.answer(request).json()

    def get(self, path: str, **values: Any) -> Any:
        """Return what a signed GET answers with."""
        return self.answer(self.signed("GET", path, values)).json()

    def post(self, path: str, **values: Any) -> Any:
        """Return what a signed POST answers with."""
        return self.answer(self.signed("POST", path, values)).json()

    def order(self, category: str = "linear", **values: Any) -> Any:
        """Place an order of the pair."""
        return self.post("/v5/order/create", category=category, symbol=NAME, **values)

    def status(self, own: str, category: str = "linear") -> dict[str, Any]:
        """Return an order by its owner's id."""
        asked = {"category": category, "symbol": NAME, "orderLinkId": own}
        found = self.get("/v5/order/realtime", **asked)["result"]["list"]
        assert len(found) == 1, found
        return dict(found[0])

    # Streams -----------------------------------------------------------------------------

    def open(self, path: str) -> Connection:
        """Open a stream."""
        opened = self.gateway.connect(Request("GET", STREAM_HOST, path), self.now_ns)
        assert not isinstance(opened, Response), opened
        return opened

    def tell(self, stream: Connection, **frame: Any) -> list[Any]:
        """Send a frame; return what has come by now."""
        self.gateway.receive(stream, json.dumps(frame), self.now_ns)
        return self.heard(stream)

    def heard(self, stream: Connection) -> list[Any]:
        """Return the frames that have come."""
        frames = self.gateway.take(stream, self.now_ns)
        return [json.loads(one.text) for one in frames if isinstance(one, Text)]

    def auth(self) -> list[Any]:
        """Return the words with which a stream introduces itself."""
        expires = self.now_ns // NS_MS + 10_000
        sign = hmac_hex(self.key.secret, f"GET/realtime{expires}".encode())
        return [self.key.key, expires, sign]

    def private(self, *topics: str) -> Connection:
        """Open the private stream and subscribe topics."""
        stream = self.open("/v5/private")
        assert self.tell(stream, op="auth", args=self.auth())[0]["success"]
        assert self.tell(stream, op="subscribe", args=list(topics))[0]["success"]
        return stream


def bybit_server(**more: Any) -> AbstractAsyncContextManager[tuple[BybitDesk, VenueServer]]:
    """Serve a desk on loopback."""
    return serve(lambda start_ns: BybitDesk(start_ns, **more))


def with_bybit(
    test: Callable[[BybitDesk, Any], Awaitable[None]], kind: str = "swap", **more: Any
) -> None:
    """Run a test with ccxt on Bybit."""
    options = {"fetchMarkets": {"types": ["spot", "linear"]}, "defaultType": kind}
    with_client(
        "bybit", lambda start_ns: BybitDesk(start_ns, **more), test,
        rateLimit=5, options=options,  # its own is five times slower than the venue's
    )  # fmt: skip
