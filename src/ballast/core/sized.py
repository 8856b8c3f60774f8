"""Sized: the row that explains a size, one an entry that was sized (R-SIZE-22).

What went in, each factor, each cap. Like `records.py`: memory of compiled code; prices and money in
quote units, quantities in base units, fractions plain.
"""

from __future__ import annotations

import numpy as np

SIZED = np.dtype(
    [
        ("symbol", "i4"),
        ("side", "i4"),
        ("reason", "i4"),  # of the refusal that followed; 0: the entry was queued
        ("cap", "i4"),  # the refusal that the binding cap would be; 0: no cap cut the size
        ("bar", "i8"),
        ("at_ms", "i8"),
        ("lots", "i8"),
        ("equity", "f8"),
        ("peak", "f8"),
        ("losses_in_row", "i8"),
        ("close", "f8"),
        ("atr", "f8"),
        ("away", "f8"),
        ("confidence", "f8"),
        ("floor", "f8"),
        ("z", "f8"),
        ("sigma", "f8"),
        ("quote_volume", "f8"),
        ("free", "f8"),
        ("slip", "f8"),
        ("fee", "f8"),
        ("open_risk", "f8"),
        ("cluster_risk", "f8"),  # below 0: no position moves with it
        ("gross", "f8"),
        ("thin", "f8"),
        ("wanted", "f8"),  # base units by the mode, before factors
        ("by_confidence", "f8"),
        ("by_volatility", "f8"),
        ("by_atr", "f8"),
        ("by_drawdown", "f8"),
        ("by_streak", "f8"),
        ("by_equity", "f8"),
        ("cap_position", "f8"),  # base units each cap allows; infinite where it is off
        ("cap_position_risk", "f8"),
        ("cap_total_risk", "f8"),
        ("cap_cluster", "f8"),
        ("cap_volume", "f8"),
        ("cap_leverage", "f8"),
        ("cap_cash", "f8"),
    ],
    align=True,
)
