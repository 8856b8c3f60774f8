"""Closed trades cut by side, symbol, tag, exit reason, and weekday and hour (UTC) of the entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.reasons import Exit, label
from ballast.core.time import DAY_MS, HOUR_MS
from ballast.research.metrics.trades import (
    closed_trades,
    durations,
    mean,
    profit_factor,
    r_multiples,
    win_rate,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.kernel.market import Records
    from ballast.research.metrics.series import Ints
    from ballast.research.result import Result

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday
DAYS_OF_WEEK = len(WEEKDAYS)
HOURS_OF_DAY = 24


@dataclass(frozen=True, slots=True)
class Group:
    """The trades that share `key`."""

    key: str
    count: int
    win_rate: float | None
    net: float
    expectancy: float | None
    expectancy_r: float | None
    profit_factor: float | None
    average_ms: float | None
    fees: float


def group(key: str, trades: Records) -> Group:
    """Return the statistics of one cut of closed trades."""
    pnl = np.asarray(trades["pnl"], np.float64)
    return Group(
        key=key,
        count=len(pnl),
        win_rate=win_rate(pnl),
        net=float(np.sum(pnl)),
        expectancy=mean(pnl),
        expectancy_r=mean(r_multiples(trades)),
        profit_factor=profit_factor(pnl),
        average_ms=mean(durations(trades)),
        fees=float(np.sum(trades["fees"])),
    )


def by_side(trades: Records) -> tuple[Group, ...]:
    """Return the long and the short trades, both rows always."""
    return (
        group("long", trades[trades["side"] > 0]),
        group("short", trades[trades["side"] < 0]),
    )


def by_name(trades: Records, names: Sequence[str]) -> tuple[Group, ...]:
    """Return one row a distinct name of `names[symbol]` (symbols or tags), in declared order."""
    order = dict.fromkeys(names)
    labels = np.array([*names, ""], dtype=object)[trades["symbol"]]
    return tuple(group(name, trades[labels == name]) for name in order)


def by_strategy(result: Result) -> tuple[Group, ...]:
    """Return one row a strategy of a run, in the order of its card."""
    closed = closed_trades(result.run.trades)
    rows = {row.key: row for row in by_name(closed, result.strategies)}
    return tuple(rows[name] for name in result.card.names)


def by_exit(trades: Records) -> tuple[Group, ...]:
    """Return one row an exit reason that occurred, the most frequent first."""
    reasons, counts = np.unique(trades["reason"], return_counts=True)
    rows = [
        group(label(Exit(int(reasons[i]))), trades[trades["reason"] == reasons[i]])
        for i in np.argsort(-counts, kind="stable")
    ]
    return tuple(rows)


def by_weekday(trades: Records) -> tuple[Group, ...]:
    """Return seven rows, Monday first, by the UTC weekday of the entry fill."""
    days = weekday(trades["entry_ms"])
    return tuple(group(name, trades[days == i]) for i, name in enumerate(WEEKDAYS))


def by_hour(trades: Records) -> tuple[Group, ...]:
    """Return 24 rows by the UTC hour of the entry fill."""
    hours = trades["entry_ms"] % DAY_MS // HOUR_MS
    return tuple(group(f"{hour:02d}", trades[hours == hour]) for hour in range(HOURS_OF_DAY))


def weekday(at_ms: Ints) -> Ints:
    """Return 0 for Monday to 6 for Sunday, UTC."""
    return (at_ms // DAY_MS + EPOCH_WEEKDAY) % DAYS_OF_WEEK
