"""Two runs side by side: which figures, which settings and which trade differ first.

Trades are matched by what identifies a decision: symbol, side and entry time. The first entry in
time that one run has and the other has not, or that both have with different numbers, is where the
two runs parted; everything after it may be a consequence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.reason_texts import refused_text
from ballast.core.reasons import Refusal, label
from ballast.core.time import format_ms
from ballast.research.metrics.catalogue import METRICS
from ballast.research.metrics.units import own_bars
from ballast.research.report.ledger import trade_rows
from ballast.research.report.plain import plain
from ballast.research.report.sections import flat

if TYPE_CHECKING:
    from ballast.research.metrics import Summary
    from ballast.research.metrics.catalogue import Metric
    from ballast.research.result import Result

NUMBERS = (
    "quantity", "entry_price", "exit_time", "exit_price", "exit_reason", "pnl", "fees", "slippage",
    "funding", "risk_cash", "fills",
)  # fmt: skip
IDENTITY = ("entry_ms", "symbol", "side")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of both runs. `better` is "a", "b" or "" (equal, undefined, or no direction)."""

    path: str
    label: str
    unit: str
    a: float | None
    b: float | None
    difference: float | None
    better: str


@dataclass(frozen=True, slots=True)
class Word:
    """A part of the run cards that differs, as dotted name; None where one card lacks it."""

    name: str
    a: Any
    b: Any


@dataclass(frozen=True, slots=True)
class Parting:
    """The first trade that differs: `fields` name (a, b) values; `why` says it in words."""

    why: str
    a: dict[str, Any] | None
    b: dict[str, Any] | None
    fields: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences of two runs; `same` means that ledger, equity and figures are equal."""

    a: str
    b: str
    same: bool
    figures: tuple[Figure, ...]
    words: tuple[Word, ...]
    equal_trades: int
    changed_trades: int
    only_a: int
    only_b: int
    parting: Parting | None
    equity_parts_ms: int | None


def compare(a: Result, b: Result, *, figures_a: Summary, figures_b: Summary) -> Comparison:
    """Compare two finished runs; pure."""
    figures = tuple(_figure(each, figures_a, figures_b) for each in METRICS)
    rows_a, rows_b = _by_identity(a), _by_identity(b)
    shared = [key for key in rows_a if key in rows_b]
    changed = [key for key in shared if _changes(rows_a[key], rows_b[key])]
    parts_ms = _equity_parts(a, b)
    only_a, only_b = len(rows_a) - len(shared), len(rows_b) - len(shared)
    return Comparison(
        a=a.card.run_id,
        b=b.card.run_id,
        same=parts_ms is None and not (changed or only_a or only_b) and figures_a == figures_b,
        figures=figures,
        words=_words(a, b),
        equal_trades=len(shared) - len(changed),
        changed_trades=len(changed),
        only_a=only_a,
        only_b=only_b,
        parting=_parting(a, b, rows_a, rows_b),
        equity_parts_ms=parts_ms,
    )


def _figure(metric: Metric, found_a: Summary, found_b: Summary) -> Figure:
    a, b = metric.value(found_a), metric.value(found_b)
    difference = None if a is None or b is None else b - a
    better = ""
    if difference and metric.better:
        better = "b" if difference * metric.better > 0 else "a"
    return Figure(metric.path, metric.label, metric.unit.value, a, b, difference, better)


def _words(a: Result, b: Result) -> tuple[Word, ...]:
    left, right = dict(flat(plain(a.card))), dict(flat(plain(b.card)))
    names = sorted(set(left) | set(right))
    differing = (name for name in names if left.get(name) != right.get(name))
    return tuple(Word(name, left.get(name), right.get(name)) for name in differing)


def _by_identity(result: Result) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Index the ledger by decision; a second trade of one identity gets a running number."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    rows = sorted(trade_rows(result), key=lambda row: tuple(row[name] for name in IDENTITY))
    for row in rows:
        key: tuple[Any, ...] = tuple(row[name] for name in IDENTITY)
        repeat = 0
        while (*key, repeat) in found:
            repeat += 1
        found[(*key, repeat)] = row
    return found


def _changes(a: dict[str, Any], b: dict[str, Any]) -> tuple[Word, ...]:
    return tuple(Word(name, a[name], b[name]) for name in NUMBERS if a[name] != b[name])


def _parting(
    a: Result,
    b: Result,
    rows_a: dict[tuple[Any, ...], dict[str, Any]],
    rows_b: dict[tuple[Any, ...], dict[str, Any]],
) -> Parting | None:
    for key in sorted(set(rows_a) | set(rows_b)):
        left, right = rows_a.get(key), rows_b.get(key)
        if left and right:
            fields = _changes(left, right)
            if fields:
                return Parting(_says(left, fields), left, right, fields)
        elif left:
            return Parting(_missing(left, "A", "B", _why_not(a, b, left)), left, None, ())
        elif right:
            return Parting(_missing(right, "B", "A", _why_not(b, a, right)), None, right, ())
    return None


def _says(row: dict[str, Any], fields: tuple[Word, ...]) -> str:
    first = fields[0]
    return (
        f"both open {row['symbol']} {row['side']} at {row['entry_time']}, then"
        f" {first.name.replace('_', ' ')} differs: {first.a} against {first.b}"
    )


def _missing(row: dict[str, Any], has: str, lacks: str, why: str) -> str:
    return (
        f"{has} opens {row['symbol']} {row['side']} at {row['entry_time']}, {lacks} does not: {why}"
    )


def _why_not(one: Result, other: Result, row: dict[str, Any]) -> str:
    """Say what the other run did at the bar on which this one decided to enter."""
    decided_ms = _decided_ms(one, row)
    symbols = [bars.symbol for bars in other.bars]
    if row["symbol"] not in symbols:
        return "it does not trade this symbol"
    symbol = symbols.index(row["symbol"])
    refused = other.run.refused
    bars = other.bars[symbol]
    mine = refused[refused["symbol"] == symbol]
    at = bars.ts[own_bars(other, mine, "bar")] if len(mine) else np.empty(0, np.int64)
    for hit in mine[at == decided_ms]:
        reason = Refusal(int(hit["reason"]))
        text = refused_text(reason, hit["measured"], hit["limit"])
        return f"refused, {text.replace(label(reason), label(reason).replace('_', ' '))}"
    if not (bars.ts[0] <= decided_ms <= bars.ts[-1]):
        return "its bars do not reach there"
    return f"it has no entry signal on the bar of {format_ms(decided_ms)}"


def _decided_ms(result: Result, row: dict[str, Any]) -> int:
    trades = result.run.trades
    found = trades[trades["position"] == row["id"]]
    bar = int(own_bars(result, found, "decided_bar")[0])
    return int(result.bars[int(found["symbol"][0])].ts[max(bar, 0)])


def _equity_parts(a: Result, b: Result) -> int | None:
    """Return the first close at which the two equities differ or only one run has a close."""
    clocks = a.run.clock_ms, b.run.clock_ms
    count = min(len(clocks[0]), len(clocks[1]))
    differing = (clocks[0][:count] != clocks[1][:count]) | (
        a.run.equity[:count] != b.run.equity[:count]
    )
    if differing.any():
        row = int(np.argmax(differing))
        return int(min(clocks[0][row], clocks[1][row]))
    longer = clocks[0] if len(clocks[0]) > len(clocks[1]) else clocks[1]
    return int(longer[count]) if len(longer) > count else None
