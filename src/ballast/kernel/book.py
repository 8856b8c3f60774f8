"""Book-keeping: what a fill does to cash, position and ledger (SEMANTICS 4, 6, 7).

Spot pays and receives the notional; a perpetual settles only profit, fees and funding and locks
`notional / leverage` of the cash as margin. Equity identity, audited at every step on request:

    E - E_start = realised + unrealised - fees - funding

A trade is everything between flat and flat of one symbol; its row is written when it closes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.jit import jit_inner, jit_pasted
from ballast.core.memory import i8, set_i8
from ballast.core.reasons import Exit
from ballast.core.records import FeeAsset, Margin
from ballast.core.ticks import steps_floor
from ballast.kernel.costs import fee_rate
from ballast.kernel.tape import (
    fill_row,
    funding_row,
    position,
    refused_row,
    tier_row,
    trade_row,
)

if TYPE_CHECKING:
    from ballast.kernel.tape import Row

_BASE = int(FeeAsset.BASE)
_ENTRY = int(Exit.ENTRY)
_LIQUIDATION = int(Exit.LIQUIDATION)
_ISOLATED = int(Margin.ISOLATED)
_COOLDOWN_DOUBLINGS_MAX = 20  # 2^20 x 300 s is ten years: beyond it the product would overflow


@jit_pasted
def qty_of(spec: Row, lots: int) -> float:
    """Return base units of `lots`."""
    return lots * spec.lot_num / spec.lot_den


@jit_pasted
def record_fill(
    t: Row, acct: Row, p: Row, s: int, side: int, reason: int, maker: int, bar: int,
    at_ms: int, price: float, lots: int, fee: float, slippage: float, cash: float,
) -> None:  # fmt: skip
    """Append one row to the fills, if fills are recorded."""
    if t.fills_room:
        row = fill_row(t.fills, acct.fills)
        row.position = p.id
        row.symbol = s
        row.side = side
        row.reason = reason
        row.maker = maker
        row.bar = bar
        row.at_ms = at_ms
        row.price = price
        row.lots = lots
        row.fee = fee
        row.slippage = slippage
        row.cash = cash
    acct.fills += 1


@jit_pasted
def refuse(
    t: Row, acct: Row, s: int, side: int, reason: int, i: int, measured: float, limit: float
) -> None:
    """Count a refused entry decided on bar `i`, and keep its row if refusals are recorded."""
    set_i8(t.refusals, reason, i8(t.refusals, reason) + 1)
    if t.refused_room:
        row = refused_row(t.refused, acct.refusals)
        row.symbol = s
        row.side = side
        row.reason = reason
        row.bar = i
        row.at_ms = acct.now_ms
        row.measured = measured
        row.limit = limit
        acct.refusals += 1


@jit_inner
def drop_entry(t: Row, acct: Row, s: int, reason: int, measured: float, limit: float) -> None:
    """Cancel a queued entry; it counts as refused only if nothing of it has filled."""
    p = position(t.pos, s)
    p.in_lots = 0
    if p.lots == 0:
        refuse(t, acct, s, p.in_side, reason, p.in_bar, measured, limit)


@jit_inner
def liquidation_price(
    t: Row, spec: Row, side: int, entry: float, q: float, backing: float
) -> float:
    """Return where `backing` quote units behind `q` base units are liquidated (0: never, long).

    backing + side x (price - entry) x q = maintenance x price x q - deduction, in the bracket whose
    notional range holds that price.
    """
    maintenance = 0.0
    deduction = 0.0
    price = 0.0
    for k in range(spec.tier_first, max(spec.tier_last, spec.tier_first + 1)):
        if spec.tier_last > spec.tier_first:
            maintenance = tier_row(t.tiers, k).maintenance
            deduction = tier_row(t.tiers, k).deduction
        price = (q * entry - side * (backing + deduction)) / (q * (1.0 - side * maintenance))
        if spec.tier_last <= spec.tier_first or q * price < tier_row(t.tiers, k).cap:
            break
    return max(price, 0.0)


@jit_inner
def back_position(t: Row, spec: Row, p: Row, backing: float) -> None:
    """Set liquidation and bankruptcy price of a perpetual from what stands behind it."""
    q = qty_of(spec, p.lots)
    p.liquidation = liquidation_price(t, spec, p.side, p.entry, q, backing)
    p.bankruptcy = max(p.entry - p.side * backing / q, 0.0)


@jit_pasted
def arriving_lots(spec: Row, lots: int, rate: float) -> int:
    """Return the lots left of a purchase when its fee is taken from what was bought."""
    if spec.perpetual or spec.fee_asset != _BASE:
        return lots
    q = qty_of(spec, lots)
    return steps_floor(q - q * rate, spec.lot_num, spec.lot_den)


@jit_pasted
def open_fill(
    t: Row, acct: Row, p: Row, spec: Row, plan: Row, s: int, bar: int,
    at_ms: int, price: float, ideal: float, lots: int, maker: int,
) -> None:  # fmt: skip
    """Book an opening fill of `lots` at `price`; `ideal` is the price without slippage."""
    q = qty_of(spec, lots)
    rate = fee_rate(t, spec, p, at_ms, maker)
    received = arriving_lots(spec, lots, rate)
    book_opening(
        t, acct, p, spec, plan, s, bar, at_ms, price, ideal, lots, maker, q * price * rate,
        q * rate, received,
    )  # fmt: skip


@jit_pasted
def book_opening(
    t: Row, acct: Row, p: Row, spec: Row, plan: Row, s: int, bar: int,
    at_ms: int, price: float, ideal: float, lots: int, maker: int,
    fee: float, fee_qty: float, received: int,
) -> None:  # fmt: skip
    """Book an opening fill whose fee is known.

    `fee` is in quote units; `fee_qty` is the same in base units, taken from what was bought where
    the fee is paid in base; `received` are the whole lots that arrive.
    """
    side = p.in_side
    q = qty_of(spec, lots)
    notional = q * price
    if p.lots == 0:
        begin_trade(acct, p, side, bar, at_ms, price)
    before = acct.cash
    if spec.perpetual:
        acct.cash -= fee
    else:
        acct.cash -= notional
        if spec.fee_asset == _BASE:
            rest = q - fee_qty - qty_of(spec, received)
            p.dust += rest
            p.dust_cost += rest * price
        else:
            acct.cash -= fee
    if p.lots == 0:
        p.entry = price  # exactly: (price x lots) / lots may not be
    else:
        p.entry = (p.entry * p.lots + price * received) / (p.lots + received)
    p.lots += received
    p.lots_entered += received
    slippage = q * abs(price - ideal)
    p.fees += fee
    p.slippage += slippage
    p.fills += 1
    acct.fees += fee
    acct.slippage += slippage
    acct.turnover += notional
    p.high = max(p.high, price)
    p.low = min(p.low, price)
    if spec.perpetual:
        p.margin = qty_of(spec, p.lots) * p.entry / plan.leverage
        if plan.margin == _ISOLATED:
            back_position(t, spec, p, p.margin)
    record_fill(
        t, acct, p, s, side, _ENTRY, maker, bar, at_ms, price, lots, fee, slippage,
        acct.cash - before,
    )  # fmt: skip


@jit_pasted
def begin_trade(acct: Row, p: Row, side: int, bar: int, at_ms: int, price: float) -> None:
    """Reset the position row for a new trade; cursors, dust and cool-downs stay."""
    p.side = side
    p.id = acct.next_id
    acct.next_id += 1
    p.lots_entered = 0
    p.entry = 0.0
    p.entry_bar = bar
    p.entry_ms = at_ms
    p.decided_bar = p.in_bar
    p.atr = p.in_atr
    p.confidence = p.in_confidence
    p.stop = 0.0
    p.best = price
    p.armed = 0
    for k in range(len(p.take_done)):
        p.take_done[k] = 0
        p.take_left[k] = 0
        p.take_price[k] = 0.0
    p.high = price
    p.low = price
    p.realised = 0.0
    p.fees = 0.0
    p.slippage = 0.0
    p.funding = 0.0
    p.exit_notional = 0.0
    p.exit_lots = 0
    p.fills = 0
    p.out_lots = 0
    p.watched = 0
    p.liquidation = 0.0
    p.bankruptcy = 0.0
    p.margin = 0.0


@jit_pasted
def close_fill(
    t: Row, acct: Row, p: Row, spec: Row, plan: Row, limits: Row, s: int,
    bar: int, at_ms: int, price: float, ideal: float, lots: int, maker: int, reason: int,
) -> None:  # fmt: skip
    """Book a reducing fill; write the trade when the position is flat."""
    notional = qty_of(spec, lots) * price
    if reason == _LIQUIDATION:
        fee = notional * spec.liquidation_fee
        acct.liquidations += 1
    else:
        fee = notional * fee_rate(t, spec, p, at_ms, maker)
    book_closing(
        t, acct, p, spec, plan, limits, s, bar, at_ms, price, ideal, lots, maker, reason, fee
    )


@jit_pasted
def book_closing(
    t: Row, acct: Row, p: Row, spec: Row, plan: Row, limits: Row, s: int,
    bar: int, at_ms: int, price: float, ideal: float, lots: int, maker: int, reason: int,
    fee: float,
) -> None:  # fmt: skip
    """Book a reducing fill whose fee, in quote units, is known."""
    assert lots > 0
    assert lots <= p.lots
    side = p.side
    q = qty_of(spec, lots)
    notional = q * price
    gross = side * (price - p.entry) * q
    before = acct.cash
    acct.cash += gross - fee if spec.perpetual else notional - fee
    slippage = q * abs(price - ideal)
    p.realised += gross
    p.fees += fee
    p.slippage += slippage
    p.exit_notional += notional
    p.exit_lots += lots
    p.lots -= lots
    p.fills += 1
    acct.realised += gross
    acct.fees += fee
    acct.slippage += slippage
    acct.turnover += notional
    p.high = max(p.high, price)
    p.low = min(p.low, price)
    record_fill(
        t, acct, p, s, -side, reason, maker, bar, at_ms, price, lots, fee, slippage,
        acct.cash - before,
    )  # fmt: skip
    if p.lots == 0:
        end_trade(t, acct, p, spec, limits, s, bar, at_ms, reason)
    elif spec.perpetual:
        p.margin = qty_of(spec, p.lots) * p.entry / plan.leverage
        if plan.margin == _ISOLATED:
            back_position(t, spec, p, p.margin)


@jit_inner
def write_trade(
    t: Row, acct: Row, p: Row, s: int, bar: int, at_ms: int, reason: int, exit_price: float,
    pnl: float,
) -> None:  # fmt: skip
    """Write the trade row of a position that has just closed, or that the run's end found open."""
    if t.trades_room:
        row = trade_row(t.trades, acct.trades)
        row.position = p.id
        row.symbol = s
        row.side = p.side
        row.reason = reason
        row.fills = p.fills
        row.decided_bar = p.decided_bar
        row.entry_bar = p.entry_bar
        row.exit_bar = bar
        row.entry_ms = p.entry_ms
        row.exit_ms = at_ms
        row.lots = p.lots_entered
        row.entry = p.entry
        row.exit = exit_price
        row.pnl = pnl
        row.fees = p.fees
        row.slippage = p.slippage
        row.funding = p.funding
        worst = p.low if p.side > 0 else p.high
        best = p.high if p.side > 0 else p.low
        row.mae = p.side * (worst - p.entry) / p.entry
        row.mfe = p.side * (best - p.entry) / p.entry
        row.risk_cash = p.risk_cash
        row.r = pnl / p.risk_cash if p.risk_cash > 0.0 else 0.0
        row.confidence = p.confidence
        row.signal_price = p.signal_price
    acct.trades += 1


