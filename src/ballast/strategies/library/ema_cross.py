"""EMA cross: long when the fast average crosses above the slow one, out when it crosses back.

The plainest trend strategy (R-STRAT-01), and the yardstick of `make bench`. Its averages are seeded
with the first value (`ema_first`, `atr_first`), as the benchmark's reference does, so it has no
warm-up. Stop 3 ATR, trail 5.5 ATR armed at 5.5 ATR, both by the ATR of the signal bar.
"""

from ballast.strategies import (
    atr_first,
    atr_stop,
    atr_trail,
    close,
    ema_first,
    param,
    params,
    strategy,
)

p = params(
    fast=param(9, 2, 200, doc="bars of the fast average"),
    slow=param(21, 3, 400, doc="bars of the slow average"),
    stop=param(3.0, 0.5, 20.0, step=0.5, doc="stop distance in ATR"),
    trail=param(5.5, 0.5, 20.0, step=0.5, doc="trailing distance and activation in ATR"),
)
fast = ema_first(close, p.fast)
slow = ema_first(close, p.slow)

STRATEGY = strategy(
    "ema_cross",
    params=p,
    require=[p.fast < p.slow],
    enter_long=fast.crosses_above(slow),
    exit_long=fast.crosses_below(slow),
    stop=atr_stop(p.stop),
    trail=atr_trail(p.trail, floor_entry=False),
    atr=atr_first(14),
    doc=__doc__,
    tag="ema_cross",
)
