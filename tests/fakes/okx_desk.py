"""A simulated OKX, spot and swap, one funded account, and callers that reach it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.instrument import Kind
from ballast.core.orders import Side
from ballast.venues.simulated.engine.exchange import Exchange
from ballast.venues.simulated.engine.liquidity import Ladder, ScriptedPath
from ballast.venues.simulated.engine.profile import Filters, Listing
from ballast.venues.simulated.fronts.keys import ApiKey, KeyRing
from ballast.venues.simulated.fronts.okx.front import PROFILE, OkxFront
from ballast.venues.simulated.server.pace import Pace
from ballast.venues.simulated.server.resolver import client_session
from ballast.venues.simulated.server.sockets import VenueServer
from ballast.venues.simulated.wire.gateway import Gateway
from ballast.venues.simulated.wire.messages import Answer, Request, Response, Text
from tests.fakes.perpetual import TIERS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from ballast.venues.simulated.wire.faults import FaultPlan
    from ballast.venues.simulated.wire.streams import Connection

SPOT, SWAP = "BTC-USDT", "BTC-USDT-SWAP"
HOST = "www.okx.com"
STEP_NS = 50_000_000
START_NS = 1_700_000_000_000_000_000
SPOT_LISTING = Listing(
    SPOT, "BTC", "USDT", tick=Decimal("0.01"), lot=Decimal("0.00001"),
    filters=Filters(max_price=Decimal(1_000_000), max_qty=Decimal(1_000), max_orders=20),
)  # fmt: skip
SWAP_LISTING = Listing(
    SWAP, "BTC", "USDT", tick=Decimal("0.1"), lot=Decimal("0.1"), kind=Kind.PERPETUAL,
    contract=Decimal("0.01"), maker_ppm=200, taker_ppm=500, tiers=TIERS,
    filters=Filters(max_price=Decimal(1_000_000), max_qty=Decimal(100_000), max_orders=20),
)  # fmt: skip


class OkxDesk:
    """The venue in memory: engine, front end, gateway, a key; 60,000 a coin, five levels of 1."""

    def __init__(
        self,
        start_ns: int = START_NS,
        *,
        faults: FaultPlan | None = None,
        climbs: bool = False,
        sends_checksums: bool = False,
        cash: int = 100_000,
    ) -> None:
        """Open with a price that stands, or climbs by a tick a step."""
        listings = [SPOT_LISTING, SWAP_LISTING]
        self.exchange = Exchange(PROFILE, listings, start_ns=start_ns)
        for one in listings:
            first = int(Decimal(60_000) / one.tick)
            count = 20_000 if climbs else 1
            points = [(start_ns + step * STEP_NS, first + step) for step in range(count)]
            lots = int(1 / (one.lot * one.contract))
            shape = Ladder(lots=lots, sets_mark=one.kind is Kind.PERPETUAL)
            self.exchange.attach(ScriptedPath(one.symbol, points, shape))
        self.account = self.exchange.open_account("me", {"USDT": Decimal(cash), "BTC": Decimal(2)})
        self.keys = KeyRing()
        self.key: ApiKey = self.keys.make(self.account, "bot")
        self.front = OkxFront(self.exchange, self.keys, sends_checksums=sends_checksums)
        self.gateway = Gateway([self.front], faults, now_ns=start_ns)
        self.now_ns = start_ns
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

    def signed(self, method: str, path: str, query: str = "", body: bytes = b"") -> Request:
        """Return a signed request."""
        headers = sign_headers(self.key, self.now_ns, method, path, query, body)
        return Request(method, HOST, "/api/v5/" + path, query, headers, body)

    def get(self, path: str, **params: str) -> Any:
        """Ask; signed, for public paths do not mind."""
        query = "&".join(f"{name}={value}" for name, value in params.items())
        return self.send(self.signed("GET", path, query))

    def post(self, path: str, value: Any) -> Any:
        """Send JSON."""
        return self.send(self.signed("POST", path, "", json.dumps(value).encode()))

    def order(self, **more: Any) -> dict[str, Any]:
        """Place an order; return its item of the answer."""
        (item,) = self.post("trade/order", more)["data"]
        return dict(item)

    def spot(self, side: str, kind: str, size: str, **more: Any) -> dict[str, Any]:
        """Place an order of spot, sized in the coin."""
        more = {"tgtCcy": "base_ccy", **more} if kind == "market" else more
        return self.order(instId=SPOT, tdMode="cash", side=side, ordType=kind, sz=size, **more)

    def swap(self, side: str, kind: str, size: str, **more: Any) -> dict[str, Any]:
        """Place an order of the swap, sized in contracts of 0.01."""
        more = {"tdMode": "cross", **more}
        return self.order(instId=SWAP, side=side, ordType=kind, sz=size, **more)

    def algo(self, **more: Any) -> dict[str, Any]:
        """Place an algo order; return its item of the answer."""
        (item,) = self.post("trade/order-algo", more)["data"]
        return dict(item)

    def one(self, path: str, **params: str) -> Any:
        """Ask for the only row of an answer."""
        answer = self.get(path, **params)
        assert len(answer["data"]) == 1, answer
        return answer["data"][0]

    def walk(self, symbol: str, price: str) -> None:
        """Let the street trade one lot at a price, as if the market had gone there."""
        listing = self.exchange.listings[symbol]
        ticks = int(Decimal(price) / listing.tick)
        last = self.exchange.last_ticks(symbol)
        side = Side.BUY if ticks >= last else Side.SELL
        self.exchange.street.trade(symbol, side, ticks, 1)
        if listing.kind is Kind.PERPETUAL:
            self.exchange.street.set_mark(symbol, ticks)
        self.exchange.settle()
        self.pass_time(1_000_000)

    def open(self, kind: str) -> Stream:
        """Open a websocket."""
        found = self.gateway.connect(Request("GET", HOST, f"/ws/v5/{kind}"), self.now_ns)
        assert not isinstance(found, Response), found
        return Stream(self, found)


def sign_headers(
    key: ApiKey, now_ns: int, method: str, path: str, query: str, body: bytes
) -> dict[str, str]:
    """Return the four headers, as the documents say they are made."""
    at = datetime.fromtimestamp(now_ns / 1e9, UTC).isoformat(timespec="milliseconds")
    stamp = at.replace("+00:00", "Z")
    target = f"/api/v5/{path}" + (f"?{query}" if query else "")
    text = f"{stamp}{method}{target}".encode("utf-8", "surrogatepass") + body
    return {
        "ok-access-key": key.key,
        "ok-access-sign": _hmac(key.secret, text),
        "ok-access-timestamp": stamp,
        "ok-access-passphrase": key.passphrase,
        "content-type": "application/json",
    }


def login_of(key: ApiKey, now_ns: int) -> dict[str, str]:
    """Return what a websocket says to log in."""
    stamp = str(now_ns // 1_000_000_000)
    sign = _hmac(key.secret, f"{stamp}GET/users/self/verify".encode())
    return {"apiKey": key.key, "passphrase": key.passphrase, "timestamp": stamp, "sign": sign}


def _hmac(secret: str, text: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()


class Stream:
    """One websocket of a desk."""

    def __init__(self, desk: OkxDesk, connection: Connection) -> None:
        """Listen on a connection."""
        self.desk = desk
        self.connection = connection

    def send(self, value: Any) -> list[Any]:
        """Send JSON, or a text as it is; return what comes back at once."""
        text = value if isinstance(value, str) else json.dumps(value)
        self.desk.gateway.receive(self.connection, text, self.desk.now_ns)
        return self.heard()

    def heard(self) -> list[Any]:
        """Return what has arrived, decoded; frames that are no JSON as they are."""
        found: list[Any] = []
        for frame in self.desk.gateway.take(self.connection, self.desk.now_ns):
            is_json = isinstance(frame, Text) and frame.text.startswith("{")
            found.append(json.loads(frame.text) if isinstance(frame, Text) and is_json else frame)
        return found

    def login(self, **wrong: str) -> list[Any]:
        """Log in, with whatever is to be wrong about it."""
        arg = login_of(self.desk.key, self.desk.now_ns)
        return self.send({"op": "login", "args": [arg | wrong]})

    def subscribe(self, channel: str, **arg: str) -> list[Any]:
        """Subscribe; return what comes after the word that it is done."""
        said = self.send({"op": "subscribe", "args": [{"channel": channel, **arg}]})
        assert said[0]["event"] == "subscribe", said
        return [one for one in said[1:] if "data" in one]


async def eventually(check: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something is true; fail if it does not become so."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.005)


@asynccontextmanager
async def okx_server(**more: Any) -> AsyncIterator[tuple[OkxDesk, VenueServer]]:
    """Serve a desk on loopback."""
    start_ns = time.time_ns()
    desk = OkxDesk(start_ns, **more)
    async with VenueServer(desk.gateway, Pace(start_ns, time.monotonic_ns)) as server:
        yield desk, server


def with_ccxt(test: Callable[[OkxDesk, Any], Awaitable[None]], **more: Any) -> None:
    """Run a test with the real, unpatched ccxt client under OKX's real host names."""

    async def run() -> None:
        import ccxt.pro as ccxt  # noqa: PLC0415 - half a second

        async with okx_server(**more) as (desk, server):
            assert server.authority is not None
            context = server.authority.client_context()
            session = client_session(server.hosts, server.tls_port, context)
            client = ccxt.okx(
                {
                    "apiKey": desk.key.key,
                    "secret": desk.key.secret,
                    "password": desk.key.passphrase,
                    "session": session,
                }
            )
            try:
                await client.load_markets()
                await test(desk, client)
            finally:
                await client.close()
                await session.close()

    asyncio.run(asyncio.wait_for(run(), 60))
