"""What a backtest answers: what is booked, and how much can be lost (A-BT, A-RISK, S)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from ballast.core.bars import Bars
from ballast.core.instrument import Instrument, Kind
from ballast.core.reasons import Exit
from ballast.core.records import Level, Size
from ballast.core.rng import stream
from ballast.core.settings import Settings
from ballast.core.time import Timeframe
from ballast.kernel.run import simulate
from ballast.research.assembly import assemble
from ballast.research.run import legs_of
from ballast.research.series import Series
from ballast.strategies.catalog import load
from tests.fakes.market import Leg, at, filled, of_legs, one_symbol
from tests.fakes.parity import bridged

CASH = 10_000.0
FLAT = "100 100 100 100"
TIERS = [(0.0, 1e12, 125.0, 0.004, 0.0)]


def test_a_bt_14_spot_and_perpetual_in_one_account_add_up() -> None:
    """Partial fills on spot, funding and a liquidation on perpetuals; every unit is accounted for.

    Spot: 20 wanted where 100 trade a bar: 10 and 10 at 100, fee 0.1 %. Perpetual one: 10 long for
    three hours, funding of 0.05 % of 1,000 at 02:00. Perpetual two: 100 ten-fold at 100, dead at
    90.36, closed at 90: its margin of 1,000 is lost, and a fee of 0.5 % of 9,000.

    R-PORT-06.
    """
    spot = Leg(
        [f"{FLAT} L v=100", *[f"{FLAT} v=100"] * 3], {"size_value": 20.0, "entry_ttl_bars": 3},
        {"taker": 0.001, "participation": 0.1},
    )  # fmt: skip
    funded = Leg(
        [f"{FLAT} L", *[FLAT] * 3], {"size_value": 10.0}, {"perpetual": 1},
        funding=[(at(2), 0.0005, 100.0)],
    )  # fmt: skip
    dead = Leg(
        [f"{FLAT} L", FLAT, "100 100 89 89", "89 89 89 89"],
        {"size_value": 100.0, "leverage": 10.0},
        {"perpetual": 1, "liquidation_fee": 0.005}, tiers=TIERS,
    )  # fmt: skip
    run = simulate(of_legs([spot, funded, dead]), CASH, audit=True)
    assert [one[3] for one in filled(run, symbol=0)] == [10_000, 10_000]
    assert run.account.funding == pytest.approx(0.5)
    assert filled(run, symbol=2)[-1][1] == "LIQUIDATION"
    lost = CASH - float(run.equity[-1])
    assert lost == pytest.approx(2.0 + 0.5 + 1_000.0 + 45.0)
    assert run.identity_gap < 1e-12


def walk(seed: int, count: int = 2_500) -> Bars:
    """Return hourly bars of a price without drift; each opens where the one before closed."""
    draw = stream(seed, "walk")
    close = 100.0 * np.exp(np.cumsum(draw.standard_t(4, count) * 0.005))
    open_ = np.concatenate([[100.0], close[:-1]])
    wick = np.exp(np.abs(draw.normal(0.0, 0.003, (2, count))))
    columns = {
        "open": open_, "close": close, "volume": np.full(count, 1e6),
        "high": np.maximum(open_, close) * wick[0], "low": np.minimum(open_, close) / wick[1],
    }  # fmt: skip
    stamps = 1_609_459_200_000 + np.arange(count) * 3_600_000
    return bridged(
        Bars.of("SIM", "BTCUSDT", Timeframe.parse("1h"), stamps, columns), Decimal("0.01")
    )


RULES = Instrument(
    "SIM", "BTCUSDT", "BTC", "USDT", Kind.SPOT, Decimal("0.01"), Decimal("0.00001"),
    min_qty=Decimal("0.00001"), min_notional=Decimal(5), max_price=Decimal(1_000_000),
)  # fmt: skip


def test_a_risk_14_no_stop_of_ten_thousand_trades_loses_more_than_one_percent_and_costs() -> None:
    """S-25: default settings on random walks: every account ends above the kill switch's level.

    Allowed for a trade: 1 % of equity at its decision, and fees and slippage of both ways.

    R-RISK-18, R-RISK-26.
    """
    strategy, settings = load("ema_cross"), Settings()
    cash = settings.engine.initial_cash
    cost = 2.0 * (settings.costs.taker + settings.costs.slip_fraction)
    trades, stops, worst = 0, 0, 0.0
    for seed in range(2_000):
        market = assemble(legs_of(strategy, [Series(walk(seed), RULES)], None, settings))
        run = simulate(market, cash, audit=seed < 3)
        equity = np.concatenate([[cash], run.equity])
        for one in run.trades:
            trades += 1
            if Exit(one.reason) is not Exit.STOP:
                continue
            stops += 1
            before = equity[int(one.entry_bar)]  # at the close before the bar it filled in
            lots = float(one.lots) / 1e5
            allowed = 0.01 * before + cost * lots * float(one.entry) * 1.05 + 0.02 * lots
            worst = max(worst, -float(one.pnl) / allowed)
            assert -float(one.pnl) <= allowed, (seed, one)
        peak = np.maximum.accumulate(equity)
        assert float((equity / peak).min()) > 1.0 - settings.risk.drawdown_kill - 0.02, seed
        if trades >= 10_000 and stops >= 1_000:
            break
    assert trades >= 10_000
    assert stops >= 1_000
    assert worst > 0.95, "the bound is near what is lost"


@pytest.mark.parametrize(("cap", "lots"), [(0.5, 50_000), (0.1, 10_000)])
def test_s_01_the_largest_position_loses_at_the_gap_and_no_more_than_its_cap(
    cap: float, lots: int
) -> None:
    """S-01: 95 % of equity is asked for; a gap to 80 goes through the stop at 94.

    The cap holds it to 50 % (10 % in the cautious profile), and it is sold at 80, the first price
    there is: a fifth of what was in it.
    """
    plan: dict[str, Any] = {
        "size_mode": int(Size.FIXED_NOTIONAL), "size_value": 0.95, "stop_kind": int(Level.PERCENT),
        "stop_value": 0.06,
    }  # fmt: skip
    bars = [f"{FLAT} L", FLAT, "80 81 79 80"]
    run = simulate(one_symbol(bars, plan=plan, limits={"position_cap": cap}), CASH)
    assert filled(run) == [(1, "ENTRY", 100.0, lots), (2, "STOP", 80.0, lots)]
    assert run.equity[-1] == pytest.approx(CASH * (1.0 - cap * 0.2))
