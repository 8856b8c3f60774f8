"""`ballast paper --live`: a strategy on a venue's market as it is now, with money that is none."""

from __future__ import annotations

import asyncio
import os
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.service.cli import lines, options
from ballast.service.cli.choosing import node_in, symbols_of
from ballast.service.cli.connection import connection_tables, health_tables
from ballast.service.cli.exposure import exposure_tables
from ballast.service.cli.output import Table
from ballast.service.cli.session_tables import session_tables, table_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.core.settings import Settings
    from ballast.core.time import Timeframe
    from ballast.service.cli.journals import Place
    from ballast.service.kinds import SessionKind
    from ballast.service.live.opening import LiveWish
    from ballast.service.live.paper import PaperMarket
    from ballast.service.live.universe import Wanted as Universe
    from ballast.strategies.plan import AnyStrategy


async def trade(
    strategy: AnyStrategy,
    venue: Any,  # noqa: ANN401 - a Venue
    symbols: Sequence[str],
    timeframe: Timeframe,
    settings: Settings,
    where: Place,
    wish: LiveWish,
    rehearsal: Any,  # noqa: ANN401 - a Rehearsal
    closes: int | None,
    universe: Universe | None,
    *,
    is_quiet: bool,
) -> dict[str, Any]:
    """Trade until stopped; return the state of the session."""
    from ballast.service.cli.stopping import on_stop
    from ballast.service.kinds import SessionKind
    from ballast.service.live.paper import open_paper_market
    from ballast.service.live.universe import kept_of

    kind = SessionKind.PAPER_LIVE if rehearsal is None else SessionKind.PAPER_REHEARSAL
    stop = asyncio.Event()
    on_stop(stop.set)
    line = await lines.opened(venue, None, rehearsal)
    try:
        if universe is not None:  # a paper account is of the symbols it began with
            node = node_in(where, (strategy,))
            kept = kept_of(node, is_bound=True)
            symbols = await symbols_of(line, universe, kept)
        market = open_paper_market(
            line,
            symbols,
            settings.costs,
            Decimal(str(settings.engine.initial_cash)),
            where.paper_account,
        )
        return await _session(
            market, strategy, symbols, timeframe, settings, where, wish, stop, closes, kind,
            universe, is_quiet=is_quiet,
        )  # fmt: skip
    finally:
        await line.close()


async def _session(
    market: PaperMarket,
    strategy: AnyStrategy,
    symbols: Sequence[str],
    timeframe: Timeframe,
    settings: Settings,
    where: Place,
    wish: LiveWish,
    stop: asyncio.Event,
    closes: int | None,
    kind: SessionKind,
    universe: Universe | None,
    *,
    is_quiet: bool,
) -> dict[str, Any]:
    from ballast.risk.halt.health import HealthLimits
    from ballast.runtime.node.journalled import restored
    from ballast.runtime.shell.machine import kept_for_good
    from ballast.runtime.startup import require
    from ballast.service.announce.watch import listened
    from ballast.service.cli import journals
    from ballast.service.cli.paper_screen import live_screen, teller
    from ballast.service.kinds import require_kind
    from ballast.service.live.opening import open_live
    from ballast.service.live.paper import on_paper
    from ballast.service.live.running import LiveRunning, probed
    from ballast.service.live.state import live_state_of
    from ballast.service.live.universe import watching
    from ballast.service.supervise.heart import heart
    from ballast.store.inbox import Inbox
    from ballast.store.journal import JournalReader, JournalWriter
    from ballast.venues.clients.calls import CallError

    try:
        opened = on_paper(
            await open_live(
                market.line, strategy, symbols, timeframe, settings, where.account, wish
            )
        )
    except CallError as error:
        raise lines.unanswered(market.line.name, error) from None
    with where.database(read_only=False) as database:
        require_kind(JournalReader(database), kind)
        journal = JournalWriter(database, where.head_file, journals.start(kind))
        try:
            before = restored(journal, opened.strategies)
            require(await probed(market.line, opened, before, settings.engine))
            running = LiveRunning(
                market.line,
                opened,
                journal,
                Inbox(where.inbox),
                teller(is_on=not sys.stderr.isatty() and not is_quiet),
                state_file=where.state,
                beside=lambda live: (*market.works(live), *watching(universe, market.line)(live)),
                is_heard=lambda: market.is_heard,
                beat=heart(os.environ, stop.set),
                health_limits=HealthLimits(settings.operations.memory_mb),
                events=listened(settings, options.config().workspace),
            )
            is_drawn = not is_quiet and not options.current().quiet
            with live_screen(quiet=not is_drawn) as draw, kept_for_good():
                await running.run(stop, draw, closes=closes)
            return live_state_of(running)
        finally:
            journal.close()


def state_tables(state: dict[str, Any]) -> list[Table]:
    """Return the tables of the end of a session."""
    names = ("account", "venue", "strategy", "time", "mode", "reason", "equity", "fills", "entries",
             "refused", "fees", "slippage", "bare_seconds", "clock_offset_ms",
             "reconciliations")  # fmt: skip
    found = [Table([], [(name, state[name]) for name in names]), *session_tables(state)]
    if state["streams"]:
        found.append(table_of("streams", state["streams"]))
    found += exposure_tables(state["exposure"])
    return found + connection_tables(state["connection"]) + health_tables(state["health"])
