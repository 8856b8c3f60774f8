"""Output: how every verb speaks.

Results go to stdout: tables for people, one JSON document under `--json`, plain aligned text when
piped. Notes and progress go to stderr, and progress only where a person looks at it.

    @app.command()
    def show(name: str, json: JsonFlag = False) -> None:
        emit({"name": name, "bars": 3}, json=json)
"""

from __future__ import annotations

import math
import os
import sys
from contextlib import contextmanager
from dataclasses import asdict, dataclass, is_dataclass
from enum import Enum
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.service.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ballast.core.errors import UserError

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
"""The `--json` flag of every verb."""

CELL_MAX = 200
"""Longest cell of a table; a longer text is cut with an ellipsis, JSON keeps it whole."""
WHOLE = ("symbol", "side", "time")
"""Columns of texts that are never cut or broken."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings. Numbers stand right, texts left."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    title: str = ""


def emit(payload: object, *, json: bool = False, tables: Sequence[Table] | None = None) -> None:
    """Print a result: JSON if asked, else the tables, else the payload laid out by its shape.

    A mapping becomes lines of name and value, a list of mappings a table, anything else its text.
    """
    if json:
        sys.stdout.write(to_json(payload) + "\n")
        return
    for index, table in enumerate(_tables(payload) if tables is None else tables):
        if index:
            sys.stdout.write("\n")
        _print_table(table)


def say(text: str) -> None:
    """Print one line of a result to stdout."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """Tell the person something that is no result: stderr, silent under `--quiet`."""
    if not options.current().quiet:
        sys.stderr.write(_without_secrets(text) + "\n")


def warn(text: str) -> None:
    """Tell the person something they must know, also under `--quiet`."""
    sys.stderr.write(f"warning: {_without_secrets(text)}\n")


def _without_secrets(text: str) -> str:
    """Return a text as it may be shown: alerts quote what a venue said."""
    from ballast.service.keys.redaction import redacted

    return redacted(text, os.environ)


def fail(error: UserError) -> None:
    """Leave the verb with the one line of the error and exit code 2."""
    raise error


def to_json(payload: object) -> str:
    """Return one JSON document; NaN and infinity become null, times and paths texts."""
    from json import dumps

    return dumps(plain(payload), ensure_ascii=False, allow_nan=False, indent=2)


def plain(value: Any) -> Any:  # noqa: ANN401, PLR0911 - one line for each kind of value
    """Return a value in the words of JSON."""
    if isinstance(value, Enum):
        return value.name.lower()
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, str | PurePath):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if hasattr(value, "items"):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):  # numpy arrays and scalars
        return plain(value.tolist())
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "__iter__"):
        return [plain(item) for item in value]
    return str(value)


@contextmanager
def progress(label: str, total: int | None = None) -> Iterator[Progress]:
    """Show a bar with the time left while the block runs: on stderr, and only on a terminal."""
    if options.current().quiet or not sys.stderr.isatty():
        yield Progress(None, None)
        return
    from rich import progress as bars
    from rich.console import Console

    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeElapsedColumn(),
        bars.TimeRemainingColumn(),
        bars.TextColumn("{task.fields[note]}"),
    )
    with bars.Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        yield Progress(shown, shown.add_task(label, total=total, note=""))


@dataclass(slots=True)
class Progress:
    """Moves a bar, or nothing where nobody looks."""

    shown: Any  # rich.progress.Progress, or None
    task: Any

    def advance(self, steps: float = 1, text: str = "") -> None:
        """Move the bar by some steps and say what was just done."""
        if self.shown is not None:
            self.shown.update(self.task, advance=steps, note=text)

    def move_to(self, done: float, total: float | None = None) -> None:
        """Put the bar at `done` of `total`."""
        if self.shown is not None:
            self.shown.update(self.task, completed=done, total=total)


def cell(value: object) -> str:
    """Return the text of one value in a table: six significant digits, `-` for nothing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1e6 else f"{value:.6g}"
    if isinstance(value, list | tuple):
        return ", ".join(cell(item) for item in value)
    text = " ".join(str(plain(value)).split())
    return text if len(text) <= CELL_MAX else text[: CELL_MAX - 1] + "…"


def _tables(payload: object) -> Iterator[Table]:
    if is_dataclass(payload) and not isinstance(payload, type):
        payload = asdict(payload)
    if isinstance(payload, str):
        say(payload)
    elif hasattr(payload, "items"):
        yield from _mapping(payload)
    elif isinstance(payload, list | tuple) and payload and hasattr(payload[0], "items"):
        columns = list(payload[0])
        yield Table(columns, [[row.get(name) for name in columns] for row in payload])
    elif isinstance(payload, list | tuple):
        yield Table([], [[item] for item in payload])
    elif payload is not None:
        say(str(plain(payload)))


def _mapping(payload: Any) -> Iterator[Table]:  # noqa: ANN401 - any mapping
    """Yield scalars as lines of name and value, then each nested part as a table of its own."""
    nested: dict[str, object] = {}
    lines: list[tuple[str, object]] = []
    for name, value in payload.items():
        is_rows = isinstance(value, list | tuple) and value and hasattr(value[0], "items")
        if is_rows or hasattr(value, "items"):
            nested[str(name)] = value
        else:
            lines.append((str(name), value))
    if lines:
        yield Table([], lines)
    for name, value in nested.items():
        for table in _tables(value):
            yield Table(table.columns, table.rows, table.title or name)


def _print_table(table: Table) -> None:
    if sys.stdout.isatty():
        _print_rich(table)
    else:
        _print_plain(table)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _right(table: Table, column: int) -> bool:
    values = [row[column] for row in table.rows if row[column] is not None]
    return bool(table.columns) and bool(values) and all(_is_number(value) for value in values)


def _print_plain(table: Table) -> None:
    """Print aligned text, two spaces between columns: easy for eyes and for `awk`."""
    texts = [[cell(value) for value in row] for row in table.rows]
    heads = [list(table.columns)] if table.columns else []
    count = len((heads + texts)[0]) if heads + texts else 0
    widths = [max(len(row[index]) for row in heads + texts) for index in range(count)]
    right = [_right(table, index) for index in range(count)]
    if table.title:
        say(table.title)
    for row in heads + texts:
        cells = (
            text.rjust(width) if is_right else text.ljust(width)
            for text, width, is_right in zip(row, widths, right, strict=True)
        )
        say("  ".join(cells).rstrip())


def _print_rich(table: Table) -> None:
    from rich.console import Console

    Console().print(rich_table(table))


def rich_table(table: Table) -> Any:  # noqa: ANN401 - rich is loaded by who draws
    """Return a table as it is drawn. Numbers and names are not cut: half a price is a wrong one."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    shown = RichTable(
        title=Text(table.title) if table.title else None,
        title_justify="left",
        box=box.SIMPLE_HEAD if table.columns else None,
        show_header=bool(table.columns),
        padding=(0, 1, 0, 0),
    )
    count = len(table.columns) or len(table.rows[0])
    for index in range(count):
        is_right = _right(table, index)
        head = table.columns[index] if table.columns else ""
        shown.add_column(
            Text(head), justify="right" if is_right else "left", no_wrap=is_right or head in WHOLE
        )
    for row in table.rows:
        shown.add_row(*(Text(cell(value)) for value in row))
    return shown


def columns_of(rows: Sequence[Mapping[str, object]], names: Sequence[str]) -> Table:
    """Return the table of some columns of mappings, in the order of `names`."""
    return Table(names, [[row.get(name) for name in names] for row in rows])
