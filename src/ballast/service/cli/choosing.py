"""Choosing: the symbols of a session, by name or by the rules of a universe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.core.errors import UserError
from ballast.service.cli.output import note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.runtime.node.node import Node
    from ballast.service.cli.journals import Place
    from ballast.service.live.universe import Wanted as Universe
    from ballast.strategies.plan import AnyStrategy

UniverseOption = Annotated[
    str,
    typer.Option(help="Rules that choose the symbols: 'quote=USDT top=5 volume-min=5e6'."),
]


def universe_of(rules: str, symbols: list[str] | None, with_: list[str] | None) -> Universe | None:
    """Read --universe; raise `UserError` unless either it or --symbol is given."""
    from ballast.service.live.universe import wanted_of

    if rules and symbols:
        raise UserError("--universe and --symbol", fix="give one of them")
    if rules and with_:
        raise UserError("--universe and --with", fix="rules choose for one strategy alone")
    if not symbols and not rules:
        raise UserError(
            "no symbol is named", where="--symbol", expected="-s BTCUSDT, or rules of --universe"
        )
    return wanted_of(rules) if rules else None


async def symbols_of(
    line: Any,  # noqa: ANN401 - a Line
    universe: Universe,
    kept: tuple[str, ...],
    among: tuple[str, ...] | None = None,
) -> tuple[str, ...]:
    """Return the symbols of a session: those it must keep, else what passes the rules now."""
    from ballast.service.cli.lines import unanswered
    from ballast.service.live.universe import chosen
    from ballast.venues.clients.calls import CallError

    if kept:
        note(f"on with {', '.join(kept)}: something is open, or the account is of these")
        return kept
    try:
        found = tuple(await chosen(line, universe, among))
    except CallError as error:
        raise unanswered(line.name, error) from None  # a supervisor tries again later
    note(f"chosen: {', '.join(found)}")
    return found


def node_in(where: Place, classes: Sequence[AnyStrategy]) -> Node | None:
    """Return the node of the journal as it is, without taking its lease; None: there is none."""
    from ballast.service.diagnose.views import JournalView
    from ballast.store.journal import JournalReader

    if not where.url and not where.path.is_file():
        return None
    with where.database() as database:
        return JournalView(JournalReader(database), classes, where.archives).look()
