"""A simulated Kraken, one funded account, and callers that reach it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ballast.core.orders import OrderKind, OrderRequest, Side
from ballast.venues.simulated.engine.exchange import Exchange
from ballast.venues.simulated.engine.liquidity import Ladder, ScriptedPath
from ballast.venues.simulated.engine.profile import Filters, Listing
from ballast.venues.simulated.fronts.keys import ApiKey, KeyRing
from ballast.venues.simulated.fronts.kraken.counters import INTERMEDIATE, Tier
from ballast.venues.simulated.fronts.kraken.front import PROFILE, KrakenFront
from ballast.venues.simulated.server.pace import Pace
from ballast.venues.simulated.server.resolver import client_session
from ballast.venues.simulated.server.sockets import VenueServer
from ballast.venues.simulated.wire.gateway import Gateway
from ballast.venues.simulated.wire.messages import Answer, Request, Response, Text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from ballast.venues.simulated.wire.faults import FaultPlan
    from ballast.venues.simulated.wire.streams import Connection

SYMBOL, KEY, ALTNAME = "BTC/USD", "XXBTZUSD", "XBTUSD"
HOST, WS, WS_AUTH = "api.kraken.com", "ws.kraken.com", "ws-auth.kraken.com"
STEP_NS = 50_000_000
START_NS = 1_700_000_000_000_000_000
LISTING = Listing(
    SYMBOL, "BTC", "USD", tick=Decimal("0.01"), lot=Decimal("0.00001"),
    filters=Filters(
        max_price=Decimal(1_000_000), min_qty=Decimal("0.0001"), max_qty=Decimal(1_000),
        min_notional=Decimal(5), max_orders=20, max_iceberg_parts=15,
    ),
)  # fmt: skip
UNHURRIED = Tier(calls=100_000, trading=100_000)
"""A tier without limits, for clients that have no limiter of their own."""


class KrakenDesk:
    """The venue in memory: engine, front end, gateway, a key; 60,000 a coin, five levels of 1."""

    def __init__(
        self,
        start_ns: int = START_NS,
        *,
        faults: FaultPlan | None = None,
        climbs: bool = False,
        tier: Tier = INTERMEDIATE,
        cash: int = 100_000,
    ) -> None:
        """Open with a price that stands, or climbs by a tick a step."""
        self.exchange = Exchange(PROFILE, [LISTING], start_ns=start_ns)
        first = int(Decimal(60_000) / LISTING.tick)
        count = 20_000 if climbs else 1
        points = [(start_ns + step * STEP_NS, first + step) for step in range(count)]
        lots = int(1 / LISTING.lot)
        self.exchange.attach(ScriptedPath(SYMBOL, points, Ladder(lots=lots)))
        self.account = self.exchange.open_account("me", {"USD": Decimal(cash), "BTC": Decimal(2)})
        self.keys = KeyRing()
        self.key: ApiKey = self.keys.make(self.account, "bot")
        self.front = KrakenFront(self.exchange, self.keys, tier=tier)
        self.gateway = Gateway([self.front], faults, now_ns=start_ns)
        self.now_ns = start_ns
        self.nonce = 1
        self.exchange.advance(start_ns)

    def pass_time(self, span_ns: int) -> None:
        """Let time pass."""
        self.now_ns += span_ns
        self.gateway.advance(self.now_ns)

    def send(self, request: Request) -> Any:
        """Send a request as it is; return the decoded answer."""
        outcome = self.gateway.request(request, self.now_ns)
        assert isinstance(outcome, Answer), outcome
        return outcome.response.json()

    def get(self, path: str, **params: str) -> Any:
        """Ask for public data; return what was told, or the error."""
        request = Request("GET", HOST, f"/0/public/{path}", urlencode(params))
        return result(self.send(request))

    def signed(self, path: str, *, as_json: bool = False, **params: Any) -> Request:
        """Return a signed request."""
        self.nonce += 1
        fields = {"nonce": str(self.nonce), **params}
        body = (json.dumps(fields) if as_json else urlencode(fields)).encode()
        kind = "application/json" if as_json else "application/x-www-form-urlencoded"
        path = f"/0/private/{path}"
        headers = {
            "api-key": self.key.key,
            "api-sign": sign(self.key.secret, path, str(self.nonce), body),
            "content-type": kind,
        }
        return Request("POST", HOST, path, "", headers, body)

    def ask(self, path: str, **params: Any) -> Any:
        """Send a signed request; return what was told, or the error."""
        return result(self.send(self.signed(path, **params)))

    def order(self, side: str, kind: str, volume: str, **more: str) -> Any:
        """Place an order; return its id, or the error."""
        asked = {"pair": ALTNAME, "type": side, "ordertype": kind, "volume": volume, **more}
        told = self.ask("AddOrder", **asked)
        return told if isinstance(told, str) else told["txid"][0]

    def one(self, txid: str) -> dict[str, Any]:
        """Return an order."""
        return dict(self.ask("QueryOrders", txid=txid)[txid])

    def bid(self, price: int) -> OrderRequest:
        """Return a small order of ours that rests below the best price."""
        return OrderRequest(SYMBOL, Side.BUY, OrderKind.LIMIT, 100, price_ticks=price * 100)

    def walk(self, price: str) -> None:
        """Let the street trade one lot at a price, as if the market had gone there."""
        ticks = int(Decimal(price) / LISTING.tick)
        side = Side.BUY if ticks >= self.exchange.last_ticks(SYMBOL) else Side.SELL
        self.exchange.street.trade(SYMBOL, side, ticks, 1)
        self.exchange.settle()
        self.pass_time(1_000_000)

    def open(self, *, private: bool = False) -> Stream:
        """Open a websocket; take the word of its status."""
        host = WS_AUTH if private else WS
        found = self.gateway.connect(Request("GET", host, "/v2"), self.now_ns)
        assert not isinstance(found, Response), found
        return Stream(self, found)


def result(answer: Any) -> Any:
    """Return what was told, or the error as a text."""
    assert len(answer["error"]) <= 1
    return answer["error"][0] if answer["error"] else answer["result"]


def sign(secret: str, path: str, nonce: str, body: bytes) -> str:
    """Return the signature, as the documents say it is made."""
    inner = hashlib.sha256(nonce.encode() + body).digest()
    made = hmac.new(base64.b64decode(secret), path.encode() + inner, hashlib.sha512)
    return base64.b64encode(made.digest()).decode()


class Stream:
    """One websocket of a desk."""

    def __init__(self, desk: KrakenDesk, connection: Connection) -> None:
        """Listen on a connection."""
        self.desk = desk
        self.connection = connection

    def send(self, value: Any) -> list[Any]:
        """Send JSON, or a text as it is; return what comes back at once."""
        text = value if isinstance(value, str) else json.dumps(value)
        self.desk.gateway.receive(self.connection, text, self.desk.now_ns)
        return self.heard()

    def frames(self) -> list[Any]:
        """Return the frames that have arrived, as they are."""
        return list(self.desk.gateway.take(self.connection, self.desk.now_ns))

    def heard(self) -> list[Any]:
        """Return what has arrived, decoded: numbers as they were written."""
        return [
            json.loads(one.text, parse_float=str) if isinstance(one, Text) else one
            for one in self.frames()
        ]

    def call(self, method: str, **params: Any) -> list[Any]:
        """Send a request with its parameters; return what comes back at once."""
        return self.send({"method": method, "params": params, "req_id": 7})

    def trade(self, method: str, **params: Any) -> Any:
        """Send a request about orders, with a token; return its answer."""
        token = self.desk.ask("GetWebSocketsToken")["token"]
        said = self.call(method, token=token, **params)
        return next(one for one in said if one.get("method") == method)


async def eventually(check: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something is true; fail if it does not become so."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.005)


@asynccontextmanager
async def kraken_server(**more: Any) -> AsyncIterator[tuple[KrakenDesk, VenueServer]]:
    """Serve a desk on loopback, to clients that need not hurry."""
    start_ns = time.time_ns()
    desk = KrakenDesk(start_ns, tier=UNHURRIED, **more)
    async with VenueServer(desk.gateway, Pace(start_ns, time.monotonic_ns)) as server:
        yield desk, server


def with_ccxt(test: Callable[[KrakenDesk, Any], Awaitable[None]], **more: Any) -> None:
    """Run a test with the real, unpatched ccxt client under Kraken's real host names."""

    async def run() -> None:
        import ccxt.pro as ccxt  # noqa: PLC0415 - half a second

        async with kraken_server(**more) as (desk, server):
            assert server.authority is not None
            context = server.authority.client_context()
            session = client_session(server.hosts, server.tls_port, context)
            client = ccxt.kraken(
                {
                    "apiKey": desk.key.key,
                    "secret": desk.key.secret,
                    "session": session,
                    "rateLimit": 20,
                }
            )
            try:
                await client.load_markets()
                await test(desk, client)
            finally:
                await client.close()
                await session.close()

    asyncio.run(asyncio.wait_for(run(), 60))
