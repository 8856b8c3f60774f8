"""`ballast adopt`: a position at the venue that the journal does not know becomes the node's."""

from __future__ import annotations

import asyncio
import getpass
import sys
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.core.errors import UserError
from ballast.service.cli import lines, options
from ballast.service.cli.lines import (  # noqa: TC001 - typer reads it
    CaOption,
    RehearseOption,
    SpeedOption,
    TestnetOption,
)
from ballast.service.cli.live import (
    Asked,
    CashOption,
    CertificateOption,
    ParamOption,
    StrategyArgument,
    TimeframeOption,
    opened_live,
)
from ballast.service.cli.output import JsonFlag, Table, emit, note
from ballast.service.cli.runs import SymbolOption, VenueOption  # noqa: TC001
from ballast.service.cli.several import WithOption  # noqa: TC001

if TYPE_CHECKING:
    from ballast.runtime.adopting import AdoptWish
    from ballast.service.cli.journals import Place
    from ballast.service.live.adopting import Adoption

app = typer.Typer(add_completion=False)


@app.command()
def adopt(
    symbol: Annotated[str, typer.Argument(help="What is taken over: BTCUSDT.")],
    strategy: StrategyArgument,
    symbols: SymbolOption = None,
    venue: VenueOption = "",
    timeframe: TimeframeOption = "1h",
    stop: Annotated[str, typer.Option(help="Where the stop belongs; else the strategy's.")] = "",
    entry: Annotated[
        str, typer.Option(help="Price it was opened at, where the venue states none (coins).")
    ] = "",
    qty: Annotated[
        str, typer.Option(help="Of coins: how many; else all that the journal does not know.")
    ] = "",
    from_trades: Annotated[
        bool, typer.Option("--from-trades", help="Rebuild it from the venue's trades.")
    ] = False,
    days: Annotated[
        int, typer.Option(min=1, max=730, help="How far back trades are asked for.")
    ] = 30,
    reason: Annotated[
        str, typer.Option("--reason", help="Why; the journal keeps it.")
    ] = "not in the journal",
    param: ParamOption = None,
    with_: WithOption = None,
    cash: CashOption = None,
    certificate: CertificateOption = None,
    confirm: Annotated[
        str, typer.Option(help="'adopt SYMBOL on VENUE', where nobody can be asked to type it.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be taken over, and end.")
    ] = False,
    rehearse: RehearseOption = 0,
    ca: CaOption = None,
    speed: SpeedOption = 1.0,
    testnet: TestnetOption = False,
    json: JsonFlag = False,
) -> None:
    """Take over a position that was opened by hand, or that a lost or older journal misses.

    The other options are those of the `ballast live` that goes on with it. A stop is placed at
    once, nothing is opened. Without this a start refuses such a position, or leaves coins alone.
    """
    from ballast.runtime.adopting import AdoptWish
    from ballast.service.cli import journals

    where = journals.place()
    name = symbol.upper()
    chosen = symbols or [name]
    asked = Asked(
        strategy, venue, chosen, timeframe, param, with_, cash, certificate, allow_bare=False,
        is_test=testnet,
    )  # fmt: skip
    if name not in asked.symbols:
        raise UserError(
            f"{name} is none of the session's symbols", where="--symbol", expected=f"-s {name} too"
        )
    wish = AdoptWish(
        name, getpass.getuser(), reason, _number("--stop", stop), _number("--entry", entry),
        _number("--qty", qty), from_trades, days,
    )  # fmt: skip
    if json and not dry_run and not confirm:
        raise UserError("nobody can be asked with --json", where="--confirm")
    rehearsal = lines.rehearsal_of(rehearse, ca, speed)
    word = _Word(f"adopt {name} on {asked.name}", confirm, is_dry=dry_run)
    told = lines.run(_adopt(asked, wish, rehearsal, where, word))
    emit(told, json=json, tables=None if json else _tables(told))
    if not json:
        note("nothing was done" if dry_run else "it is the node's now: go on with `ballast live`")


class _DryError(Exception):
    """It was only to be looked at."""


class _Word:
    """The word of a person."""

    def __init__(self, words: str, given: str, *, is_dry: bool) -> None:
        self.words, self.given, self.is_dry = words, given, is_dry

    async def confirm(self, told: dict[str, Any]) -> None:
        """Show what would be done, and have it confirmed; raise `UserError` where it is not."""
        if self.is_dry:
            raise _DryError
        given = self.given
        if not given and sys.stdin.isatty():
            emit(told, tables=_tables(told))
            note(f"This takes it over. Type '{self.words}' to go on.")
            given = await asyncio.to_thread(input, "> ")
        if given.strip() != self.words:
            raise UserError("not confirmed", where="--confirm", expected=f"'{self.words}'")


async def _adopt(
    asked: Asked,
    wish: AdoptWish,
    rehearsal: Any,  # noqa: ANN401 - a Rehearsal
    where: Place,
    word: _Word,
) -> dict[str, Any]:
    from ballast.service.live.adopting import Adoption, entering_nothing

    line = await lines.opened(
        asked.venue, lines.keys_of(asked.name, where.account), rehearsal, may_change=True
    )
    adoption = Adoption(wish, word.confirm)
    try:
        opened = entering_nothing(await opened_live(asked, line, where.account))
        try:
            await _session(asked, adoption, line, opened, rehearsal, where)
        except _DryError:
            return adoption.told
    finally:
        await line.close()
    if not adoption.told.get("protected"):
        raise UserError("interrupted: see `ballast explain` for how far it came")
    return adoption.told


async def _session(
    asked: Asked,
    adoption: Adoption,
    line: Any,  # noqa: ANN401 - a Line
    opened: Any,  # noqa: ANN401 - an OpenedLive
    rehearsal: Any,  # noqa: ANN401 - a Rehearsal
    where: Place,
) -> None:
    """Begin a session that does nothing but adopt, on the account's journal."""
    from ballast.runtime.node.journalled import restored
    from ballast.runtime.startup import require
    from ballast.service.cli import journals
    from ballast.service.cli.paper_screen import teller
    from ballast.service.cli.stopping import on_stop
    from ballast.service.kinds import require_kind
    from ballast.service.live.running import LiveRunning, probed
    from ballast.store.journal import JournalReader, JournalWriter

    stop = asyncio.Event()
    on_stop(stop.set)
    with where.database(read_only=False) as database:
        kind = asked.kind(rehearsal)
        require_kind(JournalReader(database), kind)
        with JournalWriter(database, where.head_file, journals.start(kind)) as journal:
            before = restored(journal, opened.strategies)
            symbol = adoption.wish.symbol
            require(await probed(line, opened, before, asked.settings.engine, adopts=symbol))
            tell = teller(is_on=not options.current().quiet)
            running = LiveRunning(line, opened, journal, tell=tell, state_file=where.state)
            await running.run(stop, act=adoption.act)


def _number(where: str, text: str) -> Decimal | None:
    """Read a positive number; None where nothing is said."""
    if not text:
        return None
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal(0)
    if not found.is_finite() or found <= 0:
        raise UserError(f"'{text}' is no positive number", where=where)
    return found


def _tables(told: dict[str, Any]) -> list[Table]:
    rows = [
        (name, ", ".join(value) or "-" if isinstance(value, list) else value)
        for name, value in told.items()
    ]
    return [Table([], rows)]
