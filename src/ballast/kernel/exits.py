"""Exits: the levels of a position, how they ratchet, and which exits a closed bar asks for.

SEMANTICS 3 (levels), 2.5 (ratchets use the closed bar and bind from the next one), 2.7 (exits come
before entries). Levels lie on the tick grid: a stop is rounded towards the entry, so that the loss
never exceeds what was sized; a take away from it, so that it never fills for less.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ballast.core.jit import jit_pasted
from ballast.core.memory import f8
from ballast.core.reasons import Exit
from ballast.core.records import Level, Signal
from ballast.core.ticks import round_against
from ballast.kernel.book import qty_of
from ballast.kernel.costs import fee_rate

if TYPE_CHECKING:
    from ballast.kernel.tape import Row

_STOP = int(Exit.STOP)
_TRAIL = int(Exit.TRAILING_STOP)
_BREAK_EVEN = int(Exit.BREAK_EVEN)
_SIGNAL = int(Exit.SIGNAL)
_TIME = int(Exit.TIME)
_DRAWDOWN = int(Exit.POSITION_DRAWDOWN)
_ATR = int(Level.ATR)
_PERCENT = int(Level.PERCENT)
_R = int(Level.R)
_COLUMN = int(Level.COLUMN)
_EXIT_LONG = int(Signal.EXIT_LONG)
_EXIT_SHORT = int(Signal.EXIT_SHORT)


@jit_pasted
def distance(kind: int, value: float, price: float, atr: float, risk: float) -> float:
    """Return a level's distance in price units; 0 where there is none."""
    if kind == _ATR:
        return value * atr
    if kind == _PERCENT:
        return value * price
    if kind == _R:
        return value * risk
    return 0.0


@jit_pasted
def raise_stop(p: Row, spec: Row, level: float, reason: int) -> None:
    """Move the stop to `level` if that is in our favour; a stop never moves away (2.5)."""
    price = round_against(level, p.side, spec.tick_num, spec.tick_den)
    if p.stop_reason == 0 or p.side * price > p.side * p.stop:
        p.stop = price
        p.stop_reason = reason
        p.watched = 0  # thresholds looked up before are not those of this stop


@jit_pasted
def set_levels(p: Row, spec: Row, plan: Row) -> None:
    """Place stop and takes around the mean entry price after an entry fill."""
    s = p.side
    if p.fills == 1:
        p.stop = 0.0 if s > 0 else math.inf
        p.stop_reason = 0
        p.risk = 0.0
    if plan.stop_kind == _COLUMN:
        raise_stop(p, spec, p.in_stop, _STOP)
    elif plan.stop_kind:
        away = distance(plan.stop_kind, plan.stop_value, p.entry, p.atr, 0.0)
        raise_stop(p, spec, p.entry - s * away, _STOP)
    place_takes(p, spec, plan)


@jit_pasted
def place_takes(p: Row, spec: Row, plan: Row) -> None:
    """Measure what the stop risks, and place the takes by it."""
    s = p.side
    if p.stop_reason:
        p.risk = max(s * (p.entry - p.stop), 0.0)
    p.risk_cash = p.risk * qty_of(spec, p.lots_entered)
    for k in range(plan.take_count):
        away = distance(plan.take_kind[k], plan.take_value[k], p.entry, p.atr, p.risk)
        p.take_price[k] = round_against(p.entry + s * away, s, spec.tick_num, spec.tick_den)


@jit_pasted
def ratchet(t: Row, p: Row, spec: Row, plan: Row, i: int, at_ms: int, best: float) -> None:
    """Update the best price and move the stop by the closed bar `i`; binds from the next bar.

    The trail, once armed, is at least the entry plus round-trip fees where `trail_floor_entry` is
    set: the first trailing stop otherwise lies exactly at the entry and loses the costs.
    """
    s = p.side
    moved = s * best > s * p.best
    if moved:
        p.best = best
    if plan.trail_kind and (moved or plan.trail_adaptive):
        if not p.armed:
            away = distance(plan.trail_kind, plan.trail_activation, p.entry, p.atr, 0.0)
            if s * (p.best - p.entry) >= away:
                p.armed = 1
        if p.armed:
            atr = f8(t.atr, i) if plan.trail_adaptive else p.atr
            level = p.best - s * distance(plan.trail_kind, plan.trail_distance, p.best, atr, 0.0)
            if plan.trail_floor_entry:
                rate = fee_rate(t, spec, p, at_ms, 0)
                floor = p.entry * (1.0 + s * 2.0 * rate)
                level = max(level, floor) if s > 0 else min(level, floor)
            if not math.isnan(level):
                raise_stop(p, spec, level, _TRAIL)
    if plan.breakeven_r > 0.0 and moved and p.risk > 0.0:
        if s * (p.best - p.entry) >= plan.breakeven_r * p.risk:
            rate = fee_rate(t, spec, p, at_ms, 0)
            raise_stop(p, spec, p.entry * (1.0 + s * 2.0 * rate), _BREAK_EVEN)


@jit_pasted
def wanted_exit(p: Row, plan: Row, i: int, bits: int, now_ms: int, close: float) -> int:
    """Return why bar `i` asks to leave at market, or 0; signal, then time, then drawdown."""
    s = p.side
    if plan.close_on_signal and bits & (_EXIT_LONG if s > 0 else _EXIT_SHORT):
        return _SIGNAL
    if plan.exit_after_bars > 0 and i - p.entry_bar + 1 >= plan.exit_after_bars:
        return _TIME
    if plan.exit_after_ms > 0 and now_ms - p.entry_ms >= plan.exit_after_ms:
        return _TIME
    if plan.position_drawdown > 0.0:
        if s * (close - p.entry) <= -plan.position_drawdown * p.entry:
            return _DRAWDOWN
    return 0
