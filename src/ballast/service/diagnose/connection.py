"""Connection: what a session knows of its talk with the venue, as plain values.

Calls and how long they took, errors by the venue's code, how the budgets stand, what went through
the streams, and bars that the stream and the venue told differently or nobody told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.time import format_ms

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ballast.runtime.shell.barbook import BarBook
    from ballast.runtime.shell.latency import Latency
    from ballast.runtime.wiring import Wired
    from ballast.venues.clients.asking.pools import PoolState
    from ballast.venues.clients.asking.record import CallRecord
    from ballast.venues.clients.streams.carrier import Carrier

MS_NS = 1_000_000
P95 = 0.95
SHOWN = 5
"""Errors, differences and gaps that are shown, the last ones; how many there were is counted."""


def connection_of(wired: Wired) -> dict[str, Any]:
    """Return how a session's talk with its venue went so far."""
    asker = wired.line.asker
    return {
        "calls": calls_of(asker.record),
        "orders": orders_of(wired.live.latency),
        "budgets": [budget_of(one) for one in asker.budget.states()],
        "streams": streams_of(wired.carriers),
        "bars": bars_of(wired.live.bars.book),
    }


def calls_of(record: CallRecord) -> dict[str, Any]:
    """Return what became of the calls; times are of the last thousand, in milliseconds."""
    return {
        "calls": record.calls,
        "answered": record.answered,
        "repeated": record.repeated,
        "failures_in_a_row": record.failures_in_a_row,
        **times_of(record.taken_ms),
        "errors": [
            {"verdict": str(verdict), "code": code or "-", "count": count}
            for (verdict, code), count in record.codes.most_common()
        ],
        "last_errors": [
            {
                "time": format_ms(one.at_ns // MS_NS),
                "call": one.method,
                "verdict": str(one.verdict),
                "code": one.code or str(one.status or "-"),
                "text": one.text,
            }
            for one in list(record.errors)[-SHOWN:]
        ],
    }


def orders_of(latency: Latency) -> dict[str, Any]:
    """Return how long orders took from their decision to the venue's word, and closes to orders."""
    return {
        "acknowledged": times_of(latency.acks_ms),
        "late": latency.late,
        "limit_ms": latency.most_ms,
        "after_close": times_of(latency.closes_ms),
    }


def times_of(taken_ms: Iterable[float]) -> dict[str, float | None]:
    """Return the middle, the 95th percentile and the longest of some times."""
    ordered = sorted(taken_ms)
    if not ordered:
        return {"median_ms": None, "p95_ms": None, "worst_ms": None}
    high = ordered[min(int(len(ordered) * P95), len(ordered) - 1)]
    return {
        "median_ms": round(ordered[len(ordered) // 2], 1),
        "p95_ms": round(high, 1),
        "worst_ms": round(ordered[-1], 1),
    }


def budget_of(state: PoolState) -> dict[str, Any]:
    """Return how a pool of calls stands: `used` of `limit` in the venue's weight, now."""
    counts = state.counts
    return {
        "pool": str(state.pool),
        "used": round(state.used, 1),
        "limit": state.limit,
        "calls": round(state.calls),
        "cap": round(state.cap),
        "waiting": state.waiting,
        "closed_s": round(state.closed_s, 1),
        "waited": counts.waited,
        "waited_s": round(counts.waited_s, 1),
        "refused": counts.refused,
        "throttled": counts.throttled,
        "bans": counts.bans,
    }


def streams_of(carriers: Sequence[Carrier]) -> list[dict[str, Any]]:
    """Return what went through each stream, and how often it was lost."""
    return [
        {
            "stream": one.state.name if one.state is not None else "-",
            "state": str(one.state.phase) if one.state is not None else "-",
            "frames": one.traffic.frames,
            "news": one.traffic.news,
            "connects": one.traffic.connects,
            "losses": one.traffic.losses,
            "unreadable": one.traffic.unreadable,
            "delay_ms_max": round(one.traffic.delay_ns_max / MS_NS, 1),
        }
        for one in carriers
    ]


def bars_of(book: BarBook) -> dict[str, Any]:
    """Return where bars came from, and which did not agree or lack."""
    return {
        "streamed": book.streamed,
        "asked": book.asked,
        "late": book.late,
        "gaps": book.gaps,
        "compared": book.compared,
        "differences": book.differences,
        "last_differences": [
            {
                "symbol": one.symbol,
                "bar": format_ms(one.open_ms),
                "held": list(one.held),
                "told": list(one.told),
                "by": str(one.source),
            }
            for one in list(book.last_differences)[-SHOWN:]
        ],
        "last_gaps": [
            {"symbol": symbol, "bar": format_ms(open_ms)}
            for symbol, open_ms in list(book.last_gaps)[-SHOWN:]
        ],
    }


def summary_of(connection: dict[str, Any]) -> str:
    """Return one line of it, for a screen."""
    calls, bars = connection["calls"], connection["bars"]
    failed = calls["calls"] - calls["answered"]
    slow = f", 95 % within {calls['p95_ms']:.0f} ms" if calls["p95_ms"] is not None else ""
    pools = ", ".join(
        f"{one['pool']} {one['used'] / one['limit']:.0%}" for one in connection["budgets"]
    )
    lost = sum(one["losses"] for one in connection["streams"])
    return (
        f"calls {calls['calls']:,}, {failed:,} failed{slow}; budget used {pools}; "
        f"streams lost {lost}; bars {bars['differences']} told differently, {bars['gaps']} missing"
    )
