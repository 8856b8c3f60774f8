"""`ballast venue serve`: a simulated exchange on loopback, for any client to trade on."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from ballast.core.errors import UserError
from ballast.service.cli import options
from ballast.service.cli.output import JsonFlag, emit, note, plain, say

if TYPE_CHECKING:
    from ballast.service.cli.venue_market import Plan
    from ballast.service.cli.venue_open import OpenVenue

app = typer.Typer(
    help="Simulated exchanges that speak the real protocols.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

PORT_MAX = 65_535
DURATION_MAX_S = 366 * 86_400.0


@app.callback()
def venue() -> None:
    """Keep the verbs of this group by name."""


@app.command()
def serve(
    exchange: Annotated[str, typer.Option(help="Whose protocol: binance, bybit, okx.")] = "binance",
    market: Annotated[
        str,
        typer.Option(
            help="synthetic[:seed=7,price=60000,volatility=0.6], candles:SERIES,"
            " or book:[VENUE-]SYMBOL[,cancels=back|proportional|front]."
        ),
    ] = "synthetic",
    period: Annotated[
        str | None, typer.Option(help="Of what is replayed: FROM..TO, either side open.")
    ] = None,
    past: Annotated[
        str | None, typer.Option(help="Let the market run this long before it opens: 30m, 2h.")
    ] = None,
    symbol: Annotated[str, typer.Option(help="The pair: BTCUSDT or BTC-USDT.")] = "BTCUSDT",
    balance: Annotated[
        list[str] | None, typer.Option(help="ASSET=AMOUNT of the account; repeatable.")
    ] = None,
    speed: Annotated[float, typer.Option(help="Venue time a real second; 1 is real time.")] = 1.0,
    port: Annotated[int, typer.Option(help="TLS port; 0: any free one.")] = 0,
    plain_port: Annotated[int, typer.Option(help="Port without TLS; 0: any free one.")] = 0,
    control_port: Annotated[
        int, typer.Option(help="Port of the control interface; 0: any free one.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="Of market, keys and faults.")] = 0,
    tick: Annotated[
        str | None, typer.Option(help="Price step; default: as known, or the usual one.")
    ] = None,
    lot: Annotated[
        str | None, typer.Option(help="Quantity step; default: as known, or the usual one.")
    ] = None,
    ca: Annotated[
        Path, typer.Option(help="Certificate for clients to trust: written here.")
    ] = Path("simulated-ca.pem"),
    script: Annotated[
        list[str] | None,
        typer.Option(help="What happens to a synthetic market: flash_crash@+10m. Repeatable."),
    ] = None,
    duration: Annotated[float, typer.Option(help="Seconds to run; 0: until Ctrl-C.")] = 0.0,
    json: JsonFlag = False,
) -> None:
    """Open a simulated exchange on loopback with one funded account, until Ctrl-C."""
    from ballast.service.cli import venue_fronts, venue_market, venue_open
    from ballast.venues.simulated.server import loop

    ports = Ports(port, plain_port, control_port)
    _check(ports, duration)
    front = venue_fronts.front_of(exchange)
    scripts = venue_market.scripts_of(script or [], market)
    plan = venue_market.plan_of(
        market,
        offers=front.offers,
        symbol=symbol,
        tick=tick,
        lot=lot,
        seed=seed,
        period=period,
    )
    opened = venue_open.open_venue(
        front,
        plan,
        balances=balance or [],
        seed=seed,
        speed=speed,
        past=past,
        scripts=scripts,
    )
    loop.run(_run(opened, plan, ports=ports, ca=ca, duration_s=duration, json=json))


class Ports(NamedTuple):
    """The ports asked for; 0 is any free one."""

    port: int
    plain_port: int
    control_port: int


def _check(ports: Ports, duration_s: float) -> None:
    for name, value in zip(Ports._fields, ports, strict=True):
        if not 0 <= value <= PORT_MAX:
            where = f"--{name.replace('_', '-')}"
            raise UserError(f"port {value}", where=where, expected=f"0 to {PORT_MAX}")
    if not 0.0 <= duration_s <= DURATION_MAX_S:
        raise UserError(
            f"{duration_s:g} s", where="--duration", expected=f"0 to {DURATION_MAX_S:g}"
        )


async def _run(
    opened: OpenVenue,
    plan: Plan,
    *,
    ports: Ports,
    ca: Path,
    duration_s: float,
    json: bool,
) -> None:
    """Serve until the time is over or somebody says stop."""
    from ballast.service.cli import venue_screen
    from ballast.store.disk import Disk, replace_file
    from ballast.venues.simulated.server.control import Control
    from ballast.venues.simulated.server.sockets import VenueServer

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    server = VenueServer(
        opened.gateway,
        opened.pace,
        port=ports.port,
        plain_ports={opened.front.name: ports.plain_port},
    )
    control = Control(server, opened.exchange, [opened.key.account], ports.control_port)
    async with server, control:
        assert server.authority is not None  # noqa: S101 - TLS is on by default
        replace_file(Disk(), ca, [server.authority.root_pem])
        facts = _facts(opened, plan, ca) | {
            "port": server.tls_port,
            "plain_port": server.plain_ports[opened.front.name],
            "plain_url": f"http://127.0.0.1:{server.plain_ports[opened.front.name]}",
            "control_port": control.port,
            "control_url": f"http://127.0.0.1:{control.port}",
        }
        _tell(facts, json=json)
        screen = asyncio.create_task(venue_screen.show(opened))
        ends = {asyncio.create_task(stop.wait()), asyncio.create_task(server.until_broken())}
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


def _facts(opened: OpenVenue, plan: Plan, ca: Path) -> dict[str, Any]:
    key = opened.key
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
        emit(shown | {"hosts": ", ".join(facts["hosts"])})
    sys.stdout.flush()
    if not options.current().quiet:
        note("a simulation: these keys open nothing else; Ctrl-C ends it")
