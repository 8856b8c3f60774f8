"""The report of a series: findings, counters and one score.

    score = 1 - sum over groups of min(cap of the group, sum of the costs of its findings)

and not below 0. Each finding states its cost; `findings.CAPS` holds the caps. So the score says how
much of the series can be relied on, and the report says which finding took what (U-22).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ballast.store.quality.findings import CAPS, Finding, Group, Kind, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SCORE_DIGITS = 4
_ORDER = {Severity.SEVERE: 0, Severity.WARNING: 1, Severity.INFO: 2}


@dataclass(frozen=True, slots=True)
class QualityReport:
    """What is known about the quality of one series."""

    name: str
    fingerprint: str
    bars: int
    from_ms: int | None
    to_ms: int | None
    score: float
    findings: tuple[Finding, ...]
    counters: Mapping[str, int]
    penalties: Mapping[str, float]
    """What each group took from the score."""

    def has(self, kind: Kind) -> bool:
        """Say whether there is a finding of this kind."""
        return any(found.kind is kind for found in self.findings)

    def of(self, kind: Kind) -> tuple[Finding, ...]:
        """Return the findings of one kind."""
        return tuple(found for found in self.findings if found.kind is kind)

    @property
    def severe(self) -> tuple[Finding, ...]:
        """Return the findings that say the series is not what it claims to be."""
        return tuple(found for found in self.findings if found.severity is Severity.SEVERE)

    def passes(self, threshold: float) -> bool:
        """Say whether signals may be taken from this series (R-DQ-12)."""
        return self.score >= threshold

    def plain(self) -> dict[str, Any]:
        """Return the report as plain JSON values."""
        return {
            "name": self.name,
            "fingerprint": self.fingerprint,
            "bars": self.bars,
            "from_ms": self.from_ms,
            "to_ms": self.to_ms,
            "score": self.score,
            "counters": dict(self.counters),
            "penalties": dict(self.penalties),
            "findings": [_plain(found) for found in self.findings],
        }


def _plain(found: Finding) -> dict[str, Any]:
    return {
        "kind": found.kind.value,
        "severity": found.severity.value,
        "group": found.group.value,
        "count": found.count,
        "rows": list(found.rows),
        "from_ms": found.from_ms,
        "to_ms": found.to_ms,
        "measured": found.measured,
        "limit": found.limit,
        "cost": round(found.cost, SCORE_DIGITS),
        "detail": found.detail,
        "advice": found.advice,
    }


def penalties(findings: Iterable[Finding]) -> dict[str, float]:
    """Return what each group takes: the sum of its costs, at most its cap."""
    totals: dict[Group, float] = {}
    for found in findings:
        totals[found.group] = totals.get(found.group, 0.0) + found.cost
    return {
        group.value: round(min(CAPS[group], totals[group]), SCORE_DIGITS)
        for group in Group
        if totals.get(group)
    }


def score(taken: Mapping[str, float]) -> float:
    """Return 1 less all penalties, not below 0."""
    return round(max(0.0, 1.0 - sum(taken.values())), SCORE_DIGITS)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort by severity, then by cost, then by name: the worst first."""
    return tuple(
        sorted(findings, key=lambda found: (_ORDER[found.severity], -found.cost, found.kind))
    )
