"""Permutations keep every bar and no order; an honest edge vanishes there, a cheat's does not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.cheats import CentredWindow, HigherPeek, ShiftMinusOne
from tests.fakes.edges import FOLLOW, persistent
from tests.fakes.runs import series_of
from tests.unit.strategies.bars import bars_of, walk

from ballast.core.bars import PRICE_COLUMNS, SYNTHETIC
from ballast.core.errors import StrategyError, UserError
from ballast.core.settings import Settings
from ballast.research.attacks.delay import delay_attack
from ballast.research.attacks.permutation import Shuffler
from ballast.research.attacks.shuffle import shuffle_attack
from ballast.research.case import Case
from ballast.research.series import Series
from ballast.strategies import close, fixed_notional, no_stop, no_trail, strategy, take
from ballast.strategies.custom import ClassStrategy

if TYPE_CHECKING:
    from ballast.core.bars import Bars

_PLAIN = Settings()
FREE = replace(
    _PLAIN,
    costs=replace(_PLAIN.costs, maker=0.0, taker=0.0, slip_fraction=0.0, half_spread=0.0),
    risk=replace(_PLAIN.risk, enforce=False),
)
"""Settings without costs and limits."""


def ratios(bars: Bars) -> np.ndarray:
    """Return each bar after the first, against the close before it, with its volume."""
    before = bars.close[:-1]
    prices = [getattr(bars, name)[1:] / before for name in PRICE_COLUMNS]
    return np.stack((*prices, bars.volume[1:]), axis=1)


@given(count=st.integers(2, 300), seed=st.integers(0, 2**32), driftless=st.booleans())
def test_every_bar_is_kept_whole_in_another_place(
    count: int, seed: int, *, driftless: bool
) -> None:
    bars = walk(count, 3)
    (made,) = Shuffler([Series(bars)]).draw(seed, driftless=driftless)
    new = made.bars
    assert (new.low <= np.minimum(new.open, new.close)).all()
    assert (new.high >= np.maximum(new.open, new.close)).all()
    assert np.array_equal(new.ts, bars.ts)
    old_rows, new_rows = ratios(bars), ratios(new)
    drift = old_rows[:, 3].mean() if driftless else 1.0
    old_rows[:, :4] /= drift
    old_order, new_order = (rows[:, 4].argsort(kind="stable") for rows in (old_rows, new_rows))
    assert np.allclose(old_rows[old_order], new_rows[new_order], rtol=1e-12, atol=0.0)
    assert np.isclose(new_rows[:, 3].mean(), 1.0 if driftless else old_rows[:, 3].mean())
    if not driftless:
        assert np.isclose(new.close[-1], bars.close[-1], rtol=1e-10)


def test_symbols_are_permuted_alike_and_synthetic_bars_stay() -> None:
    one = walk(500, 1, symbol="A/USDT")
    flags = np.zeros(500, np.uint8)
    flags[100:103] = SYNTHETIC
    short = walk(460, 2, symbol="B/USDT", start_ms=int(one.ts[40]))
    a = Series(replace(one, flags=flags, volume=np.arange(500.0)))
    b = Series(replace(short, flags=flags[40:], volume=np.arange(40.0, 500.0)))
    made_a, made_b = Shuffler([a, b]).draw(5)
    assert np.array_equal(made_a.bars.volume[100:103], [100.0, 101.0, 102.0])
    moved = made_a.bars.volume[1:] != a.bars.volume[1:]
    assert moved.mean() > 0.95
    # The moments that both move are in one order; B's first bar is its anchor.
    both = set(range(41, 500)) - {100, 101, 102}
    orders = [[v for v in made.bars.volume if v in both] for made in (made_a, made_b)]
    assert orders[0] == orders[1] != sorted(both)


def test_permutations_differ_by_number_and_repeat_by_seed() -> None:
    shuffler = Shuffler([Series(walk(300, 3))])
    draws = [shuffler.draw(1, k)[0].bars.fingerprint() for k in (0, 1, 0)]
    assert draws[0] == draws[2] != draws[1]
    assert shuffler.draw(2)[0].bars.fingerprint() != draws[0]


def test_a_real_edge_beats_all_its_permutations_and_vanishes_on_them() -> None:
    found = shuffle_attack(Case(FOLLOW, [Series(persistent(3_000, 1, 0.5))]), seed=2)
    assert found.real > found.permuted.best
    assert found.p_value == 1 / 51
    assert found.survival_t < 2.0


@pytest.mark.parametrize("cheat", [ShiftMinusOne, CentredWindow, HigherPeek])
def test_the_edge_of_a_cheat_survives_random_order(cheat: type) -> None:
    found = shuffle_attack(
        Case(ClassStrategy(cheat), [Series(persistent(2_000, 1, 0.0))]), permutations=20
    )
    assert found.knowing_t > 5.0
    assert found.driftless.positive == 1.0
    assert found.p_value > 0.05


def test_who_earns_from_wicks_is_not_accused() -> None:
    """A resting take fills in wicks that prices come back from, and a permutation keeps its bars.

    The power study met it: honest rules on real bars earned 0.5 without costs in any order.
    """
    market = persistent(3_000, 1, 0.0)
    wicks = np.where(np.random.default_rng(3).random(3_000) < 0.2, 0.012, 0.0)
    market = replace(market, high=market.high * (1.0 + wicks))
    rules = strategy(
        "wicks", enter_long=close > close.shift(1), exit_long=close < close.shift(1),
        size=fixed_notional(0.1), stop=no_stop(), trail=no_trail(), takes=[take(0.01)],
    )  # fmt: skip
    found = shuffle_attack(Case(rules, [Series(market)], settings=FREE), permutations=1)
    assert found.survival_t > 5.0
    assert found.driftless.mean > 10 * found.surplus.mean
    assert found.knowing_t < 3.0


def test_a_short_that_is_paid_to_wait_is_not_accused() -> None:
    """Fundings are income without knowledge: they are left out where nothing can be known."""
    (one,) = series_of(2_000, perpetual=True)
    funding = one.funding.copy()
    funding["rate"] = 0.002
    short = strategy("short", enter_short=close > 0, exit_short=close < 0,
                     size=fixed_notional(0.3), stop=no_stop(), trail=no_trail())  # fmt: skip
    case = Case(short, [replace(one, funding=funding)])
    found = shuffle_attack(case, permutations=10)
    assert case.outcome().funding < 0.0  # received
    assert found.permuted.mean > 0.0
    assert found.survival_t < 2.0


def test_without_an_edge_p_values_are_as_often_small_as_they_say() -> None:
    """60 random walks: p <= 0.2 in a fifth of them, within four standard errors."""
    hits = [
        shuffle_attack(
            Case(FOLLOW, [Series(persistent(400, 100 + k, 0.0))]), permutations=19, driftless=1
        ).p_value
        <= 0.2
        for k in range(60)
    ]
    assert abs(np.mean(hits) - 0.2) < 4 * np.sqrt(0.2 * 0.8 / 60)


def test_a_strategy_that_never_trades_has_nothing_to_shuffle() -> None:
    case = Case(strategy("silent", enter_long=close < 0), series_of(800))
    with pytest.raises(StrategyError, match="never trades"):
        shuffle_attack(case)
    with pytest.raises(UserError, match="0 permutations"):
        shuffle_attack(case, permutations=0)


# ---------------------------------------------------------------- delay


def test_a_peek_is_worth_nothing_one_bar_later() -> None:
    """R-COST-11: the decay curve of a strategy that knows the next bar."""
    found = delay_attack(Case(ClassStrategy(ShiftMinusOne), [Series(persistent(2_000, 1, 0.0))]))
    assert [row.bars for row in found.rows] == [0, 1, 2, 3]
    assert found.rows[0].kept == 1.0
    assert found.rows[0].outcome.sharpe > 5.0  # type: ignore[operator]
    assert found.rows[1].kept is not None
    assert found.rows[1].kept < 0.1


def test_a_slow_edge_outlives_a_delay() -> None:
    trend = np.repeat(np.sin(np.arange(30) * 1.7) > 0, 100) * 2.0 - 1.0
    market = bars_of(100 * np.exp(np.cumsum(trend * 0.002)), spread=0.05, volume=1e6)
    slow = strategy(
        "slow",
        enter_long=close > close.shift(10),
        exit_long=close < close.shift(10),
        size=fixed_notional(0.1),
        stop=no_stop(),
        trail=no_trail(),
    )
    rows = delay_attack(Case(slow, [Series(market)])).rows
    assert all(row.kept is not None and row.kept > 0.8 for row in rows)


@pytest.mark.parametrize("delays", [(), (1, 2), (0, -1)])
def test_delays_start_at_none_and_go_up(delays: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match=r"expected 0, 1, 2"):
        delay_attack(Case(FOLLOW, series_of(800)), delays_bars=delays)
