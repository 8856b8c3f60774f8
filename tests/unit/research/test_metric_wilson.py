"""Intervals of shares (R-SIG-03, R-SIG-10, R-WF-08)."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ballast.core.errors import InternalError
from ballast.research.metrics.significance import is_evidence, significance_stats, wilson_interval


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(("hits", "count"), [(0, 1), (1, 1), (0, 30), (17, 30), (400, 1000)])
def test_wilson_equals_scipy(hits: int, count: int, level: float) -> None:
    ours = wilson_interval(hits, count, level)
    theirs = stats.binomtest(hits, count).proportion_ci(level, method="wilson")
    assert ours is not None
    assert ours.estimate == hits / count
    assert ours.low == pytest.approx(theirs.low, abs=1e-12)
    assert ours.high == pytest.approx(theirs.high, abs=1e-12)


def test_no_case_has_no_share_and_impossible_counts_are_refused() -> None:
    assert wilson_interval(0, 0) is None
    with pytest.raises(InternalError):
        wilson_interval(3, 2)
    with pytest.raises(InternalError):
        wilson_interval(-1, 2)


def test_wilson_covers_as_often_as_it_says() -> None:
    """Averaged over shares, the 95 % interval of 40 trades covers in 95 % of samples."""
    covered = 0.0
    truths = [0.05 + 0.01 * k for k in range(91)]
    for truth in truths:
        for hits in range(41):
            found = wilson_interval(hits, 40)
            assert found is not None
            inside = found.low <= truth <= found.high
            covered += inside * float(stats.binom.pmf(hits, 40, truth)) / len(truths)
    assert covered == pytest.approx(0.95, abs=0.01)


def test_interval_of_the_win_rate_accompanies_every_run() -> None:
    pnl = np.array([3.0, -1.0, 0.0, 2.0, -4.0, 1.0])
    found = significance_stats(pnl, np.zeros(10))
    assert found.win_rate == wilson_interval(3, 6)
    assert significance_stats(np.empty(0), np.zeros(10)).win_rate is None


def test_thirty_trades_are_evidence() -> None:
    """R-SIG-10, R-WF-08: a minimum of 30 unless a user asks for more."""
    assert not is_evidence(29)
    assert is_evidence(30)
    assert not is_evidence(30, least=100)
