"""Report: what a session found, as JSON and as a summary with what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.time import format_ms
from ballast.service.diagnose.issues import ADVICE, Severity, worst

if TYPE_CHECKING:
    from ballast.service.diagnose.session import Findings, Pace

MS_NS = 1_000_000
P95 = 0.95


def report_of(found: Findings, pace: Pace, account: str, venue: str) -> dict[str, Any]:
    """Return the report; it is healthy when the time was whole and nothing above LOW was found."""
    severity = worst(found.issues)
    kinds = list(dict.fromkeys(one.kind for one in found.issues))
    return {
        "account": account,
        "venue": venue,
        "begun": format_ms(found.begun_ns // MS_NS),
        "ended": format_ms(found.ended_ns // MS_NS),
        "is_whole": found.is_whole,
        "is_healthy": found.is_whole and severity <= Severity.LOW,
        "worst": severity.name if found.issues else "none",
        "snapshots": found.snapshots,
        "looks": found.looks,
        "looks_in_agreement": found.agreed,
        "transitions": dict(sorted(found.transitions.items())),
        "latency": {
            "journal_ms": spread_of(found.journal_ms, pace.journal_ms),
            "venue_ms": spread_of(found.venue_ms, pace.venue_ms),
        },
        "connection": found.connection,
        "health": found.health,
        "exposure": found.exposure,
        "issues": [
            {
                "kind": one.kind.value,
                "severity": one.severity.name,
                "symbol": one.symbol,
                "text": one.text,
                "time": format_ms(one.at_ns // MS_NS),
                "context": dict(one.context),
            }
            for one in found.issues
        ],
        "recommendations": [ADVICE[kind] for kind in kinds],
    }


def spread_of(times_ms: list[float], most_ms: float) -> dict[str, Any]:
    """Return median, 95th percentile and worst of some times, and how many were too slow."""
    if not times_ms:
        return {"count": 0, "median": None, "p95": None, "worst": None, "slow": 0, "most": most_ms}
    ordered = sorted(times_ms)
    return {
        "count": len(ordered),
        "median": round(ordered[len(ordered) // 2], 2),
        "p95": round(ordered[min(int(len(ordered) * P95), len(ordered) - 1)], 2),
        "worst": round(ordered[-1], 2),
        "slow": sum(one > most_ms for one in ordered),
        "most": most_ms,
    }
