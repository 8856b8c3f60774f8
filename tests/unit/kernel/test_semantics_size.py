"""SEMANTICS 5: how much is bought. Every number worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.market import Leg, filled, of_legs, one_symbol, refused

from ballast.core.records import Level, Size
from ballast.kernel.run import simulate

CASH = 10_000.0
RISK: dict[str, Any] = {
    "size_mode": Size.RISK, "size_value": 0.01, "stop_kind": Level.ATR, "stop_value": 3.0,
}  # fmt: skip
FLAT = ["100 100 100 100"] * 2


def bought(row: str, *, limits: dict[str, Any] | None = None, **leg: Any) -> int:
    """Return the lots bought after one signal bar, with whole cash at hand."""
    run = simulate(one_symbol([row, *FLAT], limits=limits, **leg), CASH)
    return int(run.fills[0].lots) if len(run.fills) else 0


def test_a_size_02_risk_of_one_percent_and_its_cap() -> None:
    """10,000 x 1 % / (3 x 2) = 16.667 units; a cap of 10 % of equity at 100 leaves 10.

    R-SIZE-04, R-SIZE-10, R-SIZE-18.
    """
    assert bought("100 100 100 100 L a=2", plan=RISK) == 16_666
    assert bought("100 100 100 100 L a=2", plan=RISK, limits={"position_cap": 0.1}) == 10_000


def test_a_size_03_atr_of_two_percent_scales_by_1_over_1_2() -> None:
    """R-SIZE-09."""
    assert bought("100 100 100 100 L a=2", plan=RISK, limits={"scale_atr": 10.0}) == 13_888


def test_a_size_04_all_in_is_cut_by_the_position_cap() -> None:
    """R-SIZE-11."""
    plan = {"size_mode": Size.ALL_IN, "size_value": 0.95}
    assert bought("100 100 100 100 L", plan=plan) == 95_000
    assert bought("100 100 100 100 L", plan=plan, limits={"position_cap": 0.5}) == 50_000


def test_a_size_05_no_edge_means_no_kelly_size() -> None:
    """The strategy's record gives a fraction of 0: nothing is bought."""
    plan = {"size_mode": Size.KELLY, "size_value": 0.0}
    run = simulate(one_symbol(["100 100 100 100 L", *FLAT], plan=plan), CASH)
    assert refused(run) == [(0, "SIZE_ZERO")]
    assert bought("100 100 100 100 L", plan=plan | {"size_value": 0.05}) == 5_000


def test_a_size_06_a_plan_whose_last_part_is_too_small_is_simplified() -> None:
    """10 % of 0.1 at 104 would leave an order of 1.04: the second take takes everything.

    R-SIZE-19.
    """
    plan = {
        "size_value": 0.1, "take_count": 2, "take_kind": [Level.PERCENT, Level.PERCENT],
        "take_value": [0.02, 0.04], "take_fraction": [0.5, 0.4],
    }  # fmt: skip
    bars = ["100 100 100 100 L", "100 102.01 100 102", "102 104.01 102 104", "104 104 104 104"]
    run = simulate(one_symbol(bars, plan=plan, spec={"min_notional": 4.0}), CASH)
    assert filled(run)[1:] == [(1, "TAKE_1", 102.0, 50), (2, "TAKE_2", 104.0, 50)]


@pytest.mark.parametrize(
    ("plan", "lots"),
    [
        ({"size_mode": Size.FIXED_NOTIONAL, "size_value": 0.1}, 10_000),
        ({"size_mode": Size.FIXED_QTY, "size_value": 2.5}, 2_500),
        # 1 % a day of a 2 % a day market: half of equity.
        ({"size_mode": Size.VOLATILITY_TARGET, "size_value": 0.01}, 50_000),
    ],
)
def test_the_other_modes(plan: dict[str, Any], lots: int) -> None:
    """R-SIZE-06, R-SIZE-07."""
    assert bought("100 100 100 100 L g=0.02", plan=plan) == lots


