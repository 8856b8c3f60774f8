"""A run as terminal tables. Colour only repeats what sign and words already say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.columns import Columns
from rich.console import Group as Stack
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ballast.core.time import format_ms
from ballast.research.metrics.catalogue import metric
from ballast.research.metrics.groups import by_strategy
from ballast.research.report import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

    from ballast.research.metrics import Summary
    from ballast.research.metrics.groups import Group
    from ballast.research.regimes import RegimeTable
    from ballast.research.result import Result

BOXES: dict[str, tuple[str, ...]] = {
    "Result": (
        "account.initial", "account.final", "account.profit", "returns.total", "returns.cagr",
        "market.change", "market.excess", "returns.best_day", "returns.worst_day",
        "returns.positive_days",
    ),
    "Risk": (
        "drawdown.max", "drawdown.duration_ms", "drawdown.recovery_ms", "drawdown.from_start",
        "drawdown.ulcer", "returns.volatility", "tails.var_95", "tails.cvar_95",
        "exposure.time", "exposure.max_gross",
    ),
    "Ratios": (
        "returns.sharpe", "returns.sortino", "returns.calmar", "returns.omega", "trades.sqn",
        "market.beta", "market.correlation", "tails.skewness", "tails.kurtosis",
        "significance.psr",
    ),
    "Trades": (
        "trades.count", "trades.win_rate", "trades.profit_factor", "trades.expectancy",
        "trades.expectancy_r", "trades.payoff", "trades.best", "trades.worst",
        "trades.average_ms", "trades.losses_in_row",
    ),
    "Costs": (
        "costs.fees", "costs.slippage", "costs.funding", "costs.total", "costs.gross",
        "costs.share_of_gross", "costs.bps_of_turnover", "costs.breakeven_bps",
        "exposure.turnover_yearly", "costs.liquidations",
    ),
}  # fmt: skip
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SIGNED = {"profit", "total", "cagr", "excess", "change", "expectancy", "expectancy_r"}


def render_terminal(result: Result, found: Summary, *, full: bool = False) -> RenderableType:
    """Return what `ballast show` prints; `full` adds weekday, hour, side and drawdown tables."""
    parts: list[RenderableType] = [_head(result, found)]
    parts.append(Columns([_box(name, paths, found) for name, paths in BOXES.items()]))
    if len(found.symbols) > 1:
        parts.append(groups_table("By symbol", found.symbols))
    strategies = by_strategy(result)
    if len(strategies) > 1:
        parts.append(groups_table("By strategy", strategies))
    if len(found.tags) > 1 and found.tags != strategies:
        parts.append(groups_table("By tag", found.tags))
    parts.append(groups_table("By exit", found.exits))
    if full:
        parts.append(groups_table("By side", found.sides))
        parts.append(groups_table("By weekday of entry (UTC)", found.weekdays))
        parts.append(groups_table("By hour of entry (UTC)", found.hours))
        parts.append(_drawdowns(found))
    parts.append(_months(found))
    if found.refusals.total:
        parts.append(_refusals(found))
    parts.append(_words(result, found))
    return Stack(*(part for part in parts if part))


def groups_table(title: str, rows: Sequence[Group]) -> RenderableType:
    """Return one row a group with its figures; nothing for no rows."""
    if not rows:
        return ""
    names = ("", "trades", "won", "net", "mean", "R", "factor", "held", "fees")
    table = new_table(title, names)
    for row in rows:
        table.add_row(
            row.key,
            f"{row.count:,}",
            words.percent(row.win_rate),
            _coloured(words.cash(row.net), row.net),
            words.cash(row.expectancy),
            words.ratio(row.expectancy_r),
            words.ratio(row.profit_factor),
            words.span(row.average_ms),
            words.cash(row.fees),
        )
    return table


def regimes_table(found: RegimeTable) -> Table:
    """Return one row a regime: time, trades, what they earned, ratio and fall of its days."""
    names = ("", "time", "days", "trades", "won", "net", "mean", "R", "return", "sharpe", "fall")
    table = new_table(f"By regime, {found.detector}", names)
    for row in found.rows:
        table.add_row(
            row.regime,
            words.percent(row.share),
            f"{row.days:,}",
            f"{row.trades:,}",
            words.percent(row.win_rate),
            _coloured(words.cash(row.net), row.net),
            words.cash(row.expectancy),
            words.ratio(row.expectancy_r),
            _coloured(words.percent(row.contribution), row.contribution),
            words.ratio(row.sharpe),
            words.percent(row.max_drawdown),
        )
    return table


def _head(result: Result, found: Summary) -> Panel:
    card, account = result.card, found.account
    series = ", ".join(
        f"{bars.symbol} {bars.timeframe}" + (f" ({name})" if card.others else "")
        for bars, name in zip(result.bars, result.strategies, strict=True)
    )
    lines = Text.assemble(
        (card.title, "bold"), f"  {series}\n",
        f"{format_ms(account.from_ms)} to {format_ms(account.to_ms)} UTC, {account.days:,} days, "
        f"{account.bars:,} bars\n",
        (f"run {card.run_id}, {card.engine}, seed {card.seed}", "dim"),
    )  # fmt: skip
    return Panel(lines, box=box.ROUNDED, expand=False)


def _box(title: str, paths: Iterable[str], found: Summary) -> Table:
    table = Table(title=title, box=box.SIMPLE, show_header=False, title_justify="left")
    table.add_column()
    table.add_column(justify="right", no_wrap=True)
    for path in paths:
        each = metric(path)
        value = each.value(found)
        text = words.shown(each, value)
        signed = path.partition(".")[2] in SIGNED and value is not None
        table.add_row(each.label, _coloured(text, value) if signed and value else text)
    return table


def _months(found: Summary) -> RenderableType:
    if not found.months:
        return ""
    table = new_table("Returns by month, %", ("", *MONTHS, "year"))
    table.padding, table.pad_edge = (0, 0), False
    changes = {(row.year, row.month): row.change for row in found.months}
    for year in found.years:
        cells = [changes.get((year.year, month)) for month in range(1, 13)]
        table.add_row(
            str(year.year),
            *(_coloured(f"{100 * x:.1f}", x) if x is not None else "" for x in cells),
            _coloured(f"{100 * year.change:.1f}", year.change),
        )
    return table


def _drawdowns(found: Summary) -> RenderableType:
    names = ("", "depth", "began", "lowest", "ended", "lasted", "recovery")
    table = new_table("Worst drawdowns", names)
    for rank, fall in enumerate(found.drawdown.worst, 1):
        table.add_row(
            str(rank),
            words.percent(fall.depth),
            words.day(fall.start_ms),
            words.day(fall.trough_ms),
            "not yet" if fall.end_ms is None else words.day(fall.end_ms),
            words.span(fall.duration_ms),
            words.span(fall.recovery_ms),
        )
    return table if found.drawdown.worst else ""


def _refusals(found: Summary) -> Table:
    table = new_table(f"Refused entries: {found.refusals.total:,}", ("reason", "count", "share"))
    for row in found.refusals.rows:
        table.add_row(row.reason, f"{row.count:,}", f"{row.share:.1%}")
    return table


def _words(result: Result, found: Summary) -> RenderableType:
    lines = [*found.remarks, *result.notes]
    return Text("\n".join(f"! {line}" for line in lines), style="yellow") if lines else ""


def new_table(title: str, names: Sequence[str]) -> Table:
    """Return an empty table in the house style: the first column left, numbers right."""
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
    table.padding, table.pad_edge = (0, 1, 0, 0), False
    for i, name in enumerate(names):
        table.add_column(name, justify="left" if i == 0 else "right", no_wrap=i > 0)
    return table


def _coloured(text: str, value: float) -> Text:
    style = "blue" if value > 0 else "red" if value < 0 else ""
    return Text(text, style=style)
