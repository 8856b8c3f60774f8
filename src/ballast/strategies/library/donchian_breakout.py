"""Donchian breakout: the channel rule of the Turtles (Faith, *Way of the Turtle*, 2007).

Long when the close passes the highest high of the 20 bars before it, out when it falls under the
lowest low of the last 10; short the other way round. Stop 2 ATR, no trail: the short channel is the
trail.
"""

from ballast.strategies import atr_stop, close, donchian, no_trail, param, params, strategy

p = params(
    entry=param(20, 5, 400, doc="bars of the entry channel"),
    leave=param(10, 2, 200, doc="bars of the exit channel"),
    stop_atr=param(2.0, 0.5, 20.0, step=0.5, doc="stop distance in ATR"),
)

STRATEGY = strategy(
    "donchian_breakout",
    params=p,
    require=[p.leave <= p.entry],
    enter_long=close > donchian(p.entry).upper,
    exit_long=close < donchian(p.leave).lower,
    enter_short=close < donchian(p.entry).lower,
    exit_short=close > donchian(p.leave).upper,
    stop=atr_stop(p.stop_atr),
    trail=no_trail(),
    doc=__doc__,
    tag="donchian_breakout",
)
