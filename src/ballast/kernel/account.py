"""Account: equity, the rules of the day, and what is still free to risk (SEMANTICS 2.6, 6, 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.jit import jit_inner, jit_pasted
from ballast.core.memory import set_f8
from ballast.core.reasons import Exit, Refusal
from ballast.core.records import Margin
from ballast.core.time import DAY_MS
from ballast.kernel.book import drop_entry, qty_of
from ballast.kernel.tape import plan_row, position, spec_row

if TYPE_CHECKING:
    from ballast.kernel.tape import Row

_DAY_MS = DAY_MS
_CROSS = int(Margin.CROSS)
_KILL_EXIT = int(Exit.KILL_SWITCH)
_KILL = int(Refusal.KILL_SWITCH)
_DAILY_LOSS = int(Refusal.DAILY_LOSS)


@jit_inner
def day_of(at_ms: int) -> int:
    """Return the UTC day of a close time; a bar that closes at midnight belongs to the old day."""
    return (at_ms - 1) // _DAY_MS


@jit_inner
def roll_days(t: Row, acct: Row, day: int) -> None:
    """Close the books of the days before `day`: their last equity, and the new day's opening."""
    acct.day_end_ms = (day + 1) * _DAY_MS
    first = day_of(acct.first_ms)
    while acct.day < day:
        set_f8(t.daily, acct.day - first, acct.equity)
        acct.day += 1
        acct.days += 1
        acct.day_open = acct.equity
        acct.day_blocked = 0


@jit_pasted
def value(t: Row, acct: Row) -> float:
    """Return marked equity: cash, spot holdings, dust, and open profit of perpetuals."""
    equity = acct.cash
    for s in range(t.symbols):
        p = position(t.pos, s)
        if p.lots > 0:
            q = qty_of(spec_row(t.spec, s), p.lots)
            if spec_row(t.spec, s).perpetual:
                equity += p.side * (p.mark - p.entry) * q
            else:
                equity += q * p.mark
        if p.dust > 0.0:
            equity += p.dust * p.mark
    return equity


@jit_inner
def gross_notional(t: Row) -> float:
    """Return the notional of all open positions at their marks."""
    gross = 0.0
    for s in range(t.symbols):
        if position(t.pos, s).lots > 0:
            gross += qty_of(spec_row(t.spec, s), position(t.pos, s).lots) * position(t.pos, s).mark
    return gross


@jit_inner
def identity_gap(t: Row, acct: Row) -> float:
    """Return |E - E_start - (realised + unrealised - fees - funding)| relative to E_start."""
    unrealised = 0.0
    for s in range(t.symbols):
        p = position(t.pos, s)
        if p.lots > 0:
            unrealised += p.side * (p.mark - p.entry) * qty_of(spec_row(t.spec, s), p.lots)
        unrealised += p.dust * p.mark - p.dust_cost
    right = acct.realised + unrealised - acct.fees - acct.funding + acct.flows
    return abs(acct.equity - acct.initial - right) / acct.initial


@jit_pasted
def free_cash(t: Row, acct: Row, queued: int) -> float:
    """Return quote units not locked as margin, lost in cross positions or promised to entries."""
    free = acct.cash
    for s in range(t.symbols):
        p = position(t.pos, s)
        if spec_row(t.spec, s).perpetual and p.lots > 0:
            free -= p.margin
            if plan_row(t.plan, s).margin == _CROSS:
                free += min(p.side * (p.mark - p.entry) * qty_of(spec_row(t.spec, s), p.lots), 0.0)
        if queued and p.in_lots > 0:
            free -= qty_of(spec_row(t.spec, s), p.in_lots) * p.mark * p.in_cost
    return free


@jit_pasted
def position_risk(t: Row, s: int) -> float:
    """Return the loss from entry to stop of a position and of its queued entry, in quote units.

    Without a stop either can lose its whole notional.
    """
    p = position(t.pos, s)
    spec = spec_row(t.spec, s)
    risk = 0.0
    if p.in_lots > 0:
        risk += qty_of(spec, p.in_lots) * (p.in_distance if p.in_distance > 0.0 else p.mark)
    if p.lots > 0 and p.stop_reason == 0:
        risk += qty_of(spec, p.lots) * p.mark
    elif p.lots > 0:
        risk += qty_of(spec, p.lots) * max(p.side * (p.entry - p.stop), 0.0)
    return risk


@jit_inner
def cancel_entries(t: Row, acct: Row, reason: int, measured: float, limit: float) -> None:
    """Cancel every queued entry for one reason."""
    for s in range(t.symbols):
        if position(t.pos, s).in_lots > 0:
            drop_entry(t, acct, s, reason, measured, limit)


@jit_pasted
def apply_rules(t: Row, acct: Row, lim: Row, now_ms: int) -> None:
    """Latch the daily block and the kill switch by the equity just marked (SEMANTICS 6)."""
    if acct.equity > acct.peak:
        acct.peak = acct.equity
        acct.trough = acct.equity
        acct.longest_drawdown_ms = max(acct.longest_drawdown_ms, now_ms - acct.peak_ms)
        acct.peak_ms = now_ms
    if lim.daily_loss > 0.0 and not acct.day_blocked:
        if acct.equity - acct.day_open <= -lim.daily_loss * acct.day_open:
            acct.day_blocked = 1
            cancel_entries(t, acct, _DAILY_LOSS, 1.0 - acct.equity / acct.day_open, lim.daily_loss)
    if acct.equity >= acct.trough:
        return
    acct.trough = acct.equity
    drawdown = 1.0 - acct.equity / acct.peak
    acct.worst_drawdown = max(acct.worst_drawdown, drawdown)
    if lim.drawdown_kill <= 0.0 or acct.killed:
        return
    # Not `drawdown >= limit`: 1 - 8000 / 10000 is a hair less than 0.2, and 20 % would not be it.
    if acct.equity - acct.peak <= -lim.drawdown_kill * acct.peak:
        acct.killed = 1
        acct.killed_ms = now_ms
        cancel_entries(t, acct, _KILL, drawdown, lim.drawdown_kill)
        if lim.kill_closes:
            for s in range(t.symbols):
                if position(t.pos, s).lots > 0:
                    position(t.pos, s).out_lots = position(t.pos, s).lots
                    position(t.pos, s).out_reason = _KILL_EXIT
                    position(t.pos, s).out_from_ms = now_ms
