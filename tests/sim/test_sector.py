"""Sectors hold the same in a backtest and in the node: one predicate, two drivers (R-RISK-11)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from ballast.core.instrument import Kind
from ballast.core.reasons import Refusal
from ballast.research.synthetic import synthetic_market
from ballast.strategies.catalog import load
from tests.fakes.parity import Parity, settings_for
from tests.sim.test_parity import compare

NAMES = ("BTCUSDT", "ETHUSDT", "SOLUSDT")


def parity_of(sector: str) -> Parity:
    bars = synthetic_market(5, NAMES, "1h", 400).bars
    settings = settings_for(bars, Decimal("0.01"))
    its = replace(settings, sizing=replace(settings.sizing, sector=sector))
    return Parity(load("ema_cross"), bars, kind=Kind.PERPETUAL, settings=its)


def refused(parity: Parity) -> tuple[list[str], list[str]]:
    """Return the symbols that the loop, and the node, refused for their sector, in order."""
    _, run = parity.loop()
    loop = [
        parity.bars[int(one.symbol)].symbol
        for one in run.refused
        if one.reason == Refusal.SECTOR_SHARE
    ]
    parity.node()
    node = [
        one.symbol
        for one in parity.judged
        if one.reasons and one.reasons[0].startswith("kernel: sector_share")
    ]
    return loop, node


def test_a_sector_is_held_to_its_share_by_backtest_and_node_alike() -> None:
    one = parity_of("layer1")
    compare(one)
    loop, node = refused(one)
    assert loop == node
    assert len(set(loop)) > 1, "more than one symbol was kept out"


def test_symbols_of_no_sector_are_not_held_together() -> None:
    loop, node = refused(parity_of(""))
    assert loop == node == []
