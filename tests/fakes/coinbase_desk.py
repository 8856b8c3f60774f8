"""A simulated Coinbase, one funded account, and callers that reach it."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ballast.core.orders import Side
from ballast.venues.simulated.engine.exchange import Exchange
from ballast.venues.simulated.engine.liquidity import Ladder, ScriptedPath
from ballast.venues.simulated.engine.profile import Filters, Listing
from ballast.venues.simulated.fronts.coinbase.front import PROFILE, CoinbaseFront
from ballast.venues.simulated.fronts.coinbase.security import make_key
from ballast.venues.simulated.fronts.keys import ApiKey, KeyRing
from ballast.venues.simulated.server.pace import Pace
from ballast.venues.simulated.server.resolver import client_session
from ballast.venues.simulated.server.sockets import VenueServer
from ballast.venues.simulated.wire.gateway import Gateway
from ballast.venues.simulated.wire.messages import Answer, Request, Response, Text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from ballast.venues.simulated.wire.faults import FaultPlan
    from ballast.venues.simulated.wire.streams import Connection

SYMBOL = "BTC-USD"
HOST = "api.coinbase.com"
WS_HOST = "advanced-trade-ws.coinbase.com"
STEP_NS = 50_000_000
START_NS = 1_700_000_000_000_000_000
LISTING = Listing(
    SYMBOL, "BTC", "USD", tick=Decimal("0.01"), lot=Decimal("0.00001"),
    maker_ppm=6_000, taker_ppm=12_000,
    filters=Filters(max_price=Decimal(1_000_000), max_qty=Decimal(1_000), max_orders=20,
                    min_notional=Decimal(1)),
)  # fmt: skip


class CoinbaseDesk:
    """The venue in memory: engine, front end, gateway, a key; 60,000 a coin, five levels of 1."""

    def __init__(
        self,
        start_ns: int = START_NS,
        *,
        faults: FaultPlan | None = None,
        climbs: bool = False,
        cash: int = 100_000,
    ) -> None:
        """Open with a price that stands, or climbs by a tick a step."""
        self.exchange = Exchange(PROFILE, [LISTING], start_ns=start_ns)
        first = int(Decimal(60_000) / LISTING.tick)
        count = 20_000 if climbs else 1
        points = [(start_ns + step * STEP_NS, first + step) for step in range(count)]
        self.exchange.attach(ScriptedPath(SYMBOL, points, Ladder(lots=100_000)))
        self.account = self.exchange.open_account("me", {"USD": Decimal(cash), "BTC": Decimal(2)})
        self.keys = KeyRing()
        self.key: ApiKey = make_key(self.keys, self.account, "bot")
        self.front = CoinbaseFront(self.exchange, self.keys)
        self.gateway = Gateway([self.front], faults, now_ns=start_ns)
        self.now_ns = start_ns
        self.exchange.advance(start_ns)

    def pass_time(self, span_ns: int) -> None:
        """Let time pass."""
        self.now_ns += span_ns
        self.gateway.advance(self.now_ns)

    def answer(self, request: Request) -> Response:
        """Send a request as it is."""
        outcome = self.gateway.request(request, self.now_ns)
        assert isinstance(outcome, Answer), outcome
        return outcome.response

    def token(self, uri: str | None = None, **wrong: Any) -> str:
        """Return a token of the key, with whatever is to be wrong about its claims."""
        now_s = self.now_ns // 1_000_000_000
        claims = {
            "sub": self.key.key, "iss": "cdp", "nbf": now_s, "exp": now_s + 120, "uri": uri,
        } | wrong  # fmt: skip
        said = {name: value for name, value in claims.items() if value is not None}
        return signed(self.key.secret, {"alg": "ES256", "kid": self.key.key, "nonce": "1"}, said)

    def request(self, method: str, path: str, query: str = "", body: bytes = b"") -> Request:
        """Return a signed request."""
        path = path if path.startswith("/") else "/api/v3/brokerage/" + path
        token = self.token(f"{method} {HOST}{path}")
        return Request(method, HOST, path, query, {"authorization": f"Bearer {token}"}, body)

    def get(self, path: str, query: str = "") -> Any:
        """Ask; signed, for public paths do not mind."""
        return self.answer(self.request("GET", path, query)).json()

    def post(self, path: str, value: Any) -> Any:
        """Send JSON."""
        return self.answer(self.request("POST", path, "", json.dumps(value).encode())).json()

    def create(self, own: str, side: str, configuration: Any, **more: Any) -> Any:
        """Place an order."""
        return self.post(
            "orders",
            {"client_order_id": own, "product_id": SYMBOL, "side": side,
             "order_configuration": configuration, **more},
        )  # fmt: skip

    def limit(self, own: str, side: str, size: str, price: str, **more: Any) -> str:
        """Place a limit order that rests; return its id."""
        part = {"base_size": size, "limit_price": price, **more}
        said = self.create(own, side, {"limit_limit_gtc": part})
        return id_of(said)

    def order(self, order_id: str) -> Any:
        """Ask for one order."""
        return self.get(f"orders/historical/{order_id}")["order"]

    def walk(self, price: str) -> None:
        """Let the street trade one lot at a price, as if the market had gone there."""
        ticks = int(Decimal(price) / LISTING.tick)
        side = Side.BUY if ticks >= self.exchange.last_ticks(SYMBOL) else Side.SELL
        self.exchange.street.trade(SYMBOL, side, ticks, 1)
        self.exchange.settle()
        self.pass_time(1_000_000)

    def open(self) -> Stream:
        """Open a websocket."""
        found = self.gateway.connect(Request("GET", WS_HOST, "/"), self.now_ns)
        assert not isinstance(found, Response), found
        return Stream(self, found)


def id_of(said: Any) -> str:
    """Return the id of an order that was taken."""
    assert said["success"], said
    return str(said["success_response"]["order_id"])


def signed(secret: str, header: Any, claims: Any) -> str:
    """Return a token, as the documents say it is made."""
    parts = [_text(json.dumps(one).encode()) for one in (header, claims)]
    private = load_pem_private_key(secret.encode(), password=None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    der = private.sign(".".join(parts).encode(), ec.ECDSA(hashes.SHA256()))
    raw = b"".join(half.to_bytes(32) for half in decode_dss_signature(der))
    return ".".join([*parts, _text(raw)])


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Stream:
    """One websocket of a desk."""

    def __init__(self, desk: CoinbaseDesk, connection: Connection) -> None:
        """Listen on a connection."""
        self.desk = desk
        self.connection = connection

    def send(self, value: Any) -> list[Any]:
        """Send JSON, or a text as it is; return what comes back at once."""
        text = value if isinstance(value, str) else json.dumps(value)
        self.desk.gateway.receive(self.connection, text, self.desk.now_ns)
        return self.heard()

    def heard(self) -> list[Any]:
        """Return what has arrived, decoded; frames that are no text as they are."""
        return [
            json.loads(frame.text) if isinstance(frame, Text) else frame
            for frame in self.desk.gateway.take(self.connection, self.desk.now_ns)
        ]

    def subscribe(self, channel: str, *products: str, **more: Any) -> list[Any]:
        """Subscribe; return what comes back at once."""
        asked = {"type": "subscribe", "channel": channel, "product_ids": list(products)}
        return self.send(asked | more)

    def user(self) -> list[Any]:
        """Subscribe the orders of the account."""
        return self.subscribe("user", SYMBOL, jwt=self.desk.token())


async def eventually(check: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something is true; fail if it does not become so."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.005)


@asynccontextmanager
async def coinbase_server(**more: Any) -> AsyncIterator[tuple[CoinbaseDesk, VenueServer]]:
    """Serve a desk on loopback."""
    start_ns = time.time_ns()
    desk = CoinbaseDesk(start_ns, **more)
    async with VenueServer(desk.gateway, Pace(start_ns, time.monotonic_ns)) as server:
        yield desk, server


def with_ccxt(test: Callable[[CoinbaseDesk, Any], Awaitable[None]], **more: Any) -> None:
    """Run a test with the real, unpatched ccxt client under Coinbase's real host names."""

    async def run() -> None:
        import ccxt.pro as ccxt  # noqa: PLC0415 - half a second

        async with coinbase_server(**more) as (desk, server):
            assert server.authority is not None
            context = server.authority.client_context()
            session = client_session(server.hosts, server.tls_port, context)
            client = ccxt.coinbase(
                {"apiKey": desk.key.key, "secret": desk.key.secret, "session": session}
            )
            try:
                await client.load_markets()
                await test(desk, client)
            finally:
                await client.close()
                await session.close()

    asyncio.run(asyncio.wait_for(run(), 60))
