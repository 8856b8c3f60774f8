"""The result as one JSON document: card, figures, why some are undefined, trades, equity by day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.time import DAY_MS
from ballast.research.metrics.catalogue import undefined
from ballast.research.metrics.curves import daily_curve
from ballast.research.metrics.groups import by_strategy
from ballast.research.report.ledger import trade_rows
from ballast.research.report.plain import json_text, plain, tidy

if TYPE_CHECKING:
    from ballast.research.metrics import Summary
    from ballast.research.result import Result

SCHEMA = "ballast.result"
SCHEMA_VERSION = 1
"""Raised when a key changes its meaning or goes away; new keys do not raise it."""


def result_document(result: Result, found: Summary) -> dict[str, Any]:
    """Return everything that a program wants to know about a run, plain and finite."""
    days = daily_curve(result)
    document: dict[str, Any] = plain(
        {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "card": result.card,
            "series": [
                {
                    "venue": bars.venue,
                    "symbol": bars.symbol,
                    "timeframe": str(bars.timeframe),
                    "bars": len(bars),
                    "tag": tag,
                }
                for bars, tag in zip(result.bars, result.tags, strict=True)
            ],
            "notes": result.notes,
            "summary": found,
            "undefined": undefined(found),
            "trades": trade_rows(result),
            **({"strategies": by_strategy(result)} if result.card.others else {}),
            "days": {
                "day_ms": (days.day * DAY_MS).tolist(),
                "equity": [tidy(value) for value in days.equity.tolist()],
                "returns": [tidy(value) for value in days.returns.tolist()],
            },
        }
    )
    return document


def result_json(result: Result, found: Summary) -> str:
    """Return the document as text; the same result gives the same bytes."""
    return json_text(result_document(result, found))