@pytest.mark.parametrize(
    ("row", "plan", "limits", "lots"),
    [
        # Confidence: 0.5 + 0.5 x (0.85 - 0.7) / 0.3 = 0.75
        (
            "c=0.85",
            {"use_confidence": 1},
            {"confidence": 0.7, "scale_confidence": 1},
            12_500,
        ),
        # The bar's own floor instead: 0.5 + 0.5 x (0.85 - 0.8) / 0.2 = 0.625
        (
            "c=0.85 f=0.8",
            {"use_confidence": 1},
            {"confidence": 0.7, "scale_confidence": 1},
            10_416,
        ),
        ("z=1.5", {"use_volatility": 1}, {"scale_volatility": 0.5}, 8_333),
        ("z=0.5", {"use_volatility": 1}, {"scale_volatility": 0.5}, 16_666),
    ],
)
def test_scales(row: str, plan: dict[str, Any], limits: dict[str, Any], lots: int) -> None:
    """R-SIZE-13, R-RISK-25."""
    assert bought(f"100 100 100 100 L a=2 {row}", plan=RISK | plan, limits=limits) == lots


def test_drawdown_and_losing_streak_scale_down() -> None:
    """A loss of 60.00 from 10,000: drawdown 0.6 % of an allowed 1.2 %: half; one loss: half again.

    9,940 x 1 % / 6 = 16.566; x 0.5 x 0.5 = 4.1416.

    R-SIZE-14.
    """
    bars = ["100 100 100 100 L a=2", "100 100 94 94 ", "94 94 94 94", "100 100 100 100 L a=2",
            *FLAT]  # fmt: skip
    limits = {"drawdown_kill": 0.012, "scale_drawdown": 1, "scale_streak": 0.5}
    plan = RISK | {"size_mode": Size.FIXED_QTY, "size_value": 10.0}
    first = simulate(one_symbol(bars, plan=plan, limits=limits), CASH)
    assert first.trades[0].pnl == -60.0
    assert first.fills[2].lots == 2_500  # 10 x 0.5 x 0.5
    risk = simulate(one_symbol(bars, plan=RISK | {"size_value": 0.006}, limits=limits), CASH)
    assert risk.fills[0].lots == 10_000  # 60 / 6
    assert risk.fills[2].lots == 2_485  # 9,940 x 0.006 / 6 = 9.94; a quarter of it


@pytest.mark.parametrize(
    ("exit_at", "days", "lots"),
    #  10,000, then 9,940: under its mean of 9,970. 10,060 is above 10,030. One day: it is its mean
    [(94, 2, 5_000), (106, 2, 10_000), (94, 1, 10_000), (94, 3, 10_000), (94, 0, 10_000)],
)
def test_equity_below_its_own_mean_halves_the_size(exit_at: int, days: int, lots: int) -> None:
    """R-SIZE-15: the mean of the last daily closes; fewer of them than asked for say nothing."""
    low, high = min(exit_at, 100), max(exit_at, 100)
    bars = ["100 100 100 100"] * 24
    bars += ["100 100 100 100 L", "100 100 100 100", f"100 {high} {low} {exit_at} l"]
    flat = f"{exit_at} {exit_at} {exit_at} {exit_at}"
    bars += [flat] * 22 + [f"{flat} L", flat, flat]
    plan = {"size_mode": Size.FIXED_QTY, "size_value": 10.0}
    run = simulate(one_symbol(bars, plan=plan, limits={"scale_equity_days": days}), CASH)
    assert run.fills.lots.tolist() == [10_000, 10_000, lots]


@pytest.mark.parametrize(
    ("limits", "extra", "lots"),
    [
        ({"position_risk": 0.005}, {}, 8_333),  # 50 / 6
        ({"total_risk": 0.004}, {}, 6_666),  # 40 / 6
        ({"volume_share": 0.01}, {"row": "d=50000"}, 5_000),  # 500 / 100
        ({"leverage": 0.05}, {}, 5_000),  # 500 / 100
    ],
)
def test_caps(limits: dict[str, Any], extra: dict[str, Any], lots: int) -> None:
    """S-08: among them the share of what trades in a bar, which falls as the market dries up."""
    row = f"100 100 100 100 L a=2 {extra.get('row', '')}"
    assert bought(row, plan=RISK, limits=limits) == lots


