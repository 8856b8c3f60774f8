"""Recorded runs of a span: byte for byte the backtest of the bars that were cut out (R-WF-03)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.fakes.runs import START_MS, scripted, series_of
from tests.fakes.spans import COLD, DAYS, FORGETFUL, cut, middle, rich, same

from ballast.core.reasons import Exit
from ballast.core.settings import CostSettings, EngineSettings, Settings
from ballast.core.time import DAY_MS, HOUR_MS
from ballast.research.evaluation import Evaluator, Span
from ballast.research.run import backtest
from ballast.strategies import (
    catalog,
    no_trail,
    percent_stop,
)

if TYPE_CHECKING:
    from ballast.research.series import Series

MARKETS: dict[str, tuple[tuple[Series, ...], Settings]] = {
    "spot": (series_of(1_500), COLD),
    "two spots": (series_of(1_500, symbols=("BTCUSDT", "TRXUSDT")), COLD),
    "perpetual": (rich(perpetual=True), COLD),
    "two perpetuals that walk books": (
        rich(perpetual=True, symbols=("BTCUSDT", "TRXUSDT")),
        replace(COLD, costs=CostSettings(slip_book=True), engine=EngineSettings(leverage=3.0)),
    ),
    "days": (series_of(900, timeframe="1d"), COLD),
}


@pytest.mark.parametrize("name", MARKETS)
def test_a_span_run_is_the_backtest_of_the_cut_series(name: str) -> None:
    """Funding, marks, fees, tiers and books keep their places although nothing is copied."""
    group, settings = MARKETS[name]
    span = middle(400 if name == "days" else DAYS)
    mine = Evaluator(FORGETFUL, group, settings).run({"stop": 0.03}, span)
    wanted = backtest(FORGETFUL, cut(group, span), params={"stop": 0.03}, settings=settings)
    assert len(wanted.run.trades) > 5
    same(mine, wanted)


def test_a_span_run_walks_its_own_finer_bars() -> None:
    """`intrabar = "detail"`: the finer bars of a bar are found by its number in the whole data."""
    fine = series_of(6_000, timeframe="15m")[0]
    hours = series_of(1_500)[0].bars
    opened = np.searchsorted(fine.bars.ts, hours.ts)
    keep = (opened < len(fine.bars)) & (
        fine.bars.ts[np.minimum(opened, len(fine.bars) - 1)] == hours.ts
    )
    group = [replace(series_of(1_500)[0], bars=hours.slice(0, int(keep.sum())), fine=fine.bars)]
    settings = replace(COLD, engine=EngineSettings(intrabar="detail"))
    span = middle()
    mine = Evaluator(FORGETFUL, group, settings).run({}, span)
    wanted = backtest(FORGETFUL, cut(group, span), settings=settings)
    plain = backtest(FORGETFUL, cut(group, span), settings=COLD)
    assert wanted.run.equity.tobytes() != plain.run.equity.tobytes(), (
        "the finer bars decide nothing"
    )
    same(mine, wanted)


@pytest.mark.parametrize("name", ["ema_cross", "donchian_breakout", "enhanced_momentum"])
def test_the_whole_span_is_the_plain_backtest(name: str) -> None:
    group = series_of(1_500, perpetual=True)
    judge = Evaluator(catalog.load(name), group, Settings())
    mine, wanted = judge.run({}), backtest(catalog.load(name), group)
    same(mine, wanted)
    assert mine.card == wanted.card
    assert (mine.warmup_bars, mine.notes, mine.tags) == (
        wanted.warmup_bars,
        wanted.notes,
        wanted.tags,
    )


def test_indicators_are_warm_where_a_span_begins() -> None:
    """A cold start must wait for its averages; a span that begins later need not."""
    story = catalog.load("enhanced_momentum")
    group = series_of(1_500)
    span = Span(START_MS + 30 * DAY_MS, START_MS + 60 * DAY_MS)
    warm = Evaluator(story, group, Settings()).run({}, span)
    cold = backtest(story, cut(group, span))
    assert cold.warmup_bars > 24
    assert warm.warmup_bars == 0
    first = min(warm.run.refused["at_ms"].tolist() + warm.run.trades["entry_ms"].tolist())
    assert first < cold.bars[0].ts[0] + cold.warmup_bars * HOUR_MS
    assert warm.card.run_id != cold.card.run_id
    assert "seen" in warm.card.settings


@pytest.mark.parametrize("days", [30, 90])
def test_a_delisting_closes_positions_only_in_the_span_that_reaches_it(days: int) -> None:
    """A span that ends before it marks what is open, as any other."""
    one = series_of(1_500)[0]
    gone = int(one.bars.ts[-1]) + HOUR_MS
    group = [replace(one, instrument=replace(one.rules, delisted_ms=gone))]
    span = Span(START_MS, START_MS + days * DAY_MS)
    orders = {span.rows(one.bars)[1] - 20: "L"}
    story = scripted({"BTCUSDT": orders}, stop=percent_stop(0.5), trail=no_trail())
    mine = Evaluator(story, group, COLD).run({}, span)
    same(mine, backtest(story, cut(group, span), settings=COLD))
    ended = Exit.END if days == 30 else Exit.DELISTED
    assert mine.run.trades["reason"].tolist() == [ended]
