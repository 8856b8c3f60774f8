"""W4: both engines read the same bars, walk the same folds and are paid for the same work."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.data import ROOT

from ballast.core.time import DAY_MS, HOUR_MS
from ballast.research.evaluation import Span
from ballast.research.outofsample import folds_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def w4(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    monkeypatch.setenv("BALLAST_BENCH", str(tmp_path))
    return importlib.import_module("peers.walkforward")


def candles(hours: int, *, without: tuple[int, ...] = ()) -> dict[str, np.ndarray]:
    place = np.array([k for k in range(hours) if k not in without])
    price = 100.0 + place
    return {
        "ts": 18_628 * DAY_MS + place * HOUR_MS,
        "open": price, "high": price + 2.0, "low": price - 2.0, "close": price + 1.0,
        "volume": np.ones(len(place)),
    }  # fmt: skip


def test_longer_bars_are_made_of_the_hours_there_are(w4: Any) -> None:
    made = w4.resample(candles(12, without=(0, 5)), 4)
    rows = {name: values.tolist() for name, values in made.items()}
    assert rows == {
        "ts": [18_628 * DAY_MS + k * 4 * HOUR_MS for k in range(3)],
        "open": [101.0, 104.0, 108.0],
        "high": [105.0, 109.0, 113.0],
        "low": [99.0, 102.0, 106.0],
        "close": [104.0, 108.0, 112.0],
        "volume": [3.0, 3.0, 4.0],
    }


def test_borders_are_those_of_our_folds(w4: Any) -> None:
    """The peer must not be given less to train on."""
    data = candles(24 * 300)
    span = Span(int(data["ts"][0]), int(data["ts"][-1]) + HOUR_MS)
    ours = folds_of(span, count=w4.FOLDS)
    tests = [fold.test.from_ms for fold in ours] + [ours[-1].test.to_ms]
    assert w4.borders(data["ts"]) == tests
    assert [fold.train.to_ms for fold in ours] == tests[:-1]


def test_the_work_is_counted_once_for_both(w4: Any) -> None:
    """Trainings of five pairs on a growing past, one test each: 20 times over three timeframes."""
    data = candles(24 * 120)
    bars = {name: 24 * 120 // each for name, each in w4.TIMEFRAMES.items()}
    expected = 0
    for count in bars.values():
        per_day = count // 120
        trained = sum(40 + 10 * k for k in range(8)) * per_day * len(w4.PAIRS)
        expected += 4 * (trained + 80 * per_day)
    assert w4.units(data) == expected


def test_candles_are_kept_for_the_peer(w4: Any) -> None:
    w4.keep(candles(48))
    assert w4.hours()["close"].tolist() == candles(48)["close"].tolist()
