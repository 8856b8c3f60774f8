"""Shown: what is announced to an account, as plain values and in lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.time import format_ms, span_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.runtime.node.node import Node

MS_NS, SECOND_MS = 1_000_000, 1_000
LINES = 3
"""On a screen: there are seldom two at once, and sixty at most."""
SYMBOLS = 6


def shocks_of(node: Node) -> dict[str, Any]:
    """Return what holds entries back now, the last to end first, and why a source is not heard.

    One that was withdrawn is not among them. They began when they were heard: nothing is announced
    for later.
    """
    found = sorted(node.shocks.in_force, key=lambda one: (-one.until_ns, one.name))
    return {
        "announced": [
            {
                "name": one.name,
                "text": one.text,
                "source": one.source,
                "symbols": list(one.symbols),
                "until": format_ms(one.until_ns // MS_NS),
                "left_s": max(one.until_ns - node.now_ns, 0) // (SECOND_MS * MS_NS),
                "tightens": one.tightens,
            }
            for one in found
        ],
        "event_source": node.shocks.fault,
    }


def shock_lines(announced: Sequence[dict[str, Any]], fault: str, most: int = LINES) -> list[str]:
    """Say it in a line each; nothing where all is calm."""
    lines = [
        f"announced: {one['text']} ({one['source']}), until {one['until']} "
        f"({span_text(one['left_s'] * SECOND_MS)} left): "
        f"nothing is opened in {_where(one['symbols'])}"
        for one in announced[:most]
    ]
    if len(announced) > most:
        lines.append(f"announced: {len(announced) - most} more, none of which lasts longer")
    return lines + ([f"event source: {fault}; no entries"] if fault else [])


def _where(symbols: Sequence[str]) -> str:
    more = f" and {len(symbols) - SYMBOLS} more" if len(symbols) > SYMBOLS else ""
    return ", ".join(symbols[:SYMBOLS]) + more if symbols else "any symbol"
