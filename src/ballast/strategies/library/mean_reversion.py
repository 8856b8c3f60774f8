"""Mean reversion: buy what fell out of its Bollinger band, sell it back at the middle.

Long when the close is under the lower band (20 bars, 2 standard deviations) and RSI(14) is below
30; out at the middle band. Short the other way round, above the upper band and RSI above 70. Stop
3 ATR, no trail, and out after 48 bars if the mean does not come (a trade that waits is a trade
that hopes).
"""

from ballast.strategies import (
    atr_stop,
    bollinger,
    close,
    no_trail,
    param,
    params,
    rsi,
    strategy,
)

p = params(
    period=param(20, 5, 200, doc="bars of the band"),
    width=param(2.0, 0.5, 5.0, step=0.25, doc="standard deviations of the band"),
    rsi_period=param(14, 2, 100, doc="bars of the RSI"),
    rsi_low=param(30.0, 5.0, 50.0, step=5.0, doc="RSI below which a fall is overdone"),
    stop_atr=param(3.0, 0.5, 20.0, step=0.5, doc="stop distance in ATR"),
    hold=param(48, 1, 1000, doc="bars after which to give up"),
)
band = bollinger(close, p.period, p.width)

STRATEGY = strategy(
    "mean_reversion",
    params=p,
    enter_long=(close < band.lower) & (rsi(p.rsi_period) < p.rsi_low),
    exit_long=close > band.middle,
    enter_short=(close > band.upper) & (rsi(p.rsi_period) > 100 - p.rsi_low),
    exit_short=close < band.middle,
    stop=atr_stop(p.stop_atr),
    trail=no_trail(),
    exit_after_bars=p.hold,
    doc=__doc__,
    tag="mean_reversion",
)
