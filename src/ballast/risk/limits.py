"""Limits: may an entry be made at all? One table, checked in one order, one reason each.

| rule | input | limit | reason |
| --- | --- | --- | --- |
| side | plan, instrument | spot cannot be sold short | SIDE_NOT_ALLOWED, SPOT_CANNOT_SHORT |
| kill switch | latched flag | - | KILL_SWITCH |
| daily loss | latched for the UTC day | `daily_loss` | DAILY_LOSS |
| rolling loss | equity vs best daily equity | `rolling_drawdown` | ROLLING_DRAWDOWN |
| loss streak | losing trades in a row | `loss_streak`, pause | LOSS_STREAK |
| cool-down | after a loss, per symbol, doubling | `loss_cooldown_ms` | LOSS_COOLDOWN |
| spacing | since the symbol's last entry | `entry_spacing_ms` | ENTRY_SPACING |
| caps | entries in 1 h, 24 h | `entries_hour`, `entries_day` | HOURLY_CAP, DAILY_CAP |
| slots | open and queued positions | `positions` | MAX_POSITIONS |
| confidence | strategy's confidence, if it has one | `confidence` | CONFIDENCE |
| volatility | z-score, if the strategy has one | `volatility_block` | VOLATILITY |
| stop | distance at the decision | must exist and be positive | NO_STOP, BAD_STOP |
| reward:risk | target and stop, net of costs | `reward_risk` | REWARD_RISK |
| liquidity | quote volume over its norm | `liquidity_block` | LIQUIDITY_COLLAPSE |

Exits never come here: nothing may hold up an exit (R-GATE-31). Requirements: R-GATE-02, 06 to 08,
10, 12, 16 to 19, R-RISK-01, 02, 15, 20. A limit of 0 is off. What is known once the size is
(slippage, correlation, sector, leverage) is checked in `kernel/entries.py`.
"""

from __future__ import annotations

import math
from typing import Any

from ballast.core.jit import jit_pasted
from ballast.core.reasons import Refusal
from ballast.core.records import RING_MAX, Level, Size
from ballast.core.time import DAY_MS, HOUR_MS

Row = Any

_HOUR_MS = HOUR_MS
_DAY_MS = DAY_MS
_SPOT_SHORT = int(Refusal.SPOT_CANNOT_SHORT)
_SIDE = int(Refusal.SIDE_NOT_ALLOWED)
_KILL = int(Refusal.KILL_SWITCH)
_DAILY_LOSS = int(Refusal.DAILY_LOSS)
_ROLLING = int(Refusal.ROLLING_DRAWDOWN)
_STREAK = int(Refusal.LOSS_STREAK)
_COOLDOWN = int(Refusal.LOSS_COOLDOWN)
_SPACING = int(Refusal.ENTRY_SPACING)
_HOURLY = int(Refusal.HOURLY_CAP)
_DAILY = int(Refusal.DAILY_CAP)
_SLOTS = int(Refusal.MAX_POSITIONS)
_CONFIDENCE = int(Refusal.CONFIDENCE)
_VOLATILITY = int(Refusal.VOLATILITY)
_NO_STOP = int(Refusal.NO_STOP)
_BAD_STOP = int(Refusal.BAD_STOP)
_REWARD = int(Refusal.REWARD_RISK)
_COLLAPSE = int(Refusal.LIQUIDITY_COLLAPSE)
_ATR = int(Level.ATR)
_PERCENT = int(Level.PERCENT)
_R = int(Level.R)
_RISK_MODE = int(Size.RISK)

WHOLE = 0.999999
"""Takes that add up to this share close the position: they are its target."""


@jit_pasted
def entries_since(acct: Row, after_ms: int) -> int:
    """Count accepted entries decided after `after_ms`, from the ring of the last ones."""
    count = 0
    for k in range(min(acct.ring_at, RING_MAX)):
        if acct.ring[k] > after_ms:
            count += 1
    return count


@jit_pasted
def remember_entry(acct: Row, p: Row, now_ms: int) -> None:
    """Count an accepted entry against spacing and caps."""
    acct.ring[acct.ring_at % RING_MAX] = now_ms
    acct.ring_at += 1
    p.last_entry_ms = now_ms


