"""Sizing: how many lots an accepted signal buys (SEMANTICS 5).

quantity of the mode -> scaled down -> whole lots, down -> the smallest cap -> the venue's minima.
Everything is known at the decision, the close of bar i; the fill price is never used. A quantity
that is cut to nothing is refused with the reason of the cap that cut it, and with what the wanted
quantity would have come to, in the unit of that cap.
"""

from __future__ import annotations

import math
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
NO_CAP = math.inf
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


class Factors(NamedTuple):
    """The reductions of a size, each in (0, 1]; 1 where it is off."""

    confidence: float
    volatility: float
    atr: float
    drawdown: float
    streak: float
    equity: float


@jit_pasted
def factors(acct: Row, plan: Row, lim: Row, x: Snapshot) -> Factors:
    """Return every reduction of the size."""
    confidence = volatility = atr = fallen = streak = weak = 1.0
    if plan.use_confidence and lim.scale_confidence and x.floor < 1.0:
        above = (x.confidence - x.floor) / (1.0 - x.floor)
        confidence = 0.5 + 0.5 * min(max(above, 0.0), 1.0)
    if plan.use_volatility and lim.scale_volatility > 0.0 and x.z > VOLATILITY_HIGH_Z:
        volatility = lim.scale_volatility
    if lim.scale_atr > 0.0 and x.atr > 0.0:
        atr = 1.0 / (1.0 + lim.scale_atr * x.atr / x.close)
    if lim.scale_drawdown and lim.drawdown_kill > 0.0:
        drawdown = 1.0 - acct.equity / acct.peak
        fallen = max(SCALE_FLOOR_DRAWDOWN, 1.0 - drawdown / lim.drawdown_kill)
    if lim.scale_streak > 0.0:
        streak = max(SCALE_FLOOR_STREAK, lim.scale_streak**acct.losses_in_row)
    if lim.scale_equity_days > 0 and x.equity_weak:
        weak = SCALE_EQUITY_WEAK
    return Factors(confidence, volatility, atr, fallen, streak, weak)


@jit_pasted
def scale(acct: Row, plan: Row, lim: Row, x: Snapshot) -> float:
    """Return the product of the reductions, in (0, 1]."""
    f = factors(acct, plan, lim, x)
    return f.confidence * f.volatility * f.atr * f.drawdown * f.streak * f.equity


@jit_pasted
def unit_cost(spec: Row, plan: Row, fee: float, slip: float) -> float:
    """Return the cash that one quote unit of notional takes: margin or price, fee and slippage."""
    return (1.0 / plan.leverage if spec.perpetual else 1.0) + fee + slip


class Caps(NamedTuple):
    """The largest quantity each cap allows, base units; `NO_CAP` where it is off.

    In the order in which the first of equals binds.
    """

    position: float
    position_risk: float
    total_risk: float
    cluster: float
    volume: float
    leverage: float
    cash: float


@jit_pasted
def caps(acct: Row, spec: Row, plan: Row, lim: Row, x: Snapshot) -> Caps:
    """Return what every cap allows. Those on risk ask what the stop costs: without one, nothing."""
    position = risk = total = cluster = volume = leverage = NO_CAP
    equity = acct.equity
    if lim.position_cap > 0.0:
        position = equity * (lim.position_cap * x.thin) / x.close
    if x.away > 0.0:
        if lim.position_risk > 0.0:
            risk = equity * lim.position_risk / x.away
        if lim.total_risk > 0.0:
            total = (equity * lim.total_risk - x.open_risk) / x.away
        if lim.cluster_risk > 0.0 and x.cluster_risk >= 0.0:
            cluster = (equity * lim.cluster_risk - x.cluster_risk) / x.away
    if lim.volume_share > 0.0 and x.quote_volume > 0.0:
        volume = x.quote_volume * (lim.volume_share * x.thin) / x.close
    if lim.leverage > 0.0:
        leverage = (equity * lim.leverage - x.gross) / x.close
    cash = x.free / (x.close * unit_cost(spec, plan, x.fee, x.slip))
    return Caps(position, risk, total, cluster, volume, leverage, cash)


@jit_pasted
def binding(c: Caps) -> tuple[float, int]:
    """Return (the smallest cap, the reason of a refusal by it)."""
    best, reason = c.position, _POSITION_CAP
    if c.position_risk < best:
        best, reason = c.position_risk, _POSITION_RISK
    if c.total_risk < best:
        best, reason = c.total_risk, _TOTAL_RISK
    if c.cluster < best:
        best, reason = c.cluster, _CLUSTER
    if c.volume < best:
        best, reason = c.volume, _LIQUIDITY
    if c.leverage < best:
        best, reason = c.leverage, _LEVERAGE
    if c.cash < best:
        best, reason = c.cash, _NO_CASH
    return best, reason


@jit_inner
def limit_of(lim: Row, x: Snapshot, reason: int) -> float:
    """Return the limit of a cap, in its own unit."""
    if reason == _POSITION_CAP:
        return lim.position_cap * x.thin
    if reason == _POSITION_RISK:
        return lim.position_risk
    if reason == _TOTAL_RISK:
        return lim.total_risk
    if reason == _CLUSTER:
        return lim.cluster_risk
    if reason == _LIQUIDITY:
        return lim.volume_share * x.thin
    if reason == _LEVERAGE:
        return lim.leverage
    return x.free


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
    cap, reason = binding(caps(acct, spec, plan, lim, x))
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
        measured = measured_at(acct, spec, plan, x, wanted, reason)
        return 0, reason, measured, limit_of(lim, x, reason)
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


@jit_inner
def explain_size(row: Row, acct: Row, spec: Row, plan: Row, lim: Row, x: Snapshot) -> None:
    """Write what a size was made of: its inputs, every factor, every cap (R-SIZE-22)."""
    row.equity, row.peak, row.losses_in_row = acct.equity, acct.peak, acct.losses_in_row
    row.close, row.atr, row.away = x.close, x.atr, x.away
    row.confidence, row.floor, row.z, row.sigma = x.confidence, x.floor, x.z, x.sigma
    row.quote_volume, row.free, row.slip, row.fee = x.quote_volume, x.free, x.slip, x.fee
    row.open_risk, row.cluster_risk, row.gross = x.open_risk, x.cluster_risk, x.gross
    row.thin = x.thin
    row.wanted = mode_qty(plan, acct.equity, x)
    f = factors(acct, plan, lim, x)
    row.by_confidence, row.by_volatility, row.by_atr = f.confidence, f.volatility, f.atr
    row.by_drawdown, row.by_streak, row.by_equity = f.drawdown, f.streak, f.equity
    c = caps(acct, spec, plan, lim, x)
    row.cap_position, row.cap_position_risk = c.position, c.position_risk
    row.cap_total_risk, row.cap_cluster, row.cap_volume = c.total_risk, c.cluster, c.volume
    row.cap_leverage, row.cap_cash = c.leverage, c.cash
    most, reason = binding(c)
    row.cap = reason if most < row.wanted * scale(acct, plan, lim, x) else 0
