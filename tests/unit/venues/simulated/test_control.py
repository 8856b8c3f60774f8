"""The control interface of a served venue, on real sockets (R-EXCH-16; issue point 6)."""

from __future__ import annotations

import asyncio
import socket
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec
import pytest
from tests.fakes.binance_desk import SYMBOL, SpotDesk, spot_server

from ballast.core.errors import UserError
from ballast.core.orders import OrderKind, OrderRef, OrderRequest, Side
from ballast.venues.simulated.engine.events import Trading
from ballast.venues.simulated.engine.outcomes import Accepted, Rejected
from ballast.venues.simulated.liquidity.synthetic import SyntheticAgents, SyntheticMarket
from ballast.venues.simulated.server.control import BODY_MAX, Control

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Panel:
    """A served desk, its control port, and a client of it."""

    def __init__(self, desk: SpotDesk, control: Control, client: aiohttp.ClientSession) -> None:
        self.desk, self.control, self.client = desk, control, client

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.control.port}"

    async def ask(self, method: str, path: str, value: Any = None, **more: Any) -> tuple[int, Any]:
        body = {} if value is None else {"json": value}
        async with self.client.request(method, self.url + path, **body, **more) as answer:
            assert answer.content_type == "application/json"
            return answer.status, await answer.json()


def at_panel(test: Callable[[Panel, str], Awaitable[None]]) -> None:
    async def run() -> None:
        async with (
            spot_server() as (desk, server),
            Control(server, desk.exchange, [desk.account]) as control,
            aiohttp.ClientSession() as client,
        ):
            plain = f"http://127.0.0.1:{server.plain_ports['binance']}"
            await test(Panel(desk, control, client), plain)

    asyncio.run(asyncio.wait_for(run(), 30))


def test_status_says_what_the_venue_is_doing() -> None:
    async def test(panel: Panel, plain: str) -> None:
        request = OrderRequest(SYMBOL, Side.BUY, OrderKind.LIMIT, 1_000, 5_000_000)
        panel.desk.exchange.submit(panel.desk.account, request)
        async with panel.client.get(f"{plain}/api/v3/ping"):
            pass
        status, said = await panel.ask("GET", "/status")
        assert status == 200
        assert (said["venues"], said["speed"], said["requests"]) == (["binance"], 1.0, 1)
        assert (said["streams"], said["open_orders"], said["faults"]) == (0, 1, 0)
        market = said["symbols"][SYMBOL]
        assert market["trading"] == "trading"
        assert 59_999 <= float(market["bid"]) < float(market["ask"]) < 61_000
        assert abs(said["now_ms"] * 1_000_000 - panel.desk.exchange.now_ns) < 10**10

    at_panel(test)


def test_open_orders_are_listed_and_go_when_they_are_done() -> None:
    async def test(panel: Panel, _plain: str) -> None:
        exchange, account = panel.desk.exchange, panel.desk.account
        limit = OrderRequest(SYMBOL, Side.BUY, OrderKind.LIMIT, 1_000, 5_000_000, client_id="mine")
        accepted = exchange.submit(account, limit)
        assert isinstance(accepted, Accepted)
        order_id = accepted.order.order_id
        assert (await panel.ask("GET", "/orders"))[1]["orders"] == [
            {
                "account": account, "symbol": SYMBOL, "order_id": order_id, "client_id": "mine",
                "side": "buy", "kind": "limit", "status": "new", "price": "50000.00",
                "trigger": None, "qty": "0.01000", "filled": "0.00000",
            }
        ]  # fmt: skip
        exchange.cancel(account, OrderRef(SYMBOL, order_id=order_id))
        assert await panel.ask("GET", "/orders") == (200, {"orders": []})

    at_panel(test)


def test_a_fault_that_is_ordered_happens_and_is_logged() -> None:
    async def test(panel: Panel, plain: str) -> None:
        order = {"fault": "unavailable", "pattern": "GET /api/v3/time$", "count": 2}
        status, said = await panel.ask("POST", "/faults", order)
        assert (status, said["waiting"], said["log"]) == (200, [order], [])
        seen = []
        for path in ("ping", "time", "time", "time"):
            async with panel.client.get(f"{plain}/api/v3/{path}") as answer:
                seen.append(answer.status)
        assert seen == [200, 503, 503, 200]
        _, said = await panel.ask("GET", "/faults")
        assert (said["count"], said["waiting"]) == (2, [])
        assert [one["target"] for one in said["log"]] == ["binance GET /api/v3/time"] * 2

    at_panel(test)