@jit_pasted
def refuse_account(
    acct: Row, lim: Row, now_ms: int, open_count: int, rolling_best: float
) -> tuple[int, float, float]:
    """Check the rules that depend on the account only; return (reason or 0, measured, limit)."""
    if acct.killed:
        return _KILL, 1.0 - acct.equity / acct.peak, lim.drawdown_kill
    if acct.day_blocked:
        return _DAILY_LOSS, 1.0 - acct.equity / acct.day_open, lim.daily_loss
    fallen = acct.equity - rolling_best
    if lim.rolling_drawdown > 0.0 and fallen <= -lim.rolling_drawdown * rolling_best:
        return _ROLLING, -fallen / rolling_best, lim.rolling_drawdown
    if now_ms < acct.blocked_until_ms:
        return _STREAK, float(acct.blocked_until_ms - now_ms), float(lim.streak_cooldown_ms)
    if lim.entries_hour > 0:
        count = entries_since(acct, now_ms - _HOUR_MS)
        if count >= lim.entries_hour:
            return _HOURLY, float(count), float(lim.entries_hour)
    if lim.entries_day > 0:
        count = entries_since(acct, now_ms - _DAY_MS)
        if count >= lim.entries_day:
            return _DAILY, float(count), float(lim.entries_day)
    if lim.positions > 0 and open_count >= lim.positions:
        return _SLOTS, float(open_count), float(lim.positions)
    return 0, 0.0, 0.0


@jit_pasted
def refuse_symbol(
    p: Row,
    spec: Row,
    plan: Row,
    lim: Row,
    side: int,
    now_ms: int,
    confidence: float,
    floor: float,
    z: float,
) -> tuple[int, float, float]:
    """Check the rules of one symbol and one signal; return (reason or 0, measured, limit)."""
    if side < 0 and not spec.perpetual:
        return _SPOT_SHORT, -1.0, 0.0
    if (side > 0 and not plan.allow_long) or (side < 0 and not plan.allow_short):
        return _SIDE, float(side), 0.0
    if now_ms < p.cooldown_until_ms:
        return _COOLDOWN, float(p.cooldown_until_ms - now_ms), float(lim.loss_cooldown_ms)
    if lim.entry_spacing_ms > 0 and p.last_entry_ms > 0:
        since = now_ms - p.last_entry_ms
        if since < lim.entry_spacing_ms:
            return _SPACING, float(since), float(lim.entry_spacing_ms)
    if plan.use_confidence and not confidence >= floor:  # a NaN is refused too
        return _CONFIDENCE, confidence, floor
    if plan.use_volatility and lim.volatility_block > 0.0 and not z <= lim.volatility_block:
        return _VOLATILITY, z, lim.volatility_block
    return 0, 0.0, 0.0


@jit_pasted
def stop_distance(plan: Row, side: int, close: float, atr: float, stop: float) -> float:
    """Return the stop's distance known at the decision; 0 without a stop, NaN if it is illegal."""
    if plan.stop_kind == 0:
        return 0.0
    if plan.stop_kind == _ATR:
        away = plan.stop_value * atr
    elif plan.stop_kind == _PERCENT:
        away = plan.stop_value * close
    else:
        away = side * (close - stop)
    return away if away > 0.0 else math.nan


@jit_pasted
def target_distance(plan: Row, close: float, atr: float, risk: float) -> float:
    """Return the distance of the strategy's own target, or of what stands in for it; 0: none.

    Takes that close the whole position are the target (weighted); partial ones are not (X-45): the
    trail's activation is assumed then.
    """
    total = 0.0
    reward = 0.0
    for k in range(plan.take_count):
        away = 0.0
        if plan.take_kind[k] == _ATR:
            away = plan.take_value[k] * atr
        elif plan.take_kind[k] == _PERCENT:
            away = plan.take_value[k] * close
        elif plan.take_kind[k] == _R:
            away = plan.take_value[k] * risk
        total += plan.take_fraction[k]
        reward += plan.take_fraction[k] * away
    if total >= WHOLE:
        return reward
    if plan.trail_kind == _ATR:
        return plan.trail_activation * atr
    if plan.trail_kind == _PERCENT:
        return plan.trail_activation * close
    return 0.0


@jit_pasted
def refuse_stop(
    plan: Row, lim: Row, close: float, atr: float, away: float, cost: float
) -> tuple[int, float, float]:
    """Check stop and reward:risk; `cost` is the round trip's cost in price units."""
    if plan.stop_kind == 0:
        if plan.size_mode == _RISK_MODE:
            return _NO_STOP, 0.0, 0.0
        return 0, 0.0, 0.0
    if math.isnan(away):
        return _BAD_STOP, away, 0.0
    target = target_distance(plan, close, atr, away)
    if lim.reward_risk > 0.0 and target > 0.0:
        ratio = (target - cost) / (away + cost)
        if ratio < lim.reward_risk:
            return _REWARD, ratio, lim.reward_risk
    return 0, 0.0, 0.0


@jit_pasted
def refuse_thin(lim: Row, liquidity: float) -> tuple[int, float, float]:
    """Check that the market trades what it usually does (R-RISK-20)."""
    if liquidity < lim.liquidity_block:
        return _COLLAPSE, liquidity, lim.liquidity_block
    return 0, 0.0, 0.0


@jit_pasted
def thinness(lim: Row, liquidity: float) -> float:
    """Return the factor on the largest size: 1 down to `liquidity_shrink` of the norm."""
    if liquidity < lim.liquidity_shrink:
        return liquidity / lim.liquidity_shrink
    return 1.0
