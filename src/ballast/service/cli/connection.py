"""Tables of a session's talk with its venue (calls, budgets, streams, bars), and its health."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.service.cli.output import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

CALLS = ("calls", "answered", "repeated", "median_ms", "p95_ms", "worst_ms")
ERRORS = ("verdict", "code", "count")
BUDGETS = ("pool", "used", "limit", "calls", "cap", "waited", "refused", "throttled", "bans")
STREAMS = ("stream", "state", "frames", "connects", "losses", "unreadable", "delay_ms_max")
BARS = ("streamed", "asked", "late", "gaps", "compared", "differences")
DIFFERENCES = ("symbol", "bar", "held", "told", "by")
HEALTH = ("memory_mb", "disk_mb", "lag_s", "silent_s")
FAULTS = ("line", "blocks")
GAPS = ("symbol", "bar")


def connection_tables(said: dict[str, Any]) -> list[Table]:
    """Return what a session said of its talk with the venue; nothing for what it did not say."""
    if not said:
        return []
    calls, bars = said["calls"], said["bars"]
    found = [
        _table("calls", CALLS, [calls]),
        _table("errors of calls", ERRORS, calls["errors"]),
        _table("budgets", BUDGETS, said["budgets"]),
        _table("traffic", STREAMS, said["streams"]),
        _table("bars", BARS, [bars]),
        _table("bars told differently", DIFFERENCES, bars["last_differences"]),
        _table("bars missing", GAPS, bars["last_gaps"]),
    ]
    return [one for one in found if one.rows]


def health_tables(said: dict[str, Any]) -> list[Table]:
    """Return what a session said of its process and machine; nothing where nobody measured."""
    if not said:
        return []
    found = [_table("process", HEALTH, [said])]
    if said["faults"]:
        found.append(_table("beyond limits", FAULTS, said["faults"]))
    return found


def _table(title: str, columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> Table:
    return Table(tuple(columns), [tuple(_cell(row[one]) for one in columns) for row in rows], title)


def _cell(value: Any) -> Any:  # noqa: ANN401 - a value of JSON
    return " ".join(f"{one:g}" for one in value) if isinstance(value, list) else value
