"""Control: what can be asked of a served venue, and done to it, while it runs. JSON on loopback.

    GET  /status                                 what market, clients and faults are doing
    GET  /orders                                 the open orders of all accounts
    GET  /state                                  books, and all that the accounts hold
    GET  /snapshot                               the whole venue, to be set up again elsewhere
    GET  /faults                                 how many there were, the last ones, those that wait
    POST /faults  {"fault", "pattern", "count"}  order a fault for the next requests or frames
    DELETE /faults                               take back those that wait
    POST /outage  {"seconds"}                    let nothing reach the venue, break its streams
    POST /dismiss                                let the venue end its streams in its own words
    POST /skew    {"seconds"}                    let the venue's clock be so far ahead (or behind)
    POST /maintenance {"in_s", "for_s"}          announce a span in which nothing trades
    POST /delist  {"symbol", "in_s"}             announce the end of a symbol; 0: end it now
    POST /transfer {"asset", "amount"}           deposit into the account, or, negative, withdraw
    POST /speed   {"speed"}                      let the venue's time run at another speed
    POST /script  {"script", "in_s"}             let a script of the market begin
    POST /path    {"points"}                     lead the price: [[seconds from now, price], ...]
    POST /halt    {"symbol"}                     stop trading of a symbol; POST /resume goes on

A port of its own, so that no path of a venue is shadowed and nothing here is subject to faults. A
page in a browser must not reach it: a `Host` that is not loopback (rebound names) is refused, and
so is a body that does not say it is JSON (which a foreign page cannot send without asking first).
"""

from __future__ import annotations

import asyncio
from decimal import Decimal  # noqa: TC003 - struct fields are read at run time
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import msgspec
from aiohttp import web

from ballast.core.errors import UserError
from ballast.venues.simulated.engine.events import Trading
from ballast.venues.simulated.engine.outcomes import Rejected
from ballast.venues.simulated.engine.street import Speaking, Steerable
from ballast.venues.simulated.server import dump
from ballast.venues.simulated.server.bodies import check_listed, read, span_ns
from ballast.venues.simulated.server.mishaps import Mishaps
from ballast.venues.simulated.wire.faults import Command, fault_named

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ballast.venues.simulated.engine.exchange import Exchange
    from ballast.venues.simulated.server.sockets import VenueServer

LOOPBACK = "127.0.0.1"
LOOPBACK_NAMES = frozenset({LOOPBACK, "localhost", "[::1]"})
BODY_MAX = 1 << 16
LOG_SHOWN = 100
PATTERN_MAX = 200
COUNT_MAX = 1_000_000
JSON_TYPE = "application/json"
NS_MS = 1_000_000
NS_S = 1_000_000_000


class _Fault(msgspec.Struct, forbid_unknown_fields=True):
    fault: str
    pattern: str = ""
    count: int = 1


class _Speed(msgspec.Struct, forbid_unknown_fields=True):
    speed: float


class _Script(msgspec.Struct, forbid_unknown_fields=True):
    script: str
    in_s: float = 0.0


class _Transfer(msgspec.Struct, forbid_unknown_fields=True):
    asset: str
    amount: Decimal
    account: int = 1


class _Path(msgspec.Struct, forbid_unknown_fields=True):
    points: list[tuple[float, Decimal]]


class _Symbol(msgspec.Struct, forbid_unknown_fields=True):
    symbol: str


class Reply(NamedTuple):
    """A status and what becomes the JSON of the body."""

    status: int
    value: dict[str, Any]


