"""Spans: a strategy that knows one bar, markets to cut, and what two results have in common."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.instrument import FeeRate, LeverageTier
from ballast.core.records import DEPTH
from ballast.core.settings import RiskSettings, Settings
from ballast.core.time import DAY_MS, HOUR_MS
from ballast.research.evaluation import Span
from ballast.strategies import (
    atr_first,
    catalog,
    close,
    no_trail,
    open,  # noqa: A004 - the word of the language
    param,
    params,
    percent_stop,
    strategy,
    take,
)
from tests.fakes.runs import START_MS, series_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.research.result import Result
    from ballast.research.series import Series

CROSS = catalog.load("ema_cross")
COMBOS = [{"fast": fast, "slow": slow} for fast in (5.0, 9.0, 13.0) for slow in (21.0, 34.0)]
DAYS = 20
WORDS = params(stop=param(0.02, 0.001, 0.5))
FORGETFUL = strategy(
    "forgetful",
    params=WORDS,
    enter_long=close > open,
    exit_long=close < open * 0.997,
    enter_short=close < open * 0.995,
    exit_short=close > open,
    stop=percent_stop(WORDS.stop),
    takes=[take(0.01, 0.5)],
    trail=no_trail(),
    atr=atr_first(14),
)
"""Knows one bar: needs no warm-up, so that a cold start is as good as a warm one."""
COLD = Settings(risk=RiskSettings(volume_share=0.0))
"""Without the cap that looks back on the volume of twenty bars."""


def middle(days: int = DAYS) -> Span:
    """A span that starts inside a day and ends inside another."""
    first = START_MS + 11 * DAY_MS + 7 * HOUR_MS
    return Span(first, first + days * DAY_MS + 5 * HOUR_MS)


def cut(group: Sequence[Series], span: Span) -> list[Series]:
    return [replace(one, bars=one.bars.period(span.from_ms, span.to_ms)) for one in group]


def rich(**more: Any) -> tuple[Series, ...]:
    """A perpetual with everything beside it: funding, marks, tiers, dated fees, a book."""
    found = []
    for place, one in enumerate(
        series_of(1_500, symbols=more.pop("symbols", ("BTCUSDT",)), **more)
    ):
        fees = tuple(
            FeeRate(START_MS + k * 9 * DAY_MS, 0.0001 * (k + 1), 0.0003 * (k + 1)) for k in range(5)
        )
        tiers = (
            LeverageTier(0.0, 2_000.0, 20.0, 0.01),
            LeverageTier(2_000.0, 1e12, 5.0, 0.05, 80.0),
        )
        rules = replace(one.rules, fees=fees, tiers=tiers, min_notional=Decimal(5 + place))
        depth = np.array([(0.0004, 1_000.0), (0.002, 1e9)], DEPTH)
        found.append(replace(one, instrument=rules, depth=depth))
    return tuple(found)


def same(one: Result, other: Result) -> None:
    """Everything a result says, except of where its data came from."""
    for name in ("fills", "trades", "refused", "refusals", "clock_ms", "equity", "exposure"):
        assert getattr(one.run, name).tobytes() == getattr(other.run, name).tobytes(), name
    assert one.run.daily.tobytes() == other.run.daily.tobytes()
    assert [a.fingerprint() for a in one.bars] == [a.fingerprint() for a in other.bars]
