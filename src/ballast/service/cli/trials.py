"""`ballast trials`: how often somebody looked, and whether the count can be believed."""

from __future__ import annotations

import math

import typer

from ballast.service.cli import guard, options
from ballast.service.cli.output import JsonFlag, Table, emit, note
from ballast.service.cli.runs import ledger_of

app = typer.Typer(add_completion=False, invoke_without_command=True)
HASH_SHOWN = 12


@app.callback()
def trials(context: typer.Context, json: JsonFlag = False) -> None:
    """Count the parameter sets ever tried in this workspace, by family of strategies."""
    if context.invoked_subcommand is None:
        _show(json=json)


@app.command("list")
def list_(json: JsonFlag = False) -> None:
    """List the families with their trials, repeats and markets, the most tried first."""
    _show(json=json)


@app.command()
def verify(json: JsonFlag = False) -> None:
    """Check the ledger against its hashes, its heads and the results; exit 1 if it fails."""
    from ballast.store.trials import verify as hold

    config = options.config()
    with ledger_of(config) as ledger:
        found = hold(ledger, config.results_root)
    rows: list[tuple[str, object]] = [("whole" if found.is_whole else "NOT WHOLE", "")]
    rows += [("trials", found.trials), ("uncounted", found.uncounted)]
    rows += [("head", f"{found.head.seq}:{found.head.hash}")]
    rows += [("problem", one) for one in found.problems]
    rows += [("remark", one) for one in found.remarks]
    payload = {
        "whole": found.is_whole,
        "trials": found.trials,
        "uncounted": found.uncounted,
        "head": found.head,
        "problems": found.problems,
        "remarks": found.remarks,
    }
    emit(payload, json=json, tables=None if json else [Table([], rows)])
    if not found.is_whole:
        raise typer.Exit(guard.NO)


def _show(*, json: bool) -> None:
    from ballast.core.time import YEAR_DAYS, format_ms

    config = options.config()
    with ledger_of(config) as ledger:
        lines = ledger.families()
        total, repeats, uncounted = ledger.count(), ledger.repeats(), ledger.uncounted()
    rows = [
        {
            "family": one.family,
            "strategies": one.strategies,
            "markets": one.markets,
            "timeframes": one.timeframes,
            "kinds": one.kinds,
            "trials": one.trials,
            "repeats": one.repeats,
            "from": format_ms(one.from_ms),
            "to": format_ms(one.to_ms),
            "best_sharpe": None
            if one.best_sharpe is None
            else one.best_sharpe * math.sqrt(YEAR_DAYS),
        }
        for one in lines
    ]
    payload = {"trials": total, "repeats": repeats, "uncounted": uncounted, "families": rows}
    columns = ("family", "strategies", "markets", "timeframes", "trials", "repeats", "best_sharpe")
    cells = [
        [row[name] if name != "family" else str(row[name])[:HASH_SHOWN] for name in columns]
        for row in rows
    ]
    emit(payload, json=json, tables=None if json else [Table(columns, cells)])
    note(f"{total:,} trials, {repeats:,} repetitions" if total else "nothing has been tried yet")
    if uncounted:
        note(f"{uncounted:,} more are known to have been made and are not in the ledger")