@jit_pasted
def end_trade(
    t: Row, acct: Row, p: Row, spec: Row, limits: Row, s: int, bar: int, at_ms: int,
    reason: int,
) -> None:  # fmt: skip
    """Close the ledger of a trade: statistics, loss streak and cool-downs (SEMANTICS 6)."""
    pnl = p.realised - p.fees - p.funding
    exit_price = p.exit_notional / qty_of(spec, p.exit_lots)
    write_trade(t, acct, p, s, bar, at_ms, reason, exit_price, pnl)
    if p.risk_cash > 0.0:
        acct.sum_r += pnl / p.risk_cash
    if pnl < 0.0:
        acct.losses += 1
        acct.gross_loss -= pnl
        acct.losses_in_row += 1
        acct.losing_run += 1
        acct.worst_streak = max(acct.worst_streak, acct.losing_run)
        doublings = min(acct.losses_in_row - 1, _COOLDOWN_DOUBLINGS_MAX)
        p.cooldown_until_ms = at_ms + limits.loss_cooldown_ms * (1 << doublings)
        if limits.loss_streak > 0 and acct.losses_in_row >= limits.loss_streak:
            acct.blocked_until_ms = at_ms + limits.streak_cooldown_ms
            acct.losses_in_row = 0
    else:
        acct.wins += 1 if pnl > 0.0 else 0
        acct.gross_win += pnl
        acct.losses_in_row = 0
        acct.losing_run = 0
    p.side = 0
    p.margin = 0.0
    p.in_lots = 0  # the rest of its entry must not open it again
    p.out_lots = 0
    p.stop = 0.0
    p.liquidation = 0.0


@jit_inner
def pay_funding(t: Row, acct: Row, p: Row, spec: Row, until_ms: int, including: int) -> None:
    """Pay every funding whose time is before `until_ms` (or at it, if `including`)."""
    while p.fund_row < spec.fund_last:
        row = funding_row(t.funding, p.fund_row)
        if row.at_ms > until_ms or (row.at_ms == until_ms and not including):
            return
        paid = p.side * qty_of(spec, p.lots) * row.mark * row.rate
        acct.cash -= paid
        acct.funding += paid
        p.funding += paid
        p.fund_row += 1


@jit_inner
def skip_funding(t: Row, p: Row, spec: Row, until_ms: int) -> None:
    """Move the cursor past fundings at or before `until_ms`, which no position of ours met."""
    while p.fund_row < spec.fund_last and funding_row(t.funding, p.fund_row).at_ms <= until_ms:
        p.fund_row += 1
