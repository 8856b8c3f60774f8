"""A simulated exchange for a test: served on loopback by a thread of its own, always shut down.

    with simulated_exchange(exchange="bybit", market="synthetic:seed=7") as venue:
        venue.fault("reset_reply", "POST /v5/order/create$")
        run_my_bot(venue.url, venue.key, venue.secret)
        assert venue.state()["accounts"][0]["orders"] == []

The venue lives in the loop of its thread; every question and command is carried there, so nothing
here needs a lock and a test may call from wherever it runs.
"""

from __future__ import annotations

import asyncio
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from ballast.core.errors import InternalError, UserError
from ballast.service.cli import venue_fronts, venue_open, venue_symbols
from ballast.service.cli.venue_control import Kept
from ballast.service.cli.venue_latency import latency_of
from ballast.service.cli.venue_serving import working
from ballast.store.disk import Disk, disk_errors, replace_file
from ballast.venues.simulated.server import loop as loops
from ballast.venues.simulated.server.control import JSON_TYPE, LOOPBACK, Control
from ballast.venues.simulated.server.snapshot import Recipe, unpacked
from ballast.venues.simulated.server.sockets import VenueServer
from ballast.venues.simulated.wire.faults import fault_named

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from decimal import Decimal

    import aiohttp

    from ballast.service.cli.venue_open import OpenVenue
    from ballast.venues.simulated.server.authority import Authority

ANSWER_S = 30.0
"""A question takes milliseconds; a venue that says nothing for so long never will."""
STOP_S = 10.0
OK = 200


@contextmanager
def simulated_exchange(
    exchange: str = "binance",
    market: str = "synthetic:seed=7",
    *,
    symbol: str | Sequence[str] = "BTCUSDT",
    balances: Mapping[str, Decimal | int | str] | None = None,
    faults: Mapping[str, float] | None = None,
    tick: str | None = None,
    lot: str | None = None,
    seed: int = 0,
    speed: float = 1.0,
    past: str | None = None,
    latency: str | None = None,
) -> Iterator[ServedVenue]:
    """Serve a simulated exchange while the block runs.

    `exchange`, `market`, `symbol`, `tick`, `lot`, `speed`, `past` and `latency` are those of
    `ballast venue serve`; several symbols are traded side by side.
    `balances` is what the account holds of each asset (left out: 100,000 in quote and as much in
    base), `faults` how likely each fault befalls a request or a frame (0 to 1). Raise `UserError`
    for what cannot be; what breaks the venue itself is raised when the block ends.
    """
    rates = {fault_named(name): rate for name, rate in (faults or {}).items()}
    ways = latency_of(latency)
    first, others = venue_symbols.symbols_of(symbol)
    recipe = Recipe(exchange, market, first, seed, tick, lot, also=others)
    opened = venue_open.open_venue(
        venue_fronts.front_of(exchange),
        venue_symbols.plan_of(recipe),
        balances=[f"{asset}={amount}" for asset, amount in (balances or {}).items()],
        seed=seed,
        speed=speed,
        past=past,
        faults=rates,
        recipe=recipe,
    )
    opened.gateway.latency = ways
    with _served(opened) as venue:
        yield venue


@contextmanager
def restored_exchange(
    file: Path | str, *, catches_up: bool = False, speed: float = 1.0, latency: str | None = None
) -> Iterator[ServedVenue]:
    """Serve a simulated exchange that was kept in a file, while the block runs.

    It goes on at the time of the snapshot, so that every test begins alike: sign with `now_ms`. One
    that `catches_up` lets its market run on to the present first. Raise `UserError` for a file that
    is no snapshot of this version.
    """
    ways = latency_of(latency)
    with disk_errors(Path(file)):
        data = Path(file).read_bytes()
    snapshot = unpacked(data, str(file))
    opened = venue_open.reopen_venue(snapshot, speed=speed, catches_up=catches_up)
    opened.gateway.latency = ways
    with _served(opened) as venue:
        yield venue


@contextmanager
def _served(opened: OpenVenue) -> Iterator[ServedVenue]:
    with tempfile.TemporaryDirectory(prefix="ballast-venue-") as folder:
        venue = ServedVenue(opened, Path(folder) / "ca.pem")
        try:
            yield venue
        finally:
            venue.stop()


class _Doors(NamedTuple):
    """What stands while a venue is open."""

    loop: asyncio.AbstractEventLoop
    server: VenueServer
    control: Control


