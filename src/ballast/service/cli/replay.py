"""`ballast replay`: run the node of a journal again; it must want the same, byte for byte."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from ballast.service.cli.output import JsonFlag, Table, emit, note
from ballast.service.cli.several import ClassesOption, classes_of

if TYPE_CHECKING:
    from ballast.runtime.node.journalled import Replay

app = typer.Typer(add_completion=False)


@app.command()
def replay(
    file: Annotated[
        Path | None, typer.Option(help="A journal or backup other than the workspace's.")
    ] = None,
    strategy: ClassesOption = None,
    json: JsonFlag = False,
) -> None:
    """Run the journal's events through the node again; every effect must be the one written.

    Archived records are read from their files. What the node holds at the end is shown.
    A difference is named with its record, exit 2.
    """
    from ballast.runtime.node.journalled import replayed
    from ballast.service.cli import journals
    from ballast.store.journal import JournalReader
    from ballast.store.journal.whole import whole

    place = journals.named(file)
    with place.database() as database:
        reader = JournalReader(database)
        if not reader.exists():
            emit(_told(None), json=json, tables=[])
            note(f"no journal at {database.where}")
            return
        found = replayed(whole(reader, place.archives), classes_of(strategy))
    told = _told(found)
    rows = [(name, str(value)) for name, value in told.items()]
    emit(told, json=json, tables=None if json else [Table([], rows)])
    note("every effect is the one that was written")


def _told(found: Replay | None) -> dict[str, object]:
    node = found.node if found is not None else None
    return {
        "events": found.events if found else 0,
        "effects": found.effects if found else 0,
        "starts": found.starts if found else 0,
        "mode": str(node.halt.mode) if node else None,
        "reason": node.halt.reason if node else None,
        "holdings": {symbol: one.lots for (symbol, _), one in node.book.holdings().items()}
        if node
        else {},
        "open_orders": [one.client_id for one in node.book.open_orders()] if node else [],
    }
