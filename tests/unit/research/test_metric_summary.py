"""The whole summary of a run: identities, edges where numbers are undefined, remarks."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import numpy as np
import pytest
from tests.fakes.results import Deal, busy_result, make_result, steps, walk

from ballast.core.reasons import Exit, Refusal
from ballast.research.metrics import summary
from ballast.research.metrics.catalogue import METRICS, undefined
from ballast.research.metrics.curves import hold_at_closes
from ballast.research.metrics.model import Summary


def test_profit_is_closed_trades_plus_open_positions() -> None:
    """R-MET-06: the ledger, the account and the equity curve tell one story."""
    found = summary(busy_result())
    assert found.account.profit == pytest.approx(found.trades.net + found.trades.open_pnl, abs=1e-6)
    assert found.account.closed == pytest.approx(found.trades.net)
    for cut in (found.sides, found.symbols, found.tags, found.exits, found.weekdays, found.hours):
        assert sum(row.net for row in cut) == pytest.approx(found.trades.net)
        assert sum(row.count for row in cut) == found.trades.count
    grown = np.prod([1 + row.change for row in found.months])
    assert grown - 1 == pytest.approx(found.returns.total)
    assert np.prod([1 + row.change for row in found.years]) == pytest.approx(grown)


def test_no_trades_leave_none_and_no_warning() -> None:
    found = summary(make_result([]))
    assert found.trades.count == 0
    assert found.trades.win_rate is None
    assert found.trades.profit_factor is None
    assert found.returns.sharpe is None  # constant equity: not 0, and no division warning
    assert found.returns.sortino is None
    assert found.returns.calmar is None
    assert found.returns.volatility == 0.0
    assert found.returns.total == 0.0
    assert found.drawdown.max == 0.0
    assert found.significance.mean_trade is None
    assert found.remarks[0].startswith("No trade was closed")
    assert undefined(found)["returns.sharpe"] == "needs two days or more whose returns differ"


def test_one_day_has_a_return_and_no_ratios() -> None:
    found = summary(make_result([Deal(2, 20)], [walk(24)]))
    assert found.account.days == 1
    assert found.returns.total != 0.0
    assert found.returns.sharpe is None
    assert found.returns.volatility is None
    assert found.tails.skewness is None
    assert any("1 day:" in remark for remark in found.remarks)


def test_all_wins_have_no_profit_factor_but_a_reason() -> None:
    rising = steps([100 + i for i in range(60)])
    found = summary(make_result([Deal(5, 15), Deal(20, 40)], [rising]))
    assert found.trades.win_rate == 1.0
    assert found.trades.profit_factor is None
    assert undefined(found)["trades.profit_factor"] == "there is no losing trade to divide by"


def test_a_day_that_extrapolates_beyond_floats_has_no_cagr() -> None:
    jump = steps([100.0, 100_000.0])
    found = summary(make_result([Deal(0, None, lots=90_000)], [jump], fee=0.0, slippage=0.0))
    assert found.returns.cagr is None or np.isfinite(found.returns.cagr)


def test_every_none_has_a_reason_and_every_reason_a_none() -> None:
    """A reader of the JSON never meets a null without being told why."""
    for result in (make_result([]), busy_result(), make_result([Deal(2, 20)], [walk(24)])):
        found = summary(result)
        why = undefined(found)
        assert all(why.values())
        assert set(why) == {each.path for each in METRICS if each.value(found) is None}


def test_the_catalogue_names_every_number_of_the_summary() -> None:
    """R-MET-09: no figure without a label, a unit and a formula."""
    numbers = set()
    for family in fields(Summary):
        value = getattr(summary(busy_result()), family.name)
        if not is_dataclass(value):
            continue
        for leaf in fields(value):
            kind = str(leaf.type)
            if "tuple" not in kind and "Interval" not in kind and "str" not in kind:
                numbers.add(f"{family.name}.{leaf.name}")
    numbers.discard("significance.trades")  # the same number as trades.count
    assert numbers == {each.path for each in METRICS}


def test_all_numbers_are_finite() -> None:
    for each in METRICS:
        value = each.value(summary(busy_result()))
        assert value is None or np.isfinite(value), each.path


def test_buy_and_hold_is_the_bars_own_change() -> None:
    bars = walk(400, seed=9)
    found = summary(make_result([], [bars]))
    assert found.market.change == pytest.approx(bars.close[-1] / bars.close[0] - 1)


def test_buy_and_hold_of_a_late_listing_waits_in_cash() -> None:
    early, late = walk(100), walk(40, symbol="NEW", start_ms=1_672_531_200_000 + 60 * 3_600_000)
    curve = hold_at_closes(make_result([], [early, late]))
    expected = early.close[:60] / early.close[0] / 2 + 0.5
    np.testing.assert_allclose(curve[:60], expected)


def test_holding_a_perpetual_of_the_market_has_beta_one() -> None:
    bars = walk(2400, seed=3, timeframe="1h")
    lots = int(10_000 / bars.open[0] / 0.001)
    held = make_result([Deal(0, None, lots=lots)], [bars], fee=0.0, slippage=0.0)
    found = summary(held)
    assert found.market.beta == pytest.approx(1.0, abs=0.02)
    assert found.market.correlation == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(
    ("deals", "refused", "words"),
    [
        ([Deal(5, 9)], {}, "Only 1 closed trade:"),
        ([Deal(5, 9)], {Refusal.MIN_NOTIONAL: 99}, "100.0% of 99 refused entries"),
        ([Deal(5, 9, reason=Exit.LIQUIDATION)], {}, "1 position liquidated"),
        ([Deal(5, None)], {}, "1 position still open"),
    ],
)
def test_what_must_be_said_is_said_in_words(
    deals: list[Deal], refused: dict[Refusal, int], words: str
) -> None:
    """R-SIG-10 and the reject budget."""
    remarks = summary(make_result(deals, refused=refused)).remarks
    assert any(words in remark for remark in remarks), remarks


def test_a_ruined_account_and_free_trading_are_said() -> None:
    crash = steps([100.0, 100.0, 100.0, 10.0, 10.0])
    ruined = summary(make_result([Deal(1, None, lots=200_000)], [crash], fee=0.0, slippage=0.0))
    assert ruined.account.final < 0
    assert ruined.returns.cagr == -1.0
    assert ruined.remarks[0].startswith("The account was ruined")
    free = summary(make_result([Deal(5, 9)], fee=0.0, slippage=0.0))
    assert any("no real venue is free" in remark for remark in free.remarks)


def test_costs_that_take_most_of_the_profit_are_said() -> None:
    rising = steps([100 + 0.2 * i for i in range(60)])
    found = summary(make_result([Deal(5, 15)], [rising], fee=0.006, slippage=0.0))
    assert found.costs.share_of_gross is not None
    assert 0.5 < found.costs.share_of_gross < 1
    assert any("of the profit before costs" in remark for remark in found.remarks)


def test_the_annualisation_is_a_parameter() -> None:
    result = busy_result()
    a, b = summary(result), summary(result, per_year=252)
    assert a.returns.sharpe is not None
    assert b.returns.sharpe == pytest.approx(a.returns.sharpe * np.sqrt(252 / 365))
    assert b.per_year == 252
