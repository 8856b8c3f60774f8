"""`ballast data record`: order books and trades of a venue as they come, into the store.

Ctrl-C ends a recording as well as `--duration` does: what was received is stored. It is stored in
parts, so that a power failure costs a quarter of an hour at most.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path  # noqa: TC003 - typer reads it
from typing import TYPE_CHECKING, Annotated

import typer

from ballast.core.errors import UserError
from ballast.service.cli import lines
from ballast.service.cli.output import JsonFlag, emit, note, warn
from ballast.service.cli.stopping import on_stop
from ballast.service.cli.stores import tick_store

if TYPE_CHECKING:
    from collections.abc import Sequence

    import aiohttp

    from ballast.store.ticks import TickStore
    from ballast.venues.clients.recorder import Recorder
    from ballast.venues.clients.venues import Venue

PART_S = 900.0
"""What is stored at once, and what a power failure may cost."""
TELL_S = 10.0
TEMPORARY_FAILURE = 75  # EX_TEMPFAIL of sysexits.h


@dataclass(slots=True)
class Stored:
    """What a recording has stored of a symbol."""

    symbol: str
    rows: dict[str, int] = field(default_factory=dict)
    parts: int = 0
    gaps: int = 0


def register(app: typer.Typer) -> None:
    """Add `record` to the data verbs."""
    app.command("record")(record)


def record(
    venue: Annotated[str, typer.Argument(help="BINANCE, BINANCEUSDM, BYBIT, OKX ...")],
    symbols: Annotated[list[str], typer.Argument(help="BTCUSDT ETHUSDT")],
    duration: Annotated[
        float | None, typer.Option(min=1.0, help="Seconds; without it until Ctrl-C.")
    ] = None,
    rehearse: Annotated[
        int, typer.Option(help="Port of `ballast venue serve` to record in place of the venue.")
    ] = 0,
    ca: Annotated[
        Path | None, typer.Option(help="With --rehearse: the certificate that it wrote.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Record order books and trades of a venue as they come."""
    from ballast.venues.clients.calls import CallError
    from ballast.venues.clients.venues import venue_named

    found = venue_named(venue)
    try:
        stored = asyncio.run(_record(found, symbols, duration, _address(rehearse, ca)))
    except CallError as error:
        sys.stderr.write(f"error: {found.access.venue} does not answer: {error.text}\n")
        raise typer.Exit(TEMPORARY_FAILURE) from None
    emit([asdict(one) for one in stored], json=json)
    empty = [one.symbol for one in stored if not one.parts]
    if empty:
        warn(f"nothing was received of {', '.join(empty)}")
        raise typer.Exit(TEMPORARY_FAILURE)
    note("`ballast data books show` lists what is recorded")


def _address(rehearse: int, ca: Path | None) -> tuple[int, Path] | None:
    if not rehearse:
        return None
    if ca is None or not ca.is_file():
        raise UserError(
            "no certificate of the simulated exchange",
            where="--ca",
            expected="the file that `ballast venue serve` prints as `ca`",
        )
    return rehearse, ca


def _session(venue: Venue, address: tuple[int, Path] | None) -> aiohttp.ClientSession:
    import ssl

    import aiohttp

    if address is None:
        return aiohttp.ClientSession()
    from ballast.venues.simulated.server.resolver import client_session

    context = ssl.create_default_context(cafile=str(address[1]))
    return client_session(venue.hosts, address[0], context)


async def _record(
    venue: Venue,
    symbols: Sequence[str],
    duration_s: float | None,
    address: tuple[int, Path] | None,
) -> list[Stored]:
    from ballast.runtime.clock import SystemClock
    from ballast.venues.clients.asking.asker import VenueAsker
    from ballast.venues.clients.asking.budget import Budget
    from ballast.venues.clients.recorder import Recorder

    clock = SystemClock()
    async with _session(venue, address) as session:
        budget = Budget(venue.access, clock, lines.caps())
        asker = VenueAsker(venue.access, session, clock.now_ns, clock=clock, budget=budget)
        desk = venue.desk(asker, clock.now_ns)
        await desk.load()
        unknown = [one for one in symbols if one not in desk.markets]
        if unknown:
            raise UserError(f"{venue.access.venue} does not list {', '.join(unknown)}")
        recorder = Recorder(
            desk, asker, tuple(dict.fromkeys(symbols)), session, clock, clock.now_ns
        )
        return await _until_told(recorder, duration_s)


async def _until_told(recorder: Recorder, duration_s: float | None) -> list[Stored]:
    """Record until the time is over or somebody interrupts, and store all of it."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    on_stop(stop.set)
    stored = {one: Stored(one) for one in recorder.symbols}
    store = tick_store()
    work = asyncio.create_task(recorder.run())
    waits = asyncio.create_task(stop.wait())
    began_s = loop.time()
    ends_s = began_s + duration_s if duration_s else float("inf")
    part_s = told_s = began_s
    try:
        while not (work.done() or waits.done()) and loop.time() < ends_s:
            step_s = min(1.0, max(ends_s - loop.time(), 0.0))
            await asyncio.wait({work, waits}, timeout=step_s, return_when=asyncio.FIRST_COMPLETED)
            if loop.time() - told_s >= TELL_S:
                told_s = loop.time()
                _tell(recorder)
            if loop.time() - part_s >= PART_S:
                part_s = loop.time()
                await _store(recorder, store, stored)
        if work.done():
            work.result()
    finally:
        for task in (work, waits):
            task.cancel()
        await asyncio.gather(work, waits, return_exceptions=True)
        await _store(recorder, store, stored)
    return list(stored.values())


async def _store(recorder: Recorder, store: TickStore, stored: dict[str, Stored]) -> None:
    """Store what came since the last time; the loop goes on meanwhile."""
    for symbol, found in stored.items():
        rows, numbers = recorder.part(symbol)
        if not len(rows):
            continue
        grid = recorder.grid(symbol)
        venue = recorder.desk.venue
        report = await asyncio.to_thread(store.write, venue, symbol, grid, [rows], numbers.copy)
        found.parts += 1
        for kind, count in report.rows.items():
            found.rows[kind] = found.rows.get(kind, 0) + count
    for one in recorder.recorded():
        stored[one.symbol].gaps = one.gaps


def _tell(recorder: Recorder) -> None:
    """Say on stderr how far it is."""
    words = [
        f"{one.symbol}: {one.books} updates, {one.trades} trades, {one.gaps} gaps"
        + ("" if one.is_known else ", no book yet")
        for one in recorder.recorded()
    ]
    note("; ".join(words))
