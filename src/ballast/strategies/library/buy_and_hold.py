"""Buy and hold: one purchase on the first bar, no stop, no sale. The line every strategy must beat.

It buys for `share` of equity, as far as the run's caps allow; after a gap that splits the data it
buys again.
"""

from ballast.strategies import (
    atr_first,
    first,
    fixed_notional,
    no_stop,
    no_trail,
    param,
    params,
    strategy,
    true,
)

p = params(share=param(1.0, 0.01, 1.0, step=0.05, doc="part of equity to buy for"))

STRATEGY = strategy(
    "buy_and_hold",
    params=p,
    enter_long=first(true),
    size=fixed_notional(p.share, in_quote=True),
    stop=no_stop(),
    trail=no_trail(),
    atr=atr_first(14),
    doc=__doc__,
    tag="buy_and_hold",
)
