"""`ballast data download`: candles, mark prices, funding and rules from a venue into the store.

Exit codes: 0 all is there; 2 the question was wrong; 75 the venue did not answer, try again; 130
interrupted. What was stored stays in every case, and the same command continues.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.runtime.clock import SystemClock
from ballast.service.cli import lines, options
from ballast.service.cli.output import JsonFlag, Table, emit, progress, warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.core.time import Timeframe
    from ballast.venues.download.client import Listing, VenueClient
    from ballast.venues.download.run import Outcome, Progress
    from ballast.venues.download.series import Wanted

TEMPORARY_FAILURE = 75  # EX_TEMPFAIL of sysexits.h
MOST_WORKERS = 32
"""More series at once only queue longer for the one budget."""


@dataclass(frozen=True, slots=True)
class Order:
    """One command line, checked."""

    venue: str
    symbols: tuple[str, ...]
    timeframes: tuple[Timeframe, ...]
    wanted: Wanted
    funding: bool
    mark: bool
    rules: bool
    workers: int
    base_url: str | None


def register(app: typer.Typer) -> None:
    """Add `download` to the data verbs."""
    app.command("download")(download)


def download(
    venue: Annotated[str, typer.Argument(help="BINANCE, BINANCEUSDM, OKXSWAP, or any ccxt id.")],
    symbols: Annotated[list[str], typer.Argument(help="BTCUSDT, BTC/USDT, BTC/USDT:USDT.")],
    timeframe: Annotated[
        list[str], typer.Option("--timeframe", "-t", help="1m, 1h, 1d; repeat for several.")
    ] = ["1h"],  # noqa: B006 - typer copies it
    start: Annotated[
        str | None, typer.Option("--from", help="First day; default: the last stored bar.")
    ] = None,
    stop: Annotated[str | None, typer.Option("--to", help="Up to here; default: now.")] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Fetch only holes of the store.")
    ] = False,
    funding: Annotated[bool, typer.Option("--funding", help="Funding rates too.")] = False,
    mark: Annotated[bool, typer.Option("--mark", help="Mark price candles too.")] = False,
    rules: Annotated[bool, typer.Option("--rules", help="Trading rules and fees too.")] = False,
    workers: Annotated[int, typer.Option(help="Series fetched at once.")] = 4,
    base_url: Annotated[
        str | None, typer.Option("--base-url", help="Ask this host instead of the venue.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Download candles, and continue where the last download stopped."""
    from ballast.venues.errors import VenueUnavailableError

    order = _order(
        venue, symbols, timeframe, start, stop, repair, funding, mark, rules, workers, base_url
    )
    try:
        report = asyncio.run(_run(order))
    except VenueUnavailableError as error:
        sys.stderr.write(f"error: {error.line()}\n")
        raise typer.Exit(TEMPORARY_FAILURE) from error
    emit(report, json=json, tables=None if json else _tables(report))
    problems = [row for row in report["series"] if row["problem"]]
    for row in problems:
        warn(f"{row['series']}: {row['problem']}")
    if problems:
        raise typer.Exit(TEMPORARY_FAILURE)


def _order(
    venue: str,
    symbols: Sequence[str],
    timeframes: Sequence[str],
    start: str | None,
    stop: str | None,
    repair: bool,
    funding: bool,
    mark: bool,
    rules: bool,
    workers: int,
    base_url: str | None,
) -> Order:
    """Check the command line before anything is asked or written."""
    from ballast.core.errors import UserError
    from ballast.core.time import Timeframe, parse_ms
    from ballast.venues.download.series import Wanted

    from_ms = parse_ms(start) if start else None
    to_ms = parse_ms(stop) if stop else None
    if from_ms is not None and to_ms is not None and from_ms >= to_ms:
        raise UserError(f"--from {start} is not before --to {stop}", fix="swap the two dates")
    if not 1 <= workers <= MOST_WORKERS:
        raise UserError(f"--workers {workers}", expected=f"1 to {MOST_WORKERS}")
    frames = tuple(dict.fromkeys(Timeframe.parse(text) for text in timeframes))
    wanted = Wanted(from_ms, to_ms, repair=repair)
    chosen = tuple(dict.fromkeys(symbols))
    return Order(venue, chosen, frames, wanted, funding, mark, rules, workers, base_url)