class Control:
    """The control interface of one served exchange; use it as an async context."""

    def __init__(
        self,
        server: VenueServer,
        exchange: Exchange,
        accounts: Sequence[int] = (),
        port: int = 0,
        *,
        snapshot: Callable[[], bytes] | None = None,
    ) -> None:
        """Prepare; a port of 0 is chosen by the system."""
        self.port = port
        self._venue = server
        self._exchange = exchange
        self._accounts = tuple(accounts)
        self._take = snapshot
        self._web = web.Server(self._serve, access_log=None)
        self._server: asyncio.Server | None = None
        self._doors: dict[str, dict[str, Callable[[bytes], dict[str, Any]]]] = {
            "/status": {"GET": self._status},
            "/orders": {"GET": self._orders},
            "/state": {"GET": self._state},
            "/snapshot": {"GET": self._snapshot},
            "/faults": {
                "GET": self._faults,
                "POST": self._order_fault,
                "DELETE": self._withdraw,
            },
            **Mishaps(server, exchange, self._now_ns).doors,
            "/transfer": {"POST": self._transfer},
            "/speed": {"POST": self._change_speed},
            "/script": {"POST": self._schedule},
            "/path": {"POST": self._lead},
            "/halt": {"POST": lambda body: self._trade(body, Trading.HALTED)},
            "/resume": {"POST": lambda body: self._trade(body, Trading.TRADING)},
        }

    async def __aenter__(self) -> Self:
        """Open the port; raise `UserError` if it is taken."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._web, LOOPBACK, self.port)
        except OSError as problem:
            raise UserError(
                f"port {self.port} cannot be opened: {problem.strerror}",
                fix="take another with --control-port, or 0 for any free one",
            ) from None
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the port."""
        if self._server is not None:
            self._server.close()
        await self._web.shutdown(timeout=0.2)

    async def _serve(self, asked: web.BaseRequest) -> web.StreamResponse:
        body = b""
        while len(body) <= BODY_MAX and not asked.content.at_eof():
            body += await asked.content.read(BODY_MAX + 1 - len(body))
        status, value = self.reply(
            asked.method, asked.path, body, host=asked.host, content_type=asked.content_type
        )
        text = msgspec.json.encode(value)
        return web.Response(status=status, body=text, content_type=JSON_TYPE)

    def reply(self, method: str, path: str, body: bytes, *, host: str, content_type: str) -> Reply:
        """Answer one request; never raise for what somebody sent."""
        if _name_of(host) not in LOOPBACK_NAMES:
            return _refusal(403, f"host '{host}' is not this machine")
        doors = self._doors.get(path)
        if doors is None:
            return _refusal(404, f"nothing at {path}; there are {', '.join(self._doors)}")
        if method not in doors:
            return _refusal(405, f"{path} takes {' and '.join(doors)}")
        if method == "POST" and content_type != JSON_TYPE:
            return _refusal(415, f"the body must be {JSON_TYPE}")
        return _done(doors[method], body)

    def _status(self, _body: bytes) -> dict[str, Any]:
        exchange, gateway, pace = self._exchange, self._venue.gateway, self._venue.pace
        return {
            "venues": [front.name for front in gateway.front_ends],
            "now_ms": exchange.now_ns // NS_MS,
            "speed": pace.speed,
            "requests": gateway.requests,
            "turned_away": gateway.turned_away,
            "streams": len(gateway.connections),
            "open_orders": sum(len(exchange.open_orders(one)) for one in self._accounts),
            "faults": gateway.faults.count,
            "symbols": {symbol: self._symbol(symbol) for symbol in exchange.listings},
            "market": [one.says() for one in exchange.sources if isinstance(one, Speaking)],
        }

    def _symbol(self, symbol: str) -> dict[str, Any]:
        listing = self._exchange.listings[symbol]
        bid, ask = self._exchange.best(symbol)
        last = self._exchange.last_ticks(symbol)
        prices = {"last": last, "bid": bid, "ask": ask}
        return {
            "trading": self._exchange.trading(symbol),
            **{
                name: str(listing.price(ticks)) if ticks else None for name, ticks in prices.items()
            },
        }

    def _orders(self, _body: bytes) -> dict[str, Any]:
        return {"orders": dump.open_orders(self._exchange, self._accounts)}

    def _state(self, _body: bytes) -> dict[str, Any]:
        return dump.state_of(self._exchange, self._accounts)

    def _snapshot(self, _body: bytes) -> dict[str, Any]:
        """Return the whole venue, in Base64."""
        if self._take is None:
            raise UserError("this venue cannot be kept")
        now_ns = self._now_ns()
        return {"now_ms": now_ns // NS_MS, "snapshot": self._take()}

    def _faults(self, _body: bytes) -> dict[str, Any]:
        faults = self._venue.gateway.faults
        return {
            "count": faults.count,
            "waiting": [
                {"fault": one.fault, "pattern": one.pattern, "count": one.count}
                for one in faults.waiting()
            ],
            "log": [
                {
                    "number": one.number,
                    "at_ms": one.at_ns // NS_MS,
                    "fault": one.fault,
                    "target": one.target,
                }
                for one in list(faults.log)[-LOG_SHOWN:]
            ],
        }

    def _order_fault(self, body: bytes) -> dict[str, Any]:
        wanted = read(body, _Fault)
        if wanted.count > COUNT_MAX or len(wanted.pattern) > PATTERN_MAX:
            raise UserError(
                "too much",
                expected=f"a count up to {COUNT_MAX}, at most {PATTERN_MAX} characters of pattern",
            )
        command = Command(fault_named(wanted.fault), wanted.pattern, wanted.count)
        self._venue.gateway.faults.command(command)
        return self._faults(b"")

    def _withdraw(self, _body: bytes) -> dict[str, Any]:
        return {"withdrawn": self._venue.gateway.faults.withdraw()}

    def _transfer(self, body: bytes) -> dict[str, Any]:
        """Deposit into an account, or, negative, withdraw from it."""
        wanted = read(body, _Transfer)
        if wanted.account not in self._accounts:
            known = ", ".join(map(str, self._accounts))
            raise UserError(f"account {wanted.account}", expected=f"one of {known}")
        if not wanted.amount.is_finite():
            raise UserError(f"amount {wanted.amount}", expected="a finite number")
        self._now_ns()
        atoms = self._exchange.atoms(wanted.asset, wanted.amount)
        done = self._exchange.transfer(wanted.account, wanted.asset, atoms)
        if isinstance(done, Rejected):
            raise UserError(f"{wanted.amount} {wanted.asset}", expected="at most what is free")
        return {"account": wanted.account, "asset": wanted.asset, "amount": str(wanted.amount)}

    def _change_speed(self, body: bytes) -> dict[str, Any]:
        self._venue.pace.change(read(body, _Speed).speed)
        return {"speed": self._venue.pace.speed}

    def _schedule(self, body: bytes) -> dict[str, Any]:
        wanted = read(body, _Script)
        at_ns = self._now_ns() + span_ns(wanted.in_s)
        for source in self._steerable():
            source.schedule(wanted.script, at_ns)
        return {"script": wanted.script, "at_ms": at_ns // NS_MS}

    def _lead(self, body: bytes) -> dict[str, Any]:
        """Lead every listing along the path, or none of them."""
        points = read(body, _Path).points
        now_ns = self._now_ns()
        times = [now_ns + span_ns(in_s) for in_s, _ in points]
        sources = self._steerable()
        paths = [
            [
                (at_ns, self._ticks(source.symbol, price))
                for at_ns, (_, price) in zip(times, points, strict=True)
            ]
            for source in sources
        ]
        led = list(zip(sources, paths, strict=True))
        for source, path in led:
            source.check_path(path, now_ns)
        for source, path in led:
            source.follow(path, now_ns)
        return {"points": len(points)}

    def _steerable(self) -> list[Steerable]:
        sources = self._exchange.sources
        found: list[Steerable] = [one for one in sources if isinstance(one, Steerable)]
        if not found:
            raise UserError(
                "the market is a replay, which cannot be led", fix="serve --market synthetic"
            )
        return found

    def _now_ns(self) -> int:
        """Let everything happen that is due; return the venue's time."""
        self._venue.gateway.advance(self._venue.pace.now_ns())
        return self._exchange.now_ns

    def _ticks(self, symbol: str, price: Decimal) -> int:
        listing = self._exchange.listings[symbol]
        ticks = listing.ticks(price) if price.is_finite() else None
        most = listing.filters.max_price
        if ticks is None or (most and price > most):
            raise UserError(
                f"price {price}",
                where=symbol,
                expected=f"a multiple of {listing.tick:f}, within the bounds of prices",
            )
        return ticks

    def _trade(self, body: bytes, trading: Trading) -> dict[str, Any]:
        symbol = read(body, _Symbol).symbol
        check_listed(self._exchange, symbol)
        self._now_ns()
        self._exchange.set_trading(symbol, trading)
        return {"symbol": symbol, "trading": trading}


def _done(door: Callable[[bytes], dict[str, Any]], body: bytes) -> Reply:
    if len(body) > BODY_MAX:
        return _refusal(413, f"the body is larger than {BODY_MAX} bytes")
    try:
        return Reply(200, door(body))
    except UserError as problem:
        return _refusal(400, problem.line())


def _name_of(host: str) -> str:
    """Return a `Host` without its port."""
    name, colon, port = host.rpartition(":")
    return name.lower() if colon and port.isdecimal() else host.lower()


def _refusal(status: int, words: str) -> Reply:
    return Reply(status, {"error": words})
