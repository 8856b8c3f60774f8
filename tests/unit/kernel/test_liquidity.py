"""Liquidity of a market against its norm, in the compiled steps (R-RISK-20)."""

from __future__ import annotations

from statistics import median_low
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.market import Leg, of_legs, one_symbol, refused

from ballast.core.reasons import Refusal
from ballast.core.records import Size
from ballast.kernel.live import Live
from ballast.kernel.run import Simulation, simulate

CASH = 10_000.0
FLAT = "100 100 100 100"
LIMITS = {"liquidity_block": 0.1, "liquidity_bars": 40}
HALF = {"size_mode": int(Size.FIXED_NOTIONAL), "size_value": 0.5}


def market(volumes: list[float], limits: dict[str, Any], plan: dict[str, Any] | None = None) -> Any:
    """Return bars of these volumes at 100, a long signal on the last, and two bars to fill in."""
    rows = [f"{FLAT} v={v}" for v in volumes]
    rows[-1] += " L"
    return one_symbol([*rows, FLAT, FLAT], plan=plan or {}, limits=limits)


@pytest.mark.parametrize(
    ("last", "measured"),
    [(100.0, None), (99.0, 0.099), (0.0, 0.0), (1_000.0, None), (5_000.0, None)],
)
def test_entries_are_refused_under_a_tenth_of_the_usual_volume(
    last: float, measured: float | None
) -> None:
    """R-RISK-20, S-08: 35 bars of 1,000, then 5 of `last`; told with the value and the limit."""
    run = simulate(market([1_000.0] * 35 + [last] * 5, LIMITS), CASH)
    told = [(Refusal(one.reason), one.measured, one.limit) for one in run.refused]
    if measured is None:
        assert (told, len(run.fills)) == ([], 1)
    else:
        assert told == [(Refusal.LIQUIDITY_COLLAPSE, pytest.approx(measured), 0.1)]
        assert len(run.fills) == 0


def test_one_quiet_bar_is_no_collapse_and_one_busy_bar_does_not_end_one() -> None:
    assert refused(simulate(market([1_000.0] * 39 + [0.0], LIMITS), CASH)) == []
    busy = market([1_000.0] * 34 + [0.0, 0.0, 0.0, 0.0, 0.0, 400.0], LIMITS)
    assert refused(simulate(busy, CASH)) == [(39, "LIQUIDITY_COLLAPSE")]


def test_a_storm_does_not_make_calm_look_like_a_collapse() -> None:
    """The norm is a median: fifteen bars of a thousandfold volume leave it where it was."""
    stormy = [1_000.0] * 20 + [1_000_000.0] * 15 + [1_000.0] * 5
    assert refused(simulate(market(stormy, LIMITS), CASH)) == []


@pytest.mark.parametrize(
    ("last", "lots"),
    #  norm 1,000; shrink 0.25: at 250 the cap of 20 % is whole, at 125 it is half of that
    [(1_000.0, 20_000), (250.0, 20_000), (125.0, 10_000), (25.0, 2_000)],
)
def test_the_largest_size_falls_with_the_volume(last: float, lots: int) -> None:
    """R-RISK-20, S-08: the cap on a position shrinks under a quarter of the usual volume."""
    limits = {"liquidity_shrink": 0.25, "liquidity_bars": 40, "position_cap": 0.2}
    volumes = [1_000.0] * 35 + [last] * 5
    run = simulate(market(volumes, limits, HALF), CASH)
    assert run.fills.lots.tolist() == [lots]


@pytest.mark.parametrize(
    ("volume", "share", "refusal", "lots"),
    #  blocked under 0.1; shrink 0.25: at 0.125 the cap of 20 % is half
    [
        (1_000.0, 1.0, None, 20_000),
        (1_000.0, 0.125, None, 10_000),
        (125.0, 0.2, None, 10_000),
        (250.0, 0.025, 0.025, 0),
        (1_000.0, 0.0, 0.0, 0),
    ],
)
def test_a_book_that_lacks_its_usual_depth_counts_like_a_lack_of_volume(
    volume: float, share: float, refusal: float | None, lots: int
) -> None:
    """R-RISK-20: the worse of volume and depth over their norms blocks and shrinks."""
    limits = LIMITS | {"liquidity_shrink": 0.25, "position_cap": 0.2}
    run = Simulation(market([1_000.0] * 35 + [volume] * 5, limits, HALF), CASH)
    run.pos.depth_lack = 1.0 - share
    run.advance()
    done = run.finish()
    assert done.fills.lots.tolist() == ([lots] if lots else [])
    told = [(one.measured, one.limit) for one in done.refused]
    assert told == ([] if refusal is None else [(pytest.approx(refusal), 0.1)])


@pytest.mark.parametrize(("share", "lack"), [(0.3, 0.7), (1.0, 0.0), (7.0, 0.0), (-1.0, 1.0)])
def test_a_session_is_told_the_depth_as_a_share_of_its_norm(share: float, lack: float) -> None:
    live = Live(market([1_000.0] * 40, LIMITS), CASH, 0, room=50)
    live.deepened(0, share)
    assert live.pos[0].depth_lack == pytest.approx(lack)


def test_without_bars_or_without_volume_there_is_no_norm() -> None:
    """Fewer than 20 bars, or a market without volumes: nothing to collapse from."""
    assert refused(simulate(market([1_000.0] * 14 + [0.0] * 5, LIMITS), CASH)) == []
    assert refused(simulate(market([1_000.0] * 15 + [0.0] * 5, LIMITS), CASH)) == [
        (19, "LIQUIDITY_COLLAPSE")
    ]
    assert refused(simulate(market([0.0] * 40, LIMITS), CASH)) == []


def test_each_symbol_has_its_own_norm() -> None:
    """The bars of the symbol before it are not counted."""
    thin, thick = (
        [f"{FLAT} v={v}" for v in [usual] * 35 + [last] * 5]
        for usual, last in ((10.0, 10.0), (10_000.0, 10.0))
    )
    for rows in (thin, thick):
        rows[-1] += " L"
        rows += [FLAT, FLAT]
    run = simulate(of_legs([Leg(thin), Leg(thick)], limits=LIMITS), CASH)
    assert [(int(one.symbol), Refusal(one.reason)) for one in run.refused] == [
        (1, Refusal.LIQUIDITY_COLLAPSE)
    ]


@given(
    st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, 50.0, 400.0]), min_size=20, max_size=60),
    st.sampled_from([20, 25, 50]),
    st.sampled_from([0.1, 0.5, 1.0]),
)
def test_the_norm_is_the_median_of_the_last_bars(
    volumes: list[float], bars: int, block: float
) -> None:
    """Against `statistics`, at any volumes: refused exactly where the quotient is below."""
    limits = {"liquidity_block": block, "liquidity_bars": bars}
    run = simulate(market(volumes, limits), CASH)
    norm = median_low(np.array(volumes[-bars:]) * 100.0)
    now = sum(volumes[-5:]) / 5 * 100.0
    expected = norm > 0.0 and now / norm < block
    assert bool(len(run.refused)) == expected
    if expected:
        assert run.refused[0].measured == pytest.approx(now / norm)
