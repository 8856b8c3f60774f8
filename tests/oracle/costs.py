"""Fees and slippage of docs/engine.md, "Market fills"."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ballast.core.records import FeeAsset
from ballast.core.time import DAY_MS

if TYPE_CHECKING:
    from tests.oracle.state import Bar, Symbol

SLIP_MAX = 0.99


def rates(sym: Symbol, at_ms: int) -> tuple[float, float]:
    """Return maker and taker rate in force at a time, after the discount of a fee token."""
    maker, taker = sym.spec.maker, sym.spec.taker
    for from_ms, dated_maker, dated_taker in sym.fees:
        if from_ms <= at_ms:
            maker, taker = dated_maker, dated_taker
    if sym.spec.fee_asset == FeeAsset.DISCOUNT_TOKEN:
        keep = 1.0 - sym.spec.fee_discount
        return maker * keep, taker * keep
    return maker, taker


def fee_in_base(sym: Symbol) -> bool:
    return sym.spot and sym.spec.fee_asset == FeeAsset.BASE


def cost_bar(sym: Symbol, bar: Bar) -> Bar:
    """Return the bar whose ATR, sigma and volume a fill inside `bar` may know: the one before."""
    place = bar.index - sym.spec.first
    return sym.bars[max(place - 1, 0)]


def slip(sym: Symbol, known: Bar, ideal: float, notional: float) -> float:
    """Return the fraction by which a market order of `notional` moves the price."""
    spec = sym.spec
    total = spec.slip_fraction + spec.half_spread
    if spec.slip_vol > 0 and known.atr > 0:
        total += spec.slip_vol * known.atr / ideal
    if spec.slip_impact > 0 and known.sigma > 0 and known.quote_volume > 0 and notional > 0:
        day_volume = known.quote_volume * (DAY_MS / spec.timeframe_ms)
        total += spec.slip_impact * known.sigma * math.sqrt(notional / day_volume)
    if spec.slip_book and sym.depth and notional > 0:
        total += walk(sym.depth, notional)
    return min(SLIP_MAX, total)


def walk(depth: list[tuple[float, float]], notional: float) -> float:
    """Return the mean slippage of `notional`; what the ladder lacks fills at its last rung."""
    left = notional
    paid = 0.0
    for rung_slip, rung_notional in depth:
        part = min(left, rung_notional)
        paid += part * rung_slip
        left -= part
    paid += left * depth[-1][0]
    return paid / notional


def market_price(
    sym: Symbol, bar: Bar, ideal: float, lots: int, side: int, *, stop: bool = False
) -> float:
    """Return the price of a market order of `side` that ideally fills at `ideal` inside `bar`."""
    part = slip(sym, cost_bar(sym, bar), ideal, sym.qty(lots) * ideal)
    if stop:
        part = min(SLIP_MAX, part * sym.spec.slip_stop_multiple)
    tick = sym.spec.tick_num / sym.spec.tick_den
    return max(sym.against(ideal * (1 + side * part), side), tick)
