"""Batch: many commands in one call, for sources of liquidity and for measurements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.jit import jit
from ballast.kernel.exchange.depth import put_level, replay_trade
from ballast.kernel.exchange.layout import (
    AMEND,
    C_DISPLAY,
    C_FLAGS,
    C_ID,
    C_LOTS,
    C_OWNER,
    C_PRICE,
    C_SIDE,
    CANCEL,
    DONE,
    FREE_LEVEL,
    FREE_ORDER,
    HEADROOM,
    MORE,
    NONE,
    OP,
    PLACE,
    REDUCE,
    SET_LEVEL,
    STATUS,
)
from ballast.kernel.exchange.match import enter, leave, shrink

if TYPE_CHECKING:
    from ballast.kernel.exchange.layout import Words


@jit
def apply(m: Words, out: Words, commands: Words, start: int) -> int:
    """Do the commands from row `start` on; return the row to go on with.

    Stops early when the output is nearly full, when records run out (`grown` first), or when
    `STATUS` is MORE: then the command before the returned row is not complete, and `LEFT` says what
    is left of it. AMEND is cancel and place under the same id: the place in the queue is lost.
    """
    out[0, 0] = 0
    m[STATUS] = DONE
    for i in range(start, len(commands)):
        if out[0, 0] + HEADROOM >= len(out) or m[FREE_ORDER] == NONE or m[FREE_LEVEL] == NONE:
            return i
        op = commands[i, OP]
        side, price, lots = commands[i, C_SIDE], commands[i, C_PRICE], commands[i, C_LOTS]
        flags, display = commands[i, C_FLAGS], commands[i, C_DISPLAY]
        name, owner = commands[i, C_ID], commands[i, C_OWNER]
        if op == PLACE:
            m[STATUS] = enter(m, out, name, owner, side, price, lots, flags, display)
        elif op == CANCEL:
            m[STATUS] = leave(m, out, name)
        elif op == REDUCE:
            m[STATUS] = shrink(m, out, name, lots)
        elif op == AMEND:
            m[STATUS] = leave(m, out, name)
            if m[STATUS] == DONE:
                m[STATUS] = enter(m, out, name, owner, side, price, lots, flags, display)
        elif op == SET_LEVEL:
            m[STATUS] = put_level(m, out, side, price, lots, flags, display)
        else:
            m[STATUS] = replay_trade(m, out, side, price, lots, flags)
        if m[STATUS] == MORE:
            return i + 1
    return len(commands)
