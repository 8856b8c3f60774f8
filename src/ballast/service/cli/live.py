"""`ballast live`, `ballast preflight`: strategies at a real venue, and what speaks against it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.core.errors import UserError
from ballast.service.cli import lines, options
from ballast.service.cli.choosing import UniverseOption, node_in, symbols_of, universe_of
from ballast.service.cli.lines import CaOption, RehearseOption, SpeedOption, TestnetOption  # noqa: TC001 - typer reads them
from ballast.service.cli.output import JsonFlag, Table, emit, note
from ballast.service.cli.paper_live import state_tables
from ballast.service.cli.runs import (
    SymbolOption,
    VenueOption,
    config_of,
    find_strategy,
    flags_of,
    parse_params,
)
from ballast.service.cli.several import WithOption, symbols_with

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ballast.core.journal import Record
    from ballast.core.settings import Settings
    from ballast.runtime.startup import Finding
    from ballast.runtime.wiring import Rehearsal
    from ballast.service.cli.journals import Place
    from ballast.service.kinds import SessionKind
    from ballast.service.live.opening import LiveWish, OpenedLive
    from ballast.service.live.universe import Wanted as Universe
    from ballast.strategies.plan import AnyStrategy

MS_NS = 1_000_000
StrategyArgument = Annotated[
    str, typer.Argument(help="Name or file; `ballast strategies` lists them.")
]
TimeframeOption = Annotated[str, typer.Option("--timeframe", "-t", help="15m, 1h, 1d.")]
ParamOption = Annotated[
    list[str] | None, typer.Option("--param", "-p", help="name=number; repeatable.")
]
CashOption = Annotated[
    float | None, typer.Option(help="What the strategy sizes by; at most what the account has.")
]
CertificateOption = Annotated[
    list[Path] | None, typer.Option(help="What `ballast certify` signed; one a strategy.")
]
BareOption = Annotated[bool, typer.Option("--allow-bare", help="Trade a strategy without a stop.")]


def register(group: typer.Typer) -> None:
    """Add the verbs of this file."""
    group.command()(live)
    group.command()(preflight)


def live(
    strategy: StrategyArgument,
    symbols: SymbolOption = None,
    venue: VenueOption = "",
    universe: UniverseOption = "",
    timeframe: TimeframeOption = "1h",
    param: ParamOption = None,
    with_: WithOption = None,
    cash: CashOption = None,
    certificate: CertificateOption = None,
    allow_bare: BareOption = False,
    confirm: Annotated[
        str, typer.Option(help="'ACCOUNT on VENUE', where nobody can be asked to type it.")
    ] = "",
    closes: Annotated[
        int | None, typer.Option(min=1, help="Stop after so many closes; the next start goes on.")
    ] = None,
    rehearse: RehearseOption = 0,
    ca: CaOption = None,
    speed: SpeedOption = 1.0,
    testnet: TestnetOption = False,
    json: JsonFlag = False,
) -> None:
    """Trade at a venue with real money, or, with --rehearse, at a simulated one on this machine.

    Real money needs a certificate that is in force, the paper period, and the confirmation typed.
    """
    from ballast.service.cli import journals

    where = journals.place()
    asked = Asked(
        strategy,
        venue,
        symbols,
        timeframe,
        param,
        with_,
        cash,
        certificate,
        allow_bare,
        testnet,
        universe,
    )
    rehearsal = lines.rehearsal_of(rehearse, ca, speed)
    if rehearsal is None and not testnet:
        asked.require_proof(where)
        confirmed(f"{where.account} on {asked.name}", confirm)
    state = lines.run(_trade(asked, rehearsal, where, closes, json=json))
    emit(state, json=json, tables=None if json else state_tables(state))
    if not json:
        note("stopped; protection rests at the venue, and the same command goes on")


def preflight(
    strategy: StrategyArgument,
    symbols: SymbolOption = None,
    venue: VenueOption = "",
    universe: UniverseOption = "",
    timeframe: TimeframeOption = "1h",
    param: ParamOption = None,
    with_: WithOption = None,
    cash: CashOption = None,
    certificate: CertificateOption = None,
    allow_bare: BareOption = False,
    rehearse: RehearseOption = 0,
    ca: CaOption = None,
    speed: SpeedOption = 1.0,
    testnet: TestnetOption = False,
    json: JsonFlag = False,
) -> None:
    """Say everything that speaks against a live start, and change nothing but leverage settings."""
    from ballast.service.cli import journals

    where = journals.place()
    asked = Asked(
        strategy,
        venue,
        symbols,
        timeframe,
        param,
        with_,
        cash,
        certificate,
        allow_bare,
        testnet,
        universe,
    )
    rehearsal = lines.rehearsal_of(rehearse, ca, speed)
    findings = [] if rehearsal is not None or testnet else asked.proof(where)
    findings += lines.run(_look(asked, rehearsal, where))
    rows = [(one.what, str(one.mark), one.text, one.fix) for one in findings]
    is_ready = all(one.mark != "refused" for one in findings)
    body = {
        "ready": is_ready,
        "findings": [
            {"what": what, "mark": mark, "text": text, "fix": fix} for what, mark, text, fix in rows
        ],
    }
    emit(body, json=json, tables=None if json else [Table(("what", "", "found", "do"), rows)])
    if not is_ready:
        raise UserError("not ready to trade", fix="see the lines that say 'refused'")


class Asked:
    """What was asked for, read and checked."""

    def __init__(
        self,
        strategy: str,
        venue: str,
        symbols: list[str] | None,
        timeframe: str,
        param: list[str] | None,
        with_: list[str] | None,
        cash: float | None,
        certificate: list[Path] | None,
        allow_bare: bool,
        is_test: bool,
        universe: str = "",
    ) -> None:
        """Read the options; raise `UserError` for what cannot be."""
        from ballast.core.time import Timeframe
        from ballast.service.cli.paper import certificates_of
        from ballast.service.live.opening import LiveWish
        from ballast.venues.clients.venues import venue_named

        self.is_test = is_test
        self.venue = venue_named(venue, is_test=is_test)
        self.name = self.venue.access.venue
        self.universe: Universe | None = universe_of(universe, symbols, with_)
        config = config_of(flags_of(cash))
        self.settings: Settings = config.settings
        self.strategy: AnyStrategy = find_strategy(config, strategy)
        self.symbols, others = symbols_with(config, with_, symbols or ())
        self.timeframe = Timeframe.parse(timeframe)
        self.wish: LiveWish = LiveWish(
            parse_params(param), certificates_of(certificate), allow_bare, config.symbols, others
        )
        if self.universe is not None and self.wish.certificates:  # what may be chosen
            self.symbols = self.wish.certificates[0].limits.symbols
        self._assign()

    def _assign(self) -> None:
        from ballast.research.assignment import assigned

        wish, symbols = self.wish, self.symbols
        self.assignments = (  # without symbols they are still to be chosen
            assigned(self.strategy, symbols, wish.params, wish.others) if symbols else ()
        )

    async def choose(self, line: Any, where: Place) -> None:  # noqa: ANN401 - a Line
        """Choose the symbols where rules say which; raise `UserError`."""
        from ballast.service.live.universe import kept_of

        if self.universe is None:
            return
        among = self.symbols if self.wish.certificates else None
        kept = kept_of(node_in(where, (self.strategy,)))
        self.symbols = await symbols_of(line, self.universe, kept, among)
        self._assign()

    def kind(self, rehearsal: Rehearsal | None) -> SessionKind:
        """Return what a session would be."""
        from ballast.service.kinds import SessionKind

        if rehearsal is not None:
            return SessionKind.REHEARSAL
        return SessionKind.TESTNET if self.is_test else SessionKind.LIVE

    def proof(self, where: Place) -> list[Finding]:
        """Return what certificates and paper period say."""
        from ballast.runtime.clock import SystemClock
        from ballast.runtime.startup import Finding, Mark
        from ballast.service.live.proof import Stake, proof
        from ballast.service.sessions import certified

        if self.universe is not None and not self.wish.certificates:
            fix = "rules choose among the symbols that were certified"
            return [Finding("certificate", Mark.BAD, "none", fix)]
        stake = Stake(
            self.name,
            str(self.timeframe),
            self.settings.engine.initial_cash,
            SystemClock().now_ns() // MS_NS,
            self.settings.validation.paper_days,
        )
        return proof(certified(self.assignments, self.wish.certificates), stake, _journals(where))

    def require_proof(self, where: Place) -> None:
        """Raise `UserError` where certificate or paper period forbid real money."""
        from ballast.runtime.startup import require

        require(self.proof(where))


def _journals(where: Place) -> Iterator[Iterator[Record]]:
    """Yield the records of every journal of the workspace."""
    from ballast.runtime.node.journalled import EVENT, RULES
    from ballast.store.journal import JournalReader, Query
    from ballast.store.journal.sqlite import SqliteDatabase

    for path in sorted(where.root.glob("*.sqlite")):
        database = SqliteDatabase(path, read_only=True)
        try:
            reader = JournalReader(database)
            if reader.exists():
                yield reader.find(Query(kinds=(RULES, EVENT)))
        finally:
            database.close()


def confirmed(words: str, given: str) -> None:
    """Have the account and the venue typed; raise `UserError` where they were not."""
    if not given and sys.stdin.isatty():
        note(f"This trades real money. Type '{words}' to go on.")
        given = input("> ")
    if given.strip() != words:
        raise UserError("not confirmed", where="--confirm", expected=f"'{words}'")


async def opened_live(asked: Asked, line: Any, account: str) -> OpenedLive:  # noqa: ANN401 - a Line
    """Open a session on a line; raise `UserError` where the venue does not answer."""
    from ballast.service.live.opening import open_live
    from ballast.venues.clients.calls import CallError

    try:
        return await open_live(
            line, asked.strategy, asked.symbols, asked.timeframe, asked.settings, account,
            asked.wish,
        )  # fmt: skip
    except CallError as error:
        raise lines.unanswered(asked.name, error) from None


async def _look(asked: Asked, rehearsal: Any, where: Place) -> list[Finding]:  # noqa: ANN401
    """Probe the venue on the journal as it is, without taking its lease."""
    from ballast.service.announce.watch import looked_at
    from ballast.service.live.running import probed

    line = await lines.opened(
        asked.venue, lines.keys_of(asked.name, where.account), rehearsal, may_change=True
    )
    try:
        await asked.choose(line, where)
        opened = await opened_live(asked, line, where.account)
        before = node_in(where, opened.strategies)
        found = await probed(line, opened, before, asked.settings.engine)
        return found + await looked_at(asked.settings, options.config().workspace)
    finally:
        await line.close()


async def _trade(
    asked: Asked,
    rehearsal: Any,  # noqa: ANN401 - a Rehearsal
    where: Place,
    closes: int | None,
    *,
    json: bool,
) -> dict[str, Any]:
    from ballast.risk.halt.health import HealthLimits
    from ballast.runtime.node.journalled import restored
    from ballast.runtime.shell.machine import kept_for_good
    from ballast.runtime.startup import require
    from ballast.service.announce.watch import listened
    from ballast.service.cli import journals
    from ballast.service.cli.paper_screen import live_screen, teller
    from ballast.service.cli.stopping import on_stop
    from ballast.service.kinds import require_kind
    from ballast.service.live.running import LiveRunning, probed
    from ballast.service.live.state import live_state_of
    from ballast.service.live.universe import watching
    from ballast.service.supervise.heart import heart
    from ballast.store.inbox import Inbox
    from ballast.store.journal import JournalReader, JournalWriter

    is_quiet = options.current().quiet or json
    stop = asyncio.Event()
    on_stop(stop.set)
    source = lines.source_of(asked.name, where.account)
    line = await lines.opened(
        asked.venue, lines.signing(source.current()), rehearsal, may_change=True
    )
    try:
        await asked.choose(line, where)
        opened = await opened_live(asked, line, where.account)
        with where.database(read_only=False) as database:
            kind = asked.kind(rehearsal)
            require_kind(JournalReader(database), kind)
            journal = JournalWriter(database, where.head_file, journals.start(kind))
            try:
                tell = teller(is_on=not sys.stderr.isatty() and not is_quiet)
                before = restored(journal, opened.strategies)
                require(await probed(line, opened, before, asked.settings.engine))
                running = LiveRunning(
                    line, opened, journal, Inbox(where.inbox), tell, source, where.state,
                    beside=watching(asked.universe, line),
                    beat=heart(os.environ, stop.set),
                    health_limits=HealthLimits(asked.settings.operations.memory_mb),
                    events=listened(asked.settings, options.config().workspace),
                )  # fmt: skip
                with live_screen(quiet=is_quiet) as draw, kept_for_good():
                    await running.run(stop, draw, closes=closes)
                return live_state_of(running)
            finally:
                journal.close()
    finally:
        await line.close()
