"""The benchmark of the order book: its rows, and that what it measures is done (A-PERF)."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from tests.data import ROOT

from ballast.kernel.exchange.views import levels

FRAMES = [
    '{"stream":"d","data":{"e":"depthUpdate","u":5,"b":[["99.0","1"]],"a":[]}}',
    '{"lastUpdateId":10,"bids":[["100.0","1.000"],["99.9","2"]],"asks":[["100.1","0.5"]]}',
    '{"stream":"d","data":{"e":"depthUpdate","u":9,"b":[["98.0","1"]],"a":[]}}',
    '{"stream":"d","data":{"e":"trade","p":"100.1","q":"0.2","m":false,"X":"MARKET"}}',
    '{"stream":"d","data":{"e":"trade","p":"1.0","q":"9","m":false,"X":"INSURANCE_FUND"}}',
    '{"stream":"d","data":{"e":"depthUpdate","u":12,"b":[["99.9","0"]],"a":[["100.1","0.3"]]}}',
]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    import bench_matching  # noqa: PLC0415  # type: ignore[import-not-found]

    return bench_matching


def test_a_recording_becomes_rows_from_its_snapshot_on(bench: Any) -> None:
    lines = [f"{1_000 + i} {frame}" for i, frame in enumerate(FRAMES)]
    assert all(json.loads(frame) for frame in FRAMES)
    rows = list(bench.recording._rows([*lines, ""]))
    assert rows == [
        (1_001, 1, 1, 1_000, 1_000),
        (1_001, 1, 1, 999, 2_000),
        (1_001, 1, -1, 1_001, 500),
        (1_003, 2, 1, 1_001, 200),
        (1_005, 1, 1, 999, 0),
        (1_005, 1, -1, 1_001, 300),
    ]
    book, trades = bench.run_batch(bench.commands_of(np.array(rows)))
    assert trades == 1
    for side, shown in ((1, [[1_000, 1_000]]), (-1, [[1_001, 300]])):
        found = np.zeros((5, 2), dtype=np.int64)
        assert found[: levels(book, side, found)].tolist() == shown


def test_quotes_are_placed_cancelled_and_filled(bench: Any) -> None:
    """The trade takes what was ahead of the offer, then part of it; then no offer is left."""
    rows = np.array(
        [(0, 1, 1, 1_000, 5), (0, 1, -1, 1_001, 5), (10, 1, 1, 990, 5), (12, 2, 1, 1_001, 8),
         (20, 1, 1, 990, 6)]
    )  # fmt: skip
    book, out = bench.layout.new_book(64, 64), bench.layout.new_output(64)
    counts = np.zeros(3, dtype=np.int64)
    bench.quote(book, out, rows, 10, 10, counts)
    assert counts.tolist() == [3, 2, 1]
