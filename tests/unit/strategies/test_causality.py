"""The truncation attack: planted cheats are caught, honest strategies are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.unit.strategies.bars import walk

from ballast.core.records import Signal
from ballast.strategies import (
    OnBarStrategy,
    Signals,
    SignalStrategy,
    atr_first,
    close,
    of,
    on,
    trade,
)
from ballast.strategies import strategy as declare
from ballast.strategies.causality import truncation_attack
from ballast.strategies.custom import ClassStrategy
from ballast.strategies.frames import resample
from ballast.strategies.plan import AnyStrategy, compile_plan

if TYPE_CHECKING:
    from ballast.core.bars import Bars
    from ballast.strategies.view import BarView

MARKET = {"A/USDT": walk(400, 1), "B/USDT": walk(380, 2, symbol="B/USDT")}


def attack(form: AnyStrategy) -> str | None:
    timeframe = MARKET["A/USDT"].timeframe
    found = truncation_attack(compile_plan(form, timeframe=timeframe), MARKET, 20, seed=1)
    return None if found is None else found.line()


class CentredWindow(SignalStrategy):
    def signals(self, bars: Bars) -> Signals:
        mean = np.convolve(bars.close, np.ones(11) / 11, mode="same")
        return Signals(enter_long=bars.close > mean)


class ShiftMinusOne(SignalStrategy):
    def signals(self, bars: Bars) -> Signals:
        return Signals(enter_long=np.append(bars.close[1:] > bars.close[:-1], False))


class FullSample(SignalStrategy):
    """Normalises by the mean and deviation of all bars, later ones included."""

    def signals(self, bars: Bars) -> Signals:
        z = (bars.close - bars.close.mean()) / (bars.close.std() + 1e-12)
        return Signals(enter_long=z > 0)


class HigherPeek(SignalStrategy):
    """Reads the four-hour bar that a bar belongs to, before that has closed."""

    def signals(self, bars: Bars) -> Signals:
        bucket = bars.ts // (4 * bars.timeframe.ms)
        ends = np.searchsorted(bucket, bucket, side="right") - 1
        return Signals(enter_long=bars.close[ends] > bars.close)


class Unclosed(SignalStrategy):
    """Counts a four-hour bar as soon as it has begun."""

    def signals(self, bars: Bars) -> Signals:
        bucket = bars.ts // (4 * bars.timeframe.ms)
        last = np.concatenate([bucket[1:] != bucket[:-1], [True]])
        return Signals(enter_long=last)


class StopFromTheFuture(SignalStrategy):
    trade = trade(atr=atr_first(14))

    def signals(self, bars: Bars) -> Signals:
        yes = np.ones(len(bars), np.bool_)
        return Signals(enter_long=yes, stop=np.minimum.accumulate(bars.low[::-1])[::-1])


class LooksThroughTheView(OnBarStrategy):
    """Takes the array behind a slice: the view cannot hide it, the attack can."""

    def on_bar(self, view: BarView) -> int | None:
        everything = view.closes(1).base
        assert everything is not None
        return Signal.ENTER_LONG if everything[-1] > view.close else None


CHEATS = (
    CentredWindow,
    ShiftMinusOne,
    FullSample,
    HigherPeek,
    Unclosed,
    StopFromTheFuture,
    LooksThroughTheView,
)


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_cheat_is_caught(cheat: type[SignalStrategy | OnBarStrategy]) -> None:
    """SEMANTICS 1.2, by test and not by promise."""
    line = attack(ClassStrategy(cheat))
    assert line is not None
    assert "when later bars are known too" in line
    assert ("stop" if cheat is StopFromTheFuture else "signals") in line


class Honest(SignalStrategy):
    def signals(self, bars: Bars) -> Signals:
        before = np.concatenate([[np.inf], bars.close[:-1]])
        return Signals(enter_long=bars.close > before, exit_long=bars.close < before)


class HonestBars(OnBarStrategy):
    def on_bar(self, view: BarView) -> int | None:
        return Signal.ENTER_LONG if view.close > view.closes(5).mean() else Signal.EXIT_LONG


def test_honest_classes_and_formulas_pass() -> None:
    assert attack(ClassStrategy(Honest)) is None
    assert attack(ClassStrategy(HonestBars)) is None
    assert (
        attack(declare("f", enter_long=(close > on("4h", close)) & (of("B/USDT", close) > 0)))
        is None
    )


def test_the_attack_sees_a_resampler_that_shows_open_buckets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A mutant of our own: the row of the running bucket instead of the last closed one."""

    def early(bars: Bars, timeframe: object) -> tuple[Bars, np.ndarray]:
        made, at = resample(bars, timeframe)  # type: ignore[arg-type]
        return made, np.minimum(at + 1, len(made) - 1)

    monkeypatch.setattr("ballast.strategies.frames.resample", early)
    assert attack(declare("f", enter_long=close > on("4h", close))) is not None
