"""A comparison as terminal tables: what was set differently, what came out, where they parted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group as Stack
from rich.text import Text

from ballast.core.time import format_ms
from ballast.research.metrics.catalogue import Unit, metric
from ballast.research.report import words
from ballast.research.report.terminal import new_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from ballast.research.compare import Comparison, Figure, Word

SHORT = (
    "account.final", "account.profit", "returns.total", "returns.cagr", "returns.sharpe",
    "returns.sortino", "returns.calmar", "drawdown.max", "drawdown.duration_ms",
    "trades.count", "trades.win_rate", "trades.profit_factor", "trades.expectancy",
    "trades.expectancy_r", "exposure.time", "costs.total", "refusals.total",
)  # fmt: skip
CELL = 34


def figure_table(figures: Sequence[Figure], *, full: bool) -> RenderableType:
    """Return the figures of both runs; without `full` the usual ones and no equal ones."""
    table = new_table("Figures", ("", "A", "B", "B - A", "better"))
    for each in figures:
        if not full and each.path not in SHORT:
            continue
        known = metric(each.path)
        gap = each.difference
        instant = known.unit is Unit.TIME
        shown = words.NOTHING if instant else words.shown(known, gap)
        if gap and known.unit is Unit.SPAN:
            shown = ("-" if gap < 0 else "+") + words.span(abs(gap))
        a, b = words.shown(known, each.a), words.shown(known, each.b)
        table.add_row(each.label, a, b, shown if gap else "", each.better.upper())
    return table


def word_table(differing: Sequence[Word]) -> RenderableType:
    """Return the parts of the run cards that differ."""
    if not differing:
        return Text("The run cards are equal.")
    table = new_table("Run cards differ in", ("", "A", "B"))
    for each in differing:
        table.add_row(each.name, _cell(each.a), _cell(each.b))
    return table


def render_comparison(found: Comparison, *, full: bool = False) -> RenderableType:
    """Return what `ballast compare` prints; `full` adds every figure."""
    head = Text.assemble((f"A {found.a}\nB {found.b}\n", "dim"))
    if found.same:
        return Stack(head, Text("Ledger, equity and figures are the same."))
    return Stack(
        head,
        word_table([word for word in found.words if word.name != "run_id"]),
        figure_table(found.figures, full=full),
        Text(_trades(found)),
        Text(_parting(found)),
    )


def _trades(found: Comparison) -> str:
    return (
        f"Trades: {found.equal_trades:,} equal, {found.changed_trades:,} changed,"
        f" {found.only_a:,} only in A, {found.only_b:,} only in B."
    )


def _parting(found: Comparison) -> str:
    lines = []
    if found.equity_parts_ms is not None:
        lines.append(f"Equity parts at {format_ms(found.equity_parts_ms)}.")
    if found.parting is not None:
        lines.append(f"First trade that differs: {found.parting.why}.")
        lines += [f"  {each.name}: {each.a} against {each.b}" for each in found.parting.fields]
    return "\n".join(lines)


def _cell(value: object) -> str:
    text = words.NOTHING if value is None else str(value)
    return text if len(text) <= CELL else text[: CELL - 3] + "..."
