"""Enhanced momentum (R-STRAT-20): two means, a stop and a target in ATR at 2 to 1.

Momentum = (SMA(10) - SMA(30)) / SMA(30). BUY where it rises above +2 %, SELL where it falls below
-2 %, once each time (K-14). Stop at 2 ATR, target at 4 ATR: price 100 and ATR 2 give 96 and 108,
for a short 104 and 92. Needs slow + atr bars (44): the slow mean must have been known for an
ATR's time.

Confidence (R-STRAT-21, X-39) = m / (m + ATR / close), m the size of the momentum: the part of the
move that is not noise. It rises strictly with momentum, is 1/2 where the move is one ATR, and never
reaches 1, so that a gate at 0.65 asks for a momentum of nearly two ATR.
"""

from ballast.strategies import (
    atr,
    atr_stop,
    close,
    first,
    no_trail,
    param,
    params,
    sma,
    strategy,
    take_atr,
)

p = params(
    fast=param(10, 2, 200, doc="bars of the fast mean"),
    slow=param(30, 3, 400, doc="bars of the slow mean"),
    atr=param(14, 2, 100, doc="bars of the ATR"),
    factor=param(2.0, 0.5, 10.0, step=0.5, doc="stop in ATR; the target is twice as far"),
    threshold=param(0.02, 0.001, 0.5, step=0.005, doc="momentum that makes a signal"),
)
slow = sma(close, p.slow)
momentum = (sma(close, p.fast) - slow) / slow
ready = slow.shift(p.atr) > 0
strength = abs(momentum)

STRATEGY = strategy(
    "enhanced_momentum",
    params=p,
    require=[p.fast < p.slow],
    enter_long=first((momentum > p.threshold) & ready),
    exit_long=first((momentum < -p.threshold) & ready),
    enter_short=first((momentum < -p.threshold) & ready),
    exit_short=first((momentum > p.threshold) & ready),
    stop=atr_stop(p.factor),
    trail=no_trail(),
    takes=[take_atr(p.factor * 2)],
    atr=atr(p.atr),
    confidence=strength / (strength + atr(p.atr) / close),
    doc=__doc__,
    tag="enhanced_momentum",
)
