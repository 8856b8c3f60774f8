"""Perpetuals: funding, leverage, liquidation, isolated and cross; SEMANTICS 2.1, 2.4, 7.

Reference of the liquidation price (Binance, "Liquidation Price of USD-M Futures Contracts", one-way
mode, one position): LP = (WB + cum - side x size x entry) / (size x MMR - side x size), where WB is
the wallet balance that backs the position, MMR and cum rate and amount of its maintenance bracket.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.market import HOUR_MS, Leg, at, filled, of_legs, one_symbol, refused

from ballast.core.records import Level, Margin
from ballast.kernel.run import Simulation, simulate

CASH = 10_000.0
PERPETUAL: dict[str, Any] = {"perpetual": 1}
TEN_FOLD: dict[str, Any] = {"size_value": 100.0, "leverage": 10.0}
TIERS = [
    (0.0, 50_000.0, 125.0, 0.004, 0.0),
    (50_000.0, 250_000.0, 100.0, 0.005, 50.0),
    (250_000.0, 1e12, 50.0, 0.01, 1_300.0),
]  # BTCUSDT's first brackets
HOLD = ["100 100 100 100 L", "100 100 100 100"]


def position_after(bars: list[str], **leg: Any) -> Any:
    simulation = Simulation(one_symbol(bars, **leg), CASH)
    simulation.advance(2)
    return simulation.pos[0]


def binance_price(wb: float, cum: float, side: int, size: float, entry: float, mmr: float) -> float:
    return (wb + cum - side * size * entry) / (size * mmr - side * size)


@pytest.mark.parametrize(("letter", "side"), [("L", 1), ("S", -1)])
def test_liquidation_price_is_that_of_the_exchange(letter: str, side: int) -> None:
    """100 at 100, ten-fold: margin 1,000. Long: (10,000 - 1,000) / (100 x 0.996) = 90.3614."""
    bars = [f"100 100 100 100 {letter}", "100 100 100 100"]
    p = position_after(bars, plan=TEN_FOLD, spec=PERPETUAL, tiers=TIERS)
    by_hand = {1: 90.361446, -1: 109.561753}[side]
    assert p.liquidation == pytest.approx(by_hand, abs=1e-6)
    assert p.liquidation == pytest.approx(binance_price(1_000.0, 0.0, side, 100.0, 100.0, 0.004))
    assert p.bankruptcy == pytest.approx(100.0 - side * 10.0)


def test_the_bracket_is_that_of_the_notional_at_the_liquidation_price() -> None:
    """600 at 100, ten-fold: 54,000 at 90: the second bracket, with its deduction of 50.

    (60,000 - 6,050) / (600 x 0.995) = 90.3685.
    """
    plan = TEN_FOLD | {"size_value": 600.0}
    p = position_after(HOLD, plan=plan, spec=PERPETUAL, tiers=TIERS)
    assert p.liquidation == pytest.approx(90.368509, abs=1e-6)
    assert p.liquidation == pytest.approx(binance_price(6_000, 50.0, 1, 600.0, 100.0, 0.005))


def test_isolated_loses_its_margin_and_the_fee_no_more() -> None:
    """Bankruptcy at 90: -1,000, and 0.5 % of 9,000. The crash to 50 costs not a cent more."""
    bars = [*HOLD, "100 100 50 60", "60 60 60 60"]
    spec = PERPETUAL | {"liquidation_fee": 0.005}
    run = simulate(one_symbol(bars, plan=TEN_FOLD, spec=spec, tiers=TIERS), CASH, audit=True)
    assert filled(run)[1] == (2, "LIQUIDATION", 90.0, 100_000)
    assert run.account.equity == pytest.approx(CASH - 1_000.0 - 45.0)
    assert run.account.liquidations == 1


def test_a_wick_of_the_last_price_does_not_liquidate_where_the_mark_stands() -> None:
    bars = [*HOLD, "100 100 50 100 m=95:100:100", "100 100 100 100"]
    spec = PERPETUAL | {"has_mark": 1}
    run = simulate(one_symbol(bars, plan=TEN_FOLD, spec=spec, tiers=TIERS), CASH)
    assert len(run.fills) == 1
    other_way = [*HOLD, "100 100 99 100 m=90:100:100", "100 100 100 100"]
    run = simulate(one_symbol(other_way, plan=TEN_FOLD, spec=spec, tiers=TIERS), CASH)
    assert filled(run)[1] == (2, "LIQUIDATION", 90.0, 100_000)


def test_a_stop_nearer_than_the_liquidation_goes_first() -> None:
    bars = [*HOLD, "100 100 85 90", "90 90 90 90"]
    for away, reason, price in ((0.05, "STOP", 95.0), (0.09, "STOP", 91.0)):
        plan = TEN_FOLD | {"stop_kind": Level.PERCENT, "stop_value": away}
        run = simulate(one_symbol(bars, plan=plan, spec=PERPETUAL, tiers=TIERS), CASH)
        assert filled(run)[1] == (2, reason, price, 100_000)


def test_a_stop_beyond_the_liquidation_is_refused() -> None:
    """Stop 90, liquidation 90.36: the stop would never be reached."""
    plan = TEN_FOLD | {"stop_kind": Level.PERCENT, "stop_value": 0.10}
    run = simulate(one_symbol(HOLD, plan=plan, spec=PERPETUAL, tiers=TIERS), CASH)
    assert refused(run) == [(0, "STOP_BEYOND_LIQUIDATION")]


@pytest.mark.parametrize(
    ("leverage", "size", "limits", "ok"),
    [
        (100.0, 400.0, {}, True),  # 40,000: the first bracket allows 125
        (110.0, 600.0, {}, False),  # 60,000: the second allows 100
        (10.0, 100.0, {"leverage": 5.0}, False),
        (5.0, 100.0, {"leverage": 5.0}, True),
    ],
)
def test_leverage_is_bounded_by_bracket_and_limit(
    leverage: float, size: float, limits: dict[str, Any], ok: bool
) -> None:
    plan = {"size_value": size, "leverage": leverage}
    run = simulate(one_symbol(HOLD, plan=plan, spec=PERPETUAL, tiers=TIERS, limits=limits), CASH)
    assert refused(run) == ([] if ok else [(0, "LEVERAGE")])


def test_margin_is_bound_and_the_rest_is_free() -> None:
    """1,000 for 10,000 at ten-fold; a second symbol may use 9,000: 900 units at most."""
    legs = [
        Leg(HOLD, TEN_FOLD, PERPETUAL),
        Leg(["100 100 100 100", "100 100 100 100 L", "100 100 100 100"],
            TEN_FOLD | {"size_value": 5_000.0}, PERPETUAL),
    ]  # fmt: skip
    run = simulate(of_legs(legs), CASH)
    assert run.fills.lots.tolist() == [100_000, 900_000]


def test_cross_is_backed_by_the_whole_account() -> None:
    """Backing 10,000 behind 200 at 100: bankruptcy at 50, liquidation (20,000 - 10,000) / 199.2."""
    plan = {"size_value": 200.0, "leverage": 10.0, "margin": Margin.CROSS}
    p = position_after(HOLD, plan=plan, spec=PERPETUAL, tiers=TIERS)
    assert p.liquidation == pytest.approx(50.200803, abs=1e-6)
    assert p.bankruptcy == pytest.approx(50.0)
    bars = [*HOLD, "100 100 60 60", "60 60 50.1 51", "51 51 51 51"]
    run = simulate(one_symbol(bars, plan=plan, spec=PERPETUAL, tiers=TIERS), CASH)
    assert filled(run)[1] == (3, "LIQUIDATION", 50.0, 200_000)
    assert run.account.equity == pytest.approx(0.0)


def test_cross_counts_the_others_profit_and_spares_isolated_margin() -> None:
    """Symbol 0, cross, 200 at 100. The others at the close of bar 1:

    symbol 1, cross, 50 bought at 100 and marked at 120: + 1,000;
    symbol 2, isolated, 100 at 100, ten-fold: its margin of 1,000 is not backing.
    Backing 10,000 + 1,000 - 1,000: bankruptcy of symbol 0 stays at 50.
    """
    cross = {"leverage": 10.0, "margin": Margin.CROSS}
    flat = ["100 100 100 100"] * 2
    legs = [
        Leg(["100 100 100 100 L", *flat], cross | {"size_value": 200.0}, PERPETUAL),
        Leg(["100 100 100 100 L", "100 120 100 120", "120 120 120 120"],
            cross | {"size_value": 50.0}, PERPETUAL),
        Leg(["100 100 100 100 L", *flat], TEN_FOLD, PERPETUAL),
    ]  # fmt: skip
    simulation = Simulation(of_legs(legs), CASH)
    simulation.advance(3)
    assert simulation.pos[0].bankruptcy == pytest.approx(50.0)
    assert simulation.pos[1].bankruptcy == pytest.approx(0.0)  # 9,000 behind 5,000: cannot fall so


def test_2_1_funding_is_paid_by_whoever_holds_at_its_time() -> None:
    """Held from 01:00 to 04:00 (bars 1 to 3). Fundings at 01:00, 02:30, 04:00 and 05:00.

    The first falls on the instant of the entry: not ours. The one at 04:00, when the queued exit
    fills at that bar's open, is ours: it was due when bar 3 closed. s x q x mark x rate.
    """
    bars = [
        "100 100 100 100 L", "100 100 100 100", "100 100 100 100", "100 100 100 100 l",
        "100 100 100 100", "100 100 100 100",
    ]  # fmt: skip
    funding = [
        (at(1), 0.5, 100.0),
        (at(2) + HOUR_MS // 2, 0.001, 102.0),
        (at(4), -0.002, 101.0),
        (at(5), 0.5, 100.0),
    ]
    run = simulate(one_symbol(bars, spec=PERPETUAL, funding=funding), CASH, audit=True)
    assert run.account.funding == pytest.approx(0.102 - 0.202)
    assert run.account.cash == pytest.approx(CASH + 0.1)
    assert run.trades[0].funding == pytest.approx(-0.1)
    assert run.trades[0].pnl == pytest.approx(0.1)
    assert run.identity_gap < 1e-12


def test_a_short_receives_what_a_long_pays() -> None:
    bars = ["100 100 100 100 S", "100 100 100 100", "100 100 100 100"]
    funding = [(at(2), 0.001, 100.0)]
    run = simulate(one_symbol(bars, spec=PERPETUAL, funding=funding), CASH)
    assert run.account.cash == pytest.approx(CASH + 0.1)


def test_fundings_of_a_gap_are_paid_before_the_next_open() -> None:
    bars = ["100 100 100 100 L", "100 100 100 100 l", "100 100 100 100"]
    funding = [(at(3), 0.001, 100.0), (at(5), 0.001, 100.0)]
    run = simulate(one_symbol(bars, missing=(2, 3, 4), spec=PERPETUAL, funding=funding), CASH)
    assert run.trades[0].funding == pytest.approx(0.2)


def test_spot_pays_no_funding() -> None:
    run = simulate(one_symbol(HOLD, funding=[(at(2), 0.5, 100.0)]), CASH)
    assert run.account.cash == pytest.approx(CASH - 100.0)


def test_a_triggered_stop_can_watch_the_mark() -> None:
    """Last falls to 94 while the mark holds at 96: only the stop on last prices fills."""
    bars = [*HOLD, "100 100 94 99 m=96:100:99", "99 99 99 99"]
    plan = {"stop_kind": Level.PERCENT, "stop_value": 0.05}
    spec = PERPETUAL | {"has_mark": 1}
    assert filled(simulate(one_symbol(bars, plan=plan, spec=spec), CASH))[1][1:3] == ("STOP", 95.0)
    by_mark = plan | {"trigger_mark": 1}
    assert len(simulate(one_symbol(bars, plan=by_mark, spec=spec), CASH).fills) == 1
    spiked = [*HOLD, "100 100 98 99 m=94:100:99", "99 99 99 99"]
    run = simulate(one_symbol(spiked, plan=by_mark, spec=spec), CASH)
    assert filled(run)[1][1:3] == ("STOP", 98.0)  # no trade at 95: the bar's lowest


def test_a_partial_exit_renews_the_liquidation_price() -> None:
    """600 at 100 in the second bracket; 300 left are in the first: (30,000 - 3,000) / 298.8."""
    take = {
        "take_count": 1,
        "take_kind": [Level.PERCENT],
        "take_value": [0.02],
        "take_fraction": [0.5],
    }
    bars = ["100 100 100 100 L", "100 103 100 102"]
    plan = TEN_FOLD | {"size_value": 600.0} | take
    p = position_after(bars, plan=plan, spec=PERPETUAL, tiers=TIERS)
    assert p.lots == 300_000
    assert p.liquidation == pytest.approx(90.361446, abs=1e-6)


def test_7_equity_of_spot_and_perpetual_and_the_identity() -> None:
    """Spot: 10 bought at 100 with 1.00 fee, marked at 105. Perpetual: 100 short at 100, mark 98.

    E = 10,000 - 1 - 10 (fees) + 50 + 200 = 10,239.
    """
    legs = [
        Leg(["100 100 100 100 L", "100 105 100 105"], {"size_value": 10.0}, {"taker": 0.001}),
        Leg(["100 100 100 100 S", "100 100 97 99 m=97:100:98"], TEN_FOLD,
            PERPETUAL | {"taker": 0.001, "has_mark": 1}),
    ]  # fmt: skip
    run = simulate(of_legs(legs), CASH, audit=True)
    assert run.equity.tolist() == pytest.approx([CASH, 10_239.0])
    assert run.account.cash == pytest.approx(CASH - 1_000.0 - 11.0)
    assert run.exposure[1] == pytest.approx((1_050 + 9_800) / 10_239.0, rel=1e-3)
    assert run.identity_gap < 1e-12


def test_days_are_marked_at_their_ends_in_utc() -> None:
    """SEMANTICS 7: the day's equity is the last mark of the UTC day; quiet days repeat it."""
    bars = ["100 100 100 100 L", "100 110 100 110", "110 120 110 120"]
    run = simulate(one_symbol(bars, missing=tuple(range(2, 60)), spec={"perpetual": 0}), CASH)
    assert run.daily.tolist() == [10_010.0, 10_010.0, 10_020.0]
