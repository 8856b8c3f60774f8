"""Tape: one record of addresses and counts that every compiled function of a run is handed.

`TAPE` names the columns of `kernel.market.Market`, the state and the results; `bind` fills it. The
loaders give rows by reference: `position(t.pos, s)` is the row of symbol `s`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ballast.core import records
from ballast.core.memory import rows
from ballast.core.sized import SIZED

if TYPE_CHECKING:
    from ballast.core.memory import Binding

Records = NDArray[np.void]
Row = Any
"""One record. Compiled code knows its dtype; a type checker cannot."""

COLUMNS = (
    "ts", "open", "high", "low", "close", "volume", "mark_high", "mark_low", "mark_close",
    "signals", "atr", "stop", "confidence", "floor", "volatility", "sigma", "quote_volume",
    "funding", "fees", "tiers", "depth", "fine_first", "fine", "spec", "plan", "limits",
)  # fmt: skip
STATE = ("pos", "account", "clock", "here", "live", "order", "keys", "sample")
RESULTS = ("fills", "trades", "refused", "sized", "refusals", "equity", "exposure", "daily")
COUNTS = (
    "symbols", "bars", "steps", "fine_count", "fills_room", "trades_room", "refused_room",
    "sized_room", "daily_room", "step_rows",
)  # fmt: skip

TAPE = np.dtype([(name, "i8") for name in (*COLUMNS, *STATE, *RESULTS, *COUNTS)])

tape_row = rows(TAPE)
spec_row = rows(records.SPEC)
plan_row = rows(records.PLAN)
limits_row = rows(records.LIMITS)
position = rows(records.POSITION)
account_row = rows(records.ACCOUNT)
fill_row = rows(records.FILL)
trade_row = rows(records.TRADE)
refused_row = rows(records.REFUSED)
sized_row = rows(SIZED)
tier_row = rows(records.TIER)
funding_row = rows(records.FUNDING)
fee_row = rows(records.FEE)
depth_row = rows(records.DEPTH)


def bind(tape: Row, binding: Binding, source: object, names: tuple[str, ...]) -> None:
    """Write the addresses of `source`'s arrays `names` into the tape."""
    for name in names:
        tape[name] = binding.bind(getattr(source, name))
