"""The warm-up attack: what is declared, what is needed, and what never settles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.fakes.cheats import FullSample
from tests.unit.strategies.bars import walk

from ballast.research.attacks.warmup import warmup_attack
from ballast.strategies import Signals, SignalStrategy, close, ema, on, rsi, sma
from ballast.strategies import strategy as declare
from ballast.strategies.catalog import load, names
from ballast.strategies.custom import ClassStrategy

if TYPE_CHECKING:
    from ballast.core.bars import Bars

MARKET = {"A/USDT": walk(6_000, 1)}


def test_a_window_needs_what_it_declares() -> None:
    found = warmup_attack(declare("f", enter_long=close > sma(close, 50)), MARKET)
    assert (found.declared_bars, found.needed_bars, found.differing_share) == (49, 49, 0.0)
    assert found.settled
    assert found.line() == "declared 49, needed 49"
    assert len(found.starts) == 16


def test_a_higher_timeframe_needs_no_more_than_it_declares() -> None:
    form = declare("f", enter_long=close > on("4h", sma(close, 10)))
    assert warmup_attack(form, MARKET).needed_bars <= warmup_attack(form, MARKET).declared_bars


def test_a_recursive_average_needs_more_than_it_declares_and_says_how_much() -> None:
    """Checked against the difference itself, found with plain loops for one start."""
    form = declare("f", enter_long=rsi(14) > 50)
    found = warmup_attack(form, MARKET)
    assert found.needed_bars > found.declared_bars == 14
    assert found.settled
    worst = max(found.starts, key=lambda start: start.needed_bars)
    close_of = MARKET["A/USDT"].close
    whole = wilder(close_of) > 50
    late = wilder(close_of[worst.row :]) > 50
    differing = [k for k in range(14, worst.compared + 14) if whole[worst.row + k] != late[k]]
    assert differing[-1] + 1 == worst.needed_bars
    assert len(differing) == worst.differing


def wilder(closes: np.ndarray, n: int = 14) -> np.ndarray:
    """Return Wilder's RSI, written down as in his book."""
    moves = np.diff(closes)
    up, down = moves[:n].clip(min=0).mean(), (-moves[:n]).clip(min=0).mean()
    out = np.full(len(closes), np.nan)
    out[n] = 100 * up / (up + down)
    for k in range(n, len(moves)):
        up = (up * (n - 1) + max(moves[k], 0.0)) / n
        down = (down * (n - 1) + max(-moves[k], 0.0)) / n
        out[k + 1] = 100 * up / (up + down)
    return out


class UnderDeclared(SignalStrategy):
    """Reads 300 bars back and declares 100."""

    def warmup(self) -> int:
        return 100

    def signals(self, bars: Bars) -> Signals:
        mean = np.array([bars.close[max(0, k - 299) : k + 1].mean() for k in range(len(bars))])
        return Signals(enter_long=bars.close > mean)


def test_a_class_that_declares_too_little_is_told_how_much_it_needs() -> None:
    market = {"A/USDT": walk(2_000, 2)}
    found = warmup_attack(ClassStrategy(UnderDeclared), market, starts=8)
    assert found.declared_bars == 100
    assert 200 < found.needed_bars <= 299
    assert found.settled
    assert found.differing_share > 0.0


class SinceTheStart(SignalStrategy):
    """Causal, and yet another strategy on every start: the mean of all bars so far."""

    def signals(self, bars: Bars) -> Signals:
        mean = np.cumsum(bars.close) / np.arange(1, len(bars) + 1)
        return Signals(enter_long=bars.close > mean)


@pytest.mark.parametrize("form", [SinceTheStart, FullSample])
def test_what_depends_on_the_first_bar_for_ever_never_settles(form: type) -> None:
    found = warmup_attack(ClassStrategy(form), MARKET)
    assert not found.settled
    assert "where the data begin" in found.line()


def test_levels_are_compared_too() -> None:
    """The ATR of the stop forgets its first bar more slowly than a window forgets its own."""
    found = warmup_attack(declare("f", enter_long=close > sma(close, 50)), MARKET)
    assert found.level_gap > 0.0
    assert 49 < found.level_bars < 300


@pytest.mark.parametrize("name", names())
def test_every_library_strategy_settles(name: str) -> None:
    assert warmup_attack(load(name), MARKET).settled


def test_late_starts_repeat_with_the_seed() -> None:
    form = declare("f", enter_long=close > ema(close, 20))
    assert warmup_attack(form, MARKET, seed=3) == warmup_attack(form, MARKET, seed=3)
    assert warmup_attack(form, MARKET, seed=3) != warmup_attack(form, MARKET, seed=4)
