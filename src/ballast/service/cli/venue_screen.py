"""The status screen of a served venue: what a person sees of it, once a second, on stderr."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from ballast.core.time import format_ms
from ballast.service.cli import options
from ballast.venues.simulated.engine.street import Speaking

if TYPE_CHECKING:
    from rich.table import Table

    from ballast.service.cli.venue_open import OpenVenue

EVERY_S = 0.5
FAULTS_SHOWN = 5


async def show(opened: OpenVenue) -> None:
    """Draw until cancelled; nothing where nobody looks."""
    if options.current().quiet or not sys.stderr.isatty():
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), auto_refresh=False, transient=True) as live:
        while True:
            live.update(table_of(opened), refresh=True)
            await asyncio.sleep(EVERY_S)


def rows_of(opened: OpenVenue) -> list[tuple[str, str]]:
    """Return the lines of the screen: name and value."""
    exchange, listing = opened.exchange, opened.plan.listing
    bid, ask = exchange.best(listing.symbol)
    others = [one.listing for one in opened.plan.markets[1:]]
    orders = exchange.open_orders(opened.key.account)
    faults = opened.gateway.faults
    rows = [
        ("venue time", f"{format_ms(exchange.now_ns // 1_000_000)}  x {opened.pace.speed:g}"),
        (listing.symbol, f"{exchange.trading(listing.symbol)}"),
        ("last", str(listing.price(exchange.last_ticks(listing.symbol)))),
        ("bid / ask", f"{listing.price(bid)} / {listing.price(ask)}"),
        *((one.symbol, str(one.price(exchange.last_ticks(one.symbol)))) for one in others),
        *(("market", one.says()) for one in exchange.sources if isinstance(one, Speaking)),
        ("requests", f"{opened.gateway.requests:,}"),
        ("streams", str(len(opened.gateway.connections))),
        ("open orders", str(len(orders))),
        ("faults", f"{faults.count} injected, {len(faults.waiting())} waiting"),
    ]
    rows += [
        (one.asset, str(exchange.amount(one.asset, one.total_atoms)))
        for one in exchange.balances(opened.key.account)
    ]
    last = list(faults.log)[-FAULTS_SHOWN:]
    return rows + [(f"fault {one.number}", f"{one.fault} {one.target}") for one in last]


def table_of(opened: OpenVenue) -> Table:
    """Return the screen."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"simulated {opened.front.name}", box=box.SIMPLE, show_header=False)
    for name, value in rows_of(opened):
        table.add_row(Text(name), Text(value))
    return table