def test_cash_is_a_cap_and_pays_the_fees_too() -> None:
    """10,000 / (100 x (1 + 0.1 % + 0.05 %)) = 99.850 units; the fill needs less."""
    plan = {"size_mode": Size.ALL_IN, "size_value": 2.0}
    spec = {"taker": 0.001, "slip_fraction": 0.0005}
    run = simulate(one_symbol(["100 100 100 100 L", *FLAT], plan=plan, spec=spec), CASH)
    assert filled(run) == [(1, "ENTRY", 100.05, 99_850)]


def test_the_quantity_shrinks_to_what_cash_buys_after_a_gap() -> None:
    """Sized at 100: 95 units. At 120: 10,000 / (120 x 1.001) = 83.250."""
    plan = {"size_mode": Size.ALL_IN, "size_value": 0.95}
    bars = ["100 100 100 100 L", "120 120 120 120", "120 120 120 120"]
    run = simulate(one_symbol(bars, plan=plan, spec={"taker": 0.001}), CASH)
    assert filled(run) == [(1, "ENTRY", 120.0, 83_250)]
    assert run.account.cash >= 0.0


def test_sizing_reads_the_close_of_the_decision_and_never_the_fill() -> None:
    """A-BT-03: the same 16.666 units whatever the next open is."""
    for next_open in (90, 100, 110):
        bars = ["100 100 100 100 L a=2", f"{next_open} {next_open} {next_open} {next_open}"]
        run = simulate(one_symbol(bars, plan=RISK), CASH)
        assert run.fills[0].lots == 16_666


def test_size_in_quote_spends_the_decided_amount_at_the_fill() -> None:
    plan = {"size_mode": Size.FIXED_NOTIONAL, "size_value": 0.1, "size_in_quote": 1}
    bars = ["100 100 100 100 L", "80 80 80 80", "80 80 80 80"]
    run = simulate(one_symbol(bars, plan=plan), CASH)
    assert filled(run) == [(1, "ENTRY", 80.0, 12_500)]


def test_candidates_are_ranked_by_confidence_then_by_order() -> None:
    """R-GATE-34: two slots for three signals; 0.9 first, then the first of the two with 0.7."""
    legs = [Leg([f"100 100 100 100 L c={c}", *FLAT]) for c in (0.7, 0.7, 0.9)]
    run = simulate(of_legs(legs, limits={"positions": 2}), CASH)
    assert run.fills.symbol.tolist() == [0, 2]
    assert [(int(r.symbol), reason) for r, (_, reason) in zip(run.refused, refused(run), strict=True)] == [(1, "MAX_POSITIONS")]  # fmt: skip # noqa: E501


def test_each_candidate_is_sized_on_what_the_earlier_ones_left() -> None:
    """R-GATE-26: 60 % for the first; the second wants 60 % and finds 40 % less reserved fees.

    Reserved: 60 x 100 x 1.001 = 6,006; free 3,994 / (100 x 1.001) = 39.900.
    """
    plan = {"size_mode": Size.FIXED_NOTIONAL, "size_value": 0.6}
    spec = {"taker": 0.001}
    legs = [Leg(["100 100 100 100 L", *FLAT], plan, spec) for _ in range(2)]
    run = simulate(of_legs(legs), CASH)
    assert run.fills.lots.tolist() == [60_000, 39_900]
    assert run.account.cash == pytest.approx(CASH - 99.9 * 100 * 1.001)


