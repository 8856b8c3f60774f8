"""Threads that share the columns of one large run: the same columns, the same errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.fakes.runs import flat_bars

from ballast.core.errors import DataError
from ballast.research import hands
from ballast.research.assembly import assemble, own_cache
from ballast.research.run import legs_of
from ballast.research.series import Series
from ballast.strategies.cache import OneRun
from ballast.strategies.catalog import load

COLUMNS = (
    "ts", "open", "high", "low", "close", "volume", "mark_high", "mark_low", "mark_close",
    "signals", "atr", "stop", "confidence", "volatility", "sigma", "quote_volume",
)  # fmt: skip


def test_columns_shared_by_threads_are_those_of_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    series = []
    for symbol in ("BTCUSDT", "ETHUSDT"):
        bars = flat_bars(list(100.0 + rng.normal(0.0, 1.0, 300).cumsum()))
        series.append(Series(replace(bars, symbol=symbol)))
    legs = legs_of(load("ema_cross"), series)
    alone = assemble(legs, cache=OneRun())
    cache = own_cache(legs)
    assert len(cache) == 0  # so few bars are not worth a thread
    monkeypatch.setattr(hands, "ROWS_MIN", 1)
    cache = own_cache(legs)
    filled = cache.misses
    together = assemble(legs, cache=cache)
    assert cache.misses == filled  # every column was there
    for name in COLUMNS:
        assert getattr(alone, name).tobytes() == getattr(together, name).tobytes(), name
    assert len(together.close) == len(together.signals) == len(together.quote_volume) == 600
    assert together.quote_volume.any()


def test_a_part_that_fails_on_a_thread_gives_the_error_of_a_run_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hands, "ROWS_MIN", 1)
    with pytest.raises(DataError, match="too few"):
        assemble(legs_of(load("ema_cross"), [Series(flat_bars([100.0] * 30))]))


def test_pieces_are_all_rows_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert hands.pieces(7) == [(0, 7)]  # not worth a thread
    monkeypatch.setattr(hands, "ROWS_MIN", 5)
    assert hands.pieces(7) == [(0, 3), (3, 7)]
    assert hands.pieces(0) == [(0, 0)]


@pytest.mark.parametrize("rows", [0, 10**9])
def test_work_that_is_not_done_is_an_error_with_and_without_threads(rows: int) -> None:
    done = []

    def fails() -> None:
        raise DataError("gone")

    with pytest.raises(DataError, match="gone"):
        hands.do_all([lambda: done.append(1), fails, lambda: done.append(3)], rows)
    assert 1 in done