class ServedVenue:
    """A simulated exchange that is open."""

    def __init__(self, opened: OpenVenue, ca: Path) -> None:
        """Serve it; return when it can be reached."""
        self._opened = opened
        self._ready: Future[_Doors] = Future()
        self._end = asyncio.Event()
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="simulated-exchange")
        self._ended = self._threads.submit(lambda: loops.run(self._serve()))
        self._ended.add_done_callback(self._fail)
        self._threads.shutdown(wait=False)  # takes no other work, and ends with this
        self._loop, self._server, self._control = self._ready.result(ANSWER_S)
        self.ca = ca
        """File with the only certificate a client needs to trust."""
        ca.write_bytes(self._authority.root_pem)

    # Where it is, and who one is there ----------------------------------------------------

    @property
    def url(self) -> str:
        """Return the address without TLS, for clients that can be given one."""
        return f"http://{LOOPBACK}:{self._server.plain_ports[self._opened.front.name]}"

    @property
    def port(self) -> int:
        """Return the TLS port, which answers to the real host names."""
        return self._server.tls_port

    @property
    def hosts(self) -> frozenset[str]:
        """Return the real host names."""
        return self._opened.front.hosts

    @property
    def control_url(self) -> str:
        """Return the address of the control interface."""
        return f"http://{LOOPBACK}:{self._control.port}"

    @property
    def key(self) -> str:
        """Return the API key of the funded account."""
        return self._opened.key.key

    @property
    def secret(self) -> str:
        """Return the secret of the key."""
        return self._opened.key.secret

    @property
    def passphrase(self) -> str:
        """Return the passphrase of the key, for the venues that have one."""
        return self._opened.key.passphrase

    @property
    def symbols(self) -> tuple[str, ...]:
        """Return what is listed, as the engine spells it."""
        return tuple(self._opened.exchange.listings)

    @property
    def now_ms(self) -> int:
        """Return the venue's time, with which requests are signed at another speed than 1."""
        return self._opened.pace.now_ns() // 1_000_000

    def context(self) -> ssl.SSLContext:
        """Return a TLS context that trusts this venue and nobody else."""
        return self._authority.client_context()

    def session(self) -> aiohttp.ClientSession:
        """Return a session that reaches the real host names here, and no other host.

        For ccxt or any aiohttp client; made inside a running event loop, closed by its owner.
        """
        from ballast.venues.simulated.server.resolver import (  # noqa: PLC0415 - a client's need
            client_session,
        )

        return client_session(self.hosts, self.port, self.context())

    # What it holds, and what is done to it ------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return books, and balances, positions, open orders and last fills of the account."""
        return self.command("GET", "/state")

    def status(self) -> dict[str, Any]:
        """Return what market, clients and faults are doing."""
        return self.command("GET", "/status")

    def fault(self, name: str, pattern: str = "", count: int = 1) -> None:
        """Order a fault for the next `count` requests or frames whose target matches."""
        self.command("POST", "/faults", fault=name, pattern=pattern, count=count)

    def keep(self, file: Path | str) -> None:
        """Write all of it to a file, from which `restored_exchange` and `serve --restore` go on."""
        kept = msgspec.convert(self.command("GET", "/snapshot"), Kept)
        replace_file(Disk(), Path(file), [kept.snapshot])

    def command(self, method: str, path: str, **body: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Ask or command what the control interface can; raise `UserError` where it refuses."""
        text = msgspec.json.encode(body) if body else b""

        def ask() -> tuple[int, bytes]:
            found = self._control.reply(method, path, text, host=LOOPBACK, content_type=JSON_TYPE)
            return found.status, msgspec.json.encode(found.value)

        status, said = self._there(ask)
        value: dict[str, Any] = msgspec.json.decode(said)  # as it would come over the socket
        if status != OK:
            raise UserError(str(value["error"]), where=f"{method} {path}")
        return value

    def _there(self, act: Callable[[], Any]) -> Any:  # noqa: ANN401 - what `act` returns
        """Do something in the venue's own thread."""
        if self._ended.done():
            self._ended.result()
            raise InternalError("the simulated exchange has ended")

        async def acted() -> Any:  # noqa: ANN401 - as above
            return act()

        return asyncio.run_coroutine_threadsafe(acted(), self._loop).result(ANSWER_S)

    def stop(self) -> None:
        """Close ports and streams; raise what broke the venue, if anything did."""
        if not self._ended.done():
            self._loop.call_soon_threadsafe(self._end.set)
        self._ended.result(STOP_S)

    # Its thread ---------------------------------------------------------------------------

    @property
    def _authority(self) -> Authority:
        assert self._server.authority is not None  # noqa: S101 - TLS is on by default
        return self._server.authority

    def _fail(self, ended: Future[None]) -> None:
        """Tell the one who waits for a venue that it did not open."""
        problem = ended.exception()
        if problem is not None and not self._ready.done():
            self._ready.set_exception(problem)

    async def _serve(self) -> None:
        opened = self._opened
        server = VenueServer(opened.gateway, opened.pace)
        control = Control(server, opened.exchange, [opened.key.account], snapshot=opened.snapshot)
        async with server, control:
            self._ready.set_result(_Doors(asyncio.get_running_loop(), server, control))
            ends = {asyncio.create_task(self._end.wait()), *working(opened, server)}
            done, rest = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for one in rest:
                one.cancel()
            await asyncio.gather(*rest, return_exceptions=True)
            for one in done:
                one.result()
