"""The reference family: EMA trend, StochRSI timing, four filters, ATR exits (SEMANTICS 3).

Definition (R-STRAT-02, X-18), long side; the short side is its mirror:

- trend: EMA(9) > EMA(21)
- StochRSI(14, 14) strictly between 0.05 and 0.80 (short: 0.20 and 0.95)
- RSI(14) between 30 and 70 (both sides)
- MACD(12, 26, 9) line above -0.0005 of the price (short: below +0.0005); `macd_absolute` compares
  the line itself, which makes sense for one price level only (X-38)
- z-score of historical volatility between -2 and +2 (U-01)
- optional: volume at least `volume_multiple` times its 20-bar average (R-STRAT-16), off by default
- the condition of the scenario

Entry is by level: every bar on which all conditions hold is a signal, and the kernel takes it when
flat. Exit: EMA(9) < EMA(21) and StochRSI above 0.20 (U-02; short: EMA(9) > EMA(21) and StochRSI
below 0.80), partials of 50 % at +2 % and 30 % at +4 %, stop at 3 ATR, trail of 5.5 ATR armed at
5.5 ATR. Each filter has a switch (R-STRAT-14), the signal exit too (R-STRAT-11). With `sniper_atr`
above 0 the entry waits for a pull-back (U-06).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.strategies import (
    adx,
    atr_stop,
    atr_trail,
    close,
    ema,
    hv_z,
    macd,
    param,
    params,
    pull_back,
    relative_volume,
    rsi,
    sma,
    stochrsi,
    strategy,
    take,
    trix_hist,
    where,
)

if TYPE_CHECKING:
    from ballast.strategies import Expr, Params
    from ballast.strategies.definition import Strategy

MIRROR = 1.0  # StochRSI lives in 0..1: its mirror image is 1 - x
SCENARIO_PARAMS = {
    "": {},
    "sma": {"sma_period": param(200, 20, 400, step=10, doc="bars of the slow mean")},
    "adx": {
        "adx_period": param(14, 5, 50, doc="bars of the ADX"),
        "adx_level": param(25.0, 5.0, 60.0, step=1.0, doc="ADX must be above"),
    },
    "trix": {
        "trix_period": param(9, 3, 50, doc="bars of the TRIX (U-04)"),
        "trix_signal": param(21, 3, 100, doc="bars of its signal line (U-04)"),
    },
}


def family(name: str, doc: str, *, scenario: str = "", short: bool = False) -> Strategy:
    """Return one member: a scenario ("", "sma", "adx", "trix") on one side."""
    p = params(**_common(), **SCENARIO_PARAMS[scenario])
    side = "short" if short else "long"
    sniper_bars = where(p.sniper_atr > 0, p.sniper_bars, 1)
    signals: dict[str, Any] = {
        f"enter_{side}": _entry(p, scenario, short=short),
        f"exit_{side}": _exit(p, short=short),
    }
    return strategy(
        name,
        params=p,
        require=[
            p.ema1 < p.ema2,
            p.stoch_low < p.stoch_high,
            p.rsi_low < p.rsi_high,
            p.hv_low < p.hv_high,
        ],
        close_on_signal=p.close_on_signal,
        entry_limit=pull_back(p.sniper_atr, sniper_bars),
        stop=atr_stop(p.stop_atr),
        trail=atr_trail(p.trail_atr, p.trail_activation),
        takes=[take(p.take1, p.take1_share), take(p.take2, p.take2_share)],
        volatility=hv_z(p.hv_period, p.hv_window),
        doc=doc,
        tag=name,
        **signals,
    )


def _entry(p: Params, scenario: str, *, short: bool) -> Expr:
    fast, slow, momentum = ema(close, p.ema1), ema(close, p.ema2), stochrsi(p.rsi_period, p.stoch)
    line = macd(12, 26, 9)
    level = where(p.macd_absolute, line, line / close)
    band = (
        momentum.between(MIRROR - p.stoch_high, MIRROR - p.stoch_low)
        if short
        else momentum.between(p.stoch_low, p.stoch_high)
    )
    entry: Expr = (
        (fast < slow if short else fast > slow)
        & (band | ~p.use_stoch)
        & (rsi(p.rsi_period).between(p.rsi_low, p.rsi_high) | ~p.use_rsi)
        & ((level < -p.macd_floor if short else level > p.macd_floor) | ~p.use_macd)
        & (hv_z(p.hv_period, p.hv_window).between(p.hv_low, p.hv_high) | ~p.use_hv)
        & ((relative_volume(20) >= p.volume_multiple) | ~p.use_volume)
    )
    if not scenario:
        return entry
    return entry & _condition(p, scenario, short=short)


def _condition(p: Params, scenario: str, *, short: bool) -> Expr:
    made: Expr
    if scenario == "sma":
        mean = sma(close, p.sma_period)
        made = close < mean if short else close > mean
    elif scenario == "adx":
        made = adx(p.adx_period) > p.adx_level
    else:
        slope = trix_hist(p.trix_period, p.trix_signal)
        made = slope < 0 if short else slope > 0
    return made


def _exit(p: Params, *, short: bool) -> Expr:
    fast, slow, momentum = ema(close, p.ema1), ema(close, p.ema2), stochrsi(p.rsi_period, p.stoch)
    turned = fast > slow if short else fast < slow
    awake = momentum < MIRROR - p.exit_stoch if short else momentum > p.exit_stoch
    leave: Expr = turned & (awake | ~p.use_exit_stoch)
    return leave


def _common() -> dict[str, Any]:
    return {
        "ema1": param(9, 2, 100, doc="bars of the fast average"),
        "ema2": param(21, 3, 300, doc="bars of the slow average"),
        "rsi_period": param(14, 2, 100, doc="bars of RSI and StochRSI"),
        "stoch": param(14, 2, 100, doc="window of StochRSI"),
        "use_stoch": param(True, doc="StochRSI band"),
        "stoch_low": param(0.05, 0.0, 1.0, step=0.05, doc="StochRSI must be above"),
        "stoch_high": param(0.80, 0.0, 1.0, step=0.05, doc="StochRSI must be below"),
        "use_rsi": param(True, doc="RSI band"),
        "rsi_low": param(30.0, 0.0, 100.0, step=5.0, doc="RSI must be above"),
        "rsi_high": param(70.0, 0.0, 100.0, step=5.0, doc="RSI must be below"),
        "use_macd": param(True, doc="MACD floor"),
        "macd_floor": param(-0.0005, -1.0, 1.0, step=0.0005, doc="MACD / close must be above"),
        "macd_absolute": param(False, doc="compare MACD itself"),
        "use_hv": param(True, doc="volatility band"),
        "hv_low": param(-2.0, -10.0, 10.0, step=0.5, doc="volatility z-score must be above"),
        "hv_high": param(2.0, -10.0, 10.0, step=0.5, doc="volatility z-score must be below"),
        "hv_period": param(20, 5, 200, doc="bars of the volatility"),
        "hv_window": param(50, 10, 500, doc="bars of its z-score"),
        "use_volume": param(False, doc="volume confirmation"),
        "volume_multiple": param(1.0, 0.1, 10.0, step=0.1, doc="of the 20-bar average volume"),
        "use_exit_stoch": param(True, doc="StochRSI decides the signal exit too"),
        "exit_stoch": param(0.20, 0.0, 1.0, step=0.05, doc="StochRSI above which a turn counts"),
        "close_on_signal": param(True, doc="let the signal exit close"),
        "sniper_atr": param(0.0, 0.0, 5.0, step=0.25, doc="pull-back of the entry in ATR; 0: none"),
        "sniper_bars": param(3, 1, 50, doc="bars to wait for the pull-back"),
        "stop_atr": param(3.0, 0.5, 20.0, step=0.5, doc="stop distance in ATR"),
        "trail_atr": param(5.5, 0.5, 20.0, step=0.5, doc="trailing distance in ATR"),
        "trail_activation": param(5.5, 0.0, 20.0, step=0.5, doc="gain that arms the trail, in ATR"),
        "take1": param(0.02, 0.001, 1.0, step=0.005, doc="gain of the first partial"),
        "take1_share": param(0.5, 0.01, 1.0, step=0.1, doc="share of the first partial"),
        "take2": param(0.04, 0.001, 2.0, step=0.005, doc="gain of the second partial"),
        "take2_share": param(0.3, 0.01, 1.0, step=0.1, doc="share of the second partial"),
    }
