"""Signals that became no trade, by reason: every refused entry has exactly one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.core.reasons import Refusal, label

if TYPE_CHECKING:
    from ballast.research.metrics.series import Ints

DOMINANT = 0.95
"""The reject budget: above this share one reason explains (nearly) everything that was refused."""


@dataclass(frozen=True, slots=True)
class RefusalCount:
    """How often entries were refused for `reason`, and its share of all refusals."""

    reason: str
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class RefusalStats:
    """Refused entry signals; `taken` is trades / (trades + refused)."""

    total: int
    taken: float | None
    dominant: str | None
    rows: tuple[RefusalCount, ...]


def refusal_stats(counts: Ints, trades: int) -> RefusalStats:
    """Return the refusals per reason, the most frequent first; `counts` is indexed by Refusal."""
    found = [(label(Refusal(i)), int(count)) for i, count in enumerate(counts) if i and count]
    found.sort(key=lambda row: (-row[1], row[0]))
    total = sum(count for _, count in found)
    rows = tuple(RefusalCount(reason, count, count / total) for reason, count in found)
    return RefusalStats(
        total=total,
        taken=trades / (trades + total) if trades + total else None,
        dominant=rows[0].reason if rows and rows[0].share > DOMINANT else None,
        rows=rows,
    )
