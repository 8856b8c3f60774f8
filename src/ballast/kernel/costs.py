"""Costs: fee rate and slippage of one fill (SEMANTICS 4).

Slippage is a fraction of price, the sum of the parts that are switched on:

    fixed + half spread + k x ATR/price + Y x sigma x sqrt(notional / ADV) + book walk

`sigma` is the daily standard deviation of log returns and ADV the average quote volume of a day,
both from the last 20 bars: the square-root law of market impact (Almgren et al. 2005; Toth et al.
2011). Both are of one horizon, so the same market costs the same on bars of an hour and of a day.
Stops may cost a multiple.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ballast.core.jit import jit_inner, jit_pasted
from ballast.core.memory import f8
from ballast.core.records import FeeAsset
from ballast.core.time import DAY_MS
from ballast.kernel.tape import depth_row, fee_row

if TYPE_CHECKING:
    from ballast.kernel.tape import Row

SLIP_MAX = 0.99
"""A sell must leave a positive price; anything near this says the model was fed nonsense."""

_DAY_MS = DAY_MS
_DISCOUNT = int(FeeAsset.DISCOUNT_TOKEN)


@jit_pasted
def fee_rate(t: Row, spec: Row, p: Row, at_ms: int, maker: int) -> float:
    """Return the fee fraction in force at `at_ms`; the schedule's rows are in time order."""
    while p.fee_row + 1 < spec.fee_last and fee_row(t.fees, p.fee_row + 1).from_ms <= at_ms:
        p.fee_row += 1
    rate = spec.maker if maker else spec.taker
    if p.fee_row >= spec.fee_first:
        row = fee_row(t.fees, p.fee_row)
        rate = row.maker if maker else row.taker
    if spec.fee_asset == _DISCOUNT:
        rate *= 1.0 - spec.fee_discount
    return rate


@jit_inner
def book_slip(t: Row, first: int, last: int, notional: float) -> float:
    """Return the mean slippage of walking the ladder with `notional` quote units."""
    if notional <= 0.0 or last <= first:
        return 0.0
    left = notional
    cost = 0.0
    for k in range(first, last):
        level = depth_row(t.depth, k)
        take = min(left, level.notional)
        cost += take * level.slip
        left -= take
        if left <= 0.0:
            break
    if left > 0.0:
        cost += left * depth_row(t.depth, last - 1).slip
    return cost / notional


@jit_pasted
def slip_fraction(t: Row, spec: Row, notional: float, price: float, i: int) -> float:
    """Return the expected slippage of a market order as a fraction of `price`, at most 0.99.

    ATR, sigma and volume are those of bar `i`, and are read only where a part is switched on: a
    column costs a cache line an order.
    """
    slip = spec.slip_fraction + spec.half_spread
    if spec.slip_vol > 0.0:
        atr = f8(t.atr, i)
        if atr > 0.0:
            slip += spec.slip_vol * atr / price
    if spec.slip_impact > 0.0 and t.sigma and t.quote_volume:
        sigma = f8(t.sigma, i)
        daily_volume = f8(t.quote_volume, i) * (_DAY_MS / spec.timeframe_ms)
        if daily_volume > 0.0 and sigma > 0.0:
            slip += spec.slip_impact * sigma * math.sqrt(notional / daily_volume)
    if spec.slip_book:
        slip += book_slip(t, spec.depth_first, spec.depth_last, notional)
    return min(slip, SLIP_MAX)