def test_a_halted_symbol_refuses_orders_until_it_is_resumed() -> None:
    async def test(panel: Panel, _plain: str) -> None:
        exchange = panel.desk.exchange
        assert (await panel.ask("POST", "/halt", {"symbol": SYMBOL}))[1] == {
            "symbol": SYMBOL, "trading": "halted",
        }  # fmt: skip
        assert exchange.trading(SYMBOL) is Trading.HALTED
        request = OrderRequest(SYMBOL, Side.BUY, OrderKind.LIMIT, 1_000, 5_000_000)
        outcome = exchange.submit(panel.desk.account, request)
        assert isinstance(outcome, Rejected)
        assert (await panel.ask("GET", "/status"))[1]["symbols"][SYMBOL]["trading"] == "halted"
        assert (await panel.ask("POST", "/resume", {"symbol": SYMBOL}))[0] == 200
        assert exchange.trading(SYMBOL) is Trading.TRADING

    at_panel(test)


def test_money_comes_and_goes() -> None:
    async def test(panel: Panel, _plain: str) -> None:
        exchange, account = panel.desk.exchange, panel.desk.account
        before = exchange.balance(account, "USDT").total_atoms
        for amount in ("250.5", "-50"):
            answer = await panel.ask("POST", "/transfer", {"asset": "USDT", "amount": amount})
            assert answer == (200, {"account": 1, "asset": "USDT", "amount": amount})
        added = exchange.balance(account, "USDT").total_atoms - before
        assert exchange.amount("USDT", added) == Decimal("200.5")

    at_panel(test)


def test_time_goes_on_at_another_speed_without_a_jump() -> None:
    async def test(panel: Panel, _plain: str) -> None:
        before = (await panel.ask("GET", "/status"))[1]["now_ms"]
        assert await panel.ask("POST", "/speed", {"speed": 50}) == (200, {"speed": 50.0})
        after = (await panel.ask("GET", "/status"))[1]
        assert after["speed"] == 50.0
        assert before <= after["now_ms"]

    at_panel(test)


def test_a_market_of_agents_takes_scripts_and_paths() -> None:
    async def test(panel: Panel, _plain: str) -> None:
        exchange = panel.desk.exchange
        agents = SyntheticAgents(SyntheticMarket(SYMBOL, 6_000_000, 2_000), exchange.now_ns)
        exchange.attach(agents)
        status, said = await panel.ask("POST", "/script", {"script": "flash_crash"})
        assert (status, said["script"]) == (200, "flash_crash")
        points = [[10, "60100"], [20.5, "59000.01"]]
        assert await panel.ask("POST", "/path", {"points": points}) == (200, {"points": 2})
        (words,) = (await panel.ask("GET", "/status"))[1]["market"]
        assert words.endswith("flash_crash, on a path")
        for body, problem in [
            ({"points": [[10, "60100.001"]]}, "a multiple of 0.01"),
            ({"points": [[10, "2000000"]]}, "within the bounds"),
            ({"points": [[10, "NaN"]]}, "price NaN"),
            ({"points": [[10, "1"]]}, "a path to 100 ticks"),
            ({"points": [[10, "60100"], [10, "60200"]]}, "later than the one before"),
            ({"points": [[1e9, "60100"]]}, "in 1e+09 s"),
        ]:
            status, said = await panel.ask("POST", "/path", body)
            assert (status, problem in said["error"]) == (400, True), said
        source = msgspec.json.decode(agents.snapshot())
        ticks = [one[1] for one in source["path"]["points"]]
        assert ticks == [6_010_000, 5_900_001]

    at_panel(test)


