"""The truncation attack: planted cheats are caught, honest strategies are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.fakes.cheats import LOOK_AHEAD, RareShift, StopFromTheFuture, through_another_symbol
from tests.unit.strategies.bars import walk

from ballast.core.errors import DataError, UserError
from ballast.core.records import Signal
from ballast.research.attacks.truncation import truncation_attack
from ballast.strategies import OnBarStrategy, Signals, SignalStrategy, close, kernels, of, on
from ballast.strategies import strategy as declare
from ballast.strategies.custom import ClassStrategy
from ballast.strategies.frames import resample

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.core.bars import Bars
    from ballast.strategies.plan import AnyStrategy
    from ballast.strategies.view import BarView

MARKET = {"A/USDT": walk(400, 1), "B/USDT": walk(380, 2, symbol="B/USDT")}


def attack(form: AnyStrategy, fresh: Callable[[], AnyStrategy] | None = None) -> str | None:
    found = truncation_attack(form, MARKET, seed=1, fresh=fresh).violation
    return None if found is None else found.line()


@pytest.mark.parametrize("cheat", LOOK_AHEAD)
def test_a_cheat_is_caught(cheat: type[SignalStrategy | OnBarStrategy]) -> None:
    """SEMANTICS 1.2, by test and not by promise."""
    line = attack(ClassStrategy(cheat))
    assert line is not None
    assert "when later bars are known too" in line
    assert ("stop" if cheat is StopFromTheFuture else "signals") in line


@pytest.mark.parametrize("seed", range(20))
def test_a_peek_that_seldom_signals_is_caught_by_cutting_after_decisions(seed: int) -> None:
    """One entry in a hundred bars: cuts at random alone would miss it five times in six."""
    market = {"A/USDT": walk(4_000, 5)}
    form = ClassStrategy(RareShift)
    share = (form.start({}).signals(market["A/USDT"]).enter_long == True).mean()  # type: ignore[union-attr]  # noqa: E712
    assert 0.005 < share < 0.02
    assert truncation_attack(form, market, seed=seed).violation is not None


def test_the_future_of_another_symbol_is_caught() -> None:
    """A class that keeps the bars of its other symbols sees them cut at the same moment."""
    line = attack(through_another_symbol(), through_another_symbol)
    assert line is not None


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


def test_the_attack_sees_an_alignment_that_reads_another_symbols_next_bar(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A mutant of our own: `of` shows the bar that opens when ours closes."""
    honest = kernels.align

    def early(own: np.ndarray, closes: np.ndarray, age_ms: int, at: np.ndarray) -> None:
        honest(own, closes, age_ms, at)
        at[:] = np.minimum(at + 1, len(closes) - 1)

    monkeypatch.setattr("ballast.strategies.kernels.align", early)
    assert attack(declare("f", enter_long=close > of("B/USDT", close))) is not None


def test_cuts_come_after_the_warm_up_and_repeat_with_the_seed() -> None:
    form = declare("f", enter_long=close > close.shift(60))
    one = truncation_attack(form, MARKET, cuts=12, seed=4)
    assert one == truncation_attack(form, MARKET, cuts=12, seed=4)
    assert one != truncation_attack(form, MARKET, cuts=12, seed=5)
    closes = MARKET["A/USDT"].ts + MARKET["A/USDT"].timeframe.ms
    assert 6 <= len(one.cuts_ms) <= 12
    assert min(one.cuts_ms) >= closes[60]
    assert max(one.cuts_ms) < closes[-1]


def test_an_attack_that_tries_nothing_is_refused() -> None:
    with pytest.raises(UserError, match=r"0 cuts; expected at least 1"):
        truncation_attack(declare("f", enter_long=close > 0), MARKET, cuts=0)


def test_too_few_bars_are_refused_in_one_line() -> None:
    with pytest.raises(DataError, match=r"30 bars are too few for f"):
        truncation_attack(declare("f", enter_long=close > 0), {"A/USDT": walk(30)})
