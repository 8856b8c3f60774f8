"""Recorded depth through the compiled book: the levels an independent builder found (R-EXCH-16).

`expected-books.json` was computed from the raw frames by another program: after given lines, the
number of levels a side and the best twenty.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zstandard
from tests.data import SHARED, needs_data

from ballast.kernel.exchange import batch, layout
from ballast.kernel.exchange.growth import with_room
from ballast.kernel.exchange.soundness import is_sound
from ballast.kernel.exchange.views import levels

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = needs_data

# capture -> file, ticks per unit of price, lots per unit of quantity
CAPTURES = {
    "usdm_btcusdt": ("binance-usdm_btcusdt_20240808.txt.zst", 10, 1_000),
    "spot_btcusdt": ("binance-spot_btcusdt_20240808.txt.zst", 100, 100_000),
    "cm_btcusd_perp": ("binance-cm_btcusd_perp_20240808.txt.zst", 10, 1),
}


def unpacked(name: str) -> str:
    stream = zstandard.ZstdDecompressor().stream_reader((SHARED / "l2" / name).open("rb"))
    return stream.read().decode()


def whole(text: str, scale: int) -> int:
    return round(float(text) * scale)


def frames(text: str) -> Iterator[tuple[int, list[Any], list[Any]]]:
    """Yield (line number, bids, asks) from the snapshot on, as the venue says they are joined."""
    snapshot = 0
    held: list[tuple[int, dict[str, Any]]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        body = line.partition(" ")[2]
        if '"lastUpdateId"' in body:
            frame = json.loads(body)
            snapshot = frame["lastUpdateId"]
            yield number, frame["bids"], frame["asks"]
            for at, early in held:
                if early["u"] >= snapshot:
                    yield at, early["b"], early["a"]
        elif '"depthUpdate"' in body:
            event = json.loads(body)["data"]
            if not snapshot:
                held.append((number, event))
            elif event["u"] >= snapshot:
                yield number, event["b"], event["a"]


@pytest.mark.parametrize("capture", list(CAPTURES))
def test_recorded_depth_builds_the_recorded_book(capture: str) -> None:
    name, ticks, lots = CAPTURES[capture]
    expected = json.loads(unpacked("expected-books.json.zst"))[capture]["checkpoints"]
    points = [point for point in expected if point["file"] == name]
    assert len(points) > 3
    book, out = layout.new_book(64, 64), layout.new_output(4_096)
    waiting = iter(points)
    point = next(waiting)
    for number, bids, asks in frames(unpacked(name)):
        while point is not None and number > point["line"]:
            same(book, point, ticks, lots)
            point = next(waiting, None)
        rows = [
            (layout.SET_LEVEL, 0, 0, side, whole(price, ticks), whole(qty, lots), 0, 0)
            for side, changes in ((1, bids), (-1, asks))
            for price, qty in changes
        ]
        book = applied(book, out, np.array(rows or np.zeros((0, 8)), dtype=np.int64))
    while point is not None:
        same(book, point, ticks, lots)
        point = next(waiting, None)
    assert is_sound(book)


def applied(book: np.ndarray, out: np.ndarray, commands: np.ndarray) -> np.ndarray:
    done = 0
    while done < len(commands):
        book = with_room(book, len(commands))
        done = batch.apply(book, out, commands, done)
    return book


def same(book: np.ndarray, point: dict[str, Any], ticks: int, lots: int) -> None:
    for side, key in ((1, "bids"), (-1, "asks")):
        rows = np.zeros((20_000, 2), dtype=np.int64)
        count = levels(book, side, rows)
        assert count == point[f"n_{key}"], (point["line"], key)
        best = [[whole(price, ticks), whole(qty, lots)] for price, qty in point[key]]
        assert rows[: len(best)].tolist() == best, (point["line"], key)
