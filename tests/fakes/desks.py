"""Venues in memory, put on sockets, and the real ccxt client that reaches them by their names."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ballast.venues.simulated.server.pace import Pace
from ballast.venues.simulated.server.resolver import client_session
from ballast.venues.simulated.server.sockets import VenueServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from ballast.venues.simulated.fronts.keys import ApiKey
    from ballast.venues.simulated.wire.gateway import Gateway


class Desk(Protocol):
    """A venue with one funded account."""

    gateway: Gateway
    key: ApiKey


_D = TypeVar("_D", bound=Desk)


@asynccontextmanager
async def serve(make: Callable[[int], _D]) -> AsyncIterator[tuple[_D, VenueServer]]:
    """Serve on loopback, in real time, the desk that `make` opens at a time."""
    start_ns = time.time_ns()
    desk = make(start_ns)
    async with VenueServer(desk.gateway, Pace(start_ns, time.monotonic_ns)) as server:
        yield desk, server


def with_client(
    exchange: str,
    make: Callable[[int], _D],
    test: Callable[[_D, Any], Awaitable[None]],
    **config: Any,
) -> None:
    """Run a test with the real, unpatched ccxt client under the venue's real host names."""

    async def run() -> None:
        import ccxt.pro as ccxt  # noqa: PLC0415 - half a second

        async with serve(make) as (desk, server):
            assert server.authority is not None
            context = server.authority.client_context()
            session = client_session(server.hosts, server.tls_port, context)
            keys = {"apiKey": desk.key.key, "secret": desk.key.secret}
            client = getattr(ccxt, exchange)({**keys, "session": session, **config})
            try:
                await client.load_markets()
                await test(desk, client)
            finally:
                await client.close()
                await session.close()

    asyncio.run(asyncio.wait_for(run(), 60))
