"""`ballast journal`: keep the journal safe: status, backup, restore, archive, accept a loss."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from ballast.service.cli.output import JsonFlag, emit, note

if TYPE_CHECKING:
    from ballast.store.journal.postgres import PostgresDatabase
    from ballast.store.journal.sqlite import SqliteDatabase

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
DAY_NS = 86_400 * 10**9
REASON_MIN = 10
"""A reason that says something: it is read when money is missing."""
TakeOver = Annotated[
    bool,
    typer.Option(
        "--take-over", help="PostgreSQL: go on although a session of a dead host holds the journal."
    ),
]


@app.command()
def status(json: JsonFlag = False) -> None:
    """Show where the journal lies, its head, its writer, its snapshots and archives."""
    from ballast.service.cli import journals
    from ballast.store.journal import JournalReader
    from ballast.store.journal.export import at_text

    place = journals.place()
    with place.database() as database:
        reader = JournalReader(database)
        found: dict[str, object] = {
            "journal": database.where, "account": place.account, "exists": reader.exists()
        }  # fmt: skip
        if found["exists"]:
            head = reader.head()
            with reader.reading() as tx:
                first = reader.before_first(tx).seq + 1
                lease = tx.rows("SELECT epoch, holder FROM lease WHERE id = 1")[0]
                kept = tx.rows("SELECT max(seq), count(*) FROM snapshots")[0]
            found |= {
                "head": str(head), "records": head.seq - first + 1, "archived": first - 1,
                "last": at_text(reader.last_time_ns()), "epoch": lease[0], "writer": lease[1],
                "snapshots": kept[1], "tail": head.seq - (kept[0] or 0),
            }  # fmt: skip
    emit(found, json=json)


@app.command()
def backup(
    file: Annotated[
        Path | None, typer.Argument(help="New file; named by itself if left out.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Write the journal into one file that stands alone, read it through, keep the newest few."""
    from ballast.service.cli import journals, options
    from ballast.store.journal import JournalReader
    from ballast.store.journal import backup as backups

    place = journals.place()
    with place.database() as database:
        target = file
        if target is None:
            head = JournalReader(database).head()
            target = place.backups / backups.backup_name(place.account, head)
            target = _free(target)
        made = backups.backup(database, target)
    gone: list[Path] = []
    if file is None:
        keep = options.config().settings.journal.backups
        gone = backups.keep_newest(place.backups, place.account, keep)
    emit({"backup": target.resolve(), "head": str(made), "removed": gone}, json=json)
    note(f"keep this elsewhere too, it proves what the journal was: {made}")


def _free(target: Path) -> Path:
    """Return the name, or raise: the same head is backed up already."""
    from ballast.core.errors import DataError

    if target.exists():
        raise DataError("nothing was recorded since this backup", where=str(target))
    return target


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A backup, made by `ballast journal backup`.")],
    accept_loss: Annotated[
        str, typer.Option(help="Why records that the backup does not have may be lost.")
    ] = "",
    take_over: TakeOver = False,
    json: JsonFlag = False,
) -> None:
    """Put a backup in the place of the journal, in one step; the old journal is kept aside."""
    from ballast.core.errors import UserError
    from ballast.service.cli import journals
    from ballast.store.journal.backup import restore as put_back

    _check_reason(accept_loss)
    place = journals.place()
    if take_over and not place.url:
        raise UserError(
            "a process on this machine that holds the journal is alive",
            where="--take-over",
            fix="stop it; a dead one holds nothing",
        )
    start = journals.start("restore", accept_loss=accept_loss, take_over=take_over)
    with place.database(read_only=False) as database:
        head = put_back(file, database, place.head_file, start)
        emit({"journal": database.where, "head": str(head)}, json=json)
    note("the node must ask the venue before it trades: orders may have gone out since")


@app.command()
def archive(
    days: Annotated[
        int | None, typer.Option(min=1, help="Older than this; default `journal.retention_days`.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Move old records into a verified file; the chain goes on. Not while the node runs."""
    from ballast.core.errors import UserError
    from ballast.service.cli import journals, options
    from ballast.store.journal import JournalWriter
    from ballast.store.journal.archive import archive as put_away

    kept = days if days is not None else options.config().settings.journal.retention_days
    if not kept:
        raise UserError(
            "nothing is ever archived", where="journal.retention_days", fix="set it, or say --days"
        )
    place = journals.place()
    with place.database(read_only=False) as database:
        _must_exist(database)
        start = journals.start("archive")
        with JournalWriter(database, place.head_file, start) as writer:
            before_ns = start.at_ns - kept * DAY_NS
            made = put_away(writer, place.archives, before_ns=before_ns, at_ns=start.at_ns)
    if made is None:
        emit({"archived": 0, "file": None}, json=json)
        note("nothing is old enough and not needed by a snapshot")
        return
    count = made.last_seq - made.first_seq + 1
    path = (place.archives / made.file).resolve()
    emit({"archived": count, "file": path, "hash": made.hash, "digest": made.digest}, json=json)


@app.command("accept-loss")
def accept_loss(
    reason: Annotated[str, typer.Option(help="Why; it stands in the journal for ever.")],
    json: JsonFlag = False,
) -> None:
    """Go on with a journal that is behind its head: an earlier copy, or one that lost its end."""
    from ballast.service.cli import journals
    from ballast.store.journal import JournalWriter

    _check_reason(reason or " ")
    place = journals.place()
    with place.database(read_only=False) as database:
        _must_exist(database)
        _must_be_behind(database, place.head_file)
        start = journals.start("accept-loss", accept_loss=reason)
        with JournalWriter(database, place.head_file, start) as writer:
            emit({"journal": database.where, "head": str(writer.head)}, json=json)
    note("the node must ask the venue before it trades: it may know orders that were forgotten")


def _check_reason(reason: str) -> None:
    from ballast.core.errors import UserError

    if reason and len(reason.strip()) < REASON_MIN:
        raise UserError("is no reason", where=repr(reason), expected="a sentence")


def _must_exist(database: SqliteDatabase | PostgresDatabase) -> None:
    """Refuse to make a journal by the way: an empty one would look like a memory."""
    from ballast.core.errors import DataError
    from ballast.store.journal import JournalReader

    if not JournalReader(database).exists():
        raise DataError("there is no journal", where=database.where)


def _must_be_behind(database: SqliteDatabase | PostgresDatabase, head_file: Path) -> None:
    from ballast.core.errors import UserError
    from ballast.store.journal import JournalReader
    from ballast.store.journal.headfile import read_head

    known = read_head(head_file)
    if known is None or JournalReader(database).holds(known):
        raise UserError("the journal is not behind its head: nothing is lost", where=database.where)
