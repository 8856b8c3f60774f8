"""A recorded book as rows of whole numbers, the same bytes for every engine. Needs numpy only.

Rows are `(at_ns, kind, side, ticks, lots)`: kind 1 sets what a price shows (0 lots: nothing), kind
2 is a trade whose taker was `side`. Binance USD-M BTCUSDT, 2024-08-08 23:54 to 24:00 UTC: one
snapshot of 1000 levels a side, then every change; a tick is 0.1, a lot 0.001.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

SOURCE = Path("l2") / "binance-usdm_btcusdt_20240808.txt.zst"
FILE = "matching.npy"
LEVEL, TRADE = 1, 2
TICKS, LOTS = 10, 1_000
STEP_NS = 1_000_000
"""Every millisecond of the recording both quotes are cancelled and placed anew."""
QUOTE_LOTS = 10


def load() -> NDArray[np.int64]:
    """Return the rows that `write` left where the environment says."""
    rows: NDArray[np.int64] = np.load(Path(os.environ["BALLAST_BENCH_ROWS"]))
    return rows


def write(data: Path, into: Path) -> int:
    """Make the rows from the recorded frames; return how many there are."""
    import zstandard  # noqa: PLC0415  peers have no need of it

    raw = zstandard.ZstdDecompressor().stream_reader((data / SOURCE).open("rb")).read()
    rows = np.array(list(_rows(raw.decode().splitlines())), dtype=np.int64)
    into.parent.mkdir(parents=True, exist_ok=True)
    np.save(into, rows)
    return len(rows)


def _rows(lines: list[str]) -> Iterator[tuple[int, ...]]:
    """Walk the frames: what was before the snapshot is dropped, as the venue says it must be."""
    snapshot = 0
    last_ns = 0
    for line in lines:
        stamp, _, body = line.partition(" ")
        if not body:
            continue
        last_ns = max(last_ns, int(stamp))  # one clock that never falls
        frame: dict[str, Any] = json.loads(body)
        if "lastUpdateId" in frame:
            snapshot = int(frame["lastUpdateId"])
            yield from _levels(last_ns, frame["bids"], frame["asks"])
            continue
        event = frame["data"]
        if event["e"] == "depthUpdate" and snapshot and event["u"] >= snapshot:
            yield from _levels(last_ns, event["b"], event["a"])
        elif event["e"] == "trade" and snapshot and event.get("X") == "MARKET":
            side = -1 if event["m"] else 1
            yield last_ns, TRADE, side, _whole(event["p"], TICKS), _whole(event["q"], LOTS)


def _levels(at_ns: int, bids: list[list[str]], asks: list[list[str]]) -> Iterator[tuple[int, ...]]:
    for side, levels in ((1, bids), (-1, asks)):
        for price, qty in levels:
            yield at_ns, LEVEL, side, _whole(price, TICKS), _whole(qty, LOTS)


def _whole(text: str, scale: int) -> int:
    return round(float(text) * scale)
