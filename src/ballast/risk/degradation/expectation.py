"""What was certified, and how much may be believed of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean, pvariance, stdev
from typing import TYPE_CHECKING

from ballast.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

UNCERTAINTY = 1.0
"""Standard errors of the certificate's own figures that are forgiven: it was measured on a sample,
and a strategy is not degraded because its backtest was somewhat lucky."""
EDGE_MIN = 0.1
"""The least loss of expectancy looked for, in deviations of a trade: less takes a thousand trades
to see."""
SLIPPAGE_MIN_BPS = 1.0
"""Simulated slippage may not vary; a real one does, by a basis point and by half its mean."""
SLIPPAGE_MIN_SHARE = 0.5
_RATE_ROOM = 0.02  # hit rates of 0 and 1 have no likelihood ratio


@dataclass(frozen=True, slots=True)
class Expectation:
    """The certified figures of one strategy and the size of the sample behind them.

    `mean` and `deviation` are of the result of a trade, in R or as a return: the unit of the
    observations. `slippage_bps` is what fills cost against the price seen, a cost is positive.
    `dispersion` is variance over mean of the daily counts (1: trades come independently).
    """

    trades: int
    mean: float
    deviation: float
    hit_rate: float
    slippage_bps: float
    slippage_deviation_bps: float
    trades_per_day: float
    days: float
    dispersion: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what no sample has; a file with such figures is refused where it is read."""
        assert self.trades >= 2
        assert math.isfinite(self.mean)
        assert self.deviation > 0.0
        assert 0.0 <= self.hit_rate <= 1.0
        assert math.isfinite(self.slippage_bps)
        assert self.slippage_deviation_bps >= 0.0
        assert self.trades_per_day > 0.0
        assert self.days > 0.0
        assert self.dispersion > 0.0

    def allowance(self) -> float:
        """Return the forgiven error of the mean, in deviations of a trade."""
        return UNCERTAINTY / math.sqrt(self.trades)

    def edge_to_lose(self) -> float:
        """Return the shift to detect in deviations: from the least believed edge to none."""
        return max(self.mean / self.deviation - self.allowance(), EDGE_MIN)

    def slippage_scale_bps(self) -> float:
        """Return the deviation of slippage to count in, at least what a real venue shows."""
        least = max(SLIPPAGE_MIN_BPS, SLIPPAGE_MIN_SHARE * abs(self.slippage_bps))
        return max(self.slippage_deviation_bps, least)

    def least_hit_rate(self) -> float:
        """Return the hit rate that is still as certified, its sampling error forgiven."""
        rate = min(max(self.hit_rate, _RATE_ROOM), 1.0 - _RATE_ROOM)
        return max(rate - self.allowance() * math.sqrt(rate * (1.0 - rate)), _RATE_ROOM)

    def lost_hit_rate(self) -> float:
        """Return the hit rate at which the edge is gone, wins and losses as large as before.

        Results of two sizes with mean m and deviation s at hit rate p lose the edge m when the hit
        rate falls by (m / s) sqrt(p (1 - p)).
        """
        rate = self.least_hit_rate()
        fall = self.edge_to_lose() * math.sqrt(rate * (1.0 - rate))
        return max(rate - fall, rate / 4.0)

    def least_rate(self) -> float:
        """Return the trades a day that are still as many as certified."""
        return self.trades_per_day / (1.0 + self._rate_error())

    def most_rate(self) -> float:
        """Return the trades a day that are still as few as certified."""
        return self.trades_per_day * (1.0 + self._rate_error())

    def _rate_error(self) -> float:
        return UNCERTAINTY * math.sqrt(self.dispersion / (self.trades_per_day * self.days))


def expectation_of(
    results: Sequence[float], slippages_bps: Sequence[float], daily_trades: Sequence[int]
) -> Expectation:
    """Return the expectation that a sample of trades and days supports.

    `results` and `slippages_bps` hold one value a closed trade (slippages may be fewer),
    `daily_trades` the entries of each calendar day, days without one too. Days more regular than
    chance are not trusted to stay so: the dispersion is at least 1. Raises `DataError` for fewer
    than two trades, results that are all the same, or no day with a trade.
    """
    if len(results) < 2:
        raise DataError(f"{len(results)} closed trades", expected="2 or more to expect anything")
    if not all(math.isfinite(one) for one in (*results, *slippages_bps)):
        raise DataError("trades: results or slippages that are no numbers")
    deviation = stdev(results)
    if deviation <= 0.0:
        raise DataError("trades: results that do not vary", expected="trades of a market")
    rate = fmean(daily_trades) if daily_trades else 0.0
    if rate <= 0.0:
        raise DataError("days: no day with a trade", expected="the entries of each day")
    return Expectation(
        trades=len(results),
        mean=fmean(results),
        deviation=deviation,
        hit_rate=sum(one > 0.0 for one in results) / len(results),
        slippage_bps=fmean(slippages_bps) if slippages_bps else 0.0,
        slippage_deviation_bps=stdev(slippages_bps) if len(slippages_bps) > 1 else 0.0,
        trades_per_day=rate,
        days=float(len(daily_trades)),
        dispersion=max(1.0, pvariance(daily_trades) / rate),
    )


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How often an unchanged strategy may be accused, all tests together.

    `false_alarm`: the chance of DEGRADED within `horizon_trades`; `false_warning`: of WARN. `miss`
    is Wald's beta, the evidence at which the hit rate is cleared and its test starts anew.
    """

    false_alarm: float = 0.05
    false_warning: float = 0.25
    horizon_trades: int = 250
    miss: float = 0.1

    def __post_init__(self) -> None:
        """Refuse chances that are none."""
        assert 0.0 < self.false_alarm <= self.false_warning < 1.0
        assert self.horizon_trades >= 1
        assert 0.0 < self.miss < 0.5
