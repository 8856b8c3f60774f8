"""`ballast audit`: what the node was told, decided and did; as a table, as a file, verified."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from ballast.service.cli import guard
from ballast.service.cli.output import JsonFlag, Table, emit, note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ballast.core.journal import Record
    from ballast.service.cli.journals import Place
    from ballast.store.journal import JournalReader, Query

app = typer.Typer(add_completion=False)
MS_NS = 1_000_000
FOLLOW_S = 0.5
SHOWN = ("seq", "at", "run", "epoch", "kind", "body")


@app.command()
def audit(
    kind: Annotated[
        list[str] | None, typer.Option(help="Kind of record; `gate.*` for all that begin so.")
    ] = None,
    symbol: Annotated[str, typer.Option("-s", "--symbol", help="Only records of a symbol.")] = "",
    text: Annotated[
        list[str] | None, typer.Option(help="A text the body holds; repeatable.")
    ] = None,
    run: Annotated[list[str] | None, typer.Option(help="Only records of a run.")] = None,
    period: Annotated[str, typer.Option(help="Time of the records: FROM..TO.")] = "",
    last: Annotated[int, typer.Option(min=1, help="Show the newest so many.")] = 50,
    export: Annotated[
        Path | None, typer.Option(help="Write all that match to a .csv, .json or .jsonl file.")
    ] = None,
    follow: Annotated[
        bool,
        typer.Option("--follow", help="Go on with what comes, one record a line; Ctrl-C ends."),
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check every hash, head and archive; exit 1 if wrong.")
    ] = False,
    anchor: Annotated[
        list[str] | None, typer.Option(help="A head noted elsewhere, NUMBER:HASH, to verify with.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="A journal or backup other than the workspace's.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Show the journal of the live node, the newest records last."""
    from ballast.core.errors import UserError
    from ballast.service.cli import journals

    if follow and (verify or export is not None):
        raise UserError("--follow never ends: neither --verify nor --export follows it")
    where = journals.named(file)
    if verify:
        _verify(where, anchor or [], json=json)
        return
    query = _query(kind or [], symbol, text or [], run or [], period)
    if export is not None:
        _export(where, query, export, json=json)
        return
    if follow:
        _follow(where, query, last, json=json)
        return
    from ballast.store.journal import JournalReader

    with where.database() as database:
        reader = JournalReader(database)
        if not reader.exists():
            emit({"records": [], "head": None}, json=json, tables=[])
            note(f"no journal at {database.where}")
            return
        records = list(reader.find(query, newest=last))
        head = reader.head()
    rows = [_row(one) for one in records]
    table = Table(SHOWN, [[row[name] for name in SHOWN] for row in rows])
    emit({"records": rows, "head": str(head)}, json=json, tables=None if json else [table])
    note(f"{len(rows)} records shown; head {head}")


def followed(
    reader: JournalReader, query: Query, newest: int, pause: Callable[[], None]
) -> Iterator[Record]:
    """Yield the newest records that match, and then whatever comes, for ever."""
    records = list(reader.find(query, newest=newest))
    seq = max((one.seq for one in records), default=query.after_seq)
    while True:
        for record in records:
            yield record
            seq = max(seq, record.seq)
        pause()
        records = list(reader.find(replace(query, after_seq=seq)))


def _follow(where: Place, query: Query, newest: int, *, json: bool) -> None:
    """Print records as they come. One that is not yet there is waited for; a journal must be."""
    import json as jsons
    import time

    from ballast.core.errors import DataError
    from ballast.store.journal import JournalReader

    with where.database() as database:
        reader = JournalReader(database)
        if not reader.exists():
            raise DataError("there is no journal", where=database.where)
        for record in followed(reader, query, newest, lambda: time.sleep(FOLLOW_S)):
            row = _row(record)
            line = jsons.dumps(row) if json else "  ".join(str(row[name]) for name in SHOWN)
            typer.echo(line)


def _query(kinds: list[str], symbol: str, texts: list[str], runs: list[str], period: str) -> Query:
    from ballast.core.journal import check_kind
    from ballast.core.time import parse_period
    from ballast.store.journal import Query

    for one in kinds:
        check_kind(one.removesuffix("*").removesuffix(".") or "all")
    from_ms, to_ms = parse_period(period) if period else (None, None)
    return Query(
        kinds=tuple(kinds),
        symbol=symbol,
        texts=tuple(texts),
        runs=tuple(runs),
        from_ns=None if from_ms is None else from_ms * MS_NS,
        to_ns=None if to_ms is None else to_ms * MS_NS,
    )


def _row(record: Record) -> dict[str, object]:
    from ballast.store.journal.export import row_of

    return row_of(record)


def _export(where: Place, query: Query, path: Path, *, json: bool) -> None:
    from ballast.store.journal import JournalReader
    from ballast.store.journal.export import export

    with where.database() as database:
        count = export(JournalReader(database).find(query), path)
    emit({"file": path.resolve(), "records": count}, json=json)


def _verify(where: Place, anchors: list[str], *, json: bool) -> None:
    from ballast.core.journal import parse_head
    from ballast.store.journal import JournalReader, verify
    from ballast.store.journal.archive import check_archives

    heads = [(f"the anchor {text[:24]}", parse_head(text)) for text in anchors]
    with where.database() as database:
        found = verify(database, where.head_file, heads)
        problems = list(found.problems)
        if found.is_whole and found.records:
            with JournalReader(database).reading() as tx:
                problems += check_archives(tx, where.archives)
    rows: list[tuple[str, object]] = [("NOT WHOLE" if problems else "whole", "")]
    rows += [("records", found.records), ("head", str(found.head))]
    rows += [("problem", one) for one in problems] + [("remark", one) for one in found.remarks]
    payload = {
        "whole": not problems,
        "records": found.records,
        "head": str(found.head),
        "problems": problems,
        "remarks": found.remarks,
    }
    emit(payload, json=json, tables=None if json else [Table([], rows)])
    if problems:
        raise typer.Exit(guard.NO)
