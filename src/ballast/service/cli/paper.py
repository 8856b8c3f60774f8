"""`ballast paper`: strategies on stored candles as if they came now, by the live node."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.core.errors import UserError
from ballast.service.cli import options
from ballast.service.cli.choosing import UniverseOption  # noqa: TC001 - typer reads it
from ballast.service.cli.exposure import exposure_tables
from ballast.service.cli.lines import CaOption, RehearseOption  # noqa: TC001 - typer reads them
from ballast.service.cli.output import JsonFlag, Table, emit, note
from ballast.service.cli.runs import (
    FromOption,
    SymbolOption,
    ToOption,
    VenueOption,
    config_of,
    find_strategy,
    flags_of,
    parse_params,
    period_of,
)
from ballast.service.cli.session_tables import session_tables
from ballast.service.cli.several import WithOption, load_with, symbols_with
from ballast.service.cli.stopping import ends_interrupt

if TYPE_CHECKING:
    from ballast.core.certificate import Certificate
    from ballast.service.paper.running import Running

app = typer.Typer(add_completion=False)
MS_S = 1_000.0


ParamOption = Annotated[
    list[str] | None, typer.Option("--param", "-p", help="name=number; repeatable.")
]
BarsOption = Annotated[
    int | None, typer.Option(min=1, help="Stop after so many closes; the next start goes on.")
]
PaceOption = Annotated[
    float, typer.Option(min=0.0, help="Times as fast as the clock; 0: as fast as it goes.")
]
FaultsOption = Annotated[
    float, typer.Option(min=0.0, max=0.5, help="Part of requests and messages that get lost.")
]
CertificateOption = Annotated[
    list[Path] | None,
    typer.Option(help="Trade under this certificate, as live trading will; one a strategy."),
]
LiveOption = Annotated[
    bool, typer.Option("--live", help="On the market of --venue as it is now, without a key.")
]


@app.command()
def paper(
    strategy: Annotated[str, typer.Argument(help="Name or file; `ballast strategies` lists them.")],
    symbols: SymbolOption = None,
    timeframe: Annotated[str, typer.Option("--timeframe", "-t", help="15m, 1h, 1d.")] = "1h",
    venue: VenueOption = "",
    from_: FromOption = "",
    to: ToOption = "",
    param: ParamOption = None,
    with_: WithOption = None,
    cash: Annotated[float | None, typer.Option(help="Cash at the start.")] = None,
    bars: BarsOption = None,
    speed: PaceOption = 0.0,
    faults: FaultsOption = 0.0,
    seed: Annotated[int, typer.Option(help="Which faults.")] = 0,
    allow_bare: Annotated[
        bool, typer.Option("--allow-bare", help="Trade a strategy that has no stop.")
    ] = False,
    certificate: CertificateOption = None,
    report: Annotated[bool, typer.Option("--report", help="Write the HTML report.")] = False,
    live: LiveOption = False,
    universe: UniverseOption = "",
    rehearse: RehearseOption = 0,
    ca: CaOption = None,
    json: JsonFlag = False,
) -> None:
    """Trade stored candles on paper, journalled; a session that is killed goes on where it was.

    --from is the first bar that is traded: what is stored before it is history. With --live the
    market is the venue's, now; only the money is none.
    """
    _require_fit(live, universe, from_, to, speed, faults, report)
    if live:
        where_from = (strategy, venue, symbols, timeframe, with_, universe)
        _live(where_from, param, cash, certificate, allow_bare, bars, rehearse, ca, json=json)
        return
    from ballast.service.cli import journals
    from ballast.service.cli.paper_screen import screen, teller
    from ballast.service.kinds import SessionKind
    from ballast.service.paper.opening import Wish, open_paper
    from ballast.service.paper.running import Running
    from ballast.service.paper.state import state_of
    from ballast.store.inbox import Inbox
    from ballast.store.journal import JournalWriter

    config = config_of(flags_of(cash))
    chosen = find_strategy(config, strategy)
    first_ms, last_ms = period_of("", from_, to)
    series, others = load_with(config, with_, venue, symbols, timeframe, (None, last_ms))
    where = journals.place()
    held, own = certificates_of(certificate), config.symbols
    wish = Wish(parse_params(param), first_ms, faults, seed, allow_bare, held, own, others)
    opened = open_paper(chosen, series, config.settings, where.account, wish)
    is_plain = not sys.stderr.isatty() and not options.current().quiet and not json
    with where.database(read_only=False) as database:
        journal = JournalWriter(database, where.head_file, journals.start(SessionKind.PAPER))
        try:
            running = Running(opened, journal, Inbox(where.inbox), teller(is_on=is_plain))
            with screen(quiet=options.current().quiet or json) as draw, ends_interrupt():
                left = _run(running, draw, bars, speed)
            page = _report(running, where.root) if report else None
            state = state_of(running)
        finally:
            journal.close()
    state["report"] = str(page.resolve()) if page is not None else None
    state["is_over"] = not left
    emit(state, json=json, tables=None if json else _tables(state))
    if not json:
        note("no bar is left" if not left else "stopped; the same command goes on")
        if page is not None:
            emit(f"report {page.resolve()}")


def _require_fit(
    live: bool, universe: str, from_: str, to: str, speed: float, faults: float, report: bool
) -> None:
    """Raise `UserError` for options that only the other kind of session has."""
    if not live and universe:
        raise UserError("--universe goes with --live", fix="name symbols: -s BTCUSDT")
    given = {"--from": from_, "--to": to, "--speed": speed, "--faults": faults, "--report": report}
    for name, value in given.items():
        if live and value:
            raise UserError(f"{name} and --live", fix="leave one of them out")


def _live(
    what: tuple[str, str, list[str] | None, str, list[str] | None, str],
    param: list[str] | None,
    cash: float | None,
    certificate: list[Path] | None,
    allow_bare: bool,
    closes: int | None,
    rehearse: int,
    ca: Path | None,
    *,
    json: bool,
) -> None:
    """Trade on paper at a venue's market as it is now."""
    from ballast.core.time import Timeframe
    from ballast.service.cli import journals, lines
    from ballast.service.cli.choosing import universe_of
    from ballast.service.cli.paper_live import state_tables, trade
    from ballast.service.live.opening import LiveWish
    from ballast.venues.clients.venues import venue_named

    strategy, venue, symbols, timeframe, with_, universe = what
    wanted = universe_of(universe, symbols, with_)
    config = config_of(flags_of(cash))
    every, others = symbols_with(config, with_, symbols or ())
    held = certificates_of(certificate)
    state = lines.run(
        trade(
            find_strategy(config, strategy),
            venue_named(venue),
            every,
            Timeframe.parse(timeframe),
            config.settings,
            journals.place(),
            LiveWish(parse_params(param), held, allow_bare, config.symbols, others),
            lines.rehearsal_of(rehearse, ca),
            closes,
            wanted,
            is_quiet=options.current().quiet or json,
        )
    )
    emit(state, json=json, tables=None if json else state_tables(state))
    if not json:
        note("stopped; the same command goes on")


