"""`ballast data events`: dated changes of instruments: redenominations, renames, delistings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.core.time import format_ms, parse_ms
from ballast.service.cli import options
from ballast.service.cli.output import JsonFlag, emit, note

if TYPE_CHECKING:
    from ballast.store.eventbook import EventBook
    from ballast.store.events import InstrumentEvent

events = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Add the group `events` to the data verbs."""
    app.add_typer(events, name="events", help="Dated events of instruments: add, list.")


@events.command("add")
def add(
    venue: Annotated[str, typer.Argument(help="BINANCE")],
    symbol: Annotated[str, typer.Argument(help="The symbol it happened to: LENDUSDT.")],
    kind: Annotated[
        str,
        typer.Argument(help="redenomination, split, multiplier, rename, migration, delisting"),
    ],
    at: Annotated[str, typer.Argument(help="UTC: 2020-10-03 or 2020-10-03T08:00")],
    factor: Annotated[str, typer.Option(help="Old units in one new: 100, 0.001, 1/1000.")] = "1",
    to: Annotated[str, typer.Option(help="The symbol that continues it.")] = "",
    remark: Annotated[str, typer.Option("--note", help="Why, or where it was announced.")] = "",
    json: JsonFlag = False,
) -> None:
    """Add an event; histories are read in today's units from then on."""
    from ballast.store.eventbook import parse_factor, parse_kind
    from ballast.store.events import InstrumentEvent
    from ballast.store.symbols import venue_name

    event = InstrumentEvent(
        venue_name(venue),
        symbol,
        parse_kind(kind),
        parse_ms(at),
        parse_factor(factor),
        to,
        remark,
    )
    _book().add(event)
    emit(_row(event), json=json)


@events.command("list")
def list_(
    venue: Annotated[str | None, typer.Option(help="Only this exchange.")] = None,
    json: JsonFlag = False,
) -> None:
    """List the events of all venues, in time order."""
    book = _book()
    venues = book.venues() if venue is None else [venue]
    rows = [_row(event) for name in venues for event in book.events(name)]
    if not rows:
        note("no events; see `ballast data events add --help`")
    emit(rows, json=json)


def _book() -> EventBook:
    from ballast.store.eventbook import EventBook

    return EventBook(options.config().data_root)


def _row(event: InstrumentEvent) -> dict[str, Any]:
    return {
        "venue": event.venue,
        "symbol": event.symbol,
        "kind": event.kind.value,
        "at": format_ms(event.at_ms),
        "factor": None if event.factor == 1 else str(event.factor),
        "to": event.successor or None,
        "note": event.note or None,
    }
