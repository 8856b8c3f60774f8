"""`ballast sweep`: many combinations of parameters, symbols and timeframes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.service.cli.output import JsonFlag, Table, emit, note, progress
from ballast.service.cli.runs import (
    FromOption,
    PeriodOption,
    SymbolOption,
    ToOption,
    VenueOption,
    config_of,
    find_strategy,
    flags_of,
    ledger_of,
    load,
    own_settings,
    period_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from ballast.research.series import Series
    from ballast.research.sweep import Sweep

app = typer.Typer(add_completion=False)

SHOWN = ("total_return", "max_drawdown", "sharpe", "profit_factor", "trades", "win_rate")


@app.command()
def sweep(
    strategy: Annotated[str, typer.Argument(help="Name or file; `ballast strategies` lists them.")],
    axis: Annotated[
        list[str],
        typer.Option("--range", "-r", help="fast=5..14, slow=20..65:5 or stop=2,3,4; repeatable."),
    ],
    symbols: SymbolOption = None,
    timeframe: Annotated[
        list[str] | None, typer.Option("--timeframe", "-t", help="Repeatable; default 1h.")
    ] = None,
    venue: VenueOption = "",
    period: PeriodOption = "",
    from_: FromOption = "",
    to: ToOption = "",
    together: Annotated[
        bool, typer.Option("--together", help="All symbols share one account in each run.")
    ] = False,
    metric: Annotated[str, typer.Option(help="What the best rows are best in.")] = "sharpe",
    top: Annotated[int, typer.Option(min=1, help="Rows to print.")] = 10,
    cash: Annotated[float | None, typer.Option(help="Cash at the start.")] = None,
    gate: Annotated[
        bool, typer.Option("--gate/--no-gate", help="Off: no limits, for comparisons only.")
    ] = True,
    workers: Annotated[int, typer.Option(min=0, help="Threads; 0: one a core.")] = 0,
    json: JsonFlag = False,
) -> None:
    """Run every combination on all cores. Interrupted, the same command goes on where it was."""
    from ballast.research import sweep as sweeping
    from ballast.research import sweep_table
    from ballast.research.grid import Grid, parse_axes
    from ballast.store.trials import heads

    config = config_of(flags_of(cash, gate=gate))
    chosen = find_strategy(config, strategy)
    grid = Grid(parse_axes(axis, chosen.params))
    sweep_table.check_metric(metric)
    span = period_of(period, from_, to)
    groups: list[tuple[Series, ...]] = []
    for one in timeframe or ["1h"]:
        series = load(config, venue, symbols, one, span)
        groups += [series] if together else [(part,) for part in series]
    own = own_settings(config, [one for group in groups for one in group])
    request = sweeping.SweepRequest(chosen, grid, groups, config.settings, workers, own)
    with progress("sweep", len(grid) * len(groups)) as bar, ledger_of(config) as ledger:
        found = sweeping.sweep(
            request,
            config.results_root,
            ledger=ledger,
            progress=lambda state: bar.move_to(state.done, state.total),
        )
        heads.leave(found.folder, ledger.head())
    page = write_heatmaps(found, chosen.name, metric, list(grid.axes))
    best = sweep_table.best_rows(found.table, metric, top)
    payload = {
        "sweep": found.id,
        "combinations": found.table.num_rows,
        "skipped": found.skipped,
        "metric": metric,
        "table": found.folder / sweeping.TABLE,
        "heatmap": page,
        "best": best,
    }
    emit(payload, json=json, tables=None if json else [best_table(best, list(grid.axes), metric)])
    note(f"{found.table.num_rows:,} rows in {found.folder / sweeping.TABLE}")
    if found.skipped:
        note(f"{found.skipped:,} combinations break the strategy's rules and were left out")
    if page is not None:
        note(f"heatmap {page}")


def best_table(rows: list[dict[str, Any]], axes: list[str], metric: str) -> Table:
    """Return the best rows as a table: where, the parameters, the figures."""
    from ballast.research.sweep_table import axis_column

    figures = [metric, *(name for name in SHOWN if name != metric)]
    names = ["symbol", "timeframe", *axes, *figures]
    columns = ["symbol", "timeframe", *map(axis_column, axes), *figures]
    return Table(names, [[row[name] for name in columns] for row in rows], f"best by {metric}")


def write_heatmaps(found: Sweep, strategy: str, metric: str, axes: list[str]) -> Path | None:
    """Write a page of heatmaps for neighbouring pairs of axes; None with one axis only."""
    if len(axes) < 2:
        return None
    from ballast.research.heatmap import heatmap_html, heatmaps
    from ballast.store.disk import Disk, replace_file

    about = f"sweep {found.id}: {found.table.num_rows:,} runs"
    text = heatmap_html(heatmaps(found.table, metric, axes), f"{strategy}: {metric}", about)
    page = found.folder / f"heatmap-{metric}.html"
    replace_file(Disk(), page, [text.encode()])
    return page
