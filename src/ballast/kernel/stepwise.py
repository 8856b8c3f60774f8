"""Stepwise: the compiled steps as calls for one close, one bar, one fill (SEMANTICS 2.5 to 2.7).

Where orders are matched elsewhere these take the place of the loop, and call what it calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.jit import jit
from ballast.core.memory import set_i8
from ballast.core.reasons import Exit, Refusal
from ballast.core.records import TAKES_MAX
from ballast.kernel.account import day_of, position_risk, roll_days
from ballast.kernel.bar import after, expire_entry
from ballast.kernel.book import book_closing, book_opening, drop_entry, end_trade, qty_of
from ballast.kernel.exits import place_takes, raise_stop, set_levels
from ballast.kernel.loop import ABSENT, PRESENT, decide_all, mark_all
from ballast.kernel.match import take_lots
from ballast.kernel.tape import account_row, limits_row, plan_row, position, spec_row, tape_row
from ballast.kernel.value_at_risk import notional_of, value_at_risk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_EXPIRED = int(Refusal.EXPIRED)
_STOP = int(Exit.STOP)
_TAKE_1 = int(Exit.TAKE_1)
_RESIDUAL = int(Exit.RESIDUAL)


@jit
def begin_close(tape: int, now_ms: int) -> None:
    """Begin the close at `now_ms`: turn the day where it is over; no symbol is there yet."""
    t = tape_row(tape, 0)
    acct = account_row(t.account, 0)
    acct.now_ms = now_ms
    if now_ms > acct.day_end_ms:
        roll_days(t, acct, day_of(now_ms))
    acct.refusals = 0
    acct.sized = 0
    acct.live = t.symbols
    for s in range(t.symbols):
        set_i8(t.live, s, s)
        set_i8(t.here, s, ABSENT)


@jit
def close_bar(tape: int, s: int, entered: int) -> None:
    """Let the bar of symbol `s` close; `entered` says that an entry limit filled inside it."""
    t = tape_row(tape, 0)
    acct = account_row(t.account, 0)
    lim = limits_row(t.limits, 0)
    p = position(t.pos, s)
    set_i8(t.here, s, PRESENT)
    p.idle = 0
    p.watched = 0
    if p.in_lots > 0:
        expire_entry(t, acct, s)
    if p.lots > 0:
        after(t, acct, lim, s, entered)


@jit
def decide(tape: int) -> None:
    """Mark, hold the account against its rules, then read the signals of what closed (2.6, 2.7)."""
    t = tape_row(tape, 0)
    acct = account_row(t.account, 0)
    lim = limits_row(t.limits, 0)
    mark_all(t, acct, lim)
    decide_all(t, acct, lim)


@jit
def opened(
    tape: int, s: int, at_ms: int, price: float, ideal: float, lots: int, maker: int, fee: float,
    fee_qty: float, received: int,
) -> None:  # fmt: skip
    """Book a fill of the entry of symbol `s`, and set stop and takes by it."""
    t = tape_row(tape, 0)
    acct = account_row(t.account, 0)
    p = position(t.pos, s)
    spec = spec_row(t.spec, s)
    plan = plan_row(t.plan, s)
    book_opening(
        t, acct, p, spec, plan, s, p.bar, at_ms, price, ideal, lots, maker, fee, fee_qty, received,
    )  # fmt: skip
    p.in_lots = max(p.in_lots - lots, 0)
    set_levels(p, spec, plan)


@jit
def restop(tape: int, s: int, stop: float) -> None:
    """Put the stop of symbol `s` where a person wants it, and the takes that are measured by it."""
    t = tape_row(tape, 0)
    p = position(t.pos, s)
    spec = spec_row(t.spec, s)
    p.stop_reason = 0
    raise_stop(p, spec, stop, _STOP)
    place_takes(p, spec, plan_row(t.plan, s))


@jit
def tighten(tape: int, s: int, stop: float) -> None:
    """Move the stop of symbol `s` in its favour, where it has one; nothing is measured anew."""
    t = tape_row(tape, 0)
    p = position(t.pos, s)
    if p.lots > 0 and p.stop_reason:
        raise_stop(p, spec_row(t.spec, s), stop, p.stop_reason)


@jit
def closed(
    tape: int, s: int, at_ms: int, price: float, ideal: float, lots: int, maker: int, fee: float,
    reason: int,
) -> None:  # fmt: skip
    """Book a fill that closes `lots` of the position of symbol `s`, for a reason."""
    t = tape_row(tape, 0)
    acct = account_row(t.account, 0)
    lim = limits_row(t.limits, 0)
    p = position(t.pos, s)
    take = reason - _TAKE_1
    if 0 <= take < TAKES_MAX:
        left = p.take_left[take] if p.take_left[take] > 0 else wanted_of(tape, s, take, price)
        p.take_left[take] = max(left - lots, 0)
        if p.take_left[take] == 0:
            p.take_done[take] = 1
    p.out_lots = max(p.out_lots - lots, 0)
    book_closing(
        t, acct, p, spec_row(t.spec, s), plan_row(t.plan, s), lim, s, p.bar, at_ms, price, ideal,
        lots, maker, reason, fee,
    )  # fmt: skip


@jit
def wanted_of(tape: int, s: int, k: int, level: float) -> int:
    """Return the lots that take `k` of symbol `s` sells at its level, as the position stands."""
    t = tape_row(tape, 0)
    return take_lots(position(t.pos, s), spec_row(t.spec, s), plan_row(t.plan, s), k, level)


@jit
def takes_of(tape: int, s: int, lots: NDArray[np.int64]) -> None:
    """Write the lots of each take that is still to be done, as if those before it had filled."""
    t = tape_row(tape, 0)
    p = position(t.pos, s)
    plan = plan_row(t.plan, s)
    held = p.lots
    for k in range(len(lots)):
        lots[k] = 0
        if k < plan.take_count and p.take_done[k] == 0 and p.lots > 0:
            lots[k] = take_lots(p, spec_row(t.spec, s), plan, k, p.take_price[k])
            p.lots -= lots[k]
    p.lots = held


@jit
def exposures(tape: int, notional: NDArray[np.float64], at_stop: NDArray[np.float64]) -> None:
    """Write each symbol's signed notional at its mark, and its loss at the stop as limits see it.

    A queued entry is no position yet; the limits count it, and so does `at_stop`.
    """
    t = tape_row(tape, 0)
    for s in range(t.symbols):
        p = position(t.pos, s)
        notional[s] = p.side * qty_of(spec_row(t.spec, s), p.lots) * p.mark
        at_stop[s] = position_risk(t, s)


@jit
def at_risk(tape: int) -> float:
    """Return the value at risk of what is held and queued as the limit finds it, in quote units.

    The bars of each symbol are another sample; the one that says most counts.
    """
    t = tape_row(tape, 0)
    lim = limits_row(t.limits, 0)
    most = 0.0
    for s in range(t.symbols):
        signed = notional_of(t, s)
        if signed != 0.0:
            most = max(most, value_at_risk(t, lim, s, spec_row(t.spec, s).last - 1, signed))
    return most


@jit
def entry_over(tape: int, s: int) -> None:
    """Drop what is left of the entry of symbol `s`: its order has ended."""
    t = tape_row(tape, 0)
    acct = account_row(t.account, 0)
    p = position(t.pos, s)
    if p.in_lots > 0:
        drop_entry(t, acct, s, _EXPIRED, float(acct.now_ms), float(p.in_until_ms))


@jit
def write_off(tape: int, s: int, at_ms: int) -> None:
    """Take what is left of a position as dust: too small to sell, recorded, no position."""
    t = tape_row(tape, 0)
    acct = account_row(t.account, 0)
    lim = limits_row(t.limits, 0)
    p = position(t.pos, s)
    spec = spec_row(t.spec, s)
    q = qty_of(spec, p.lots)
    p.dust += q
    p.dust_cost += q * p.entry
    if p.exit_lots == 0:  # nothing of it was ever sold: its exit is its entry
        p.exit_lots = p.lots
        p.exit_notional = q * p.entry
    p.lots = 0
    end_trade(t, acct, p, spec, lim, s, p.bar, at_ms, _RESIDUAL)


@jit
def sell_dust(tape: int, s: int, price: float, lots: int, fee: float) -> None:
    """Book that `lots` of the dust went out with a position."""
    t = tape_row(tape, 0)
    acct = account_row(t.account, 0)
    p = position(t.pos, s)
    q = min(qty_of(spec_row(t.spec, s), lots), p.dust)
    cost = p.dust_cost * (q / p.dust) if p.dust > 0.0 else 0.0
    p.dust -= q
    p.dust_cost -= cost
    acct.cash += q * price - fee
    acct.realised += q * price - cost
    acct.fees += fee
    acct.turnover += q * price
