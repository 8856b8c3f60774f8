"""The Sharpe ratio under suspicion: probabilistic, deflated, and how long a record must be.

Conventions, because the field gets them wrong:

- Ratios are **per period** (per day, for daily returns). The types `PeriodSharpe` and
  `AnnualSharpe` keep them apart; formulas take only the first. Annualised ratios in these formulas
  inflate the significance by the square root of the year.
- Kurtosis is **raw**: a normal sample has 3. Two well-known libraries pass excess kurtosis, which
  understates the error. `SharpeRecord` refuses a pair of moments no sample can have (raw kurtosis
  is at least 1 + skewness^2, Pearson 1916): the excess kurtosis of a near-normal sample is caught.
- Periods are taken as independent, as in the papers. Returns that depend on their past call for
  the bootstrap intervals of `research.montecarlo` beside these.

Sources: Bailey and Lopez de Prado, The Sharpe Ratio Efficient Frontier, J. Risk 15(2), 2012, and
The Deflated Sharpe Ratio, J. Portfolio Management 40(5), 2014. Their worked examples are tests.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, NewType

from ballast.core.errors import InternalError
from ballast.research.metrics.distribution import kurtosis, skewness
from ballast.research.metrics.ratios import sharpe
from ballast.research.metrics.significance import probabilistic_sharpe, sharpe_error
from ballast.research.selection.luck import expected_maximum

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PeriodSharpe = NewType("PeriodSharpe", float)
"""Mean over deviation of the returns of one period."""
AnnualSharpe = NewType("AnnualSharpe", float)
"""The same times the square root of the periods of a year."""

CONFIDENCE = 0.95
_ROUNDING = 1e-6


def per_period(ratio: AnnualSharpe, per_year: float) -> PeriodSharpe:
    """Return an annual Sharpe ratio per period: 2.5 a year of 250 days is 0.158 a day."""
    return PeriodSharpe(ratio / math.sqrt(per_year))


def annualised(ratio: PeriodSharpe, per_year: float) -> AnnualSharpe:
    """Return a per-period Sharpe ratio as an annual one."""
    return AnnualSharpe(ratio * math.sqrt(per_year))


@dataclass(frozen=True, slots=True)
class SharpeRecord:
    """A track record as its Sharpe ratio sees it; `sharpe` per period, `raw_kurtosis` 3 if normal.

    Raises `InternalError` for moments that no sample has.
    """

    sharpe: PeriodSharpe
    periods: int
    skewness: float = 0.0
    raw_kurtosis: float = 3.0

    def __post_init__(self) -> None:
        """Refuse what cannot be: one period, or excess kurtosis passed for raw."""
        if self.periods < 2:  # noqa: PLR2004 - a deviation needs two
            raise InternalError(f"a Sharpe ratio needs two periods or more, not {self.periods}")
        least = 1.0 + self.skewness * self.skewness
        if not self.raw_kurtosis >= least * (1.0 - _ROUNDING):
            raise InternalError(
                f"kurtosis {self.raw_kurtosis} with skewness {self.skewness} is impossible:"
                f" raw kurtosis is at least {least} (was excess kurtosis passed?)"
            )


def sharpe_record(returns: Floats) -> SharpeRecord | None:
    """Return the record of returns per period; None if they do not vary."""
    ratio = sharpe(returns, 1.0)
    skew, raw = skewness(returns), kurtosis(returns)
    if ratio is None or skew is None or raw is None:
        return None
    return SharpeRecord(PeriodSharpe(ratio), len(returns), skew, raw)


def probability_above(record: SharpeRecord, target: PeriodSharpe) -> float:
    """Return the probabilistic Sharpe ratio: P(true Sharpe > target), eq. 11 of the 2012 paper.

    F[(S - S*) sqrt(n - 1) / sqrt(1 - skew S + (kurtosis - 1) / 4 S^2)].
    """
    return probabilistic_sharpe(
        record.sharpe, target, record.periods, record.skewness, record.raw_kurtosis
    )


def minimum_track_record(
    record: SharpeRecord, target: PeriodSharpe, confidence: float = CONFIDENCE
) -> float | None:
    """Return the periods after which such a record proves Sharpe > target, eq. 13 of 2012.

    1 + (1 - skew S + (kurtosis - 1) / 4 S^2) (z / (S - S*))^2. None if the ratio is not above the
    target: no length proves it.
    """
    lead = record.sharpe - target
    if lead <= 0.0:
        return None
    error = sharpe_error(record.sharpe, 1, record.skewness, record.raw_kurtosis)
    return 1.0 + (error * NormalDist().inv_cdf(confidence) / lead) ** 2


@dataclass(frozen=True, slots=True)
class DeflatedSharpe:
    """`probability` that the true Sharpe exceeds `lucky`, what the best of `trials` has by luck.

    `lucky` is per period; `variance` is that of the trials' per-period Sharpe ratios.
    """

    probability: float
    lucky: PeriodSharpe
    trials: float
    variance: float


def lucky_sharpe(trials: float, variance: float) -> PeriodSharpe:
    """Return the expected best Sharpe of `trials` independent ones without any edge.

    sqrt(variance) times the expected maximum of as many normals (`luck`), eq. 7 of the 2014 paper.
    `variance` is that of per-period Sharpe ratios over the trials.
    """
    if not variance >= 0.0:
        raise InternalError(f"the variance of Sharpe ratios cannot be {variance}")
    return PeriodSharpe(math.sqrt(variance) * expected_maximum(trials))


def null_variance(periods: int) -> float:
    """Return the variance per-period Sharpe ratios of `periods` have when nothing has an edge.

    1 / (n - 1): what is left of the Mertens error at a Sharpe ratio of zero, tails or no tails. Use
    it where the spread over trials was not kept, and as the least spread to believe.
    """
    return 1.0 / (periods - 1)


def deflated_sharpe(record: SharpeRecord, *, trials: float, variance: float) -> DeflatedSharpe:
    """Return the deflated Sharpe ratio: the probabilistic one against `lucky_sharpe`.

    `trials` counts independent ones (`trials.count_trials`), all that were ever made, and
    `variance` is over the same population: clusters with the variance of clusters.
    """
    lucky = lucky_sharpe(trials, variance)
    return DeflatedSharpe(probability_above(record, lucky), lucky, trials, variance)


def familywise_p(p_value: float, trials: float) -> float:
    """Return the chance that the best of `trials` shows `p_value` or less by luck (Sidak 1967)."""
    if p_value >= 1.0:
        return 1.0
    return -math.expm1(trials * math.log1p(-p_value))
