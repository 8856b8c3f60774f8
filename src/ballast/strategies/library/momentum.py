"""Momentum (R-STRAT-19): the return over 20 bars crosses a threshold.

BUY on the bar where close / close 20 bars ago - 1 rises above +2 %, SELL where it falls below -2 %;
nothing in between. A signal is given once, when the condition begins (K-14), not on every bar while
it lasts. SELL closes a long and opens a short where the market allows one. Needs window + 1 bars.
Stop 3 ATR, trail 5.5 ATR armed at 5.5 ATR.
"""

from ballast.strategies import (
    atr_stop,
    atr_trail,
    close,
    first,
    momentum_return,
    param,
    params,
    strategy,
)

p = params(
    window=param(20, 2, 400, doc="bars of the return"),
    threshold=param(0.02, 0.001, 1.0, step=0.005, doc="return that makes a signal"),
    stop_atr=param(3.0, 0.5, 20.0, step=0.5, doc="stop distance in ATR"),
    trail_atr=param(5.5, 0.5, 20.0, step=0.5, doc="trailing distance and activation in ATR"),
)
gain = momentum_return(close, p.window)

STRATEGY = strategy(
    "momentum",
    params=p,
    enter_long=first(gain > p.threshold),
    exit_long=first(gain < -p.threshold),
    enter_short=first(gain < -p.threshold),
    exit_short=first(gain > p.threshold),
    stop=atr_stop(p.stop_atr),
    trail=atr_trail(p.trail_atr),
    doc=__doc__,
    tag="momentum",
)
