"""`ballast status | reconcile`: what an account is, and what was found at its venue."""

from __future__ import annotations

import getpass
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.service.announce.shown import shock_lines
from ballast.service.cli.output import JsonFlag, Table, emit, note
from ballast.service.cli.several import ClassesOption, classes_of

if TYPE_CHECKING:
    from ballast.service.looks import Look

FileOption = Annotated[
    Path | None, typer.Option(help="A journal or backup other than the workspace's.")
]
SHOCKS_MOST = 10
"""Announcements that are shown, the last to end first."""
READ_MOST = 50_000
"""Newest records that are read for looks: some days of one account."""
POLL_S = 0.1


def status(
    write: Annotated[
        Path | None, typer.Option(help="Folder to write the four documents into, as JSON.")
    ] = None,
    file: FileOption = None,
    strategy: ClassesOption = None,
    json: JsonFlag = False,
) -> None:
    """Show where an account stands: portfolio, positions, parameters, history.

    All of it is read from the journal, so it works while a session runs and when none does.
    """
    from ballast.core.errors import UserError
    from ballast.service.cli import journals
    from ballast.service.standing import DOCUMENTS, standing_of, write_documents
    from ballast.store.journal import JournalReader

    if write is not None and write.is_file():
        raise UserError("is a file, not a folder", where=str(write))
    place = journals.named(file)
    with place.database() as database:
        reader = JournalReader(database)
        if reader.exists():
            found = standing_of(reader, classes_of(strategy), place.archives)
        else:
            found = dict.fromkeys(DOCUMENTS)
            note(f"no journal at {database.where}")
    emit(found, json=json, tables=None if json else _tables(found))
    if write is not None:
        write.mkdir(parents=True, exist_ok=True)
        for path in write_documents(found, write):
            note(f"written: {path}")


def _tables(found: dict[str, Any]) -> list[Table]:
    portfolio = found["portfolio"]
    if portfolio is None:
        return []
    names = ("account", "time", "mode", "reason", "equity", "peak", "drawdown", "fees", "slippage")
    rows = [(name, str(portfolio[name])) for name in names]
    said = shock_lines(portfolio["announced"], portfolio["event_source"], SHOCKS_MOST)
    rows += [(name, rest) for name, _, rest in (one.partition(": ") for one in said)]
    tables = [Table([], rows)]
    positions = found["positions"]
    if positions:
        tables.append(Table(tuple(positions[0]), [list(one.values()) for one in positions]))
    limits = portfolio["limits"]
    if limits:
        tables.append(Table(tuple(limits[0]), [list(one.values()) for one in limits]))
    return tables


def reconcile(
    wait: Annotated[float, typer.Option(min=0.0, help="Seconds to wait for the node.")] = 0.0,
    last: Annotated[int, typer.Option(min=1, help="Show the newest so many looks.")] = 10,
    news: Annotated[bool, typer.Option("--news", help="Only looks that found something.")] = False,
    file: FileOption = None,
    json: JsonFlag = False,
) -> None:
    """Have a running node ask its venue now, and show what its looks found and repaired.

    It looks by itself every minute, after each reconnect and at each close. A journal that is
    named with --file is only read.
    """
    from ballast.service.cli import journals
    from ballast.service.looks import looks_of
    from ballast.store.inbox import Inbox
    from ballast.store.journal import JournalReader, Query

    outcome = None
    where = journals.named(file)
    if file is None:
        inbox = Inbox(where.inbox)
        name = inbox.put("reconcile", getpass.getuser(), "asked for", time.time_ns())
        until_s = time.monotonic() + wait
        while (outcome := inbox.outcome(name)) is None and time.monotonic() < until_s:
            time.sleep(POLL_S)
    with where.database() as database:
        reader = JournalReader(database)
        records = (
            list(reader.find(Query(kinds=("node.*",)), newest=READ_MOST)) if reader.exists() else []
        )
    looks = looks_of(records, READ_MOST)
    found = [one for one in looks if not news or one.findings or one.repairs][-last:]
    told = {"outcome": outcome, "looks": [one.as_plain() for one in found]}
    emit(told, json=json, tables=None if json else [_table(found)])
    if file is None and outcome is None:
        note("left in the inbox; the node takes it at its next step or start")


def _table(found: list[Look]) -> Table:
    rows = []
    for one in found:
        plain = one.as_plain()
        said = [*one.findings, *one.repairs, *one.fills] or ["agrees"]
        rows += [(plain["time"], plain["orders"], said[0])]
        rows += [("", "", line) for line in said[1:]]
    return Table(("time", "orders", "found and done"), rows)


def register(group: typer.Typer) -> None:
    """Add the verbs of this file."""
    group.command()(status)
    group.command()(reconcile)
