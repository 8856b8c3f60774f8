"""`ballast data import`: files, folders and archives into the store, all of them or none.

Reading, cleaning and staging happen while the store shows its old state; then everything is put in
place at once. An error or Ctrl-C before that moment leaves the store as it was.
"""

from __future__ import annotations

import glob
import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.core.errors import DataError, UserError
from ballast.core.time import Timeframe, format_ms
from ballast.service.cli import options
from ballast.service.cli.output import JsonFlag, emit, note, progress, warn
from ballast.service.cli.stores import candle_store, funding_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ballast.store.batch import Batch
    from ballast.store.candles import CandleStore
    from ballast.store.funding import FundingStore
    from ballast.store.importers.model import Imported, Wanted

KNOWN = (".csv", ".tsv", ".json", ".jsonl", ".parquet", ".feather", ".gz", ".zst", ".zip")
"""Files taken out of a folder; a file named by itself is read whatever it is called."""


@dataclass(slots=True)
class Deed:
    """Where an import writes: the stores, and the batch unless it is only a rehearsal."""

    candles: CandleStore
    funding: FundingStore
    batch: Batch
    rehearsal: bool
    strict: bool
    rates: list[Imported] = field(default_factory=list)
    rejected: list[tuple[Imported, dict[str, Any]]] = field(default_factory=list)


def register(app: typer.Typer) -> None:
    """Add `import` to the data verbs."""
    app.command("import")(import_)


def import_(
    paths: Annotated[list[str], typer.Argument(help="Files, folders or patterns like 'a/*.csv'.")],
    venue: Annotated[str | None, typer.Option(help="Exchange, where the file says none.")] = None,
    symbol: Annotated[
        str | None, typer.Option(help="Symbol; .mark at its end: mark price.")
    ] = None,
    timeframe: Annotated[
        str | None, typer.Option("--timeframe", "-t", help="Length of a bar; needed for trades.")
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", help="Order of columns without names: bitfinex, ...")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse any bad, repeated, unsorted or revised row.")
    ] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Go on without files that cannot be used.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change.")] = False,
    json: JsonFlag = False,
) -> None:
    """Import candles, mark prices, trades or funding rates of any known format."""
    from ballast.store.importers.model import Wanted

    frame = Timeframe.parse(timeframe) if timeframe else None
    wanted = Wanted(venue, symbol, frame, form, strict)
    files = list(dict.fromkeys(file for text in paths for file in _expand(text)))
    store = candle_store()
    rows: list[dict[str, Any]] = []
    problems: list[str] = []
    _allow_files()
    with store.batch() as batch, progress("import", len(files)) as bar:
        deed = Deed(store, funding_store(), batch, dry_run, strict)
        for file in files:
            try:
                rows += [_take(item, deed) for item in _read(file, wanted)]
            except UserError as error:
                if not skip_bad:
                    raise
                problems.append(error.line())
            bar.advance(text=file.name)
        if not rows:
            raise DataError("nothing to import", where=", ".join(paths), fix=_first(problems))
        if not dry_run:
            with _uninterrupted():
                batch.commit()
                for item in deed.rates:
                    _put_rates(item, deed)
                for item, row in deed.rejected:
                    row["quarantine"] = _quarantine(item, row["series"])
    for problem in problems:
        warn(f"skipped {problem}")
    _tell(rows, json=json, dry_run=dry_run)


def _expand(text: str) -> list[Path]:
    """Return the files meant by a path or a pattern; raise `DataError` if there is none."""
    path = Path(text).expanduser()
    if path.is_dir():
        found = sorted(
            file
            for file in path.rglob("*")
            if file.is_file() and file.suffix in KNOWN and not file.name.startswith(".")
        )
        if not found:
            raise DataError("no files to import", where=text, expected=", ".join(KNOWN))
        return found
    if not path.exists() and glob.has_magic(text):
        found = sorted(Path(name) for name in glob.glob(str(path), recursive=True))  # noqa: PTH207 - absolute patterns too
        if not found:
            raise DataError("no file fits this pattern", where=text)
        return [file for file in found if file.is_file()]
    return [path]


def _read(file: Path, wanted: Wanted) -> list[Imported]:
    from ballast.store.importers.read import read_files

    return list(read_files(file, wanted))


def _take(item: Imported, deed: Deed) -> dict[str, Any]:
    """Stage one series and return its row of the report."""
    name = f"{item.venue}-{item.symbol}"
    row: dict[str, Any] = {"series": name, "content": item.content.value, "format": item.format}
    if item.bars is not None:
        row["series"] = item.bars.name
        if deed.rehearsal:
            report = deed.candles.preview(item.bars)
        else:
            key = deed.candles.key_of(item.bars)
            report = deed.batch.add(key, item.bars, revise=not deed.strict)
        row |= {"inserted": report.inserted, "unchanged": report.unchanged}
        row |= {"revised": report.revised, "examples": report.examples}
        span = item.bars.ts
    else:
        assert item.funding is not None  # noqa: S101 - an import is bars or funding
        deed.rates.append(item)
        row |= {"inserted": len(item.funding), "unchanged": 0, "revised": 0}
        span = item.funding["at_ms"]
    row |= {"duplicates": item.duplicates, "rejected": len(item.rejected)}
    row |= {"first": format_ms(int(span[0])), "last": format_ms(int(span[-1]))}
    row |= {"notes": list(item.notes), "rejected_rows": item.rejected[:20], "source": item.source}
    row["quarantine"] = None
    if item.rejected:
        deed.rejected.append((item, row))
    return row


def _put_rates(item: Imported, deed: Deed) -> None:
    assert item.funding is not None  # noqa: S101 - only funding is put off
    deed.funding.write(item.venue, item.symbol, item.funding, revise=not deed.strict)


def _quarantine(item: Imported, series: str) -> str:
    """Write the rejected rows beside the store, one file for each set of them."""
    from ballast.core.hashing import canonical_json, value_hash
    from ballast.store.disk import Disk, replace_file
    from ballast.store.symbols import folder_name

    rows = [[item.source, row.row, row.reason, row.text] for row in item.rejected]
    path = options.config().data_root / "quarantine"
    path /= f"{folder_name(series)}-{value_hash(rows)[:8]}.jsonl"
    lines = "".join(canonical_json(row) + "\n" for row in rows)
    replace_file(Disk(), path, (lines.encode(),))
    return str(path)


def _tell(rows: list[dict[str, Any]], *, json: bool, dry_run: bool) -> None:
    from ballast.service.cli.output import columns_of

    names = ("series", "content", "inserted", "unchanged", "revised", "duplicates", "rejected")
    table = columns_of(rows, (*names, "first", "last"))
    emit({"dry_run": dry_run, "files": rows}, json=json, tables=None if json else [table])
    for row in rows:
        for text in row["notes"]:
            note(f"{row['series']}: {text}")
        for revision in row.get("examples", ())[:2]:
            when = format_ms(revision.ts)
            note(f"{row['series']}: {when} {revision.column} {revision.old} is now {revision.new}")
        for bad in row["rejected_rows"][:3]:
            warn(f"{row['source']} row {bad.row}: {bad.reason}: {bad.text}")
        if row["quarantine"]:
            warn(f"{row['rejected']} rejected rows are listed in {row['quarantine']}")
    if dry_run:
        note("dry run: nothing was written")


def _first(problems: list[str]) -> str:
    return problems[0] if problems else ""


def _allow_files() -> None:
    """Take all open files the system grants: a batch keeps a lock for each series it touches."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C off for the moment in which the staged files take their places."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