def test_a_queued_entry_counts_in_total_risk() -> None:
    """6 % for all, 4 % each: the second gets what 666.666 units at risk of 6.00 leave of 6,000."""
    plan = RISK | {"size_value": 0.04, "leverage": 5.0, "entry_limit_atr": 5.0, "entry_ttl_bars": 9}
    legs = [Leg(["100 100 100 100 L a=2", *FLAT], plan, {"perpetual": 1}) for _ in range(3)]
    run = simulate(of_legs(legs, limits={"total_risk": 0.06}), 10 * CASH)
    assert run.positions.in_lots.tolist() == [0, 0, 0]  # none filled, all expired at the end
    assert refused(run) == [(6, "TOTAL_RISK"), (0, "LAST_BAR"), (3, "LAST_BAR")]
    reserved = [p.in_value for p in run.positions[:2]]
    assert reserved == pytest.approx([66_666.6, 33_333.4])  # 4,000 / 6 and 2,000.004 / 6 units


def test_a_cluster_has_a_risk_of_its_own() -> None:
    """Symbols 0 and 1 share cluster 7, symbol 2 does not.

    4,000 / 6 = 666.666 units; (5,000 - 3,999.996) / 6 = 166.667; 666.666 again.
    """
    plan = RISK | {"size_value": 0.04, "leverage": 5.0}
    legs = [
        Leg(["100 100 100 100 L a=2", *FLAT], plan, {"perpetual": 1, "cluster": cluster})
        for cluster in (7, 7, 8)
    ]
    run = simulate(of_legs(legs, limits={"cluster_risk": 0.05}), 10 * CASH)
    assert run.fills.lots.tolist() == [666_666, 166_667, 666_666]


@pytest.mark.parametrize(("second", "entries"), [(0.01, 2), (0.05, 1)])
def test_a_sector_has_an_exposure_of_its_own(second: float, entries: int) -> None:
    """A-RISK-09, R-RISK-11: 29 % of equity + 5 % are refused at 30 %, + 1 % are not.

    Short positions count as long ones do; a symbol of no sector, or of another, is not counted.
    """
    row = "100 100 100 100 {} a=2"
    plan = {"size_mode": int(Size.FIXED_NOTIONAL), "leverage": 5.0}
    legs = [
        Leg([row.format(side), *FLAT], plan | {"size_value": part}, rules | {"perpetual": 1})
        for side, part, rules in (
            ("L", 0.29, {"cluster": 3}), ("S", second, {"cluster": 3}),
            ("L", 0.5, {"cluster": 4}), ("L", 0.5, {}), ("L", 0.5, {}),
        )
    ]  # fmt: skip
    run = simulate(of_legs(legs, limits={"sector_share": 0.3}), 10 * CASH)
    others = [(6, "SECTOR_SHARE")]  # half of equity in one position of sector 4
    mine = [] if entries == 2 else [(3, "SECTOR_SHARE")]
    assert [one for one in refused(run) if one[1] == "SECTOR_SHARE"] == mine + others
    assert len(run.fills) == entries + 2
    if mine:
        (first, *_) = run.refused
        assert (first.measured, first.limit) == pytest.approx((0.34, 0.3))


def test_symbols_that_move_together_share_the_cluster_risk() -> None:
    """R: returns of 0 and 1 are equal, those of 2 opposite; short of bars means together."""
    up_down = [100, 102, 101, 103, 102, 104]
    against = [100, 98, 99, 97, 98, 96]
    plan = RISK | {"size_value": 0.04, "leverage": 5.0}
    legs = []
    for closes in (up_down, up_down, against):
        rows = [f"{c} {c} {c} {c} a=2" for c in closes[:-1]]
        rows += [f"{closes[-1]} {closes[-1]} {closes[-1]} {closes[-1]} L a=2", *FLAT]
        legs.append(Leg(rows, plan, {"perpetual": 1}))
    limits = {"cluster_risk": 0.05, "correlation": 0.5, "correlation_bars": 4}
    run = simulate(of_legs(legs, limits=limits), 10 * CASH)
    assert run.fills.lots.tolist() == [666_666, 166_667, 666_666]
    run = simulate(of_legs(legs, limits=limits | {"correlation_bars": 20}), 10 * CASH)
    assert run.fills.lots.tolist() == [666_666, 166_667]  # 5 % are used up
    assert refused(run) == [(16 + 5, "CLUSTER_RISK")]
