"""`ballast show`, `report`, `trades`, `sizes`, `compare` and `results`: runs, from their folders.

A run is named by its folder, its id, the start of its id, or `last`.
"""

from __future__ import annotations

import os
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from ballast.service.cli import options
from ballast.service.cli.output import JsonFlag, Table, emit, note, say

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ballast.research.result import Result
    from ballast.research.storage import Stored

RunName = Annotated[str, typer.Argument(help="Folder, run id, start of one, or `last`.")]
FullFlag = Annotated[bool, typer.Option("--full", help="Every table.")]
PIPE_WIDTH = 120
"""Columns of the tables where no terminal says how wide it is."""


def register(app: typer.Typer) -> None:
    """Add the verbs about finished runs."""
    app.command("show")(show)
    app.command("report")(report)
    app.command("trades")(trades)
    app.command("sizes")(sizes)
    app.command("compare")(compare)
    app.command("results")(results)


def show(
    run: RunName = "last",
    full: FullFlag = False,
    regimes: Annotated[bool, typer.Option("--regimes", help="Only the table by regime.")] = False,
    detector: Annotated[
        str, typer.Option(help="Formula of the regimes, for example 'regime_hmm()'.")
    ] = "",
    json: JsonFlag = False,
) -> None:
    """Show the figures of a finished run; --json prints the whole result."""
    from ballast.research.report.document import result_json
    from ballast.research.report.terminal import render_terminal

    stored = _stored(run)
    if regimes or detector:
        _show_regimes(stored.result, detector, json=json)
        return
    if json:
        say(result_json(stored.result, stored.summary()).rstrip())
        return
    _print(render_terminal(stored.result, stored.summary(), full=full))
    note(f"folder {stored.path}; `ballast report {stored.path.name[:8]}` draws it")


def _show_regimes(result: Result, detector: str, *, json: bool) -> None:
    from ballast.research.regimes import regime_table
    from ballast.research.report.terminal import regimes_table

    found = regime_table(result, detector or None)
    if json:
        emit(found, json=True)
    else:
        _print(regimes_table(found))


def report(
    run: RunName = "last",
    out: Annotated[Path | None, typer.Option(help="Write the page here.")] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    json: JsonFlag = False,
) -> None:
    """Write the HTML report of a finished run and print its path."""
    from ballast.research.report.page import report_html
    from ballast.research.storage import REPORT

    stored = _stored(run)
    path = (out or stored.path / REPORT).resolve()
    _write(path, report_html(stored.result, stored.summary()))
    emit({"run": stored.path.name, "report": path}, json=json) if json else say(str(path))
    if open_:
        import webbrowser

        webbrowser.open(path.as_uri())


def trades(
    run: RunName = "last",
    csv: Annotated[bool, typer.Option("--csv", help="Print the ledger as CSV.")] = False,
    json: JsonFlag = False,
) -> None:
    """Print the trade ledger of a finished run."""
    from ballast.research.report import words
    from ballast.research.report.ledger import trade_rows, trades_csv

    stored = _stored(run)
    if csv:
        say(trades_csv(stored.result).rstrip())
        return
    rows = trade_rows(stored.result)
    columns = ("id", "symbol", "side", "entry (UTC)", "held", "exit", "net", "%", "R")
    cells = [
        [
            row["id"],
            row["symbol"],
            row["side"],
            row["entry_time"],
            words.span(row["duration_ms"]),
            row["exit_reason"],
            round(row["pnl"], 2),
            round(100 * row["return"], 2),
            None if row["r"] is None else round(row["r"], 2),
        ]
        for row in rows
    ]
    emit(rows, json=json, tables=[Table(columns, cells)])


def sizes(
    run: RunName = "last",
    csv: Annotated[bool, typer.Option("--csv", help="Print every input as CSV.")] = False,
    json: JsonFlag = False,
) -> None:
    """Print what each entry of a finished run was sized by: inputs, factors and caps."""
    from ballast.research.sizes import size_lines, size_rows, sizes_csv

    result = _stored(run).result
    rows = size_rows(result)
    if csv:
        say(sizes_csv(rows).rstrip())
        return
    columns = ("time (UTC)", "symbol", "side", "outcome", "size, in base units")
    cells = [
        [row["time"], row["symbol"], row["side"], row["reason"] or "queued", line]
        for row, line in zip(rows, size_lines(result), strict=True)
    ]
    emit(rows, json=json, tables=[Table(columns, cells)])


def compare(
    a: Annotated[str, typer.Argument(help="A run.")],
    b: Annotated[str, typer.Argument(help="The other run.")],
    full: FullFlag = False,
    json: JsonFlag = False,
) -> None:
    """Compare two runs: settings, figures, and the first trade on which they part."""
    from ballast.research.compare import compare as compare_runs
    from ballast.research.report.comparison import render_comparison

    left, right = _stored(a), _stored(b)
    found = compare_runs(
        left.result, right.result, figures_a=left.summary(), figures_b=right.summary()
    )
    if json:
        emit(found, json=True)
    else:
        _print(render_comparison(found, full=full))


def results(json: JsonFlag = False) -> None:
    """List the finished runs of this workspace, the oldest first."""
    from ballast.research.storage import index

    rows = index(_root())
    columns = ("run", "strategy", "symbols", "from", "to", "return", "drawdown", "trades")
    emit(
        rows, json=json, tables=[Table(columns, [[row[name] for name in columns] for row in rows])]
    )
    if not rows:
        note("no finished runs yet: `ballast backtest` makes one")


def _root() -> Path:
    return options.config().results_root


def _stored(name: str) -> Stored:
    from ballast.research.storage import find, load

    return load(find(_root(), name))


def print_summary(result: Result) -> None:
    """Print the figures of a run that has just finished."""
    from ballast.research.metrics import summary
    from ballast.research.report.terminal import render_terminal

    _print(render_terminal(result, summary(result)))


def _print(shown: RenderableType) -> None:
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPE_WIDTH)
    console.print(shown)


def _write(path: Path, text: str) -> None:
    """Write the page so that it exists whole or not at all."""
    from ballast.core.errors import UserError

    if not path.parent.is_dir():
        raise UserError("no such folder", where=str(path.parent))
    staged = path.with_name(f".{path.name}.new")
    try:
        with staged.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)
