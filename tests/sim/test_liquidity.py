"""Liquidity and correlation hold the same in a backtest and in the node (R-RISK-20, R-RISK-08)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.instrument import Kind
from ballast.core.reasons import Refusal, label
from ballast.research.synthetic import Style, synthetic_market
from ballast.strategies.catalog import load
from tests.fakes.parity import Parity
from tests.sim.test_parity import compare

if TYPE_CHECKING:
    from ballast.core.bars import Bars

NAMES = ("BTCUSDT", "ETHUSDT", "SOLUSDT")


def refused(parity: Parity, reason: Refusal) -> tuple[list[str], list[str]]:
    """Return what the loop, and the node, refused for a reason: the symbols, in order."""
    _, run = parity.loop()
    loop = [parity.bars[int(one.symbol)].symbol for one in run.refused if one.reason == reason]
    parity.node()
    told = f"kernel: {label(reason)}"
    node = [one.symbol for one in parity.judged if one.reasons and one.reasons[0].startswith(told)]
    return loop, node


def dried_up(bars: Bars) -> Bars:
    """Return a market that trades a twentieth for two days of every five."""
    quiet = np.arange(len(bars)) % 120 >= 72
    return replace(bars, volume=np.where(quiet, bars.volume / 20.0, bars.volume))


def test_a_market_that_dries_up_is_not_entered_by_backtest_and_node_alike() -> None:
    """R-RISK-20, S-08."""
    bars = [dried_up(one) for one in synthetic_market(5, NAMES, "1h", 400).bars]
    one = Parity(load("random_entry"), bars, kind=Kind.PERPETUAL, tick=Decimal("0.01"))
    fills, _ = compare(one)
    loop, node = refused(one, Refusal.LIQUIDITY_COLLAPSE)
    assert loop == node
    assert loop
    assert fills


def test_what_moves_together_is_not_held_together_by_backtest_and_node_alike() -> None:
    """R-RISK-08."""
    bars = synthetic_market(6, NAMES, "1h", 900, style=Style(correlation=0.95)).bars
    one = Parity(load("ema_cross"), bars, kind=Kind.PERPETUAL, tick=Decimal("0.01"))
    fills, _ = compare(one)
    loop, node = refused(one, Refusal.CORRELATION)
    assert loop == node
    assert loop
    assert fills
