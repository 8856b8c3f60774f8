"""Serving a venue that stands: ports, what is said of them, and the end."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from ballast.core.errors import UserError
from ballast.service.cli import options
from ballast.service.cli.output import emit, note, plain, say

if TYPE_CHECKING:
    from pathlib import Path

    from ballast.service.cli.venue_open import OpenVenue
    from ballast.venues.simulated.server.sockets import VenueServer

PORT_MAX = 65_535
DURATION_MAX_S = 366 * 86_400.0


class Ports(NamedTuple):
    """The ports asked for; 0 is any free one."""

    port: int
    plain_port: int
    control_port: int


def check(ports: Ports, duration_s: float) -> None:
    """Raise `UserError` for a port or a duration that cannot be."""
    for name, value in zip(Ports._fields, ports, strict=True):
        if not 0 <= value <= PORT_MAX:
            where = f"--{name.replace('_', '-')}"
            raise UserError(f"port {value}", where=where, expected=f"0 to {PORT_MAX}")
    if not 0.0 <= duration_s <= DURATION_MAX_S:
        raise UserError(
            f"{duration_s:g} s", where="--duration", expected=f"0 to {DURATION_MAX_S:g}"
        )


async def run(
    opened: OpenVenue,
    *,
    ports: Ports,
    ca: Path,
    duration_s: float,
    json: bool,
) -> None:
    """Serve until the time is over or somebody says stop."""
    from ballast.service.cli import venue_screen
    from ballast.service.cli.stopping import on_stop
    from ballast.store.disk import Disk, replace_file
    from ballast.venues.simulated.server.control import Control
    from ballast.venues.simulated.server.sockets import VenueServer

    stop = asyncio.Event()
    on_stop(stop.set)
    server = VenueServer(
        opened.gateway,
        opened.pace,
        port=ports.port,
        plain_ports={opened.front.name: ports.plain_port},
    )
    control = Control(
        server,
        opened.exchange,
        [opened.key.account],
        ports.control_port,
        snapshot=opened.snapshot,
    )
    async with server, control:
        assert server.authority is not None  # noqa: S101 - TLS is on by default
        replace_file(Disk(), ca, [server.authority.root_pem])
        facts = _facts(opened, ca) | {
            "port": server.tls_port,
            "plain_port": server.plain_ports[opened.front.name],
            "plain_url": f"http://127.0.0.1:{server.plain_ports[opened.front.name]}",
            "control_port": control.port,
            "control_url": f"http://127.0.0.1:{control.port}",
        }
        _tell(facts, json=json)
        screen = asyncio.create_task(venue_screen.show(opened))
        ends = {asyncio.create_task(stop.wait()), *working(opened, server)}
        try:
            await asyncio.wait(
                ends, timeout=duration_s or None, return_when=asyncio.FIRST_COMPLETED
            )
            for one in ends:
                if one.done():
                    one.result()
        finally:
            for one in (screen, *ends):
                one.cancel()
            await asyncio.gather(screen, *ends, return_exceptions=True)


def working(opened: OpenVenue, server: VenueServer) -> list[asyncio.Task[Any]]:
    """Return what must go on while a venue is served, and ends it where it ends."""
    tasks: list[asyncio.Task[Any]] = [asyncio.create_task(server.until_broken())]
    if opened.plan.feed is not None:
        tasks.append(asyncio.create_task(opened.plan.feed.listen(opened.pace.now_ns)))
    return tasks


def _facts(opened: OpenVenue, ca: Path) -> dict[str, Any]:
    key, plan = opened.key, opened.plan
    phrase = {"api_passphrase": key.passphrase} if opened.venue.has_passphrase else {}
    return {
        "exchange": opened.front.name,
        "symbol": plan.listing.symbol,
        "symbols": [one.listing.symbol for one in plan.markets],
        "market": plan.words,
        "api_key": key.key,
        "api_secret": key.secret,
        **phrase,
        "balances": {
            one.asset: str(opened.exchange.amount(one.asset, one.total_atoms))
            for one in opened.exchange.balances(key.account)
        },
        "hosts": sorted(opened.front.hosts),
        "ca": str(ca.resolve()),
        "speed": opened.pace.speed,
        "started_ms": opened.started_ns // 1_000_000,
    }


def _tell(facts: dict[str, Any], *, json: bool) -> None:
    """Say where the venue is, at once: a script that reads our pipe waits for it."""
    if json:
        from json import dumps

        say(dumps(plain(facts), ensure_ascii=False))
    else:
        shown = {name: value for name, value in facts.items() if name != "hosts"}
        # A private key is lines of text; a cell of a table would cut it.
        lines = str(shown.pop("api_secret")) if "\n" in facts["api_secret"] else ""
        emit(shown | {"hosts": ", ".join(facts["hosts"])})
        if lines:
            say(f"\napi_secret\n{lines.rstrip()}")
    sys.stdout.flush()
    if not options.current().quiet:
        note("a simulation: these keys open nothing else; Ctrl-C ends it")
