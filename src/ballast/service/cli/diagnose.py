"""`ballast diagnose`: look beside a running node whether memory, journal and venue agree."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.core.errors import UserError
from ballast.service.cli import lines
from ballast.service.cli.connection import connection_tables, health_tables
from ballast.service.cli.exposure import exposure_tables
from ballast.service.cli.lines import CaOption, RehearseOption  # noqa: TC001 - typer reads them
from ballast.service.cli.output import JsonFlag, Table, emit, note
from ballast.service.cli.runs import SymbolOption, VenueOption  # noqa: TC001
from ballast.service.cli.several import ClassesOption, classes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ballast.core.settings import Settings
    from ballast.service.cli.journals import Place
    from ballast.service.diagnose.memory import Memory
    from ballast.service.diagnose.session import Findings, Pace
    from ballast.service.diagnose.views import JournalView
    from ballast.venues.clients.desk import VenueDesk

app = typer.Typer(add_completion=False)
MS_S = 1_000.0


@app.command()
def diagnose(
    symbols: SymbolOption = None,
    venue: VenueOption = "",
    duration: Annotated[str, typer.Option(help="How long: 5m, 15m, 1h.")] = "",
    strategy: ClassesOption = None,
    scenario: Annotated[
        bool, typer.Option("--scenario", help="Watch a test position on a simulated venue instead.")
    ] = False,
    rehearse: RehearseOption = 0,
    ca: CaOption = None,
    json: JsonFlag = False,
) -> None:
    """Compare memory, journal and venue for a while; the exit code is the worst issue's.

    0: healthy. 1: medium, 3: high, 4: critical. It only reads, so it may run beside a live session.
    """
    from ballast.service.cli import journals, options
    from ballast.service.diagnose.issues import worst
    from ballast.service.diagnose.report import report_of
    from ballast.store.disk import Disk, replace_file
    from ballast.venues.clients.venues import venue_named

    settings = options.config().settings
    pace = _pace(settings, duration)
    where = journals.place()
    row = venue_named(venue or ("BYBITLINEAR" if scenario else ""))
    name = row.access.venue
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    log_path = where.root.parent / "logs" / f"diagnose-{stamp}.log"
    log: list[str] = []

    def tell(text: str) -> None:
        log.append(text)
        note(text)

    if scenario:
        found = lines.run(_scenario(row, pace, tell))
    else:
        rehearsal = lines.rehearsal_of(rehearse, ca)
        found = lines.run(
            _session(row, name, symbols or [], where, strategy, rehearsal, pace, tell)
        )
    report = report_of(found, pace, where.account if not scenario else "scenario", name)
    path = where.root.parent / "reports" / f"diagnose-{stamp}.json"
    import json as jsons

    replace_file(Disk(), path, [jsons.dumps(report, indent=2, sort_keys=True).encode()])
    replace_file(Disk(), log_path, [("\n".join(log) + "\n").encode()])
    emit(report, json=json, tables=None if json else _tables(report))
    note(f"report {path}")
    if code := int(worst(found.issues)):
        raise typer.Exit(code)


def _pace(settings: Settings, duration: str) -> Pace:
    from ballast.core.time import Timeframe
    from ballast.service.diagnose.session import Pace

    operations = settings.operations
    length_ms = Timeframe.parse(duration).ms if duration else operations.diagnostics_ms
    length_s = length_ms / MS_S
    return Pace(
        duration_s=length_s,
        snapshot_s=min(operations.snapshot_ms / MS_S, max(length_s / 4, 1.0)),
        look_s=min(operations.order_check_ms / MS_S, max(length_s / 4, 1.0)),
        venue_ms=float(operations.target_call_ms),
        memory_mb=float(operations.target_memory_mb),
        cpu=operations.target_cpu,
    )


async def _session(
    row: Any,  # noqa: ANN401 - a Venue
    name: str,
    symbols: Sequence[str],
    where: Place,
    strategies: Sequence[str] | None,
    rehearsal: Any,  # noqa: ANN401 - a Rehearsal
    pace: Pace,
    tell: Callable[[str], None],
) -> Findings:
    """Look at the account of this workspace."""
    from ballast.service.diagnose.memory import read_memory
    from ballast.service.diagnose.views import JournalView
    from ballast.store.journal import JournalReader

    line = await lines.opened(row, lines.keys_of(name, where.account), rehearsal)
    try:
        with where.database() as database:
            reader = JournalReader(database)
            journal = JournalView(reader, classes_of(strategies), where.archives)
            node = journal.look()
            if node is None:
                raise UserError(
                    "there is no journal of a node yet",
                    where=f"account {where.account}",
                    fix="start `ballast live` first, or try --scenario",
                )
            seats = node.rules.session.seats if node.rules.session is not None else ()
            chosen_symbols = list(symbols) or [one.symbol for one in seats]
            return await _run(
                line.desk, journal, lambda: read_memory(where.state), chosen_symbols,
                line, pace, tell,
            )  # fmt: skip
    finally:
        await line.close()


async def _scenario(row: Any, pace: Pace, tell: Callable[[str], None]) -> Findings:  # noqa: ANN401
    """Serve a venue, trade a test position there, and look at it."""
    from ballast.core.settings.rule import Secret
    from ballast.runtime.wiring import Rehearsal, open_line
    from ballast.service.diagnose import scenario as playing
    from ballast.service.diagnose.views import JournalView
    from ballast.store.journal import JournalReader
    from ballast.store.journal.sqlite import SqliteDatabase
    from ballast.venues.clients.access import Keys

    front = playing.front_of(row.access.venue)
    with tempfile.TemporaryDirectory() as folder:
        async with (
            playing.served(front, Path(folder)) as venue,
            playing.playing(venue, row, Path(folder)) as played,
        ):
            keys = Keys(Secret(venue.key), Secret(venue.secret), Secret(venue.passphrase))
            line = await open_line(row, keys, Rehearsal(venue.port, venue.ca))
            database = SqliteDatabase(playing.journal_in(Path(folder)), read_only=True)
            try:
                journal = JournalView(JournalReader(database))
                return await _run(
                    line.desk, journal, played.memory, [playing.SYMBOL], line, pace, tell
                )
            finally:
                database.close()
                await line.close()


async def _run(
    desk: VenueDesk,
    journal: JournalView,
    memory: Callable[[], Memory | None],
    symbols: Sequence[str],
    line: Any,  # noqa: ANN401 - a Line
    pace: Pace,
    tell: Callable[[str], None],
) -> Findings:
    """Run a session until its time is over or somebody stops it; what was found is told."""
    from ballast.service.cli.stopping import on_stop
    from ballast.service.diagnose.session import Diagnosis

    session = Diagnosis(
        desk, journal, memory, symbols, line.clock, line.now_ns, pace=pace, tell=tell
    )
    work = asyncio.ensure_future(session.run())
    on_stop(work.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await work
    return session.findings


def _tables(report: dict[str, Any]) -> list[Table]:
    plain = [
        (name, report[name])
        for name in ("account", "venue", "begun", "ended", "is_whole", "is_healthy", "worst",
                     "snapshots", "looks", "looks_in_agreement")
    ]  # fmt: skip
    found = [Table([], plain)]
    if report["transitions"]:
        found.append(Table(("transition", "count"), list(report["transitions"].items())))
    times = [
        (name, *(one[key] for key in ("count", "median", "p95", "worst", "slow", "most")))
        for name, one in report["latency"].items()
    ]
    found.append(Table(("latency", "count", "median", "p95", "worst", "slow", "most"), times))
    found += connection_tables(report["connection"]) + health_tables(report["health"])
    found += exposure_tables(report["exposure"])
    if report["issues"]:
        rows = [
            tuple(one[key] for key in ("time", "severity", "kind", "text"))
            for one in report["issues"]
        ]
        found.append(Table(("time", "severity", "kind", "what"), rows))
        found.append(Table(("what to do",), [(one,) for one in report["recommendations"]]))
    return found
