"""Sizing: how many lots an accepted signal buys (SEMANTICS 5).

quantity of the mode -> scaled down -> whole lots, down -> the smallest cap -> the venue's minima.
Everything is known at the decision, the close of bar i; the fill price is never used. A quantity
that is cut to nothing is refused with the reason of the cap that cut it, and with what the wanted
quantity would have come to, in the unit of that cap.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ballast.core.jit import jit_inner, jit_pasted
from ballast.core.reasons import Refusal
from ballast.core.records import Size
from ballast.core.ticks import steps_floor

Row = Any

SCALE_FLOOR_DRAWDOWN = 0.2  # R-SIZE-12
SCALE_FLOOR_STREAK = 0.25
SCALE_EQUITY_WEAK = 0.5  # R-SIZE-15
VOLATILITY_HIGH_Z = 1.0  # U-14: above it size is reduced
ENTRY_MIN_MULTIPLE = 1.02  # an entry must be more than a residual (SEMANTICS 3)

_RISK = int(Size.RISK)
_NOTIONAL = int(Size.FIXED_NOTIONAL)
_VOLATILITY = int(Size.VOLATILITY_TARGET)
_QTY = int(Size.FIXED_QTY)
_SIZE_ZERO = int(Refusal.SIZE_ZERO)
_POSITION_CAP = int(Refusal.POSITION_CAP)
_POSITION_RISK = int(Refusal.POSITION_RISK)
_TOTAL_RISK = int(Refusal.TOTAL_RISK)
_CLUSTER = int(Refusal.CLUSTER_RISK)
_LIQUIDITY = int(Refusal.LIQUIDITY)
_LEVERAGE = int(Refusal.LEVERAGE)
_NO_CASH = int(Refusal.NO_CASH)
_MIN_QTY = int(Refusal.MIN_QTY)
_MIN_NOTIONAL = int(Refusal.MIN_NOTIONAL)


class Snapshot(NamedTuple):
    """What sizing reads, all of it known at the close of the deciding bar."""

    close: float
    atr: float
    away: float  # stop distance, 0 without a stop
    confidence: float
    floor: float  # least confidence of an entry
    z: float  # volatility z-score
    sigma: float  # daily standard deviation of log returns; 0 where unknown
    quote_volume: float  # mean quote volume of a bar, over 20 bars; 0 where unknown
    free: float  # quote units not bound by margins or queued entries
    slip: float  # estimated slippage fraction
    fee: float  # taker fee fraction
    open_risk: float  # quote units lost if every stop were hit at its level
    cluster_risk: float  # the part of it on the same side and correlated; < 0: no such position
    gross: float  # notional of open and queued positions
    equity_weak: int  # 1: equity is below its own average
    thin: float = 1.0  # factor on what a market may take of the account, where its volume collapsed


@jit_pasted
def mode_qty(plan: Row, equity: float, x: Snapshot) -> float:
    """Return base units by the sizing mode, before scaling."""
    if plan.size_mode == _RISK:
        return equity * plan.size_value / x.away if x.away > 0.0 else 0.0
    if plan.size_mode == _VOLATILITY:
        return equity * plan.size_value / x.sigma / x.close if x.sigma > 0.0 else 0.0
    if plan.size_mode == _QTY:
        return plan.size_value
    return equity * plan.size_value / x.close


@jit_pasted
def scale(acct: Row, plan: Row, lim: Row, x: Snapshot) -> float:
    """Return the product of the reductions, in (0, 1]."""
    factor = 1.0
    if plan.use_confidence and lim.scale_confidence and x.floor < 1.0:
        above = (x.confidence - x.floor) / (1.0 - x.floor)
        factor *= 0.5 + 0.5 * min(max(above, 0.0), 1.0)
    if plan.use_volatility and lim.scale_volatility > 0.0 and x.z > VOLATILITY_HIGH_Z:
        factor *= lim.scale_volatility
    if lim.scale_atr > 0.0 and x.atr > 0.0:
        factor *= 1.0 / (1.0 + lim.scale_atr * x.atr / x.close)
    if lim.scale_drawdown and lim.drawdown_kill > 0.0:
        drawdown = 1.0 - acct.equity / acct.peak
        factor *= max(SCALE_FLOOR_DRAWDOWN, 1.0 - drawdown / lim.drawdown_kill)
    if lim.scale_streak > 0.0:
        factor *= max(SCALE_FLOOR_STREAK, lim.scale_streak**acct.losses_in_row)
    if lim.scale_equity_days > 0 and x.equity_weak:
        factor *= SCALE_EQUITY_WEAK
    return factor


@jit_pasted
def unit_cost(spec: Row, plan: Row, fee: float, slip: float) -> float:
    """Return the cash that one quote unit of notional takes: margin or price, fee and slippage."""
    return (1.0 / plan.leverage if spec.perpetual else 1.0) + fee + slip


@jit_pasted
def cap_notionals(
    acct: Row, spec: Row, plan: Row, lim: Row, x: Snapshot
) -> tuple[float, int, float]:
    """Return (largest quantity, reason of the binding cap or 0, its limit) over all caps."""
    best = 1e300
    reason = 0
    limit = 0.0
    equity = acct.equity
    if lim.position_cap > 0.0:
        reason, limit = _POSITION_CAP, lim.position_cap * x.thin
        best = equity * limit / x.close
    if x.away > 0.0 and lim.position_risk > 0.0:
        qty = equity * lim.position_risk / x.away
        if qty < best:
            best, reason, limit = qty, _POSITION_RISK, lim.position_risk
    if x.away > 0.0 and lim.total_risk > 0.0:
        qty = (equity * lim.total_risk - x.open_risk) / x.away
        if qty < best:
            best, reason, limit = qty, _TOTAL_RISK, lim.total_risk
    if x.away > 0.0 and lim.cluster_risk > 0.0 and x.cluster_risk >= 0.0:
        qty = (equity * lim.cluster_risk - x.cluster_risk) / x.away
        if qty < best:
            best, reason, limit = qty, _CLUSTER, lim.cluster_risk
    if lim.volume_share > 0.0 and x.quote_volume > 0.0:
        share = lim.volume_share * x.thin
        qty = x.quote_volume * share / x.close
        if qty < best:
            best, reason, limit = qty, _LIQUIDITY, share
    if lim.leverage > 0.0:
        qty = (equity * lim.leverage - x.gross) / x.close
        if qty < best:
            best, reason, limit = qty, _LEVERAGE, lim.leverage
    unit = x.close * unit_cost(spec, plan, x.fee, x.slip)
    if x.free / unit < best:
        best, reason, limit = x.free / unit, _NO_CASH, x.free
    return best, reason, limit


@jit_pasted
def cluster_can_bind(acct: Row, plan: Row, lim: Row, x: Snapshot) -> bool:
    """Tell whether the cap on correlated risk could cut an entry, were all open risk correlated.

    Correlations are most of the time of a run of many symbols; where the answer is no, none needs
    to be known.
    """
    if not x.away > 0.0:
        return False
    wanted = mode_qty(plan, acct.equity, x) * scale(acct, plan, lim, x)
    return not (acct.equity * lim.cluster_risk - x.open_risk) / x.away >= wanted


@jit_pasted
def size(acct: Row, spec: Row, plan: Row, lim: Row, x: Snapshot) -> tuple[int, int, float, float]:
    """Return (lots, reason or 0, measured, limit); lots is 0 exactly when there is a reason."""
    wanted = mode_qty(plan, acct.equity, x) * scale(acct, plan, lim, x)
    cap, reason, limit = cap_notionals(acct, spec, plan, lim, x)
    qty = wanted
    if cap < wanted:
        qty = max(cap, 0.0)
    else:
        reason = 0
    lots = steps_floor(qty, spec.lot_num, spec.lot_den)
    if spec.max_lots > 0 and lots > spec.max_lots:
        lots = spec.max_lots
    lot = spec.lot_num / spec.lot_den
    notional = lots * lot * x.close
    few = lots < 1 or lots < ENTRY_MIN_MULTIPLE * spec.min_lots
    if not few and notional >= spec.min_notional:
        return lots, 0, 0.0, 0.0
    if reason:
        return 0, reason, measured_at(acct, spec, plan, x, wanted, reason), limit
    if lots < 1:
        return 0, _SIZE_ZERO, wanted, lot
    if few:
        return 0, _MIN_QTY, qty, spec.min_lots * lot
    return 0, _MIN_NOTIONAL, notional, spec.min_notional


@jit_inner
def measured_at(acct: Row, spec: Row, plan: Row, x: Snapshot, qty: float, reason: int) -> float:
    """Return what an entry of `qty` base units comes to, in the unit of the cap `reason`.

    Cash for NO_CASH, a share of the bar's volume for LIQUIDITY, of equity for all others.
    """
    if reason == _NO_CASH:
        return qty * x.close * unit_cost(spec, plan, x.fee, x.slip)
    if reason == _LIQUIDITY:
        return qty * x.close / x.quote_volume
    if reason == _POSITION_CAP:
        return qty * x.close / acct.equity
    if reason == _LEVERAGE:
        return (x.gross + qty * x.close) / acct.equity
    used = 0.0
    if reason == _TOTAL_RISK:
        used = x.open_risk
    if reason == _CLUSTER:
        used = x.cluster_risk
    return (used + qty * x.away) / acct.equity
