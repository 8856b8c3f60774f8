"""Cheats: strategies that look ahead or keep what they should not, each in one way."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ballast.core.records import Signal
from ballast.strategies import OnBarStrategy, Signals, SignalStrategy, atr_first, trade
from ballast.strategies.custom import ClassStrategy

if TYPE_CHECKING:
    from ballast.core.bars import Bars
    from ballast.strategies.view import BarView


class CentredWindow(SignalStrategy):
    def signals(self, bars: Bars) -> Signals:
        mean = np.convolve(bars.close, np.ones(11) / 11, mode="same")
        return Signals(enter_long=bars.close < mean, exit_long=bars.close > mean)


class ShiftMinusOne(SignalStrategy):
    def signals(self, bars: Bars) -> Signals:
        later = np.append(bars.close[1:], bars.close[-1:])
        return Signals(enter_long=later > bars.close, exit_long=later < bars.close)


class RareShift(SignalStrategy):
    """Reads one bar ahead, and signals on one bar in a hundred."""

    def signals(self, bars: Bars) -> Signals:
        gain = np.append(np.diff(np.log(bars.close)), 0.0)
        return Signals(enter_long=gain > 2.3 * 0.01)


class FullSample(SignalStrategy):
    """Normalises by the mean and deviation of all bars, later ones included."""

    def signals(self, bars: Bars) -> Signals:
        z = (bars.close - bars.close.mean()) / (bars.close.std() + 1e-12)
        return Signals(enter_long=z < 0, exit_long=z > 0)


class HigherPeek(SignalStrategy):
    """Reads the four-hour bar that a bar belongs to, before that has closed."""

    def signals(self, bars: Bars) -> Signals:
        bucket = bars.ts // (4 * bars.timeframe.ms)
        ends = np.searchsorted(bucket, bucket, side="right") - 1
        return Signals(
            enter_long=bars.close[ends] > bars.close, exit_long=bars.close[ends] < bars.close
        )


class Unclosed(SignalStrategy):
    """Knows which bar will be the last of four hours, as if each were closed already."""

    def signals(self, bars: Bars) -> Signals:
        bucket = bars.ts // (4 * bars.timeframe.ms)
        last = np.concatenate([bucket[1:] != bucket[:-1], [True]])
        return Signals(enter_long=last, exit_long=~last)


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


def through_another_symbol() -> ClassStrategy:
    """Keeps the bars of each symbol it is called for, and reads the others' next bar."""

    class OtherSymbol(SignalStrategy):
        seen: ClassVar[dict[str, Bars]] = {}

        def signals(self, bars: Bars) -> Signals:
            self.seen[bars.symbol] = bars
            other = next((b for name, b in self.seen.items() if name != bars.symbol), bars)
            at = np.minimum(np.searchsorted(other.ts, bars.ts) + 1, len(other) - 1)
            later = other.close[at]
            return Signals(enter_long=later > other.close[at - 1])

    return ClassStrategy(OtherSymbol)


def remembers_its_first_bars() -> ClassStrategy:
    """Learns a mean from the first bars it ever sees and keeps it in the class."""

    class FirstMean(SignalStrategy):
        mean: ClassVar[list[float]] = []

        def signals(self, bars: Bars) -> Signals:
            if not self.mean:
                self.mean.append(float(bars.close.mean()))
            return Signals(enter_long=bars.close > self.mean[0])

    return ClassStrategy(FirstMean)


def counts_its_calls() -> ClassStrategy:
    """Does something else every second time."""

    class Counter(SignalStrategy):
        calls: ClassVar[list[int]] = []

        def signals(self, bars: Bars) -> Signals:
            self.calls.append(1)
            return Signals(enter_long=bars.close > bars.open * (1 + len(self.calls) % 2))

    return ClassStrategy(Counter)


LOOK_AHEAD = (
    CentredWindow,
    ShiftMinusOne,
    FullSample,
    HigherPeek,
    Unclosed,
    StopFromTheFuture,
    LooksThroughTheView,
)
