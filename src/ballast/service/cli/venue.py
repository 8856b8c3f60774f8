"""`ballast venue`: simulated exchanges on loopback, for any client to trade on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ballast.core.errors import UserError
from ballast.service.cli.output import JsonFlag, emit

if TYPE_CHECKING:
    from ballast.service.cli.venue_open import OpenVenue

app = typer.Typer(
    help="Simulated exchanges that speak the real protocols.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
RECIPE = (
    "exchange",
    "market",
    "period",
    "past",
    "symbol",
    "balance",
    "seed",
    "tick",
    "lot",
    "script",
)
"""What decides what a venue is; a restored one brings it along."""
Restore = Annotated[
    Path | None, typer.Option(help="A snapshot that is set up again, with the market it was of.")
]
CatchUp = Annotated[
    bool,
    typer.Option(help="A restored market runs on to now; or go on at the time of the snapshot."),
]
LatencyOf = Annotated[
    str | None,
    typer.Option(help="How long ways take: 20ms, or entry=5ms+10ms~0.8,ack=5ms,feed=15ms."),
]
Script = Annotated[
    list[str] | None,
    typer.Option(help="What happens to a synthetic market: flash_crash@+10m. Repeatable."),
]
Market = Annotated[
    str,
    typer.Option(
        help="synthetic[:seed=7,price=60000,ETHUSDT=3000,volatility=0.6],"
        " candles:SERIES[,impact=1], book:[VENUE-]SYMBOL[,cancels=back|proportional|front],"
        " or live:EXCHANGE:SYMBOL."
    ),
]
Symbols = Annotated[
    list[str] | None,
    typer.Option(
        "--symbol", "-s", help="A pair, BTCUSDT or BTC-USDT; repeatable.  [default: BTCUSDT]"
    ),
]
Certificate = Annotated[Path, typer.Option(help="Certificate for clients to trust: written here.")]
ControlPort = Annotated[int, typer.Option(help="Port of the control interface; 0: any free one.")]


@app.command()
def serve(
    context: typer.Context,
    exchange: Annotated[
        str,
        typer.Option(help="Whose protocol: binance, binance-usdm, bybit, okx, kraken, coinbase."),
    ] = "binance",
    market: Market = "synthetic",
    period: Annotated[
        str | None, typer.Option(help="Of what is replayed: FROM..TO, either side open.")
    ] = None,
    past: Annotated[
        str | None, typer.Option(help="Let the market run this long before it opens: 30m, 2h.")
    ] = None,
    symbol: Symbols = None,
    balance: Annotated[
        list[str] | None, typer.Option(help="ASSET=AMOUNT of the account; repeatable.")
    ] = None,
    speed: Annotated[float, typer.Option(help="Venue time a real second; 1 is real time.")] = 1.0,
    port: Annotated[int, typer.Option(help="TLS port; 0: any free one.")] = 0,
    plain_port: Annotated[int, typer.Option(help="Port without TLS; 0: any free one.")] = 0,
    control_port: ControlPort = 0,
    seed: Annotated[int, typer.Option(help="Of market, keys and faults.")] = 0,
    tick: Annotated[
        str | None, typer.Option(help="Price step; default: as known, or the usual one.")
    ] = None,
    lot: Annotated[
        str | None, typer.Option(help="Quantity step; default: as known, or the usual one.")
    ] = None,
    ca: Certificate = Path("simulated-ca.pem"),
    script: Script = None,
    latency: LatencyOf = None,
    restore: Restore = None,
    catch_up: CatchUp = True,
    duration: Annotated[float, typer.Option(help="Seconds to run; 0: until Ctrl-C.")] = 0.0,
    json: JsonFlag = False,
) -> None:
    """Open a simulated exchange on loopback with one funded account, until Ctrl-C."""
    from ballast.service.cli import (
        venue_fronts,
        venue_latency,
        venue_market,
        venue_open,
        venue_serving,
        venue_symbols,
    )
    from ballast.venues.simulated.server import loop
    from ballast.venues.simulated.server.snapshot import Recipe

    ports = venue_serving.Ports(port, plain_port, control_port)
    venue_serving.check(ports, duration)
    ways = venue_latency.latency_of(latency)
    if restore is not None:
        opened = _reopened(context, restore, speed, catches_up=catch_up)
    else:
        scripts = venue_market.scripts_of(script or [], market)
        first, others = venue_symbols.symbols_of(symbol)
        recipe = Recipe(exchange, market, first, seed, tick, lot, period, also=others)
        opened = venue_open.open_venue(
            venue_fronts.front_of(exchange),
            venue_symbols.plan_of(recipe),
            balances=balance or [],
            seed=seed,
            speed=speed,
            past=past,
            scripts=scripts,
            recipe=recipe,
        )
    opened.gateway.latency = ways
    loop.run(venue_serving.run(opened, ports=ports, ca=ca, duration_s=duration, json=json))


def _reopened(context: typer.Context, file: Path, speed: float, *, catches_up: bool) -> OpenVenue:
    from ballast.service.cli import venue_open
    from ballast.store.disk import disk_errors
    from ballast.venues.simulated.server.snapshot import unpacked

    sources = {one: context.get_parameter_source(one) for one in RECIPE}
    given = [one for one, source in sources.items() if source and source.name == "COMMANDLINE"]
    if given:
        raise UserError(
            f"--{given[0]} beside --restore", fix="leave it out: the snapshot brings its own"
        )
    with disk_errors(file):
        data = file.read_bytes()
    return venue_open.reopen_venue(unpacked(data, str(file)), speed=speed, catches_up=catches_up)


@app.command()
def snapshot(
    file: Annotated[Path, typer.Argument(help="Where it is written.")],
    control_port: Annotated[int, typer.Option(help="Of the venue that is served.")],
    json: JsonFlag = False,
) -> None:
    """Write a venue that is being served to a file, from which `serve --restore` goes on."""
    from ballast.service.cli import venue_control
    from ballast.store.disk import Disk, replace_file

    kept = venue_control.snapshot(control_port)
    replace_file(Disk(), file, [kept.snapshot])
    emit({"file": str(file), "bytes": len(kept.snapshot), "venue_ms": kept.now_ms}, json=json)