#        method, path, body, status, words
REFUSED: list[tuple[str, str, Any, int, str]] = [
    ("GET", "/nothing", None, 404, "nothing at /nothing"),
    ("GET", "/halt", None, 405, "/halt takes POST"),
    ("PUT", "/faults", None, 405, "/faults takes GET and POST and DELETE"),
    ("POST", "/outage", {"seconds": -1}, 400, "in -1 s"),
    ("POST", "/skew", {"seconds": 7200}, 400, "at most 3600"),
    ("POST", "/maintenance", {"in_s": 0, "for_s": 60}, 400, "above 0"),
    ("POST", "/delist", {"symbol": "BTCUSD"}, 400, "did you mean 'BTCUSDT'?"),
    ("POST", "/faults", {"fault": "unavailabel"}, 400, "did you mean 'unavailable'?"),
    ("POST", "/faults", {"fault": "delay", "pattern": "("}, 400, "pattern '('"),
    ("POST", "/faults", {"fault": "delay", "pattern": "x" * 201}, 400, "at most 200"),
    ("POST", "/faults", {"fault": "delay", "count": 0}, 400, "at least 1"),
    ("POST", "/faults", {"fault": "delay", "count": 10**7}, 400, "up to 1000000"),
    ("POST", "/faults", {"fault": "delay", "often": 3}, 400, "unknown field"),
    ("POST", "/faults", {"fault": 3}, 400, "Expected `str`"),
    ("POST", "/faults", [], 400, "Expected `object`"),
    ("POST", "/transfer", {"asset": "USDT", "amount": "-1e15"}, 400, "at most what is free"),
    ("POST", "/transfer", {"asset": "USDT", "amount": "nan"}, 400, "finite"),
    ("POST", "/transfer", {"asset": "XYZ", "amount": "1"}, 400, "no listing knows"),
    ("POST", "/transfer", {"asset": "USDT", "amount": "1", "account": 9}, 400, "account 9"),
    ("POST", "/speed", {"speed": 0}, 400, "speed 0"),
    ("POST", "/speed", {"speed": "fast"}, 400, "Expected `float`"),
    ("POST", "/halt", {"symbol": "BTCUSD"}, 400, "did you mean 'BTCUSDT'?"),
    ("POST", "/halt", {}, 400, "missing required field"),
    ("POST", "/script", {"script": "flash_crash"}, 400, "the market is a replay"),
    ("POST", "/script", {"script": "flash_crash", "in_s": -1}, 400, "in -1 s"),
    ("POST", "/path", {"points": [[1, "60000"]]}, 400, "the market is a replay"),
]


def test_what_makes_no_sense_is_refused_and_changes_nothing() -> None:
    async def test(panel: Panel, _plain: str) -> None:
        for method, path, value, status, words in REFUSED:
            found, said = await panel.ask(method, path, value)
            assert (found, words in said["error"]) == (status, True), (path, value, said)
        bad = {"data": b"{", "headers": {"Content-Type": "application/json"}}
        assert (await panel.ask("POST", "/speed", **bad))[0] == 400
        large = {"data": b" " * (BODY_MAX + 1), "headers": {"Content-Type": "application/json"}}
        assert (await panel.ask("POST", "/speed", **large))[0] == 413
        assert panel.desk.gateway.faults.waiting() == ()
        assert panel.desk.exchange.trading(SYMBOL) is Trading.TRADING

    at_panel(test)


def test_a_page_in_a_browser_cannot_command_the_venue() -> None:
    """Rebound names show in `Host`; a body that is not JSON is all a foreign page may send."""

    async def test(panel: Panel, _plain: str) -> None:
        port = panel.control.port
        for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "10.0.0.1"):
            status, said = await panel.ask("GET", "/status", headers={"Host": host})
            assert (status, "not this machine" in said["error"]) == (403, True)
        for host in ("localhost", f"LOCALHOST:{port}", "127.0.0.1", f"[::1]:{port}"):
            assert (await panel.ask("GET", "/status", headers={"Host": host}))[0] == 200
        for kind in ("text/plain", "application/x-www-form-urlencoded"):
            more = {"data": b'{"speed": 9}', "headers": {"Content-Type": kind}}
            assert (await panel.ask("POST", "/speed", **more))[0] == 415
        assert (await panel.ask("GET", "/status"))[1]["speed"] == 1.0

    at_panel(test)


def test_a_taken_control_port_says_so() -> None:
    async def run() -> None:
        async with spot_server() as (desk, server):
            with socket.socket() as taken:
                taken.bind(("127.0.0.1", 0))
                taken.listen()
                port = taken.getsockname()[1]
                with pytest.raises(UserError, match="take another with --control-port"):
                    await Control(server, desk.exchange, port=port).__aenter__()

    asyncio.run(asyncio.wait_for(run(), 30))
