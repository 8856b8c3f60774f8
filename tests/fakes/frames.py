"""Frames of a small Binance market, as a recorder would have written them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MINUTE_NS = 60 * 1_000_000_000
START_NS = 1_700_006_400 * 1_000_000_000
"""2023-11-15 00:00 UTC."""


def depth(last: int, *, first: int | None = None, bids: object = (), asks: object = ()) -> str:
    """A change of the book."""
    document = {"e": "depthUpdate", "E": 1, "s": "XYZ", "U": first or last, "u": last}
    return json.dumps(document | {"b": bids, "a": asks})


def snapshot(last: int, *, bid: str = "99.5", ask: str = "100.5") -> str:
    """The answer of the REST interface."""
    return json.dumps({"lastUpdateId": last, "bids": [[bid, "2.0"]], "asks": [[ask, "3.0"]]})


def trade(number: int, price: str, qty: str, at_ns: int, *, sold: bool = False) -> str:
    """One trade."""
    document = {"e": "trade", "E": 1, "s": "XYZ", "t": number, "p": price, "q": qty}
    return json.dumps(document | {"T": at_ns // 1_000_000, "m": sold})


def quote(number: int, bid: str = "99.5", ask: str = "100.5") -> str:
    """The best bid and ask."""
    return json.dumps({"u": number, "s": "XYZ", "b": bid, "B": "2.0", "a": ask, "A": "3.0"})


def write(path: Path, frames: list[tuple[int, str]]) -> Path:
    """Write (time of receipt, frame) lines."""
    path.write_text("".join(f"{at_ns} {text}\n" for at_ns, text in frames))
    return path
