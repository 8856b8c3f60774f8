"""The compiled engine against a second simulator written from the contract (docs/engine.md).

Fill by fill and refusal by refusal: symbol, side, reason, bar, time, price and lots exactly; cash,
fees and equity to 1e-9 of what is at stake. R-BT-07, R-BT-26, R-QA: A-BT-04, A-SIZE-07, A-STOP-09.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from tests.conftest import EXAMPLES
from tests.oracle.cases import CASH, markets
from tests.oracle.compare import differences
from tests.oracle.simulator import simulate as simulate_slowly

from ballast.core.reasons import Refusal
from ballast.kernel.run import simulate
from ballast.risk.sizing import ENTRY_MIN_MULTIPLE

if TYPE_CHECKING:
    from ballast.kernel.market import Market

IDENTITY_GAP_MAX = 1e-9
ABOVE = {
    Refusal.POSITION_CAP, Refusal.POSITION_RISK, Refusal.TOTAL_RISK, Refusal.CLUSTER_RISK,
    Refusal.LIQUIDITY, Refusal.LEVERAGE, Refusal.SLIPPAGE, Refusal.SECTOR_SHARE,
    Refusal.VOLATILITY, Refusal.CORRELATION, Refusal.VALUE_AT_RISK,
}  # fmt: skip
BELOW = {
    Refusal.SIZE_ZERO, Refusal.MIN_QTY, Refusal.MIN_NOTIONAL, Refusal.CONFIDENCE,
    Refusal.REWARD_RISK, Refusal.ENTRY_SPACING, Refusal.LIQUIDITY_COLLAPSE,
}  # fmt: skip
NEAR = 1e-9


def check(market: Market) -> None:
    """Run both simulators; once more with the books held to the equity identity at every step.

    The audited run takes every step, the other one glides over the quiet ones: both must agree.
    """
    world = simulate_slowly(market, CASH)
    assert differences(simulate(market, CASH), world, CASH) == []
    audited = simulate(market, CASH, audit=True)
    assert differences(audited, world, CASH) == []
    assert audited.identity_gap is not None
    assert audited.identity_gap < IDENTITY_GAP_MAX


@settings(max_examples=4 * EXAMPLES)
@given(markets())
def test_engine_fills_what_the_contract_says(market: Market) -> None:
    """R-SIZE-20, R-STOP-11."""
    check(market)


@settings(max_examples=EXAMPLES)
@given(markets(busy=True))
def test_engine_refuses_what_the_contract_says_with_all_limits_about(market: Market) -> None:
    """R-PORT-09."""
    check(market)


@settings(max_examples=6 * EXAMPLES)
@given(markets(calm=True))
def test_engine_glides_over_nothing_that_matters(market: Market) -> None:
    check(market)


@settings(max_examples=2 * EXAMPLES)
@given(markets(busy=True))
def test_what_was_refused_was_measured_beyond_its_limit_in_the_limits_own_unit(
    market: Market,
) -> None:
    """R-GATE-22: a value and a limit that cannot be held against each other explain nothing."""
    for row in simulate(market, CASH).refused:
        reason, ratio = Refusal(int(row.reason)), row.measured / row.limit if row.limit else None
        if reason in ABOVE and row.limit > 0.0 and ratio is not None:
            assert not ratio <= 1.0 - NEAR, (reason, row.measured, row.limit)
        elif reason in BELOW and ratio is not None:
            least = ENTRY_MIN_MULTIPLE if reason is Refusal.MIN_QTY else 1.0
            assert not ratio > least + NEAR, (reason, row.measured, row.limit)


@pytest.mark.slow
@settings(max_examples=max(5_000, EXAMPLES))
@given(markets())
def test_engine_equals_the_contract_on_five_thousand_markets(market: Market) -> None:
    check(market)
