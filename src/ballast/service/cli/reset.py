"""`ballast reset`: begin a paper account anew; its journal is closed, kept, and never deleted."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ballast.service.cli.output import JsonFlag, emit, note
from ballast.service.cli.several import ClassesOption, classes_of

if TYPE_CHECKING:
    from ballast.service.cli.journals import Place
    from ballast.store.journal.closing import Closed
    from ballast.store.journal.writer import JournalWriter

app = typer.Typer(add_completion=False)


@app.command()
def reset(
    reason: Annotated[str, typer.Option("--reason", help="Why; both journals keep it.")],
    who: Annotated[str, typer.Option(help="Who; default: the user of this machine.")] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Although positions or orders are open.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    strategy: ClassesOption = None,
    json: JsonFlag = False,
) -> None:
    """Close a paper account's journal, keep it under another name, begin an empty one."""
    from ballast.core.errors import UserError
    from ballast.service.cli import journals
    from ballast.store.journal import JournalReader, JournalWriter, closing

    if not reason.strip():
        raise UserError("--reason is empty", expected="why, in a few words")
    place = journals.place()
    with place.database(read_only=False) as database:
        reader = JournalReader(database)
        if not reader.exists():
            raise UserError("there is no journal to close", where=database.where)
        said = closing.closed(reader)
        if said is None:
            start = journals.start("reset")
            _confirm(place.account, yes=yes)
            with JournalWriter(database, place.head_file, start) as writer:
                _check(writer, strategy, is_forced=force)
                said = closing.close(
                    writer, place.account, who=who or getpass.getuser(), reason=reason,
                    at_ns=start.at_ns,
                )  # fmt: skip
        _put_away(place, said.kept_as)
        head = closing.finish(database, place.path, place.archives, said, journals.start("reset"))
    _tell(place.account, said, str(head), json=json)


def _put_away(place: Place, kept_as: str) -> None:
    """Let the exchange of a paper account go with its journal."""
    from ballast.service.cli.journals import paper_account
    from ballast.store.disk import disk_errors

    kept = place.paper_account
    with disk_errors(kept):
        if kept.exists():  # else there is none, or an interrupted reset has moved it
            kept.replace(paper_account(place.root, kept_as))


def _tell(account: str, said: Closed, head: str, *, json: bool) -> None:
    told = {
        "account": account, "closed": said.kept_as, "records": said.head.seq,
        "closed_head": str(said.head), "head": head,
    }  # fmt: skip
    emit(told, json=json)
    if not json:
        note(f"what was is kept: ballast audit --set journal.account={said.kept_as}")


def _confirm(account: str, *, yes: bool) -> None:
    """Ask the person; raise `UserError` where there is none to ask (R-CLI-03)."""
    from ballast.core.errors import UserError

    if yes:
        return
    if not sys.stdin.isatty():
        raise UserError("nobody is there to ask", where="reset", fix="say --yes")
    typer.confirm(f"Close account {account} and begin it anew?", abort=True, err=True)


def _check(writer: JournalWriter, names: list[str] | None, *, is_forced: bool) -> None:
    """Raise `UserError` for an account that is not on paper, or has something open."""
    from ballast.core.errors import DataError, UserError
    from ballast.runtime.node.journalled import restored
    from ballast.service.kinds import SessionKind, kinds_in
    from ballast.service.paper.running import RECIPE

    where = writer.database.where
    kinds = kinds_in(writer.reader)
    is_paper = any(record.kind == RECIPE for record in writer.records())
    if SessionKind.LIVE in kinds or not (is_paper or kinds):
        raise UserError(
            "is no journal of a paper account or a rehearsal",
            where=where,
            fix="what a live account holds lies at a venue; take another account instead",
        )
    if is_forced:
        return
    try:
        node = restored(writer, classes_of(names))
    except DataError as error:
        raise UserError(
            f"what is open cannot be told: {error.what}", where=where, fix="say --force"
        ) from None
    if node is None:
        return
    held = [symbol for (symbol, _), one in node.book.holdings().items() if one.lots]
    orders = [one.client_id for one in node.book.open_orders()]
    if held or orders:
        raise UserError(
            f"open: {', '.join(held) or 'no position'}, {len(orders)} orders",
            where=where,
            fix="run `ballast flatten` and go on with the session, or say --force",
        )