async def _run(order: Order) -> dict[str, Any]:
    """Open the venue, look everything up first, then fetch and store."""
    from ballast.venues.download.client import VenueClient

    client = VenueClient.open(order.venue, SystemClock(), base_url=order.base_url)
    client.patience.on_wait = lines.say_why
    try:
        await client.load()
        listings = list(dict.fromkeys(client.listing(symbol) for symbol in order.symbols))
        for timeframe in order.timeframes:
            client.check_timeframe(timeframe)
        now_ms = await client.now_ms()
        report: dict[str, Any] = {"venue": client.venue.name}
        if order.rules:
            report["rules"] = await _rules(client, listings, now_ms)
        report["series"] = await _candles(client, order, listings, now_ms)
        if order.funding:
            report["funding"] = await _funding(client, order, listings, now_ms)
        report["requests"] = client.patience.budget.requests
        return report
    finally:
        await client.close()


async def _candles(
    client: VenueClient, order: Order, listings: Sequence[Listing], now_ms: int
) -> list[dict[str, Any]]:
    from ballast.store.candles import CandleStore
    from ballast.store.holes import KnownHoles
    from ballast.venues.download.run import Desk, Job
    from ballast.venues.download.run import download as fetch

    root = options.config().data_root
    jobs = [
        Job(listing, timeframe, mark=mark)
        for listing in listings
        for timeframe in order.timeframes
        for mark in ((False, True) if order.mark else (False,))
    ]
    with progress(client.venue.name) as bar:

        def show(step: Progress) -> None:
            bar.move_to(step.bars_done, step.bars_planned)

        desk = Desk(client, CandleStore(root), KnownHoles(root), SystemClock(), order.workers, show)
        outcomes = await fetch(desk, jobs, order.wanted, now_ms=now_ms)
    return [_row(outcome) for outcome in outcomes]


async def _rules(
    client: VenueClient, listings: Sequence[Listing], now_ms: int
) -> list[dict[str, Any]]:
    from ballast.store.instruments import InstrumentBook
    from ballast.venues.download.instruments import fetch_instrument

    book = InstrumentBook(options.config().data_root)
    rows = []
    for listing in listings:
        instrument = await fetch_instrument(client, listing, now_ms=now_ms)
        book.put(instrument, now_ms)
        rows.append(
            {
                "symbol": instrument.symbol,
                "tick": str(instrument.tick),
                "lot": str(instrument.lot),
                "min_notional": str(instrument.min_notional),
                "taker_fee": instrument.fees[-1].taker if instrument.fees else None,
                "brackets": len(instrument.tiers),
            }
        )
    return rows


async def _funding(
    client: VenueClient, order: Order, listings: Sequence[Listing], now_ms: int
) -> list[dict[str, Any]]:
    from ballast.core.time import format_ms
    from ballast.store.funding import FundingStore
    from ballast.venues.download.funding import download_funding

    store = FundingStore(options.config().data_root)
    to_ms = min(now_ms, order.wanted.to_ms or now_ms)
    rows = []
    for listing in listings:
        done = await download_funding(
            client, listing, store, from_ms=order.wanted.from_ms, to_ms=to_ms
        )
        last = format_ms(done.last_ms) if done.last_ms is not None else None
        rows.append({"symbol": done.symbol, "settlements": done.stored, "last": last})
    return rows


def _row(outcome: Outcome) -> dict[str, Any]:
    from ballast.core.time import format_ms

    report = outcome.report
    return {
        "series": f"{report.key.venue}-{report.key.symbol}-{report.key.timeframe}",
        "new_bars": report.stored,
        "absent_at_venue": report.confirmed_missing,
        "rejected_rows": outcome.rejected,
        "first": format_ms(report.first_ms) if report.first_ms is not None else None,
        "last": format_ms(report.last_ms) if report.last_ms is not None else None,
        "rejected_because": outcome.reason,
        "problem": outcome.problem,
    }


def _tables(report: dict[str, Any]) -> list[Table]:
    """Return the tables a person sees; the texts of problems go to stderr."""
    tables = []
    for title in ("rules", "series", "funding"):
        rows = report.get(title)
        if rows:
            names = [name for name in rows[0] if name not in {"problem", "rejected_because"}]
            tables.append(Table(names, [[row[name] for name in names] for row in rows], title))
    return tables
