"""Neighbours of the chosen numbers, and other first days."""

from __future__ import annotations

import numpy as np
import pytest
from tests.fakes.edges import FOLLOW, edge_series, persistent
from tests.fakes.runs import series_of

from ballast.core.errors import StrategyError, UserError
from ballast.research.case import Case
from ballast.research.series import Series
from ballast.research.stress.plateau import plateau
from ballast.research.stress.shifts import start_shifts
from ballast.strategies import (
    Signals,
    SignalStrategy,
    close,
    ema,
    fixed_notional,
    no_stop,
    no_trail,
    param,
    params,
    strategy,
    trade,
)
from ballast.strategies.catalog import load
from ballast.strategies.custom import ClassStrategy

MARKET = series_of(1_500)


def test_a_neighbour_is_the_run_with_its_numbers() -> None:
    """R-WF-04: each axis against runs of its own."""
    case = Case(load("ema_cross"), MARKET)
    found = plateau(case, seed=1)
    assert found is not None
    assert [axis.name for axis in found.axes] == ["fast", "slow", "stop", "trail"]
    for axis in found.axes:
        assert len(axis.values) == 5
        for value, figure in zip(axis.values, axis.figures, strict=True):
            alone = Case(load("ema_cross"), MARKET, params={axis.name: value})
            assert alone.outcome().value("sharpe") == figure
    assert found.chosen == case.outcome().sharpe
    assert found.figure.worst == min(found.figure.values)
    worst = Case(load("ema_cross"), MARKET, params=dict(found.worst_params))
    assert worst.outcome().value("sharpe") == found.figure.worst
    assert 16 < len(found.figure.values) <= 16 + 48


def test_the_surface_holds_the_two_numbers_asked_for() -> None:
    case = Case(load("ema_cross"), MARKET, params={"fast": 18})
    found = plateau(case, surface=("fast", "slow"))
    assert found is not None
    assert found.surface is not None
    assert (found.surface.x, found.surface.y) == ("fast", "slow")
    assert found.surface.x_values == (15.0, 16.0, 17.0, 18.0, 19.0, 20.0, 21.0)
    assert found.surface.y_values == (18.0, 19.0, 20.0, 21.0, 22.0, 23.0, 24.0)
    assert found.surface.rows[0][3:] == (None,) * 4  # fast < slow does not hold
    alone = Case(load("ema_cross"), MARKET, params={"fast": 16, "slow": 23}).outcome()
    assert found.surface.rows[5][1] == alone.value("sharpe")


def test_numbers_that_change_nothing_are_named_and_do_not_count() -> None:
    """The volume filter of the family is off: its multiple is inert."""
    found = plateau(Case(load("stochrsi"), MARKET), joint=10)
    assert found is not None
    assert {"volume_multiple", "sniper_bars"} <= set(found.inert)
    assert not set(found.inert) & {axis.name for axis in found.axes}
    switches = {name for name, spec in load("stochrsi").params.items() if spec.is_switch}
    assert not switches & {*found.inert, *(axis.name for axis in found.axes)}


class Needle(SignalStrategy):
    """Follows the market at exactly one number, and fights it at every other."""

    params = params(n=param(50, 10, 90))
    trade = trade(size=fixed_notional(0.1), stop=no_stop(), trail=no_trail())

    def signals(self, bars: object) -> Signals:
        closes = bars.close  # type: ignore[attr-defined]
        up = np.concatenate(([False], closes[1:] > closes[:-1]))
        follow = self.p["n"] == 50
        return Signals(enter_long=up if follow else ~up, exit_long=~up if follow else up)


def test_a_needle_is_told_from_a_table() -> None:
    case = Case(ClassStrategy(Needle), edge_series(1_500))
    needle = plateau(case)
    assert needle is not None
    assert (needle.profitable, needle.surface) == (0.0, None)
    assert needle.median_ratio is not None
    assert needle.median_ratio < 0.0
    table = plateau(
        Case(
            strategy(
                "table",
                params=(p := params(n=param(1, 1, 9))),
                enter_long=close > ema(close, p.n + 1),
                exit_long=close < ema(close, p.n + 1),
                size=fixed_notional(0.1),
                stop=no_stop(),
                trail=no_trail(),
            ),
            edge_series(1_500),
        )
    )
    assert table is not None
    assert table.profitable == 1.0
    assert table.median_ratio is not None
    assert table.median_ratio > 0.5


def test_without_numbers_there_is_no_plateau() -> None:
    assert plateau(Case(FOLLOW, edge_series(800))) is None


def test_every_combination_that_was_seen_is_told() -> None:
    """R-OPT-09: the chosen point is among them, and what broke a rule is not."""
    case = Case(load("ema_cross"), MARKET, params={"fast": 19})
    seen: list[dict[str, float]] = []
    found = plateau(case, surface=("fast", "slow"), joint=8, looked=seen.extend)
    assert found is not None
    assert found.surface is not None
    assert case.params in seen
    assert len(seen) == len({tuple(one.values()) for one in seen})
    assert all(one["fast"] < one["slow"] for one in seen)
    drawn = sum(value is not None for row in found.surface.rows for value in row)
    assert len(seen) >= drawn


def test_neighbours_repeat_with_the_seed() -> None:
    case = Case(load("ema_cross"), MARKET)
    assert plateau(case, seed=1) == plateau(case, seed=1)
    assert plateau(case, seed=1) != plateau(case, seed=2)


@pytest.mark.parametrize(
    ("surface", "error", "line"),
    [
        (("fast",), UserError, "expected two parameters"),
        (("fast", "fast"), UserError, "expected two parameters"),
        (("fast", "slw"), StrategyError, "did you mean 'slow'"),
    ],
)
def test_a_surface_that_cannot_be_drawn_is_refused(
    surface: tuple[str, ...], error: type[UserError], line: str
) -> None:
    with pytest.raises(error, match=line):
        plateau(Case(load("ema_cross"), MARKET), surface=surface)


# ---------------------------------------------------------------- start shifts


def test_a_later_start_is_a_run_of_the_later_bars() -> None:
    """A strategy without a memory, so that a run of the cut bars is the same run."""
    bars = persistent(2_000, 1, 0.5)
    form = strategy(
        "plain",
        enter_long=close > close.shift(1),
        exit_long=close < close.shift(1),
        size=fixed_notional(0.1),
        stop=no_stop(),
        trail=no_trail(),
    )
    found = start_shifts(Case(form, [Series(bars)]), starts=5)
    assert len(found.starts_ms) == 5
    assert found.starts_ms[0] == bars.ts[0]
    assert found.starts_ms[-1] == bars.ts[0] + (2_000 * bars.timeframe.ms) // 4
    for start, figure in zip(found.starts_ms, found.figure.values, strict=True):
        first = int(np.searchsorted(bars.ts, start))
        late = np.zeros(2_000, np.uint8)
        case = Case(form, [Series(bars.slice(first, 2_000), Series(bars).rules)])
        whole = Case(form, [Series(bars)]).signals()
        late[: 2_000 - first] = whole[first:]
        assert case.outcome(late[: 2_000 - first]).sharpe == pytest.approx(figure, rel=1e-12)


def test_start_shifts_of_a_real_strategy_begin_with_the_run_itself() -> None:
    case = Case(load("momentum"), MARKET)
    found = start_shifts(case)
    assert found.figure.values[0] == case.outcome().sharpe
    assert len(found.figure.values) == 24
    with pytest.raises(UserError, match="0 starts"):
        start_shifts(case, starts=0)