def certificates_of(paths: list[Path] | None) -> tuple[Certificate, ...]:
    """Read the certificates that are named."""
    return tuple(certificate_of(path) for path in paths or ())


def certificate_of(path: Path) -> Certificate:
    """Read a certificate; raise `DataError` for one that is not signed by a trusted key."""
    from ballast.core.errors import DataError
    from ballast.store.certificates import read_certificate

    signed = read_certificate(path)
    if not signed.is_own:
        raise DataError("is signed by a key that is not yours", where=str(path))
    return signed.certificate


def _run(running: Running, draw: Any, bars: int | None, speed: float) -> bool:  # noqa: ANN401
    """Go through the closes; return whether bars are left."""
    span_s = running.opened.bars[0].timeframe.ms / MS_S
    done = 0
    draw(running)
    while bars is None or done < bars:
        if speed > 0.0:
            time.sleep(span_s / speed)
        if not running.step():
            return False
        done += 1
        draw(running)
    return True


def _report(running: Running, root: Any) -> Any:  # noqa: ANN401 - paths
    from ballast.service.paper.report import write_report

    return write_report(running, root / "reports")


def _tables(state: dict[str, Any]) -> list[Table]:
    """Return the tables of the end of a session."""
    plain = [
        (name, state[name])
        for name in ("account", "strategy", "time", "mode", "reason", "equity", "fills", "entries",
                     "refused", "fees", "slippage")
    ]  # fmt: skip
    tables = [Table([], plain), *session_tables(state)]
    return tables + exposure_tables(state["exposure"])
