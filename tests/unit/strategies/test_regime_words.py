"""Regimes in strategies: the words, the forms they print in, the columns they give (R-STRAT-15)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.fakes.regimes import planted
from tests.unit.strategies.bars import HOUR, bars_of

from ballast.core.records import Signal
from ballast.core.time import Timeframe
from ballast.features.indicators import registry
from ballast.features.regime.labels import Regime
from ballast.strategies import close, ema, regime, regime_clusters, regime_hmm, strategy
from ballast.strategies.definition import Strategy
from ballast.strategies.plan import compile_plan
from ballast.strategies.regimes import detectors

if TYPE_CHECKING:
    from ballast.strategies.formulas import Expr

LONG = int(Signal.ENTER_LONG)
FOUR = Timeframe.parse("4h")
CLOSES = planted(31, 900)[0]


def entries(entry: Expr, timeframe: Timeframe = HOUR, count: int = 900) -> np.ndarray:
    plan = compile_plan(strategy("probe", enter_long=entry, atr=1.0))
    bars = bars_of(CLOSES[:count], timeframe=timeframe)
    return (plan.columns({"A/USDT": bars}, "A/USDT").signals & LONG) != 0


@pytest.mark.parametrize("timeframe", [HOUR, FOUR])
def test_the_words_ask_for_the_codes_of_the_detector(timeframe: Timeframe) -> None:
    """On any timeframe: a model is learnt every so many bars of it, not hours."""
    bars = bars_of(CLOSES, timeframe=timeframe)
    found = registry.get("regime_hmm")
    params = found.bind(window=200, refit=24, period=24, bars_per_year=timeframe.bars_per_year)
    codes = found.compute((bars.ts.astype(float), bars.close), params)[0]
    detector = regime_hmm(4, 200, 24, 24)
    for word, code in (
        (detector.is_trending(), Regime.TREND),
        (detector.is_ranging(), Regime.RANGE),
        (detector.is_volatile(), Regime.VOLATILE),
    ):
        np.testing.assert_array_equal(entries(word, timeframe), codes == code)
    assert len({float(code) for code in codes[np.isfinite(codes)]}) == 3


def test_the_three_words_share_out_the_bars_that_are_known() -> None:
    detector = regime_clusters(24, 200)
    asked = (detector.is_trending(), detector.is_ranging(), detector.is_volatile())
    count = sum(entries(word).astype(int) for word in asked)
    assert (count[224:] == 1).all()
    assert not count[:224].any()


def test_later_bars_change_no_entry() -> None:
    """A strategy that asks for a regime on the first bars has the signals of all bars, cut off."""
    entry = regime_hmm(3, 200, 24, 24).is_trending() & ema(close, 9).crosses_above(ema(close, 21))
    whole = entries(entry)
    assert whole.any()
    for count in (300, 517, 899):
        np.testing.assert_array_equal(entries(entry, count=count), whole[:count])


def test_every_form_prints_the_words_back() -> None:
    found = strategy(
        "calm_trends",
        enter_long=regime_hmm(window=500).is_trending() & (regime_hmm(window=500).p_volatile < 0.2),
        exit_long=~regime().is_ranging() | regime_clusters().is_volatile(),
    )
    assert Strategy.from_json(found.to_json()) == found
    assert Strategy.from_toml(found.to_toml()) == found
    assert "regime_hmm(4, 500, 168, 48).is_trending()" in found.to_toml()
    assert "regime_hmm(4, 500, 168, 48).is_trending()" in found.to_python()


def test_a_detector_is_what_gives_codes() -> None:
    """Another indicator whose first output is `regime` is one too, without being listed."""
    assert detectors() == ("regime", "regime_clusters", "regime_hmm")
