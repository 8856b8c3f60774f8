"""SEMANTICS 4: fees, slippage, participation, and what a venue lets fill. Drawn by hand."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.market import at, filled, one_symbol, refused

from ballast.core.records import FeeAsset, Level
from ballast.core.time import DAY_MS
from ballast.kernel.run import simulate

CASH = 10_000.0
ROUND_TRIP = ["100 100 100 100 L", "100 100 100 100 l", "110 110 110 110"]


def test_fee_is_rate_times_notional_and_is_taken_from_cash() -> None:
    run = simulate(one_symbol(ROUND_TRIP, spec={"taker": 0.001}), CASH)
    assert run.fills.fee.tolist() == pytest.approx([0.1, 0.11])
    assert run.account.cash == pytest.approx(CASH + 10.0 - 0.21)
    assert run.trades[0].pnl == pytest.approx(9.79)


def test_a_dated_schedule_gives_the_rate_of_the_fill() -> None:
    """The new rate holds from the open of bar 2 on: only the sale pays it."""
    schedule = [(at(0), 0.0, 0.001), (at(2), 0.0, 0.002)]
    run = simulate(one_symbol(ROUND_TRIP, spec={"taker": 0.5}, fees=schedule), CASH)
    assert run.fills.fee.tolist() == pytest.approx([0.1, 0.22])


def test_a_fee_token_gives_its_discount() -> None:
    spec = {"taker": 0.001, "fee_asset": FeeAsset.DISCOUNT_TOKEN, "fee_discount": 0.25}
    run = simulate(one_symbol(ROUND_TRIP, spec=spec), CASH)
    assert run.fills.fee.tolist() == pytest.approx([0.075, 0.0825])


def test_a_fee_in_base_arrives_less_and_leaves_dust() -> None:
    """Of 1.000 bought 0.0007 is the fee: 0.999 lots-whole arrive, 0.0003 is dust, never sold."""
    spec = {"taker": 0.0007, "fee_asset": FeeAsset.BASE}
    run = simulate(one_symbol(ROUND_TRIP, spec=spec), CASH, audit=True)
    assert filled(run) == [(1, "ENTRY", 100.0, 1000), (2, "SIGNAL", 110.0, 999)]
    assert run.positions[0].dust == pytest.approx(0.0003)
    assert run.account.cash == pytest.approx(CASH - 100.0 + 109.89 * (1 - 0.0007))
    assert run.account.equity == pytest.approx(run.account.cash + 0.0003 * 110.0)
    assert run.identity_gap < 1e-12


def test_a_purchase_that_the_fee_would_eat_is_not_made() -> None:
    """One lot less its fee is no lot."""
    spec = {"taker": 0.0007, "fee_asset": FeeAsset.BASE, "lot_den": 1}
    run = simulate(one_symbol(ROUND_TRIP, spec=spec), CASH)
    assert refused(run) == [(0, "NO_CASH")]


@pytest.mark.parametrize(
    ("spec", "extra", "price"),
    [
        ({"slip_fraction": 0.001}, {}, 100.10),
        ({"half_spread": 0.0005}, {}, 100.05),
        ({"slip_vol": 0.1}, {}, 100.20),  # 0.1 x ATR 2 / 100 = 0.2 %
        # Square root: 0.5 x daily sigma 0.02 x sqrt(9,600 / (24 hours of 10,000)) = 0.2 %
        ({"slip_impact": 0.5}, {"plan": {"size_value": 96.0}}, 100.20),
        # On bars of a day: 0.5 x sigma 0.02 x sqrt(1,600 / 10,000) = 0.4 %
        ({"slip_impact": 0.5, "timeframe_ms": DAY_MS}, {"plan": {"size_value": 16.0}}, 100.40),
        # Ladder: 500 at 0.1 %, 1,100 at 0.5 %: (0.5 + 5.5) / 1,600 = 0.375 %
        (
            {"slip_book": 1},
            {"plan": {"size_value": 16.0}, "depth": [(0.001, 500.0), (0.005, 5_000.0)]},
            100.38,
        ),
        # A ladder too short: 500 at 0.1 %, the rest at its last rung: 0.5 %
        (
            {"slip_book": 1},
            {"plan": {"size_value": 10.0}, "depth": [(0.001, 500.0), (0.005, 100.0)]},
            100.30,
        ),
        ({"slip_fraction": 0.001, "half_spread": 0.0005, "slip_vol": 0.1}, {}, 100.35),
        ({"slip_fraction": 0.00001}, {}, 100.01),  # a fraction of a tick is a tick, against us
    ],
)
def test_slippage_models(spec: dict[str, Any], extra: dict[str, Any], price: float) -> None:
    """R-COST-05, R-COST-13."""
    bars = ["100 100 100 100 L a=2 d=10000", "100 100 100 100 a=99 d=1", "100 100 100 100"]
    run = simulate(one_symbol(bars, spec=spec, **extra), CASH)
    assert run.fills[0].price == price


def test_slippage_is_bounded_so_that_a_price_stays_positive() -> None:
    """A sale at 99 % slippage of 100 leaves 1.00; never nothing, never less."""
    bars = ["100 100 100 100 L", "100 100 100 100 l", "100 100 100 100"]
    run = simulate(one_symbol(bars, spec={"slip_fraction": 5.0}), CASH)
    assert [row[2] for row in filled(run)] == [199.0, 1.0]


def test_participation_fills_an_entry_in_parts_within_its_time_in_force() -> None:
    """10 % of 4, 3 and 100: 0.4, 0.3 and the last 0.3 of 1.0."""
    bars = [
        "100 100 100 100 L",
        "100 100 100 100 v=4",
        "101 101 101 101 v=3",
        "102 102 102 102 v=100",
        "103 103 103 103",
    ]
    spec = {"participation": 0.1}
    run = simulate(one_symbol(bars, spec=spec, plan={"entry_ttl_bars": 5}), CASH)
    assert filled(run) == [
        (1, "ENTRY", 100.0, 400),
        (2, "ENTRY", 101.0, 300),
        (3, "ENTRY", 102.0, 300),
    ]
    assert run.positions[0].entry == pytest.approx(0.4 * 100 + 0.3 * 101 + 0.3 * 102)
    run = simulate(one_symbol(bars, spec=spec, plan={"entry_ttl_bars": 2}), CASH)
    assert [row[3] for row in filled(run)] == [400, 300]  # the rest is cancelled
    assert refused(run) == []  # and is no refusal


def test_without_any_volume_an_entry_is_refused_after_its_time() -> None:
    bars = ["100 100 100 100 L", "100 100 100 100 v=0", "101 101 101 101"]
    run = simulate(one_symbol(bars, spec={"participation": 0.1}), CASH)
    assert refused(run) == [(0, "NO_LIQUIDITY_AT_FILL")]


def test_participation_spreads_an_exit_over_bars() -> None:
    bars = [
        "100 100 100 100 L",
        "100 100 100 100 v=100",
        "100 100 100 100 l v=100",
        "101 101 101 101 v=6",  # 0.6 of it
        "102 102 102 102 v=6",  # the other 0.4
    ]
    run = simulate(one_symbol(bars, spec={"participation": 0.1}), CASH)
    assert filled(run)[1:] == [(3, "SIGNAL", 101.0, 600), (4, "SIGNAL", 102.0, 400)]


def test_a_stop_that_the_volume_cannot_take_leaves_at_the_next_opens() -> None:
    bars = [
        "100 100 100 100 L",
        "100 100 100 100 v=100",
        "100 100 94 96 v=6",  # 0.6 at the stop
        "90 90 90 90 v=100",  # the rest at the open
    ]
    plan = {"stop_kind": Level.PERCENT, "stop_value": 0.05}
    run = simulate(one_symbol(bars, spec={"participation": 0.1}, plan=plan), CASH)
    assert filled(run)[1:] == [(2, "STOP", 95.0, 600), (3, "STOP", 90.0, 400)]


def test_what_a_stop_closed_is_not_bought_again_by_the_rest_of_its_entry() -> None:
    bars = [
        "100 100 100 100 L",
        "100 100 94 96 v=4",  # 0.4 in; no volume left for the stop
        "96 96 96 96 v=100",  # out, and the other 0.6 must not come in
        "96 96 96 96 v=100",
    ]
    plan = {"stop_kind": Level.PERCENT, "stop_value": 0.05, "entry_ttl_bars": 5}
    run = simulate(one_symbol(bars, spec={"participation": 0.1}, plan=plan), CASH)
    assert filled(run) == [(1, "ENTRY", 100.0, 400), (2, "STOP", 96.0, 400)]


def test_a_take_rests_at_its_level_for_what_the_volume_does_not_give() -> None:
    take = {
        "take_count": 1,
        "take_kind": [Level.PERCENT],
        "take_value": [0.02],
        "take_fraction": [1.0],
    }
    bars = [
        "100 100 100 100 L",
        "100 100 100 100 v=100",
        "101 103 101 101 v=7",
        "101 101 101 101 v=100",  # not at the level: the rest waits
        "101 103 101 101 v=100",
    ]
    run = simulate(one_symbol(bars, spec={"participation": 0.1}, plan=take), CASH)
    assert filled(run)[1:] == [(2, "TAKE_1", 102.0, 700), (4, "TAKE_1", 102.0, 300)]


def test_finer_bars_have_volume_budgets_of_their_own() -> None:
    bars = ["100 100 100 100 L", "100 100 100 100 v=100", "100 100 94 96 v=100", "90 90 90 90"]
    fine = {2: [(100.0, 100.0, 94.0, 94.5, 3.0), (94.5, 96.0, 94.0, 96.0, 4.0)]}
    plan = {"stop_kind": Level.PERCENT, "stop_value": 0.05, "intrabar": 2}
    run = simulate(one_symbol(bars, spec={"participation": 0.1}, plan=plan, fine=fine), CASH)
    assert filled(run)[1:] == [(2, "STOP", 95.0, 300), (2, "STOP", 94.5, 400), (3, "STOP", 90, 300)]


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"min_lots": 981}, "MIN_QTY"),  # 1,000 lots are under 1.02 x 981
        ({"min_notional": 100.01}, "MIN_NOTIONAL"),
        ({"lot_den": 1, "lot_num": 2}, "SIZE_ZERO"),  # the step is 2 units
    ],
)
def test_what_cannot_be_legal_is_refused_by_name(spec: dict[str, Any], reason: str) -> None:
    assert refused(simulate(one_symbol(ROUND_TRIP, spec=spec), CASH)) == [(0, reason)]


def test_lots_are_cut_to_the_venues_maximum_also_for_a_quote_amount() -> None:
    run = simulate(one_symbol(ROUND_TRIP, spec={"max_lots": 700}), CASH)
    assert filled(run)[0] == (1, "ENTRY", 100.0, 700)
    half_price = ["100 100 100 100 L", "50 50 50 50", "50 50 50 50"]
    plan = {"size_in_quote": 1}
    run = simulate(one_symbol(half_price, spec={"max_lots": 1500}, plan=plan), CASH)
    assert filled(run)[0] == (1, "ENTRY", 50.0, 1500)  # 100 quote would buy 2,000
