"""Our indicators against Skender.Stock.Indicators on 502 daily bars.

Mapped of Skender's 59: adx (pdi, mdi, adx), atr (tr, atr, atrp), tr, bb (all six columns), cci,
crsi (rsi, percentRank), donchian, elder-ray (ema), ema, keltner, ma-env, macd (fastEma, slowEma,
macd, signal, histogram), mfi, obv, psar, roc, rsi, slope, sma, stdev (stdDev, mean, zScore),
stoch (k, d), supertrend, vwap, willr, wma; through TA-Lib: adl, awesome, cmf, kama, tsi, uo,
vortex.
Not ours: the rest (alligator, fractals, ichimoku, renko, zig-zag and other chart overlays; dema,
hma, tema, adxr and others are reachable through `ta` but seeded otherwise).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.data import needs_data
from tests.unit.features.references import Vector, run, skender, skender_bars

from ballast.features.indicators import registry

pytestmark = needs_data

# Skender's indicator and column; ours, output, parameters; factor; first row that must agree.
# The row is the first valid one unless the two seed otherwise; then it is where the seed has gone.
CASES = (
    ("adx", "pdi", "plus_di", 0, (14,), 1, 400),  # Wilder sums seeded with one bar less
    ("adx", "mdi", "minus_di", 0, (14,), 1, 400),
    ("adx", "adx", "adx", 0, (14,), 1, 400),
    ("atr", "tr", "true_range", 0, (), 1, 1),
    ("atr", "atr", "atr", 0, (14,), 1, 14),
    ("atr", "atrp", "natr", 0, (14,), 1, 14),
    ("tr", "tr", "true_range", 0, (), 1, 1),
    ("bb", "upperBand", "bollinger", 0, (20, 2), 1, 19),
    ("bb", "sma", "bollinger", 1, (20, 2), 1, 19),
    ("bb", "lowerBand", "bollinger", 2, (20, 2), 1, 19),
    ("bb", "width", "bollinger", 3, (20, 2), 1, 19),
    ("bb", "percentB", "bollinger", 4, (20, 2), 1, 19),
    ("bb", "zScore", "zscore", 0, (20,), 1, 19),
    ("cci", "cci", "cci", 0, (20,), 1, 19),
    ("crsi", "rsi", "rsi", 0, (3,), 1, 3),
    ("donchian", "upperBand", "donchian", 0, (20, 1), 1, 20),
    ("donchian", "lowerBand", "donchian", 1, (20, 1), 1, 20),
    ("donchian", "centerline", "donchian", 2, (20, 1), 1, 20),
    ("elder-ray", "ema", "ema", 0, (13,), 1, 12),
    ("ema", "ema", "ema", 0, (20,), 1, 19),
    ("keltner", "upperBand", "keltner", 0, (20, 2, 10), 1, 19),
    ("keltner", "centerline", "keltner", 1, (20, 2, 10), 1, 19),
    ("keltner", "lowerBand", "keltner", 2, (20, 2, 10), 1, 19),
    ("ma-env", "upperEnvelope", "sma", 0, (20,), 1.025, 19),
    ("macd", "fastEma", "ema", 0, (12,), 1, 11),
    ("macd", "slowEma", "ema", 0, (26,), 1, 25),
    ("macd", "macd", "macd", 0, (12, 26, 9), 1, 200),  # TA-Lib seeds both averages on one row
    ("macd", "signal", "macd", 1, (12, 26, 9), 1, 200),
    ("macd", "histogram", "macd", 2, (12, 26, 9), 1, 200),
    ("mfi", "mfi", "mfi", 0, (14,), 1, 14),
    ("psar", "sar", "psar", 0, (0.02, 0.2), 1, 300),  # another first direction
    ("roc", "roc", "roc", 0, (14,), 1, 14),
    ("rsi", "rsi", "rsi", 0, (14,), 1, 14),
    ("slope", "slope", "slope", 0, (14,), 1, 13),
    ("sma", "sma", "sma", 0, (20,), 1, 19),
    ("stdev", "stdDev", "stddev", 0, (14,), 1, 13),
    ("stdev", "mean", "sma", 0, (14,), 1, 13),
    ("stdev", "zScore", "zscore", 0, (14,), 1, 13),
    ("stoch", "k", "stochastic", 0, (14, 3, 3), 1, 17),  # ours starts with d
    ("stoch", "d", "stochastic", 1, (14, 3, 3), 1, 17),
    ("supertrend", "superTrend", "supertrend", 0, (10, 3), 1, 10),
    ("willr", "williamsR", "williams_r", 0, (14,), 1, 13),
    ("wma", "wma", "wma", 0, (14,), 1, 13),
    ("adl", "adl", "AD", 0, (), 1, 0),
    ("awesome", "oscillator", "AO", 0, (5, 34), 1, 33),
    ("cmf", "cmf", "CMF", 0, (20,), 1, 19),
    ("kama", "kama", "KAMA", 0, (10,), 1, 10),
    ("tsi", "tsi", "TSI", 0, (), 1, 37),
    ("uo", "ultimate", "ULTOSC", 0, (7, 14, 28), 1, 28),
    ("vortex", "pvi", "VORTEX", 0, (14,), 1, 14),
    ("vortex", "nvi", "VORTEX", 1, (14,), 1, 14),
)


def close_enough(ours: Vector, theirs: Vector, first: int) -> None:
    """Compare from row `first` on, to 1e-9 of the size of the column."""
    assert not np.isnan(ours[first:]).any()
    size = float(np.nanmax(np.abs(theirs)))
    np.testing.assert_allclose(ours[first:], theirs[first:], rtol=0, atol=1e-9 * size)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}.{case[1]}")
def test_ours_equals_skender(case: tuple[Any, ...]) -> None:
    theirs, column, ours, output, params, factor, first = case
    indicator = registry.talib_indicator(ours) if ours.isupper() else registry.get(ours)
    out = run(indicator, skender_bars(), *params)[output]
    close_enough(factor * out, skender(theirs, column), first)


def test_on_balance_volume_but_for_its_start() -> None:
    """Skender starts at 0, TA-Lib and we at the first volume."""
    bars = skender_bars()
    close_enough(run(registry.get("obv"), bars)[0] - bars["volume"][0], skender("obv", "obv"), 0)


def test_vwap_anchored_at_the_first_bar() -> None:
    """Skender's anchor is the first bar: ours, when all bars are of one day."""
    bars = skender_bars() | {"ts": np.zeros(502)}
    close_enough(run(registry.get("vwap"), bars)[0], skender("vwap", "vwap"), 0)


def test_percent_rank_of_one_bar_returns() -> None:
    """Connors' RSI ranks the last return among the 100 before it; Skender counts a hole as one."""
    change = run(registry.get("roc"), skender_bars(), 1)[0]
    rank = registry.get("percent_rank").compute((change,), (100.0,))[0]
    close_enough(100 * rank, skender("crsi", "percentRank"), 101)
